//! What goes to stdout and what to stderr: `--json`, `-q`, `-v`, `--color`, and readers that go away.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::run::{Run, stdfu};

#[track_caller]
fn check(arguments: &str, stdout: &str, stderr: &str) {
    stdfu(arguments).run().says(0, stdout, stderr);
}

#[test]
fn quiet_silences_all_but_the_answer() {
    check("--sim f405 -q flash blinky.dfu", "", "");
    check("--sim f405 -q erase --all", "", "");
    check("--sim f405 -q flash junk-after-name.dfu", "", "");
    check("--sim f405 --quiet serial", "336133663433\n", "");
}

#[test]
fn quiet_does_not_silence_errors() {
    stdfu("--sim f405 -q --serial NOSUCH serial").run().says(
        3,
        "",
        "\
error: there is no board with serial number NOSUCH in DFU mode
hint: Set BOOT0 high and reset the board, then look with `stdfu list`.
",
    );
}

#[test]
fn verbose_says_what_is_decided() {
    let plain = stdfu("--sim f405 flash blinky.dfu").run().stderr;
    let verbose = stdfu("--sim f405 -v flash blinky.dfu").run().stderr;
    assert!(verbose.len() > plain.len(), "{verbose}");
    assert!(!verbose.contains("GETSTATUS"), "{verbose}");
}

/// AN3156: first contact clears errFIRMWARE; erasing is DNLOAD, GETSTATUS, GETSTATUS. In between, SET_INTERFACE (USB
/// 2.0 §9.4.10) chooses one of the four memories.
#[test]
fn verbose_twice_shows_every_control_transfer_with_its_answer() {
    let run = stdfu("--sim f405 -vv --json erase 0x08010000").run();
    let requests = run.boards(0)[0]["requests"].as_u64();
    let transfers: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("1-1: "))
        .collect();
    assert_eq!(requests, Some(transfers.len() as u64));
    let first = transfers
        .iter()
        .position(|line| line.starts_with("GETSTATUS"))
        .expect("the session begins with it");
    assert_eq!(
        transfers[first..first + 7],
        [
            "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 0a 00 00 00 0a 00 (dfuERROR, errFIRMWARE, 0 ms)",
            "CLRSTATUS wValue 0x0000 wIndex 0x0000 wLength 0",
            "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 00 00 00 00 02 00 (dfuIDLE, OK, 0 ms)",
            "request 0x01 0x0b wValue 0x0000 wIndex 0x0000 wLength 0",
            "DNLOAD wValue 0x0000 wIndex 0x0000 wLength 5: 41 00 00 01 08",
            "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 00 00 00 00 04 00 (dfuDNBUSY, OK, 0 ms)",
            "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 00 00 00 00 05 00 (dfuDNLOAD-IDLE, OK, 0 ms)",
        ]
    );
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    let run = stdfu("--sim f405 -q -v list").run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert_eq!(run.stdout, "");
}

#[test]
fn json_stands_alone_on_stdout() {
    for arguments in [
        "list",
        "serial",
        "flash blinky.dfu",
        "flash blinky.dfu --dry-run",
        "flash flipped-bit.dfu",
        "flash no-such-file.dfu",
        "erase 0x08000000",
        "erase 0x08000000+1",
        "--serial NOSUCH list",
    ] {
        for options in ["", "-q", "-vv"] {
            let run = stdfu(&format!("--json --sim f405 {options} {arguments}")).run();
            run.document(run.exit);
        }
    }
}

#[test]
fn a_failure_is_a_json_document_before_any_board_is_known() {
    let check = |arguments: &str, exit: i32, message: &str, hint: Option<&str>| {
        let document = stdfu(&format!("--json {arguments}")).run().document(exit);
        assert_eq!(
            document,
            json!({"schema": 1, "error": {"exit": exit, "message": message, "hint": hint}})
        );
    };
    check(
        "--sim f405 flash no-such-file.dfu",
        1,
        "no-such-file.dfu: No such file or directory (os error 2)",
        None,
    );
    check(
        "--sim f405 flash blinky.bin",
        2,
        "blinky.bin: the file is a raw binary, which doesn't say at which address it belongs",
        Some("Say where it belongs, for most boards --address 0x08000000."),
    );
    check(
        "--sim f405 flash cut-short.dfu",
        6,
        "cut-short.dfu: the file is cut short: expected 5432 bytes, found 2716",
        None,
    );
}

#[track_caller]
fn check_usage(arguments: &str, mention: &str) {
    let run = stdfu(&format!("{arguments} --json")).run();
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    let document = run.document(2);
    assert_eq!(document["error"]["exit"], 2);
    let message = document["error"]["message"].as_str().expect("a message");
    assert!(
        message.contains(mention),
        "{mention:?} is not in {message:?}"
    );
}

#[test]
fn what_is_missing_on_the_command_line_is_named_in_the_json() {
    check_usage("--sim f405 flash", "<FILE>");
}

#[test]
fn a_wrong_command_line_is_a_json_document_too() {
    check_usage("flahs blinky.dfu", "flahs");
    check_usage("--sim f405 list --nonsense", "--nonsense");
    check_usage("--sim f405 erase flash", "\"flash\" is no number");
    check_usage("", "a command is missing");
}

const RED: &str = "\u{1b}[31m";

#[test]
fn color_always_colours_off_a_terminal_too() {
    let check = |options: &str, environment: &str, coloured: bool| {
        let stderr = stdfu(&format!("{options} --sim f405 --serial NOSUCH serial"))
            .env("NO_COLOR", environment)
            .run()
            .stderr;
        assert_eq!(stderr.contains(RED), coloured, "{options}: {stderr}");
    };
    check("", "", false);
    check("--color auto", "", false);
    check("--color never", "", false);
    check("--color always", "", true);
    check("--color always", "1", true);
}

#[test]
fn color_always_is_for_a_wrong_command_line_too() {
    let stderr = stdfu("--color always flahs").run().stderr;
    assert!(stderr.contains(RED), "{stderr}");
}

/// `script` of util-linux gives a command a terminal.
#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_there_is_colour_unless_the_user_wants_none() {
    let check = |environment: &[(&str, &str)], options: &str, coloured: bool| {
        let command = format!(
            "{} {options} --sim f405 --serial NOSUCH serial",
            env!("CARGO_BIN_EXE_stdfu")
        );
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: there is no `script` here, which gives a command a terminal");
            return;
        };
        let run = Run::from(output);
        assert_eq!(run.exit, 3, "{run:?}");
        assert_eq!(run.stdout.contains(RED), coloured, "{options}: {run:?}");
    };
    check(&[], "", true);
    check(&[("NO_COLOR", "1")], "", false);
    check(&[("NO_COLOR", "")], "", true);
    check(&[], "--color never", false);
    check(&[("NO_COLOR", "1")], "--color always", true);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [
        "--help",
        "flash --help",
        "--sim f405 list",
        "--sim f405 list --json",
        "--sim f405 serial",
        "--sim f405 flash blinky.dfu",
        "--sim f405 flash blinky.dfu --dry-run",
    ] {
        let mut child = stdfu(arguments)
            .into_command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let run = Run::from(child.wait_with_output().expect("it ends"));
        assert_eq!(run.exit, 0, "{arguments}: {run:?}");
        assert!(!run.stderr.contains("error"), "{arguments}: {run:?}");
    }
}

#[test]
fn a_reader_of_stderr_that_goes_away_is_no_failure_either() {
    let mut child = stdfu("--sim f405 -vv flash blinky.dfu")
        .into_command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stderr.take());
    let run = Run::from(child.wait_with_output().expect("it ends"));
    assert_eq!(run.exit, 0, "{run:?}");
}

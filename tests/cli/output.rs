//! What goes to stdout and what to stderr: `--json`, `-q`, `-v`, `--color`, and readers that go away.

use std::process::Stdio;

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
the board at 1-1 (0483:df11) is left out by --serial: its serial number is 336133663433
hint: If this is the board you mean, leave out --serial.
      If not, set BOOT0 high on your board and reset it.
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
        transfers[first..first + 6],
        [
            "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 0a 00 00 00 0a 00 (dfuERROR, errFIRMWARE, 0 ms)",
            "CLRSTATUS wValue 0x0000 wIndex 0x0000 wLength 0",
            "SET_INTERFACE wValue 0x0000 wIndex 0x0000 wLength 0",
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
        "blinky.bin: the file is a raw binary, which doesn't say which address it is for",
        Some("Say where it belongs, for most boards: --address 0x08000000."),
    );
    check(
        "--sim f405 flash cut-short.dfu",
        6,
        "cut-short.dfu: the file is cut short: expected 5432 bytes, found 2716",
        Some("Copy it or download it again."),
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
    check_usage("--sim f405 erase flash", "\"flash\" is not a number");
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

#[test]
fn the_environment_says_whether_there_is_colour() {
    let check = |environment: &[(&str, &str)], options: &str, coloured: bool| {
        let mut command = stdfu(&format!("{options} --sim f405 --serial NOSUCH serial"));
        for (name, value) in environment {
            command = command.env(name, value);
        }
        let stderr = command.run().stderr;
        assert_eq!(stderr.contains(RED), coloured, "{environment:?} {options}");
    };
    check(&[("CLICOLOR_FORCE", "1")], "", true);
    check(&[("CLICOLOR_FORCE", "0")], "", false);
    check(&[("CLICOLOR_FORCE", "")], "", false);
    check(&[("CLICOLOR_FORCE", "1")], "--color never", false);
    check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], "", false);
    check(&[("CLICOLOR", "1")], "", false);
}

#[cfg(target_os = "linux")]
mod on_a_terminal {
    //! What is different there.

    use super::RED;
    use crate::firmware::Firmware;
    use crate::terminal::{Screen, terminal};

    /// What begins every control sequence.
    const CONTROL: &str = "\u{1b}[";

    #[test]
    fn there_is_colour_unless_the_user_wants_none() {
        let check = |environment: &[(&str, &str)], options: &str, coloured: bool| {
            let arguments = format!("{options} --sim f405 --serial NOSUCH serial");
            let Some(screen) = terminal(&arguments, environment, None) else {
                return;
            };
            assert_eq!(screen.exit, 3, "{}", screen.sent);
            assert_eq!(
                screen.sent.contains(RED),
                coloured,
                "{environment:?} {options}"
            );
            let error = "error: there is no board with serial number NOSUCH in DFU mode\n";
            assert!(screen.text.starts_with(error), "{}", screen.text);
        };
        check(&[], "", true);
        check(&[("NO_COLOR", "1")], "", false);
        check(&[("NO_COLOR", "")], "", true);
        check(&[("CLICOLOR", "0")], "", false);
        check(&[("CLICOLOR", "1")], "", true);
        check(&[("TERM", "dumb")], "", false);
        check(&[], "--color auto", true);
        check(&[], "--color never", false);
        check(&[("NO_COLOR", "1")], "--color always", true);
        check(&[("TERM", "dumb")], "--color always", true);
    }

    #[test]
    fn help_and_usage_errors_have_the_same_colours() {
        let check = |environment: &[(&str, &str)], options: &str, coloured: bool| {
            for arguments in ["flash --help", "flahs"] {
                let arguments = format!("{options} {arguments}");
                let Some(screen) = terminal(&arguments, environment, None) else {
                    return;
                };
                assert_eq!(
                    screen.sent.contains(CONTROL),
                    coloured,
                    "{environment:?} {arguments}"
                );
            }
        };
        check(&[], "", true);
        check(&[], "--color never", false);
        check(&[], "--color=never", false);
        check(&[("NO_COLOR", "1")], "", false);
        check(&[("NO_COLOR", "1")], "--color always", true);
        check(&[("TERM", "dumb")], "", false);
        check(&[("TERM", "dumb"), ("CI", "true")], "", false);
    }

    /// What is on the screen in the end, and whether a bar was seen.
    fn flash(options: &str, environment: &[(&str, &str)], file: &str) -> Option<(String, bool)> {
        let arguments = format!("--sim f767 {options} flash {file}");
        let Screen { exit, sent, text } = terminal(&arguments, environment, None)?;
        assert_eq!(exit, 0, "{sent}");
        Some((text, sent.contains("] ")))
    }

    #[test]
    fn bars_come_and_go() {
        // Large enough for a bar to be drawn before the work is done.
        let file = Firmware::application(2_000_000);
        let check = |options: &str, bars: bool, expected: &str| {
            let file = format!("{} --address 0x08000000", file.path());
            if let Some((text, seen)) = flash(options, &[], &file) {
                let (text, _) = text.split_once("  1.0 s").unwrap_or((text.trim_end(), ""));
                assert_eq!((text, seen), (expected, bars), "{options}");
            }
        };
        let summary = "OK  206438814D53 at 1-1  1.9 MiB written, verified, started";
        check("", true, summary);
        check("--color never", true, summary);
        check("--progress auto", true, summary);
        check("--progress none", false, summary);
        check("-q", false, "");
        check("-q --progress auto", false, "");
    }

    #[test]
    fn where_there_can_be_no_bars_there_are_lines() {
        let file = "blinky.dfu";
        if let Some((text, bars)) = flash("", &[("TERM", "dumb")], file) {
            assert!(
                text.starts_with(
                    "comparing 5.0 KiB\nreading the rest of the sectors 27.0 KiB\nwriting 4 KiB\n"
                ),
                "{text}"
            );
            assert!(!bars);
        }
        if let Some((text, bars)) = flash("-vv", &[], file) {
            assert!(text.contains("\ncomparing 5.0 KiB\n1-1: "), "{text}");
            assert!(!bars, "they would tear the lines of transfers apart");
        }
        if let Some((text, bars)) = flash("--progress json", &[], file) {
            assert!(
                text.starts_with("{\"schema\":1,\"event\":\"progress\""),
                "{text}"
            );
            assert!(!bars);
        }
    }

    #[test]
    fn raw_bytes_are_kept_from_it() {
        let check = |arguments: &str, option: &str| {
            let Some(screen) = terminal(arguments, &[], None) else {
                return;
            };
            assert_eq!(screen.exit, 2, "{}", screen.sent);
            assert_eq!(
                screen.text,
                format!(
                    "error: raw bytes would garble the terminal\n\
                     hint: Name a file, pipe it into a program with |, or add {option} hex.\n"
                )
            );
        };
        check("--sim f405 read -", "--format");
        check("convert blinky.elf -o - --to dfu", "--to");
        check("convert blinky.elf -o - --to bin", "--to");
        if let Some(screen) = terminal("convert blinky.elf -o - --to hex", &[], None) {
            assert_eq!(screen.exit, 0, "{}", screen.sent);
        }
    }

    /// Programs read the lines; a question among them would wait for ever.
    #[test]
    fn with_progress_for_programs_nobody_is_asked() {
        let Some(screen) = terminal("--progress json --sim f405 unprotect", &[], None) else {
            return;
        };
        assert_eq!(screen.exit, 2, "{}", screen.sent);
        assert!(!screen.text.contains("Type yes"), "{}", screen.text);
    }
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
        "--sim f405 flash blinky.dfu --json",
        "--sim f405 flash blinky.dfu --json --progress json",
        "--sim f405 erase --all",
        "--sim f405 erase --all --json",
        "--sim f405 leave --json",
        "--sim f405 unprotect --yes",
        "--sim f405,quirk=application detach",
        "--version",
        "help flash",
        "info blinky.dfu blinky.elf",
        "info blinky.dfu --json",
        "convert blinky.elf --to hex -o -",
        "man",
        "man flash --json",
        "completions bash",
        "completions zsh",
        "udev",
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
fn a_failure_stays_one_where_nobody_reads_its_document() {
    for (arguments, exit) in [
        ("--json --sim f405 flash flipped-bit.dfu", 6),
        ("--json --sim f405,fault=unplug@12 flash blinky.dfu", 8),
        ("--json flahs", 2),
    ] {
        let mut command = stdfu(arguments).into_command();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let run = Run::from(child.wait_with_output().expect("it ends"));
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
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

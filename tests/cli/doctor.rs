//! `stdfu doctor`: a line for each thing that was looked at, and what stands in the way.

use crate::run::{Run, assert_text, stdfu};

/// With these boards, what is said after the line about stdfu itself.
#[track_caller]
fn says(boards: &str, exit: i32, expected: &str) {
    let run = doctor(boards);
    let (first, rest) = run.stdout.split_once('\n').expect("lines");
    assert!(first.starts_with("OK      stdfu"), "{first}");
    assert!(first.contains(", with libusb 1.0."), "{first}");
    assert_text("stdout", rest, expected);
    assert_eq!((run.exit, run.stderr.as_str()), (exit, ""));
}

fn doctor(boards: &str) -> Run {
    let named = boards
        .split(';')
        .fold(stdfu(""), |command, board| command.arg("--sim").arg(board));
    named.arg("doctor").run()
}

#[test]
fn a_board_that_can_be_used_is_ok() {
    says(
        "f405",
        0,
        "OK      1-1    0483:df11 336133663433 in DFU mode, speaks DfuSe, can be used\n",
    );
    says(
        "uboot",
        0,
        "OK      1-1    0451:d022 0123456789ABCDEF in DFU mode, speaks plain DFU, can be used\n",
    );
}

#[test]
fn a_device_that_is_no_board_in_dfu_mode_is_told_with_the_next_step_and_is_exit_3_all_alone() {
    let application = "\
-       1-1    0483:df11 336133663433 is running its application
        Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.
        Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
";
    says("f405,quirk=application", 3, application);
    // Some show no DFU interface, and are known by their serial port.
    let micropython = "\
-       1-1    f055:9802 is running MicroPython
        Ask MicroPython: `stdfu flash` with --enter-dfu=micropython.
        Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
";
    says("f405,app=micropython", 3, micropython);
    let both = format!(
        "{application}OK      1-2    0483:df11 BBBB in DFU mode, speaks DfuSe, can be used\n"
    );
    says("f405,quirk=application;f405,serial=BBBB", 0, &both);
}

#[test]
fn what_stands_in_the_way_of_a_device_is_exit_5_with_the_next_step() {
    for (quirk, told) in [
        ("no-access", "can't be opened: permission denied\n        "),
        (
            "not-permitted",
            "can't be opened: operation not permitted\n        ",
        ),
        (
            "no-node",
            "can't be opened: there is no /dev/bus/usb/001/002\n        ",
        ),
        (
            "busy",
            "can't be claimed: another program is using the device\n        ",
        ),
    ] {
        let run = doctor(&format!("f405,quirk={quirk}"));
        assert_eq!(run.exit, 5, "{quirk}");
        let told = format!("FAILED  1-1    0483:df11 {told}");
        assert!(run.stdout.contains(&told), "{}", run.stdout);
    }
}

#[test]
fn a_trouble_beside_a_board_that_can_be_used_is_told_all_the_same() {
    assert_eq!(doctor("f405;f405,quirk=busy").exit, 5);
}

#[test]
fn variables_and_options_that_leave_out_a_board_are_named() {
    let run = stdfu("--sim f405 doctor").env("STDFU_SERIAL", "X").run();
    assert_eq!(run.exit, 3);
    for line in [
        "-       STDFU_SERIAL  is set to X\n",
        "-       1-1           0483:df11 336133663433 is left out by STDFU_SERIAL\n",
    ] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
}

#[test]
fn nothing_is_asked_of_a_bootloader() {
    let run = stdfu("--sim f405 --sim uboot doctor -vv").run();
    assert_eq!(run.exit, 0);
    let class_requests: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| !line.contains("GET_DESCRIPTOR"))
        .collect();
    assert_eq!(class_requests, [""; 0]);
}

#[test]
fn the_document_has_each_finding() {
    let document = stdfu("--sim f405,quirk=busy doctor --json")
        .run()
        .document(5);
    assert_eq!(document["exit"], 5);
    assert_eq!(document["error"]["exit"], 5);
    assert_eq!(document["simulated"], true);
    let findings = document["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0]["about"], "stdfu");
    assert_eq!(findings[0]["state"], "ok");
    assert_eq!(findings[1]["about"], "1-1");
    assert_eq!(findings[1]["state"], "failed");
    let message = "0483:df11 can't be claimed: another program is using the device";
    assert_eq!(findings[1]["message"], message);
    assert_eq!(
        findings[1]["hint"],
        "Close the other program, then repeat the command."
    );
}

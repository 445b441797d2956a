//! `stdfu serial`: what scripts put into a variable.

use serde_json::json;

use crate::run::stdfu;

#[track_caller]
fn check(arguments: &str, serial: &str) {
    stdfu(&format!("{arguments} serial"))
        .run()
        .answers(&format!("{serial}\n"));
    let document = stdfu(&format!("{arguments} serial --json"))
        .run()
        .document(0);
    assert_eq!(document, json!({"schema": 1, "serial": serial}));
}

#[test]
fn the_serial_number_is_the_only_line_on_stdout() {
    check("--sim f405", "336133663433");
    check("--sim l476,serial=205A3073484B", "205A3073484B");
    // The GD32's descriptor has 8-bit characters where USB wants 16.
    check("--sim gd32vf103", "3CBJ");
}

#[test]
fn the_serial_number_is_that_of_the_board_that_was_chosen() {
    check("--sim f405 --sim l476 --path 1-2", "205834865852");
    check(
        "--sim f405 --sim l476 --serial 336133663433",
        "336133663433",
    );
}

#[test]
fn a_serial_number_is_printed_in_its_own_case() {
    check("--sim f405,serial=AbC --serial aBc", "AbC");
}

#[test]
fn several_boards_have_no_one_serial_number() {
    let stderr = "\
error: there are 2 boards, and none is chosen:
  336133663433 at 1-1: --serial 336133663433 or --path 1-1
  205834865852 at 1-2: --serial 205834865852 or --path 1-2
hint: Add one of these options. Nothing was touched.
";
    stdfu("--sim f405 --sim l476 serial")
        .run()
        .says(4, "", stderr);
}

#[test]
fn several_boards_that_are_meant_have_no_one_serial_number_either() {
    let stderr = "\
error: `serial` prints one serial number, but several boards are chosen
hint: Choose one with --serial or --path.
      `stdfu list` shows them all.
";
    for option in ["--every", "--path 1-1 --path 1-2"] {
        stdfu(&format!("--sim f405 --sim l476 serial {option}"))
            .run()
            .says(2, "", stderr);
    }
}

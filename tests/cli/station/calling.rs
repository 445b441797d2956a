//! Boards that run their application: called out of it, or told of.

use super::*;

/// The serial number of Klipper's application on a simulated F405.
const IN_KLIPPER: &str = "10012C130F50333456323520";

#[test]
fn a_board_in_its_application_is_told_of_with_what_to_do_whether_it_was_there_before_or_not() {
    for board in [
        "f405,quirk=application",
        "f405,app=klipper",
        "f405,app=micropython",
    ] {
        let desk = Desk::new("line.jsonl");
        let run = desk.station(&format!("--sim {board}"));
        let what = match board.ends_with("micropython") {
            true => "MicroPython",
            false => "its application",
        };
        let help = format!("HELP  board at 1-1  it is running {what}");
        let expected = [
            &help,
            "      Set BOOT0 high, and reset it.",
            "      Not a board? Restart with --path.",
            "0 good, 0 failed, 0 refused",
        ];
        assert_eq!(said(&run), expected, "{run:?}");
        assert_eq!(desk.text(), "");
    }
    // To programs, too, and once.
    let arguments = "--json --timeout 6 --sim f405,quirk=application station blinky.dfu";
    let run = stdfu(arguments).run();
    let lines = said(&run);
    assert_eq!(lines.len(), 2, "{run:?}");
    let line: Value = serde_json::from_str(lines[0]).expect("a line of JSON");
    assert_eq!(line["event"], "help");
    assert_eq!((&line["path"], &line["exit"]), (&"1-1".into(), &3.into()));
    assert_eq!(line["error"], "it is running its application");
    let hint = line["hint"].as_str().expect("a next step");
    assert!(
        hint.starts_with("Set BOOT0 high, and reset it.\n"),
        "{hint}"
    );
}

#[test]
fn what_can_not_be_opened_or_is_for_another_firmware_is_told_of() {
    let desk = Desk::new("line.jsonl");
    // It is given two to three seconds, in case udev is late.
    let run = stdfu("--timeout 12 --sim f405,quirk=no-access station blinky.dfu --log")
        .arg(&desk.log)
        .run();
    let closed = "HELP  board at 1-1  can't be opened: permission denied";
    assert_eq!(said(&run)[0], closed, "{run:?}");
    let run = desk.station("--sim zephyr");
    let other = "HELP  board at 1-1  this firmware is not for such a device";
    assert_eq!(said(&run)[0], other, "{run:?}");
    let run = desk.station("--sim f405 --serial OTHER");
    let left_out = "HELP  board at 1-1  it is left out by --serial";
    assert_eq!(said(&run)[0], left_out, "{run:?}");
    assert_eq!(desk.text(), "");
}

#[test]
fn a_way_into_dfu_mode_that_is_the_wrong_one_makes_no_board_fail() {
    let cases = [
        (
            "micropython",
            "--enter-dfu",
            "it is running MicroPython",
            "Restart with --enter-dfu=micropython, or set BOOT0 high and reset it.",
        ),
        (
            "klipper",
            "--enter-dfu=detach",
            "it has a serial port, but no DFU interface",
            "Restart with --enter-dfu=touch, or set BOOT0 high and reset it.",
        ),
        (
            "klipper,quirk=touch=ignored",
            "--enter-dfu",
            "it was asked, but is running its application, still or again",
            "It may know another way: --enter-dfu=detach, =touch or =micropython.",
        ),
        (
            "klipper",
            "--enter-dfu=micropython",
            "no MicroPython prompt answers at /dev/ttySIM0",
            "If another of its serial ports has the prompt, choose that one with --port.",
        ),
    ];
    for (app, option, message, step) in cases {
        let desk = Desk::new("line.jsonl");
        let arguments = format!("--sim f405,app={app} --path 1-1 {option} --timeout 15");
        let run = stdfu(&format!("station blinky.dfu {arguments} --log"))
            .arg(&desk.log)
            .run();
        let lines = said(&run);
        assert_eq!(
            lines[0],
            format!("HELP  board at 1-1  {message}"),
            "{run:?}"
        );
        assert_eq!(lines[1], format!("      {step}"), "{run:?}");
        let counts = "0 good, 0 failed, 0 refused";
        assert_eq!(lines.last(), Some(&counts), "{run:?}");
        assert_eq!(
            lines.iter().filter(|line| line.starts_with("HELP")).count(),
            1
        );
        assert_eq!(desk.text(), "");
    }
}

#[test]
fn a_board_that_does_not_come_back_from_its_application_fails_under_its_name_and_with_its_time() {
    for enters in ["nothing", "other"] {
        let desk = Desk::new("line.jsonl");
        let board = format!("f405,app=klipper,quirk=enters={enters}");
        let arguments = format!("--timeout 16 --sim {board} --path 1-1 station blinky.dfu");
        let run = stdfu(&format!("{arguments} --enter-dfu --log"))
            .arg(&desk.log)
            .run();
        let failed = format!("FAIL  {IN_KLIPPER} at 1-1  exit 8: ");
        assert!(run.stdout.starts_with(&failed), "{run:?}");
        let line: Value = serde_json::from_str(&desk.text()).expect("a line");
        assert_eq!(line["serial"], IN_KLIPPER);
        let seconds = line["seconds"].as_f64().expect("a number");
        assert!((9.0..30.0).contains(&seconds), "{seconds}");
    }
}

/// A log that has the board with this serial number as good.
fn has_as_good(desk: &Desk, serial: &str) {
    let line = format!(
        r#"{{"time":"2026-11-25T08:00:00Z","serial":"{serial}","path":"1-1","chip":null,"sha256":["aa"],"stdfu":"0.1.0","result":"pass","reason":null,"seconds":3.0}}"#
    );
    fs::write(&desk.log, line + "\n").expect("a file");
}

#[test]
fn a_good_board_is_not_called_out_of_its_application_or_is_brought_back_to_it() {
    let calls = "--path 1-1 --enter-dfu -vv";
    // It has the same serial number there.
    let desk = Desk::new("line.jsonl");
    has_as_good(&desk, IN_KLIPPER);
    let run = desk.station(&format!("--sim f405,app=klipper {calls}"));
    let refused = format!("SKIP  {IN_KLIPPER} at 1-1  it is good since ");
    assert!(run.stdout.starts_with(&refused), "{run:?}");
    assert!(!run.stderr.contains("touching"), "{run:?}");
    // It has another, and starts again when it was asked for the one that it has in DFU mode.
    let desk = Desk::new("line.jsonl");
    has_as_good(&desk, "336133663433");
    let run = desk.station(&format!("--sim f405,app=klipper --timeout 12 {calls}"));
    let lines = said(&run);
    assert!(
        lines[0].starts_with("SKIP  336133663433 at 1-1  "),
        "{run:?}"
    );
    assert_eq!(lines[1], "0 good, 0 failed, 1 refused");
    let left = "DNLOAD wValue 0x0000 wIndex 0x0000 wLength 0";
    assert!(
        run.stderr.contains("touching") && run.stderr.contains(left),
        "{run:?}"
    );
    // It stays, and that is said.
    let stays = "f405,app=klipper,quirk=leave=stays";
    let run = desk.station(&format!("--sim {stays} --timeout 12 {calls}"));
    let lines = said(&run);
    assert!(
        lines[0].starts_with("SKIP  336133663433 at 1-1  "),
        "{run:?}"
    );
    let said = [
        "      It is still in DFU mode.",
        "      Unplug it, and plug it in again, to start its application.",
    ];
    assert_eq!(lines[1..3], said, "{run:?}");
}

#[test]
fn a_board_that_the_file_does_not_fit_is_brought_back_to_its_application() {
    let desk = Desk::new("line.jsonl");
    let arguments = "--timeout 12 --sim f405,app=klipper --path 1-1 -vv station";
    let file = "blinky.bin --address 0x08F00000 --enter-dfu --log";
    let run = stdfu(&format!("{arguments} {file}")).arg(&desk.log).run();
    let failed = "FAIL  336133663433 at 1-1  exit 7: ";
    assert!(run.stdout.starts_with(failed), "{run:?}");
    let left = "DNLOAD wValue 0x0000 wIndex 0x0000 wLength 0";
    assert!(run.stderr.contains(left), "{run:?}");
}

/// Each comes back in DFU mode before its port is free, and has no serial number of its own, or none.
#[test]
fn a_board_that_nothing_tells_from_the_one_before_shows_no_pass_of_that() {
    for board in [
        "h743,quirk=comes-back=1",
        "f405,quirk=strings=missing,quirk=comes-back=1",
    ] {
        let run = stdfu(&format!("--timeout 12 --sim {board} station blinky.dfu")).run();
        let lines = said(&run);
        assert!(lines[0].starts_with("PASS  "), "{run:?}");
        let help = "HELP  board at 1-1  it may be the board before: nothing was done";
        assert_eq!(lines[1], help, "{run:?}");
        assert_eq!(
            lines.last(),
            Some(&"1 good, 0 failed, 0 refused"),
            "{run:?}"
        );
    }
}

//! Hints that are meant to be copied, copied into a shell.

use std::process::Command;

use crate::run::stdfu;

/// Serial numbers that a shell would take apart, or do something with.
const SERIALS: [&str; 12] = [
    "A B",
    "it's",
    "$HOME",
    "`touch pwned`",
    "$(touch pwned)",
    "a\"b",
    "-x",
    "--every",
    "a;b&c|d>e<f",
    "*",
    "a\\b!c#d",
    "A\u{1b}[2J\nZ",
];

/// What a shell makes of the options behind our name: that of the one board meant, as `stdfu serial` prints it.
fn serial_by(hint: &str, boards: &[String]) -> String {
    let mut command = Command::new("sh");
    command
        .args(["-ec", &format!("\"$STDFU\" serial {hint}")])
        .env("STDFU", env!("CARGO_BIN_EXE_stdfu"))
        .env("STDFU_SIM", boards.join(";"))
        .env_remove("STDFU_SERIAL")
        .env_remove("STDFU_PATH");
    let output = command.output().expect("a shell");
    assert!(output.status.success(), "{hint}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_options_that_pick_a_board_pick_it_when_they_are_copied() {
    for serial in SERIALS.iter().filter(|serial| !serial.contains(';')) {
        let boards = ["l476".to_owned(), format!("f405,serial={serial}")];
        let run = stdfu("--sim")
            .arg(&boards[0])
            .arg("--sim")
            .arg(&boards[1])
            .arg("serial")
            .run();
        assert_eq!(run.exit, 4, "{run:?}");
        let line = run.stderr.lines().find(|line| line.contains(" at 1-2: "));
        let line = line.expect("a line for the second board");
        let (_, options) = line.split_once(" at 1-2: ").expect("its options");
        let (by_serial, by_path) = options.rsplit_once(" or ").expect("two of them");
        let expected = serial_by(by_path, &boards);
        assert_eq!(serial_by(by_serial, &boards), expected, "{by_serial}");
    }
}

#[test]
fn a_serial_number_that_may_be_meant_is_one_when_it_is_copied() {
    for serial in SERIALS
        .iter()
        .filter(|serial| serial.len() > 3 && !serial.contains(';'))
    {
        let board = format!("f405,serial={serial}");
        let slip = serial[..serial.len() - 1].to_owned() + "?";
        let run = stdfu("--sim")
            .arg(&board)
            .arg(format!("--serial={slip}"))
            .arg("serial")
            .run();
        assert_eq!(run.exit, 3, "{run:?}");
        let hint = run
            .stderr
            .lines()
            .find_map(|line| line.split_once("Did you mean "));
        let (_, hint) = hint.unwrap_or_else(|| panic!("no hint for {serial}: {run:?}"));
        let hint = hint.strip_suffix('?').expect("a question");
        serial_by(hint, &[board]);
    }
}

//! Hints that are meant to be copied, copied into a shell.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::run::{sample, stdfu};

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

/// What a shell makes of a command of ours with these words behind it, and nothing but words, on these boards.
fn shell(command: &str, boards: &[String]) -> String {
    let program = env!("CARGO_BIN_EXE_stdfu");
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("'{program}' \"$@\" {command}"), "sh"]);
    for board in boards {
        shell.arg("--sim").arg(board);
    }
    let output = shell
        .env_remove("STDFU_SERIAL")
        .env_remove("STDFU_PATH")
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The serial number of the one board that these options pick.
fn serial_by(options: &str, boards: &[String]) -> String {
    shell(&format!("serial {options}"), boards)
}

#[test]
fn the_options_that_pick_a_board_pick_it_when_they_are_copied() {
    for serial in SERIALS {
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
    for serial in SERIALS.iter().filter(|serial| serial.len() > 3) {
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

#[test]
fn a_file_that_may_be_meant_is_one_when_its_name_is_copied() {
    for name in [
        "it's.hex",
        "a b.hex",
        "$HOME.hex",
        "`x`.hex",
        "-rf.hex",
        "~.hex",
        "größe.hex",
    ] {
        let directory = TempDir::new().expect("a temporary directory");
        fs::write(directory.path().join(name), sample("blinky.hex")).expect("a new file");
        let slip = name.replace(".hex", ".hxe");
        let mut command = stdfu("info").arg("--").arg(slip).into_command();
        let output = command.current_dir(&directory).output().expect("it starts");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        let hint = stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: Did you mean "));
        let hint = hint.and_then(|hint| hint.strip_suffix('?'));
        let hint = hint.unwrap_or_else(|| panic!("no hint: {stderr}"));
        let program = env!("CARGO_BIN_EXE_stdfu");
        let output = Command::new("sh")
            .args(["-ec", &format!("'{program}' info {hint}")])
            .current_dir(&directory)
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{hint}: {output:?}");
    }
}

#[test]
fn a_memory_that_may_be_meant_is_one_when_it_is_copied() {
    for name in ["it's $HOME", "`x` \"y\"", "-flash", "A B"] {
        let board = format!("f072,string=4:@{name}/0x08000000/064*002Kg");
        let run = stdfu("--sim").arg(&board).arg("erase").arg("--all");
        let run = run.arg(format!("--alt={name}?")).run();
        let hint = run
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: Did you mean "));
        let hint = hint.and_then(|hint| hint.strip_suffix('?'));
        let hint = hint.unwrap_or_else(|| panic!("no hint: {run:?}"));
        shell(&format!("erase --all {hint}"), &[board]);
    }
}

//! What stands in the way, and what to do next: every diagnosis, by a command that meets it.

mod file;
mod found;
mod interrupted;
mod reached;
mod trouble;

use crate::run::{FlashFile, assert_text, stdfu};

/// Runs a command on simulated boards, as text and with `--json`. Asserts an empty stdout, all that is said on
/// stderr, and the same in the document.
#[track_caller]
fn check(boards: &str, command: &str, exit: i32, stderr: &str) {
    let run = |json: &str| stdfu(json).args(boards).args(command).run();
    run("").says(exit, "", stderr);
    let run = run("--json");
    assert_text("stderr with --json", &run.stderr, stderr);
    let document = run.document(exit);
    let (error, label) = match document["error"].as_object() {
        Some(error) => (
            [&error["exit"], &error["message"], &error["hint"]],
            String::new(),
        ),
        None => {
            let board = &document["boards"][0];
            let label = match board["serial"].as_str() {
                Some(serial) => format!("{serial} at "),
                None => "board at ".to_owned(),
            };
            let path = board["path"].as_str().expect("a path");
            (
                [&board["exit"], &board["error"], &board["hint"]],
                format!("{label}{path}: "),
            )
        }
    };
    let [code, message, hint] = error;
    assert_eq!(*code, exit, "{document}");
    let message = message.as_str().expect("a message");
    let hint = hint.as_str().map_or(String::new(), |hint| {
        format!("hint: {}\n", hint.replace('\n', "\n      "))
    });
    let said = format!("error: {label}{message}\n{hint}");
    assert!(stderr.ends_with(&said), "{said:?} is not in {stderr:?}");
}

/// The same on one board whose flash is full, and stays as it is.
#[track_caller]
fn check_untouched(board: &str, command: &str, exit: i32, stderr: &str) {
    let size = match board.split(',').next() {
        Some("f103" | "g0b1" | "gd32vf103") => 128 << 10,
        Some("f405") => 1 << 20,
        other => panic!("how large is the flash of {other:?}?"),
    };
    let flash = FlashFile::full(size);
    check(
        &format!("--sim {}", flash.board(board)),
        command,
        exit,
        stderr,
    );
    flash.is_untouched();
}

/// The commands that work on a board.
const COMMANDS: [&str; 5] = [
    "flash blinky.dfu",
    "erase 0x08000000",
    "erase --all",
    "leave",
    "unprotect --yes",
];

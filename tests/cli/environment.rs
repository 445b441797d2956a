//! Variables of ours that can't be read.
#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::run::{FlashFile, Run, stdfu};

/// The name of each, and what it would say if it could be read.
const VARIABLES: [(&str, &[u8]); 3] = [
    ("STDFU_SIM", b"f405\xFF"),
    ("STDFU_SERIAL", b"336133663433\xFF"),
    ("STDFU_PATH", b"\xC3"),
];

fn run(arguments: &str, name: &str, value: &[u8]) -> Run {
    let mut command: Command = stdfu(arguments).into_command();
    command.env(name, OsStr::from_bytes(value));
    Run::from(command.output().expect("the binary starts"))
}

/// Passed over, it would mean another board, or the real one in place of a simulated one.
#[test]
fn a_variable_that_is_not_utf_8_is_refused_and_nothing_is_touched() {
    for (name, value) in VARIABLES {
        let flash = FlashFile::full(1 << 20);
        let board = flash.board("f405");
        let stderr = format!(
            "error: {name} in the environment can't be read: it is not UTF-8\n\
             hint: Set it again, or `unset {name}`.\n"
        );
        for command in ["erase --all", "flash blinky.dfu", "list", "serial"] {
            let arguments = format!("--sim {board} {command}");
            run(&arguments, name, value).says(2, "", &stderr);
            let document = run(&format!("{arguments} --json"), name, value).document(2);
            assert_eq!(document["error"]["exit"], 2, "{document}");
        }
        flash.is_untouched();
    }
}

/// <https://no-color.org>: whatever its value.
#[test]
fn a_no_color_that_is_not_utf_8_is_set_all_the_same() {
    let mut command = stdfu("--sim f405 --path 1-9 serial").into_command();
    command
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", OsStr::from_bytes(b"\xFF"));
    let run = Run::from(command.output().expect("the binary starts"));
    assert!(run.stderr.starts_with("error: "), "{run:?}");
}

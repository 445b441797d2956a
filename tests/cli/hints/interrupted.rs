//! Ctrl-C in the middle of the work.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::*;
use crate::firmware::Firmware;
use crate::run::Run;

/// Starts it, and interrupts it as soon as it says `line` on stderr.
///
/// It is run with `-vv`, so that it can't be far ahead: a pipe holds 64 KiB, and nobody reads on before.
fn interrupted(arguments: &str, line: &str) -> Run {
    let mut child = stdfu(arguments)
        .arg("-vv")
        .into_command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut reader = BufReader::new(child.stderr.take().expect("piped"));
    let mut stderr = String::new();
    while !stderr.ends_with(&format!("\n{line}\n")) {
        let read = reader.read_line(&mut stderr).expect("UTF-8");
        assert!(read > 0, "it does not say {line:?}: {stderr}");
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
    reader.read_to_string(&mut stderr).expect("UTF-8");
    let mut output = child.wait_with_output().expect("it ends");
    output.stderr = stderr.into_bytes();
    Run::from(output)
}

/// The error with its hint, and the last request before it.
fn end(run: &Run) -> (&str, &str) {
    let (before, _) = run.stderr.split_once("error: ").expect("an error");
    let last = before.lines().last().unwrap_or_default();
    (last, &run.stderr[before.len()..])
}

/// Asserts a text whose one `#` stands for a number that differs from run to run.
#[track_caller]
fn assert_like(found: &str, expected: &str) {
    let (before, behind) = expected.split_once('#').expect("a place for the number");
    let number = found
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(behind));
    let is_number = |number: &str| number.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(
        number.is_some_and(is_number),
        "found\n{found}and not\n{expected}"
    );
}

/// Asserts the error of an interruption. Between its saying what it begins and its first request there is no address.
#[track_caller]
fn assert_interrupted(found: &str, doing: &str, rest: &str) {
    const BOARD: &str = "error: 336133663433 at 1-1: ";
    if found != format!("{BOARD}{rest}") {
        assert_like(found, &format!("{BOARD}{doing} at 0x#: {rest}"));
    }
}

const HINT: &str = "\
hint: The board is still in DFU mode: repeat the command to finish.
      The block with the vector table is written last, so half an application never starts.
";

/// The board is brought to dfuIDLE, flash has no vector table, and the same command again completes the work.
#[test]
fn a_flash_that_is_interrupted_while_it_writes() {
    let firmware = Firmware::raw(1 << 20);
    let flash = FlashFile::full(1 << 20);
    let command = format!(
        "--sim {} flash {} --address 0x08000000 --full --no-verify",
        flash.board("f405"),
        firmware.path()
    );
    let run = interrupted(&command, "writing 1022 KiB");
    assert_eq!((run.exit, run.stdout.as_str()), (130, ""), "{run:?}");
    let (last, error) = end(&run);
    assert!(last.contains("(dfuIDLE, OK, 0 ms)"), "{last}");
    let (error, behind) = error
        .split_once("; so far 12 sectors erased and ")
        .expect("how far it had come");
    assert_interrupted(error, "writing", "interrupted");
    assert_like(behind, &format!("# bytes written\n{HINT}"));

    let again = stdfu(&command).run();
    assert_eq!(again.exit, 0, "{again:?}");
    flash.holds(&firmware.bytes);
}

#[test]
fn a_flash_that_is_interrupted_before_anything_has_changed() {
    let flash = FlashFile::full(1 << 20);
    let contents = Firmware::of(flash.before(), "the-same.bin");
    let command = format!(
        "--sim {} flash {} --address 0x08000000",
        flash.board("f405,quirk=transfer-size=256"),
        contents.path()
    );
    let run = interrupted(&command, "comparing 1 MiB");
    assert_eq!((run.exit, run.stdout.as_str()), (130, ""), "{run:?}");
    let (_, error) = end(&run);
    let rest = format!("interrupted; nothing was erased or written\n{HINT}");
    assert_interrupted(error, "reading", &rest);
    flash.is_untouched();
}

//! `--stop-on-eof`: the end of stdin is Ctrl-C, for programs that start stdfu.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, Stdfu, stdfu};

fn start(command: Stdfu) -> Child {
    let mut command = command.into_command();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Closes its stdin as soon as it says this, and returns what came of it.
fn close_at(mut child: Child, words: &str) -> (Run, String) {
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains(words) {
        assert!(stderr.read_line(&mut said).expect("UTF-8") > 0, "{said}");
    }
    drop(child.stdin.take());
    stderr.read_to_string(&mut said).expect("UTF-8");
    let run = Run::from(child.wait_with_output().expect("it ended"));
    (run, said)
}

#[test]
fn work_stops_in_good_order_and_is_told() {
    let file = Firmware::raw(2_000_000);
    let flash = FlashFile::full(2 << 20);
    let command = format!(
        "--stop-on-eof --json flash {} --address 0x08000000 --full --sim",
        file.path()
    );
    let board = flash.board("f767,quirk=transfer-size=64");
    let (run, said) = close_at(start(stdfu(&command).arg(board)), "writing");
    let board = &run.boards(130)[0];
    let error = board["error"].as_str().expect("an error");
    assert!(error.contains("interrupted; "), "{error}");
    assert!(said.contains("Stopping after this sector"), "{said}");
}

#[test]
fn a_wait_is_over() {
    let command = "--stop-on-eof --json --sim f405 --serial NOSUCH serial --wait";
    let (run, _) = close_at(start(stdfu(command)), "waiting: ");
    assert_eq!(run.document(130)["error"]["exit"], 130);
}

/// What is sent means nothing; that nothing is sent any more does.
#[test]
fn as_long_as_stdin_is_open_the_work_goes_on() {
    let mut child = start(stdfu("--stop-on-eof --sim f405 serial --wait=1"));
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"yes\n").expect("it reads");
    let run = Run::from(child.wait_with_output().expect("it ended"));
    assert_eq!((run.exit, run.stdout.as_str()), (0, "336133663433\n"));
    drop(stdin);
}

#[test]
fn no_file_can_come_from_the_same_stdin() {
    for (command, name) in [
        ("--sim f405 flash - --address 0x08000000", ""),
        ("decode -", "stdin: "),
    ] {
        let mut child = start(stdfu(&format!("--stop-on-eof {command}")));
        let stdin = child.stdin.take().expect("piped");
        let run = Run::from(child.wait_with_output().expect("it ended"));
        let said = format!(
            "error: {name}with --stop-on-eof, no file can come from stdin\n\
             hint: Name a file instead of -.\n"
        );
        run.says(2, "", &said);
        drop(stdin);
    }
}

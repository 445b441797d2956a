//! `--timeout`: over the whole command, as orderly as Ctrl-C, on the board's clock and on the wall's.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, stdfu};

/// A board that takes a data sheet's times is interrupted on its own clock, so that nobody waits for it.
#[test]
fn a_flash_that_takes_too_long_stops_in_good_order_and_can_be_repeated() {
    let flash = FlashFile::full(1 << 20);
    let file = Firmware::raw(900_000);
    let run = |timeout: &str| {
        let start = Instant::now();
        let run = stdfu("--json --sim")
            .arg(flash.board("f405,timing=real"))
            .args(&format!(
                "{timeout} flash {} --address 0x08000000",
                file.path()
            ))
            .run();
        (run, start.elapsed())
    };
    let (stopped, taken) = run("--timeout 8");
    let board = &stopped.boards(1)[0];
    assert_eq!(board["exit"], 1);
    let error = board["error"].as_str().expect("an error");
    assert!(
        error.starts_with("timed out after 8 s (--timeout): "),
        "{error}"
    );
    assert!(error.contains(": interrupted; "), "{error}");
    assert!(error.contains("erased"), "{error}");
    let hint = board["hint"].as_str().expect("a hint");
    assert!(hint.contains("repeat the command"), "{hint}");
    assert_eq!(board["left"], false);
    let seconds = board["seconds"].as_f64().expect("seconds");
    assert!((7.0..12.0).contains(&seconds), "{seconds} on its clock");
    assert!(taken < Duration::from_secs(8), "it took {taken:?} here");
    assert!(
        stopped
            .stderr
            .contains("timed out after 8 s (--timeout): stopping after this sector")
    );
    assert_ne!(flash.now(), flash.before());
    let (repeated, _) = run("--timeout 600");
    assert_eq!(repeated.boards(0)[0]["left"], true);
}

#[test]
fn a_wait_for_a_board_that_does_not_come_is_over_with_the_time() {
    let run = stdfu("--json --sim f405 --serial NOSUCH serial --wait --timeout 0.5").run();
    let document = run.document(1);
    assert_eq!(document["error"]["exit"], 1);
    assert_eq!(
        document["error"]["message"],
        "timed out after 0.5 s (--timeout): interrupted while waiting for a board"
    );
}

/// Nobody looks there, and there is nothing to be put in order.
#[test]
fn what_waits_for_something_else_than_a_board_is_over_too() {
    let arguments = "--json convert - --address 0x08000000 -o no-such.dfu --timeout 0.5";
    let child = stdfu(arguments)
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut child = child;
    // Kept open, and nothing comes.
    let stdin = child.stdin.take();
    let run = Run::from(child.wait_with_output().expect("it ends"));
    drop(stdin);
    assert_eq!(run.stderr, "error: timed out after 0.5 s (--timeout)\n");
    let message = &run.document(1)["error"]["message"];
    assert_eq!(message, "timed out after 0.5 s (--timeout)");
}

#[test]
fn a_command_that_is_quick_enough_knows_of_no_limit() {
    stdfu("--sim f405 serial --timeout 600")
        .run()
        .answers("336133663433\n");
}

#[test]
fn a_limit_is_a_number_of_seconds() {
    for seconds in ["x", "0", "-1", "nan", "inf"] {
        let run = stdfu(&format!("--sim f405 serial --timeout={seconds}")).run();
        assert_eq!(
            (run.exit, run.stdout.as_str()),
            (2, ""),
            "{seconds}: {run:?}"
        );
    }
}

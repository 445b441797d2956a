//! `--wait`: until the board appears.

use std::time::{Duration, Instant};

use crate::run::stdfu;

const NONE: &str = "\
error: there is no board with serial number NOSUCH in DFU mode
the board at 1-1 (0483:df11) is left out by --serial: its serial number is 336133663433
hint: If this is the board you mean, leave out --serial.
      If not, set BOOT0 high on your board and reset it.
";

#[track_caller]
fn check(wait: &str, at_least: Duration, at_most: Duration) {
    let waiting = match at_least {
        Duration::ZERO => "",
        _ => {
            "waiting: there is no board with serial number NOSUCH in DFU mode\n\
             the board at 1-1 (0483:df11) is left out by --serial: its serial number is 336133663433\n"
        }
    };
    let start = Instant::now();
    stdfu(&format!("--sim f405 --serial NOSUCH serial {wait}"))
        .run()
        .says(3, "", &format!("{waiting}{NONE}"));
    let taken = start.elapsed();
    assert!(
        (at_least..at_most).contains(&taken),
        "{wait:?} takes {taken:?}"
    );
}

#[test]
fn the_wait_for_a_board_that_does_not_come_has_an_end() {
    let second = Duration::from_secs(1);
    // Not much more, on a machine that is busy with other tests.
    check("--wait=1", second, second * 10);
    check("--wait=0", Duration::ZERO, second * 9);
    check("", Duration::ZERO, second * 9);
}

#[test]
fn a_board_that_is_there_is_not_waited_for() {
    for wait in ["--wait", "--wait=600"] {
        stdfu(&format!("--sim f405 serial {wait}"))
            .run()
            .answers("336133663433\n");
    }
}

#[test]
fn what_is_waited_for_is_said_once_unless_quiet() {
    let check = |arguments: &str, expected: &str| {
        let run = stdfu(&format!("--wait=0.5 {arguments}")).run();
        assert_eq!(run.exit, 3, "{run:?}");
        let (waiting, _) = run.stderr.split_once("error: ").expect("an error");
        assert_eq!(waiting, expected, "{arguments}");
    };
    check(
        "--sim f405 --path 1-9 erase --all",
        "waiting: there is no board at 1-9 in DFU mode\n\
         the board at 1-1 (0483:df11) is left out by --path\n",
    );
    check(
        "--sim f405 --every --count 2 leave",
        "waiting: found 1 board in DFU mode, but --count asks for 2\n",
    );
    check(
        "--sim f405 detach",
        "waiting: there is no board that runs an application with a DFU interface or a serial port\n\
         the board at 1-1 (0483:df11) is already in DFU mode\n",
    );
    check("-q --sim f405 --serial NOSUCH serial", "");
}

#[test]
fn a_choice_that_is_missing_is_not_waited_for() {
    let run = stdfu("--sim f405 --sim l476 serial --wait").run();
    assert_eq!(run.exit, 4, "{run:?}");
}

#[test]
fn a_wait_is_a_number_of_seconds() {
    for seconds in ["x", "-1", "", "nan"] {
        let run = stdfu(&format!("--sim f405 serial --wait={seconds}")).run();
        assert_eq!(run.exit, 2, "{run:?}");
        assert_eq!(run.stdout, "");
    }
}

//! `unprotect` has lifted read protection or says that it has not, and leaves a board alone that has none.

use std::thread;

use serde_json::Value;

use crate::run::{FlashFile, Run, stdfu};

/// Every kind of fault, with two of the errors that a device can answer.
const KINDS: [&str; 10] = [
    "stall",
    "lost-request",
    "lost-answer",
    "corrupt",
    "short",
    "error",
    "errVENDOR",
    "unplug",
    "power-cut",
    "flip",
];

/// What passes, and must not keep protection from being lifted.
const TRANSIENT: [&str; 5] = ["stall", "lost-request", "lost-answer", "corrupt", "short"];

/// A board with its flash in bytes, read-protected or not.
#[derive(Clone, Copy)]
struct Case {
    board: &'static str,
    size: usize,
    protected: bool,
}

impl Case {
    fn run(self, flash: &FlashFile, fault: &str) -> Run {
        let protected = if self.protected {
            ",quirk=read-protected"
        } else {
            ""
        };
        let board = format!("{}{protected}{fault}", self.board);
        let command = stdfu("unprotect --yes --json --sim");
        command.arg(flash.board(&board)).run()
    }

    /// Every fault at every request, and a few behind the last.
    fn sweep(self) {
        let flash = FlashFile::full(self.size);
        let requests = number(&self.run(&flash, "").boards(0)[0], "requests");
        for kind in KINDS {
            for request in 1..=requests + 3 {
                flash.put(&flash.before());
                let run = self.run(&flash, &format!(",fault={kind}@{request}"));
                self.judge(kind, &run, &flash, &format!("{kind}@{request}"));
            }
        }
    }

    fn judge(self, kind: &str, run: &Run, flash: &FlashFile, fault: &str) {
        let what = format!("{} {fault}: {run:?}", self.board);
        let now = flash.now();
        let untouched = now == flash.before();
        let blank = now.iter().all(|byte| *byte == 0xFF);
        if !self.protected {
            assert!(untouched, "{what}");
        }
        if run.exit != 0 {
            assert!(!TRANSIENT.contains(&kind), "{what}");
            return;
        }
        let board = &run.boards(0)[0];
        assert_eq!(board["unprotected"], self.protected, "{what}");
        assert_eq!(blank, self.protected, "{what}");
        let erased = number(board, "erased_sectors");
        assert!(self.protected || erased == 0, "{what}");
    }
}

fn number(board: &Value, name: &str) -> u64 {
    board[name].as_u64().expect("a number")
}

#[test]
fn one_fault_anywhere_never_ends_in_protection_that_is_called_lifted() {
    const BOARDS: [(&str, usize); 2] = [("f072", 128 << 10), ("at32", 256 << 10)];
    thread::scope(|scope| {
        for (board, size) in BOARDS {
            for protected in [true, false] {
                let case = Case {
                    board,
                    size,
                    protected,
                };
                scope.spawn(move || case.sweep());
            }
        }
    });
}

#[test]
fn a_board_that_is_not_read_protected_is_left_alone() {
    let flash = FlashFile::full(1 << 20);
    let hint = "hint: To erase everything all the same, use `stdfu erase --all`.\n";
    let done = "OK  336133663433 at 1-1  not read-protected; nothing was done  0.0 s\n";
    let run = |options| {
        let command = stdfu(options).args("unprotect --yes --sim");
        command.arg(flash.board("f405")).run()
    };
    run("").says(0, done, hint);
    flash.is_untouched();
    let board = &run("--json").boards(0)[0];
    assert_eq!(board["unprotected"], false);
    assert_eq!(board["erased_sectors"], 0);
    assert_eq!(
        board["warnings"],
        serde_json::json!(["this board is not read-protected; nothing was done"])
    );
    let said = board["hint"].as_str().expect("a hint");
    assert_eq!(format!("hint: {said}\n"), hint);
}

/// A board that gives no layout is looked at where ST's main flash is.
#[test]
fn a_board_without_a_layout_that_is_not_read_protected_is_left_alone() {
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405,quirk=strings=no-layout");
    let run = stdfu("unprotect --yes --sim").arg(board).run();
    assert_eq!(run.exit, 0, "{run:?}");
    flash.is_untouched();
}

#[test]
fn where_nobody_can_look_protection_is_lifted_as_told() {
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405,quirk=no-upload");
    let run = stdfu("unprotect --yes --json --sim").arg(board).run();
    let board = &run.boards(0)[0];
    assert_eq!(board["unprotected"], true);
    assert_eq!(board["erased_sectors"], 12);
    flash.holds(&[0xFF; 1 << 20]);
}

#[test]
fn a_board_that_is_lost_before_it_says_that_it_is_at_it_is_not_called_unprotected() {
    let stderr = "\
lifting read protection
error: 336133663433 at 1-1: lifting read protection: the board left the bus before it confirmed the command, \
so it is not known whether that was done
hint: Put the board into DFU mode again and repeat the command: it first checks whether read protection is still on.
      If it happens again: --record FILE records it, for a report.
";
    let request = getstatus_after_read_unprotect();
    let board = format!("--sim f405,quirk=read-protected,fault=unplug@{request}");
    let run = stdfu(&board).args("unprotect --yes").run();
    run.says(8, "", stderr);
}

/// The number of the control transfer, from 1.
fn getstatus_after_read_unprotect() -> usize {
    let run = stdfu("-vv --sim f405,quirk=read-protected unprotect --yes").run();
    let mut transfers = run.stderr.lines().filter(|line| line.starts_with("1-1: "));
    let command = transfers.position(|line| line.contains("DNLOAD") && line.ends_with(": 92"));
    command.expect("it is lifted") + 2
}

//! `leave` has left or says that it has not, and so does a flash that ends with starting the application.

use std::fmt::Write as _;

use serde_json::Value;

use crate::run::{Run, stdfu};

/// What is wrong with one request or its answer, and doesn't take the board off the bus.
const KINDS: [&str; 7] = [
    "stall",
    "lost-request",
    "lost-answer",
    "corrupt",
    "short",
    "error",
    "errVENDOR",
];

fn run(board: &str, command: &str) -> Run {
    stdfu("--json --sim").arg(board).args(command).run()
}

fn requests(board: &str, command: &str) -> u64 {
    let document: Value = serde_json::from_str(&run(board, command).stdout).expect("JSON");
    let requests = document["boards"][0]["requests"].as_u64();
    requests.expect("a number")
}

/// Calls `judge` with what comes of each fault at each request of a command.
fn with_each_fault(board: &str, command: &str, judge: impl Fn(&Run)) {
    for request in 1..=requests(board, command) + 2 {
        for kind in KINDS {
            judge(&run(&format!("{board},fault={kind}@{request}"), command));
        }
    }
}

#[test]
fn a_board_that_can_leave_leaves_whatever_happens_to_one_request() {
    for board in [
        "f405",
        "gd32vf103",
        "f405,quirk=leave=needs-address",
        "f405,quirk=comes-back=0",
    ] {
        with_each_fault(board, "leave", |run| {
            assert_eq!(run.boards(0)[0]["left"], true, "{run:?}");
        });
    }
}

#[test]
fn a_board_that_stays_is_never_called_started_whatever_happens_to_one_request() {
    for quirk in ["leave=stays", "leave=stall"] {
        let board = format!("f405,quirk={quirk}");
        with_each_fault(&board, "leave", |run| {
            assert_eq!(run.boards(8)[0]["left"], false, "{run:?}");
        });
    }
}

#[test]
fn a_stall_is_an_answer_of_a_board_that_is_there() {
    let stderr = "\
starting the application
error: 336133663433 at 1-1: starting the application: the board is still in DFU mode
hint: With BOOT0 low, reset the board or disconnect its power for a moment.
      If it happens again: --record FILE records it, for a report.
";
    let board = "f405,quirk=leave=stays,fault=stall@11,fault=stall@12";
    let run = stdfu("--sim").arg(board).arg("leave").run();
    run.says(8, "", stderr);
}

#[test]
fn a_board_that_refuses_to_leave_says_what_to_do() {
    let refusal = "starting the application: the board answered errSTALLEDPKT in dfuERROR";
    let again = format!("{refusal}; trying again\n").repeat(3);
    let stderr = format!(
        "starting the application\n{again}error: 336133663433 at 1-1: {refusal}\n\
         hint: With BOOT0 low, reset the board or disconnect its power for a moment.\n      If it happens again: --record FILE records it, for a report.\n"
    );
    stdfu("--sim f405,quirk=leave=stall leave")
        .run()
        .says(8, "", &stderr);
}

/// Nothing is wrong with what was written.
#[test]
fn a_flash_on_a_board_that_will_not_leave_is_done_and_says_so() {
    for quirk in ["leave=stays", "leave=stall"] {
        let board = &run(&format!("f405,quirk={quirk}"), "flash blinky.dfu").boards(0)[0];
        assert_eq!(board["left"], false, "{quirk}");
        assert_eq!(board["verified_bytes"], 5123, "{quirk}");
        let warning =
            "flash is right, but the board is still in DFU mode; reset it to start the application";
        assert_eq!(board["warnings"], serde_json::json!([warning]), "{quirk}");
    }
}

/// A C071 wants a SET_ADDRESS right before.
#[test]
fn a_flash_leaves_a_board_that_refuses_to_leave_at_first() {
    let board = &run("f405,quirk=leave=needs-address", "flash blinky.dfu").boards(0)[0];
    assert_eq!(
        (&board["left"], &board["retries"]),
        (&true.into(), &1.into())
    );
}

/// It jumped, and what it jumped to leaves USB as it is: still on the bus, and silent.
#[test]
fn a_board_that_hangs_on_the_bus_has_not_left_and_is_not_waited_for_long() {
    let first = requests("f405,quirk=leave=stays", "leave") - 1;
    let mut board = "f405".to_owned();
    for request in first..first + 100 {
        write!(board, ",fault=lost-request@{request}").expect("a String");
    }
    let result = &run(&board, "leave").boards(8)[0];
    let error = "starting the application: the board is still in DFU mode";
    assert_eq!(result["error"], error);
    let seconds = result["seconds"].as_f64().expect("a number");
    assert!(seconds < 10.0, "{result}");
}

/// It is there again at its port, as another device.
#[test]
fn a_board_that_is_back_at_once_has_left() {
    let board = &run("f405,quirk=comes-back=0", "leave").boards(0)[0];
    assert_eq!(board["left"], true);
}

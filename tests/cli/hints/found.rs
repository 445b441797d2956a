//! The board that is meant is not found, or is not the only one.

use super::*;

const COMMANDS_THAT_ASK: [&str; 3] = ["serial", "list", "flash blinky.dfu"];

#[test]
fn no_board_at_all() {
    let stderr = "\
error: there is no board with ids 1234:5678 in DFU mode
the board at 1-1 (0483:df11) is left out by --id
hint: If this is the board you mean, leave out --id.
      If not, set BOOT0 high on your board and reset it.
";
    for command in COMMANDS_THAT_ASK {
        check("--sim f405 --id 1234:5678", command, 3, stderr);
    }
}

#[test]
fn no_board_with_this_serial_or_at_this_path() {
    let stderr = |wanted: &str, option: &str, rest: &str| {
        format!(
            "error: there is no board {wanted} in DFU mode\n\
             the board at 1-1 (0483:df11) is left out by {option}{rest}\n\
             hint: If this is the board you mean, leave out {option}.\n      \
             If not, set BOOT0 high on your board and reset it.\n"
        )
    };
    for command in COMMANDS_THAT_ASK {
        check(
            "--sim f405 --serial 12",
            command,
            3,
            &stderr(
                "with serial number 12",
                "--serial",
                ": its serial number is 336133663433",
            ),
        );
        check(
            "--sim f405 --path 1-7",
            command,
            3,
            &stderr("at 1-7", "--path", ""),
        );
    }
}

#[test]
fn a_board_that_runs_its_application() {
    let stderr = "\
error: there is no board in DFU mode
the board at 1-1 (0483:df11) is running its application
hint: Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.
      Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
";
    for command in ["serial", "flash blinky.dfu"] {
        check("--sim f405,quirk=application", command, 3, stderr);
    }
    // By its serial number it can be chosen.
    let list = "336133663433\n  path 1-1   ids 0483:df11\n  is running its application\n";
    stdfu("--sim f405,quirk=application list")
        .run()
        .says(3, list, stderr);
}

/// It is the other one that runs its application.
#[test]
fn a_board_at_a_path_that_runs_its_application() {
    let stderr = "\
error: there is no board at 1-2 in DFU mode
the board at 1-2 (28e9:0189) is running its application
hint: Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.
      Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
";
    let boards = "--sim f405 --sim gd32vf103,quirk=application --path 1-2";
    check(boards, "flash blinky.dfu", 3, stderr);
}

#[test]
fn several_boards_and_none_chosen() {
    let stderr = "\
error: there are 3 boards, and none is chosen:
  336133663433 at 1-1: --serial 336133663433 or --path 1-1
  205834865852 at 1-2: --serial 205834865852 or --path 1-2
  board at 1-3: --path 1-3
hint: Add one of these options. Nothing was touched.
";
    for command in COMMANDS.into_iter().chain(["serial"]) {
        check(
            "--sim f405 --sim l476 --sim f405,quirk=strings=missing",
            command,
            4,
            stderr,
        );
    }
}

#[test]
fn two_boards_with_one_serial_number() {
    let candidates = "  STM32 at 1-1: --path 1-1
  stm32 at 1-2: --path 1-2
hint: Add one of these options. Nothing was touched.
";
    let boards = "--sim f405,serial=STM32 --sim f072,serial=stm32";
    for command in COMMANDS {
        check(
            boards,
            command,
            4,
            &format!("error: there are 2 boards, and none is chosen:\n{candidates}"),
        );
        check(
            &format!("{boards} --serial STM32"),
            command,
            4,
            &format!(
                "error: there are 2 boards with serial number STM32, and none is chosen:\n{candidates}"
            ),
        );
    }
}

#[test]
fn a_serial_number_that_many_boards_have() {
    let run = stdfu("--sim f072 --serial FFFFFFFEFFFF -q list").run();
    let first = "FFFFFFFEFFFF (as many others)   STM32  BOOTLOADER";
    assert_eq!(run.stdout.lines().next(), Some(first));
    stdfu("--sim f072 --serial FFFFFFFEFFFF serial").run().says(
        0,
        "FFFFFFFEFFFF\n",
        "warning: many boards have the serial number FFFFFFFEFFFF: --path chooses exactly one\n",
    );
    stdfu("--sim f072 --path 1-1 serial")
        .run()
        .answers("FFFFFFFEFFFF\n");
}

#[test]
fn fewer_boards_than_there_have_to_be() {
    let stderr = "\
error: found 1 board in DFU mode, but --count asks for 2
hint: Put the others into DFU mode too, or add --wait. Nothing was touched.
";
    for command in COMMANDS {
        check("--sim f405 --every --count 2", command, 3, stderr);
    }
}

#[test]
fn a_serial_number_that_can_not_be_read() {
    check(
        "--sim f405,quirk=strings=missing",
        "serial",
        1,
        "error: the board at 1-1 has no serial number, or none that can be read\n",
    );
}

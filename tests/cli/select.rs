//! Which board: `--serial`, `--path`, `--id`, `--every`, and the environment.

use serde_json::{Value, json};

use crate::run::{FlashFile, assert_text, sample, stdfu};

/// An F405 at 1-1 and an L476 at 1-2.
const TWO: &str = "--sim f405 --sim l476";
const F405: &str = "336133663433";
const L476: &str = "205834865852";

/// Asserts which of two boards is meant.
#[track_caller]
fn check(environment: &[(&str, &str)], arguments: &str, serial: &str) {
    let mut command = stdfu(&format!("{arguments} serial"));
    for (name, value) in environment {
        command = command.env(name, value);
    }
    command.run().answers(&format!("{serial}\n"));
}

/// Asserts an error before any board is known, as text and in JSON.
#[track_caller]
fn refused(environment: &[(&str, &str)], arguments: &str, exit: i32, message: &str, hint: &str) {
    let command = |options: &str| {
        environment
            .iter()
            .fold(stdfu(options), |command, (name, value)| {
                command.env(name, value)
            })
            .args(arguments)
            .arg("serial")
            .run()
    };
    let indented = hint.replace('\n', "\n      ");
    let stderr = format!("error: {message}\nhint: {indented}\n");
    command("").says(exit, "", &stderr);
    let run = command("--json");
    assert_text("stderr with --json", &run.stderr, &stderr);
    assert_eq!(
        run.document(exit),
        json!({"schema": 1, "error": {"exit": exit, "message": message, "hint": hint}})
    );
}

/// What to do where boards are there, and an option leaves them out.
fn left_out(option: &str) -> String {
    format!(
        "If this is the board you mean, leave out {option}.\n\
         If not, set BOOT0 high on your board and reset it."
    )
}
const SEVERAL: &str = "Add one of these options. Nothing was touched.";

#[test]
fn the_only_board_needs_no_name() {
    check(&[], "--sim l476", L476);
}

#[test]
fn a_serial_number_picks_its_board_whatever_its_case() {
    check(&[], &format!("{TWO} --serial {L476}"), L476);
    check(
        &[],
        "--sim f405 --sim f405,serial=Abc1 --serial aBC1",
        "Abc1",
    );
}

#[test]
fn a_path_picks_its_board() {
    check(&[], &format!("{TWO} --path 1-2"), L476);
    check(&[], &format!("{TWO} --path 1-1"), F405);
}

#[test]
fn ids_pick_their_board() {
    let boards = "--sim f405 --sim gd32vf103";
    check(&[], &format!("{boards} --id 28e9:0189"), "3CBJ");
    check(&[], &format!("{boards} --id 28E9:0189"), "3CBJ");
    check(&[], &format!("{boards} --id 0483:df11"), F405);
}

#[test]
fn options_narrow_each_other() {
    check(
        &[],
        &format!("{TWO} --serial {L476} --path 1-2 --id 0483:df11"),
        L476,
    );
    refused(
        &[],
        &format!("{TWO} --serial {L476} --path 1-1"),
        3,
        &format!(
            "there is no board with serial number {L476} at 1-1 in DFU mode\n\
             the board at 1-1 (0483:df11) is left out by --serial: its serial number is {F405}\n\
             the board at 1-2 (0483:df11) is left out by --path"
        ),
        &[left_out("--serial"), left_out("--path")].join("\n"),
    );
}

#[test]
fn options_go_before_or_behind_the_command() {
    stdfu(&format!("serial {TWO} --path 1-2"))
        .run()
        .answers(&format!("{L476}\n"));
}

#[test]
fn the_environment_picks_a_board() {
    check(&[("STDFU_SERIAL", "205834865852")], TWO, L476);
    check(&[("STDFU_PATH", "1-2")], TWO, L476);
    check(&[("STDFU_SIM", "l476")], "", L476);
    check(&[("STDFU_SIM", "f405;l476")], "--path 1-2", L476);
}

#[test]
fn an_option_overrules_the_environment() {
    check(
        &[("STDFU_SERIAL", F405)],
        &format!("{TWO} --serial {L476}"),
        L476,
    );
    check(&[("STDFU_PATH", "1-1")], &format!("{TWO} --path 1-2"), L476);
    check(&[("STDFU_SIM", "f405")], "--sim l476", L476);
}

/// As in a script that passes on a variable which may be unset.
#[test]
fn an_empty_variable_is_as_good_as_none() {
    check(&[("STDFU_SERIAL", "")], "--sim f405", F405);
    check(&[("STDFU_PATH", "")], "--sim f405", F405);
}

#[test]
fn an_empty_variable_asks_for_no_simulated_board() {
    check(&[("STDFU_SIM", "")], "--sim f405", F405);
    let run = stdfu("list").env("STDFU_SIM", "").run();
    assert_ne!(run.exit, 2, "{run:?}");
}

/// As in a script whose variable is unset: any other board would be the wrong one.
#[test]
fn an_empty_name_on_the_command_line_is_refused() {
    for option in ["--serial", "--path"] {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args("erase --all")
            .arg(option)
            .arg("")
            .run();
        flash.is_untouched();
        assert_eq!(run.exit, 2, "{option}: {run:?}");
    }
}

#[test]
fn no_match_is_told_with_what_was_asked_for() {
    let check = |arguments: &str, wanted: &str| {
        let (option, _) = arguments.split_once(' ').expect("an option");
        let [first, second] = match option {
            "--serial" => [F405, L476].map(|serial| format!(": its serial number is {serial}")),
            _ => [String::new(), String::new()],
        };
        let message = format!(
            "there is no board {wanted} in DFU mode\n\
             the board at 1-1 (0483:df11) is left out by {option}{first}\n\
             the board at 1-2 (0483:df11) is left out by {option}{second}"
        );
        let arguments = format!("{TWO} {arguments}");
        refused(&[], &arguments, 3, &message, &left_out(option));
    };
    check("--serial NOSUCH", "with serial number NOSUCH");
    check("--path 1-3", "at 1-3");
    check("--id 1234:5678", "with ids 1234:5678");
    check("--serial NOSUCH --every", "with serial number NOSUCH");
}

#[test]
fn of_several_names_only_the_missing_one_is_called_missing() {
    refused(
        &[],
        &format!("{TWO} --serial {F405} --serial NOSUCH"),
        3,
        &format!(
            "there is no board with serial number NOSUCH in DFU mode\n\
             the board at 1-2 (0483:df11) is left out by --serial: its serial number is {L476}"
        ),
        &left_out("--serial"),
    );
    refused(
        &[],
        &format!("{TWO} --path 1-1 --path 1-3"),
        3,
        "there is no board at 1-3 in DFU mode\n\
         the board at 1-2 (0483:df11) is left out by --path",
        &left_out("--path"),
    );
}

#[test]
fn two_boards_and_no_choice_are_listed_with_the_options_that_choose() {
    let message = "\
there are 2 boards, and none is chosen:
  336133663433 at 1-1: --serial 336133663433 or --path 1-1
  205834865852 at 1-2: --serial 205834865852 or --path 1-2";
    refused(&[], TWO, 4, message, SEVERAL);
}

#[test]
fn two_boards_with_one_serial_number_are_told_apart_by_their_paths() {
    let boards = "--sim f405,serial=STM32 --sim f072,serial=stm32";
    let candidates = "\
, and none is chosen:
  STM32 at 1-1: --path 1-1
  stm32 at 1-2: --path 1-2";
    refused(
        &[],
        boards,
        4,
        &format!("there are 2 boards{candidates}"),
        SEVERAL,
    );
    refused(
        &[],
        &format!("{boards} --serial STM32"),
        4,
        &format!("there are 2 boards with serial number STM32{candidates}"),
        SEVERAL,
    );
    check(&[], &format!("{boards} --path 1-2"), "stm32");
}

#[test]
fn a_serial_number_that_many_boards_have_picks_a_board_with_a_warning() {
    let check = |board: &str, serial: &str| {
        let stderr = format!(
            "warning: many boards have the serial number {serial}: --path chooses exactly one\n"
        );
        for command in ["erase 0x08000000 -q", "serial"] {
            let run = stdfu(&format!("--sim {board} --serial {serial} {command}")).run();
            assert_eq!(run.exit, 0, "{run:?}");
            // It is nothing that stands in the way, so -q silences it.
            let quiet = command.ends_with("-q");
            assert_text("stderr", &run.stderr, if quiet { "" } else { &stderr });
        }
        stdfu(&format!("--sim {board} --path 1-1 serial"))
            .run()
            .answers(&stdfu(&format!("--sim {board} serial")).run().stdout);
        // A path says it, whatever else does.
        stdfu(&format!(
            "--sim {board} --serial {serial} --path 1-1 serial"
        ))
        .run()
        .answers(&stdfu(&format!("--sim {board} serial")).run().stdout);
    };
    check("h743", "200364500000");
    check("f072", "fffffffeffff");
    check("gd32vf103", "3CBJ");
    check("f405,serial=STM32", "stm32");
    check("f767,serial=STM32FxSTM32", "STM32FxSTM32");
    // An F405's own.
    stdfu(&format!("--sim f405 --serial {F405} serial"))
        .run()
        .answers(&format!("{F405}\n"));
}

/// A file for each of two boards, and what `stdfu flash` or `erase` says of them.
#[track_caller]
fn check_two(arguments: &str, exit: i32, serials: &[&str], programmed: [bool; 2]) {
    let flashes = [FlashFile::full(1 << 20), FlashFile::full(1 << 20)];
    let run = stdfu("--json -q --sim")
        .arg(flashes[0].board("f405"))
        .arg("--sim")
        .arg(flashes[1].board("l476"))
        .args(arguments)
        .run();
    let document = run.document(exit);
    let boards = document["boards"].as_array().cloned().unwrap_or_default();
    let found: Vec<&str> = boards
        .iter()
        .filter_map(|board| board["serial"].as_str())
        .collect();
    assert_eq!(found, serials);
    let firmware = sample("blinky.bin");
    for ((flash, sectors), programmed) in flashes.iter().zip([0x4000, 0x1800]).zip(programmed) {
        let mut expected = flash.before();
        if programmed {
            expected[..sectors].fill(0xFF);
            expected[..firmware.len()].copy_from_slice(&firmware);
        }
        flash.holds(&expected);
    }
}

#[test]
fn without_a_choice_neither_of_two_boards_is_touched() {
    check_two("flash blinky.dfu", 4, &[], [false, false]);
    check_two("erase --all", 4, &[], [false, false]);
}

#[test]
fn every_means_all_boards() {
    check_two("flash blinky.dfu --every", 0, &[F405, L476], [true, true]);
}

#[test]
fn naming_several_boards_means_those() {
    let check = |names: &str| {
        let arguments = format!("flash blinky.dfu {names}");
        check_two(&arguments, 0, &[F405, L476], [true, true]);
    };
    check(&format!("--serial {F405} --serial {L476}"));
    check(&format!("--serial {L476} --serial {F405}"));
    check("--path 1-1 --path 1-2");
}

#[test]
fn only_the_board_that_was_chosen_is_programmed() {
    check_two("flash blinky.dfu --path 1-2", 0, &[L476], [false, true]);
    let serial = format!("flash blinky.dfu --serial {F405}");
    check_two(&serial, 0, &[F405], [true, false]);
}

#[test]
fn where_one_of_the_named_boards_is_missing_none_is_touched() {
    for names in [
        &format!("--serial {F405} --serial NOSUCH"),
        "--path 1-1 --path 1-3",
    ] {
        check_two(&format!("flash blinky.dfu {names}"), 3, &[], [false, false]);
    }
}

/// Each board has its result, and the exit code is that of the first that failed.
#[test]
fn one_board_that_does_not_fit_leaves_the_others_alone() {
    let flash = FlashFile::full(128 << 10);
    let run = stdfu("--json --sim")
        .arg(flash.board("gd32vf103"))
        .args("--sim f405 --every flash blinky.dfu")
        .run();
    let results: Vec<Value> = run
        .boards(7)
        .iter()
        .map(|board| json!([board["serial"], board["exit"], board["verified_bytes"]]))
        .collect();
    assert_eq!(results, [json!(["3CBJ", 7, 0]), json!([F405, 0, 5123])]);
    flash.is_untouched();
}

#[test]
fn the_work_on_several_boards_says_which_board_a_line_is_about() {
    let run = stdfu(&format!("{TWO} --every erase 0x08000000")).run();
    assert_text(
        "stdout",
        &run.stdout,
        "\
OK  336133663433 at 1-1  1 sector erased, 16 KiB blank  0.0 s
OK  205834865852 at 1-2  1 sector erased, 2 KiB blank  0.0 s
2 of 2 boards OK
",
    );
    let mut lines: Vec<&str> = run.stderr.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "205834865852 at 1-2: erasing 2 KiB",
            "205834865852 at 1-2: verifying 2 KiB",
            "336133663433 at 1-1: erasing 16 KiB",
            "336133663433 at 1-1: verifying 16 KiB",
        ]
    );
}

#[test]
fn names_that_can_not_be_one_are_refused() {
    let check = |arguments: &str, error: &str| {
        let run = stdfu(&format!("{arguments} list")).run();
        assert_eq!(run.exit, 2, "{run:?}");
        assert_eq!(run.stdout, "");
        assert_eq!(run.stderr.lines().next(), Some(error));
    };
    for id in ["0483", "0483:", "0483:df11:1", "0483:xyz", "+483:df11"] {
        check(
            &format!("--id {id}"),
            &format!(
                "error: invalid value '{id}' for '--id <VID:PID>': \
                 expected two hexadecimal numbers such as 0483:df11"
            ),
        );
    }
    check(
        "--sim f999",
        "error: invalid value 'f999' for '--sim <BOARD>': there is no simulated board \"f999\"; \
         there are at32, atmega32u4, c5, class-sample, dapboot, embassy, embassy-0.2, esp32s2, f072, f103, \
         f405, f411, f427, f429, f746, f767, fomu, g0b1, g474, gd32vf103, h723, h743, h743v9, jabra, l072, l476, \
         longan, lpc, maple, mboot, mboot-packed, mcuboot, numworks, openmoko, pluto, pybd, simtrace, tinyusb, u575, \
         ubertooth, uboot, wb55, xmos, zephyr",
    );
}

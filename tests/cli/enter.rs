//! From the running application to the new one: `--enter-dfu` by each way, and what keeps a board from it.

use serde_json::Value;

use crate::run::{FlashFile, Run, sample, stdfu};

const MIB: usize = 1 << 20;
/// What an F405 calls itself that runs Klipper, and 336133663433 in DFU mode.
const KLIPPER: &str = "10012C130F50333456323520";
const BY_HAND: &str =
    "Put it into DFU mode by hand: with its button, or on an STM32 with BOOT0 high and a reset.";

/// A simulated F405 that runs an application, and its flash.
struct Board {
    options: &'static str,
    flash: FlashFile,
}

impl Board {
    fn running(options: &'static str) -> Self {
        Self {
            options,
            flash: FlashFile::full(MIB),
        }
    }

    fn run(&self, arguments: &str) -> Run {
        stdfu("--sim")
            .arg(self.flash.board(&format!("f405,{}", self.options)))
            .args(arguments)
            .run()
    }

    /// Asserts that it holds the sample firmware.
    #[track_caller]
    fn is_flashed(&self) {
        let firmware = sample("blinky.bin");
        assert_eq!(self.flash.now()[..firmware.len()], firmware);
    }
}

/// Asserts that a command is refused so, and that nothing was flashed.
#[track_caller]
fn refused(options: &'static str, arguments: &str, exit: i32, stderr: &str) {
    let board = Board::running(options);
    board.run(arguments).says(exit, "", stderr);
    board.flash.is_untouched();
}

#[test]
fn each_way_leads_from_the_running_application_to_the_new_one() {
    for (application, how) in [
        ("app=klipper", ""),
        ("app=klipper", "=touch"),
        ("app=arduino", ""),
        ("app=tinyusb", ""),
        ("app=tinyusb", "=detach"),
        ("app=tinyusb", "=touch"),
        ("app=micropython", "=micropython"),
        ("app=micropython,quirk=main=runs", "=micropython"),
        ("quirk=application", ""),
    ] {
        let board = Board::running(application);
        let run = board.run(&format!("flash blinky.elf --enter-dfu{how} --json"));
        let [result] = &run.boards(0)[..] else {
            panic!("one board: {run:?}");
        };
        assert_eq!(result["left"], true, "{application} {how}: {run:?}");
        assert_eq!(result["verified_bytes"], 5123, "{run:?}");
        board.is_flashed();
    }
}

#[test]
fn whoever_watches_sees_what_is_done_at_which_port() {
    let board = Board::running("app=klipper");
    let run = board.run("detach");
    let touching = format!("{KLIPPER} at 1-1: touching /dev/ttySIM0 at 1200 baud\n");
    run.says(0, &format!("{KLIPPER} at 1-1: in DFU mode\n"), &touching);
    let board = Board::running("app=micropython");
    let asking = "336133663433 at 1-1: asking MicroPython at /dev/ttySIM0\n";
    let ready = "336133663433 at 1-1: in DFU mode\n";
    let run = board.run("detach --enter-dfu=micropython");
    run.says(0, ready, asking);
    // A board that is there already is not asked, and nothing is said of that.
    stdfu("--sim f405 flash blinky.dfu --enter-dfu -q")
        .run()
        .says(0, "", "");
}

#[test]
fn read_erase_and_verify_put_a_board_into_dfu_mode_too() {
    let board = Board::running("app=klipper");
    let run = board.run("read - 0x08000000+4 --enter-dfu --format hex -q");
    assert_eq!(run.exit, 0, "{run:?}");
    board.flash.is_untouched();
    let run = board.run("verify blinky.dfu --enter-dfu=touch -q");
    assert_eq!(run.exit, 9, "{run:?}");
    board.flash.is_untouched();
    let [result] = &board.run("erase 0x08004000 --enter-dfu --json").boards(0)[..] else {
        panic!("one board");
    };
    assert_eq!(result["erased_sectors"], 1);
}

#[test]
fn a_file_is_judged_before_a_board_is_asked() {
    let board = Board::running("app=klipper");
    let run = board.run("flash hello.txt --enter-dfu");
    assert!(!run.stderr.contains("touching"), "{run:?}");
    let run = board.run("read /nowhere/flash.bin --enter-dfu");
    assert!(!run.stderr.contains("touching"), "{run:?}");
    let boards = "--sim f405,app=klipper --sim f405,app=klipper";
    let run = stdfu(&format!("{boards} --every read flash.bin --enter-dfu")).run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(!run.stderr.contains("touching"), "{run:?}");
}

#[test]
fn two_boards_are_asked_and_flashed_at_once_each_by_its_own_way() {
    let boards = [
        Board::running("app=klipper"),
        Board::running("app=tinyusb,serial=205A3073484B"),
        Board::running("app=klipper,serial=3574384B3038"),
    ];
    let run = |selection: &str| {
        let mut command = stdfu("--json flash blinky.elf --enter-dfu");
        for board in &boards {
            let spec = board.flash.board(&format!("f405,{}", board.options));
            command = command.arg("--sim").arg(spec);
        }
        command.args(selection).run()
    };
    let run = run("--path 1-1 --path 1-2");
    let left: Vec<Value> = run
        .boards(0)
        .iter()
        .map(|board| board["left"].clone())
        .collect();
    assert_eq!(left, [true, true]);
    boards[0].is_flashed();
    boards[1].is_flashed();
    boards[2].flash.is_untouched();
    assert_eq!(run.stderr.matches("touching").count(), 1, "{run:?}");
}

#[test]
fn a_board_that_is_ready_and_one_that_is_not_are_flashed_together() {
    let board = Board::running("app=klipper");
    let spec = board.flash.board("f405,app=klipper");
    let command = stdfu("--json flash blinky.elf --enter-dfu --sim l476 --sim").arg(spec);
    let run = command
        .args(&format!("--serial 205834865852 --serial {KLIPPER}"))
        .run();
    assert_eq!(run.boards(0).len(), 2, "{run:?}");
    board.is_flashed();
}

#[test]
fn several_boards_and_none_chosen_are_listed_and_none_is_asked() {
    let stderr = "\
error: there are 2 boards, and none is chosen:
  10012C130F50333456323520 at 1-1: --serial 10012C130F50333456323520 or --path 1-1
  10012C130F50343456323520 at 1-2: --serial 10012C130F50343456323520 or --path 1-2
hint: Add one of these options. Nothing was touched.
";
    let boards = "--sim f405,app=klipper --sim f405,app=klipper";
    for command in ["detach", "flash blinky.dfu --enter-dfu"] {
        stdfu(&format!("{boards} {command}"))
            .run()
            .says(4, "", stderr);
    }
}

/// Neither is taken for the other: what is erased can't be had back.
#[test]
fn a_board_in_dfu_mode_beside_one_in_its_application_has_to_be_told_from_it() {
    for (app, command) in [
        ("micropython", "erase --all --enter-dfu=micropython"),
        ("arduino", "flash blinky.dfu --enter-dfu"),
        ("arduino", "flash blinky.elf --enter-dfu=touch"),
    ] {
        let boards = format!("--sim f405,app={app} --sim f405,serial=AAA");
        let run = stdfu(&format!("{boards} {command}")).run();
        assert_eq!(run.exit, 4, "{command}: {run:?}");
        for board in ["at 1-1: --serial ", "AAA at 1-2: --serial AAA"] {
            assert!(run.stderr.contains(board), "{command}: {run:?}");
        }
        assert!(!run.stderr.contains("touching"), "{command}: {run:?}");
    }
}

#[test]
fn a_board_whose_port_nobody_knows_has_to_be_chosen() {
    let stderr = "\
error: there is no board that runs an application with a DFU interface or a serial port
the board at 1-1 (0483:5740) has a serial port, and was not chosen
hint: If this is the board you mean, choose it with --path or --serial.
";
    refused("app=stm32duino", "detach --enter-dfu=touch", 3, stderr);
    let stderr = stderr.replace("board that", "board in DFU mode, nor one that");
    refused("app=stm32duino", "flash blinky.dfu --enter-dfu", 3, &stderr);
}

#[test]
fn a_port_that_is_not_there_or_not_the_boards_is_told() {
    let stderr = "error: there is no serial port /dev/ttyACM7\nhint: There is /dev/ttySIM0.\n";
    refused("app=klipper", "detach --port /dev/ttyACM7", 3, stderr);
    let board = Board::running("app=klipper");
    let run = board.run("detach --port /dev/ttySIM0");
    assert_eq!(run.exit, 0, "{run:?}");
    let stderr = "\
error: there is no board at 1-2 that runs an application with a DFU interface or a serial port
the board at 1-1 (1d50:614e) is left out by --path
the board at 1-2 (1d50:614e) is left out by --port
hint: If this is the board you mean, leave out --path.
      If not, set BOOT0 high on your board and reset it.
      If this is the board you mean, leave out --port.
      If not, set BOOT0 high on your board and reset it.
";
    let boards = "--sim f405,app=klipper --sim f405,app=klipper";
    stdfu(&format!("{boards} --path 1-2 detach --port /dev/ttySIM0"))
        .run()
        .says(3, "", stderr);
}

#[test]
fn a_port_that_is_denied_or_in_use_is_told_with_what_to_do() {
    let about = |reason: &str| {
        format!(
            "{KLIPPER} at 1-1: touching /dev/ttySIM0 at 1200 baud\n\
             error: {KLIPPER} at 1-1: asking it through /dev/ttySIM0: {reason}\n"
        )
    };
    let stderr = about("another program is using the port")
        + "hint: Close the other program, such as a serial monitor, then repeat the command.\n";
    refused(
        "app=klipper,quirk=busy",
        "flash blinky.dfu --enter-dfu",
        5,
        &stderr,
    );
    if cfg!(target_os = "linux") {
        let stderr = about("permission denied")
            + "hint: Join the group that serial ports belong to, on most systems dialout; it counts from the next login on:\n      \
               sudo usermod -aG dialout $USER\n";
        refused(
            "app=klipper,quirk=no-access",
            "flash blinky.dfu --enter-dfu",
            5,
            &stderr,
        );
    }
    // What udev has not been at yet is waited for.
    let board = Board::running("app=klipper,quirk=late-access");
    let run = board.run("flash blinky.dfu --enter-dfu");
    assert_eq!(run.exit, 0, "{run:?}");
}

/// What is said of a touched board that is not back in time.
fn not_back(reason: &str, hint: &str) -> String {
    let hint = hint.replace('\n', "\n      ");
    format!(
        "{KLIPPER} at 1-1: touching /dev/ttySIM0 at 1200 baud\n\
         {KLIPPER} at 1-1: not in DFU mode yet, waiting for up to 10 s\n\
         error: {KLIPPER} at 1-1: {reason}\n\
         hint: {hint}\n      {RECORD}\n"
    )
}

const RECORD: &str = "If it happens again: --record FILE records it, for a report.";

#[test]
fn a_board_that_does_not_come_back_in_dfu_mode_is_told_with_what_it_is_now() {
    let check = |quirk: &'static str, reason: &str, hint: &str| {
        let stderr = not_back(reason, hint);
        for command in ["flash blinky.dfu --enter-dfu", "detach"] {
            refused(quirk, command, 8, &stderr);
        }
    };
    check(
        "app=klipper,quirk=enters=nothing",
        "it has left its application, but has not come back in DFU mode",
        BY_HAND,
    );
    let other_way = "It may know another way: --enter-dfu=detach, =touch or =micropython.";
    for quirk in [
        "app=klipper,quirk=touch=ignored",
        "app=klipper,quirk=enters=itself",
    ] {
        check(
            quirk,
            "it was asked, but is running its application, still or again",
            &format!("{other_way}\n{BY_HAND}"),
        );
    }
    let drive = "If it is a drive now, its bootloader doesn't speak DFU: copy a UF2 file to that.";
    check(
        "app=klipper,quirk=enters=other",
        "it has come back as 239a:0069, which is not in DFU mode",
        &format!("{drive}\n{BY_HAND}"),
    );
}

#[test]
fn a_board_that_takes_seven_seconds_is_waited_for() {
    let board = Board::running("app=klipper,quirk=detach-takes=7");
    let run = board.run("flash blinky.dfu --enter-dfu");
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stderr.contains("not in DFU mode yet"), "{run:?}");
    board.is_flashed();
}

#[test]
fn a_port_without_micropython_is_told_so() {
    let stderr = format!(
        "{KLIPPER} at 1-1: asking MicroPython at /dev/ttySIM0\n\
         error: {KLIPPER} at 1-1: no MicroPython prompt answers at /dev/ttySIM0\n\
         hint: If another of its serial ports has the prompt, choose that one with --port.\n      {BY_HAND}\n      {RECORD}\n"
    );
    let command = "detach --enter-dfu=micropython --path 1-1";
    refused("app=klipper", command, 8, &stderr);
}

#[test]
fn where_an_application_with_a_serial_port_is_all_there_is_the_hint_is_the_way_that_fits() {
    let by_hand =
        "Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.";
    let check = |app: &'static str, about: &str, way: &str| {
        let stderr = format!(
            "error: there is no board in DFU mode\n{about}\nhint: {way}\n      {by_hand}\n"
        );
        for command in ["flash blinky.dfu", "erase --all", "serial"] {
            refused(app, command, 3, &stderr);
        }
    };
    check(
        "app=klipper",
        "the board at 1-1 (1d50:614e) is running its application",
        "Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu=touch.",
    );
    check(
        "app=micropython",
        "the board at 1-1 (f055:9802) is running MicroPython",
        "Ask MicroPython: `stdfu flash` with --enter-dfu=micropython.",
    );
    check(
        "app=tinyusb",
        "the board at 1-1 (cafe:4001) is running its application",
        "Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.",
    );
}

#[test]
fn micropython_is_not_touched_in_vain() {
    let stderr = "\
error: there is no board at 1-1 in DFU mode, nor one that runs an application with a DFU interface or a serial port
the board at 1-1 (f055:9802) is running MicroPython
hint: Ask MicroPython: `stdfu flash` with --enter-dfu=micropython.
      Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
";
    refused(
        "app=micropython",
        "flash blinky.dfu --enter-dfu --path 1-1",
        3,
        stderr,
    );
}

#[test]
fn the_json_of_a_board_that_does_not_come_back() {
    let board = Board::running("app=klipper,quirk=enters=nothing");
    let document = board.run("flash blinky.dfu --enter-dfu --json").document(8);
    let message =
        format!("{KLIPPER} at 1-1: it has left its application, but has not come back in DFU mode");
    assert_eq!(document["error"]["message"], message.as_str());
    let hint = format!("{BY_HAND}\n{RECORD}");
    assert_eq!(document["error"]["hint"], hint.as_str());
    let [result] = &board.run("detach --json").boards(8)[..] else {
        panic!("one board");
    };
    assert_eq!(result["serial"], KLIPPER);
    assert_eq!(result["path"], "1-1");
    assert_eq!(result["hint"], hint.as_str());
}

#[test]
fn a_board_that_is_missing_is_waited_for_and_the_time_is_kept() {
    let run = stdfu("--sim f405,app=klipper --path 1-2 --wait=0.5 detach").run();
    assert_eq!(run.exit, 3, "{run:?}");
    assert!(
        run.stderr.starts_with("waiting: there is no board at 1-2"),
        "{run:?}"
    );
    let run = stdfu("--sim f405,app=klipper,quirk=enters=nothing --timeout 3 detach").run();
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stderr.contains("timed out after 3 s"), "{run:?}");
}

#[test]
fn a_dry_run_restarts_nothing() {
    let run = stdfu("--sim f405,app=klipper flash blinky.dfu --enter-dfu --dry-run").run();
    assert_eq!(run.exit, 2, "{run:?}");
    let run = stdfu("--sim f405,app=klipper flash blinky.dfu --port /dev/ttySIM0").run();
    assert_eq!(run.exit, 2, "{run:?}");
}

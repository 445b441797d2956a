//! Many boards at the same time: each has its result, and one's trouble leaves the others alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, assert_text, sample, stdfu};

/// Flashes three F405, of which the one in the middle meets with this.
fn flash_three(fault: &str, json: &str) -> (Run, [FlashFile; 3]) {
    let flashes = [(); 3].map(|()| FlashFile::full(1 << 20));
    let mut command = stdfu(json).args("--every flash blinky.dfu");
    for (index, flash) in flashes.iter().enumerate() {
        let fault = if index == 1 { fault } else { "" };
        command = command
            .arg("--sim")
            .arg(flash.board(&format!("f405,serial=TRAY{index}{fault}")));
    }
    (command.run(), flashes)
}

#[track_caller]
fn is_programmed(flash: &FlashFile) {
    let firmware = sample("blinky.bin");
    let mut expected = flash.before();
    expected[..0x4000].fill(0xFF);
    expected[..firmware.len()].copy_from_slice(&firmware);
    flash.holds(&expected);
}

#[test]
fn a_board_that_is_unplugged_in_the_middle_leaves_the_others_alone() {
    let (run, flashes) = flash_three(",fault=unplug@25", "--json");
    let found: Vec<Value> = run
        .boards(8)
        .iter()
        .map(|board| {
            json!([
                board["serial"],
                board["exit"],
                board["verified_bytes"],
                board["left"]
            ])
        })
        .collect();
    let done = |serial: &str| json!([serial, 0, 5123, true]);
    assert_eq!(
        found,
        [done("TRAY0"), json!(["TRAY1", 8, 0, false]), done("TRAY2")]
    );
    is_programmed(&flashes[0]);
    is_programmed(&flashes[2]);
}

#[test]
fn the_summary_begins_with_the_board_that_failed_and_ends_with_how_many_did_not() {
    let (run, _) = flash_three(",fault=unplug@25", "");
    assert_eq!(run.exit, 8, "{run:?}");
    let done = "5.0 KiB written, verified, started  0.0 s";
    let lost = "    lost: 11.0 KiB of other data in the erased sectors (--preserve keeps it)";
    let expected = format!(
        "\
FAILED  TRAY1 at 1-2  exit 8: writing at 0x08000800: the device is gone
OK      TRAY0 at 1-1  {done}
{lost}
OK      TRAY2 at 1-3  {done}
{lost}
2 of 3 boards OK
"
    );
    assert_text("stdout", &run.stdout, &expected);
    assert!(run.stderr.contains("error: TRAY1 at 1-2: "), "{run:?}");
}

#[test]
fn the_end_says_how_many_failed_and_which() {
    // While the last one may still be opened, the others are asked for their strings more than once.
    let boards = "--sim f405,serial=A --sim f405,serial=B,fault=unplug@45 --sim f405,serial=C \
                  --sim f405,quirk=no-access --every";
    let run = |command: &str| {
        let run = stdfu(&format!("{boards} {command}")).run();
        assert_eq!(run.exit, 8, "{run:?}");
        run
    };
    let summary = |options: &str| {
        let run = run(&format!("flash blinky.dfu {options}"));
        assert!(!run.stderr.contains(" failed: "), "{run:?}");
        run.stdout.lines().last().map(str::to_owned)
    };
    assert_eq!(summary("").as_deref(), Some("2 of 4 boards OK"));
    let coloured = summary("--color always");
    let red = "\u{1b}[1m\u{1b}[31m2 of 4 boards OK\u{1b}[0m";
    assert_eq!(coloured.as_deref(), Some(red));
    // Where stdout says nothing of it, stderr does.
    for options in ["-q", "--json"] {
        let run = run(&format!("flash blinky.dfu {options}"));
        let failed = "error: 2 of 4 failed: B at 1-2, board at 1-4";
        assert_eq!(run.stderr.lines().last(), Some(failed), "{run:?}");
    }
    // One board has said all there is to say, and where none failed there is nothing to count.
    let run = stdfu("--sim f405,quirk=read-protected --every flash blinky.dfu").run();
    assert!(!run.stderr.contains(" failed: "), "{run:?}");
    let run = stdfu("--sim f405 --sim l476 --every flash blinky.dfu").run();
    assert!(!run.stderr.contains(" failed: "), "{run:?}");
}

#[test]
fn a_failure_of_an_application_to_let_go_is_counted_too() {
    let boards = "--sim f405,quirk=application --sim l476,quirk=application,fault=stall@2";
    let run = stdfu(&format!("{boards} --every detach")).run();
    assert_eq!(run.exit, 8, "{run:?}");
    let last = run.stderr.lines().last();
    assert_eq!(last, Some("error: 1 of 2 failed: 205834865852 at 1-2"));
}

/// The first board is refused at once, and the second has a megabyte to be written yet.
#[test]
fn a_failure_is_told_while_the_others_go_on() {
    let file = Firmware::raw(1 << 20);
    let command = format!(
        "--sim f103 --sim f405 --every flash {} --address 0x08000000",
        file.path()
    );
    let run = stdfu(&command).run();
    assert_eq!(run.exit, 7, "{run:?}");
    let place = |text: &str| {
        let line = run.stderr.lines().position(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no {text:?} in {run:?}"))
    };
    assert!(
        place("error: 001 at 1-1: ") < place("336133663433 at 1-2: verifying"),
        "{run:?}"
    );
    assert!(
        place("hint: ") == place("error: 001 at 1-1: ") + 1,
        "{run:?}"
    );
}

const TWO: &str = "--sim f405,serial=A --sim f405,serial=B";
const TOO_FEW: &str = "\
error: found 2 boards in DFU mode, but --count asks for 3
hint: Put the others into DFU mode too, or add --wait. Nothing was touched.
";

#[test]
fn fewer_boards_than_counted_are_not_touched() {
    let flash = FlashFile::full(1 << 20);
    stdfu("--sim f405,serial=A --sim")
        .arg(flash.board("f405,serial=B"))
        .args("--every --count 3 flash blinky.dfu")
        .run()
        .says(3, "", TOO_FEW);
    flash.is_untouched();
}

#[test]
fn boards_are_waited_for_until_all_of_them_are_there() {
    let start = Instant::now();
    stdfu(&format!("{TWO} --every --count 3 --wait=1 erase --all"))
        .run()
        .says(
            3,
            "",
            &format!("waiting: found 2 boards in DFU mode, but --count asks for 3\n{TOO_FEW}"),
        );
    assert!(start.elapsed() >= Duration::from_secs(1));
    let run = stdfu(&format!("{TWO} --every --count 2 --wait=600 list")).run();
    assert_eq!(run.exit, 0, "{run:?}");
    let run = stdfu(&format!(
        "--json {TWO} --every --count 2 --wait=600 flash blinky.dfu"
    ))
    .run();
    assert_eq!(run.boards(0).len(), 2);
}

#[test]
fn a_count_without_every_is_refused() {
    let run = stdfu(&format!("{TWO} --count 2 flash blinky.dfu")).run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("--every"), "{run:?}");
}

/// Serial number, product, and a string for each of the four memories: nothing else is worth a request, and nothing twice.
#[test]
fn list_asks_each_board_once() {
    let run = stdfu(&format!("-vv {TWO} list")).run();
    for path in ["1-1: ", "1-2: "] {
        let mut asked: Vec<&str> = run
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix(path))
            .filter_map(|line| line.split(" wIndex").next())
            .collect();
        asked.sort_unstable();
        let expected =
            [2, 3, 4, 5, 6, 7].map(|index| format!("GET_DESCRIPTOR wValue {index:#06x}"));
        let expected = expected.map(|line| line.replace("0x00", "0x03"));
        assert_text("requests", &asked.join("\n"), &expected.join("\n"));
    }
}

//! Boards that can't be had, protect their memory, have worn flash or are unplugged: what is said, and what to do next.

use crate::run::{FlashFile, assert_text, bytes, sample, stdfu};
use crate::trace::{Transfer, transfers};

/// Runs a command on an F405 whose flash is full, as text and with `--json`, and asserts the last error with its hint.
/// Returns what flash holds after each of the two.
#[track_caller]
fn check(options: &str, command: &str, exit: i32, message: &str, hint: &str) -> [FlashFile; 2] {
    let run = |json: &str| {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu(json)
            .arg("--sim")
            .arg(flash.board("f405") + options)
            .args(command)
            .run();
        let error = run.stderr.find("error: ").expect("an error");
        // In JSON, a board's message does without its name.
        let stderr = &run.stderr[error..];
        let indented = hint.replace('\n', "\n      ");
        assert_text(
            "stderr",
            stderr,
            &format!("error: {message}\nhint: {indented}\n"),
        );
        (run, flash)
    };
    let (text, flash) = run("");
    assert_eq!((text.exit, text.stdout.as_str()), (exit, ""), "{text:?}");
    let (json, flash_with_json) = run("--json");
    let document = json.document(exit);
    let found = match document["error"].as_object() {
        Some(error) => (
            error["exit"].clone(),
            error["message"].clone(),
            error["hint"].clone(),
        ),
        None => {
            let board = &document["boards"][0];
            assert_eq!(board["serial"], "336133663433", "{document}");
            assert_eq!(board["left"], false, "{document}");
            (
                board["exit"].clone(),
                board["error"].clone(),
                board["hint"].clone(),
            )
        }
    };
    let message = message
        .strip_prefix("336133663433 at 1-1: ")
        .unwrap_or(message);
    assert_eq!(
        found,
        (exit.into(), message.into(), hint.into()),
        "{document}"
    );
    [flash, flash_with_json]
}

#[track_caller]
fn check_untouched(options: &str, command: &str, exit: i32, message: &str, hint: &str) {
    for flash in check(options, command, exit, message, hint) {
        flash.is_untouched();
    }
}

/// On an F405, "flash" erases the first sector and writes 5123 bytes, the first 2048 of them last.
const COMMANDS: [&str; 3] = ["flash blinky.dfu", "erase 0x08000000", "erase --all"];

#[test]
#[cfg(target_os = "linux")]
fn a_board_without_permission_is_told_with_the_command_that_installs_the_rule() {
    let hint = "Install the udev rule, then plug the board in again:\n\
                stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules\n\
                Over ssh and in CI you have to be in the group plugdev, too.";
    let message = "the board at 1-1 (0483:df11) can't be opened: permission denied";
    for command in COMMANDS.into_iter().chain(["serial"]) {
        check_untouched(",quirk=no-access", command, 5, message, hint);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_board_without_permission_is_listed_with_what_is_known() {
    let run = stdfu("--sim f405,quirk=no-access list").run();
    assert_eq!(run.exit, 5, "{run:?}");
    let stdout = "\
serial number unknown
  path 1-1   ids 0483:df11
  can't be opened: permission denied
";
    assert_text("stdout", &run.stdout, stdout);
    assert!(run.stderr.contains("/etc/udev/rules.d/"), "{run:?}");
    // One that can be opened makes the list an answer.
    let run = stdfu("--sim f405,quirk=no-access --sim l476 list").run();
    let both = "\
SERIAL        CHIP OR DEVICE                      FLASH  PATH
-             can't be opened: permission denied  -      1-1
205834865852  STM32  BOOTLOADER                   1 MiB  1-2
";
    let hint = "hint: `stdfu doctor` says what to do about what can't be opened.\n";
    run.says(0, both, hint);
}

#[test]
fn a_board_that_another_program_holds_is_told_so() {
    for command in COMMANDS {
        check_untouched(
            ",quirk=busy",
            command,
            5,
            "336133663433 at 1-1: claiming the DFU interface: another program is using the device; \
             nothing was erased or written",
            "Close the other program, then repeat the command.",
        );
    }
    // Who only asks for strings needs no interface.
    stdfu("--sim f405,quirk=busy serial")
        .run()
        .answers("336133663433\n");
}

const UNPLUGGED: &str = "Check the cable, put the board into DFU mode again and repeat the command.\n\
     If it happens again: --record FILE records it, for a report.";

#[test]
fn an_unplugged_board_is_told_with_how_far_the_work_had_come() {
    let check = |request: usize, message: &str| {
        let message = format!("336133663433 at 1-1: {message}");
        check(
            &format!(",fault=unplug@{request}"),
            "flash blinky.dfu",
            8,
            &message,
            UNPLUGGED,
        )
    };
    let number = |is_meant: &dyn Fn(&Transfer) -> bool| number("flash blinky.dfu", is_meant);
    let writes = |address: u32| move |transfer: &Transfer| matches!(transfer, Transfer::Write(block) if block.start == address);
    for flash in check(
        number(&|transfer| matches!(transfer, Transfer::Read(_))),
        "reading at 0x08000000: the device is gone; nothing was erased or written",
    ) {
        flash.is_untouched();
    }
    // DNLOAD only stores: it is the GETSTATUS behind it that starts the work.
    let erase = number(&|transfer| *transfer == Transfer::Erase(0x0800_0000));
    for flash in check(
        erase + 1,
        "erasing the sector at 0x08000000: the device is gone; so far 0 sectors erased and 0 bytes written; \
         11261 bytes of other data in the same sectors may be gone",
    ) {
        flash.is_untouched();
    }
    let mut expected = FlashFile::full(1 << 20).before();
    expected[..0x4000].fill(0xFF);
    for flash in check(
        number(&writes(0x0800_0800)) + 1,
        "writing at 0x08000800: the device is gone; so far 1 sector erased and 0 bytes written; \
         11261 bytes of other data in the same sectors are gone",
    ) {
        flash.holds(&expected);
    }
    expected[0x800..0x1000].copy_from_slice(&sample("blinky.bin")[0x800..0x1000]);
    for flash in check(
        number(&writes(0x0800_1000)) + 1,
        "writing at 0x08001000: the device is gone; so far 1 sector erased and 2048 bytes written; \
         11261 bytes of other data in the same sectors are gone",
    ) {
        flash.holds(&expected);
    }
}

/// The number, from 1, of a control transfer that a command sends to the same board without a fault.
#[track_caller]
fn number(command: &str, is_meant: impl Fn(&Transfer) -> bool) -> usize {
    let run = stdfu("-vv --sim")
        .arg(FlashFile::full(1 << 20).board("f405"))
        .args(command)
        .run();
    let transfers = transfers(&run.stderr);
    1 + transfers.iter().position(is_meant).expect("it is sent")
}

#[test]
fn a_board_that_is_unplugged_while_it_is_erased_is_told() {
    let second = number("erase 0x08000000+32K", |transfer| {
        *transfer == Transfer::Erase(0x0800_4000)
    });
    for flash in check(
        &format!(",fault=unplug@{}", second + 1),
        "erase 0x08000000+32K",
        8,
        "336133663433 at 1-1: erasing the sector at 0x08004000: the device is gone; \
         so far 1 sector erased and 0 bytes written; 1 sector may be erased, too",
        UNPLUGGED,
    ) {
        let mut expected = flash.before();
        expected[..0x4000].fill(0xFF);
        flash.holds(&expected);
    }
}

#[test]
fn a_board_that_goes_away_after_all_is_verified_has_left() {
    // The last request that reaches the board is the GETSTATUS behind the zero-length DNLOAD.
    let requests = stdfu("--json --sim f405 flash blinky.dfu").run().boards(0)[0]["requests"]
        .as_u64()
        .expect("a number");
    let run = stdfu("--json --sim")
        .arg(format!("f405,fault=unplug@{requests}"))
        .arg("flash")
        .arg("blinky.dfu")
        .run();
    assert_eq!(run.boards(0)[0]["left"], true);
}

/// What is told where flash holds something else than it should.
const DIFFERS: &str = "Write protection can cause this without an error: check the option bytes.\n\
                       Otherwise repeat the command. If it fails at the same address again, the flash there is worn out.\n\
                       If it happens again: --record FILE records it, for a report.";

/// AN3156: no error is returned when erasing or writing write-protected sectors.
#[test]
fn a_write_protected_sector_is_found_though_the_board_says_that_all_is_well() {
    // The flash file is full of other bytes than these.
    let before = bytes(1 << 20, 0x5744);
    let (found, expected) = (before[0], sample("blinky.bin")[0]);
    check_untouched(
        ",quirk=write-protected=0x08000000",
        "flash blinky.dfu",
        9,
        &format!(
            "336133663433 at 1-1: verification failed: 0x08000000 holds {found:#04x} where {expected:#04x} should be; \
             so far 0 sectors erased and 5123 bytes written"
        ),
        DIFFERS,
    );
    let found = before[0];
    check_untouched(
        ",quirk=write-protected=0x08000000",
        "erase 0x08000000",
        9,
        &format!(
            "336133663433 at 1-1: verification failed: 0x08000000 holds {found:#04x} where 0xff should be; \
             so far 0 sectors erased and 0 bytes written"
        ),
        DIFFERS,
    );
    let found = before[0x2_0000];
    let flashes = check(
        ",quirk=write-protected=0x08020000",
        "erase --all",
        9,
        &format!(
            "336133663433 at 1-1: verification failed: 0x08020000 holds {found:#04x} where 0xff should be; \
             so far 11 sectors erased and 0 bytes written"
        ),
        DIFFERS,
    );
    for flash in flashes {
        let mut expected = flash.before();
        expected[..0x2_0000].fill(0xFF);
        expected[0x4_0000..].fill(0xFF);
        flash.holds(&expected);
    }
}

#[test]
fn a_write_protected_sector_that_is_not_touched_is_no_trouble() {
    for command in ["flash blinky.dfu", "erase 0x08000000"] {
        let run = stdfu("--sim")
            .arg(FlashFile::full(1 << 20).board("f405,quirk=write-protected=0x08004000"))
            .args(command)
            .run();
        assert_eq!(run.exit, 0, "{run:?}");
    }
}

#[test]
fn a_worn_bit_is_found_with_its_address() {
    let expected = sample("blinky.bin")[0x1234];
    let found = expected ^ 1;
    check(
        ",quirk=flipped-bit=0x08001234",
        "flash blinky.dfu",
        9,
        &format!(
            "336133663433 at 1-1: verification failed: 0x08001234 holds {found:#04x} where {expected:#04x} should be; \
             so far 1 sector erased and 5123 bytes written; the sector with the vector table was erased again, \
             so that the board doesn't start half an application; 11261 bytes of other data in the same sectors are gone"
        ),
        DIFFERS,
    );
}

/// The block with the vector table is erased again, should the rest turn out wrong.
#[test]
fn a_worn_bit_behind_the_first_block_leaves_no_application_to_be_started() {
    for address in ["0x08000800", "0x08000FFF", "0x08001400"] {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("--sim")
            .arg(flash.board(&format!("f405,quirk=flipped-bit={address}")))
            .args("flash blinky.dfu")
            .run();
        assert_eq!(run.exit, 9, "{run:?}");
        assert_eq!(flash.now()[..0x800], [0xFF; 0x800], "{address}");
    }
}

#[test]
fn read_protection_is_named_and_nothing_is_touched() {
    let check = |command: &str, work: &str| {
        check_untouched(
            ",quirk=read-protected",
            command,
            10,
            &format!(
                "336133663433 at 1-1: {work}: the chip's read protection is on; nothing was erased or written"
            ),
            "`stdfu unprotect` lifts it, and erases everything on the chip.",
        );
    };
    check("flash blinky.dfu", "setting the address 0x08000000");
    check("flash blinky.dfu --mass-erase", "erasing all of the memory");
    check("erase 0x08010000", "erasing the sector at 0x08010000");
    check("erase --all", "erasing all of the memory");
}

/// Of all that goes wrong here, nothing else is read protection.
#[test]
fn read_protection_is_named_only_where_it_is() {
    for options in [
        "quirk=busy",
        "quirk=write-protected=0x08000000",
        "quirk=flipped-bit=0x08000800",
        "fault=unplug@12",
        "fault=unplug@20",
    ] {
        for command in COMMANDS {
            let run = stdfu("--json --sim")
                .arg(FlashFile::full(1 << 20).board(&format!("f405,{options}")))
                .args(command)
                .run();
            assert_ne!(run.exit, 10, "{options}: {run:?}");
            for text in [&run.stdout, &run.stderr] {
                assert!(!text.contains("read protection"), "{options}: {run:?}");
            }
        }
    }
}

#[test]
fn trouble_with_one_board_leaves_the_other_alone() {
    let good = FlashFile::full(1 << 20);
    let run = stdfu("--json --every --sim f405,quirk=read-protected --sim")
        .arg(good.board("f405"))
        .args("flash blinky.dfu")
        .run();
    let boards = run.boards(10);
    assert_eq!(boards[0]["exit"], 10);
    assert_eq!(boards[1]["exit"], 0);
    let mut expected = good.before();
    let blinky = sample("blinky.bin");
    expected[..0x4000].fill(0xFF);
    expected[..blinky.len()].copy_from_slice(&blinky);
    good.holds(&expected);
}

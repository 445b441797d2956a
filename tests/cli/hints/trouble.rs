//! The board goes wrong in the middle of the work.

use super::*;
use crate::devices::write_at;
use crate::firmware::Firmware;
use crate::run::sample;

const DIFFERS: &str = "\
hint: Write protection can cause this without an error: check the option bytes.
      Otherwise repeat the command. If it fails at the same address again, the flash there is worn out.
      If it happens again: --record FILE records it, for a report.
";

#[test]
fn read_protection() {
    let hint = "hint: `stdfu unprotect` lifts it, and erases everything on the chip.\n";
    let pointer = "setting the address 0x08000000";
    for (command, phase, action) in [
        ("flash blinky.dfu", "comparing 5.0 KiB", pointer),
        ("leave", "starting the application", pointer),
        ("erase --all", "mass-erasing", "erasing all of the memory"),
    ] {
        let state = match command {
            "leave" => "",
            _ => "; nothing was erased or written",
        };
        let stderr = format!(
            "{phase}\nerror: 336133663433 at 1-1: {action}: the chip's read protection is on{state}\n{hint}"
        );
        check_untouched("f405,quirk=read-protected", command, 10, &stderr);
    }
}

/// A chip whose protection is on would have refused what came before, and refuses what comes behind.
#[test]
fn one_errvendor_in_the_middle_of_the_work_is_no_read_protection() {
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405");
    let command = "flash blinky.bin --address 0x08004000 --full --stay";
    let dry = FlashFile::full(1 << 20);
    let request = write_at(&dry.board("f405"), command, 0x0800_4800) + 1;
    stdfu("--sim")
        .arg(format!("{board},fault=errVENDOR@{request}"))
        .args(command)
        .run()
        .says(
            0,
            "OK  336133663433 at 1-1  5.0 KiB written, verified, still in DFU mode  0.0 s\n    lost: 11.0 KiB of other data in the erased sectors (--preserve keeps it)\n",
            "\
warning: nothing can start from the vector table at 0x08004000: \
the reset vector is 0x080001c1, expected an address in the file, 0x08004000..0x08005403
reading the rest of the sectors 11.0 KiB
erasing 16 KiB
writing 4 KiB
writing at 0x08004800: the board answered errVENDOR in dfuERROR; trying again
writing the first block
verifying 6 KiB
",
        );
}

/// The tools of the day end in "done" here.
#[test]
fn a_write_protected_sector() {
    let firmware = Firmware::application(24 << 10);
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405,quirk=write-protected=0x08004000");
    let differs = format!(
        "verification failed: 0x08004000 holds {:#04x} where {:#04x} should be",
        flash.before()[0x4000],
        firmware.bytes[0x4000],
    );
    let stderr = format!(
        "\
comparing 24 KiB
reading the rest of the sectors 8 KiB
erasing 32 KiB
writing 22 KiB
writing the first block
verifying 24 KiB
{differs}; trying again
{differs}; erasing and writing that once more
erasing 32 KiB
writing 22 KiB
writing the first block
verifying 24 KiB
{differs}; trying again
error: 336133663433 at 1-1: {differs}; so far 1 sector erased and 24576 bytes written; \
the sector with the vector table was erased again, so that the board doesn't start half an application
{DIFFERS}"
    );
    stdfu("--sim")
        .arg(&board)
        .args(&format!("flash {} --address 0x08000000", firmware.path()))
        .run()
        .says(9, "", &stderr);
}

#[test]
fn a_write_protected_sector_that_was_to_be_erased() {
    let flash = FlashFile::full(1 << 20);
    let found = flash.before()[0x4000];
    let differs =
        format!("verification failed: 0x08004000 holds {found:#04x} where 0xff should be");
    let stderr = format!(
        "\
mass-erasing
checking for blank 1 MiB
erasing 16 KiB
{differs}; trying again
error: 336133663433 at 1-1: {differs}; so far 11 sectors erased and 0 bytes written
{DIFFERS}"
    );
    stdfu("--sim")
        .arg(flash.board("f405,quirk=write-protected=0x08004000"))
        .args("erase --all")
        .run()
        .says(9, "", &stderr);
}

#[test]
fn a_bit_that_is_worn() {
    let blinky = sample("blinky.bin");
    for address in [0x1123_usize, 0x123] {
        let right = blinky[address];
        let differs = format!(
            "verification failed: {:#010x} holds {:#04x} where {right:#04x} should be",
            0x0800_0000 + address,
            right ^ 1,
        );
        let stderr = format!(
            "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
writing 4 KiB
writing the first block
verifying 6 KiB
{differs}; trying again
{differs}; erasing and writing that once more
erasing 16 KiB
writing 4 KiB
writing the first block
verifying 6 KiB
{differs}; trying again
error: 336133663433 at 1-1: {differs}; so far 1 sector erased and 5123 bytes written; \
the sector with the vector table was erased again, so that the board doesn't start half an application
{DIFFERS}"
        );
        check(
            &format!("--sim f405,quirk=flipped-bit={:#x}", 0x0800_0000 + address),
            "flash blinky.dfu",
            9,
            &stderr,
        );
    }
}

#[test]
fn a_vector_table_that_is_wrong_does_not_stay_in_flash_and_what_was_to_be_kept_does() {
    let check = |options: &str, keeps: bool| {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("--sim")
            .arg(flash.board("f405,quirk=flipped-bit=0x08000123"))
            .args(&format!("flash blinky.dfu {options}"))
            .run();
        assert_eq!(run.exit, 9, "{run:?}");
        assert!(run.stderr.contains("erased again"), "{run:?}");
        let now = flash.now();
        assert!(now[..5123].iter().all(|byte| *byte == 0xFF));
        let mut expected = flash.before();
        if !keeps {
            expected[..0x4000].fill(0xFF);
        }
        assert_eq!(now[5123..], expected[5123..]);
    };
    check("", false);
    check("--full", false);
    check("--preserve", true);
}

/// The number of the DNLOAD of the first block that is written.
fn first_block() -> usize {
    write_at("f405", "flash blinky.dfu", 0x0800_0800)
}

#[test]
fn a_board_that_is_gone() {
    for fault in ["unplug", "power-cut"] {
        check(
            &format!("--sim f405,fault={fault}@{}", first_block() + 1),
            "flash blinky.dfu",
            8,
            "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
writing 4 KiB
error: 336133663433 at 1-1: writing at 0x08000800: the device is gone; so far 0 sectors erased and 0 bytes written
hint: Check the cable, put the board into DFU mode again and repeat the command.
      If it happens again: --record FILE records it, for a report.
",
        );
    }
}

/// As it answers nothing any more, and nobody knows whether it is there.
#[test]
fn a_board_that_falls_silent() {
    let first = first_block();
    let faults: String = (first..first + 60)
        .map(|request| format!(",fault=lost-request@{request}"))
        .collect();
    check(
        &format!("--sim f405{faults}"),
        "flash blinky.dfu",
        8,
        "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
writing 4 KiB
writing at 0x08000800: no answer in time; trying again
error: 336133663433 at 1-1: writing at 0x08000800: no answer in time; so far 0 sectors erased and 0 bytes written
hint: Unplug the board, put it into DFU mode again and repeat the command.
      If it happens again: --record FILE records it, for a report.
",
    );
}

#[test]
fn a_board_that_answers_what_nobody_knows() {
    let answer = "setting the address 0x08000000: the board answered OK in unknown state 42";
    let again = format!("{answer}; trying again\n");
    let stderr = format!(
        "comparing 5.0 KiB\n{again}{again}{again}\
         error: 336133663433 at 1-1: {answer}; nothing was erased or written\n\
         hint: Check the layout with `stdfu list`, or repeat the command with -vv to see every request.\n      If it happens again: --record FILE records it, for a report.\n"
    );
    check_untouched("f405,quirk=unknown-state", "flash blinky.dfu", 8, &stderr);
}

#[test]
fn a_board_that_stays_in_dfu_mode() {
    let stderr = "\
starting the application
error: 336133663433 at 1-1: starting the application: the board is still in DFU mode
hint: With BOOT0 low, reset the board or disconnect its power for a moment.
      If it happens again: --record FILE records it, for a report.
";
    check_untouched("f405,quirk=leave=stays", "leave", 8, stderr);
    // After a flash that is no failure.
    let run = stdfu("--sim f405,quirk=leave=stays flash blinky.dfu").run();
    let warning = "warning: 336133663433 at 1-1: flash is right, but the board is still in DFU mode; \
                   reset it to start the application";
    assert_eq!((run.exit, run.stderr.lines().last()), (0, Some(warning)));
}

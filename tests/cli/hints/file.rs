//! The file, or the wish, doesn't fit.

use super::*;
use crate::firmware::Firmware;

const LIST: &str = "hint: `stdfu list` shows the memories of the board.";

#[test]
fn a_raw_binary_without_an_address() {
    for name in ["blinky.bin", "plain.dfu"] {
        let stderr = format!(
            "error: {name}: the file is a raw binary, which doesn't say which address it is for\n\
             hint: Say where it belongs, for most boards: --address 0x08000000.\n"
        );
        check_untouched("f405", &format!("flash {name}"), 2, &stderr);
    }
}

#[test]
fn an_address_for_a_file_that_has_its_own() {
    let stderr = "\
error: blinky.dfu: the file is a DfuSe file, which has its own addresses: 0x08000000 can't be used
hint: Leave out --address.
";
    check_untouched("f405", "flash blinky.dfu --address 0x08000000", 2, stderr);
}

/// Each says what it is, not only what it is not.
#[test]
fn a_dfu_file_that_is_something_else() {
    for (name, error) in [
        (
            "crlf-to-lf.dfu",
            "the file is damaged: expected 5432 bytes, found 5430 and not one CR LF, \
             as after a conversion of text line ends from CR LF to LF",
        ),
        (
            "cut-short.dfu",
            "the file is cut short: expected 5432 bytes, found 2716",
        ),
        (
            "flipped-bit.dfu",
            "offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged",
        ),
        (
            "intel-hex.dfu",
            "offset 0x00000000: expected \"DfuSe\", found \":0200\": the file is Intel HEX text",
        ),
        (
            "raw.dfu",
            "offset 0x00000000: expected \"DfuSe\", found \"\\x00\\x00\\x02 \\xc1\": \
             the file is a raw image that begins with a vector table",
        ),
        (
            "utf8.dfu",
            "the file is damaged: offset 0x00000129: expected firmware, found EF BF BD, \
             which stands for bytes lost when the file was converted to UTF-8 text",
        ),
    ] {
        let hint = match name {
            "intel-hex.dfu" => "hint: If that is what you mean, add --format hex.\n",
            "raw.dfu" => {
                "hint: If it is a raw binary, add --format bin and --address, for most boards 0x08000000.\n"
            }
            "crlf-to-lf.dfu" | "utf8.dfu" => {
                "hint: A program on its way took it for text: git, an editor or a transfer in text mode.\n      \
                 Get it again as binary.\n"
            }
            _ => "hint: Copy it or download it again.\n",
        };
        let stderr = format!("error: {name}: {error}\n{hint}");
        check_untouched("f405", &format!("flash {name}"), 6, &stderr);
    }
}

#[test]
fn a_file_for_a_device_with_other_ids() {
    let stderr = "\
error: 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189
hint: If the file is right for this board anyway, add --any-id.
";
    check_untouched("gd32vf103", "flash blinky.dfu", 7, stderr);
}

#[test]
fn an_alternate_setting_that_the_board_or_the_file_lacks() {
    let check = |arguments: &str, error: &str, rest: &str| {
        let stderr = format!("error: 336133663433 at 1-1: {error}\n{LIST}{rest}\n");
        check_untouched("f405", arguments, 7, &stderr);
    };
    let nothing = " Nothing was erased.";
    let lacks = "the board has no alternate setting 5; it has 0, 1, 2, 3";
    check(
        "flash blinky.bin --address 0x08000000 --alt 5",
        lacks,
        nothing,
    );
    check("erase --all --alt 5", lacks, nothing);
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (5, 0x0800_4000, &[0xA5; 64])]);
    check(&format!("flash {}", file.path()), lacks, nothing);
    check(
        "flash blinky.dfu --alt 2",
        "the file has nothing for alternate setting 2; it has data for 0",
        nothing,
    );
    check(
        "erase --all --alt EEPROM",
        "the board has no memory called \"EEPROM\"; \
         it has \"Internal Flash\", \"Option Bytes\", \"OTP Memory\", \"Device Feature\"",
        "",
    );
}

const F405: &str = "alternate setting 0, \"Internal Flash\": 0x08000000..0x08010000 (read, erase, write), \
     0x08010000..0x08020000 (read, erase, write), 0x08020000..0x08100000 (read, erase, write)";

#[test]
fn an_address_outside_of_the_memory() {
    for (command, address) in [
        ("flash blinky.bin --address 0x07FFF000", "0x07fff000"),
        ("flash blinky.dfu --entry 0x20000000", "0x20000000"),
        ("erase 0x08100000", "0x08100000"),
        ("erase 0x080E0000+256K", "0x08100000"),
    ] {
        let stderr = format!(
            "error: 336133663433 at 1-1: {address} is outside of {F405}\n{LIST} Nothing was erased.\n"
        );
        check_untouched("f405", command, 7, &stderr);
    }
    let stderr = "\
error: 336133663433 at 1-1: the image ends at 0x08100403, but this board's flash ends at 0x08100000
hint: Check that the file is for this chip, and --address if you gave one.
      `stdfu list` shows the memories of the board. Nothing was erased.
";
    check_untouched("f405", "flash blinky.bin --address 0x080FF000", 7, stderr);
    // Where nobody has expected anything to be erased, it is no news that nothing was.
    let stderr = format!("error: 336133663433 at 1-1: 0x20000000 is outside of {F405}\n{LIST}\n");
    check_untouched("f405", "leave 0x20000000", 7, &stderr);
}

#[test]
fn a_read_only_sector() {
    let memory = "alternate setting 0, \"Internal Flash\": \
                  0x08000000..0x08003000 (read), 0x08003000..0x08020000 (read, erase, write)";
    for (command, sector, verb) in [
        (
            "flash blinky.bin --address 0x08000000",
            "0x08000000",
            "written",
        ),
        (
            "flash blinky.bin --address 0x08002C00",
            "0x08002c00",
            "written",
        ),
        ("erase 0x08002C00+2K", "0x08002c00", "erased"),
    ] {
        let stderr = format!(
            "error: 001 at 1-1: the sector at {sector} can't be {verb}: {memory}\n{LIST} Nothing was erased.\n"
        );
        check_untouched("f103", command, 7, &stderr);
    }
}

#[test]
fn a_memory_that_can_not_be_erased() {
    let stderr = format!(
        "error: 336133663433 at 1-1: the sector at 0x1fffc000 can't be erased: \
         alternate setting 1, \"Option Bytes\": 0x1fffc000..0x1fffc010 (read, write)\n{LIST} Nothing was erased.\n"
    );
    for command in ["erase 0x1FFFC000", "erase --all --alt 1"] {
        check_untouched("f405", command, 7, &stderr);
    }
}

#[test]
fn a_range_that_cuts_a_sector() {
    let stderr = "\
error: 336133663433 at 1-1: 0x08019000 is inside the sector from 0x08010000 to 0x08020000: \
a range has to begin and end where sectors do
hint: The nearest borders are 0x08010000 and 0x08020000.
";
    check_untouched("f405", "erase 0x08000000+100K", 7, stderr);
}

#[test]
fn option_bytes_that_were_not_named() {
    let stderr = "\
error: 336133663433 at 1-1: the file has data for alternate setting 1, \"Option Bytes\": \
that changes the chip's settings, possibly permanently
hint: If that is what you want, add --alt 1.
";
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (1, 0x1FFF_C000, &[0xA5; 16])]);
    check_untouched("f405", &format!("flash {}", file.path()), 7, stderr);
}

#[test]
fn two_targets_in_one_sector_of_one_memory() {
    let stderr = "\
error: 20653172574B at 1-1: alternate setting 1 is a memory that another target of the file is for too, \
and both need the sector at 0x08000000
hint: Choose one of the file's targets with --alt.
";
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (1, 0x0800_0400, &[0x22; 64])]);
    check_untouched("g0b1", &format!("flash {}", file.path()), 7, stderr);
}

#[test]
fn a_board_without_a_layout() {
    let stderr = format!(
        "error: 336133663433 at 1-1: the board gives no memory layout that can be read\n\
         alternate settings 0, 1, 2, 3: the board gives no layout\n{LIST}\n"
    );
    for command in ["flash blinky.dfu", "erase --all", "leave"] {
        check_untouched("f405,quirk=strings=no-layout", command, 7, &stderr);
    }
}

#[test]
fn lifting_read_protection_without_a_yes() {
    let stderr = "\
error: lifting read protection erases ALL of the flash and resets the chip: that needs a yes, and nobody can be asked here
hint: Add --yes if that is what you want. Nothing was touched.
";
    check_untouched("f405", "unprotect", 2, stderr);
}

//! `stdfu flash` with a file or a wish that makes no sense: one clear error, the right code, nothing touched.

use std::collections::BTreeSet;
use std::fs;

use crate::firmware::{Firmware, with_crc};
use crate::run::{FlashFile, assert_text, data, stdfu};

/// In bytes.
fn main_flash(board: &str) -> usize {
    match board {
        "f405" => 1 << 20,
        _ => 128 << 10,
    }
}

/// Asserts the error on stderr and an empty stdout, then the same error in the JSON, and that flash is as it was.
#[track_caller]
fn check(board: &str, arguments: &str, exit: i32, stderr: &str) {
    let flash = FlashFile::full(main_flash(board));
    let command = |options: &str| {
        stdfu(options)
            .arg("--sim")
            .arg(flash.board(board))
            .args(&format!("flash {arguments}"))
            .run()
    };
    command("").says(exit, "", stderr);
    let run = command("--json");
    assert_text("stderr with --json", &run.stderr, stderr);
    let document = run.document(exit);
    let errors = stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "one error: {stderr}");
    let (code, message) = match &document["boards"][0] {
        serde_json::Value::Null => (&document["error"]["exit"], &document["error"]["message"]),
        board => (&board["exit"], &board["error"]),
    };
    assert_eq!(*code, exit, "{document}");
    let message = message.as_str().expect("a message");
    assert!(stderr.contains(message), "{message:?} is not in {stderr}");
    flash.is_untouched();
}

/// Where a file is good, `None`.
type Refusal = Option<(i32, &'static str)>;

/// Every sample file, as it ends on an F405 that is told nothing more.
const SAMPLES: [(&str, Refusal); 11] = [
    (
        "blinky.bin",
        Some((
            2,
            "the file is a raw binary, which doesn't say which address it is for\n\
             hint: Say where it belongs, for most boards: --address 0x08000000.",
        )),
    ),
    ("blinky.dfu", None),
    (
        "crlf-to-lf.dfu",
        Some((
            6,
            "the file is damaged: expected 5432 bytes, found 5430 and not one CR LF, \
             as after a conversion of text line ends from CR LF to LF\n\
             hint: A program on its way took it for text: git, an editor or a transfer in text mode.\n\
             \x20     Get it again as binary.",
        )),
    ),
    (
        "cut-short.dfu",
        Some((
            6,
            "the file is cut short: expected 5432 bytes, found 2716\n\
             hint: Copy it or download it again.",
        )),
    ),
    (
        "flipped-bit.dfu",
        Some((
            6,
            "offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged\n\
             hint: Copy it or download it again.",
        )),
    ),
    (
        "intel-hex.dfu",
        Some((
            6,
            "offset 0x00000000: expected \"DfuSe\", found \":0200\": the file is Intel HEX text\n\
             hint: If that is what you mean, add --format hex.",
        )),
    ),
    ("junk-after-name.dfu", None),
    (
        "plain.dfu",
        Some((
            2,
            "the file is a raw binary, which doesn't say which address it is for\n\
             hint: Say where it belongs, for most boards: --address 0x08000000.",
        )),
    ),
    (
        "raw.dfu",
        Some((
            6,
            "offset 0x00000000: expected \"DfuSe\", found \"\\x00\\x00\\x02 \\xc1\": \
             the file is a raw image that begins with a vector table\n\
             hint: If it is a raw binary, add --format bin and --address, for most boards 0x08000000.",
        )),
    ),
    ("two-elements.dfu", None),
    (
        "utf8.dfu",
        Some((
            6,
            "the file is damaged: offset 0x00000129: expected firmware, found EF BF BD, \
             which stands for bytes lost when the file was converted to UTF-8 text\n\
             hint: A program on its way took it for text: git, an editor or a transfer in text mode.\n\
             \x20     Get it again as binary.",
        )),
    ),
];

#[test]
fn every_sample_file_ends_as_it_should() {
    for (name, refusal) in SAMPLES {
        match refusal {
            Some((exit, error)) => check("f405", name, exit, &format!("error: {name}: {error}\n")),
            None => {
                let run = stdfu(&format!("--sim f405 flash {name}")).run();
                assert_eq!(run.exit, 0, "{name}: {run:?}");
            }
        }
    }
}

#[test]
fn every_sample_file_is_in_the_table() {
    let there: BTreeSet<String> = fs::read_dir(data())
        .expect("the samples")
        .filter_map(|entry| entry.expect("readable").file_name().into_string().ok())
        .filter(|name| name.ends_with(".dfu") || name.ends_with(".bin"))
        .collect();
    let tested: BTreeSet<String> = SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, tested);
}

#[test]
fn a_file_with_product_id_0_is_flashed_with_a_note() {
    let stderr = stdfu("--sim f405 flash junk-after-name.dfu").run().stderr;
    assert_eq!(
        stderr.lines().next(),
        Some("warning: The file's product id is 0: it is taken to fit any product.")
    );
}

#[test]
fn what_can_not_be_read_as_a_file_is_an_error_of_no_special_kind() {
    let check = |arguments: &str, stderr: &str| check("f405", arguments, 1, stderr);
    check(
        "missing.bin --address 0x08000000",
        "error: missing.bin: No such file or directory (os error 2)\n",
    );
    check(".", "error: .: Is a directory (os error 21)\n");
}

#[test]
fn a_file_for_another_device_is_refused() {
    let stderr = "\
error: 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189
hint: If the file is right for this board anyway, add --any-id.
";
    check("gd32vf103", "blinky.dfu", 7, stderr);
    // A suffix with ids stands behind this raw binary.
    check("gd32vf103", "plain.dfu --address 0x08000000", 7, stderr);
}

/// Whatever its address is: that it is missing is told only where the file is for the board.
#[test]
fn foreign_ids_are_told_before_a_missing_address() {
    let stderr = "\
error: 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189
hint: If the file is right for this board anyway, add --any-id.
";
    check("gd32vf103", "plain.dfu", 7, stderr);
    let run = stdfu("--sim gd32vf103 verify plain.dfu").run();
    assert_eq!((run.exit, &run.stderr[..]), (7, stderr));
    let missing = "\
error: plain.dfu: the file is a raw binary, which doesn't say which address it is for
hint: Say where it belongs, for most boards: --address 0x08000000.
";
    check("gd32vf103", "plain.dfu --any-id", 2, missing);
    check("f405", "plain.dfu", 2, missing);
    // One of the boards that are meant is one that the file is for.
    let run = stdfu("--sim gd32vf103 --sim f405 --every flash plain.dfu").run();
    run.says(2, "", missing);
    // Nobody waits for a board to hear of the command line.
    let run = stdfu("--sim f405,fault=unplug@1 flash plain.dfu --wait").run();
    run.says(2, "", missing);
}

#[test]
fn an_alternate_setting_that_the_board_lacks_is_refused() {
    check(
        "f405",
        "blinky.bin --address 0x08000000 --alt 4",
        7,
        "\
error: 336133663433 at 1-1: the board has no alternate setting 4; it has 0, 1, 2, 3
hint: `stdfu list` shows the memories of the board. Nothing was erased.
",
    );
    check(
        "f405",
        "blinky.bin --address 0x08000000 --alt Flash",
        7,
        "\
error: 336133663433 at 1-1: the board has no memory called \"Flash\"; \
it has \"Internal Flash\", \"Option Bytes\", \"OTP Memory\", \"Device Feature\"
hint: Did you mean --alt \"Internal Flash\"?
      `stdfu list` shows the memories of the board.
",
    );
    check(
        "f405",
        "blinky.dfu --alt 1",
        7,
        "\
error: 336133663433 at 1-1: the file has nothing for alternate setting 1; it has data for 0
hint: `stdfu list` shows the memories of the board. Nothing was erased.
",
    );
}

/// Today's best tool passes over such a target, and ends with exit code 0.
#[test]
fn a_file_with_a_target_that_the_board_lacks_is_refused_whole() {
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (5, 0x0800_4000, &[0xA5; 64])]);
    check(
        "f405",
        &file.path(),
        7,
        "\
error: 336133663433 at 1-1: the board has no alternate setting 5; it has 0, 1, 2, 3
hint: `stdfu list` shows the memories of the board. Nothing was erased.
",
    );
}

const F405_FLASH: &str = "alternate setting 0, \"Internal Flash\": \
     0x08000000..0x08010000 (read, erase, write), 0x08010000..0x08020000 (read, erase, write), \
     0x08020000..0x08100000 (read, erase, write)";

#[test]
fn addresses_outside_of_the_layout_are_refused() {
    let check = |arguments: &str, address: &str| {
        let stderr = format!(
            "error: 336133663433 at 1-1: {address} is outside of {F405_FLASH}\n\
             hint: `stdfu list` shows the memories of the board. Nothing was erased.\n"
        );
        check("f405", arguments, 7, &stderr);
    };
    check("blinky.bin --address 0x07FFF000", "0x07fff000");
    check("blinky.bin --address 0x20000000", "0x20000000");
    check("blinky.dfu --entry 0x20000000", "0x20000000");
}

#[test]
fn a_board_that_is_too_small_says_by_how_much() {
    let check = |board: &str, address: &str, serial: &str, [image, flash]: [&str; 2]| {
        let arguments = format!("blinky.bin --address {address}");
        let stderr = format!(
            "\
error: {serial} at 1-1: the image ends at {image}, but this board's flash ends at {flash}
hint: Check that the file is for this chip, and --address if you gave one.
      `stdfu list` shows the memories of the board. Nothing was erased.
"
        );
        check(board, &arguments, 7, &stderr);
    };
    let f405 = "336133663433";
    check("f405", "0x080FF000", f405, ["0x08100403", "0x08100000"]);
    check("f405", "0x080FEBFE", f405, ["0x08100001", "0x08100000"]);
    check(
        "g0b1",
        "0x0801F000",
        "20653172574B",
        ["0x08020403", "0x08020000"],
    );
}

#[test]
fn an_image_past_the_end_of_the_address_space_is_refused() {
    check(
        "f405",
        "blinky.bin --address 0xFFFFF000",
        7,
        "error: blinky.bin: expected a file that ends at or below 0xffffffff, \
         found 5123 bytes to be put at 0xfffff000\n",
    );
}

#[test]
fn read_only_sectors_are_refused() {
    let memory = "alternate setting 0, \"Internal Flash\": \
                  0x08000000..0x08003000 (read), 0x08003000..0x08020000 (read, erase, write)";
    for address in ["0x08000000", "0x08002c00"] {
        let stderr = format!(
            "error: 001 at 1-1: the sector at {address} can't be written: {memory}\n\
             hint: `stdfu list` shows the memories of the board. Nothing was erased.\n"
        );
        check(
            "f103",
            &format!("blinky.bin --address {address}"),
            7,
            &stderr,
        );
    }
}

#[test]
fn option_bytes_are_not_written_unless_they_are_named() {
    let stderr = "\
error: 336133663433 at 1-1: the file has data for alternate setting 1, \"Option Bytes\": \
that changes the chip's settings, possibly permanently
hint: If that is what you want, add --alt 1.
";
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (1, 0x1FFF_C000, &[0xA5; 16])]);
    check("f405", &file.path(), 7, stderr);
    let binary = Firmware::of(vec![0xA5; 16], "option-bytes.bin");
    check(
        "f405",
        &format!("{} --address 0x1FFFC000", binary.path()),
        7,
        stderr,
    );
    let plan = stdfu(&format!(
        "--sim f405 flash {} --alt 1 --dry-run",
        file.path()
    ));
    plan.run().says(
        0,
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  1  Option Bytes
     write   0x1fffc000..0x1fffc010   16 bytes
     verify  16 bytes
  stay in DFU mode
",
        "comparing 16 bytes\n",
    );
}

#[test]
fn damage_is_told_with_its_offset() {
    let good = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64])]).bytes;
    // The field, and a byte that is wrong there.
    let check = |offset: usize, byte: u8, error: &str| {
        let mut bytes = good.clone();
        bytes[offset] = byte;
        let file = Firmware::of(with_crc(bytes), "damaged.dfu");
        let stderr = format!("error: {}: {error}\n", file.path());
        check("f405", &file.path(), 6, &stderr);
    };
    check(
        5,
        9,
        "offset 0x00000005: expected version 1 (bVersion), found 9",
    );
    check(
        11,
        b'X',
        "offset 0x0000000b: expected \"Target\", the signature of target 1 of 1, found \"Xarget\"",
    );
    check(
        292,
        0x7F,
        "offset 0x00000121: expected an element size of at most 64, up to the end of the target (dwElementSize), \
         found 2130706496",
    );
}

#[test]
fn an_empty_file_is_refused() {
    for name in ["empty.bin", "empty.dfu"] {
        let file = Firmware::of(Vec::new(), name);
        let stderr = format!("error: {}: the file is empty\n", file.path());
        check(
            "f405",
            &format!("{} --address 0x08000000", file.path()),
            6,
            &stderr,
        );
    }
}

#[test]
fn an_address_is_for_raw_binaries_only() {
    check(
        "f405",
        "blinky.dfu --address 0x08000000",
        2,
        "\
error: blinky.dfu: the file is a DfuSe file, which has its own addresses: 0x08000000 can't be used
hint: Leave out --address.
",
    );
}

#[test]
fn a_format_that_the_file_does_not_have_is_refused() {
    check(
        "f405",
        "blinky.bin --format dfu",
        6,
        "error: blinky.bin: offset 0x00000000: expected \"DfuSe\", found \"\\x00\\x00\\x02 \\xc1\": \
         the file is a raw image that begins with a vector table\n\
         hint: If it is a raw binary, add --format bin and --address, for most boards 0x08000000.\n",
    );
}

//! `stdfu info`: what is in firmware files.

use serde_json::json;

use crate::firmware::Firmware;
use crate::run::stdfu;

#[track_caller]
fn check(arguments: &str, expected: &str) {
    stdfu(&format!("info {arguments}")).run().answers(expected);
}

#[test]
fn each_format_is_named_with_its_addresses() {
    let bytes = "0x08000000..0x08001403   5123 bytes   CRC-32 0xbd034318";
    check(
        "blinky.hex blinky.srec blinky.elf blinky.uf2 blinky.hex.gz",
        &format!(
            "\
blinky.hex: an Intel HEX file, 14449 bytes
  {bytes}
blinky.srec: a Motorola S-record file, 15434 bytes
  {bytes}
blinky.elf: an ELF file, 5668 bytes
  {bytes}
blinky.uf2: a UF2 file, 10752 bytes
  {bytes}
blinky.hex.gz: an Intel HEX file, 7132 bytes, unpacked 14449 bytes
  {bytes}
"
        ),
    );
}

#[test]
fn a_dfu_file_has_targets_ids_and_a_checksum() {
    check(
        "two-elements.dfu",
        "\
two-elements.dfu: a DfuSe file, 1857 bytes
  ids 0483:df11   release 0000   CRC 0x26393a48, right
  for alternate setting 0, \"ST...\"
    0x08000000..0x08000401   1025 bytes   CRC-32 0x91d7f00d
    0x08000404..0x08000607   515 bytes   CRC-32 0xa73d3456
",
    );
}

#[test]
fn a_raw_binary_needs_no_address_to_be_described() {
    check(
        "blinky.bin",
        "\
blinky.bin: a raw binary, 5123 bytes
  at no address   5123 bytes   CRC-32 0xbd034318
",
    );
    check(
        "plain.dfu --address 0x08004000",
        "\
plain.dfu: a raw binary, 5139 bytes
  ids 0483:df11   release 0000   CRC 0x85a73e96, right
  0x08004000..0x08005403   5123 bytes   CRC-32 0xbd034318
",
    );
}

#[test]
fn what_is_odd_is_a_warning() {
    let run = stdfu("info junk-after-name.dfu").run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(
        run.stderr,
        "warning: junk-after-name.dfu: The file's product id is 0: it is taken to fit any product.\n"
    );
}

#[test]
fn every_file_is_described_and_the_first_bad_one_tells_the_exit_code() {
    stdfu("info flipped-bit.dfu blinky.hex missing.bin").run().says(
        6,
        "\
blinky.hex: an Intel HEX file, 14449 bytes
  0x08000000..0x08001403   5123 bytes   CRC-32 0xbd034318
",
        "\
error: flipped-bit.dfu: offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged
error: missing.bin: No such file or directory (os error 2)
",
    );
}

#[test]
fn a_gap_stays_a_gap() {
    let hex = ":020000040800F2\n:024000006162FB\n:024008006364EF\n:00000001FF\n";
    let file = Firmware::of(hex.into(), "gap.hex");
    let run = stdfu(&format!("info {}", file.path())).run();
    assert!(run.stdout.contains("\n  0x08004000..0x08004002   2 bytes"));
    assert!(run.stdout.contains("\n  0x08004008..0x0800400a   2 bytes"));
}

#[test]
fn the_json_has_all_of_it() {
    let document = stdfu("info --json plain.dfu blinky.hex.gz junk-after-name.dfu cut-short.dfu")
        .run()
        .document(6);
    let expected = json!({
        "schema": 1,
        "files": [
            {
                "file": "plain.dfu", "exit": 0, "error": null, "hint": null,
                "format": "bin", "size": 5139, "unpacked_size": null,
                "ids": {"vendor_id": 0x0483, "product_id": 0xDF11, "device_release": 0},
                "crc": 0x85A7_3E96_u32,
                "targets": [{
                    "alt": null, "name": null,
                    "elements": [{"address": null, "size": 5123, "crc32": 0xBD03_4318_u32}],
                }],
                "warnings": [],
            },
            {
                "file": "blinky.hex.gz", "exit": 0, "error": null, "hint": null,
                "format": "hex", "size": 7132, "unpacked_size": 14449,
                "ids": null, "crc": null,
                "targets": [{
                    "alt": null, "name": null,
                    "elements": [{"address": 0x0800_0000, "size": 5123, "crc32": 0xBD03_4318_u32}],
                }],
                "warnings": [],
            },
            {
                "file": "junk-after-name.dfu", "exit": 0, "error": null, "hint": null,
                "format": "dfu", "size": 1333, "unpacked_size": null,
                "ids": {"vendor_id": 0x0483, "product_id": 0, "device_release": 0},
                "crc": 0xD338_6ECC_u32,
                "targets": [{
                    "alt": 0, "name": "ST...",
                    "elements": [{"address": 0x0800_0000, "size": 1024, "crc32": 0xBCF6_EAC7_u32}],
                }],
                "warnings": ["The file's product id is 0: it is taken to fit any product."],
            },
            {
                "file": "cut-short.dfu", "exit": 6,
                "error": "cut-short.dfu: the file is cut short: expected 5432 bytes, found 2716", "hint": null,
                "format": null, "size": null, "unpacked_size": null, "ids": null, "crc": null,
                "targets": [], "warnings": [],
            },
        ],
    });
    assert_eq!(document, expected);
}

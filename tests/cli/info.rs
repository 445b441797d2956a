//! `stdfu info`: what is in firmware files.

use serde_json::json;

use crate::firmware::Firmware;
use crate::run::{Run, sample, stdfu};

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
  family STM32F4 (0x57755a57)
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
hint: Copy it or download it again.
error: missing.bin: No such file or directory (os error 2)
",
    );
}

#[test]
fn the_family_of_a_uf2_file_is_in_the_json_by_number_and_name() {
    let family = |path: &str| {
        let document = stdfu(&format!("info --json {path}")).run().document(0);
        document["files"][0]["family"].clone()
    };
    assert_eq!(
        family("blinky.uf2"),
        json!({"id": 0x5775_5A57, "name": "STM32F4"})
    );
    let mut bytes = crate::run::sample("blinky.uf2");
    for block in bytes.chunks_mut(512) {
        block[28..32].copy_from_slice(&0x1234_5678_u32.to_le_bytes());
    }
    let file = Firmware::of(bytes, "unknown.uf2");
    assert_eq!(
        family(&file.path()),
        json!({"id": 0x1234_5678, "name": null})
    );
    let text = stdfu(&format!("info {}", file.path())).run().stdout;
    assert!(
        text.contains("\n  family 0x12345678, which is not a known one\n"),
        "{text}"
    );
    assert_eq!(family("blinky.hex"), json!(null));
}

#[test]
fn foreign_ids_are_told_of_a_raw_binary_that_is_at_no_address() {
    let run = stdfu("info plain.dfu --sim gd32vf103").run();
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stdout.ends_with(
            "doesn't fit 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189\n"
        ),
        "{run:?}"
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
                "sha256": "82c1dcd438babf433a03eddc926ab19ca4af929522896a749adff9a8c4c62b8e",
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
                "sha256": "3685b3653bb195244240dda8466267a0d51ec851a2d8482df3ce951ade961158",
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
                "sha256": "e8ffeff0a7dd4fea38dd68819bbecde4d8d46a3154e0fe80924b9e6e470d5c13",
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
                "error": "cut-short.dfu: the file is cut short: expected 5432 bytes, found 2716",
                "hint": "Copy it or download it again.",
                "format": null, "size": null, "sha256": null, "unpacked_size": null, "ids": null, "crc": null,
                "targets": [], "warnings": [],
            },
        ],
    });
    assert_eq!(document, expected);
}

#[test]
fn a_board_is_asked_only_where_one_is_meant() {
    let without = stdfu("info -vv blinky.dfu").run();
    assert_eq!(without.stderr, "");
    assert!(!without.stdout.contains("fit"), "{without:?}");
    let board = "fits 336133663433 at 1-1\n";
    let check = |run: Run| {
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(run.stdout, format!("{}  {board}", without.stdout));
    };
    check(stdfu("info blinky.dfu --sim f405").run());
    check(stdfu("info blinky.dfu").env("STDFU_SIM", "f405").run());
    let two = "info blinky.dfu --sim f405 --sim l476";
    check(stdfu(two).env("STDFU_PATH", "1-1").run());
    check(stdfu(two).env("STDFU_SERIAL", "336133663433").run());
    check(stdfu(&format!("{two} --path 1-1")).run());
    // On USB, of which there may be none here: the answer is about boards in any case.
    for options in [
        "--serial X",
        "--path 77-7",
        "--id 1234:5678",
        "--every --id 1234:5678",
    ] {
        let run = stdfu(&format!("info blinky.dfu {options}")).run();
        assert!([3, 5].contains(&run.exit), "{options}: {run:?}");
    }
    let run = stdfu(two).run();
    assert_eq!((run.exit, run.stdout.as_str()), (4, ""), "{run:?}");
    let run = stdfu("info blinky.dfu --sim f405 --serial X").run();
    assert_eq!(run.exit, 3, "{run:?}");
}

#[test]
fn whether_a_file_fits_is_said_for_each_board() {
    let fits = |arguments: &str, exit: i32, expected: &[&str]| {
        let run = stdfu(&format!("info {arguments}")).run();
        assert_eq!(run.exit, exit, "{run:?}");
        let said: Vec<&str> = run
            .stdout
            .lines()
            .filter(|line| line.contains("fit"))
            .collect();
        assert_eq!(said, expected, "{run:?}");
    };
    fits(
        "blinky.dfu blinky.hex --sim gd32vf103 --sim f405 --every",
        7,
        &[
            "  doesn't fit 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189",
            "  fits 336133663433 at 1-2",
            "  fits 3CBJ at 1-1",
            "  fits 336133663433 at 1-2",
        ],
    );
    fits(
        "blinky.bin --address 0x0801FFFF --sim g0b1",
        7,
        &[
            "  doesn't fit 20653172574B at 1-1: the image ends at 0x08021402, but this board's flash ends at 0x08020000",
        ],
    );
    let run = stdfu("info blinky.hex --sim f103").run();
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stdout
            .contains("  doesn't fit 001 at 1-1: the sector at 0x08000000 can't be written")
    );
    // The memory of the option bytes is known only to a board that is asked for all of them.
    let file = Firmware::dfuse(&[(1, 0x1FFF_C000, &[0xFF; 16])]);
    let run = stdfu(&format!("info {} --sim f405", file.path())).run();
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stdout
            .contains("changes the chip's settings, possibly permanently"),
        "{run:?}"
    );
}

#[test]
fn the_judgement_is_that_of_flash() {
    for board in [
        "f405",
        "f103",
        "gd32vf103",
        "l072",
        "f405,quirk=strings=no-layout",
    ] {
        for file in [
            "blinky.dfu",
            "blinky.elf",
            "two-elements.dfu",
            "junk-after-name.dfu",
            "blinky.bin --address 0x08003000",
            "blinky.bin --address 0x0802F000",
            "blinky.bin --address 0x1FFF7800",
        ] {
            let run = |command: &str| stdfu(&format!("{command} {file} --sim {board}")).run();
            let (info, flash) = (run("info"), run("flash --dry-run"));
            assert_eq!(
                info.exit, flash.exit,
                "{file} on {board}: {info:?} {flash:?}"
            );
        }
    }
}

#[test]
fn where_it_can_not_be_said_whether_a_file_fits_that_is_no_yes() {
    let run = stdfu("info blinky.bin --sim f405").run();
    run.says(
        2,
        "blinky.bin: a raw binary, 5123 bytes\n  at no address   5123 bytes   CRC-32 0xbd034318\n",
        "\
error: blinky.bin: 336133663433 at 1-1: the file is a raw binary, which doesn't say which address it is for
hint: Say where it belongs, for most boards: --address 0x08000000.
",
    );
    let run = stdfu("info blinky.dfu --sim f405 --sim f405,quirk=no-access --every --json").run();
    let document = run.document(5);
    assert_eq!(
        document["files"][0]["boards"],
        json!([
            {"serial": "336133663433", "path": "1-1", "exit": 0, "fits": true, "reason": null, "warnings": []},
            {"serial": null, "path": "1-2", "exit": 5, "fits": null, "reason": "permission denied", "warnings": []},
        ])
    );
    // The first file's trouble comes first.
    let run = stdfu("info cut-short.dfu blinky.hex --sim f103").run();
    assert_eq!(run.exit, 6, "{run:?}");
}

#[test]
fn a_board_that_could_not_start_from_it_is_warned_of() {
    const FAULT: &str = "nothing can start from the vector table at 0x08004000: \
                         the reset vector is 0x080001c1, expected an address in the file, 0x08004000..0x08005403";
    let file = Firmware::dfuse(&[(0, 0x0800_4000, &sample("blinky.bin"))]);
    let arguments = &format!("info {}", file.path());
    let run = stdfu(&format!("--sim f405 --sim f427 --every {arguments}")).run();
    assert_eq!(run.stderr, format!("warning: {}: {FAULT}\n", file.path()));
    let document = stdfu(&format!("--json --sim f405 {arguments}"))
        .run()
        .document(0);
    assert_eq!(document["files"][0]["boards"][0]["warnings"][0], FAULT);
    assert_eq!(stdfu(arguments).run().stderr, "");
}

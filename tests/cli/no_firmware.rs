//! Files that are no firmware: text and containers in its place.

use std::io::Write;

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};

const F405: usize = 1 << 20;
const ONLY: &str =
    "only DfuSe, Intel HEX, S-record, ELF and UF2 files and raw binaries can be read";
const ALL_THE_SAME: &str = "To use it anyway, byte for byte, add --format bin.";

/// Files of all kinds under the name of firmware, what each is called, and the beginning of its hint.
fn samples() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let server = "The server probably sent this in place of the file: download it again.";
    let mut samples: Vec<(Vec<u8>, &str, &str)> = [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 96244\n"[..],
            "a Git LFS pointer",
            "Fetch the file itself with `git lfs pull`.",
        ),
        (b"404: Not Found", "an error message of a server", server),
        (
            b"<!-- mirror 7 -->\r\n<html><body>Gone</body></html>",
            "a web page (HTML)",
            server,
        ),
        (
            b"\xEF\xBB\xBF<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
            "an XML document",
            server,
        ),
        (
            b"{\"message\": \"Bad credentials\"}",
            "JSON text",
            ALL_THE_SAME,
        ),
        (
            b"{\"board_id\": 9, \"image_size\": 4, \"image\": \"eJwBAAD//wAAAAE=\"}",
            "a firmware for ArduPilot's or PX4's own uploader (JSON)",
            "Use the .hex or the .bin of the same build",
        ),
        (
            b"@8000\n31 40 00 03 B2 40\nq\n",
            "TI-TXT text",
            "Make a .hex of it: `srec_cat",
        ),
        (b"# Firmware\n\nSee releases.\n", "text", ALL_THE_SAME),
        (b"\xFF\xFEH\0e\0l\0l\0o\0\r\0\n\0", "text", ALL_THE_SAME),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0",
            "a zip archive",
            "Unpack it with `unzip`, and use the file in it.",
        ),
        (
            b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46",
            "an xz-compressed file",
            "Unpack it with `xz -dk`",
        ),
        (
            b"BZh91AY&SY\x12\x34",
            "a bzip2-compressed file",
            "Unpack it with `bzip2 -dk`",
        ),
        (
            b"\x28\xB5\x2F\xFD\x24\x04",
            "a zstd-compressed file",
            "Unpack it with `zstd -d`",
        ),
        (
            b"7z\xBC\xAF\x27\x1C\0\x04",
            "a 7z archive",
            "Unpack it with `7z x`",
        ),
        (
            b"Rar!\x1A\x07\x01\0\x33",
            "a rar archive",
            "Unpack it with `unrar x`",
        ),
        (
            b"MSCF\0\0\0\0\x2C\x01\0\0",
            "a cabinet archive",
            "Unpack it with `cabextract`",
        ),
        (
            b"!<arch>\nmain.o/         0 ",
            "an ar archive",
            "Unpack it with `ar x`",
        ),
        (
            b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR",
            "a PNG picture",
            ALL_THE_SAME,
        ),
        (b"%PDF-1.7\n%\xE2\xE3", "a PDF document", ALL_THE_SAME),
    ]
    .into_iter()
    .map(|(bytes, name, hint)| (bytes.to_vec(), name, hint))
    .collect();
    let mut exe = vec![0; 512];
    exe[..2].copy_from_slice(b"MZ");
    exe[60] = 0x80;
    exe[0x80..0x84].copy_from_slice(b"PE\0\0");
    samples.push((exe, "a program for Windows or DOS", ALL_THE_SAME));
    for signature in [&b"ustar\x0000"[..], b"ustar  \0", b""] {
        let hint = "Unpack it with `tar xf`, and use the file in it.";
        samples.push((tar(signature), "a tar archive", hint));
    }
    samples
}

/// A tar archive of a file that is empty, with this signature.
fn tar(signature: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 1536];
    bytes[..12].copy_from_slice(b"firmware.bin");
    for (at, field) in [(100, "0000644"), (124, "00000000000"), (136, "14700000000")] {
        bytes[at..at + field.len()].copy_from_slice(field.as_bytes());
    }
    bytes[257..257 + signature.len()].copy_from_slice(signature);
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

/// Asserts what is said of the file, and that nothing was touched.
#[track_caller]
fn check(arguments: &str, error: &str, hint: &str) {
    let flash = FlashFile::full(F405);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(arguments)
        .run();
    assert_eq!((run.exit, &run.stdout[..]), (6, ""), "{arguments}: {run:?}");
    let expected = format!("error: {error}\nhint: {hint}");
    assert!(
        run.stderr.starts_with(&expected),
        "{arguments}: {}\n{expected}",
        run.stderr
    );
    assert!(
        run.stderr.ends_with(&format!("{ALL_THE_SAME}\n")),
        "{run:?}"
    );
    flash.is_untouched();
}

#[test]
fn what_is_no_firmware_is_refused_by_its_name_with_what_to_do() {
    for (bytes, name, hint) in samples() {
        let file = Firmware::of(bytes, "firmware.bin");
        let path = file.path();
        let error = format!("{path}: the file is {name}: {ONLY}");
        check(&format!("flash {path} --address 0x08000000"), &error, hint);
        check(&format!("verify {path} --address 0x08000000"), &error, hint);
        check(
            &format!("convert {path} --address 0x08000000 --to hex -o -"),
            &error,
            hint,
        )
    }
}

#[test]
fn no_address_makes_firmware_of_it_and_none_is_asked_for() {
    let (bytes, name, hint) = samples().swap_remove(0);
    for bytes in [packed(&bytes), bytes] {
        let file = Firmware::of(bytes, "firmware.bin.gz");
        let path = file.path();
        let error = format!("{path}: the file is {name}: {ONLY}");
        for address in [
            "",
            "--address 0x08000000",
            "--address 0x080F0000",
            "--address 0x08080000",
            "--address 0x1FFFC000 --alt 1",
            "--address 0x20000000",
            "--address 0xFFFF0000",
        ] {
            check(&format!("flash {path} {address}"), &error, hint);
        }
        // There, it may be some board's external flash. This one has none.
        let error = format!("336133663433 at 1-1: {error}");
        check(&format!("flash {path} --address 0"), &error, hint);
    }
}

#[test]
fn a_tar_archive_that_is_compressed_is_one_all_the_same() {
    let file = Firmware::of(packed(&tar(b"ustar\x0000")), "firmware.tar.gz");
    check(
        &format!("flash {} --address 0x08000000", file.path()),
        &format!("{}: the file is a tar archive: {ONLY}", file.path()),
        "Unpack it with `tar xf`",
    );
}

#[test]
fn the_name_of_a_format_changes_nothing() {
    let (bytes, name, hint) = samples().swap_remove(0);
    for (extension, beginning) in [
        ("dfu", "\"DfuSe\""),
        ("hex", "an Intel HEX record (\":\" and digits)"),
        ("elf", "\"\\x7fELF\""),
        ("srec", "a Motorola S-record (\"S\" and digits)"),
        ("uf2", "\"UF2\\n\""),
    ] {
        let file = Firmware::of(bytes.clone(), &format!("firmware.{extension}"));
        check(
            &format!("flash {}", file.path()),
            &format!(
                "{}: offset 0x00000000: expected {beginning}, found \"versi\": the file is {name}",
                file.path()
            ),
            hint,
        );
    }
}

#[test]
fn the_bytes_are_flashed_where_bytes_are_asked_for() {
    for (bytes, name, _) in samples() {
        let file = Firmware::of(bytes, "firmware.bin");
        let flash = FlashFile::full(F405);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!(
                "flash {} --address 0x08004000 --format bin",
                file.path()
            ))
            .run();
        assert_eq!(run.exit, 0, "{name}: {run:?}");
        assert!(flash.now()[0x4000..].starts_with(&file.bytes), "{name}");
    }
}

#[test]
fn info_says_it_too() {
    for (bytes, name, hint) in samples() {
        let file = Firmware::of(bytes, "firmware.bin");
        for arguments in ["", "--address 0x08000000", "--address 0", "--sim f405"] {
            let run = stdfu(&format!("info --json {} {arguments}", file.path())).run();
            let document = run.document(6);
            let described = &document["files"][0];
            assert_eq!(
                described["error"],
                format!("{}: the file is {name}: {ONLY}", file.path()),
            );
            let said = described["hint"].as_str().expect("a hint");
            assert!(said.starts_with(hint), "{said}");
        }
    }
}

/// Assets and file systems go there as they are.
#[test]
fn external_memory_takes_it_with_a_warning() {
    for (bytes, name, _) in samples() {
        let file = Firmware::of(bytes, "assets.bin");
        let path = file.path();
        let warning = format!(
            "The file is {name}: that is no firmware, and goes to external memory byte for byte."
        );
        let run = stdfu(&format!("info {path} --address 0x90000000")).run();
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(run.stderr, format!("warning: {path}: {warning}\n"));
        let run = stdfu(&format!("--sim f405 flash {path} --address 0x90000000")).run();
        assert_eq!(run.exit, 7, "{run:?}");
        assert!(run.stderr.starts_with(&format!("warning: {warning}\n")));
        let run = stdfu(&format!(
            "convert {path} --address 0x90000000 --to hex -o -"
        ))
        .run();
        assert_eq!(run.exit, 0, "{run:?}");
    }
}

/// A DSO Nano has its SPI flash there, and takes what it is given; flash of the chip's own is another matter.
#[test]
fn below_the_chips_flash_it_is_for_the_board_to_say_what_memory_that_is() {
    let file = Firmware::of(b"some text for a screen\n".to_vec(), "assets.bin");
    let path = file.path();
    let warning = "The file is text, not firmware. It is taken byte for byte.";
    for command in ["flash", "flash --dry-run"] {
        let run = stdfu(&format!("--json --sim f103 {command} {path} --address 0")).run();
        let said = format!("warning: {warning}\n");
        assert!(run.stderr.contains(&said), "{run:?}");
        assert_eq!(run.boards(0)[0]["warnings"], serde_json::json!([warning]));
    }
    let info = stdfu(&format!("--json --sim f103 info {path} --address 0")).run();
    let document = info.document(0);
    let fit = &document["files"][0]["boards"][0];
    assert_eq!(fit["fits"], true);
    assert_eq!(fit["warnings"], serde_json::json!([warning]));
    assert_eq!(info.stderr, format!("warning: {path}: {warning}\n"));
    check(
        &format!("flash {path} --address 0 --alt 0"),
        &format!("336133663433 at 1-1: {path}: the file is text: {ONLY}"),
        ALL_THE_SAME,
    );
    let run = stdfu(&format!(
        "--sim f405 --sim f103 --every info {path} --address 0"
    ))
    .run();
    assert_eq!(run.exit, 6, "{run:?}");
}

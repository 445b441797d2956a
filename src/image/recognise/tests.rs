//! Beginnings of files of all kinds.

use super::*;
use crate::image::elf::ELF;
use crate::image::hex::HEX;
use crate::image::srec::SREC;
use crate::image::uf2::UF2;

#[track_caller]
fn check(bytes: &[u8], expected: Content) {
    assert_eq!(Content::of(bytes), expected, "{}", bytes.escape_ascii());
}

#[test]
fn a_file_is_what_its_first_bytes_say() {
    check(b"DfuSe\x01", Content::Firmware(&DFU));
    check(b"\x7FELF\x01\x01\x01\0", Content::Firmware(&ELF));
    check(b"UF2\n\x57\x51\x5D\x9E\0\x20\0\0", Content::Firmware(&UF2));
    check(b"\x1F\x8B\x08\0\0\0\0\0", Content::Gzip);
    check(b":020000040800F2\r\n", Content::Firmware(&HEX));
    check(b":00000001FF", Content::Firmware(&HEX));
    check(b"\xEF\xBB\xBF\r\n:00000001ff\n", Content::Firmware(&HEX));
    check(b"S00600004844521B\n", Content::Firmware(&SREC));
    check(b"S9030000FC", Content::Firmware(&SREC));
    check(b"\0\0\x02\x20\xC1\x01\0\x08\xFF", Content::VectorTable);
    check(b"\0\0\x02\x20\xC0\x01\0\x08\xFF", Content::Raw);
    check(b"\x12\x34", Content::Raw);
    check(b":0200000", Content::Text(TextKind::Plain));
    check(b"Some text: S0", Content::Text(TextKind::Plain));
}

#[test]
fn a_suffix_tells_where_the_first_bytes_do_not() {
    let check = |dfu_version: [u8; 2], expected| {
        let mut bytes = vec![0xA5; 32];
        bytes[22..24].copy_from_slice(&dfu_version);
        bytes[24..28].copy_from_slice(b"UFD\x10");
        assert_eq!(Content::of(&bytes), expected, "{dfu_version:02x?}");
    };
    check([0x00, 0x01], Content::PlainDfu);
    check([0x1A, 0x01], Content::Firmware(&DFU));
    check([0x55, 0xAA], Content::PlainDfu);
}

#[test]
fn text_is_told_by_what_it_is() {
    let check = |text: &[u8], kind| check(text, Content::Text(kind));
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
        TextKind::GitLfsPointer,
    );
    check(b"404: Not Found", TextKind::ServerError);
    check(b"Not Found", TextKind::ServerError);
    check(b"Error: 403 FORBIDDEN\n", TextKind::ServerError);
    check(b"\n<!DOCTYPE html>\n<html>", TextKind::Html);
    check(b"<HTML lang=en>", TextKind::Html);
    check(
        b"\xEF\xBB\xBF \r\n<!-- built\n<html -->\n<Html>",
        TextKind::Html,
    );
    check(b"<!-- a --><!-- b --><body>", TextKind::Html);
    check(b"<?xml version=\"1.0\"?><!DOCTYPE html>", TextKind::Html);
    check(b"<html>\0\xFF", TextKind::Html);
    check(
        b"<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code></Error>",
        TextKind::Xml,
    );
    check(b"<svg xmlns=\"\">", TextKind::Xml);
    check(b"<!-- not closed", TextKind::Xml);
    check(b"{\"message\": \"Not Found\"}\n", TextKind::Json);
    check(b"[1, 2, 3]", TextKind::Json);
    check(b"{       }", TextKind::Json);
    check(b"{ this is not }", TextKind::Plain);
    check(
        b"{\n\"board_id\": 9, \"magic\": \"APJFWv1\", \"image\": \"eJzs\"}",
        TextKind::ArduPilot,
    );
    check(b"@F000\n31 40 00 03\nq\n", TextKind::TiTxt);
    check(b"@08000000\r\n00 00 02 20\r\n", TextKind::Verilog);
    check(b"@home\nnot digits\n", TextKind::Plain);
    check("gr\u{FC}ner\r\n".as_bytes(), TextKind::Plain);
    check(b"\x1B[1mdone\x1B[0m\n", TextKind::Plain);
    check(b"\xFF\xFER\0e\0a\0d\0\r\0\n\0", TextKind::Plain);
    check(b"\xFE\xFF\0R\0e\0a\0d", TextKind::Plain);
    check(
        b"Ger\xE4te mit gr\xFCner Leuchte: siehe unten.\r\n",
        TextKind::Plain,
    );
    check(b"1 < 2 < 3", TextKind::Plain);
}

#[test]
fn what_only_looks_like_text_at_first_is_none() {
    for bytes in [
        &b"a string, then its end\0"[..],
        b"\x08ello",
        b"UUUUUUUU",
        b"letters",
        b"\n",
        b"\xFF\xFE\0\0\x01\0",
        b"\xFF\xFEa",
        b"\xE4\xF6\xFC",
        b"<\x01\x02\x03",
    ] {
        check(bytes, Content::Raw);
    }
}

/// The words that are most like letters: a stack pointer and vectors whose every byte can be printed.
#[test]
fn a_vector_table_is_never_text() {
    for [stack, reset] in [
        [0x2020_2020_u32, 0x0820_2021_u32],
        [0x2000_5A4C, 0x0841_4D5B],
        [0x2401_0A0C, 0x0809_0A0D],
    ] {
        let words = [stack.to_le_bytes(), reset.to_le_bytes()].concat();
        let bytes = [&words[..], b"\r\nand nothing but text after it"].concat();
        check(&bytes, Content::VectorTable);
    }
}

/// A tar archive's first header, with a checksum that is right.
fn tar(name: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 1024];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(b"0000644");
    header[257..257 + signature.len()].copy_from_slice(signature);
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

#[test]
fn containers_and_pictures_are_told_by_their_signatures() {
    let check = |bytes: &[u8], name: &str| {
        assert_eq!(
            Content::of(bytes).to_string(),
            name,
            "{}",
            bytes.escape_ascii()
        );
    };
    check(b"PK\x03\x04\x14\0", "a zip archive");
    check(&tar(b"firmware.bin", b"ustar\x0000"), "a tar archive");
    check(&tar(b"firmware.bin", b"ustar  \0"), "a tar archive");
    check(&tar(b"firmware.bin", b""), "a tar archive");
    check(b"\xFD7zXZ\0\0\x04", "an xz-compressed file");
    check(b"BZh91AY&SY\0", "a bzip2-compressed file");
    check(b"\x28\xB5\x2F\xFD\x04", "a zstd-compressed file");
    check(b"\x04\x22\x4D\x18\x64", "an lz4-compressed file");
    check(
        b"\x5D\0\0\x80\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\x12",
        "an lzma-compressed file",
    );
    check(b"7z\xBC\xAF\x27\x1C\0\x04", "a 7z archive");
    check(b"Rar!\x1A\x07\x01\0", "a rar archive");
    check(b"MSCF\0\0\0\0\x5B", "a cabinet archive");
    check(b"!<arch>\ndebian-binary   ", "a Debian package");
    check(b"!<arch>\nmain.o/         ", "an ar archive");
    check(b"070701000000", "a cpio archive");
    check(b"\x89PNG\r\n\x1A\n\0", "a PNG picture");
    check(b"\xFF\xD8\xFF\xE0\0\x10JFIF", "a JPEG picture");
    check(b"%PDF-1.7\n%\xE2", "a PDF document");
    let mut exe = vec![0; 256];
    exe[..2].copy_from_slice(b"MZ");
    exe[60] = 0x80;
    exe[0x80..0x84].copy_from_slice(b"PE\0\0");
    check(&exe, "a program for Windows or DOS");
    let mut dmg = vec![0; 2048];
    dmg[1536..1548].copy_from_slice(b"koly\0\0\0\x04\0\0\x02\0");
    check(&dmg, "a macOS disk image");
    let mut iso = vec![0; 0x8800];
    iso[0x8001..0x8007].copy_from_slice(b"CD001\x01");
    check(&iso, "a CD image (ISO 9660)");
    let mut bmp = vec![0; 100];
    bmp[..6].copy_from_slice(b"BM\x64\0\0\0");
    check(&bmp, "a BMP picture");
}

#[test]
fn short_signatures_alone_tell_nothing() {
    let mut zeros = vec![0; 1024];
    check(&zeros, Content::Raw);
    zeros[0] = 1;
    check(&zeros, Content::Raw);
    for start in [
        &b"BZh9"[..],
        b"MZ\x90\0\x03",
        b"BM\x64\0\0\x01",
        b"\xFF\xD8\xFF\0",
        b"\x5D\0\0\x80\0",
    ] {
        let mut bytes = vec![0xFF; 1024];
        bytes[..start.len()].copy_from_slice(start);
        check(&bytes, Content::Raw);
    }
}

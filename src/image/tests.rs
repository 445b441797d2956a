//! Whole files, as a user hands them in.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::elf::ELF;
use super::hex::HEX;
use super::srec::SREC;
use super::uf2::UF2;
use super::*;

mod mutations;

const BLINKY_BIN: &[u8] = include_bytes!("../../tests/data/blinky.bin");
const BLINKY_DFU: &[u8] = include_bytes!("../../tests/data/blinky.dfu");
const TWO_ELEMENTS: &[u8] = include_bytes!("../../tests/data/two-elements.dfu");
const JUNK_AFTER_NAME: &[u8] = include_bytes!("../../tests/data/junk-after-name.dfu");
const PLAIN: &[u8] = include_bytes!("../../tests/data/plain.dfu");
const FLIPPED_BIT: &[u8] = include_bytes!("../../tests/data/flipped-bit.dfu");
const CUT_SHORT: &[u8] = include_bytes!("../../tests/data/cut-short.dfu");
const CRLF_TO_LF: &[u8] = include_bytes!("../../tests/data/crlf-to-lf.dfu");
const UTF8: &[u8] = include_bytes!("../../tests/data/utf8.dfu");
const INTEL_HEX: &[u8] = include_bytes!("../../tests/data/intel-hex.dfu");
const RAW: &[u8] = include_bytes!("../../tests/data/raw.dfu");
const BLINKY_HEX: &[u8] = include_bytes!("../../tests/data/blinky.hex");
const BLINKY_HEX_GZ: &[u8] = include_bytes!("../../tests/data/blinky.hex.gz");
const BLINKY_SREC: &[u8] = include_bytes!("../../tests/data/blinky.srec");
const BLINKY_ELF: &[u8] = include_bytes!("../../tests/data/blinky.elf");
const BLINKY_UF2: &[u8] = include_bytes!("../../tests/data/blinky.uf2");

const FLASH: Option<u32> = Some(0x0800_0000);

/// Address and data of each element.
pub(super) fn pieces_of(target: &ImageTarget) -> Vec<(u32, &[u8])> {
    let elements = target.elements.iter();
    elements
        .map(|element| (element.address, &element.data[..]))
        .collect()
}

/// A text format: what reads it, and what ends a file.
pub(super) struct Records {
    pub parse: fn(&[u8]) -> Result<Image, ImageError>,
    pub end: &'static str,
}

impl Records {
    /// Of two records with a byte in common, the second may say the same of it and nothing else.
    pub fn check_repetition(&self, record: fn(u8, &[u8]) -> String) {
        let parse = |data| {
            let text = [record(0, b"ab"), record(1, data)].concat() + self.end;
            (self.parse)(text.as_bytes())
        };
        let image = parse(b"b").expect("the same");
        assert_eq!(pieces_of(&image.targets[0]), [(0, &b"ab"[..])]);
        assert_eq!(
            image.warnings,
            ["One record repeats bytes of others, with the same values: at line 2."]
        );
        assert_eq!(
            parse(b"B").map_err(|error| error.to_string()),
            Err("line 2: expected 0x62 at 0x00000001, which line 1 says, found 0x42".to_owned())
        );
    }

    /// What was put into records comes out, in whatever order they are.
    pub fn check_round_trip(
        &self,
        mut records: Vec<String>,
        start: u32,
        data: &[u8],
        backwards: bool,
    ) {
        if backwards {
            records.reverse();
        }
        let text = records.concat() + self.end;
        let image = (self.parse)(text.as_bytes()).expect("what was put in");
        assert_eq!(pieces_of(&image.targets[0]), [(start, data)]);
    }
}

fn options<'a>(
    file_name: &'a str,
    format: Option<&'static Format>,
    address: Option<u32>,
) -> LoadOptions<'a> {
    LoadOptions {
        file_name: Some(Path::new(file_name)),
        format,
        address,
    }
}

/// Loads what has to load: its format, and address and length of each element.
#[track_caller]
fn check(
    bytes: &[u8],
    options: LoadOptions<'_>,
    format: &'static Format,
    elements: &[(u32, usize)],
    warnings: &[&str],
) -> Image {
    let image = load(bytes.to_vec(), &options).expect("nothing to refuse");
    let found: Vec<_> = image
        .targets
        .iter()
        .flat_map(|target| &target.elements)
        .map(|element| (element.address, element.data.len()))
        .collect();
    assert_eq!(image.format, format);
    assert_eq!(found, elements);
    assert_eq!(image.warnings, warnings);
    image
}

#[track_caller]
fn check_refused(bytes: &[u8], options: LoadOptions<'_>, expected: &str) {
    let error = load(bytes.to_vec(), &options).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

/// Asserts what every image promises: no target twice, elements ordered, none empty, none overlapping, none past the end.
#[track_caller]
pub fn assert_in_order(image: &Image) {
    assert!(!image.targets.is_empty());
    for (index, target) in image.targets.iter().enumerate() {
        let mut others = image.targets[..index].iter();
        assert!(others.all(|other| other.alternate_setting != target.alternate_setting));
        assert!(!target.elements.is_empty());
        let mut next = 0;
        for ImageElement { address, data } in &target.elements {
            assert!(
                !data.is_empty() && u64::from(*address) >= next,
                "{address:#x}"
            );
            next = u64::from(*address) + data.len() as u64;
        }
        assert!(next <= 1 << 32);
    }
}

/// Whatever tells the format: the content alone, a name that promises it, a name that promises nothing, the caller.
#[test]
fn the_same_firmware_is_the_same_image_in_every_format() {
    let expected = vec![ImageTarget {
        alternate_setting: None,
        name: None,
        elements: vec![ImageElement {
            address: 0x0800_0000,
            data: BLINKY_BIN.to_vec(),
        }],
    }];
    let check = |bytes: &[u8], name: &str, format: &'static Format| {
        for (name, asked) in [
            (name, None),
            ("firmware", None),
            ("firmware.bin", None),
            (name, Some(format)),
            ("firmware.bin", Some(format)),
        ] {
            let image = load(bytes.to_vec(), &options(name, asked, None)).expect(name);
            assert_eq!(image.format, format, "{name}");
            assert_eq!(image.targets, expected, "{name}");
            assert_eq!((image.ids, image.warnings.len()), (None, 0), "{name}");
        }
    };
    check(BLINKY_HEX, "blinky.hex", &HEX);
    check(BLINKY_HEX_GZ, "blinky.hex.gz", &HEX);
    check(BLINKY_SREC, "blinky.srec", &SREC);
    check(BLINKY_ELF, "blinky.elf", &ELF);
    check(BLINKY_UF2, "blinky.uf2", &UF2);
    let bin = load(BLINKY_BIN.to_vec(), &options("blinky.bin", None, FLASH)).expect("raw");
    assert_eq!(bin.targets, expected);
}

#[test]
fn the_same_firmware_is_the_same_bytes_in_either_format() {
    let elements = [(0x0800_0000, 5123)];
    let bin = check(
        BLINKY_BIN,
        options("blinky.bin", None, FLASH),
        &BIN,
        &elements,
        &[],
    );
    let dfu = check(
        BLINKY_DFU,
        options("blinky.dfu", None, None),
        &DFU,
        &elements,
        &[],
    );
    let plain = check(
        PLAIN,
        options("plain.dfu", None, FLASH),
        &BIN,
        &elements,
        &[],
    );
    assert_eq!(bin.targets[0].elements[0].data, BLINKY_BIN);
    assert_eq!(dfu.targets[0].elements, bin.targets[0].elements);
    assert_eq!(plain.targets, bin.targets);
    let ids = Some(FileIds {
        vendor_id: 0x0483,
        product_id: 0xDF11,
        device_release: 0,
    });
    assert_eq!((bin.ids, dfu.ids, plain.ids), (None, ids, ids));
}

#[test]
fn files_as_they_are_in_circulation_are_read() {
    check(
        TWO_ELEMENTS,
        options("two-elements.dfu", None, None),
        &DFU,
        &[(0x0800_0000, 0x401), (0x0800_0404, 0x203)],
        &[],
    );
    let image = check(
        JUNK_AFTER_NAME,
        options("junk-after-name.dfu", None, None),
        &DFU,
        &[(0x0800_0000, 0x400)],
        &["The file's product id is 0: it is taken to fit any product."],
    );
    assert_eq!(image.targets[0].name.as_deref(), Some("ST..."));
}

#[test]
fn the_content_decides_where_the_name_promises_nothing() {
    let elements = [(0x0800_0000, 5123)];
    for name in ["blinky.bin", "blinky", "blinky.hex", "-"] {
        check(BLINKY_DFU, options(name, None, None), &DFU, &elements, &[]);
    }
    for name in ["blinky.hex", "blinky.srec", "blinky.uf2", "blinky"] {
        check(BLINKY_ELF, options(name, None, None), &ELF, &elements, &[]);
    }
}

#[test]
fn a_raw_binary_without_an_address_is_an_error_of_its_own() {
    let ids = FileIds {
        vendor_id: 0x0483,
        product_id: 0xDF11,
        device_release: 0,
    };
    for (bytes, name, ids) in [
        (BLINKY_BIN, "blinky.bin", None),
        (PLAIN, "plain.dfu", Some(ids)),
    ] {
        assert_eq!(
            load(bytes.to_vec(), &options(name, None, None)),
            Err(ImageError::MissingAddress { ids })
        );
    }
}

#[test]
fn an_address_for_a_file_that_names_its_own_is_refused() {
    check_refused(
        BLINKY_DFU,
        options("blinky.dfu", None, FLASH),
        "the file is a DfuSe file, which has its own addresses: 0x08000000 can't be used",
    );
}

#[test]
fn an_empty_file_is_refused_in_every_format() {
    for format in [None, Some(&BIN), Some(&DFU)] {
        check_refused(&[], options("a.dfu", format, FLASH), "the file is empty");
    }
}

#[test]
fn a_damaged_file_says_what_happened_to_it() {
    let check = |bytes, expected| check_refused(bytes, options("a.dfu", None, None), expected);
    check(
        FLIPPED_BIT,
        "offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged",
    );
    check(
        CUT_SHORT,
        "the file is cut short: expected 5432 bytes, found 2716",
    );
    check(
        CRLF_TO_LF,
        "the file is damaged: expected 5432 bytes, found 5430 and not one CR LF, as after a conversion of text line ends from CR LF to LF",
    );
    check(
        UTF8,
        "the file is damaged: offset 0x00000129: expected firmware, found EF BF BD, which stands for bytes lost when the file was converted to UTF-8 text",
    );
    let utf8_binary = String::from_utf8_lossy(BLINKY_BIN).into_owned();
    for name in ["a.bin", "a.dfu"] {
        check_refused(
            utf8_binary.as_bytes(),
            options(name, None, FLASH),
            "the file is damaged: offset 0x00000004: expected firmware, found EF BF BD, which stands for bytes lost when the file was converted to UTF-8 text",
        );
    }
}

#[test]
fn a_dfu_file_that_is_something_else_says_what_it_is() {
    let check = |bytes: &[u8], expected: &str| {
        let expected = format!("offset 0x00000000: expected \"DfuSe\", found {expected}");
        // An address doesn't make it what its name says.
        for address in [None, FLASH] {
            check_refused(bytes, options("a.dfu", None, address), &expected);
            check_refused(bytes, options("a.DFU", None, address), &expected);
            check_refused(bytes, options("a", Some(&DFU), address), &expected);
        }
    };
    check(INTEL_HEX, r#"":0200": the file is Intel HEX text"#);
    check(
        RAW,
        r#""\x00\x00\x02 \xc1": the file is a raw image that begins with a vector table"#,
    );
    check(
        b"\x5A\x3C\0\x01header of its own",
        r#""Z<\x00\x01h": the file is raw bytes of no known format"#,
    );
    check(
        b"S00600004844521B\r\n",
        r#""S0060": the file is Motorola S-record text"#,
    );
    check(
        b"\x7FELF\x01\x01",
        r#""\x7fELF\x01": the file is an ELF file"#,
    );
    check(
        b"UF2\n\x57\x51\x5D\x9E",
        r#""UF2\nW": the file is a UF2 file"#,
    );
    check(
        b"PK\x03\x04\x14",
        r#""PK\x03\x04\x14": the file is a zip archive"#,
    );
    check(
        b"<!DOCTYPE html><html>",
        r#""<!DOC": the file is a web page (HTML)"#,
    );
    check(b"Nothing.\n", r#""Nothi": the file is text"#);
    check(
        b"Not found\n",
        r#""Not f": the file is an error message of a server"#,
    );
}

#[test]
fn a_suffix_that_says_dfuse_needs_the_rest_of_the_format() {
    let mut bytes = BLINKY_DFU.to_vec();
    bytes[0] = b'X';
    check_refused(
        &bytes,
        options("a.bin", None, FLASH),
        r#"offset 0x00000000: expected "DfuSe", found "XfuSe""#,
    );
}

/// A name is a promise where the content tells nothing: else a damaged text file would be flashed letter by letter.
#[test]
fn a_name_that_promises_a_format_is_believed_where_the_content_tells_nothing() {
    let check = |bytes: &[u8], name: &str, expected: &str| {
        check_refused(bytes, options(name, None, FLASH), expected);
    };
    check(
        b":02000004080\n",
        "a.hex",
        "line 1: expected an even number of hexadecimal digits, found 11",
    );
    check(
        b"Not found\n",
        "a.IHEX",
        "line 1: expected a record, which begins with \":\", found \"Not found\"",
    );
    check(
        b"# made by\nS00600004844521B\n",
        "a.s19",
        "line 1: expected a record, which begins with \"S\" and a digit, found \"# made by\"",
    );
    let raw =
        "found \"\\x00\\x00\\x02 \\xc1\": the file is a raw image that begins with a vector table";
    for (name, beginning) in [
        ("a.hex", "an Intel HEX record (\":\" and digits)"),
        ("a.srec", "a Motorola S-record (\"S\" and digits)"),
        ("a.elf", "\"\\x7fELF\""),
        ("a.uf2", "\"UF2\\n\""),
    ] {
        let expected = format!("offset 0x00000000: expected {beginning}, {raw}");
        check(RAW, name, &expected);
        let format = promised_by(Path::new(name));
        check_refused(RAW, options("a.bin", format, FLASH), &expected);
    }
}

#[test]
fn a_format_that_the_caller_names_is_not_taken_for_another() {
    let check = |bytes: &[u8], format, expected: &str| {
        let expected = format!("offset 0x00000000: expected {expected}");
        check_refused(bytes, options("a", Some(format), None), &expected);
    };
    check(
        BLINKY_ELF,
        &HEX,
        r#"an Intel HEX record (":" and digits), found "\x7fELF\x01": the file is an ELF file"#,
    );
    check(
        BLINKY_HEX,
        &ELF,
        r#""\x7fELF", found ":0200": the file is Intel HEX text"#,
    );
    check(
        BLINKY_DFU,
        &UF2,
        r#""UF2\n", found "DfuSe": the file is a DfuSe file"#,
    );
    check(
        PLAIN,
        &SREC,
        r#"a Motorola S-record ("S" and digits), found "\x00\x00\x02 \xc1": the file is a plain DFU 1.1 file (raw bytes and a suffix)"#,
    );
}

#[test]
fn every_format_may_be_compressed() {
    let check = |bytes: &[u8], name: &str, address, format, count| {
        let image = load(packed(bytes), &options(name, None, address)).expect(name);
        assert_eq!(
            (image.format, image.targets[0].elements.len()),
            (format, count)
        );
    };
    check(BLINKY_BIN, "a.bin.gz", FLASH, &BIN, 1);
    check(BLINKY_DFU, "a.dfu.gz", None, &DFU, 1);
    check(TWO_ELEMENTS, "a", None, &DFU, 2);
    check(BLINKY_ELF, "a.elf.gz", None, &ELF, 1);
    check(PLAIN, "a.dfu.gz", FLASH, &BIN, 1);
    let check_refused = |bytes: &[u8], name, expected| {
        check_refused(&packed(bytes), options(name, None, None), expected)
    };
    check_refused(
        BLINKY_HEX,
        "a.dfu.gz",
        r#"offset 0x00000000: expected "DfuSe", found ":0200": the file is Intel HEX text"#,
    );
    check_refused(b"", "a.gz", "the file is empty");
    check_refused(BLINKY_HEX_GZ, "a.gz", "the file is gzip-compressed twice");
}

/// As gzip packs it.
fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

#[test]
fn what_is_no_firmware_is_refused_unless_bytes_are_asked_for() {
    let check = |bytes: &[u8], content: &str| {
        for bytes in [bytes.to_vec(), packed(bytes)] {
            for address in [None, FLASH, Some(0x2000_0000), Some(0xE000_0000)] {
                check_refused(
                    &bytes,
                    options("a.bin", None, address),
                    &format!(
                        "the file is {content}: only DfuSe, Intel HEX, S-record, ELF and UF2 files and raw binaries can be read"
                    ),
                );
            }
        }
        let warning = format!("Taken byte for byte, as asked, although it is {content}.");
        check_as_bytes(bytes, &[&warning]);
    };
    check(b"PK\x03\x04\x14", "a zip archive");
    check(b"<html>", "a web page (HTML)");
    check(b"404: Not Found", "an error message of a server");
    check(
        b"{\"board_id\": 9, \"image\": \"\"}",
        "a firmware for ArduPilot's or PX4's own uploader (JSON)",
    );
}

#[test]
fn external_memory_takes_what_is_no_firmware_with_a_warning() {
    let text = b"Not a word of it is firmware.\n";
    let warning =
        "The file is text: that is no firmware, and goes to external memory byte for byte.";
    for address in [0x6000_0000, 0x9000_0000, 0xC000_0000, 0xD000_0000] {
        for bytes in [text.to_vec(), packed(text)] {
            check(
                &bytes,
                options("a.bin", None, Some(address)),
                &BIN,
                &[(address, text.len())],
                &[warning],
            );
        }
    }
}

/// Where a board has its external flash at address 0, it says so; who has no board can't know.
#[test]
fn below_the_chips_flash_only_the_board_can_tell_what_memory_it_is() {
    let image = load(b"some text\n".to_vec(), &options("a", None, Some(0))).expect("for a board");
    assert_eq!(image.warnings, [""; 0]);
    let suspicion = image.suspicion.expect("it is text");
    assert_eq!(suspicion.content, Content::Text(TextKind::Plain));
    let firmware = load(BLINKY_BIN.to_vec(), &options("a", None, Some(0))).expect("raw");
    assert_eq!(firmware.suspicion, None);
    let described = describe(b"some text\n".to_vec(), &options("a", None, None));
    assert!(
        matches!(described, Err(ImageError::Unsupported(_))),
        "{described:?}"
    );
}

/// The suffix makes nothing firmware of what it follows.
#[test]
fn what_a_suffix_follows_is_looked_at_too() {
    let mut bytes = b"version https://git-lfs.github.com/spec/v1\n".to_vec();
    let any = FileIds {
        vendor_id: 0xFFFF,
        product_id: 0xFFFF,
        device_release: 0xFFFF,
    };
    suffix::append(&mut bytes, suffix::DFU_1_1, any);
    check_refused(
        &bytes,
        options("a.dfu", None, FLASH),
        "the file is a Git LFS pointer: only DfuSe, Intel HEX, S-record, ELF and UF2 files and raw binaries can be read",
    );
}

#[test]
fn a_suffix_may_be_longer_and_may_say_1_10() {
    for (version, extra) in [(0x0100_u16, 0), (0x0110, 0), (0x0100, 4), (0x0110, 239)] {
        let mut bytes = PLAIN[..5123].to_vec();
        bytes.extend(vec![0x77; extra]);
        bytes.extend(&PLAIN[5123..]);
        let end = bytes.len();
        bytes[end - 10..end - 8].copy_from_slice(&version.to_le_bytes());
        bytes[end - 5] += extra as u8;
        let crc = suffix::crc(&bytes[..end - 4]);
        bytes[end - 4..].copy_from_slice(&crc.to_le_bytes());
        let image = load(bytes, &options("a.dfu", None, FLASH)).expect("a suffix in order");
        assert_eq!(image.targets[0].elements[0].data, BLINKY_BIN);
        assert_eq!(image.ids.map(|ids| ids.product_id), Some(0xDF11));
    }
}

#[test]
fn a_file_in_a_known_format_is_bytes_where_bytes_are_asked_for() {
    let check = |bytes: &[u8], content: &str| {
        let warning = format!("Taken byte for byte, as asked, although it is {content}.");
        check_as_bytes(bytes, &[&warning]);
    };
    check(BLINKY_HEX, "Intel HEX text");
    check(BLINKY_SREC, "Motorola S-record text");
    check(BLINKY_ELF, "an ELF file");
    check(BLINKY_UF2, "a UF2 file");
    check(BLINKY_HEX_GZ, "gzip-compressed data");
}

#[track_caller]
fn check_as_bytes(bytes: &[u8], warnings: &[&str]) {
    let image = check(
        bytes,
        options("a.dfu", Some(&BIN), FLASH),
        &BIN,
        &[(0x0800_0000, bytes.len())],
        warnings,
    );
    assert_eq!(image.targets[0].elements[0].data, bytes);
}

#[test]
fn bytes_are_taken_as_they_are_where_asked_for() {
    check_as_bytes(RAW, &[]);
    check_as_bytes(b"some text", &[]);
    check_as_bytes(
        BLINKY_DFU,
        &["Taken byte for byte, as asked, although it is a DfuSe file."],
    );
    check_as_bytes(
        UTF8,
        &[
            "Taken byte for byte, as asked, although it looks damaged: offset 0x00000129: expected firmware, found EF BF BD, which stands for bytes lost when the file was converted to UTF-8 text.",
        ],
    );
    check(
        PLAIN,
        options("plain.dfu", Some(&BIN), FLASH),
        &BIN,
        &[(0x0800_0000, 5123)],
        &[],
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for length in 0..BLINKY_DFU.len() {
        let result = load(BLINKY_DFU[..length].to_vec(), &options("a.dfu", None, None));
        assert!(result.is_err(), "{length}");
    }
}

#[test]
fn a_raw_binary_is_not_copied() {
    let bytes = BLINKY_BIN.to_vec();
    let place = bytes.as_ptr();
    let image = load(bytes, &options("a.bin", None, FLASH)).expect("a raw binary");
    assert_eq!(image.targets[0].elements[0].data.as_ptr(), place);
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in vec(any::<u8>(), 0..64),
        start in proptest::sample::select(vec![
            &b""[..], b"DfuSe\x01", b":", b"S", b"<", b"\xEF\xBB\xBF:", b":00000001FF", b"S9030000FC", b"\x7FELF",
            b"UF2\n\x57\x51\x5D\x9E", b"\x1F\x8B\x08\0\0\0\0\0\0\x03",
        ]),
        format in proptest::sample::select(vec![
            None, Some(&BIN), Some(&DFU), Some(&HEX), Some(&ELF), Some(&SREC),
            Some(&UF2),
        ]),
        address in any::<Option<u32>>(),
        file_name in proptest::sample::select(vec!["a.bin", "a.dfu", "a.hex"]),
    ) {
        let bytes = [start, &bytes].concat();
        let _ = load(bytes, &options(file_name, format, address));
    }
}

//! Files for devices that speak plain DFU.

use super::*;
use crate::image::suffix::{self, DFU_1_1, DFU_1_10};

const ANY: FileIds = FileIds {
    vendor_id: 0xFFFF,
    product_id: 0xFFFF,
    device_release: 0xFFFF,
};

fn with_suffix(bytes: &[u8], dfu_version: u16, ids: FileIds) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    suffix::append(&mut bytes, dfu_version, ids);
    bytes
}

fn loaded(bytes: &[u8]) -> Stream {
    Stream::load(bytes.to_vec()).expect("nothing to refuse")
}

#[test]
fn bytes_of_any_content_are_taken_as_they_are() {
    for bytes in [
        &b"bootcmd=run distro_bootcmd\0"[..],
        b"hsqs",
        b"\x1F\x8B\x08\0\0\0\0\0\0\x03",
        b"\x7FELF\x02\x01\x01",
        b":00000001FF\r\n",
        b"070701",
        b"a",
    ] {
        let stream = loaded(bytes);
        assert_eq!(stream.bytes, bytes);
        assert_eq!((stream.ids, stream.prefix), (None, None));
    }
}

#[test]
fn the_suffix_is_not_sent_and_its_ids_are_kept() {
    let ids = FileIds {
        vendor_id: 0x0456,
        product_id: 0xB673,
        device_release: 0x0100,
    };
    for dfu_version in [DFU_1_1, DFU_1_10] {
        let stream = loaded(&with_suffix(b"firmware", dfu_version, ids));
        assert_eq!(stream.bytes, b"firmware");
        assert_eq!(stream.ids, Some(ids));
    }
}

/// What its maker puts in front of the 16 bytes is not sent either.
#[test]
fn a_longer_suffix_is_taken_off_whole() {
    let mut bytes = with_suffix(b"firmware+more", DFU_1_1, ANY);
    let end = bytes.len();
    bytes[end - 5] = 21;
    let crc = suffix::crc(&bytes[..end - 4]);
    bytes[end - 4..].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(loaded(&bytes).bytes, b"firmware");
}

#[test]
fn a_prefix_is_recognised_and_sent() {
    for prefix in [Prefix::Lpc, Prefix::Stellaris { address: 0x2000 }] {
        let mut bytes = b"firmware".to_vec();
        prefix.put_before(&mut bytes).expect("small");
        let stream = loaded(&with_suffix(&bytes, DFU_1_1, ANY));
        assert_eq!((stream.bytes, stream.prefix), (bytes, Some(prefix)));
    }
}

#[test]
fn what_is_damaged_empty_or_not_plain_is_refused() {
    let check = |bytes: &[u8], expected: &str| {
        let error = Stream::load(bytes.to_vec()).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check(b"", "the file is empty");
    check(
        &with_suffix(b"", DFU_1_1, ANY),
        "the file has no bytes to write",
    );
    let mut damaged = with_suffix(b"firmware", DFU_1_1, ANY);
    damaged[0] ^= 1;
    check(
        &damaged,
        "offset 0x00000014: expected CRC 0xeb943d79, found 0x8ef3063f: the file is damaged",
    );
    check(
        &with_suffix(b"firmware", 0x0120, ANY),
        "offset 0x0000000e: expected bcdDFU 0x0100, 0x0110 or 0x011a, found 0x0120",
    );
    let not_plain =
        "the file is a DfuSe file, and names addresses: a device that speaks plain DFU has none";
    check(&with_suffix(b"firmware", DFUSE, ANY), not_plain);
    check(b"DfuSe\x01 cut short", not_plain);
}

#[test]
fn the_ids_may_be_those_of_either_mode() {
    let dfu_mode = (0x0456, 0xB674);
    let run_time = Some((0x0456, 0xB673));
    let check = |vendor_id, product_id, expected: [bool; 2]| {
        let ids = FileIds {
            vendor_id,
            product_id,
            device_release: 0,
        };
        let ids_in_file = loaded(&with_suffix(b"firmware", DFU_1_1, ids)).ids;
        let ids_in_file = ids_in_file.expect("a suffix");
        let found = [run_time, None].map(|run_time| ids_in_file.accepts_either(dfu_mode, run_time));
        assert_eq!(found, expected, "{ids:04x?}");
    };
    check(0x0456, 0xB674, [true, true]);
    check(0x0456, 0xB673, [true, false]);
    check(0x0456, 0xFFFF, [true, true]);
    check(0xFFFF, 0xFFFF, [true, true]);
    check(0x0456, 0xB675, [false, false]);
    check(0x0483, 0xFFFF, [false, false]);
    assert_eq!(loaded(b"firmware").ids, None);
}

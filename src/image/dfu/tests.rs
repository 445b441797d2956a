//! Each rule of the format, broken alone.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{DFU, parse};
use crate::image::{FileIds, Image, ImageElement, ImageError, ImageTarget};

/// A file as UM0391 describes it, byte by byte: one target, two elements, three bytes between them.
fn golden() -> Vec<u8> {
    [
        &b"DfuSe"[..],
        &[1],             // bVersion
        &[0x32, 1, 0, 0], // DFUImageSize: 306 = 11 + 274 + 21
        &[1],             // bTargets
        b"Target",
        &[0],          // bAlternateSetting
        &[1, 0, 0, 0], // bTargetNamed
        b"Flash",      // szTargetName, 255 bytes
        &[0; 250],
        &[21, 0, 0, 0],            // dwTargetSize
        &[2, 0, 0, 0],             // dwNbElements
        &[0x00, 0x00, 0x00, 0x08], // dwElementAddress
        &[3, 0, 0, 0],             // dwElementSize
        &[0x01, 0x02, 0x03],
        &[0x06, 0x00, 0x00, 0x08],
        &[2, 0, 0, 0],
        &[0xAA, 0xBB],
        &[0x00, 0x22], // bcdDevice
        &[0x11, 0xDF], // idProduct
        &[0x83, 0x04], // idVendor
        &[0x1A, 0x01], // bcdDFU
        b"UFD",
        &[16],                     // bLength
        &[0x54, 0xF9, 0x3E, 0xB1], // dwCRC
    ]
    .concat()
}

/// The golden file with other bytes from an offset on, and the CRC that belongs to them.
fn changed(offset: usize, replacement: &[u8]) -> Vec<u8> {
    let mut bytes = golden();
    bytes[offset..offset + replacement.len()].copy_from_slice(replacement);
    with_crc(bytes)
}

fn with_crc(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some((body, crc)) = bytes.split_last_chunk_mut::<4>() {
        *crc = (!crc32fast::hash(body)).to_le_bytes();
    }
    bytes
}

type Elements<'a> = &'a [(u32, &'a [u8])];

/// A file of these targets: alternate setting and elements each.
fn file(targets: &[(u8, Elements<'_>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (alternate_setting, elements) in targets {
        let packed: Vec<u8> = elements
            .iter()
            .flat_map(|(address, data)| {
                let size = data.len() as u32;
                [&address.to_le_bytes()[..], &size.to_le_bytes(), data].concat()
            })
            .collect();
        body.extend(b"Target");
        body.extend([*alternate_setting, 1, 0, 0, 0]);
        body.extend(b"Flash");
        body.extend([0; 250]);
        body.extend((packed.len() as u32).to_le_bytes());
        body.extend((elements.len() as u32).to_le_bytes());
        body.extend(packed);
    }
    framed(targets.len() as u8, &body)
}

fn framed(target_count: u8, body: &[u8]) -> Vec<u8> {
    let image_size = (11 + body.len() as u32).to_le_bytes();
    let bytes = [
        b"DfuSe\x01",
        &image_size[..],
        &[target_count],
        body,
        &[0x00, 0x22, 0x11, 0xDF, 0x83, 0x04, 0x1A, 0x01],
        b"UFD\x10\0\0\0\0",
    ]
    .concat();
    with_crc(bytes)
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let error = parse(bytes).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[track_caller]
fn check_warned(bytes: &[u8], expected: &[&str]) -> Image {
    let image = parse(bytes).expect("nothing to refuse");
    assert_eq!(image.warnings, expected);
    image
}

fn elements(target: &ImageTarget) -> Vec<(u32, &[u8])> {
    target
        .elements
        .iter()
        .map(|element| (element.address, &element.data[..]))
        .collect()
}

#[test]
fn a_file_made_by_hand_is_read_whole() {
    let expected = Image {
        format: &DFU,
        targets: vec![ImageTarget {
            alternate_setting: Some(0),
            name: Some("Flash".to_owned()),
            elements: vec![
                ImageElement {
                    address: 0x0800_0000,
                    data: vec![1, 2, 3],
                },
                ImageElement {
                    address: 0x0800_0006,
                    data: vec![0xAA, 0xBB],
                },
            ],
        }],
        ids: Some(FileIds {
            vendor_id: 0x0483,
            product_id: 0xDF11,
            device_release: 0x2200,
        }),
        family: None,
        suspicion: None,
        warnings: vec![],
    };
    assert_eq!(parse(&golden()), Ok(expected));
    // The files built below have the same form.
    let built = file(&[(
        0,
        &[(0x0800_0000, &[1, 2, 3]), (0x0800_0006, &[0xAA, 0xBB])],
    )]);
    assert_eq!(built, golden());
}

#[test]
fn a_field_out_of_order_is_named_with_its_offset() {
    let check = |offset, replacement: &[u8], expected: &str| {
        check_refused(&changed(offset, replacement), expected);
    };
    check(
        0,
        b"dfuSe",
        r#"offset 0x00000000: expected "DfuSe", found "dfuSe""#,
    );
    check(
        5,
        &[9],
        "offset 0x00000005: expected version 1 (bVersion), found 9",
    );
    check(
        6,
        &[0x31, 1],
        "offset 0x00000006: expected an image size of 306, up to the suffix (DFUImageSize), found 305, though the CRC is right",
    );
    // 64 bytes over, as in one file in circulation.
    check(
        6,
        &[0x72, 1],
        "offset 0x00000006: expected an image size of 306, up to the suffix (DFUImageSize), found 370, though the CRC is right",
    );
    check(
        6,
        &[0xFF; 4],
        "offset 0x00000006: expected an image size of 306, up to the suffix (DFUImageSize), found 4294967295, though the CRC is right",
    );
    check(
        10,
        &[0],
        "offset 0x0000000a: expected at least one target (bTargets), found 0",
    );
    check(
        10,
        &[2],
        "offset 0x00000132: expected target 2 of 2 (274 bytes), found the suffix",
    );
    check(
        11,
        b"target",
        r#"offset 0x0000000b: expected "Target", the signature of target 1 of 1, found "target""#,
    );
    check(
        277,
        &[22],
        "offset 0x00000115: expected a target size of at most 21, up to the suffix (dwTargetSize), found 22",
    );
    check(
        277,
        &[0xFF; 4],
        "offset 0x00000115: expected a target size of at most 21, up to the suffix (dwTargetSize), found 4294967295",
    );
    check(
        277,
        &[20],
        "offset 0x0000012c: expected an element size of at most 1, up to the end of the target (dwElementSize), found 2",
    );
    check(
        281,
        &[1],
        "offset 0x00000115: expected a target size of 11, the sum of its elements (dwTargetSize), found 21",
    );
    check(
        281,
        &[3],
        "offset 0x00000119: expected at most 2 elements in 21 bytes (dwNbElements), found 3",
    );
    check(
        281,
        &[0xFF; 4],
        "offset 0x00000119: expected at most 2 elements in 21 bytes (dwNbElements), found 4294967295",
    );
    check(
        285,
        &[0xFE, 0xFF, 0xFF, 0xFF],
        "offset 0x0000011d: expected an element that ends at or below 0xffffffff, found 3 bytes at 0xfffffffe",
    );
    check(
        289,
        &[0xFF, 0xFF, 0xFF, 0x7F],
        "offset 0x00000121: expected an element size of at most 13, up to the end of the target (dwElementSize), found 2147483647",
    );
    check(
        289,
        &[13],
        "offset 0x00000132: expected element 2 of 2 (8 bytes), found the end of the target",
    );
    check(
        289,
        &[8],
        "offset 0x0000012d: expected element 2 of 2 (8 bytes), found 5 bytes, then the end of the target",
    );
    check(
        312,
        &[0x00, 0x01],
        "offset 0x00000138: expected bcdDFU 0x011a, found 0x0100",
    );
    check(
        314,
        b"UFd",
        r#"offset 0x0000013a: expected the DFU suffix's signature "UFD", found "UFd""#,
    );
    check(
        317,
        &[15],
        "offset 0x0000013d: expected a DFU suffix of 16 bytes or more, inside the file (bLength), found 15",
    );
}

#[test]
fn a_flipped_bit_is_found_by_the_crc() {
    let mut bytes = golden();
    bytes[304] ^= 1;
    check_refused(
        &bytes,
        "offset 0x0000013e: expected CRC 0x2c311822, found 0xb13ef954: the file is damaged",
    );
}

#[test]
fn elements_that_share_a_byte_are_refused() {
    check_refused(
        &changed(296, &[0x02]),
        "offset 0x00000128: expected elements that don't overlap, found 0x08000002..0x08000004 over 0x08000000..0x08000003 (at offset 0x0000011d)",
    );
    check_refused(
        &changed(296, &[0xFF, 0xFF, 0xFF, 0x07]),
        "offset 0x0000011d: expected elements that don't overlap, found 0x08000000..0x08000003 over 0x07ffffff..0x08000001 (at offset 0x00000128)",
    );
    check_refused(
        &changed(296, &[0x00]),
        "offset 0x00000128: expected elements that don't overlap, found 0x08000000..0x08000002 over 0x08000000..0x08000003 (at offset 0x0000011d)",
    );
}

#[test]
fn elements_are_ordered_by_address_and_may_adjoin() {
    let check = |address: [u8; 4], expected: [(u32, &[u8]); 2]| {
        let image = check_warned(&changed(296, &address), &[]);
        assert_eq!(elements(&image.targets[0]), expected);
    };
    let first = (0x0800_0000, &[1, 2, 3][..]);
    let second = &[0xAA, 0xBB][..];
    check([3, 0, 0, 8], [first, (0x0800_0003, second)]);
    check([0xFE, 0xFF, 0xFF, 7], [(0x07FF_FFFE, second), first]);
    check([0xFE, 0xFF, 0xFF, 0xFF], [first, (0xFFFF_FFFE, second)]);
}

#[test]
fn targets_keep_their_order_and_may_name_the_same_addresses() {
    let element: Elements = &[(0x0800_0000, &[1])];
    let image = check_warned(&file(&[(1, element), (0, element)]), &[]);
    let settings: Vec<_> = image
        .targets
        .iter()
        .map(|target| target.alternate_setting)
        .collect();
    assert_eq!(settings, [Some(1), Some(0)]);
    let image = check_warned(&file(&[(1, element)]), &[]);
    assert_eq!(image.targets[0].alternate_setting, Some(1));
}

#[test]
fn two_targets_for_one_alternate_setting_are_refused() {
    let element: Elements = &[(0x0800_0000, &[1])];
    check_refused(
        &file(&[(3, element), (0, element), (3, &[(0x0900_0000, &[1])])]),
        "offset 0x00000241: expected one target for each alternate setting, found another for 3 (the first is at 0x0000000b)",
    );
    // Even where one of them names no byte.
    check_refused(
        &file(&[(3, &[]), (3, element)]),
        "offset 0x0000011d: expected one target for each alternate setting, found another for 3 (the first is at 0x0000000b)",
    );
}

#[test]
fn bytes_that_nothing_accounts_for_are_refused() {
    let mut more_targets = file(&[(0, &[(0, &[1])]), (1, &[(0, &[1])])]);
    more_targets[10] = 1;
    check_refused(
        &with_crc(more_targets),
        "offset 0x00000126: expected the suffix after the last target (bTargets is 1), found more bytes before it: 283",
    );
    let mut after_suffix = golden();
    after_suffix.push(b'\n');
    check_refused(
        &after_suffix,
        "offset 0x00000142: expected the end of the file, found more bytes after the suffix: 1",
    );
    let mut after_suffix = changed(6, &[0x42, 1]);
    after_suffix.extend([0; 20]);
    check_refused(
        &after_suffix,
        "offset 0x00000142: expected the end of the file, found more bytes after the suffix: 20",
    );
    let mut after_suffix = golden();
    after_suffix.extend(golden());
    check_refused(
        &after_suffix,
        "offset 0x00000280: expected CRC 0xfecb7624, found 0xb13ef954: the file is damaged",
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = golden();
    for length in 0..whole.len() {
        let error = parse(&whole[..length]).expect_err("cut short");
        match length {
            0..11 => assert_eq!(
                error.to_string(),
                if length == 0 {
                    "offset 0x00000000: expected a DfuSe prefix (11 bytes), found the end of the file".to_owned()
                } else {
                    format!(
                        "offset 0x00000000: expected a DfuSe prefix (11 bytes), found {length} bytes, then the end of the file"
                    )
                }
            ),
            // Where only the suffix is missing, the size may be that of the whole file.
            306 => assert_eq!(
                error.to_string(),
                r#"offset 0x0000012a: expected the DFU suffix's signature "UFD", found "\x00\x08\x02""#
            ),
            _ => assert_eq!(
                error,
                ImageError::Truncated {
                    expected: 322,
                    found: length as u64
                }
            ),
        }
    }
}

#[test]
fn a_suffix_inside_the_prefix_is_refused() {
    let bytes = with_crc(b"DfuSe\x01\x04\0\0\0\x1A\x01UFD\x10\0\0\0\0".to_vec());
    check_refused(
        &bytes,
        "offset 0x00000000: expected a DfuSe prefix (11 bytes), found 4 bytes, then the suffix",
    );
}

/// What a maker adds to the suffix stands in front of the 16 bytes that every suffix has.
#[test]
fn a_longer_suffix_is_no_part_of_the_targets() {
    let mut bytes = golden();
    bytes.splice(306..306, *b"more");
    bytes[306 + 4 + 11] = 20;
    let expected = parse(&golden()).expect("good").targets;
    let image = parse(&with_crc(bytes.clone())).expect("nothing to refuse");
    assert_eq!((image.targets, image.warnings.len()), (expected, 0));
    bytes[6..8].copy_from_slice(&326_u16.to_le_bytes());
    check_warned(
        &with_crc(bytes.clone()),
        &["DFUImageSize is 326, the length of the whole file: ST's tools leave out the suffix."],
    );
    bytes[6..8].copy_from_slice(&310_u16.to_le_bytes());
    check_refused(
        &with_crc(bytes),
        "offset 0x00000006: expected an image size of 306, up to the suffix (DFUImageSize), found 310, though the CRC is right",
    );
}

#[test]
fn a_size_with_the_suffix_counted_is_a_warning() {
    let image = check_warned(
        &changed(6, &[0x42, 1]),
        &["DFUImageSize is 322, the length of the whole file: ST's tools leave out the suffix."],
    );
    assert_eq!(image.targets[0].elements.len(), 2);
}

#[test]
fn a_product_of_zero_is_a_warning() {
    check_warned(
        &changed(308, &[0, 0]),
        &["The file's product id is 0: it is taken to fit any product."],
    );
}

#[test]
fn elements_of_size_0_are_left_out_with_a_warning() {
    let image = check_warned(
        &file(&[(
            2,
            &[(0xFFFF_FFFF, &[]), (0x0800_0000, &[1]), (0x0800_0000, &[])],
        )]),
        &["The target for alternate setting 2 has elements of size 0 (2 of 3): left out."],
    );
    assert_eq!(elements(&image.targets[0]), [(0x0800_0000, &[1][..])]);
    let image = check_warned(
        &file(&[(0, &[]), (1, &[(0, &[])]), (2, &[(0, &[1])])]),
        &[
            "The target for alternate setting 0 has no bytes: left out.",
            "The target for alternate setting 1 has no bytes: left out.",
        ],
    );
    assert_eq!(image.targets.len(), 1);
}

#[test]
fn a_file_without_a_byte_to_write_is_refused_however_many_elements_it_has() {
    let none: &[u8] = &[];
    let element = (0x0800_0000, none);
    check_refused(
        &file(&[(0, &vec![element; 200_000])]),
        "the file has no bytes to write",
    );
}

#[test]
fn a_name_is_read_up_to_its_nul() {
    let check = |field: &[u8], expected: Option<&str>, warnings: &[&str]| {
        let image = check_warned(&changed(22, field), warnings);
        assert_eq!(image.targets[0].name.as_deref(), expected);
    };
    check(b"Flash\0\xDE\xAD\x01junk", Some("Flash"), &[]);
    check(b"\0\xDE\xAD", None, &[]);
    check("Fl\u{E4}sh\0".as_bytes(), Some("Fl\u{E4}sh"), &[]);
    check(
        &[b'x'; 255],
        Some(&"x".repeat(255)),
        &["The name of the target for alternate setting 0 has no NUL at its end."],
    );
    check(
        b"\x1B[2J\xE4\0",
        Some("\u{FFFD}[2J\u{FFFD}"),
        &[r#"The name of the target for alternate setting 0 is not text: "\x1b[2J\xe4"."#],
    );
    // bTargetNamed is 0: what stands in the name's place is none.
    let image = check_warned(&changed(18, &[0, 0, 0, 0, 0xFF]), &[]);
    assert_eq!(image.targets[0].name, None);
}

/// What [`Image`] and its parts promise.
fn assert_in_order(image: &Image, file_length: usize) {
    let mut settings: Vec<_> = image
        .targets
        .iter()
        .map(|target| target.alternate_setting.expect("a DfuSe target names one"))
        .collect();
    assert!(!settings.is_empty());
    settings.sort_unstable();
    assert!(settings.windows(2).all(|pair| pair[0] < pair[1]));
    let mut total = 0;
    for target in &image.targets {
        assert!(!target.elements.is_empty());
        let mut end = 0;
        for element in &target.elements {
            assert!(!element.data.is_empty());
            assert!(u64::from(element.address) >= end);
            end = u64::from(element.address) + element.data.len() as u64;
            total += element.data.len();
        }
        assert!(end <= 1 << 32);
    }
    assert!(total < file_length);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
        let _ = parse(&framed(1, &bytes));
        let _ = parse(&framed(3, &[b"Target", &bytes[..]].concat()));
    }

    #[test]
    fn no_change_to_a_file_makes_an_image_out_of_order(
        changes in vec((any::<Index>(), prop_oneof![any::<u8>(), 0u8..4]), 1..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = file(&[
            (0, &[(0x0800_0000, &[1, 2, 3]), (0x0800_0006, &[4, 5])]),
            (1, &[(0x1FFF_C000, &[6])]),
        ]);
        // Names take up most of the file: aim at the rest.
        let fields: Vec<usize> = (0..bytes.len() - 4)
            .filter(|&at| !matches!(at, 24..277 | 319..572))
            .collect();
        for (index, byte) in changes {
            bytes[*index.get(&fields)] = byte;
        }
        if let Some(cut) = cut {
            bytes.remove(cut.index(bytes.len()));
        }
        let bytes = with_crc(bytes);
        if let Ok(image) = parse(&bytes) {
            assert_in_order(&image, bytes.len());
        }
    }
}

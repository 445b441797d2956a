//! Each rule of the format, kept and broken.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{UF2, parse};
use crate::image::tests::pieces_of;

const F4: u32 = 0x5775_5A57;
const RP2040: u32 = 0xE48B_FF56;
/// `flags` of a block that names its family.
const NAMED: u32 = 0x2000;

/// A block: flags, `targetAddr`, `blockNo`, `numBlocks`, `familyID`, data.
fn block(flags: u32, address: u32, number: u32, count: u32, family: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"UF2\n\x57\x51\x5D\x9E".to_vec();
    let length = data.len() as u32;
    for field in [flags, address, length, number, count, family] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(data);
    bytes.resize(508, 0);
    bytes.extend(b"\x30\x6F\xB1\x0A");
    bytes
}

/// Blocks of these addresses and data for an STM32F4, in order.
fn file(blocks: &[(u32, &[u8])]) -> Vec<u8> {
    let count = blocks.len() as u32;
    let numbered = (0..).zip(blocks);
    numbered
        .flat_map(|(number, (address, data))| block(NAMED, *address, number, count, F4, data))
        .collect()
}

#[track_caller]
fn check(bytes: &[u8], expected: &[(u32, &[u8])], warnings: &[&str]) {
    let image = parse(bytes).expect("nothing to refuse");
    assert_eq!(image.format, &UF2);
    assert_eq!(image.warnings, warnings);
    assert_eq!(pieces_of(&image.targets[0]), expected);
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let error = parse(bytes).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn blocks_are_joined_and_gaps_stay_gaps() {
    let bytes = file(&[
        (0x0800_0000, b"ab"),
        (0x0800_0002, b"cd"),
        (0x0800_0008, b"ef"),
    ]);
    check(&bytes, &[(0x0800_0000, b"abcd"), (0x0800_0008, b"ef")], &[]);
}

#[test]
fn blocks_may_come_in_any_order() {
    let bytes = [
        block(NAMED, 0x0800_0004, 2, 3, F4, b"ef"),
        block(NAMED, 0x0800_0000, 0, 3, F4, b"ab"),
        block(NAMED, 0x0800_0002, 1, 3, F4, b"cd"),
    ]
    .concat();
    check(&bytes, &[(0x0800_0000, b"abcdef")], &[]);
}

#[test]
fn a_block_that_is_not_for_main_flash_only_counts() {
    let bytes = [
        block(NAMED, 0x0800_0000, 0, 2, F4, b"ab"),
        block(NAMED | 1, 0x0800_0002, 1, 2, F4, b"source"),
    ]
    .concat();
    check(&bytes, &[(0x0800_0000, b"ab")], &[]);
}

/// Whether a board has such a chip is for the plan to say.
#[test]
fn the_family_is_that_of_the_blocks_whichever_it_is() {
    for family in [F4, RP2040, 0x1234_5678] {
        let image = parse(&block(NAMED, 0x1000_0000, 0, 1, family, b"ab")).expect("one family");
        assert_eq!(image.family.map(|family| family.0), Some(family));
    }
    let image = parse(&block(0, 0x0800_0000, 0, 1, F4, b"ab")).expect("no family");
    assert_eq!(image.family, None);
}

#[test]
fn of_several_families_that_no_dfuse_board_has_none_is_chosen() {
    let [first, second] =
        [RP2040, 0x1234_5678].map(|family| block(NAMED, 0x1000_0000, 0, 1, family, b"ab"));
    check_refused(
        &[first, second].concat(),
        "offset 0x0000021c: expected blocks for RP2040 (0xe48bff56) only, found family 0x12345678",
    );
}

#[test]
fn of_a_file_for_several_chips_the_blocks_for_the_stm32_are_used() {
    let other = block(NAMED, 0x1000_0000, 0, 1, RP2040, b"xy");
    let bytes = [other.clone(), file(&[(0x0800_0000, b"ab")]), other].concat();
    check(
        &bytes,
        &[(0x0800_0000, b"ab")],
        &[
            "The file is for RP2040 (0xe48bff56) too: only its blocks for STM32F4 (0x57755a57) are used.",
        ],
    );
}

#[test]
fn a_file_for_several_families_of_stm32_is_refused() {
    let other = block(NAMED, 0x0800_0000, 0, 1, 0x53B8_0F00, b"xy");
    check_refused(
        &[file(&[(0x0800_0000, b"ab")]), other].concat(),
        "offset 0x0000021c: expected blocks for STM32F4 (0x57755a57) only, found STM32F7 (0x53b80f00)",
    );
}

#[test]
fn a_file_for_no_family_is_read_with_a_warning() {
    // Without the flag, the field is the size of the file.
    check(
        &block(0, 0x0800_0000, 0, 1, RP2040, b"ab"),
        &[(0x0800_0000, b"ab")],
        &["The file doesn't say which family of chips it is for."],
    );
}

#[test]
fn every_block_has_to_be_there_once() {
    let numbered = |number, count, address| block(NAMED, address, number, count, F4, b"ab");
    check_refused(
        &numbered(0, 2, 0x0800_0000),
        "offset 0x00000018: expected a count of 1, the blocks in the file (numBlocks), found 2",
    );
    check_refused(
        &numbered(0, 0xFFFF_FFFF, 0x0800_0000),
        "offset 0x00000018: expected a count of 1, the blocks in the file (numBlocks), found 4294967295",
    );
    check_refused(
        &[numbered(0, 2, 0x0800_0000), numbered(2, 2, 0x0800_0002)].concat(),
        "offset 0x00000214: expected block 1 of 2 (blockNo), found 2",
    );
    check_refused(
        &[numbered(0, 2, 0x0800_0000), numbered(0, 2, 0x0800_0002)].concat(),
        "offset 0x00000214: expected block 1 of 2 (blockNo), found 0",
    );
}

#[test]
fn a_damaged_block_is_told_with_its_offset() {
    let good = file(&[(0x0800_0000, b"ab"), (0x0800_0002, b"cd")]);
    let check = |offset: usize, replacement: &[u8], expected: &str| {
        let mut bytes = good.clone();
        bytes[offset..offset + replacement.len()].copy_from_slice(replacement);
        check_refused(&bytes, expected);
    };
    check(
        512,
        b"X",
        "offset 0x00000200: expected \"UF2\\nWQ]\\x9e\", the signature of a block, found \"XF2\\nWQ]\\x9e\"",
    );
    check(
        1023,
        b"X",
        "offset 0x000003fc: expected \"0o\\xb1\\n\", the signature of a block, found \"0o\\xb1X\"",
    );
    check(
        528,
        &477_u32.to_le_bytes(),
        "offset 0x00000210: expected at most 476 bytes of data (payloadSize), found 477",
    );
    check(
        8,
        &0x3000_u32.to_le_bytes(),
        "offset 0x00000008: expected a block of firmware, found a block of a file for a file system (flags 0x00003000)",
    );
    check(
        524,
        &0x0800_0001_u32.to_le_bytes(),
        "offset 0x00000200: expected elements that don't overlap, found 0x08000001..0x08000003 over 0x08000000..0x08000002 (at offset 0x00000000)",
    );
    check_refused(
        &good[..1000],
        "offset 0x00000200: expected a block of 512 bytes, found 488, then the end of the file",
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let good = file(&[(0x0800_0000, b"ab"), (0x0800_0002, b"cd")]);
    for length in 0..good.len() {
        assert!(parse(&good[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn no_blocks_panic(
        blocks in vec(
            (
                proptest::sample::select(vec![0, 1, NAMED, NAMED | 1]),
                any::<u32>(),
                0..4_u32,
                0..5_u32,
                proptest::sample::select(vec![F4, RP2040]),
                vec(any::<u8>(), 0..=476),
            ),
            0..5,
        ),
    ) {
        let bytes: Vec<u8> = blocks
            .iter()
            .flat_map(|(flags, address, number, count, family, data)| {
                block(*flags, *address, *number, *count, *family, data)
            })
            .collect();
        if let Ok(image) = parse(&bytes) {
            crate::image::tests::assert_in_order(&image);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }
}

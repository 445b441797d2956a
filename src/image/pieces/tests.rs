//! Pieces in every order, that touch, repeat and contradict each other.

use super::*;
use crate::image::hex::HEX;

/// Pieces of these addresses and data, one a line.
fn made_of(pieces: &[(u32, &[u8])], repetition: Repetition) -> Result<Image, ImageError> {
    image(&HEX, repetition, |visit| {
        let mut numbered = (1..).zip(pieces);
        numbered.try_for_each(|(line, &(address, data))| {
            visit(Piece {
                at: Place::Line(line),
                address,
                data,
            })
        })
    })
}

#[test]
fn pieces_are_ordered_and_joined_where_they_touch() {
    let check = |given: &[(u32, &[u8])], expected: &[(u32, &[u8])]| {
        for repetition in [Repetition::Allowed, Repetition::Refused] {
            let image = made_of(given, repetition).expect("no overlap");
            let found: Vec<(u32, &[u8])> = image.targets[0]
                .elements
                .iter()
                .map(|element| (element.address, &element.data[..]))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(image.warnings, [""; 0]);
        }
    };
    check(&[(0, b"ab"), (2, b"cd")], &[(0, b"abcd")]);
    check(&[(2, b"cd"), (0, b"ab")], &[(0, b"abcd")]);
    check(&[(3, b"cd"), (0, b"ab")], &[(0, b"ab"), (3, b"cd")]);
    check(&[(0, b"ab"), (1, b"")], &[(0, b"ab")]);
    check(
        &[(0xFFFF_FFFF, b"z"), (0xFFFF_FFFE, b"y")],
        &[(0xFFFF_FFFE, b"yz")],
    );
}

#[track_caller]
fn check_refused(given: &[(u32, &[u8])], repetition: Repetition, expected: &str) {
    let error = made_of(given, repetition).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn pieces_that_make_no_sense_are_refused() {
    for repetition in [Repetition::Allowed, Repetition::Refused] {
        let check = |given: &[(u32, &[u8])], expected| check_refused(given, repetition, expected);
        check(&[], "the file has no bytes to write");
        check(&[(4, b"")], "the file has no bytes to write");
        check(
            &[(0xFFFF_FFFE, b"abc")],
            "line 1: expected data that ends at or below 0xffffffff, found 0xfffffffe..0x100000001",
        );
    }
}

#[test]
fn pieces_that_overlap_are_told_with_both_places_where_none_may() {
    let check = |given: &[(u32, &[u8])], expected| {
        check_refused(given, Repetition::Refused, expected);
    };
    check(
        &[(8, b"abcd"), (0, b"ab"), (5, b"abcd")],
        "line 1: expected elements that don't overlap, found 0x00000008..0x0000000c over 0x00000005..0x00000009 (at line 3)",
    );
    check(
        &[(8, b"abcd"), (8, b"abcd")],
        "line 2: expected elements that don't overlap, found 0x00000008..0x0000000c over 0x00000008..0x0000000c (at line 1)",
    );
    // One that swallows several others whole.
    check(
        &[(0, b"abcdefgh"), (2, b"a"), (6, b"a")],
        "line 2: expected elements that don't overlap, found 0x00000002..0x00000003 over 0x00000000..0x00000008 (at line 1)",
    );
}

#[test]
fn what_is_said_twice_has_to_be_the_same() {
    let image = |given: &[(u32, &[u8])]| made_of(given, Repetition::Allowed);
    let one = image(&[(0, b"abcd"), (2, b"cd")]).expect("the same");
    assert_eq!(one.targets[0].elements[0].data, b"abcd");
    assert_eq!(
        one.warnings,
        ["One record repeats bytes of others, with the same values: at line 2."]
    );
    let two = image(&[(0, b"ab"), (4, b"ef"), (1, b"bcde"), (0, b"a")]).expect("the same");
    assert_eq!(two.targets[0].elements[0].data, b"abcdef");
    assert_eq!(
        two.warnings,
        ["2 records repeat bytes of others, with the same values: the first at line 3."]
    );
    let check = |given: &[(u32, &[u8])], expected| {
        check_refused(given, Repetition::Allowed, expected);
    };
    check(
        &[(0, b"ab"), (4, b"ef"), (1, b"bcdX")],
        "line 3: expected 0x65 at 0x00000004, which line 2 says, found 0x58",
    );
    check(
        &[
            (0xFFFF_FFFF, b"a"),
            (0xFFFF_FFFF, b"a"),
            (0xFFFF_FFFE, b"zb"),
        ],
        "line 3: expected 0x61 at 0xffffffff, which line 1 says, found 0x62",
    );
}

#[test]
fn a_file_in_too_many_pieces_is_refused() {
    let scattered = |count: u32| {
        image(&HEX, Repetition::Allowed, |visit| {
            (0..count).try_for_each(|number| {
                visit(Piece {
                    at: Place::Line(1),
                    address: number << 16,
                    data: b"x",
                })
            })
        })
    };
    let elements = |image: Image| image.targets[0].elements.len();
    assert_eq!(scattered(1 << 16).map(elements), Ok(1 << 16));
    let alternating = image(&HEX, Repetition::Allowed, |visit| {
        (0..=1 << 17).try_for_each(|number| {
            visit(Piece {
                at: Place::Line(1),
                address: number * 2,
                data: b"x",
            })
        })
    });
    assert_eq!(alternating, Err(ImageError::TooManyElements));
}

//! Each rule of the format, kept and broken.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::image::tests::{Records, pieces_of};

const EOF: &str = ":00000001FF\n";

/// A record with the checksum that belongs to it.
fn record(kind: u8, offset: u16, data: &[u8]) -> String {
    let [high, low] = offset.to_be_bytes();
    let bytes = [&[data.len() as u8, high, low, kind], data].concat();
    let sum = bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let checksum = (0x100 - sum % 0x100) % 0x100;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(":{digits}{checksum:02X}\r\n")
}

#[track_caller]
fn check(text: &str, expected: &[(u32, &[u8])]) {
    let image = parse(text.as_bytes()).expect(text);
    assert_eq!(image.format, &HEX);
    assert_eq!((image.ids, image.warnings.len()), (None, 0));
    let [target] = &image.targets[..] else {
        panic!("one target: {image:?}");
    };
    assert_eq!(target.alternate_setting, None);
    assert_eq!(pieces_of(target), expected);
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let error = parse(text.as_bytes()).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

/// Records as the specification has them, written out.
#[test]
fn records_written_out_are_read() {
    check(
        ":020000040800F2\n\
         :0400000000000220DA\n\
         :04000400C10100082E\n\
         :0400000508000000EF\n\
         :00000001FF\n",
        &[(0x0800_0000, &[0, 0, 2, 0x20, 0xC1, 1, 0, 8])],
    );
}

#[test]
fn a_gap_stays_a_gap() {
    let text = [record(0, 0, b"ab"), record(0, 3, b"cd"), EOF.to_owned()].concat();
    check(&text, &[(0, b"ab"), (3, b"cd")]);
}

#[test]
fn records_may_come_in_any_order() {
    let text = [
        record(4, 0, &[0x08, 0x01]),
        record(0, 0x0000, b"ef"),
        record(4, 0, &[0x08, 0x00]),
        record(0, 0xFFFE, b"cd"),
        record(0, 0xFFFC, b"ab"),
        EOF.to_owned(),
    ]
    .concat();
    check(&text, &[(0x0800_FFFC, b"abcdef")]);
}

#[test]
fn a_linear_record_goes_on_past_64_kib() {
    let text = [
        record(4, 0, &[0x08, 0x00]),
        record(0, 0xFFFE, b"abcd"),
        EOF.to_owned(),
    ]
    .concat();
    check(&text, &[(0x0800_FFFE, b"abcd")]);
}

#[test]
fn segments_are_counted_in_units_of_16_bytes() {
    let text = [
        record(2, 0, &[0x12, 0x34]),
        record(0, 0x0010, b"ab"),
        record(0, 0xFFFE, b"cd"),
        record(3, 0, &[0x12, 0x34, 0x56, 0x78]),
        EOF.to_owned(),
    ]
    .concat();
    check(&text, &[(0x1_2350, b"ab"), (0x2_233E, b"cd")]);
    let text = [record(2, 0, &[0x12, 0x34]), record(0, 0xFFFF, b"ab")].concat();
    check_refused(
        &text,
        "line 2: expected data that ends at or below 0xffff in its segment, found 0xffff..0x10001",
    );
}

#[test]
fn lower_case_blank_lines_and_a_byte_order_mark_are_read() {
    let text = format!(
        "\u{FEFF}\n  {}\n{}\n\n",
        record(0, 0, b"ab").to_lowercase(),
        EOF.trim()
    );
    check(&text, &[(0, b"ab")]);
}

#[test]
fn a_damaged_record_is_told_with_its_line() {
    let good = record(0, 0, b"ab");
    let check = |bad: &str, expected: &str| {
        check_refused(
            &format!("{good}{bad}\n{EOF}"),
            &format!("line 2: {expected}"),
        );
    };
    check(
        "; comment",
        "expected a record, which begins with \":\", found \"; comment\"",
    );
    check(
        ":020002006162390",
        "expected an even number of hexadecimal digits, found 15",
    );
    check(":0000", "expected a record of 5 bytes or more, found 2");
    check(
        ":0200020061623900",
        "expected a record of 7 bytes, as its first byte says, found 8",
    );
    check(":02000200616238", "expected checksum 39, found 38");
    check(
        ":00000006FA",
        "expected a record of type 00 to 05, found type 06",
    );
    check(
        ":0100000408F3",
        "expected 2 bytes in a record of type 04, found 1",
    );
    check(
        ":0100000208F5",
        "expected 2 bytes in a record of type 02, found 1",
    );
    check(
        ":0100000508F2",
        "expected 4 bytes in a record of type 05, found 1",
    );
    check(
        ":0100000108F6",
        "expected 0 bytes in a record of type 01, found 1",
    );
}

#[test]
fn a_file_ends_with_its_end_of_file_record() {
    let good = record(0, 0, b"ab");
    check_refused(
        &good,
        "line 2: expected an end-of-file record (type 01), found the end of the file",
    );
    check_refused(
        &format!("{good}{EOF}\n{good}{EOF}"),
        "line 4: expected the end of the file, after the end-of-file record, found \":0200000061623B\"",
    );
    check_refused(EOF, "the file has no bytes to write");
}

const RECORDS: Records = Records { parse, end: EOF };

#[test]
fn records_that_repeat_others_are_told_and_those_that_contradict_them_are_refused() {
    RECORDS.check_repetition(|address, data| record(0, address.into(), data));
}

#[test]
fn data_past_the_end_of_the_address_space_is_refused() {
    let text = [
        record(4, 0, &[0xFF, 0xFF]),
        record(0, 0xFFFF, b"ab"),
        EOF.to_owned(),
    ]
    .concat();
    check_refused(
        &text,
        "line 2: expected data that ends at or below 0xffffffff, found 0xffffffff..0x100000001",
    );
}

/// Whatever is cut off: a byte that got lost doesn't go unnoticed.
#[test]
fn a_file_cut_anywhere_is_refused() {
    let text = [
        record(4, 0, &[8, 0]),
        record(0, 0, b"abcdef"),
        EOF.to_owned(),
    ]
    .concat();
    for length in 0..text.trim_ascii_end().len() {
        assert!(parse(&text.as_bytes()[..length]).is_err(), "{length}");
    }
}

/// Each record looked for among the others would be billions of steps, and minutes.
#[test]
fn as_many_records_as_anyone_has_may_stand_backwards() {
    let records = (0..100_000_u32).rev().map(|index| {
        let [_, high, middle, low] = (index * 2).to_be_bytes();
        record(4, 0, &[8, high]) + &record(0, u16::from_be_bytes([middle, low]), b"a")
    });
    let text = records.collect::<String>() + EOF;
    let image = parse(text.as_bytes()).expect("nothing to refuse");
    assert_eq!(image.targets[0].elements.len(), 100_000);
}

proptest! {
    #[test]
    fn what_was_put_into_records_comes_out(
        data in vec(any::<u8>(), 1..600),
        start in 0..0xFFFF_F000_u32,
        length in 1..=255_usize,
        backwards in any::<bool>(),
    ) {
        let records = (start..)
            .step_by(length)
            .zip(data.chunks(length))
            .map(|(address, chunk)| {
                let upper = (address >> 16) as u16;
                record(4, 0, &upper.to_be_bytes()) + &record(0, address as u16, chunk)
            })
            .collect();
        RECORDS.check_round_trip(records, start, &data, backwards);
    }

    /// Records whose frame is right and whose fields are anything: nothing panics, and what is accepted keeps the promises
    /// of an image.
    #[test]
    fn no_records_panic(records in vec((0..7_u8, any::<u16>(), vec(any::<u8>(), 0..6)), 0..12)) {
        let text: String = records.iter().map(|(kind, offset, data)| record(*kind, *offset, data)).collect();
        match parse((text + EOF).as_bytes()) {
            Ok(image) => crate::image::tests::assert_in_order(&image),
            Err(error) => prop_assert!(!matches!(error, ImageError::Empty)),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..80)) {
        let _ = parse(&bytes);
        let _ = parse(&[b":", &bytes[..]].concat());
    }
}

fn check_written(given: &[(u32, &[u8])], expected: &[&str]) {
    let elements: Vec<ImageElement> = given
        .iter()
        .map(|&(address, data)| ImageElement {
            address,
            data: data.to_vec(),
        })
        .collect();
    let text = to_hex(&elements);
    assert!(text.ends_with("\r\n"));
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn records_have_16_bytes_and_name_the_upper_address_where_it_changes() {
    check_written(&[], &[":00000001FF"]);
    check_written(
        &[(0x0800_0000, b"0123456789abcdefgh"), (0x0800_0020, b"\x00")],
        &[
            ":020000040800F2",
            ":1000000030313233343536373839616263646566 8E",
            ":02001000676 81F",
            ":0100200000DF",
            ":00000001FF",
        ]
        .map(|line| line.replace(' ', ""))
        .each_ref()
        .map(String::as_str),
    );
}

#[test]
fn a_record_ends_where_the_upper_address_changes() {
    check_written(
        &[(0x0800_FFFE, b"\x01\x02\x03")],
        &[
            ":020000040800F2",
            ":02FFFE000102FE",
            ":020000040801F1",
            ":0100000003FC",
            ":00000001FF",
        ],
    );
    check_written(
        &[(0xFFFF_FFFF, b"\x01")],
        &[":02000004FFFFFC", ":01FFFF000100", ":00000001FF"],
    );
}

//! Each rule of the format, kept and broken.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

use crate::image::tests::{Records, pieces_of};

const HEADER: &str = "S00600004844521B\n";
const END: &str = "S70500000000FA\n";

/// A record with the checksum that belongs to it; the address has as many bytes as the kind says.
fn record(kind: u8, address: u32, data: &[u8]) -> String {
    let length = [2, 2, 3, 4, 0, 2, 3, 4, 3, 2][usize::from(kind)];
    let address = &address.to_be_bytes()[4 - length..];
    let count = address.len() + data.len() + 1;
    let bytes = [&[count as u8], address, data].concat();
    let sum = bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("S{kind}{digits}{:02X}\r\n", 0xFF - sum % 0x100)
}

#[track_caller]
fn check(text: &str, expected: &[(u32, &[u8])]) {
    let image = parse(text.as_bytes()).expect(text);
    assert_eq!(image.format, &SREC);
    assert_eq!(image.targets.len(), 1);
    assert_eq!(pieces_of(&image.targets[0]), expected);
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let error = parse(text.as_bytes()).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

/// Records as the manual has them, written out.
#[test]
fn records_written_out_are_read() {
    check(
        "S00600004844521B\n\
         S1130000285F245F2212226A000424290008237C2A\n\
         S5030001FB\n\
         S9030000FC\n",
        &[(
            0,
            &[
                0x28, 0x5F, 0x24, 0x5F, 0x22, 0x12, 0x22, 0x6A, 0x00, 0x04, 0x24, 0x29, 0x00, 0x08,
                0x23, 0x7C,
            ],
        )],
    );
}

#[test]
fn addresses_have_16_24_or_32_bits() {
    let text = [
        record(3, 0x0800_0000, b"cd"),
        record(2, 0x12_3456, b"b"),
        record(1, 0xFFFE, b"a"),
        record(3, 0x0800_0002, b"ef"),
        END.to_owned(),
    ]
    .concat();
    check(
        &text,
        &[(0xFFFE, b"a"), (0x12_3456, b"b"), (0x0800_0000, b"cdef")],
    );
}

#[test]
fn a_file_ends_with_a_termination_or_a_count() {
    let data = record(3, 0x0800_0000, b"ab");
    for end in [
        record(7, 0x0800_01C1, &[]),
        record(8, 0, &[]),
        record(9, 0, &[]),
        record(5, 1, &[]),
        record(6, 1, &[]),
        record(5, 1, &[]) + &record(7, 0, &[]),
    ] {
        check(&format!("{HEADER}{data}{end}"), &[(0x0800_0000, b"ab")]);
    }
    let expected = "expected a termination record (S7, S8 or S9) or a count (S5 or S6), found the end of the file";
    check_refused(&format!("{HEADER}{data}"), &format!("line 3: {expected}"));
    let count = record(5, 1, &[]);
    let more = record(3, 0x0800_0002, b"cd");
    check_refused(
        &format!("{data}{count}{more}"),
        &format!("line 4: {expected}"),
    );
    check_refused(
        &format!("{data}{END}{data}"),
        "line 3: expected the end of the file, after the termination record, found \"S307080000006162…\"",
    );
    check_refused(END, "the file has no bytes to write");
}

#[test]
fn a_count_that_is_wrong_is_refused() {
    let text = [
        record(1, 0, b"a"),
        record(1, 2, b"c"),
        record(5, 3, &[]),
        END.to_owned(),
    ]
    .concat();
    check_refused(
        &text,
        "line 3: expected a count of 2, the data records so far, found 3",
    );
}

#[test]
fn a_damaged_record_is_told_with_its_line() {
    let check = |bad: &str, expected: &str| {
        check_refused(
            &format!("{HEADER}{bad}\n{END}"),
            &format!("line 2: {expected}"),
        );
    };
    let beginning = "expected a record, which begins with \"S\" and a digit, found";
    check("; comment", &format!("{beginning} \"; comment\""));
    check("S", &format!("{beginning} \"S\""));
    check(
        "S4030000FC",
        "expected a record of type S0 to S3 or S5 to S9, found \"S4030000FC\"",
    );
    check(
        "S1030000F",
        "expected an even number of hexadecimal digits, found 7",
    );
    check(
        "S30308F4",
        "expected an S3 record of 6 bytes or more, found 3",
    );
    check(
        "S105000061623700",
        "expected a record of 6 bytes, as its first byte says, found 7",
    );
    check("S1050000616236", "expected checksum 37, found 36");
    check(
        "S9040000619A",
        "expected 0 bytes of data in an S9 record, found 1",
    );
}

const RECORDS: Records = Records { parse, end: END };

#[test]
fn records_that_repeat_others_are_told_and_those_that_contradict_them_are_refused() {
    RECORDS.check_repetition(|address, data| record(1, address.into(), data));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let text = [
        HEADER,
        &record(3, 0x0800_0000, b"abcdef"),
        &record(5, 1, &[]),
        END,
    ]
    .concat();
    // Behind the count, the file says itself that nothing is missing.
    let counted = HEADER.len() + 24 + 2 + 10;
    for length in 0..counted {
        assert!(parse(&text.as_bytes()[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn what_was_put_into_records_comes_out(
        data in vec(any::<u8>(), 1..600),
        start in 0..0xFFFF_F000_u32,
        length in 1..=250_usize,
        backwards in any::<bool>(),
    ) {
        let records = (start..)
            .step_by(length)
            .zip(data.chunks(length))
            .map(|(address, chunk)| record(3, address, chunk))
            .collect();
        RECORDS.check_round_trip(records, start, &data, backwards);
    }

    /// Records whose frame is right and whose fields are anything.
    #[test]
    fn no_records_panic(
        kinds in vec(proptest::sample::select(vec![0_u8, 1, 2, 3, 5, 6]), 0..12),
        address in any::<u32>(),
        data in vec(any::<u8>(), 0..6),
    ) {
        let text: String = (0..)
            .zip(kinds)
            .map(|(index, kind)| record(kind, address.wrapping_mul(index), &data))
            .collect();
        if let Ok(image) = parse((text + END).as_bytes()) {
            crate::image::tests::assert_in_order(&image);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..80)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"S3", &bytes[..]].concat());
    }
}

#[test]
fn records_have_32_bytes_and_are_counted() {
    let elements = [
        ImageElement {
            address: 0x0800_0000,
            data: [0x11; 34].to_vec(),
        },
        ImageElement {
            address: 0xFFFF_FFFF,
            data: vec![0x22],
        },
    ];
    let text = to_srec(&elements);
    assert!(text.ends_with("\r\n"));
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "S0030000FC".to_owned(),
            format!("S32508000000{}B2", "11".repeat(32)),
            "S307080000201111AE".to_owned(),
            "S306FFFFFFFF22DB".to_owned(),
            "S5030003F9".to_owned(),
            "S70500000000FA".to_owned(),
        ]
    );
}

#[test]
fn a_count_that_has_more_than_16_bits_is_left_out() {
    let check = |length: usize, expected: bool| {
        let data = vec![0; length];
        let address = 0x0800_0000;
        let text = to_srec(&[ImageElement { address, data }]);
        assert_eq!(text.contains("\nS5"), expected, "{length}");
        assert!(!text.contains("\nS6"), "{length}");
    };
    check(0xFFFF * 32, true);
    check(0xFFFF * 32 + 1, false);
}

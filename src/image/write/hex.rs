//! Intel HEX files.

use std::fmt::Write;

use crate::image::ImageElement;

/// Most data bytes of a record, as in the files of most tools.
const RECORD_LENGTH: usize = 16;

/// Data records of 16 bytes with a record for the upper half of their addresses before them, where it changes, and the
/// end-of-file record. Gaps stay gaps. Lines end in CR LF.
pub fn to_hex(elements: &[ImageElement]) -> String {
    let mut text = String::new();
    let mut upper = None;
    for element in elements {
        let mut address = element.address;
        let mut rest = &element.data[..];
        while !rest.is_empty() {
            let [upper_high, upper_low, high, low] = address.to_be_bytes();
            if upper != Some([upper_high, upper_low]) {
                upper = Some([upper_high, upper_low]);
                record(&mut text, [0, 0], 4, &[upper_high, upper_low]);
            }
            // The load offset has 16 bits, and readers don't agree on what comes after its end.
            let left_at_this = 0x1_0000 - (address as usize & 0xFFFF);
            let (data, behind) = rest.split_at(rest.len().min(RECORD_LENGTH).min(left_at_this));
            record(&mut text, [high, low], 0, data);
            // Behind the last byte of the address space there is nothing more to write.
            address = address.wrapping_add(data.len() as u32);
            rest = behind;
        }
    }
    record(&mut text, [0, 0], 1, &[]);
    text
}

fn record(text: &mut String, [high, low]: [u8; 2], kind: u8, data: &[u8]) {
    let header = [data.len() as u8, high, low, kind];
    let bytes = header.iter().chain(data);
    let sum = bytes
        .clone()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(':');
    for byte in bytes.chain(&[sum.wrapping_neg()]) {
        write!(text, "{byte:02X}").expect("a string grows");
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(u32, &[u8])], expected: &[&str]) {
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
        check(&[], &[":00000001FF"]);
        check(
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
        check(
            &[(0x0800_FFFE, b"\x01\x02\x03")],
            &[
                ":020000040800F2",
                ":02FFFE000102FE",
                ":020000040801F1",
                ":0100000003FC",
                ":00000001FF",
            ],
        );
        check(
            &[(0xFFFF_FFFF, b"\x01")],
            &[":02000004FFFFFC", ":01FFFF000100", ":00000001FF"],
        );
    }
}

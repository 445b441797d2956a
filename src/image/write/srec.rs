//! Motorola S-records.

use std::fmt::Write;

use crate::image::ImageElement;

/// Most data bytes of a record. With 32, a count of 16 bits reaches to 2 MiB, and lines are still short.
const RECORD_LENGTH: usize = 32;

/// An empty header (S0), data records of 32 bytes and 32 bits of address (S3), their count where it has 16 bits (S5; not
/// every tool reads S6), and a termination without a start address (S7). Gaps stay gaps.
pub fn to_srec(elements: &[ImageElement]) -> String {
    let mut text = String::new();
    record(&mut text, 0, &[0, 0], &[]);
    let mut count = 0_u64;
    for element in elements {
        let addresses = (u64::from(element.address)..).step_by(RECORD_LENGTH);
        for (address, data) in addresses.zip(element.data.chunks(RECORD_LENGTH)) {
            let address = u32::try_from(address).expect("elements end at 2^32 at the latest");
            record(&mut text, 3, &address.to_be_bytes(), data);
            count += 1;
        }
    }
    if let Ok(count) = u16::try_from(count) {
        record(&mut text, 5, &count.to_be_bytes(), &[]);
    }
    record(&mut text, 7, &[0; 4], &[]);
    text
}

fn record(text: &mut String, kind: u8, address: &[u8], data: &[u8]) {
    let count = address.len() + data.len() + 1;
    let header = [count as u8];
    let bytes = header.iter().chain(address).chain(data);
    let sum = bytes
        .clone()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    write!(text, "S{kind}").expect("a string grows");
    for byte in bytes.chain(&[!sum]) {
        write!(text, "{byte:02X}").expect("a string grows");
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

//! Raw binaries.

use super::WriteError;
use crate::image::ImageElement;

/// What erased flash holds, and so what a gap is filled with.
const FILLING: u8 = 0xFF;
/// Most bytes of filling: more than between any two parts of one STM32's main flash.
const MOST_FILLING: u64 = 16 << 20;

/// The bytes from the first address to the last. Elements are ordered by address and don't overlap.
///
/// # Errors
///
/// [`WriteError::TooManyGaps`], where elements lie in different memories.
pub fn to_bin(elements: &[ImageElement]) -> Result<Vec<u8>, WriteError> {
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else {
        return Ok(Vec::new());
    };
    let end = u64::from(last.address) + last.data.len() as u64;
    let named: u64 = elements
        .iter()
        .map(|element| element.data.len() as u64)
        .sum();
    let filling = end - u64::from(first.address) - named;
    if filling > MOST_FILLING {
        return Err(WriteError::TooManyGaps {
            start: first.address,
            end,
            filling,
            most: MOST_FILLING,
        });
    }
    let mut bytes = Vec::new();
    for element in elements {
        let offset = element.address - first.address;
        bytes.resize(offset as usize, FILLING);
        bytes.extend_from_slice(&element.data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(elements: &[(u32, &[u8])]) -> Vec<ImageElement> {
        elements
            .iter()
            .map(|&(address, data)| ImageElement {
                address,
                data: data.to_vec(),
            })
            .collect()
    }

    #[test]
    fn gaps_hold_what_erased_flash_holds() {
        let check = |given: &[(u32, &[u8])], expected: &[u8]| {
            assert_eq!(to_bin(&elements(given)), Ok(expected.to_vec()));
        };
        check(&[], b"");
        check(&[(0x0800_0000, b"abc")], b"abc");
        check(
            &[
                (0x0800_0000, b"abc"),
                (0x0800_0003, b"d"),
                (0x0800_0006, b"e"),
            ],
            b"abcd\xFF\xFFe",
        );
        check(&[(0xFFFF_FFFC, b"ab"), (0xFFFF_FFFF, b"d")], b"ab\xFFd");
    }

    #[test]
    fn a_file_of_filling_is_refused() {
        let given = elements(&[(0x0800_0000, b"ab"), (0x1FFF_C000, b"cd")]);
        assert_eq!(
            to_bin(&given).map_err(|error| error.to_string()),
            Err("a raw binary from 0x08000000 to 0x1fffc002 would have 402636798 bytes that nobody named, which is more than 16777216".to_owned())
        );
        let given = elements(&[(0x0800_0000, b"ab"), (0x0900_0002, b"cd")]);
        assert_eq!(to_bin(&given).map(|bytes| bytes.len()), Ok((16 << 20) + 4));
    }
}

//! Raw binaries: bytes without an address, with or without a DFU 1.1 suffix.

use crate::address::ADDRESS_SPACE;

use super::codec::{Codec, Read, Write, WriteError, Writer};
use super::error::{Conversion, ImageError};
use super::format::Format;
use super::model::{Image, ImageElement};
use super::suffix::{self, Suffix};

pub static BIN: Format = Format {
    short_name: "bin",
    help: "Raw bytes",
    article: "a raw binary",
    content: "raw bytes",
    beginning: "raw bytes",
    // With anything: it is what remains.
    begins: |_| false,
    extensions: &["bin"],
    is_text: false,
};

pub static CODEC: Codec = Codec {
    format: &BIN,
    read: Read::Raw,
    writer: Some(Writer {
        help: "Raw bytes from the first address to the last",
        write: Write::Elements(to_bin),
    }),
};

/// What erased flash holds, and so what a gap is filled with.
const FILLING: u8 = 0xFF;
/// Most bytes of filling: more than between any two parts of one STM32's main flash.
const MOST_FILLING: u64 = 16 << 20;

/// An image of these bytes at this address. A suffix is checked and left out; the ids in it are kept.
///
/// # Errors
/// [`ImageError::MissingAddress`] where the file is fine, but nobody said where it belongs.
pub fn parse(mut bytes: Vec<u8>, address: Option<u32>) -> Result<Image, ImageError> {
    let ids = take_suffix(&mut bytes)?.map(|suffix| suffix.ids);
    if bytes.is_empty() {
        return Err(ImageError::NothingToWrite);
    }
    let address = address.ok_or(ImageError::MissingAddress { ids })?;
    let length = bytes.len() as u64;
    if u64::from(address) + length > ADDRESS_SPACE {
        return Err(ImageError::PastAddressSpace { address, length });
    }
    let element = ImageElement {
        address,
        data: bytes,
    };
    Ok(Image {
        ids,
        warnings: ids.iter().filter_map(|ids| ids.warning()).collect(),
        ..Image::of_elements(&BIN, vec![element])
    })
}

/// Takes the suffix off, if there is one, and returns what it says.
pub fn take_suffix(bytes: &mut Vec<u8>) -> Result<Option<Suffix>, ImageError> {
    match suffix::dfu_version(bytes) {
        // A whole DfuSe file taken byte for byte: the suffix belongs to what it frames.
        Some(suffix::DFUSE) if bytes.starts_with(b"DfuSe") => Ok(None),
        Some(suffix::DFU_1_1 | suffix::DFU_1_10 | suffix::DFUSE) => {
            let suffix = suffix::check(bytes)
                .map_err(|error| Conversion::of(bytes).map_or(error, ImageError::Converted))?;
            bytes.truncate(bytes.len() - suffix.length);
            Ok(Some(suffix))
        }
        Some(other) => Err(suffix::wrong_version(
            bytes,
            "0x0100, 0x0110 or 0x011a",
            other,
        )),
        None => Ok(None),
    }
}

/// The bytes from the first address to the last. Elements are ordered by address and don't overlap.
///
/// # Errors
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

    /// Four bytes of firmware, bcdDevice 2200, product 0, vendor 0483, DFU 1.1.
    const PLAIN: [u8; 20] = [
        0xDE, 0xAD, 0xBE, 0xEF, // firmware
        0x00, 0x22, // bcdDevice
        0x00, 0x00, // idProduct
        0x83, 0x04, // idVendor
        0x00, 0x01, // bcdDFU
        b'U', b'F', b'D', 16, // ucDfuSignature, bLength
        0x19, 0x22, 0xF4, 0x3C, // dwCRC
    ];

    fn element(image: &Image) -> (u32, &[u8]) {
        let element = &image.targets[0].elements[0];
        (element.address, &element.data)
    }

    #[test]
    fn raw_bytes_are_one_element_at_the_address_given() {
        let image = parse(vec![1, 2, 3], Some(0x0800_4000)).expect("a raw binary");
        assert_eq!(image.format, &BIN);
        assert_eq!(image.ids, None);
        assert_eq!(image.warnings, [""; 0]);
        assert_eq!(image.targets.len(), 1);
        assert_eq!(image.targets[0].alternate_setting, None);
        assert_eq!(element(&image), (0x0800_4000, &[1, 2, 3][..]));
    }

    #[test]
    fn a_suffix_is_left_out_and_its_ids_are_kept() {
        let image = parse(PLAIN.to_vec(), Some(0x0800_0000)).expect("a suffix in order");
        assert_eq!(element(&image), (0x0800_0000, &PLAIN[..4]));
        let ids = image.ids.expect("ids");
        assert_eq!(
            (ids.vendor_id, ids.product_id, ids.device_release),
            (0x0483, 0, 0x2200)
        );
        assert_eq!(
            image.warnings,
            ["The file's product id is 0: it is taken to fit any product."]
        );
    }

    #[test]
    fn the_last_byte_may_be_the_last_of_the_address_space() {
        let image = parse(vec![0; 16], Some(0xFFFF_FFF0)).expect("fits");
        assert_eq!(element(&image), (0xFFFF_FFF0, &[0; 16][..]));
    }

    #[test]
    fn what_no_address_makes_right_is_refused() {
        let check = |bytes: &[u8], address, expected: &str| {
            let error = parse(bytes.to_vec(), address).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(
            &[0; 17],
            Some(0xFFFF_FFF0),
            "expected a file that ends at or below 0xffffffff, found 17 bytes to be put at 0xfffffff0",
        );
        check(
            &PLAIN,
            None,
            "the file is a raw binary, which doesn't say which address it is for",
        );
        let mut flipped = PLAIN;
        flipped[3] ^= 1;
        check(
            &flipped,
            None,
            "offset 0x00000010: expected CRC 0xe162fb9c, found 0x3cf42219: the file is damaged",
        );
        let mut other_version = PLAIN;
        other_version[10] = 0x20;
        check(
            &other_version,
            Some(0),
            "offset 0x0000000a: expected bcdDFU 0x0100, 0x0110 or 0x011a, found 0x0120",
        );
        // A suffix and nothing before it.
        check(
            &[
                0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x01, b'U', b'F', b'D', 16, 0xE1, 0xF1,
                0x7B, 0x88,
            ],
            Some(0),
            "the file has no bytes to write",
        );
    }

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
            Err("a raw binary from 0x08000000 to 0x1fffc002 would need 402636798 bytes of filling, which is more than 16777216".to_owned())
        );
        let given = elements(&[(0x0800_0000, b"ab"), (0x0900_0002, b"cd")]);
        assert_eq!(to_bin(&given).map(|bytes| bytes.len()), Ok((16 << 20) + 4));
    }
}

//! Raw binaries: bytes without an address, with or without a DFU 1.1 suffix.

use super::{Conversion, FileIds, Format, Image, ImageElement, ImageError, ImageTarget, suffix};

/// The first address past the last.
const ADDRESS_SPACE: u64 = 1 << 32;

/// An image of these bytes at this address. A suffix is checked and left out; the ids in it are kept.
///
/// # Errors
///
/// [`ImageError::MissingAddress`] where the file is fine, but nobody said where it belongs.
pub fn parse(mut bytes: Vec<u8>, address: Option<u32>) -> Result<Image, ImageError> {
    let ids = take_suffix(&mut bytes)?;
    if bytes.is_empty() {
        return Err(ImageError::NothingToWrite);
    }
    let address = address.ok_or(ImageError::MissingAddress { ids })?;
    let length = bytes.len() as u64;
    if u64::from(address) + length > ADDRESS_SPACE {
        return Err(ImageError::PastAddressSpace { address, length });
    }
    Ok(Image {
        format: Format::Bin,
        targets: vec![ImageTarget {
            alternate_setting: None,
            name: None,
            elements: vec![ImageElement {
                address,
                data: bytes,
            }],
        }],
        ids,
        family: None,
        suspicion: None,
        warnings: ids.iter().filter_map(|ids| ids.warning()).collect(),
    })
}

/// Takes the suffix off, if there is one, and returns the ids in it.
fn take_suffix(bytes: &mut Vec<u8>) -> Result<Option<FileIds>, ImageError> {
    match suffix::dfu_version(bytes) {
        // A whole DfuSe file taken byte for byte: the suffix belongs to what it frames.
        Some(suffix::DFUSE) if bytes.starts_with(b"DfuSe") => Ok(None),
        Some(suffix::DFU_1_1 | suffix::DFU_1_10 | suffix::DFUSE) => {
            let suffix = suffix::check(bytes)
                .map_err(|error| Conversion::of(bytes).map_or(error, ImageError::Converted))?;
            bytes.truncate(bytes.len() - suffix.length);
            Ok(Some(suffix.ids))
        }
        Some(other) => Err(suffix::wrong_version(
            bytes,
            "0x0100, 0x0110 or 0x011a",
            other,
        )),
        None => Ok(None),
    }
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
        assert_eq!(image.format, Format::Bin);
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
            "the file is a raw binary, which doesn't say at which address it belongs",
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
            "the file names no byte to write",
        );
    }
}

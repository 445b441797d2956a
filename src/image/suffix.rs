//! The suffix at the end of a DFU file (DFU 1.1 §B; ST UM0391 §2.2).

use byteorder::{ByteOrder, LittleEndian};

use super::error::ImageError;
use super::ids::FileIds;

/// `bLength` of a suffix with nothing of its maker's own, in bytes.
pub const LENGTH: usize = 16;
/// `bcdDFU` of a DFU 1.1 file: bytes without an address.
pub const DFU_1_1: u16 = 0x0100;
/// The same as some write it: 1.10, the number of the specification itself.
pub const DFU_1_10: u16 = 0x0110;
/// `bcdDFU` of a DfuSe file.
pub const DFUSE: u16 = 0x011A;

/// `ucDfuSignature`, as it stands in the file.
const SIGNATURE: &[u8; 3] = b"UFD";
const DFU_VERSION_OFFSET: usize = 6;
const SIGNATURE_OFFSET: usize = 8;
const LENGTH_OFFSET: usize = 11;
const CRC_OFFSET: usize = 12;

/// A suffix that has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suffix {
    /// `bLength`: the bytes at the end of the file that are not part of its contents. Whatever its maker adds stands
    /// in front of the 16 that every suffix has (DFU 1.1 §B.1).
    pub length: usize,
    /// `bcdDFU`
    pub dfu_version: u16,
    /// The devices that the file is meant for.
    pub ids: FileIds,
    /// `dwCRC`, which is right.
    pub crc: u32,
}

/// `bcdDFU` of the suffix that the file seems to end in, unchecked; `None` where its signature is missing.
pub fn dfu_version(bytes: &[u8]) -> Option<u16> {
    let (_, suffix) = bytes.split_last_chunk::<LENGTH>()?;
    (&suffix[SIGNATURE_OFFSET..LENGTH_OFFSET] == SIGNATURE)
        .then(|| LittleEndian::read_u16(&suffix[DFU_VERSION_OFFSET..]))
}

/// `bLength` of the suffix that the file seems to end in, unchecked.
pub fn stated_length(bytes: &[u8]) -> Option<u8> {
    dfu_version(bytes)?;
    let (_, suffix) = bytes.split_last_chunk::<LENGTH>()?;
    Some(suffix[LENGTH_OFFSET])
}

/// Reads the suffix that the file ends in, and checks all of it but the meaning of `bcdDFU`.
///
/// # Errors
/// [`ImageError::Malformed`] where the signature or `bLength` is wrong, [`ImageError::Checksum`] where the CRC is.
pub fn check(bytes: &[u8]) -> Result<Suffix, ImageError> {
    let Some((body, suffix)) = bytes.split_last_chunk::<LENGTH>() else {
        return Err(ImageError::malformed(
            bytes.len(),
            format!("a DFU suffix of {LENGTH} bytes"),
            format!("the end of the file after {} bytes", bytes.len()),
        ));
    };
    let signature = &suffix[SIGNATURE_OFFSET..LENGTH_OFFSET];
    if signature != SIGNATURE {
        return Err(ImageError::malformed(
            body.len() + SIGNATURE_OFFSET,
            "the DFU suffix's signature \"UFD\"",
            format!("\"{}\"", signature.escape_ascii()),
        ));
    }
    let length = usize::from(suffix[LENGTH_OFFSET]);
    if length < LENGTH || length > bytes.len() {
        return Err(ImageError::malformed(
            body.len() + LENGTH_OFFSET,
            format!("a DFU suffix of {LENGTH} bytes or more, inside the file (bLength)"),
            length.to_string(),
        ));
    }
    let crc_offset = body.len() + CRC_OFFSET;
    let expected = crc(&bytes[..crc_offset]);
    let found = LittleEndian::read_u32(&suffix[CRC_OFFSET..]);
    if found != expected {
        return Err(ImageError::Checksum {
            offset: crc_offset as u64,
            expected,
            found,
        });
    }
    Ok(Suffix {
        length,
        dfu_version: LittleEndian::read_u16(&suffix[DFU_VERSION_OFFSET..]),
        ids: FileIds {
            vendor_id: LittleEndian::read_u16(&suffix[4..]),
            product_id: LittleEndian::read_u16(&suffix[2..]),
            device_release: LittleEndian::read_u16(suffix),
        },
        crc: found,
    })
}

/// Adds a suffix to the bytes before it.
pub fn append(bytes: &mut Vec<u8>, dfu_version: u16, ids: FileIds) {
    for field in [
        ids.device_release,
        ids.product_id,
        ids.vendor_id,
        dfu_version,
    ] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(SIGNATURE);
    bytes.push(LENGTH as u8);
    let crc = crc(bytes);
    bytes.extend(crc.to_le_bytes());
}

/// A suffix whose `bcdDFU` is none of those expected.
pub fn wrong_version(bytes: &[u8], expected: &str, found: u16) -> ImageError {
    ImageError::malformed(
        bytes.len().saturating_sub(LENGTH - DFU_VERSION_OFFSET),
        format!("bcdDFU {expected}"),
        format!("{found:#06x}"),
    )
}

/// `dwCRC`: the everyday CRC-32 without its final xor.
pub fn crc(bytes: &[u8]) -> u32 {
    !crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four bytes of firmware, bcdDevice 2200, 0483:df11, DFU 1.1.
    const PLAIN: [u8; 20] = [
        0xDE, 0xAD, 0xBE, 0xEF, // firmware
        0x00, 0x22, // bcdDevice
        0x11, 0xDF, // idProduct
        0x83, 0x04, // idVendor
        0x00, 0x01, // bcdDFU
        b'U', b'F', b'D', 16, // ucDfuSignature, bLength
        0x27, 0x46, 0x26, 0x3F, // dwCRC
    ];

    #[test]
    fn the_crc_is_the_complement_of_the_everyday_one() {
        // The everyday check value is 0xCBF43926.
        assert_eq!(crc(b"123456789"), 0x340B_C6D9);
    }

    #[test]
    fn a_suffix_is_sixteen_bytes_with_the_ids_in_front() {
        assert_eq!(dfu_version(&PLAIN), Some(0x0100));
        assert_eq!(
            check(&PLAIN),
            Ok(Suffix {
                length: 16,
                dfu_version: 0x0100,
                ids: FileIds {
                    vendor_id: 0x0483,
                    product_id: 0xDF11,
                    device_release: 0x2200,
                },
                crc: 0x3F26_4627,
            })
        );
    }

    #[test]
    fn a_suffix_is_written_as_it_is_read() {
        let ids = FileIds {
            vendor_id: 0x0483,
            product_id: 0xDF11,
            device_release: 0x2200,
        };
        let mut bytes = PLAIN[..4].to_vec();
        append(&mut bytes, DFU_1_1, ids);
        assert_eq!(bytes, PLAIN);
    }

    #[test]
    fn what_is_wrong_with_a_suffix_is_said() {
        let check = |at: usize, byte: u8, expected: &str| {
            let mut bytes = PLAIN;
            bytes[at] = byte;
            let error = super::check(&bytes).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(
            12,
            b'u',
            "offset 0x0000000c: expected the DFU suffix's signature \"UFD\", found \"uFD\"",
        );
        for (length, found) in [(15, "15"), (21, "21"), (0, "0")] {
            check(
                15,
                length,
                &format!(
                    "offset 0x0000000f: expected a DFU suffix of 16 bytes or more, inside the file (bLength), found {found}"
                ),
            );
        }
        check(
            19,
            0x51,
            "offset 0x00000010: expected CRC 0x3f264627, found 0x51264627: the file is damaged",
        );
    }

    /// What stands in front of the 16 bytes is its maker's.
    #[test]
    fn a_suffix_may_be_longer_than_16_bytes() {
        let mut bytes = PLAIN;
        bytes[15] = 19;
        let crc = crc(&bytes[..16]);
        bytes[16..].copy_from_slice(&crc.to_le_bytes());
        let suffix = check(&bytes).expect("nothing to refuse");
        assert_eq!((suffix.length, suffix.ids.product_id), (19, 0xDF11));
    }

    #[test]
    fn a_file_too_short_for_a_suffix_has_none() {
        assert_eq!(dfu_version(&PLAIN[5..]), None);
        assert_eq!(
            check(&PLAIN[5..]).map_err(|error| error.to_string()),
            Err("offset 0x0000000f: expected a DFU suffix of 16 bytes, found the end of the file after 15 bytes".to_owned())
        );
    }
}

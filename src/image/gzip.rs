//! gzip-compressed files (RFC 1952), of one member or several.

use std::io::{self, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::ImageError;
use super::model::MOST_BYTES;

/// What is in a gzip-compressed file.
///
/// # Errors
/// [`ImageError::GzipDamaged`], also where anything follows the last member, and [`ImageError::GzipTooLarge`].
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    unpack_at_most(bytes, MOST_BYTES)
}

fn unpack_at_most(bytes: &[u8], most: u64) -> Result<Vec<u8>, ImageError> {
    let mut decoder = MultiGzDecoder::new(Cursor::new(bytes));
    let mut unpacked = Vec::new();
    let mut buffer = [0; 1 << 15];
    // Grows with what comes out: neither the file nor its trailer is believed about the length. Piece by piece, because
    // a reader would fill the vector with zeros up to its capacity, which is up to twice as much.
    loop {
        let length = decoder
            .read(&mut buffer)
            .map_err(|error| ImageError::GzipDamaged {
                offset: decoder.get_ref().position(),
                cause: cause(&error),
            })?;
        if length == 0 {
            unpacked.shrink_to_fit();
            return Ok(unpacked);
        }
        unpacked.extend_from_slice(&buffer[..length]);
        if unpacked.len() as u64 > most {
            return Err(ImageError::GzipTooLarge { most });
        }
    }
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "abc", as `gzip -n` packs it.
    const ABC: [u8; 23] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, // ID1, ID2, CM, FLG, MTIME, XFL, OS
        0x4B, 0x4C, 0x4A, 0x06, 0, // deflated
        0xC2, 0x41, 0x24, 0x35, // CRC32
        3, 0, 0, 0, // ISIZE
    ];

    fn check_refused(bytes: &[u8], most: u64, expected: &str) {
        let error = unpack_at_most(bytes, most).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_member_is_unpacked() {
        assert_eq!(unpack(&ABC), Ok(b"abc".to_vec()));
        assert_eq!(unpack(&[ABC, ABC].concat()), Ok(b"abcabc".to_vec()));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        check_refused(
            &ABC[..12],
            9,
            "offset 0x0000000c: the gzip-compressed data is damaged: it is cut short",
        );
        let mut flipped = ABC;
        flipped[15] ^= 1;
        check_refused(
            &flipped,
            9,
            "offset 0x00000017: the gzip-compressed data is damaged: corrupt gzip stream does not have a matching checksum",
        );
        check_refused(
            &[&ABC[..], b"something else"].concat(),
            9,
            "offset 0x00000021: the gzip-compressed data is damaged: invalid gzip header",
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        for length in 0..ABC.len() {
            assert!(unpack(&ABC[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_file_that_unpacks_to_too_much_is_refused() {
        assert_eq!(unpack_at_most(&ABC, 3), Ok(b"abc".to_vec()));
        check_refused(
            &ABC,
            2,
            "the gzip-compressed file unpacks to more than 2 bytes",
        );
    }
}

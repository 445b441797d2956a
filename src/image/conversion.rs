//! What a program did to a binary file that took it for text.

use byteorder::{ByteOrder, LittleEndian};

use super::error::Conversion;
use super::suffix;

impl Conversion {
    /// The conversion that left these bytes behind, as far as can be told.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        utf8(bytes).or_else(|| line_ends(bytes))
    }
}

/// Firmware is no UTF-8 by chance; with a NUL, which text doesn't have, and U+FFFD it was made into it.
fn utf8(bytes: &[u8]) -> Option<Conversion> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains('\0') {
        return None;
    }
    let offset = text.find(char::REPLACEMENT_CHARACTER)? as u64;
    Some(Conversion::Utf8 { offset })
}

/// A DfuSe file from signature to suffix, damaged, that is longer or shorter than it says by no more than its line ends
/// allow. By chance, or where a converter left some, a few of the ends that it makes away with are there.
fn line_ends(bytes: &[u8]) -> Option<Conversion> {
    let stated = bytes.strip_prefix(b"DfuSe\x01")?.first_chunk::<4>()?;
    let suffix = suffix::stated_length(bytes)?;
    let expected = u64::from(LittleEndian::read_u32(stated)) + u64::from(suffix);
    if suffix::check(bytes).is_ok() {
        return None;
    }
    let found = bytes.len() as u64;
    let line_feeds = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count() as u64;
    let lone = line_feeds - pairs;
    let changed = found.abs_diff(expected);
    if found < expected && line_feeds >= changed && pairs < changed {
        Some(Conversion::CrLfToLf {
            expected,
            found,
            left: pairs,
        })
    } else if found > expected && pairs >= changed && lone < changed {
        Some(Conversion::LfToCrLf {
            expected,
            found,
            left: lone,
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame of a DfuSe file that says it has `stated` bytes before its suffix.
    fn file(stated: u8, body: &[u8]) -> Vec<u8> {
        [
            b"DfuSe\x01",
            &[stated, 0, 0, 0, 1][..],
            body,
            &[0, 0, 0x11, 0xDF, 0x83, 4, 0x1A, 1],
            b"UFD\x10\x01\x02\x03\x04",
        ]
        .concat()
    }

    #[test]
    fn line_ends_that_were_converted_show_in_the_length() {
        let check = |stated, body: &[u8], expected: Option<&str>| {
            let conversion = Conversion::of(&file(stated, body));
            assert_eq!(
                conversion
                    .map(|conversion| conversion.to_string())
                    .as_deref(),
                expected,
                "{stated} {}",
                body.escape_ascii()
            );
        };
        check(
            19,
            b"ab\ncd\n",
            Some(
                "expected 35 bytes, found 33 and not one CR LF, as after a conversion of text line ends from CR LF to LF",
            ),
        );
        check(
            17,
            b"ab\r\ncd\r\n",
            Some(
                "expected 33 bytes, found 35 and a CR before every LF, as after a conversion of text line ends from LF to CR LF",
            ),
        );
        // Of a CR CR LF.
        check(
            24,
            b"ab\ncd\nef\r\n",
            Some(
                "expected 40 bytes, found 37 and hardly a CR LF (1), as after a conversion of text line ends from CR LF to LF",
            ),
        );
        check(
            20,
            b"ab\r\ncd\r\nef\n",
            Some(
                "expected 36 bytes, found 38 and a CR before nearly every LF (not 1), as after a conversion of text line ends from LF to CR LF",
            ),
        );
        check(17, b"ab\ncd\n", None);
        check(19, b"ab\r\ncd\n", None);
        check(20, b"ab\ncd\n", None);
        check(17, b"ab\r\ncd\n", None);
        check(14, b"ab\r\ncd\r\n", None);
    }

    #[test]
    fn bytes_lost_to_utf8_show_as_replacement_characters() {
        let check = |bytes: &[u8], expected| assert_eq!(Conversion::of(bytes), expected);
        check(
            b"DfuSe\x01\xEF\xBF\xBD\0\0",
            Some(Conversion::Utf8 { offset: 6 }),
        );
        check(b"text \xEF\xBF\xBD\n", None);
        check(b"DfuSe\x01\xEF\xBF\xBD\0\0\xEF", None);
        check(b"DfuSe\x01\0\0", None);
    }
}

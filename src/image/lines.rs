//! Text files of records, a line each: the bytes that their hexadecimal digits stand for.

use std::fmt::{Display, Write};

use super::content::text;
use super::error::{ImageError, Place};

/// What frames the bytes of a record.
pub struct Frame<'f> {
    /// Characters before the first digit.
    pub mark: usize,
    /// What it is called, with its article.
    pub name: &'f dyn Display,
    /// The fewest bytes of such a record.
    pub shortest: usize,
    /// Bytes that the first byte doesn't count.
    pub uncounted: usize,
    /// The checksum, made of the sum of the bytes before it.
    pub checksum: fn(u8) -> u8,
}

/// The text from the first digit on, if it begins with a mark and at least as many hexadecimal digits.
pub fn first_digits(bytes: &[u8], mark: u8, count: usize) -> Option<&[u8]> {
    let digits = text::beginning(bytes).strip_prefix(&[mark])?.get(..count)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)
}

/// Writes a line: a mark, the bytes and their checksum.
pub fn write(text: &mut String, mark: &str, bytes: &[&[u8]], checksum: fn(u8) -> u8) {
    let bytes = || bytes.iter().copied().flatten();
    text.push_str(mark);
    for byte in bytes().chain(&[checksum(sum(bytes()))]) {
        write!(text, "{byte:02X}").expect("a string grows");
    }
    text.push_str("\r\n");
}

fn sum<'b>(bytes: impl Iterator<Item = &'b u8>) -> u8 {
    bytes.fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// A line that is not blank, without white space around it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub at: Place,
    pub text: &'a [u8],
}

/// The lines that are not blank. A byte order mark before the first is passed over.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let numbered = (1..).zip(text.split(|&byte| byte == b'\n'));
    numbered
        .map(|(number, text)| Line {
            at: Place::Line(number),
            text: text.trim_ascii(),
        })
        .filter(|line| !line.text.is_empty())
}

/// The place after the last line that is not blank.
pub fn end(bytes: &[u8]) -> Place {
    let text = bytes.trim_ascii_end();
    let line_feeds = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
    Place::Line(line_feeds + 2)
}

impl Line<'_> {
    /// This line is not what it should be.
    pub fn malformed(&self, expected: impl Into<String>, found: impl Into<String>) -> ImageError {
        ImageError::malformed_at(self.at, expected, found)
    }

    /// This line stands after the record that ends the file: another file's first, or something else.
    pub fn after_the_end(&self, last: &'static str) -> ImageError {
        let found = self.excerpt();
        match self.text.first() {
            Some(b':' | b'S') => ImageError::SecondFile {
                at: self.at,
                last,
                found,
            },
            _ => self.malformed(format!("the end of the file, after {last}"), found),
        }
    }

    /// How the line begins, in quotes.
    pub fn excerpt(&self) -> String {
        let longest = 16;
        let start = &self.text[..self.text.len().min(longest)];
        let more = if self.text.len() > longest { "…" } else { "" };
        format!("\"{}{more}\"", start.escape_ascii())
    }

    /// The bytes of a record whose length and checksum are right, without the checksum. They are kept in `buffer`, in
    /// place of what was there.
    pub fn record<'b>(
        &self,
        frame: &Frame<'_>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], ImageError> {
        self.decode(frame.mark, buffer)?;
        let length = buffer.len();
        if length < frame.shortest {
            let expected = format!("{} of {} bytes or more", frame.name, frame.shortest);
            return Err(self.malformed(expected, length.to_string()));
        }
        let expected = frame.uncounted + usize::from(buffer[0]);
        if length != expected {
            let expected = format!("a record of {expected} bytes, as its first byte says");
            return Err(self.malformed(expected, length.to_string()));
        }
        let (found, rest) = buffer.split_last().expect("at least the shortest record");
        let expected = (frame.checksum)(sum(rest.iter()));
        match *found == expected {
            true => Ok(rest),
            false => {
                Err(self.malformed(format!("checksum {expected:02x}"), format!("{found:02x}")))
            }
        }
    }

    /// Puts the bytes that the digits from `start` on stand for into `buffer`, in place of what was there.
    fn decode(&self, start: usize, buffer: &mut Vec<u8>) -> Result<(), ImageError> {
        buffer.clear();
        let digits = &self.text[start..];
        if let Some(index) = digits.iter().position(|digit| !digit.is_ascii_hexdigit()) {
            return Err(self.malformed(
                "nothing but hexadecimal digits",
                format!(
                    "\"{}\" at column {}",
                    digits[index].escape_ascii(),
                    start + index + 1
                ),
            ));
        }
        if digits.len() % 2 != 0 {
            let found = digits.len().to_string();
            return Err(self.malformed("an even number of hexadecimal digits", found));
        }
        let values = digits
            .chunks_exact(2)
            .map(|pair| value(pair[0]) << 4 | value(pair[1]));
        buffer.extend(values);
        Ok(())
    }
}

/// The value of a hexadecimal digit.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_count_but_are_passed_over() {
        let check = |text: &[u8], expected: &[(u64, &[u8])], after: u64| {
            let found: Vec<(Place, &[u8])> = lines(text).map(|line| (line.at, line.text)).collect();
            let expected: Vec<(Place, &[u8])> = expected
                .iter()
                .map(|(number, text)| (Place::Line(*number), *text))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(end(text), Place::Line(after));
        };
        check(b":00\r\n:01\r\n", &[(1, b":00"), (2, b":01")], 3);
        check(
            b"\xEF\xBB\xBF:00\n\n \t:01 ",
            &[(1, b":00"), (3, b":01")],
            4,
        );
        check(b":00\n\n\n", &[(1, b":00")], 2);
    }

    #[test]
    fn digits_become_bytes_or_an_error_that_says_where() {
        let decode = |text: &[u8]| {
            let line = Line {
                at: Place::Line(7),
                text,
            };
            let mut buffer = vec![0xEE];
            line.decode(1, &mut buffer)
                .map(|()| buffer)
                .map_err(|error| error.to_string())
        };
        let check = |text: &[u8], expected: &[u8]| assert_eq!(decode(text), Ok(expected.to_vec()));
        check(b":", &[]);
        check(b":0123aBCdEf", &[0x01, 0x23, 0xAB, 0xCD, 0xEF]);
        check(b":99990F", &[0x99, 0x99, 0x0F]);
        let check = |text: &[u8], expected: &str| assert_eq!(decode(text), Err(expected.into()));
        check(
            b":00g0",
            "line 7: expected nothing but hexadecimal digits, found \"g\" at column 4",
        );
        check(
            b":00\xFF",
            "line 7: expected nothing but hexadecimal digits, found \"\\xff\" at column 4",
        );
        check(
            b":000",
            "line 7: expected an even number of hexadecimal digits, found 3",
        );
    }
}

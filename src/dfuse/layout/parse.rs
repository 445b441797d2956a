//! A memory's string, read into segments.
//!
//! The grammar is UM0424's, read as widely as boards stretch it:
//!
//! ```text
//! string     = '@' name { '/' address '/' segment { ',' segment } }
//! segment    = count '*' size [multiplier] type
//! multiplier = 'B' | 'K' | 'M' | '.' | nothing
//! type       = 'a' … 'g', either case
//! ```
//!
//! Spaces between these mean nothing, numbers are decimal and addresses hexadecimal. What can't be read is an error:
//! a segment dropped in silence would be memory that nobody erases or protects.

use super::error::{Expected, LayoutError};
use super::{Access, MOST_SECTORS, MemoryLayout, MemorySegment};

impl MemoryLayout {
    /// Reads an alternate setting's string. What follows the first character outside printable ASCII is garbage
    /// that some ROMs send after their strings, and is passed over.
    ///
    /// # Errors
    ///
    /// [`LayoutError::NotDfuse`] where the string makes no claim to be a layout, [`LayoutError::Malformed`] where it
    /// does and can't be read, ends too early, has sectors of no size, overlaps itself or leaves the address space.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let mut reader = LayoutReader::new(text);
        if !reader.take(b'@') {
            return Err(LayoutError::NotDfuse {
                text: text.to_owned(),
            });
        }
        let name = reader.name();
        let mut segments = Vec::new();
        loop {
            reader.group(&mut segments)?;
            if reader.peek() != Some(b'/') {
                break;
            }
        }
        reader.end()?;
        reader.reject_excess(&segments)?;
        reader.reject_overlap(&segments)?;
        Ok(Self {
            name,
            segments: segments.into_iter().map(|(_, segment)| segment).collect(),
        })
    }
}

/// Walks along a layout string.
struct LayoutReader<'a> {
    text: &'a str,
    /// The part of `text` before the first character outside printable ASCII.
    ascii: &'a [u8],
    offset: usize,
}

impl<'a> LayoutReader<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let length = bytes
            .iter()
            .position(|byte| !matches!(byte, b' '..=b'~'))
            .unwrap_or(bytes.len());
        Self {
            text,
            ascii: &bytes[..length],
            offset: 0,
        }
    }

    /// Everything up to the first `/`, without spaces around it.
    fn name(&mut self) -> String {
        let rest = &self.ascii[self.offset..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(rest.len());
        self.offset += length;
        String::from_utf8_lossy(&rest[..length]).trim().to_owned()
    }

    /// `'/' address '/' segment { ',' segment }`, each segment with the offset it stands at.
    fn group(&mut self, segments: &mut Vec<(usize, MemorySegment)>) -> Result<(), LayoutError> {
        self.expect(b'/', Expected::Slash)?;
        let mut address = u64::from(self.address()?);
        self.expect(b'/', Expected::Slash)?;
        loop {
            self.skip_spaces();
            let offset = self.offset;
            let segment = self.segment(address)?;
            address = segment.end();
            segments.push((offset, segment));
            self.skip_spaces();
            if !self.take(b',') {
                return Ok(());
            }
        }
    }

    fn address(&mut self) -> Result<u32, LayoutError> {
        self.skip_spaces();
        let offset = self.offset;
        if !self.take(b'0') || !(self.take(b'x') || self.take(b'X')) {
            return Err(self.malformed(offset, Expected::Address));
        }
        self.number(16, Expected::Address)
    }

    /// `count '*' size [multiplier] type`, at `address`, which is up to 2^32.
    fn segment(&mut self, address: u64) -> Result<MemorySegment, LayoutError> {
        let start = self.offset;
        let sectors = self.number(10, Expected::Count)?;
        self.expect(b'*', Expected::Asterisk)?;
        self.skip_spaces();
        let size_offset = self.offset;
        let size = self.number(10, Expected::Size)?;
        self.skip_spaces();
        let sector_size = size
            .checked_mul(self.multiplier())
            .ok_or_else(|| self.malformed(size_offset, Expected::Within32Bits))?;
        if sector_size == 0 && sectors > 0 {
            return Err(self.malformed(size_offset, Expected::SizeAboveZero));
        }
        self.skip_spaces();
        let access = self
            .peek()
            .and_then(Access::from_letter)
            .ok_or_else(|| self.malformed(self.offset, Expected::AccessLetter))?;
        self.offset += 1;

        let beyond = || self.malformed(start, Expected::WithinAddressSpace);
        let segment = MemorySegment {
            address: u32::try_from(address).map_err(|_| beyond())?,
            sectors,
            sector_size,
            access,
        };
        if segment.end() > 1 << 32 {
            return Err(beyond());
        }
        Ok(segment)
    }

    /// In bytes; 1 where there is none. A `b` is a multiplier only where a type letter follows, else it is the type.
    fn multiplier(&mut self) -> u32 {
        let multiplier = match self.peek() {
            Some(b'K' | b'k') => 1 << 10,
            Some(b'M' | b'm') => 1 << 20,
            Some(b'.') => 1,
            Some(b'B' | b'b') if self.letter_follows() => 1,
            _ => return 1,
        };
        self.offset += 1;
        multiplier
    }

    /// Whether the next character but spaces, after the one at hand, is a type letter.
    fn letter_follows(&self) -> bool {
        self.ascii[self.offset..]
            .iter()
            .skip(1)
            .find(|&&byte| byte != b' ')
            .is_some_and(|&byte| Access::from_letter(byte).is_some())
    }

    /// What follows the last segment: nothing, or junk that can't be a segment because it has no `*`.
    fn end(&self) -> Result<(), LayoutError> {
        if self.ascii[self.offset..].contains(&b'*') {
            return Err(self.malformed(self.offset, Expected::Separator));
        }
        Ok(())
    }

    /// A board may claim billions of sectors, whatever it has.
    fn reject_excess(&self, segments: &[(usize, MemorySegment)]) -> Result<(), LayoutError> {
        let mut left = MOST_SECTORS;
        for (offset, segment) in segments {
            left = left
                .checked_sub(segment.sectors)
                .ok_or_else(|| self.malformed(*offset, Expected::FewerSectors))?;
        }
        Ok(())
    }

    fn reject_overlap(&self, segments: &[(usize, MemorySegment)]) -> Result<(), LayoutError> {
        let mut ascending: Vec<_> = segments
            .iter()
            .filter(|(_, segment)| segment.size() > 0)
            .collect();
        ascending.sort_by_key(|(_, segment)| segment.address);
        for ((left_offset, left), (right_offset, right)) in
            ascending.iter().zip(ascending.iter().skip(1))
        {
            if left.end() > u64::from(right.address) {
                let offset = *left_offset.max(right_offset);
                return Err(self.malformed(offset, Expected::NoOverlap));
            }
        }
        Ok(())
    }

    /// Digits up to the first other character.
    fn number(&mut self, radix: u32, expected: Expected) -> Result<u32, LayoutError> {
        let start = self.offset;
        let mut value = 0u32;
        while let Some(digit) = self
            .peek()
            .and_then(|byte| char::from(byte).to_digit(radix))
        {
            value = value
                .checked_mul(radix)
                .and_then(|value| value.checked_add(digit))
                .ok_or_else(|| self.malformed(start, Expected::Within32Bits))?;
            self.offset += 1;
        }
        if self.offset == start {
            return Err(self.malformed(start, expected));
        }
        Ok(value)
    }

    fn expect(&mut self, byte: u8, expected: Expected) -> Result<(), LayoutError> {
        self.skip_spaces();
        if !self.take(byte) {
            return Err(self.malformed(self.offset, expected));
        }
        Ok(())
    }

    fn skip_spaces(&mut self) {
        while self.take(b' ') {}
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        if taken {
            self.offset += 1;
        }
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.ascii.get(self.offset).copied()
    }

    fn malformed(&self, offset: usize, expected: Expected) -> LayoutError {
        LayoutError::Malformed {
            text: self.text.to_owned(),
            offset,
            expected,
        }
    }
}

#[cfg(test)]
mod tests;

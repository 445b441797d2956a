//! Reading a file from front to back, with errors that say what was missing where.

use std::fmt;

use crate::image::error::ImageError;

/// Reads a file from front to back, as far as a border.
#[derive(Clone)]
pub struct Reader<'a> {
    /// The file up to the border.
    bytes: &'a [u8],
    /// Where the next byte stands; never past the border.
    offset: usize,
    /// What begins at the border.
    border: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads these bytes, the first of which is the file's first; after them comes what `border` names.
    pub fn new(bytes: &'a [u8], border: &'static str) -> Self {
        Self {
            bytes,
            offset: 0,
            border,
        }
    }

    /// Where the next byte stands in the file.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes up to the border.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`ImageError::Malformed`] where there are fewer; `expected` says what they were to be.
    pub fn array<const N: usize>(
        &mut self,
        expected: fmt::Arguments<'_>,
    ) -> Result<&'a [u8; N], ImageError> {
        let Some(array) = self.bytes[self.offset..].first_chunk() else {
            let found = match self.left() {
                0 => self.border.to_owned(),
                left => format!("{left} bytes, then {}", self.border),
            };
            let expected = format!("{expected} ({N} bytes)");
            return Err(ImageError::malformed(self.offset, expected, found));
        };
        self.offset += N;
        Ok(array)
    }

    /// The next bytes; `None`, and nothing read, where there are fewer.
    pub fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let start = self.offset;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let taken = self.bytes.get(start..end)?;
        self.offset = end;
        Some(taken)
    }

    /// A reader of the next bytes, which this one passes over; `None`, and nothing read, where there are fewer.
    pub fn split(&mut self, length: u32, border: &'static str) -> Option<Self> {
        let offset = self.offset;
        self.take(length)?;
        Some(Self {
            bytes: &self.bytes[..self.offset],
            offset,
            border,
        })
    }
}

//! Intel HEX files (Intel's Hexadecimal Object File Format Specification, 1988): records of text, a line each.

use byteorder::{BigEndian, ByteOrder};

use super::lines::{self, Line};
use super::pieces::{self, Piece, Repetition, Visit};
use super::{Format, Image, ImageError};

/// The fewest bytes of a record: RECLEN, LOAD OFFSET (2), RECTYP, CHKSUM.
const SHORTEST: usize = 5;

/// Reads an Intel HEX file. Records may come in any order; a start address is passed over.
///
/// # Errors
///
/// The first line that is no record, or a record that its length, type or checksum proves wrong; anything behind the
/// end-of-file record, and a file without one; records that contradict each other.
pub fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    pieces::image(Format::Hex, Repetition::Allowed, |visit| walk(bytes, visit))
}

/// Passes on what the data records say.
fn walk(bytes: &[u8], visit: Visit<'_>) -> Result<(), ImageError> {
    let mut base = Base::Linear(0);
    let mut buffer = Vec::new();
    let mut lines = lines::lines(bytes);
    loop {
        let Some(line) = lines.next() else {
            return Err(ImageError::malformed_at(
                lines::end(bytes),
                "an end-of-file record (type 01)",
                "the end of the file",
            ));
        };
        let record = Record::read(&line, &mut buffer)?;
        match record.kind {
            0x00 => {
                let address = base.address(&record, &line)?;
                visit(Piece {
                    at: line.at,
                    address,
                    data: record.data,
                })?;
            }
            0x01 => {
                record.check_length(0, &line)?;
                break;
            }
            0x02 => base = Base::Segment(BigEndian::read_u16(record.check_length(2, &line)?)),
            0x04 => base = Base::Linear(BigEndian::read_u16(record.check_length(2, &line)?)),
            // Where a debugger would start, as CS:IP or EIP.
            0x03 | 0x05 => {
                record.check_length(4, &line)?;
            }
            other => {
                return Err(
                    line.malformed("a record of type 00 to 05", format!("type {other:02x}"))
                );
            }
        }
    }
    match lines.next() {
        Some(line) => Err(line.behind_the_end("the end-of-file record")),
        None => Ok(()),
    }
}

/// What load offsets are added to.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// The upper 16 bits of the address (ULBA; record type 04).
    Linear(u16),
    /// The address in units of 16 bytes (USBA; record type 02).
    Segment(u16),
}

impl Base {
    /// Where the record's data belongs.
    ///
    /// In a segment, the specification wraps addresses at its end. Tools that write such files don't, and tools that
    /// read them don't agree: a record that goes past the end of a segment is refused.
    fn address(self, record: &Record<'_>, line: &Line<'_>) -> Result<u32, ImageError> {
        let offset = u32::from(record.offset);
        match self {
            Self::Linear(upper) => Ok((u32::from(upper) << 16) + offset),
            Self::Segment(segment) => {
                let end = offset + record.data.len() as u32;
                if end > 0x1_0000 {
                    return Err(line.malformed(
                        "data that ends at or below 0xffff in its segment",
                        format!("{offset:#06x}..{end:#06x}"),
                    ));
                }
                Ok((u32::from(segment) << 4) + offset)
            }
        }
    }
}

/// A record whose length and checksum are right.
struct Record<'a> {
    /// RECTYP
    kind: u8,
    /// LOAD OFFSET
    offset: u16,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(line: &Line<'_>, buffer: &'a mut Vec<u8>) -> Result<Self, ImageError> {
        if line.text[0] != b':' {
            return Err(line.malformed("a record, which begins with \":\"", line.excerpt()));
        }
        line.decode(1, buffer)?;
        if buffer.len() < SHORTEST {
            return Err(line.malformed(
                format!("a record of {SHORTEST} bytes or more"),
                buffer.len().to_string(),
            ));
        }
        let expected = SHORTEST + usize::from(buffer[0]);
        if buffer.len() != expected {
            return Err(line.malformed(
                format!("a record of {expected} bytes, as its first byte says"),
                buffer.len().to_string(),
            ));
        }
        let (found, rest) = buffer.split_last().expect("at least the shortest record");
        let sum = rest.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let expected = sum.wrapping_neg();
        if *found != expected {
            return Err(line.malformed(format!("checksum {expected:02x}"), format!("{found:02x}")));
        }
        Ok(Self {
            kind: rest[3],
            offset: BigEndian::read_u16(&rest[1..]),
            data: &rest[4..],
        })
    }

    /// The record's data, which has one length only.
    fn check_length(&self, expected: usize, line: &Line<'_>) -> Result<&'a [u8], ImageError> {
        if self.data.len() == expected {
            return Ok(self.data);
        }
        Err(line.malformed(
            format!("{expected} bytes in a record of type {:02x}", self.kind),
            self.data.len().to_string(),
        ))
    }
}

#[cfg(test)]
mod tests;

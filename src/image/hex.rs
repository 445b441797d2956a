//! Intel HEX files (Intel's Hexadecimal Object File Format Specification, 1988): records of text, a line each.

use byteorder::{BigEndian, ByteOrder};

use super::codec::{Codec, Read, Write, Writer};
use super::error::ImageError;
use super::format::Format;
use super::lines::{self, Frame, Line};
use super::model::{Image, ImageElement};
use super::pieces::{self, Piece, Repetition, Visit};

pub static HEX: Format = Format {
    short_name: "hex",
    help: "Intel HEX",
    article: "an Intel HEX file",
    content: "Intel HEX text",
    beginning: "an Intel HEX record (\":\" and digits)",
    // A colon and the shortest record.
    begins: |bytes| lines::first_digits(bytes, b':', 2 * SHORTEST).is_some(),
    extensions: &["hex", "ihex", "ihx"],
    is_text: true,
};

pub static CODEC: Codec = Codec {
    format: &HEX,
    read: Read::Addressed(parse),
    writer: Some(Writer {
        help: HEX.help,
        write: Write::Elements(|elements| Ok(to_hex(elements).into_bytes())),
    }),
};

/// The fewest bytes of a record: RECLEN, LOAD OFFSET (2), RECTYP, CHKSUM.
const SHORTEST: usize = 5;
/// Most data bytes of a record that is written, as in the files of most tools.
const RECORD_LENGTH: usize = 16;

/// Reads an Intel HEX file. Records may come in any order; a start address is passed over.
///
/// # Errors
/// The first line that is no record, or a record that its length, type or checksum proves wrong; anything after the
/// end-of-file record, and a file without one; records that contradict each other.
fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    pieces::image(&HEX, Repetition::Allowed, |visit| walk(bytes, visit))
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
        Some(line) => Err(line.after_the_end("the end-of-file record")),
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
        let frame = Frame {
            mark: 1,
            name: &"a record",
            shortest: SHORTEST,
            uncounted: SHORTEST,
            checksum: u8::wrapping_neg,
        };
        let bytes = line.record(&frame, buffer)?;
        Ok(Self {
            kind: bytes[3],
            offset: BigEndian::read_u16(&bytes[1..]),
            data: &bytes[4..],
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

/// Data records of 16 bytes with a record for the upper half of their addresses before them, where it changes, and the
/// end-of-file record. Gaps stay gaps. Lines end in CR LF.
pub fn to_hex(elements: &[ImageElement]) -> String {
    let mut text = String::new();
    let mut upper = None;
    for element in elements {
        let mut address = element.address;
        let mut rest = &element.data[..];
        while !rest.is_empty() {
            let [upper_high, upper_low, high, low] = address.to_be_bytes();
            if upper != Some([upper_high, upper_low]) {
                upper = Some([upper_high, upper_low]);
                record(&mut text, [0, 0], 4, &[upper_high, upper_low]);
            }
            // The load offset has 16 bits, and readers don't agree on what comes after its end.
            let below_the_end = 0x1_0000 - (address as usize & 0xFFFF);
            let (data, left) = rest.split_at(rest.len().min(RECORD_LENGTH).min(below_the_end));
            record(&mut text, [high, low], 0, data);
            // After the last byte of the address space there is nothing more to write.
            address = address.wrapping_add(data.len() as u32);
            rest = left;
        }
    }
    record(&mut text, [0, 0], 1, &[]);
    text
}

fn record(text: &mut String, [high, low]: [u8; 2], kind: u8, data: &[u8]) {
    let header = [data.len() as u8, high, low, kind];
    lines::write(text, ":", &[&header, data], u8::wrapping_neg);
}

#[cfg(test)]
mod tests;

//! Motorola S-records (M68000 Family Programmer's Reference Manual, appendix C): records of text, a line each.

use std::fmt;

use super::codec::{Codec, Read, Write, Writer};
use super::error::ImageError;
use super::format::Format;
use super::lines::{self, Frame, Line};
use super::model::{Image, ImageElement};
use super::pieces::{self, Piece, Repetition, Visit};

pub static SREC: Format = Format {
    short_name: "srec",
    help: "Motorola S-records",
    article: "a Motorola S-record file",
    content: "Motorola S-record text",
    beginning: "a Motorola S-record (\"S\" and digits)",
    // An S, its type, and the shortest record: length, address and checksum.
    begins: |bytes| {
        lines::first_digits(bytes, b'S', 9).is_some_and(|digits| digits[0].is_ascii_digit())
    },
    extensions: &["srec", "s19", "s28", "s37", "mot"],
    is_text: true,
};

pub static CODEC: Codec = Codec {
    format: &SREC,
    read: Read::Addressed(parse),
    writer: Some(Writer {
        help: SREC.help,
        write: Write::Elements(|elements| Ok(to_srec(elements).into_bytes())),
    }),
};

/// Most data bytes of a record that is written. With 32, a count of 16 bits reaches to 2 MiB, and lines are still short.
const RECORD_LENGTH: usize = 32;

/// Reads a file of S-records. Data records may come in any order; the header and the start address are passed over.
///
/// # Errors
/// The first line that is no record, or a record that its length, type or checksum proves wrong; a count that is not
/// that of the data records; anything after the termination record, and a file with neither termination nor count;
/// records that contradict each other.
fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    pieces::image(&SREC, Repetition::Allowed, |visit| walk(bytes, visit))
}

/// Passes on what the data records say.
fn walk(bytes: &[u8], visit: Visit<'_>) -> Result<(), ImageError> {
    let mut records = 0_u64;
    let mut buffer = Vec::new();
    let mut is_counted = false;
    let mut is_terminated = false;
    for line in lines::lines(bytes) {
        if is_terminated {
            return Err(line.after_the_end("the termination record"));
        }
        let record = Record::read(&line, &mut buffer)?;
        match record.kind {
            b'0' => {}
            b'1'..=b'3' => {
                is_counted = false;
                records += 1;
                visit(Piece {
                    at: line.at,
                    address: record.address,
                    data: record.data,
                })?;
            }
            b'5' | b'6' => {
                record.check_empty(&line)?;
                if u64::from(record.address) != records {
                    return Err(line.malformed(
                        format!("a count of {records}, the data records so far"),
                        record.address.to_string(),
                    ));
                }
                is_counted = true;
            }
            _ => {
                record.check_empty(&line)?;
                is_terminated = true;
            }
        }
    }
    if !is_terminated && !is_counted {
        return Err(ImageError::malformed_at(
            lines::end(bytes),
            "a termination record (S7, S8 or S9) or a count (S5 or S6)",
            "the end of the file",
        ));
    }
    Ok(())
}

/// What kind of record one is, by the digit after its S.
struct Kind(u8);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an S{} record", char::from(self.0))
    }
}

/// A record whose length and checksum are right.
struct Record<'a> {
    /// The digit after the S.
    kind: u8,
    /// An address, or a count.
    address: u32,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(line: &Line<'_>, buffer: &'a mut Vec<u8>) -> Result<Self, ImageError> {
        let Some((b'S', [kind, ..])) = line.text.split_first() else {
            return Err(line.malformed(
                "a record, which begins with \"S\" and a digit",
                line.excerpt(),
            ));
        };
        let address_length = match kind {
            b'0' | b'1' | b'5' | b'9' => 2,
            b'2' | b'6' | b'8' => 3,
            b'3' | b'7' => 4,
            _ => {
                return Err(line.malformed("a record of type S0 to S3 or S5 to S9", line.excerpt()));
            }
        };
        let name = Kind(*kind);
        let frame = Frame {
            mark: 2,
            name: &name,
            shortest: 1 + address_length + 1,
            uncounted: 1,
            checksum: |sum| !sum,
        };
        let bytes = line.record(&frame, buffer)?;
        let (address, data) = bytes[1..].split_at(address_length);
        Ok(Self {
            kind: *kind,
            address: address
                .iter()
                .fold(0, |address, byte| address << 8 | u32::from(*byte)),
            data,
        })
    }

    /// Counts and terminations have an address field and nothing else.
    fn check_empty(&self, line: &Line<'_>) -> Result<(), ImageError> {
        if self.data.is_empty() {
            return Ok(());
        }
        Err(line.malformed(
            format!("0 bytes of data in an S{} record", char::from(self.kind)),
            self.data.len().to_string(),
        ))
    }
}

/// An empty header (S0), data records of 32 bytes and 32 bits of address (S3), their count where it has 16 bits (S5; not
/// every tool reads S6), and a termination without a start address (S7). Gaps stay gaps.
pub fn to_srec(elements: &[ImageElement]) -> String {
    let mut text = String::new();
    record(&mut text, 0, &[0, 0], &[]);
    let mut count = 0_u64;
    for element in elements {
        let addresses = (u64::from(element.address)..).step_by(RECORD_LENGTH);
        for (address, data) in addresses.zip(element.data.chunks(RECORD_LENGTH)) {
            let address = u32::try_from(address).expect("elements end at 2^32 at the latest");
            record(&mut text, 3, &address.to_be_bytes(), data);
            count += 1;
        }
    }
    if let Ok(count) = u16::try_from(count) {
        record(&mut text, 5, &count.to_be_bytes(), &[]);
    }
    record(&mut text, 7, &[0; 4], &[]);
    text
}

fn record(text: &mut String, kind: u8, address: &[u8], data: &[u8]) {
    let count = address.len() + data.len() + 1;
    let mark = format!("S{kind}");
    lines::write(text, &mark, &[&[count as u8], address, data], |sum| !sum);
}

#[cfg(test)]
mod tests;

//! Motorola S-records (M68000 Family Programmer's Reference Manual, appendix C): records of text, a line each.

use super::lines::{self, Line};
use super::pieces::{self, Piece, Repetition, Visit};
use super::{Format, Image, ImageError};

/// Reads a file of S-records. Data records may come in any order; the header and the start address are passed over.
///
/// # Errors
///
/// The first line that is no record, or a record that its length, type or checksum proves wrong; a count that is not
/// that of the data records; anything behind the termination record, and a file with neither termination nor count;
/// records that contradict each other.
pub fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    pieces::image(Format::Srec, Repetition::Allowed, |visit| {
        walk(bytes, visit)
    })
}

/// Passes on what the data records say.
fn walk(bytes: &[u8], visit: Visit<'_>) -> Result<(), ImageError> {
    let mut records = 0_u64;
    let mut buffer = Vec::new();
    let mut is_counted = false;
    let mut is_terminated = false;
    for line in lines::lines(bytes) {
        if is_terminated {
            return Err(line.behind_the_end("the termination record"));
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

/// A record whose length and checksum are right.
struct Record<'a> {
    /// The digit behind the S.
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
        line.decode(2, buffer)?;
        let shortest = 1 + address_length + 1;
        if buffer.len() < shortest {
            return Err(line.malformed(
                format!(
                    "an S{} record of {shortest} bytes or more",
                    char::from(*kind)
                ),
                buffer.len().to_string(),
            ));
        }
        let expected = 1 + usize::from(buffer[0]);
        if buffer.len() != expected {
            return Err(line.malformed(
                format!("a record of {expected} bytes, as its first byte says"),
                buffer.len().to_string(),
            ));
        }
        let (found, rest) = buffer.split_last().expect("at least the shortest record");
        let expected = !rest.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if *found != expected {
            return Err(line.malformed(format!("checksum {expected:02x}"), format!("{found:02x}")));
        }
        let (address, data) = rest[1..].split_at(address_length);
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

#[cfg(test)]
mod tests;

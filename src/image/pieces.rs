//! Pieces of firmware, as they stand in a file, become elements: ordered, joined where they touch.

use std::ops::Range;

use super::{Format, Image, ImageElement, ImageError, ImageTarget, Place};

/// The first address past the last.
const ADDRESS_SPACE: u64 = 1 << 32;

/// Some bytes of a file, and where they belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where they stand in the file.
    pub at: Place,
    /// Where the first of them belongs.
    pub address: u32,
    pub data: &'a [u8],
}

impl Piece<'_> {
    /// Its addresses, end exclusive.
    fn range(&self) -> Range<u64> {
        let start = u64::from(self.address);
        start..start + self.data.len() as u64
    }
}

/// The data of records of text, one behind the other, and where that of each belongs.
#[derive(Debug, Default)]
pub struct Records {
    data: Vec<u8>,
    /// Where each record stands, its address, and the length of its data.
    runs: Vec<(Place, u32, usize)>,
}

impl Records {
    /// Adds a record.
    pub fn push(&mut self, at: Place, address: u32, data: &[u8]) {
        self.runs.push((at, address, data.len()));
        self.data.extend_from_slice(data);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// What each of them holds.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let mut rest = &self.data[..];
        let mut next = |&(at, address, length)| {
            let (data, behind) = rest.split_at(length);
            rest = behind;
            Piece { at, address, data }
        };
        self.runs.iter().map(&mut next).collect()
    }
}

/// An image of one target, for no memory in particular. Pieces may come in any order; empty ones are left out.
///
/// # Errors
///
/// [`ImageError::Overlap`], [`ImageError::NothingToWrite`], and [`ImageError::Malformed`] for a piece that would not
/// end at or below 0xFFFFFFFF.
pub fn image(format: Format, pieces: Vec<Piece<'_>>) -> Result<Image, ImageError> {
    let elements = elements(pieces)?;
    if elements.is_empty() {
        return Err(ImageError::NothingToWrite);
    }
    Ok(Image {
        format,
        targets: vec![ImageTarget {
            alternate_setting: None,
            name: None,
            elements,
        }],
        ids: None,
        warnings: Vec::new(),
    })
}

fn elements(mut pieces: Vec<Piece<'_>>) -> Result<Vec<ImageElement>, ImageError> {
    pieces.retain(|piece| !piece.data.is_empty());
    pieces.sort_unstable_by_key(|piece| (piece.address, piece.at));
    check(&pieces)?;
    let touch = |lower: &Piece<'_>, higher: &Piece<'_>| lower.range().end == higher.range().start;
    let joined = pieces.chunk_by(touch).map(|run| {
        let data: Vec<&[u8]> = run.iter().map(|piece| piece.data).collect();
        ImageElement {
            address: run[0].address,
            data: data.concat(),
        }
    });
    Ok(joined.collect())
}

/// Of pieces that are ordered by address and not empty, some overlap only where two neighbours do.
fn check(pieces: &[Piece<'_>]) -> Result<(), ImageError> {
    for (lower, higher) in pieces.iter().zip(pieces.iter().skip(1)) {
        if higher.range().start < lower.range().end {
            return Err(ImageError::Overlap {
                at: higher.at,
                range: higher.range(),
                other: lower.at,
                other_range: lower.range(),
            });
        }
    }
    match pieces.last() {
        Some(last) if last.range().end > ADDRESS_SPACE => Err(ImageError::malformed_at(
            last.at,
            "data that ends at or below 0xffffffff",
            format!("{:#010x}..{:#010x}", last.range().start, last.range().end),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of these addresses and data, one a line.
    fn pieces<'a>(pieces: &[(u32, &'a [u8])]) -> Vec<Piece<'a>> {
        let numbered = (1..).zip(pieces);
        numbered
            .map(|(line, &(address, data))| Piece {
                at: Place::Line(line),
                address,
                data,
            })
            .collect()
    }

    #[test]
    fn pieces_are_ordered_and_joined_where_they_touch() {
        let check = |given: &[(u32, &[u8])], expected: &[(u32, &[u8])]| {
            let elements = elements(pieces(given)).expect("no overlap");
            let found: Vec<(u32, &[u8])> = elements
                .iter()
                .map(|element| (element.address, &element.data[..]))
                .collect();
            assert_eq!(found, expected);
        };
        check(&[], &[]);
        check(&[(4, b"")], &[]);
        check(&[(0, b"ab"), (2, b"cd")], &[(0, b"abcd")]);
        check(&[(2, b"cd"), (0, b"ab")], &[(0, b"abcd")]);
        check(&[(3, b"cd"), (0, b"ab")], &[(0, b"ab"), (3, b"cd")]);
        check(&[(0, b"ab"), (1, b"")], &[(0, b"ab")]);
        check(
            &[(0xFFFF_FFFF, b"z"), (0xFFFF_FFFE, b"y")],
            &[(0xFFFF_FFFE, b"yz")],
        );
    }

    #[test]
    fn pieces_that_make_no_sense_are_refused() {
        let check = |given: &[(u32, &[u8])], expected: &str| {
            let error = image(Format::Hex, pieces(given)).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(&[(4, b"")], "the file names no byte to write");
        check(
            &[(8, b"abcd"), (0, b"ab"), (5, b"abcd")],
            "line 1: expected elements that don't overlap, found 0x00000008..0x0000000c over 0x00000005..0x00000009 (at line 3)",
        );
        check(
            &[(8, b"abcd"), (8, b"abcd")],
            "line 2: expected elements that don't overlap, found 0x00000008..0x0000000c over 0x00000008..0x0000000c (at line 1)",
        );
        // One that swallows several others whole.
        check(
            &[(0, b"abcdefgh"), (2, b"a"), (6, b"a")],
            "line 2: expected elements that don't overlap, found 0x00000002..0x00000003 over 0x00000000..0x00000008 (at line 1)",
        );
        check(
            &[(0xFFFF_FFFE, b"abc")],
            "line 1: expected data that ends at or below 0xffffffff, found 0xfffffffe..0x100000001",
        );
    }
}

//! Pieces of firmware, as they stand in a file, become elements: ordered, joined where they touch.
//!
//! A file is walked through twice, first for the addresses alone. So no more is kept in memory than the bytes themselves,
//! however small the pieces are and whatever their order.

mod coverage;

use std::cmp::Reverse;
use std::ops::Range;

use self::coverage::Coverage;
use super::error::{ImageError, Place};
use super::format::Format;
use super::model::{Image, ImageElement, MOST_ELEMENTS};

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
    pub fn range(&self) -> Range<u64> {
        let start = u64::from(self.address);
        start..start + self.data.len() as u64
    }

    /// The byte at an address that it has.
    fn byte_at(&self, address: u32) -> Option<u8> {
        let offset = address.checked_sub(self.address)?;
        self.data.get(usize::try_from(offset).ok()?).copied()
    }
}

/// What is done with each piece; an error ends the walk.
pub type Visit<'v> = &'v mut dyn FnMut(Piece<'_>) -> Result<(), ImageError>;

/// Whether a byte may be named twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// As often as it is the same.
    Allowed,
    /// Never: who writes such files makes no such mistake.
    Refused,
}

/// An image of one target, for no memory in particular, of the pieces that `walk` passes on each time it is called.
/// They may come in any order; empty ones are left out.
///
/// # Errors
/// Those of the walk; [`ImageError::Overlap`], [`ImageError::Contradiction`], [`ImageError::NothingToWrite`],
/// [`ImageError::TooManyElements`], and [`ImageError::Malformed`] for a piece that would not end at or below 0xFFFFFFFF.
pub fn image(
    format: &'static Format,
    repetition: Repetition,
    walk: impl Fn(Visit<'_>) -> Result<(), ImageError>,
) -> Result<Image, ImageError> {
    let mut coverage = Coverage::default();
    let mut again = Repeated::default();
    walk(&mut |piece| {
        let Some((first, last)) = addresses(&piece)? else {
            return Ok(());
        };
        if coverage.add(first, last) {
            if repetition == Repetition::Refused {
                return Err(overlap(&piece, &walk));
            }
            again.note(&piece);
        }
        match coverage.is_scattered() {
            true => Err(ImageError::TooManyElements),
            false => Ok(()),
        }
    })?;
    if coverage.count() > MOST_ELEMENTS {
        return Err(ImageError::TooManyElements);
    }
    let mut elements = coverage.elements();
    if elements.is_empty() {
        return Err(ImageError::NothingToWrite);
    }
    fill(&mut elements, again.count > 0, &walk)?;
    Ok(Image {
        warnings: again.warning().into_iter().collect(),
        ..Image::of_elements(format, elements)
    })
}

/// The first and the last address of a piece; `None` for one without bytes.
fn addresses(piece: &Piece<'_>) -> Result<Option<(u32, u32)>, ImageError> {
    let range = piece.range();
    if range.is_empty() {
        return Ok(None);
    }
    match u32::try_from(range.end - 1) {
        Ok(last) => Ok(Some((piece.address, last))),
        Err(_) => Err(ImageError::malformed_at(
            piece.at,
            "data that ends at or below 0xffffffff",
            format!("{:#010x}..{:#010x}", range.start, range.end),
        )),
    }
}

/// Puts the bytes of the pieces where they belong. Where some are named again, they have to be the same.
fn fill(
    elements: &mut [ImageElement],
    is_repeated: bool,
    walk: &impl Fn(Visit<'_>) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let mut seen = Coverage::default();
    walk(&mut |piece| {
        let Some((first, last)) = addresses(&piece)? else {
            return Ok(());
        };
        let index = elements.partition_point(|element| element.address <= first);
        let element = &mut elements[index - 1];
        let offset = (first - element.address) as usize;
        let place = &mut element.data[offset..offset + piece.data.len()];
        if is_repeated {
            for (from, to) in seen.overlaps(first, last) {
                let range = (from - first) as usize..=(to - first) as usize;
                let pairs = place[range.clone()].iter().zip(&piece.data[range]);
                let same = pairs.take_while(|(old, new)| old == new).count() as u64;
                if u64::from(from) + same <= u64::from(to) {
                    return Err(contradiction(&piece, from + same as u32, walk));
                }
            }
            seen.add(first, last);
        }
        place.copy_from_slice(piece.data);
        Ok(())
    })
}

/// Pieces that name bytes which others name too.
#[derive(Debug, Default)]
struct Repeated {
    count: u64,
    first: Option<Place>,
}

impl Repeated {
    fn note(&mut self, piece: &Piece<'_>) {
        self.count += 1;
        self.first.get_or_insert(piece.at);
    }

    fn warning(&self) -> Option<String> {
        let at = self.first?;
        Some(match self.count {
            1 => format!("One record repeats bytes of others, with the same values: at {at}."),
            count => {
                format!(
                    "{count} records repeat bytes of others, with the same values: the first at {at}."
                )
            }
        })
    }
}

/// Two pieces that overlap, where none may: the later one, and the first of those before it.
fn overlap(piece: &Piece<'_>, walk: &impl Fn(Visit<'_>) -> Result<(), ImageError>) -> ImageError {
    let range = piece.range();
    let mut other = None;
    let _ = walk(&mut |earlier| {
        let both = range.start.max(earlier.range().start)..range.end.min(earlier.range().end);
        if other.is_none() && earlier.at != piece.at && !both.is_empty() {
            other = Some((earlier.at, earlier.range()));
        }
        Ok(())
    });
    let other = other.unwrap_or((piece.at, range.clone()));
    // What is told first is the higher one.
    let mut both = [(piece.at, range), other];
    both.sort_by_key(|(at, range)| Reverse((range.start, *at)));
    let [(at, range), (other, other_range)] = both;
    ImageError::Overlap {
        at,
        range,
        other,
        other_range,
    }
}

/// A piece that says something else of the byte at `address` than an earlier one.
fn contradiction(
    piece: &Piece<'_>,
    address: u32,
    walk: &impl Fn(Visit<'_>) -> Result<(), ImageError>,
) -> ImageError {
    let found = piece.byte_at(address).unwrap_or_default();
    let mut first = None;
    // The walk went well up to here before.
    let _ = walk(&mut |earlier| {
        first = first.or(earlier.byte_at(address).map(|byte| (earlier.at, byte)));
        Ok(())
    });
    let (other, expected) = first.unwrap_or((piece.at, found));
    ImageError::Contradiction {
        at: piece.at,
        address,
        expected,
        found,
        other,
    }
}

#[cfg(test)]
mod tests;

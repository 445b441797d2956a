//! Why a string is no memory layout: where it can't be read, and what was expected there.

use std::fmt;

use thiserror::Error;

use super::MOST_SECTORS;

/// Why a string is no memory layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// Not meant as a layout: the alternate setting of a device that speaks plain DFU.
    #[error("{text:?} is not a DfuSe memory layout: it does not begin with '@'")]
    NotDfuse {
        /// The string as the board sent it.
        text: String,
    },
    /// Meant as a layout, but it can't be read, or not all of it.
    #[error(
        "the memory layout {text:?} can't be read at offset {offset}: expected {expected}, found {}",
        found(text, *offset)
    )]
    Malformed {
        /// The string as the board sent it.
        text: String,
        /// In bytes from the string's start.
        offset: usize,
        /// What should have been there.
        expected: Expected,
    },
}

/// What a memory layout should have had at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The `/` before and after an address.
    Slash,
    /// `0x` and hexadecimal digits.
    Address,
    /// How many sectors.
    Count,
    /// The `*` between count and size.
    Asterisk,
    /// The size of a sector.
    Size,
    /// A letter from a to g.
    AccessLetter,
    /// A number that 32 bits can hold.
    Within32Bits,
    /// A sector size other than 0.
    SizeAboveZero,
    /// A segment that ends within the 32-bit address space.
    WithinAddressSpace,
    /// A segment that shares no address with another.
    NoOverlap,
    /// No more sectors in all than any memory has.
    FewerSectors,
    /// `,` or `/` or the end: what stands there instead may hide a segment.
    Separator,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slash => "'/'",
            Self::Address => "an address such as 0x08000000",
            Self::Count => "a number of sectors",
            Self::Asterisk => "'*'",
            Self::Size => "a sector size",
            Self::AccessLetter => "a letter from a to g",
            Self::Within32Bits => "a number below 2^32",
            Self::SizeAboveZero => "a sector size above 0",
            Self::WithinAddressSpace => "a segment that ends at 0x100000000 or below",
            Self::NoOverlap => "a segment that overlaps no other",
            Self::FewerSectors => return write!(f, "at most {MOST_SECTORS} sectors in all"),
            Self::Separator => "',' or '/' or the end",
        })
    }
}

/// What stands at `offset`, up to the next separator.
fn found(text: &str, offset: usize) -> String {
    let rest = text.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return "the end".to_owned();
    }
    let length = rest.find([',', '/']).unwrap_or(rest.len()).max(1);
    format!("{:?}", rest.get(..length).unwrap_or(rest))
}

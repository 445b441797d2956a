//! Why a firmware file can't be used.

use std::ops::Range;

use super::{Content, Conversion};

/// Why a firmware file can't be used: what was expected, what was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not a single byte.
    #[error("the file is empty")]
    Empty,
    /// No byte for any memory, though the file's frame is in order.
    #[error("the file names no byte to write")]
    NothingToWrite,
    /// A raw binary, and the caller gave no address for it. The file itself is in order.
    #[error("the file is a raw binary, which doesn't say at which address it belongs")]
    MissingAddress,
    /// The caller gave an address for a file that brings its own.
    #[error(
        "the file names its own addresses: {address:#010x} can't be the address of a DfuSe file"
    )]
    UnexpectedAddress {
        /// What the caller gave.
        address: u32,
    },
    /// A raw binary that would not end at or below 0xFFFFFFFF.
    #[error(
        "expected a file that ends at or below 0xffffffff, found {length} bytes to be put at {address:#010x}"
    )]
    PastAddressSpace {
        /// Where the first byte was to go.
        address: u32,
        /// Bytes in the file.
        length: u64,
    },
    /// In a format that is recognised, but not read.
    #[error("the file is {0}: only DfuSe files and raw binaries can be read")]
    Unsupported(Content),
    /// Its name or the caller says DfuSe; the content doesn't.
    #[error(
        "offset 0x00000000: expected \"DfuSe\", found \"{}\": the file is {content}",
        .found.escape_ascii()
    )]
    NotDfu {
        /// The file's first bytes, as many as the signature has.
        found: Vec<u8>,
        /// What the file is.
        content: Content,
    },
    /// Changed by something that took it for text.
    #[error("the file is damaged: {0}")]
    Converted(Conversion),
    /// Shorter than it says.
    #[error("the file is cut short: expected {expected} bytes, found {found}")]
    Truncated {
        /// The length that the file states, in bytes.
        expected: u64,
        /// Its length, in bytes.
        found: u64,
    },
    /// `dwCRC` is not that of the bytes before it.
    #[error(
        "offset {offset:#010x}: expected CRC {expected:#010x}, found {found:#010x}: the file is damaged"
    )]
    Checksum {
        /// Where `dwCRC` stands.
        offset: u64,
        /// The CRC of the bytes before it.
        expected: u32,
        /// What stands there.
        found: u32,
    },
    /// A field that breaks the format's rules.
    #[error("offset {offset:#010x}: expected {expected}, found {found}")]
    Malformed {
        /// Where the field begins.
        offset: u64,
        /// What the format, or the rest of the file, asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Two targets for one alternate setting.
    #[error(
        "offset {offset:#010x}: expected one target for each alternate setting, found another for {alternate_setting} (the first is at {first_offset:#010x})"
    )]
    TargetTwice {
        /// Where the second target begins.
        offset: u64,
        /// `bAlternateSetting` of both.
        alternate_setting: u8,
        /// Where the first target begins.
        first_offset: u64,
    },
    /// Two elements of one target that name the same byte.
    #[error(
        "offset {offset:#010x}: expected elements that don't overlap, found {:#010x}..{:#010x} over {:#010x}..{:#010x} (at offset {other_offset:#010x})",
        .range.start, .range.end, .other_range.start, .other_range.end
    )]
    Overlap {
        /// Where the element with the higher address begins.
        offset: u64,
        /// Its addresses, end exclusive.
        range: Range<u64>,
        /// Where the element with the lower address begins.
        other_offset: u64,
        /// Its addresses, end exclusive.
        other_range: Range<u64>,
    },
}

impl ImageError {
    /// A [`Malformed`](Self::Malformed) field.
    pub(super) fn malformed(
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            offset: offset as u64,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

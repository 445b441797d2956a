//! Why a firmware file can't be used.

use std::fmt;
use std::ops::Range;

use super::content::Content;
use super::format::Format;
use super::ids::FileIds;
use super::model::MOST_ELEMENTS;

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In bytes from the file's first, after unpacking.
    Offset(u64),
    /// The first line is 1.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "offset {offset:#010x}"),
            Self::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// Why a firmware file can't be used: what was expected, what was found, and where. Lengths and offsets are in bytes,
/// ranges are end exclusive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not a single byte.
    #[error("the file is empty")]
    Empty,
    /// No byte for any memory, though the file's frame is in order.
    #[error("the file has no bytes to write")]
    NothingToWrite,
    /// A raw binary, and the caller gave no address for it. The file itself is in order.
    #[error("the file is a raw binary, which doesn't say which address it is for")]
    MissingAddress {
        /// Those of its suffix: which devices it is for can be told all the same.
        ids: Option<FileIds>,
    },
    /// The caller gave an address for a file that brings its own.
    #[error("the file is {format}, which has its own addresses: {address:#010x} can't be used")]
    UnexpectedAddress {
        address: u32,
        format: &'static Format,
    },
    /// A raw binary that would not end at or below 0xFFFFFFFF.
    #[error(
        "expected a file that ends at or below 0xffffffff, found {length} bytes to be put at {address:#010x}"
    )]
    PastAddressSpace { address: u32, length: u64 },
    /// In a format that is recognised, but not read; or no firmware.
    #[error(
        "the file is {0}: only DfuSe, Intel HEX, S-record, ELF and UF2 files and raw binaries can be read"
    )]
    Unsupported(Content),
    /// A DfuSe file, for a device that has no addresses.
    #[error(
        "the file is a DfuSe file, and names addresses: a device that speaks plain DFU has none"
    )]
    NotPlain,
    /// Its name or the caller says which format it is in; the content doesn't.
    #[error(
        "offset 0x00000000: expected {}, found \"{}\": the file is {content}",
        .expected.beginning, .found.escape_ascii()
    )]
    NotInFormat {
        expected: &'static Format,
        /// The file's first bytes, five at most.
        found: Vec<u8>,
        content: Content,
    },
    /// gzip-compressed data that can't be unpacked.
    #[error("offset {offset:#010x}: the gzip-compressed data is damaged: {cause}")]
    GzipDamaged { offset: u64, cause: String },
    /// gzip-compressed data in gzip-compressed data.
    #[error("the file is gzip-compressed twice")]
    GzipTwice,
    /// Far more than firmware is.
    #[error("the file has more than {most} bytes, and no firmware is that large")]
    TooLarge { most: u64 },
    /// gzip-compressed data that is far more than firmware is.
    #[error("the gzip-compressed file unpacks to more than {most} bytes")]
    GzipTooLarge { most: u64 },
    /// Changed by something that took it for text.
    #[error("the file is damaged: {0}")]
    Converted(Conversion),
    /// Shorter than it says.
    #[error("the file is cut short: expected {expected} bytes, found {found}")]
    Truncated {
        /// The length that the file states, in bytes.
        expected: u64,
        found: u64,
    },
    /// `dwCRC` is not that of the bytes before it.
    #[error(
        "offset {offset:#010x}: expected CRC {expected:#010x}, found {found:#010x}: the file is damaged"
    )]
    Checksum {
        offset: u64,
        expected: u32,
        found: u32,
    },
    /// In more pieces than firmware is, with gaps between them.
    #[error("the file has more than {MOST_ELEMENTS} pieces, and no firmware has that many")]
    TooManyElements,
    /// `DFUImageSize` is neither the length of the file nor that without the suffix, in a file that is whole.
    #[error(
        "offset {offset:#010x}: expected an image size of {expected}, up to the suffix (DFUImageSize), found {found}, though the CRC is right"
    )]
    WrongImageSize {
        offset: u64,
        /// The length of the file without its suffix, in bytes.
        expected: u64,
        found: u64,
    },
    /// Another file of records after the first, in one file.
    #[error("{at}: expected the end of the file, after {last}, found {found}")]
    SecondFile {
        at: Place,
        last: &'static str,
        found: String,
    },
    /// Two records that say different things of one byte.
    #[error(
        "{at}: expected {expected:#04x} at {address:#010x}, which {other} says, found {found:#04x}"
    )]
    Contradiction {
        at: Place,
        address: u32,
        expected: u8,
        found: u8,
        other: Place,
    },
    /// A field that breaks the format's rules.
    #[error("{at}: expected {expected}, found {found}")]
    Malformed {
        at: Place,
        expected: String,
        found: String,
    },
    /// Two targets for one alternate setting.
    #[error(
        "offset {offset:#010x}: expected one target for each alternate setting, found another for {alternate_setting} (the first is at {first_offset:#010x})"
    )]
    TargetTwice {
        offset: u64,
        alternate_setting: u8,
        first_offset: u64,
    },
    /// Two pieces of one target that name the same byte.
    #[error(
        "{at}: expected elements that don't overlap, found {:#010x}..{:#010x} over {:#010x}..{:#010x} (at {other})",
        .range.start, .range.end, .other_range.start, .other_range.end
    )]
    Overlap {
        /// Where the piece with the higher address begins.
        at: Place,
        range: Range<u64>,
        /// Where the piece with the lower address begins.
        other: Place,
        other_range: Range<u64>,
    },
}

impl ImageError {
    /// A [`Malformed`](Self::Malformed) field at an offset.
    pub(super) fn malformed(
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::malformed_at(Place::Offset(offset as u64), expected, found)
    }

    /// A [`Malformed`](Self::Malformed) field.
    pub(super) fn malformed_at(
        at: Place,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            at,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// What a program did to a binary file that took it for text; as text, a sentence without its full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Whatever wasn't UTF-8 became U+FFFD: the bytes EF BF BD.
    Utf8 {
        /// Where the first such three bytes stand.
        offset: u64,
    },
    /// Each CR LF became LF.
    CrLfToLf {
        /// The length that the file states, in bytes.
        expected: u64,
        found: u64,
        /// How many CR LF there are all the same: of CR CR LF, one is left.
        left: u64,
    },
    /// Each LF became CR LF.
    LfToCrLf {
        /// The length that the file states, in bytes.
        expected: u64,
        found: u64,
        /// How many LF have no CR before them all the same.
        left: u64,
    },
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 { offset } => write!(
                f,
                "offset {offset:#010x}: expected firmware, found EF BF BD, which stands for bytes lost when the file was converted to UTF-8 text"
            ),
            Self::CrLfToLf {
                expected,
                found,
                left,
            } => {
                let pairs = match left {
                    0 => "not one CR LF".to_owned(),
                    left => format!("hardly a CR LF ({left})"),
                };
                write!(
                    f,
                    "expected {expected} bytes, found {found} and {pairs}, as after a conversion of text line ends from CR LF to LF"
                )
            }
            Self::LfToCrLf {
                expected,
                found,
                left,
            } => {
                let every = match left {
                    0 => "every LF".to_owned(),
                    left => format!("nearly every LF (not {left})"),
                };
                write!(
                    f,
                    "expected {expected} bytes, found {found} and a CR before {every}, as after a conversion of text line ends from LF to CR LF"
                )
            }
        }
    }
}

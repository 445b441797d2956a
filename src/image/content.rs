//! What a file can be.

mod foreign;
pub(super) mod text;

use std::fmt;

use super::format::Format;

pub use foreign::Foreign;
pub use text::TextKind;

/// What a file is, told from its bytes; as text, with its article: "an ELF file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// In a format that names addresses.
    Firmware(&'static Format),
    /// Bytes without an address, and a DFU 1.1 suffix.
    PlainDfu,
    /// gzip (RFC 1952)
    Gzip,
    /// An archive, a picture or the like, which no chip runs.
    Foreign(&'static Foreign),
    /// Nothing but text, in no format that firmware is read from.
    Text(TextKind),
    /// In no format known here, but with the words in front that an Arm Cortex-M starts from.
    VectorTable,
    /// In no format known here.
    Raw,
}

impl Content {
    /// Whether it is surely nothing that a chip could run, taken byte for byte.
    pub fn is_no_firmware(self) -> bool {
        matches!(self, Self::Foreign(_) | Self::Text(_))
    }
}

/// With its article, to stand in a sentence.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Firmware(format) => format.content,
            Self::PlainDfu => "a plain DFU 1.1 file (raw bytes and a suffix)",
            Self::Gzip => "gzip-compressed data",
            Self::Foreign(foreign) => foreign.name,
            Self::Text(kind) => kind.name(),
            Self::VectorTable => "a raw image that begins with a vector table",
            Self::Raw => "raw bytes of no known format",
        })
    }
}

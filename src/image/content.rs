//! What a file is, told from its bytes.

mod foreign;
mod text;

use std::fmt;

use crate::chip::vector_table::looks_like_one;

use super::{Format, suffix};

pub use foreign::Foreign;
pub use text::TextKind;

/// What a file is, told from its bytes; as text, with its article: "an ELF file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// DfuSe by its signature, or by `bcdDFU` in its suffix.
    DfuSe,
    /// Bytes without an address, and a DFU 1.1 suffix.
    PlainDfu,
    /// Intel HEX
    IntelHex,
    /// Motorola S-records
    Srec,
    /// ELF
    Elf,
    /// UF2
    Uf2,
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
    /// What these bytes are. Only the outermost signs are looked at: a file can still turn out damaged.
    pub fn of(bytes: &[u8]) -> Self {
        const SIGNATURES: [(&[u8], Content); 4] = [
            (b"DfuSe", Content::DfuSe),
            (b"\x7FELF", Content::Elf),
            (b"UF2\n\x57\x51\x5D\x9E", Content::Uf2),
            (b"\x1F\x8B\x08", Content::Gzip),
        ];
        for (signature, content) in SIGNATURES {
            if bytes.starts_with(signature) {
                return content;
            }
        }
        let text = text::beginning(bytes);
        if is_intel_hex(text) {
            return Self::IntelHex;
        }
        if is_srec(text) {
            return Self::Srec;
        }
        match suffix::dfu_version(bytes) {
            Some(suffix::DFUSE) => return Self::DfuSe,
            Some(_) => return Self::PlainDfu,
            None => {}
        }
        if let Some(foreign) = Foreign::of(bytes) {
            return Self::Foreign(foreign);
        }
        match TextKind::of(bytes) {
            Some(kind) => Self::Text(kind),
            None if looks_like_one(bytes) => Self::VectorTable,
            None => Self::Raw,
        }
    }

    /// The format that firmware with this content is in; `None` where the content doesn't tell, or is no firmware.
    pub fn format(self) -> Option<Format> {
        match self {
            Self::DfuSe => Some(Format::Dfu),
            Self::PlainDfu => Some(Format::Bin),
            Self::IntelHex => Some(Format::Hex),
            Self::Srec => Some(Format::Srec),
            Self::Elf => Some(Format::Elf),
            Self::Uf2 => Some(Format::Uf2),
            Self::Gzip | Self::Foreign(_) | Self::Text(_) => None,
            Self::VectorTable | Self::Raw => None,
        }
    }

    /// Whether it is surely nothing that a chip could run, taken byte for byte.
    pub fn is_no_firmware(self) -> bool {
        matches!(self, Self::Foreign(_) | Self::Text(_))
    }
}

/// With its article, to stand in a sentence.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DfuSe => "a DfuSe file",
            Self::PlainDfu => "a plain DFU 1.1 file (raw bytes and a suffix)",
            Self::IntelHex => "Intel HEX text",
            Self::Srec => "Motorola S-record text",
            Self::Elf => "an ELF file",
            Self::Uf2 => "a UF2 file",
            Self::Gzip => "gzip-compressed data",
            Self::Foreign(foreign) => foreign.name,
            Self::Text(kind) => kind.name(),
            Self::VectorTable => "a raw image that begins with a vector table",
            Self::Raw => "raw bytes of no known format",
        })
    }
}

/// A colon and the shortest record: length, address, type and checksum as hexadecimal digits.
fn is_intel_hex(text: &[u8]) -> bool {
    text.strip_prefix(b":")
        .is_some_and(|record| starts_with_hex_digits(record, 10))
}

/// An S, its type, and the shortest record: length, address and checksum as hexadecimal digits.
fn is_srec(text: &[u8]) -> bool {
    text.strip_prefix(b"S")
        .is_some_and(|record| starts_with_hex_digits(record, 9) && record[0].is_ascii_digit())
}

fn starts_with_hex_digits(text: &[u8], count: usize) -> bool {
    text.get(..count)
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests;

//! What a file is, told from its bytes.

use crate::chip::vector_table::looks_like_one;

use super::bin::BIN;
use super::content::{Content, Foreign, TextKind};
use super::dfu::DFU;
use super::format::Format;
use super::formats::CODECS;
use super::suffix;

impl Content {
    /// What these bytes are. Only the outermost signs are looked at: a file can still turn out damaged.
    pub fn of(bytes: &[u8]) -> Self {
        if let Some(codec) = CODECS.iter().find(|codec| (codec.format.begins)(bytes)) {
            return Self::Firmware(codec.format);
        }
        if bytes.starts_with(b"\x1F\x8B\x08") {
            return Self::Gzip;
        }
        match suffix::dfu_version(bytes) {
            Some(suffix::DFUSE) => return Self::Firmware(&DFU),
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
    pub fn format(self) -> Option<&'static Format> {
        match self {
            Self::Firmware(format) => Some(format),
            Self::PlainDfu => Some(&BIN),
            Self::Gzip | Self::Foreign(_) | Self::Text(_) => None,
            Self::VectorTable | Self::Raw => None,
        }
    }
}

#[cfg(test)]
mod tests;

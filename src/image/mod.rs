//! Firmware, whatever file it came from: which bytes belong at which address of which memory.

mod bin;
mod content;
mod conversion;
mod dfu;
mod elf;
mod error;
mod extent;
mod files;
mod format;
mod gzip;
mod hex;
mod lines;
mod load;
mod pieces;
mod srec;
mod suffix;
mod uf2;
pub mod write;

use crate::chip::family::Family;

pub use content::{Content, Foreign, TextKind};
pub use conversion::Conversion;
pub use error::{ImageError, Place};
pub use files::{FilesError, NamedFile, load_several};
pub use format::Format;
pub use load::{Description, LoadOptions, describe};
pub use suffix::FileIds;

#[cfg(test)]
pub use load::load;

/// What is read of a file at most, and unpacked at most, in bytes: far more than the flash of any chip, as text too, and
/// little enough for a PC.
pub const MOST_BYTES: u64 = 256 << 20;

/// As many elements there may be: one for each 32 KiB of the address space. Real firmware is in a few dozen.
const MOST_ELEMENTS: usize = 1 << 17;

/// A firmware file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which format the file was in; of several files, the first.
    pub format: Format,
    /// What is meant for which memory; at least one, no two for the same alternate setting.
    pub targets: Vec<ImageTarget>,
    /// The device ids of a DFU suffix.
    pub ids: Option<FileIds>,
    /// The family of chips that a UF2 file is for.
    pub family: Option<Family>,
    /// Why a raw binary is no firmware, where only the board can tell whether that matters.
    pub suspicion: Option<Suspicion>,
    /// What is odd about the file, but no reason to refuse it: a sentence each.
    pub warnings: Vec<String>,
}

/// What is meant for one memory. *Target* is ST's word for an alternate setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTarget {
    /// `bAlternateSetting`, where the format names one.
    pub alternate_setting: Option<u8>,
    /// `szTargetName`, where there is one.
    pub name: Option<String>,
    /// Ordered by address, not empty, none overlapping.
    pub elements: Vec<ImageElement>,
}

/// Bytes without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageElement {
    /// `dwElementAddress`: where the first byte belongs.
    pub address: u32,
    /// At least one byte, the last at or below 0xFFFFFFFF.
    pub data: Vec<u8>,
}

/// A raw binary that is surely no firmware, for an address below 0x08000000: there, some boards have their external
/// flash (DSO Nano), which takes assets of any kind, and others the chip's settings or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// The file's name; empty where nobody has told it.
    pub file: String,
    /// What it is.
    pub content: Content,
}

#[cfg(test)]
mod tests;

//! Firmware, whatever file it came from: which bytes belong at which address of which memory.

use crate::address::AddressRange;
use crate::chip::family::Family;

use super::content::Content;
use super::format::Format;
use super::ids::FileIds;

/// What is read of a file at most, and unpacked at most, in bytes: far more than the flash of any chip, as text too, and
/// little enough for a PC.
pub const MOST_BYTES: u64 = 256 << 20;

/// As many elements there may be: one for each 32 KiB of the address space. Real firmware is in a few dozen.
pub const MOST_ELEMENTS: usize = 1 << 17;

/// A firmware file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which format the file was in; of several files, the first.
    pub format: &'static Format,
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

impl Image {
    /// An image of these elements, for no memory in particular.
    pub fn of_elements(format: &'static Format, elements: Vec<ImageElement>) -> Self {
        let target = ImageTarget {
            alternate_setting: None,
            name: None,
            elements,
        };
        Self::of_targets(format, vec![target])
    }

    /// An image of these targets, of which nothing else is known.
    pub fn of_targets(format: &'static Format, targets: Vec<ImageTarget>) -> Self {
        Self {
            format,
            targets,
            ids: None,
            family: None,
            suspicion: None,
            warnings: Vec::new(),
        }
    }
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

impl ImageElement {
    /// Its addresses.
    pub fn range(&self) -> AddressRange {
        AddressRange {
            address: self.address,
            end: self.end(),
        }
    }

    /// The first address, as a number that can be compared with [`ImageElement::end`].
    pub fn start(&self) -> u64 {
        u64::from(self.address)
    }

    /// The address after the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        self.start() + self.data.len() as u64
    }
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

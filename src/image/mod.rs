//! Firmware, whatever file it came from: which bytes belong at which address of which memory.

/// A firmware file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which format the file was in.
    pub format: Format,
    /// What is meant for which memory; at least one, no two for the same alternate setting.
    pub targets: Vec<ImageTarget>,
    /// The device ids of a DFU suffix.
    pub ids: Option<FileIds>,
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

//! The document of `info`: what is in files.

use serde::Serialize;

use crate::image::Prefix;
use crate::printable::Said;

/// What is in files: `info`.
#[derive(Serialize)]
pub struct InfoDocument<'i> {
    pub files: Vec<FileDocument<'i>>,
}

/// What is in a file.
#[derive(Serialize)]
pub struct FileDocument<'i> {
    pub file: &'i str,
    pub exit: u8,
    pub error: Option<&'i str>,
    pub hint: Option<&'i str>,
    pub format: Option<&'static str>,
    pub size: Option<u64>,
    pub sha256: Option<&'i str>,
    pub unpacked_size: Option<u64>,
    pub ids: Option<IdsDocument>,
    /// Only of a file that names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyDocument>,
    pub crc: Option<u32>,
    /// Only of a file that begins with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<PrefixDocument>,
    pub targets: Vec<TargetDocument<'i>>,
    pub warnings: &'i [String],
    /// Only where boards are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boards: Vec<FitDocument<'i>>,
}

/// The ids in a file.
#[derive(Serialize)]
pub struct IdsDocument {
    pub vendor_id: u16,
    pub product_id: u16,
    pub device_release: u16,
}

/// The family of chips that a UF2 file is for.
#[derive(Serialize)]
pub struct FamilyDocument {
    pub id: u32,
    /// `None` where it is not known.
    pub name: Option<&'static str>,
}

/// What stands in front of a file's bytes, for devices that want it.
#[derive(Serialize)]
pub struct PrefixDocument {
    pub kind: &'static str,
    /// Only in one that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<u32>,
}

impl From<Prefix> for PrefixDocument {
    fn from(prefix: Prefix) -> Self {
        let (kind, address) = match prefix {
            Prefix::Lpc => ("lpc", None),
            Prefix::Stellaris { address } => ("stellaris", Some(address)),
        };
        Self { kind, address }
    }
}

/// What a file has for one memory.
#[derive(Serialize)]
pub struct TargetDocument<'i> {
    pub alt: Option<u8>,
    pub name: Option<&'i str>,
    pub elements: Vec<ElementDocument>,
}

/// Bytes without a gap.
#[derive(Serialize)]
pub struct ElementDocument {
    /// `None` where the file doesn't say it.
    pub address: Option<u32>,
    pub size: u64,
    /// The everyday CRC-32 of its bytes, to tell builds apart.
    pub crc32: u32,
}

/// Whether a file fits a board.
#[derive(Serialize)]
pub struct FitDocument<'f> {
    pub serial: Option<&'f Said>,
    pub path: &'f str,
    pub exit: u8,
    /// `None` where it can't be said.
    pub fits: Option<bool>,
    pub reason: Option<&'f str>,
    pub warnings: Vec<String>,
}

//! Every JSON document: the contract with scripts, here and in [`decode`], [`info`], [`memory`], [`sim`] and [`station`].
//! cli.md's fields are never renamed, others are only added.

mod decode;
mod info;
mod memory;
mod sim;
mod station;

use std::borrow::Cow;

use serde::Serialize;

use crate::board::BoardName;
use crate::printable::Said;

use super::diagnosis::Diagnosis;
use super::exit::Exit;
pub use decode::{
    AgainstDocument, DecodeDocument, DeviationDocument, DifferenceDocument, RecordedDocument,
    RunDocument, TimesDocument,
};
pub use info::{
    ElementDocument, FamilyDocument, FileDocument, FitDocument, IdsDocument, InfoDocument,
    PrefixDocument, TargetDocument,
};
pub use memory::MemoryDocument;
pub use sim::{ServedDocument, SimDocument, SimListDocument, SimNameDocument, SimQuirkDocument};
pub use station::{StationBoardDocument, StationEndDocument, StationHelpDocument};

/// A command's answer that has an entry for each board.
#[derive(Serialize)]
pub struct Boards<'f, T> {
    boards: Vec<T>,
    /// Only where there are any.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    files: &'f [InputDocument],
}

impl<'f, T> Boards<'f, T> {
    /// With what `entry` makes of each.
    pub fn of<'b, B: 'b>(boards: &'b [B], entry: impl FnMut(&'b B) -> T) -> Self {
        Self {
            boards: boards.iter().map(entry).collect(),
            files: &[],
        }
    }

    /// The same, with the files that they were given.
    pub fn given(self, files: &'f [InputDocument]) -> Self {
        Self { files, ..self }
    }
}

/// A file of the command line, as it was read: `flash`, `verify`.
#[derive(Debug, Serialize)]
pub struct InputDocument {
    /// `-` is stdin.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// What is told of the files of the command line.
#[derive(Debug, Default)]
pub struct Inputs<'f> {
    /// What is odd about them, a sentence each.
    pub odd: Vec<String>,
    /// Each of them, where a document is asked for.
    pub files: &'f [InputDocument],
}

/// The first fields of a board's entry, whatever was done with it: which it is, and how that ended.
#[derive(Serialize)]
pub struct BoardResult<'r> {
    serial: Option<&'r Said>,
    path: &'r str,
    exit: u8,
    error: Option<&'r str>,
    hint: Option<&'r str>,
}

impl<'r> BoardResult<'r> {
    /// Of a board, and of what went wrong with it.
    pub fn of(name: BoardName<'r>, error: Option<&'r Diagnosis>) -> Self {
        Self {
            serial: name.serial,
            path: name.path,
            exit: error.map_or(Exit::Done, |diagnosis| diagnosis.exit).code(),
            error: error.map(|diagnosis| diagnosis.message.as_str()),
            hint: error.and_then(|diagnosis| diagnosis.hint.as_deref()),
        }
    }

    /// The same, with what to do next where nothing else is said of that.
    pub fn or_hint(self, hint: Option<&'r str>) -> Self {
        Self {
            hint: self.hint.or(hint),
            ..self
        }
    }
}

/// A board that was worked on: `flash`, `erase`, `verify`, `leave`, `unprotect`.
#[derive(Serialize)]
pub struct WorkDocument<'o> {
    #[serde(flatten)]
    pub result: BoardResult<'o>,
    pub warnings: Vec<String>,
    pub erased_sectors: usize,
    pub written_bytes: u64,
    pub skipped_bytes: u64,
    /// `None` where nobody has looked what was there.
    pub lost_bytes: Option<u64>,
    pub preserved_bytes: u64,
    pub verified_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differing_bytes: Option<u64>,
    pub requests: u64,
    pub retries: u32,
    pub left: bool,
    /// Of a device without DfuSe: whether its own word is all that there is, since it could not be read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// The ids that it has after it was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprotected: Option<bool>,
    pub seconds: f64,
}

/// A board that was read: `read`.
#[derive(Serialize)]
pub struct ReadDocument<'r> {
    #[serde(flatten)]
    pub result: BoardResult<'r>,
    pub output: Cow<'r, str>,
    pub format: &'static str,
    /// Which memory, if that is known.
    pub alt: Option<u8>,
    pub ranges: Vec<RangeDocument>,
    /// How often each byte was read; where it was twice, both were the same.
    pub readings: u8,
    pub read_bytes: u64,
    pub requests: u64,
    pub retries: u32,
    pub seconds: f64,
}

/// A part of a memory.
#[derive(Debug, Serialize)]
pub struct RangeDocument {
    pub address: u32,
    pub size: u64,
}

/// A board that was only looked at: `flash --dry-run`.
#[derive(Serialize)]
pub struct PreviewDocument<'o> {
    #[serde(flatten)]
    pub result: BoardResult<'o>,
    pub warnings: Vec<String>,
    pub plan: Option<&'o PlanDocument>,
}

/// What is left to do.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum PlanDocument {
    Placed(PlacedPlanDocument),
    Stream(StreamPlanDocument),
}

/// What is left to do on a device without DfuSe.
#[derive(Debug, Serialize)]
pub struct StreamPlanDocument {
    pub alt: u8,
    pub send_bytes: u64,
    pub skipped_bytes: u64,
    pub verify: bool,
    pub leave: bool,
}

/// What is left to do on a board with addresses.
#[derive(Debug, Serialize)]
pub struct PlacedPlanDocument {
    pub targets: Vec<MemoryPlanDocument>,
    pub start: Option<u32>,
    pub skipped_bytes: u64,
    pub lost_bytes: Option<u64>,
    pub preserved_bytes: u64,
}

/// What is left to do in one memory.
#[derive(Debug, Serialize)]
pub struct MemoryPlanDocument {
    pub alt: u8,
    pub name: String,
    pub mass_erase: bool,
    pub erase: Vec<RangeDocument>,
    pub write: Vec<RangeDocument>,
    pub verify: Vec<RangeDocument>,
    pub sectors: Vec<SectorDocument>,
}

/// A sector of the image: one that could be erased.
#[derive(Debug, Serialize)]
pub struct SectorDocument {
    pub address: u32,
    pub size: u32,
    pub work: &'static str,
    /// Bytes in it that are not of the image; `None` if nobody has looked.
    pub beyond_bytes: Option<u64>,
}

/// What is on the bus: `list`.
#[derive(Serialize)]
pub struct ListDocument<'l> {
    pub boards: Vec<ListedDocument<'l>>,
    /// What is there and can't be used.
    pub others: Vec<OtherDocument<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Diagnosis>,
}

/// A board in the list.
#[derive(Serialize)]
pub struct ListedDocument<'l> {
    pub protocol: &'static str,
    pub dfu_version: Option<String>,
    /// The family of its chip, where that is sure.
    pub chip: Option<&'static str>,
    /// With `-v`: whether main flash is read-protected, `None` where that can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_protected: Option<Option<bool>>,
    pub serial: Option<&'l Said>,
    pub vendor_id: u16,
    pub product_id: u16,
    pub path: &'l str,
    pub bus: u8,
    pub device: u8,
    pub product: Option<&'l Said>,
    pub transfer_size: u16,
    #[serde(flatten)]
    pub can: CapabilitiesDocument,
    pub memories: Vec<MemoryDocument<'l>>,
    pub error: Option<String>,
}

/// What a device says that it can do (DFU 1.1 §4.1.3, `bmAttributes`).
#[derive(Serialize)]
pub struct CapabilitiesDocument {
    pub can_download: bool,
    pub can_upload: bool,
    pub manifestation_tolerant: bool,
    pub will_detach: bool,
}

/// A device that isn't used, and why.
#[derive(Serialize)]
pub struct OtherDocument<'o> {
    pub serial: Option<&'o Said>,
    pub vendor_id: u16,
    pub product_id: u16,
    pub path: &'o str,
    pub reason: String,
    pub hint: Option<String>,
}

/// `doctor`
#[derive(Serialize)]
pub struct DoctorDocument<'d> {
    pub exit: u8,
    /// What stands in the way; `None` where nothing does.
    pub error: Option<Diagnosis>,
    pub libusb: String,
    /// The operating system with its release, and the processor.
    pub system: String,
    /// Whether the devices are simulated, so that USB was not looked at.
    pub simulated: bool,
    pub findings: Vec<FindingDocument<'d>>,
}

/// Something that was looked at.
#[derive(Serialize)]
pub struct FindingDocument<'d> {
    /// What it is about; of a device, its path.
    pub about: &'d str,
    /// `ok`, `note` or `failed`.
    pub state: &'static str,
    pub message: &'d str,
    pub hint: Option<&'d str>,
}

/// `serial`
#[derive(Serialize)]
pub struct SerialDocument<'s> {
    pub serial: &'s Said,
}

/// The file that was made: `convert`.
#[derive(Serialize)]
pub struct ConvertDocument<'c> {
    pub output: Cow<'c, str>,
    pub format: &'static str,
    pub size: usize,
    pub sha256: String,
    pub bytes: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub warnings: &'c [String],
}

/// A text that is the whole answer: `completions`, `man`.
#[derive(Serialize)]
pub struct TextDocument<'t> {
    pub text: &'t str,
}

/// `udev`
#[derive(Serialize)]
pub struct RulesDocument {
    pub rules: &'static str,
}

/// A command that failed before any board was known.
#[derive(Serialize)]
pub struct Failed<'a> {
    pub error: &'a Diagnosis,
}

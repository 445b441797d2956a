//! The document of `decode`: a recorded session.

use serde::Serialize;

use crate::printable::Said;

use super::MemoryDocument;

/// A recorded session: `decode`.
#[derive(Serialize)]
pub struct DecodeDocument<'d> {
    pub file: &'d str,
    /// The program that has recorded it.
    pub program: Option<&'d str>,
    /// What was noted at the whole of it.
    pub comments: &'d [String],
    pub seconds: f64,
    /// Why it ends before its end.
    pub broken: Option<&'d str>,
    pub devices: Vec<RecordedDocument<'d>>,
}

/// A device of a recording.
#[derive(Serialize)]
pub struct RecordedDocument<'d> {
    pub path: String,
    pub bus: u16,
    pub device: u16,
    /// `None` where nobody asked.
    pub vendor_id: Option<u16>,
    pub product_id: Option<u16>,
    pub serial: Option<&'d Said>,
    pub product: Option<&'d Said>,
    pub chip: Option<&'static str>,
    pub protocol: &'static str,
    /// Whether its requests alone tell what it is.
    pub guessed: bool,
    pub transfer_size: u16,
    pub memories: Vec<MemoryDocument<'d>>,
    pub runs: Vec<RunDocument>,
    /// What is not as specified.
    pub findings: Vec<DeviationDocument>,
    /// What is known of such a device.
    pub knowledge: &'d [String],
    /// Only where there is a board to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<AgainstDocument<'d>>,
    pub requests: usize,
    pub downloaded_bytes: u64,
    pub uploaded_bytes: u64,
    pub erased_sectors: u64,
    pub mass_erases: usize,
    /// Whether it was told to leave, or that all was sent.
    pub told_to_leave: bool,
}

/// Equal things, one after the other.
#[derive(Serialize)]
pub struct RunDocument {
    pub phase: &'static str,
    /// Since the recording began.
    pub at: f64,
    pub seconds: f64,
    /// How long the quickest and the slowest took.
    pub quickest: f64,
    pub slowest: f64,
    /// How many there are.
    pub count: u64,
    pub alt: Option<u8>,
    pub address: Option<u64>,
    pub bytes: Option<u64>,
    /// How the last one ended; `None` where that is well.
    pub error: Option<String>,
}

/// Something that is not as specified.
#[derive(Serialize)]
pub struct DeviationDocument {
    /// `host` or `device`.
    pub party: &'static str,
    pub message: String,
    /// When it was first, since the recording began.
    pub at: f64,
    pub times: u32,
    /// Of which devices it is known.
    pub known: Option<&'static str>,
}

/// Where a recorded device and a simulated board differ.
#[derive(Serialize)]
pub struct AgainstDocument<'c> {
    pub board: &'c str,
    pub differences: Vec<DifferenceDocument<'c>>,
    pub seconds: Vec<TimesDocument<'c>>,
}

/// Something in which they differ.
#[derive(Serialize)]
pub struct DifferenceDocument<'c> {
    pub about: &'c str,
    pub recorded: &'c str,
    pub simulated: &'c str,
    pub times: u32,
}

/// How long something takes: the quickest and the slowest, in seconds.
#[derive(Serialize)]
pub struct TimesDocument<'c> {
    pub about: &'c str,
    pub recorded: [f64; 2],
    pub simulated: [f64; 2],
}

//! The lines of `station`: one for each board, and one at the end.

use serde::Serialize;

use crate::board::BoardName;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::verdict::{Counts, Judged, Refusal, Verdict};

use super::BoardResult;

/// A board that was judged.
#[derive(Serialize)]
pub struct StationBoardDocument<'j> {
    event: &'static str,
    /// `pass`, `fail`, `interrupted`, `refused` or `unlogged`
    result: &'static str,
    #[serde(flatten)]
    board: BoardResult<'j>,
    chip: Option<&'static str>,
    /// Whether all of the firmware was read back and compared.
    verified: bool,
    warnings: &'j [String],
    /// Since when a board is good that is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_since: Option<&'j str>,
    /// The SHA-256 of the files that it is good with, where they are others than this station's.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_with: Option<&'j [String]>,
    seconds: f64,
}

/// What can't be worked with.
#[derive(Serialize)]
pub struct StationHelpDocument<'t> {
    event: &'static str,
    #[serde(flatten)]
    board: BoardResult<'t>,
}

/// The end of a station.
#[derive(Serialize)]
pub struct StationEndDocument<'d> {
    event: &'static str,
    good: u64,
    failed: u64,
    refused: u64,
    interrupted: u64,
    /// Those that the log lacks, whatever came of them.
    unlogged: u64,
    /// Why it ended.
    error: &'d Diagnosis,
}

impl<'j> StationBoardDocument<'j> {
    /// Of a board at a station.
    pub fn of(name: BoardName<'j>, judged: &'j Judged) -> Self {
        let (result, error) = match &judged.verdict {
            Verdict::Pass { .. } => ("pass", None),
            Verdict::Fail(error) => ("fail", Some(error)),
            Verdict::Interrupted(error) => ("interrupted", Some(error)),
            Verdict::Refused(Refusal { stays, .. }) => ("refused", stays.as_ref()),
            Verdict::Unlogged { error, .. } => ("unlogged", Some(error)),
        };
        let (warnings, verified) = match judged.verdict.itself() {
            Verdict::Pass { odd, verified, .. } => (odd.as_slice(), *verified),
            _ => ([].as_slice(), false),
        };
        let refusal = match &judged.verdict {
            Verdict::Refused(refusal) => Some(refusal),
            _ => None,
        };
        Self {
            event: "board",
            result,
            board: BoardResult::of(name, error),
            chip: judged.chip,
            verified,
            warnings,
            good_since: refusal.map(|refusal| refusal.since.as_str()),
            good_with: refusal.and_then(|refusal| refusal.other_firmware.as_deref()),
            seconds: judged.seconds,
        }
    }
}

impl<'t> StationHelpDocument<'t> {
    /// Of what is plugged in there.
    pub fn of(path: &'t str, trouble: &'t Diagnosis) -> Self {
        let name = BoardName { serial: None, path };
        Self {
            event: "help",
            board: BoardResult::of(name, Some(trouble)),
        }
    }
}

impl<'d> StationEndDocument<'d> {
    /// Of a station that has come to these counts, and why it ended.
    pub fn of(counts: Counts, error: &'d Diagnosis) -> Self {
        Self {
            event: "end",
            good: counts.good,
            failed: counts.failed,
            refused: counts.refused,
            interrupted: counts.interrupted,
            unlogged: counts.unlogged,
            error,
        }
    }
}

//! The lines of `station`: one for each board, and one at the end.

use serde::Serialize;

use crate::board::BoardName;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::verdict::{Counts, Judged, Verdict};

use super::BoardResult;

/// A board that was judged.
#[derive(Serialize)]
pub struct StationBoardDocument<'j> {
    event: &'static str,
    /// `pass`, `fail` or `refused`
    result: &'static str,
    #[serde(flatten)]
    board: BoardResult<'j>,
    chip: Option<&'static str>,
    warnings: &'j [String],
    /// Since when a board is good that is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_since: Option<&'j str>,
    seconds: f64,
}

/// The end of a station.
#[derive(Serialize)]
pub struct StationEndDocument<'d> {
    event: &'static str,
    good: u64,
    failed: u64,
    refused: u64,
    /// Why it ended.
    error: &'d Diagnosis,
}

impl<'j> StationBoardDocument<'j> {
    /// Of a board at a station.
    pub fn of(name: BoardName<'j>, judged: &'j Judged) -> Self {
        let (result, error, warnings, good_since) = match &judged.verdict {
            Verdict::Pass { odd, .. } => ("pass", None, odd.as_slice(), None),
            Verdict::Fail(error) => ("fail", Some(error), [].as_slice(), None),
            Verdict::Refused { good_since } => {
                ("refused", None, [].as_slice(), Some(good_since.as_str()))
            }
        };
        Self {
            event: "board",
            result,
            board: BoardResult::of(name, error),
            chip: judged.chip,
            warnings,
            good_since,
            seconds: judged.seconds,
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
            error,
        }
    }
}

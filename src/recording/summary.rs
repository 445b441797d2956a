//! What came of a session: how much was sent and read, what was erased, how it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::operation::{End, Operation, What};
use super::runs::{Run, RunKind};

/// What came of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sent in DNLOADs of data that ended well, in bytes.
    pub downloaded: u64,
    /// Received in UPLOADs of data, in bytes.
    pub uploaded: u64,
    /// By the size of the sector in bytes, where that is known.
    pub erased: BTreeMap<Option<u32>, Erased>,
    /// Mass erases that ended well, with their times.
    pub mass_erased: Vec<Duration>,
    pub ended: Ended,
}

/// Sectors of one size that were erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub count: u32,
    pub quickest: Duration,
    pub slowest: Duration,
}

/// How a session ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ended {
    /// With something else than an end.
    #[default]
    Open,
    /// It was told to leave, or that the download is over.
    Left(End),
    /// It was told to enter DFU mode.
    Detached,
    /// The last thing that was done failed.
    Failed(End),
}

/// Sums up what was done.
pub fn summary(operations: &[Operation], runs: &[Run]) -> Summary {
    let mut summary = Summary::default();
    for operation in operations {
        match &operation.what {
            What::Write(block) if operation.end == End::Done => {
                summary.downloaded += u64::from(block.length);
            }
            What::Read(block) if operation.end == End::Done => {
                summary.uploaded += u64::from(block.length);
            }
            What::MassErase if operation.end == End::Done => {
                summary.mass_erased.push(operation.took);
            }
            _ => {}
        }
    }
    for run in runs {
        if let RunKind::Erase {
            sector_size, count, ..
        } = run.kind
        {
            if run.end != End::Done {
                continue;
            }
            let erased = summary.erased.entry(sector_size).or_insert(Erased {
                count: 0,
                quickest: run.each.0,
                slowest: run.each.1,
            });
            erased.count += count;
            erased.quickest = erased.quickest.min(run.each.0);
            erased.slowest = erased.slowest.max(run.each.1);
        }
    }
    summary.ended = ended(operations, runs);
    summary
}

fn ended(operations: &[Operation], runs: &[Run]) -> Ended {
    // In DFU mode, a DETACH is what comes after the end for some, and others refuse it.
    let enters = RunKind::Detach { is_entering: true };
    let is_entering = runs.iter().any(|run| run.kind == enters);
    let telling = operations.iter().rev().find(|operation| {
        let is_small = matches!(
            operation.what,
            What::Identify | What::Other | What::Status(_) | What::State(_)
        );
        // Plain DFU is read back after the end of a download.
        let changes_nothing = matches!(
            operation.what,
            What::Read(_) | What::ChooseMemory(_) | What::Abort | What::ClearStatus
        );
        let is_done = operation.end == End::Done;
        let is_passed_over = is_small || (changes_nothing && is_done);
        !is_passed_over && (is_entering || operation.what != What::Detach)
    });
    match telling {
        Some(last) if last.what == What::Detach && last.end == End::Done => Ended::Detached,
        Some(last) if last.what == What::End => Ended::Left(last.end.clone()),
        Some(last) if matches!(last.end, End::Failed(_) | End::Refused | End::Lost(_)) => {
            Ended::Failed(last.end.clone())
        }
        _ => Ended::Open,
    }
}

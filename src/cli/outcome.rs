//! What came of the work on one board.

use crate::board::{Board, BoardName};
use crate::chip::vector_table::BadVectorTable;
use crate::dfu::plain::{self, Download, Leave, ReadBack};
use crate::dfu::tally::Tally;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::Check;
use crate::image::ImageTarget;
use crate::printable::Said;

use super::args::number::count;
use super::diagnosis::Diagnosis;
use super::document::{BoardResult, WorkDocument};
use super::preview::Preview;
use super::task::Task;

/// What came of the work on one board.
pub struct Outcome<'p> {
    /// The board's serial number, if it is known.
    pub serial: Option<Said>,
    /// Where it is plugged in.
    pub path: String,
    /// What was wanted of it; `None` where that could not be.
    pub task: Option<Task<'p>>,
    /// What was done, up to the end or the error.
    pub tally: Tally,
    /// How many requests it took, those for the board's strings included.
    pub requests: u64,
    /// How long it took on the board's clock.
    pub seconds: f64,
    /// What was left to do after a look at what is there.
    pub preview: Option<Preview>,
    /// What was read, where that was asked for.
    pub found: Option<Found>,
    /// What went wrong.
    pub error: Option<Diagnosis>,
}

/// What was read.
#[derive(Debug)]
pub enum Found {
    /// Bytes with addresses.
    Placed(ImageTarget),
    /// All that a device without DfuSe gives.
    Stream(Vec<u8>),
}

/// Of a board whose read protection was to be lifted.
pub const NOT_PROTECTED: &str = "this board is not read-protected; nothing was done";
/// Of a device that has taken a file and can't be asked to give it back.
pub const ACCEPTED: &str = "the device accepted it; it can't be read back";
/// What whoever wants more than that does next.
const ERASE_ALL: &str = "To erase everything all the same, use `stdfu erase --all`.";

impl<'p> Outcome<'p> {
    /// Of a board that nothing has been done with yet.
    pub fn of(board: &Board) -> Self {
        Self {
            serial: board.serial().cloned(),
            path: board.info.path.clone(),
            task: None,
            tally: Tally::default(),
            requests: 0,
            seconds: 0.0,
            preview: None,
            found: None,
            error: None,
        }
    }

    /// The plan, where the board speaks DfuSe.
    pub fn dfuse(&self) -> Option<&Plan<'p>> {
        self.task.as_ref().and_then(Task::dfuse)
    }

    /// What the board is known by.
    pub fn name(&self) -> BoardName<'_> {
        BoardName {
            serial: self.serial.as_ref(),
            path: &self.path,
        }
    }

    /// How it ended, for programs.
    pub fn result(&self) -> BoardResult<'_> {
        BoardResult::of(self.name(), self.error.as_ref()).or_hint(self.hint())
    }

    /// Whether all of the firmware was read back and compared, or had been there before and was.
    pub fn is_verified(&self) -> bool {
        let tally = self.tally;
        let all = match &self.task {
            Some(Task::Dfuse(_)) => tally.written_bytes + tally.skipped_bytes,
            _ => tally.written_bytes,
        };
        let memories = self
            .dfuse()
            .and_then(Plan::flash)
            .map(|plan| &plan.memories);
        let mut memories = memories.into_iter().flatten();
        memories.all(|memory| memory.check == Check::ReadBack)
            && !tally.reset
            && tally.verified_bytes >= all
            && tally.verified_bytes + tally.skipped_bytes > 0
    }

    /// What to do next though all went well.
    pub fn hint(&self) -> Option<&'static str> {
        let is_unprotected = self.error.is_none() && self.tally.unprotected == Some(false);
        is_unprotected.then_some(ERASE_ALL)
    }

    /// Which board it is, and whether the work on it failed.
    pub fn end(&self) -> (BoardName<'_>, bool) {
        (self.name(), self.error.is_some())
    }

    /// Whether the device speaks no DfuSe.
    pub fn is_plain(&self) -> bool {
        matches!(self.task, Some(Task::Plain(_)))
    }

    /// What was to be sent to a device without DfuSe.
    fn download(&self) -> Option<&Download<'p>> {
        match &self.task {
            Some(Task::Plain(plain::Plan::Download(download))) => Some(download),
            _ => None,
        }
    }

    /// Whether nobody wanted what was sent to be read back.
    pub fn is_read_back_unwanted(&self) -> bool {
        let download = self.download();
        download.is_some_and(|download| download.read_back == ReadBack::NotWanted)
    }

    /// The ids that it has after it was left, where they are others.
    pub fn started_as(&self) -> Option<String> {
        let (vendor_id, product_id) = self.tally.started_as?;
        Some(format!("{vendor_id:04x}:{product_id:04x}"))
    }

    /// Bytes beyond the image that are gone; `None` if nobody had looked what was there.
    fn lost_bytes(&self) -> Option<u64> {
        (self.tally.unseen_sectors == 0).then_some(self.tally.lost_bytes)
    }

    /// What is odd about what was wanted, a sentence each.
    pub fn oddities(&self) -> Vec<String> {
        self.dfuse().map(oddities).unwrap_or_default()
    }

    /// Of a board that was to leave DFU mode, and has not.
    fn still_in_dfu_mode(&self) -> &'static str {
        let is_checked = self.tally.verified_bytes + self.tally.skipped_bytes > 0;
        if self.is_plain() && self.download().is_none() {
            return "the device has restarted and is in DFU mode again; it may have nothing to start";
        }
        match (self.is_plain(), is_checked) {
            (false, _) => {
                "flash is right, but the board is still in DFU mode; reset it to start the application"
            }
            (true, true) => {
                "the device has the file, but is still in DFU mode; unplug it and plug it in again to start it"
            }
            (true, false) => {
                "the device accepted the file, but is still in DFU mode; unplug it and plug it in again to start it"
            }
        }
    }

    /// What is done and yet not as it may be expected, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.error.is_none() && self.tally.left == Some(false) {
            warnings.push(self.still_in_dfu_mode().to_owned());
        }
        let was_to_stay = self
            .download()
            .is_some_and(|download| download.leave == Leave::No);
        if self.error.is_none() && was_to_stay && self.tally.left == Some(true) {
            warnings.push("this device does not stay in DFU mode after a download".to_owned());
        }
        if self.error.is_none() && self.tally.unchecked_sectors > 0 {
            let sectors = count(self.tally.unchecked_sectors as u64, "sector");
            warnings.push(format!(
                "{sectors} can't be read on this board: whether the erase did anything is not checked"
            ));
        }
        if self.error.is_none() && self.tally.reset {
            warnings.push(
                "what was written could not be read back: the chip has reset, as it does after its option bytes, \
                 and is not in DFU mode; to check them, put it into DFU mode and repeat the command"
                    .to_owned(),
            );
        }
        warnings
    }

    /// For programs; `odd` is what is odd about the files.
    pub fn document(&self, odd: &[String]) -> WorkDocument<'_> {
        let mut warnings = odd.to_vec();
        warnings.extend(self.oddities());
        warnings.extend(self.warnings());
        if self.hint().is_some() {
            warnings.push(NOT_PROTECTED.to_owned());
        }
        if self.tally.accepted && !self.is_read_back_unwanted() {
            warnings.push(ACCEPTED.to_owned());
        }
        WorkDocument {
            result: self.result(),
            warnings,
            erased_sectors: self.tally.erased_sectors,
            written_bytes: self.tally.written_bytes,
            skipped_bytes: self.tally.skipped_bytes,
            lost_bytes: self.lost_bytes(),
            preserved_bytes: self.tally.preserved_bytes,
            verified_bytes: self.tally.verified_bytes,
            differing_bytes: self.tally.differing_bytes,
            requests: self.requests,
            retries: self.tally.retries,
            left: self.tally.left == Some(true),
            accepted: self.is_plain().then_some(self.tally.accepted),
            started_as: self.started_as(),
            unprotected: self.tally.unprotected,
            seconds: self.seconds,
        }
    }
}

/// What is odd about what is to be written, a sentence each. Who has made the plan says it.
pub fn oddities(plan: &Plan<'_>) -> Vec<String> {
    let memories = plan.flash().into_iter().flat_map(|plan| &plan.memories);
    let unchecked = memories
        .filter(|memory| memory.check == Check::CantBeRead)
        .map(|memory| {
            format!(
                "{} can't be read on this board: nothing is left out, and what is written can't be checked",
                memory.region.name
            )
        });
    let bad_vector_table = bad_vector_table(plan).map(ToString::to_string);
    let left_out = plan
        .left_out()
        .iter()
        .map(|place| format!("left out: {place}"));
    let all = bad_vector_table.into_iter().chain(unchecked);
    all.chain(left_out).collect()
}

/// The vector table that nothing can be started from, if it is one.
pub fn bad_vector_table<'p>(plan: &'p Plan<'_>) -> Option<&'p BadVectorTable> {
    plan.flash()?.bad_vector_table.as_ref()
}

//! How far all of the work on a board is, part by part, and how long the rest may take.

use std::time::Duration;

use crate::dfu::event::Phase;
use crate::dfu::plain;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::{Check, Compare, Erase, FlashPlan};
use crate::dfuse::plan::region::Region;

use crate::cli::task::Task;

/// How far the work on a board is. Its measure is what each byte costs, so that all parts share one scale.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// What may come, in order, in bytes.
    ahead: Vec<(Phase, u64)>,
    /// What the parts that are over have cost.
    past: f64,
    current: Option<Part>,
    /// The fraction that was shown last: it never goes back.
    shown: f64,
}

/// A part of the work that is going on.
#[derive(Debug, Clone, Copy)]
struct Part {
    phase: Phase,
    /// Bytes.
    done: u64,
    /// Bytes, where that is known.
    total: Option<u64>,
    /// When it began, on the clock of the work.
    began: Duration,
}

/// A time too short to tell anything from it.
const TOO_SHORT: Duration = Duration::from_secs(1);

impl Course {
    /// Of what is wanted of a board: as if all of it had to be done.
    pub fn of(task: Option<&Task<'_>>) -> Self {
        let ahead = match task {
            Some(Task::Dfuse(plan)) => of_plan(plan),
            Some(Task::Plain(plan)) => of_plain(plan),
            None => Vec::new(),
        };
        Self {
            ahead,
            ..Self::default()
        }
    }

    /// A part begins, of this many bytes. What was to come before it is left out.
    pub fn begin(&mut self, phase: Phase, total: Option<u64>, now: Duration) {
        if let Some(part) = self.current.take() {
            let bytes = part.total.unwrap_or(part.done);
            self.past += cost(part.phase) * bytes as f64;
        }
        if let Some(place) = self.ahead.iter().position(|(next, _)| *next == phase) {
            self.ahead.drain(..=place);
        }
        self.current = Some(Part {
            phase,
            done: 0,
            total,
            began: now,
        });
    }

    /// That many bytes more of the part are done.
    pub fn advance(&mut self, bytes: u64) {
        if let Some(part) = &mut self.current {
            part.done += bytes;
        }
    }

    /// What is being done.
    pub fn phase(&self) -> Option<Phase> {
        self.current.map(|part| part.phase)
    }

    /// How much of all the work is done, from 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        let (done, left) = (self.done(), self.left());
        if done + left > 0.0 {
            self.shown = self.shown.max(done / (done + left)).min(1.0);
        }
        self.shown
    }

    /// Bytes a second of this part; `None` where it has no bytes, or has only just begun.
    pub fn rate(&self, now: Duration) -> Option<f64> {
        let part = self.current.filter(|part| part.total.is_some())?;
        let seconds = now.saturating_sub(part.began).as_secs_f64();
        (part.done > 0 && seconds > 0.1).then(|| part.done as f64 / seconds)
    }

    /// How long the rest may take, if it goes on as it went.
    pub fn time_left(&self, now: Duration) -> Option<Duration> {
        let done = self.done();
        (now >= TOO_SHORT && done > 0.0)
            .then(|| now.mul_f64((self.left() / done).min(f64::from(u16::MAX))))
    }

    fn done(&self) -> f64 {
        let current = self.current.map(|part| {
            let done = part.total.map_or(part.done, |total| part.done.min(total));
            cost(part.phase) * done as f64
        });
        self.past + current.unwrap_or(0.0)
    }

    fn left(&self) -> f64 {
        let current = self.current.map(|part| {
            let left = part
                .total
                .map_or(0, |total| total.saturating_sub(part.done));
            cost(part.phase) * left as f64
        });
        let ahead = self.ahead.iter();
        let ahead: f64 = ahead
            .map(|(phase, bytes)| cost(*phase) * *bytes as f64)
            .sum();
        current.unwrap_or(0.0) + ahead
    }
}

/// What a byte costs, as a multiple of one that is read: an F405 reads a KiB in 1.4 ms, programs it in 5.5 and erases it
/// in 7.8 (data sheet, 32-bit parallelism; a full-speed bus).
fn cost(phase: Phase) -> f64 {
    match phase {
        Phase::Erase | Phase::MassErase => 5.5,
        Phase::Write | Phase::Head | Phase::Restore => 4.0,
        Phase::Compare
        | Phase::Survey
        | Phase::BlankCheck
        | Phase::Verify
        | Phase::Read
        | Phase::Reset
        | Phase::Manifest
        | Phase::Leave
        | Phase::Unprotect => 1.0,
    }
}

fn of_plan(plan: &Plan<'_>) -> Vec<(Phase, u64)> {
    match plan {
        Plan::Flash(plan) => of_flash(plan),
        Plan::Rehearse(plan) => vec![(Phase::Compare, compared(plan))],
        Plan::Erase(plan) => {
            let bytes = size(&plan.region);
            match plan.at_once {
                true => vec![(Phase::MassErase, bytes), (Phase::BlankCheck, bytes)],
                false => vec![(Phase::Erase, bytes), (Phase::Verify, bytes)],
            }
        }
        Plan::Read(plan) => {
            let bytes = plan.ranges.iter().map(|range| range.size()).sum();
            let readings = [(Phase::Read, bytes), (Phase::Verify, bytes)];
            readings[..if plan.twice { 2 } else { 1 }].to_vec()
        }
        // One part only, which says itself how long it is.
        Plan::Verify(_) | Plan::Leave(_) | Plan::Unprotect(_) => Vec::new(),
    }
}

fn of_flash(plan: &FlashPlan<'_>) -> Vec<(Phase, u64)> {
    let mut parts = vec![(Phase::Compare, compared(plan))];
    for memory in &plan.memories {
        match &memory.erase {
            Erase::All(region) => {
                parts.push((Phase::MassErase, size(region)));
                parts.push((Phase::BlankCheck, size(region)));
            }
            Erase::AllUnderAnother => {}
            Erase::Sectors => parts.push((Phase::Erase, size(&memory.region))),
        }
    }
    let bytes = |is_meant: fn(Check) -> bool| -> u64 {
        let memories = plan.memories.iter();
        let meant = memories.filter(|memory| is_meant(memory.check));
        meant.map(|memory| memory.image().bytes()).sum()
    };
    parts.push((Phase::Write, bytes(|_| true)));
    parts.push((Phase::Verify, bytes(|check| check == Check::ReadBack)));
    parts
}

fn compared(plan: &FlashPlan<'_>) -> u64 {
    let memories = plan
        .memories
        .iter()
        .filter(|memory| memory.compare != Compare::Nothing);
    memories.map(|memory| memory.image().bytes()).sum()
}

fn size(region: &Region) -> u64 {
    let sectors = region.sectors.iter();
    sectors.map(|sector| u64::from(sector.size)).sum()
}

fn of_plain(plan: &plain::Plan<'_>) -> Vec<(Phase, u64)> {
    let plain::Plan::Download(download) = plan else {
        return Vec::new();
    };
    let bytes = download.bytes.len() as u64;
    let mut parts = Vec::new();
    if download.if_different {
        parts.push((Phase::Compare, bytes));
    }
    parts.push((Phase::Write, bytes));
    if download.read_back == plain::ReadBack::Wanted {
        parts.push((Phase::Verify, bytes));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// 1000 bytes to be compared, erased, written and verified.
    fn course() -> Course {
        let parts = [Phase::Compare, Phase::Erase, Phase::Write, Phase::Verify];
        Course {
            ahead: parts.map(|phase| (phase, 1000)).to_vec(),
            ..Course::default()
        }
    }

    #[test]
    fn the_parts_share_one_scale_from_0_to_1() {
        let mut course = course();
        assert_eq!(course.fraction(), 0.0);
        let mut last = 0.0;
        for phase in [Phase::Compare, Phase::Erase, Phase::Write, Phase::Verify] {
            course.begin(phase, Some(1000), seconds(0));
            for _ in 0..10 {
                course.advance(100);
                let fraction = course.fraction();
                assert!(fraction > last, "{phase:?}: {fraction} after {last}");
                last = fraction;
            }
            assert_eq!(last == 1.0, phase == Phase::Verify, "{phase:?}: {last}");
        }
    }

    #[test]
    fn what_is_left_out_counts_as_done_and_nothing_goes_back() {
        let mut course = course();
        course.begin(Phase::Compare, Some(1000), seconds(0));
        course.advance(1000);
        let before = course.fraction();
        course.begin(Phase::Verify, Some(1000), seconds(1));
        assert_eq!(course.fraction(), 0.5);
        assert!(before < 0.5);
        // Once more, from the beginning.
        course.begin(Phase::Write, Some(9000), seconds(2));
        assert_eq!(course.fraction(), 0.5);
    }

    #[test]
    fn speed_is_that_of_the_part_and_the_time_left_that_of_all() {
        let mut course = course();
        course.begin(Phase::Compare, Some(1000), seconds(0));
        assert_eq!(
            (course.rate(seconds(2)), course.time_left(seconds(2))),
            (None, None)
        );
        course.advance(500);
        assert_eq!(course.rate(seconds(2)), Some(250.0));
        // 500 of 11500 are done.
        assert_eq!(course.time_left(seconds(2)), Some(seconds(44)));
        course.begin(Phase::Leave, None, seconds(3));
        assert_eq!(course.rate(seconds(5)), None);
    }
}

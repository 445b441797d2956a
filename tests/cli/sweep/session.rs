//! One thing that is asked of one board: what is in its flash before, and what may be there afterwards.

use std::ops::Range;

use serde_json::Value;
use tempfile::TempDir;

use super::batch::{self, Asked, Outcome};
use super::scratch::Scratch;
use super::targets::{Lie, TARGETS, Target};
use crate::firmware::Firmware;
use crate::run::bytes;
use crate::trace::{Transfer, transfers};

/// Of the boards in the sweep, in bytes.
pub const LARGEST_BLOCK: usize = 2048;

/// What is asked of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    Flash,
    /// The same with `--preserve`.
    Keep,
    Erase,
    Verify,
    Read,
    Leave,
    Unprotect,
}

/// What is in flash before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Old {
    Blank,
    /// Something else in every byte.
    Full,
    /// Blank where the image goes, and data around it.
    Around,
    /// The image.
    There,
    /// The image, but for a byte at its end.
    Almost,
    /// As [`Old::Around`], and in the middle of where the image goes, between the blocks that tell whether a sector is
    /// blank.
    Between,
}

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Plan {
    pub target: &'static Target,
    pub work: Work,
    pub old: Old,
    /// A quirk that the board has besides, as it is written for `--sim`.
    pub quirk: &'static str,
    /// Whether its layout says the truth.
    pub lies: bool,
    pub image: Range<usize>,
    pub sectors: Range<usize>,
}

impl Plan {
    pub fn new(target: &'static Target, work: Work, old: Old) -> Self {
        Self {
            target,
            work,
            old,
            quirk: "",
            lies: false,
            image: target.image.clone(),
            sectors: target.sectors.clone(),
        }
    }

    pub fn with_quirk(self, quirk: &'static str) -> Self {
        Self { quirk, ..self }
    }

    /// Of an image of several blocks in one sector.
    pub fn between(target: &'static Target, work: Work) -> Self {
        let sectors = match target.board {
            "f405" => 0x4000..0x8000,
            _ => 0x0000..0x8000,
        };
        Self {
            image: 0x4E00..0x7394,
            sectors,
            ..Self::new(target, work, Old::Between)
        }
    }

    pub fn of_lie(lie: &'static Lie, work: Work, old: Old) -> Self {
        let target = TARGETS.iter().find(|target| target.board == lie.board);
        let plan = Self::new(target.expect("one of the targets"), work, old);
        let (image, sectors) = match &lie.image {
            Some(ranges) => ranges.clone(),
            None => (plan.image, plan.sectors),
        };
        Self {
            quirk: lie.quirk,
            lies: true,
            image,
            sectors,
            ..plan
        }
    }
}

/// A plan with its flash, and what is sent without a fault.
pub struct Session {
    pub plan: Plan,
    pub before: Vec<u8>,
    pub image: Firmware,
    pub blank: u8,
    pub requests: Vec<Transfer>,
}

impl Session {
    /// Carries out the plan without a fault. A board that tells the truth has to have it done.
    pub fn learn(plan: &Plan, flash: &mut Scratch) -> Self {
        let blank = if plan.target.board == "l072" {
            0x00
        } else {
            0xFF
        };
        let image = Firmware::raw(plan.image.len());
        let mut session = Self {
            before: before(plan, blank, &image.bytes),
            plan: plan.clone(),
            image,
            blank,
            requests: Vec::new(),
        };
        flash.put(&session.before);
        let directory = TempDir::new().expect("a temporary directory");
        let output = directory.path().join("out.bin").display().to_string();
        let outcome = batch::run_to(&session, flash, "", "-vv", &output);
        session.requests = transfers(&outcome.stderr);
        if !plan.lies && !session.must_fail() {
            assert_eq!(outcome.exit, Some(0), "{plan:?}: {}", outcome.stderr);
            session.check_tally(&outcome, flash.look());
        }
        session
    }

    /// Whether it may not end well even without a fault.
    pub fn must_fail(&self) -> bool {
        let Plan {
            work, old, quirk, ..
        } = &self.plan;
        match work {
            Work::Verify => *old == Old::Almost,
            Work::Leave => ["leave=stays", "leave=stall"].contains(quirk),
            _ => false,
        }
    }

    /// What is said without a fault is exactly what has happened.
    fn check_tally(&self, outcome: &Outcome, now: &[u8]) {
        let number = |name: &str| outcome.board[name].as_u64();
        assert_eq!(
            number("requests"),
            Some(self.requests.len() as u64),
            "{:?}",
            self.plan
        );
        if !matches!(self.plan.work, Work::Flash | Work::Keep) {
            return;
        }
        assert_eq!(self.wrong(now), [], "{:?}", self.plan);
        assert_eq!(
            number("lost_bytes"),
            Some(self.gone(now)),
            "{:?}",
            self.plan
        );
        let erases = number("erased_sectors") > Some(0);
        let keeps = erases && self.plan.work == Work::Keep;
        let around = self.around().into_iter().flatten();
        let kept = around
            .filter(|offset| self.before[*offset] != self.blank)
            .count();
        let expected = if keeps { kept as u64 } else { 0 };
        // Only what is erased has to be kept.
        let exact = self.plan.old == Old::Full || !keeps;
        let preserved = number("preserved_bytes").unwrap_or(u64::MAX);
        assert!(
            preserved == expected || !exact && preserved < expected,
            "{:?}",
            self.plan
        );
    }

    /// What lies around the image, in its sectors.
    pub fn around(&self) -> [Range<usize>; 2] {
        let Plan { image, sectors, .. } = &self.plan;
        [sectors.start..image.start, image.end..sectors.end]
    }

    /// Which bytes are not as they should be after a flash, with what they should be; two at the most. The image is in
    /// its place; the rest of its sectors is as it was, or erased where it need not be kept.
    pub fn wrong(&self, now: &[u8]) -> Vec<(usize, u8)> {
        let image = self.plan.image.clone();
        let mut wrong: Vec<(usize, u8)> = Vec::new();
        if now[image.clone()] != *self.image.bytes {
            let expected = image.zip(self.image.bytes.iter().copied());
            wrong.extend(
                expected
                    .filter(|(offset, expected)| now[*offset] != *expected)
                    .take(2),
            );
        }
        for range in self.around().into_iter().flat_map(pieces) {
            if now[range.clone()] != self.before[range.clone()] {
                let expected = range.map(|offset| (offset, self.nearest(offset, now[offset])));
                wrong.extend(
                    expected
                        .filter(|(offset, expected)| now[*offset] != *expected)
                        .take(2),
                );
            }
        }
        wrong.truncate(2);
        wrong
    }

    /// What a byte around the image may be, as much like what it is as possible.
    fn nearest(&self, offset: usize, now: u8) -> u8 {
        let before = self.before[offset];
        let unlike = |byte: u8| (now ^ byte).count_ones();
        match self.plan.work != Work::Keep && unlike(self.blank) < unlike(before) {
            true => self.blank,
            false => before,
        }
    }

    /// How many bytes were there around the image and are not any more.
    pub fn gone(&self, now: &[u8]) -> u64 {
        let pieces = self.around().into_iter().flat_map(pieces);
        let changed = pieces.filter(|range| now[range.clone()] != self.before[range.clone()]);
        let gone = changed.flatten().filter(|offset| {
            self.before[*offset] != self.blank && now[*offset] != self.before[*offset]
        });
        gone.count() as u64
    }

    /// Whether sectors have changed that the image has nothing to do with.
    pub fn outside_changed(&self, now: &[u8]) -> bool {
        let Range { start, end } = self.plan.sectors;
        now[..start] != self.before[..start] || now[end..] != self.before[end..]
    }
}

impl Asked for Session {
    fn board(&self) -> String {
        let Plan { target, quirk, .. } = &self.plan;
        match *quirk {
            "" => target.board.to_owned(),
            quirk => format!("{},quirk={quirk}", target.board),
        }
    }

    fn arguments(&self, output: &str) -> String {
        let address = |offset: usize| format!("{:#010x}", 0x0800_0000 + offset);
        let start = address(self.plan.image.start);
        let path = self.image.path();
        match self.plan.work {
            Work::Flash => format!("flash {path} --address {start}"),
            Work::Keep => format!("flash --preserve {path} --address {start}"),
            Work::Erase => {
                let sectors = &self.plan.sectors;
                format!("erase {}..{}", address(sectors.start), address(sectors.end))
            }
            Work::Verify => format!("verify {path} --address {start}"),
            Work::Read => format!("read {output} {start}..{}", address(self.plan.image.end)),
            Work::Leave => "leave".to_owned(),
            Work::Unprotect => "unprotect --yes".to_owned(),
        }
    }
}

/// In pieces that are compared at a glance.
fn pieces(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    const PIECE: usize = 1024;
    let end = range.end;
    range
        .step_by(PIECE)
        .map(move |start| start..end.min(start + PIECE))
}

fn before(plan: &Plan, blank: u8, image: &[u8]) -> Vec<u8> {
    let size = plan.target.kib << 10;
    let Plan {
        image: place,
        sectors,
        ..
    } = plan;
    let mut before = match plan.old {
        Old::Full => bytes(size, 0x5744),
        _ => vec![blank; size],
    };
    match plan.old {
        Old::Blank | Old::Full => {}
        Old::Around | Old::Between => {
            // As far away as a block may reach: an H723 is gone after a short one.
            let below = sectors.start..place.start / LARGEST_BLOCK * LARGEST_BLOCK;
            let above = place.end.next_multiple_of(LARGEST_BLOCK)..sectors.end;
            let data = bytes(300, 0x5744);
            for range in [below, above].into_iter().filter(|range| !range.is_empty()) {
                // At either end of it.
                let length = data.len().min(range.len());
                before[range.start..range.start + length].copy_from_slice(&data[..length]);
                before[range.end - length..range.end].copy_from_slice(&data[..length]);
            }
            before[sectors.end - 100..sectors.end].copy_from_slice(&data[..100]);
            if plan.old == Old::Between {
                let middle = place.start + place.len() / 2;
                before[middle..middle + data.len()].copy_from_slice(&data);
            }
        }
        Old::There | Old::Almost => {
            before[place.clone()].copy_from_slice(image);
            if plan.old == Old::Almost {
                before[place.end - 1] ^= 0x10;
            }
        }
    }
    before
}

/// A number of a board's JSON.
pub fn number(board: &Value, name: &str) -> u64 {
    board[name].as_u64().unwrap_or(0)
}

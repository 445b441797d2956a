//! What came of a case, and which rules it breaks, judged from outside.

use tempfile::TempDir;

use super::batch::{self, Outcome};
use super::scratch::Scratch;
use super::session::{LARGEST_BLOCK, Old, Session, Work, number};
use crate::trace::{Transfer, transfers};

/// What passes, and must not keep work from being done.
pub const TRANSIENT: [&str; 3] = ["stall", "lost-request", "lost-answer"];

/// One run: what goes wrong, and at which request, from 1.
#[derive(Debug, Clone)]
pub struct Case {
    pub faults: Vec<(&'static str, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Exit 0, and flash is right.
    Done,
    /// Exit 0, and a bit flipped when nobody was to look there any more.
    FlippedLater,
    /// Another exit, and flashing again made flash right.
    Failed(i32),
    /// A rule is broken.
    Violation,
}

/// How a case ended, and what it breaks: the rule, and what was said.
pub type Judgement = (Ending, Vec<(String, String)>);

/// Runs these cases at once and judges each.
pub fn judge(session: &Session, cases: &[Case], flashes: &mut [Scratch]) -> Vec<Judgement> {
    if session.plan.work == Work::Read {
        let pairs = cases.iter().zip(flashes);
        return pairs
            .map(|(case, flash)| case.read(session, flash))
            .collect();
    }
    let flashes = &mut flashes[..cases.len()];
    flashes
        .iter_mut()
        .for_each(|flash| flash.put(&session.before));
    let faults: Vec<String> = cases.iter().map(Case::written).collect();
    let outcomes = batch::run(session, flashes, &faults, Some(&session.before));
    let mut judgements = Vec::new();
    for ((case, outcome), flash) in cases.iter().zip(&outcomes).zip(flashes.iter_mut()) {
        flash.look();
        judgements.push(case.judge(session, outcome, flash));
    }
    let repeats = |judgement: &Judgement| {
        let done = matches!(judgement.0, Ending::Done | Ending::FlippedLater);
        !done && !session.plan.lies && matches!(session.plan.work, Work::Flash | Work::Keep)
    };
    let again: Vec<usize> = (0..cases.len())
        .filter(|index| repeats(&judgements[*index]))
        .collect();
    for (first, index) in again.iter().enumerate() {
        flashes.swap(first, *index);
    }
    let faults = vec![String::new(); again.len()];
    let outcomes = batch::run(session, &mut flashes[..again.len()], &faults, None);
    for ((index, outcome), flash) in again.iter().zip(outcomes).zip(flashes) {
        let wrong = session.wrong_after_all(flash.look(), cases[*index].flips());
        if outcome.exit != Some(0) || wrong {
            let rule = format!("flashing again: {}", outcome.ending());
            judgements[*index]
                .1
                .push((rule, cases[*index].said(session, &outcome)));
        }
    }
    for (ending, broken) in &mut judgements {
        if !broken.is_empty() {
            *ending = Ending::Violation;
        }
    }
    judgements
}

impl Case {
    /// As it is written behind a board.
    pub fn written(&self) -> String {
        let faults = self.faults.iter();
        faults
            .map(|(kind, request)| format!(",fault={kind}@{request}"))
            .collect()
    }

    /// What it is called in the table.
    pub fn kind(&self) -> &'static str {
        match self.faults[..] {
            [] => super::NONE,
            [(kind, _)] => kind,
            _ => super::TWO,
        }
    }

    pub fn has(&self, kinds: &[&str]) -> bool {
        self.faults.iter().any(|(kind, _)| kinds.contains(kind))
    }

    fn flips(&self) -> usize {
        self.faults
            .iter()
            .filter(|(kind, _)| *kind == "flip")
            .count()
    }

    /// Whether something is wrong with the answer to a question that comes before the work.
    fn spoils_layout(&self, session: &Session) -> bool {
        let requests = session.requests.iter();
        let asked = requests
            .take_while(|request| **request != Transfer::GetStatus)
            .count();
        let spoils = |(kind, request): &(&str, usize)| *kind == "corrupt" && *request <= asked;
        self.faults.iter().any(spoils)
    }

    fn said(&self, session: &Session, outcome: &Outcome) -> String {
        let plan = &session.plan;
        format!(
            "{:?}, {:?} at {:#010x}, {}{}{}: {}",
            plan.work,
            plan.old,
            0x0800_0000 + plan.image.start,
            plan.target.board,
            if plan.lies || !plan.quirk.is_empty() {
                format!(",quirk={}", plan.quirk)
            } else {
                String::new()
            },
            self.written(),
            outcome.ending(),
        )
    }

    fn judge(&self, session: &Session, outcome: &Outcome, flash: &mut Scratch) -> Judgement {
        let now = flash.seen().to_vec();
        let mut broken = self.rules_for_all(session, outcome, &now);
        let mut ending = match outcome.exit {
            None => Ending::Violation,
            Some(0) => Ending::Done,
            Some(exit) => Ending::Failed(exit),
        };
        match session.plan.work {
            Work::Flash | Work::Keep => {
                let (later, more) = self.flashed(session, outcome, flash, &now);
                broken.extend(more);
                if later {
                    match self.is_never_looked_at_again(session, flash, &now) {
                        true => ending = Ending::FlippedLater,
                        false => broken.push("exit 0, but a byte is wrong".to_owned()),
                    }
                }
            }
            Work::Erase => {
                let sectors = &now[session.plan.sectors.clone()];
                let blank = sectors.iter().all(|byte| *byte == session.blank);
                if outcome.exit == Some(0) && !blank {
                    broken.push("exit 0, but not erased".to_owned());
                }
            }
            Work::Unprotect => {
                let blank = now.iter().all(|byte| *byte == session.blank);
                let gone = self.has(&["unplug", "power-cut"]);
                if outcome.exit == Some(0) && !blank && !gone {
                    broken.push("exit 0, but nothing was lifted".to_owned());
                }
            }
            Work::Leave => {
                let gone = self.has(&["unplug", "power-cut"]);
                if outcome.exit == Some(0) && session.must_fail() && !gone {
                    broken.push("exit 0, but it is still there".to_owned());
                }
            }
            Work::Verify => {
                if outcome.exit == Some(0) && session.must_fail() {
                    broken.push("exit 0, but a byte differs".to_owned());
                }
            }
            Work::Read => {}
        }
        let said = self.said(session, outcome);
        (
            ending,
            broken
                .into_iter()
                .map(|rule| (rule, said.clone()))
                .collect(),
        )
    }

    /// What holds for all that can be asked of a board.
    fn rules_for_all(&self, session: &Session, outcome: &Outcome, now: &[u8]) -> Vec<String> {
        let mut broken = Vec::new();
        let work = session.plan.work;
        if outcome.panicked {
            broken.push("a panic".to_owned());
        }
        if now.len() != session.before.len() {
            broken.push("the size of the flash file".to_owned());
            return broken;
        }
        let looks_only = matches!(work, Work::Verify | Work::Read | Work::Leave);
        if looks_only && now != session.before {
            broken.push("looking has changed something".to_owned());
        }
        if work != Work::Unprotect && !session.plan.lies && session.outside_changed(now) {
            broken.push("sectors have changed that were not meant".to_owned());
        }
        match outcome.exit {
            None => broken.push(format!("still at work after {:?}", batch::TIME_LIMIT)),
            Some(0) => {}
            Some(exit) => broken.extend(self.unclear(session, exit, outcome)),
        }
        let passes = self.faults.len() == 1 && self.has(&TRANSIENT);
        let has_to = !session.must_fail() && !session.plan.lies && work != Work::Unprotect;
        if passes && has_to && outcome.exit != Some(0) {
            broken.push("it ends badly after something that passes".to_owned());
        }
        broken
    }

    /// What was to be kept and is gone has to be in a file that puts it back.
    fn unsaved(&self, session: &Session, outcome: &Outcome, flash: &mut Scratch) -> Option<String> {
        let Some(kept) = &outcome.kept else {
            return Some("what was to be kept is gone, and nowhere saved".to_owned());
        };
        let went_well = batch::restore(session, flash, kept);
        let gone = session.gone(flash.look());
        let is_back = went_well && gone <= self.flips() as u64;
        (!is_back).then(|| format!("what was to be kept can't be put back: {gone} bytes are gone"))
    }

    /// Whether only a flip that nobody can have seen makes it wrong, and what is broken.
    fn flashed(
        &self,
        session: &Session,
        outcome: &Outcome,
        flash: &mut Scratch,
        now: &[u8],
    ) -> (bool, Vec<String>) {
        let plan = &session.plan;
        let mut broken = Vec::new();
        let lost = number(&outcome.board, "lost_bytes") + self.flips() as u64;
        // A wrong bit in its layout, and a board can't be looked at.
        let is_blind = self.spoils_layout(session);
        if !plan.lies && !is_blind && session.gone(now) > lost {
            let gone = session.gone(now);
            broken.push(format!(
                "{gone} bytes of other data in the same sectors are gone, and {lost} were told"
            ));
        }
        if outcome.exit != Some(0) {
            if plan.work == Work::Keep && session.gone(now) > self.flips() as u64 {
                broken.extend(self.unsaved(session, outcome, flash));
            }
            // Between the last block and the end of what is read back, only power that fails keeps a wrong guess from
            // being put right.
            let is_cut = plan.old == Old::Between && self.has(&["unplug", "power-cut"]);
            if !plan.lies && !is_cut && session.starts_half(now) {
                broken.push("half an application would be started".to_owned());
            }
            return (false, broken);
        }
        let image = |(offset, _): &(usize, u8)| plan.image.contains(offset);
        match session.wrong(now)[..] {
            [] => (false, broken),
            [one] if self.flips() > 0 && (now[one.0] ^ one.1).count_ones() == 1 => {
                // Around the image nobody has to look, unless it was to be kept.
                (plan.work == Work::Keep || image(&one), broken)
            }
            [(offset, expected), ..] => {
                let found = now[offset];
                broken.push(format!(
                    "exit 0, but offset {offset:#x} holds {found:#04x}, not {expected:#04x}"
                ));
                (false, broken)
            }
        }
    }

    /// A flip behind the last look at its byte can't be seen.
    fn is_never_looked_at_again(&self, session: &Session, flash: &mut Scratch, now: &[u8]) -> bool {
        let [(offset, _)] = session.wrong(now)[..] else {
            return false;
        };
        let address = 0x0800_0000 + u32::try_from(offset).expect("flash is small");
        flash.put(&session.before);
        let again = batch::run_one(session, flash, &self.written(), "-vv");
        flash.look();
        flash.put(now);
        let requests = transfers(&again.stderr);
        let flipped_at = self.faults.iter().filter(|(kind, _)| *kind == "flip");
        let last = flipped_at.map(|(_, request)| *request).max().unwrap_or(1);
        let looks = |request: &Transfer| matches!(request, Transfer::Read(block) if block.contains(&address));
        !requests[(last - 1).min(requests.len())..].iter().any(looks)
    }

    /// What is missing in the words of a failure.
    fn unclear(&self, session: &Session, exit: i32, outcome: &Outcome) -> Option<String> {
        if !outcome.tells || outcome.error.as_deref().is_none_or(str::is_empty) {
            return Some("no error is told".to_owned());
        }
        let [(kind, request)] = self.faults[..] else {
            return None;
        };
        let good = match exit {
            3 => matches!(kind, "unplug" | "power-cut"),
            // A wrong bit in its layout, and the memory can't be read.
            7 => self.spoils_layout(session),
            8 | 9 => true,
            // Who has been read is not read-protected.
            10 => {
                let mut earlier = session.requests[..request - 1].iter();
                kind == "errVENDOR"
                    && session.plan.target.vendor_is_protection
                    && !earlier.any(|request| matches!(request, Transfer::Read(_)))
            }
            _ => false,
        };
        let protected = session.plan.work == Work::Unprotect;
        (!good && !protected).then(|| format!("exit {exit}, which it is not"))
    }

    /// A range that is read into a file, which is there only if it is right.
    fn read(&self, session: &Session, flash: &mut Scratch) -> Judgement {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let output = path.to_str().expect("UTF-8");
        flash.put(&session.before);
        let outcome = batch::run_to(session, flash, &self.written(), "", output);
        flash.look();
        let mut broken = self.rules_for_all(session, &outcome, flash.seen());
        let read = std::fs::read(&path).ok();
        let right = &session.before[session.plan.image.clone()];
        let ending = match (outcome.exit, read) {
            (None, _) => Ending::Violation,
            // Read once, a wrong bit can't be told from a right one.
            (Some(0), Some(read)) if read == right || self.has(&["corrupt"]) => Ending::Done,
            (Some(0), _) => {
                broken.push("exit 0, but the file is not what was in flash".to_owned());
                Ending::Violation
            }
            (Some(exit), None) => Ending::Failed(exit),
            (Some(exit), Some(_)) => {
                broken.push(format!("exit {exit}, but there is a file"));
                Ending::Violation
            }
        };
        let said = self.said(session, &outcome);
        (
            ending,
            broken
                .into_iter()
                .map(|rule| (rule, said.clone()))
                .collect(),
        )
    }
}

impl Session {
    /// Whether the image is not there after it was flashed once more, or what is around it neither kept nor erased.
    fn wrong_after_all(&self, now: &[u8], flips: usize) -> bool {
        let wrong = self.wrong(now).into_iter();
        let odd = |(offset, expected): &(usize, u8)| {
            let in_image = self.plan.image.contains(offset);
            let lost = !in_image && now[*offset] == self.blank;
            let flipped = !in_image && (now[*offset] ^ expected).count_ones() <= 1 && flips > 0;
            !lost && !flipped
        };
        wrong.filter(odd).count() > 0
    }

    /// Whether what stands where the vector table belongs would start an application that is not all there. The block
    /// that has it is written last: a power cut may leave half of that block, with everything else in place.
    fn starts_half(&self, now: &[u8]) -> bool {
        let image = self.plan.image.clone();
        let vectors = |flash: &[u8]| flash[image.start..image.start + 8].to_vec();
        // Whatever the old application was, it went no further than to the end of these sectors.
        let old = image.start..self.plan.sectors.end;
        let is_old = self.plan.old == Old::Full && vectors(now) == vectors(&self.before);
        let is_new = vectors(now) == self.image.bytes[..8];
        let wrong_in = |image: std::ops::Range<usize>| {
            let pairs = now[image].iter().zip(&*self.image.bytes);
            let mut wrong = pairs.enumerate().filter(|(_, (now, image))| now != image);
            wrong.any(|(offset, _)| offset >= LARGEST_BLOCK)
        };
        is_old && now[old.clone()] != self.before[old] || is_new && wrong_in(image)
    }
}

impl Outcome {
    /// The exit code, and the error or what else was said last.
    pub fn ending(&self) -> String {
        let said = self.error.as_deref().or(self.stderr.lines().last());
        let said = said.unwrap_or_default();
        match self.exit {
            Some(exit) => format!("exit {exit}, {said}"),
            None => format!("killed, {said}"),
        }
    }
}

//! The fault sweep over devices without DfuSe.

use std::ops::Range;
use std::time::Instant;

use tempfile::TempDir;

use super::batch::{self, Asked, Outcome};
use super::judge::{Case, Ending, Judgement, TRANSIENT};
use super::scratch::Scratch;
use super::{Judged, KINDS, in_parallel, is_all, is_in_ci, sum_up, threads};
use crate::firmware::Firmware;
use crate::run::bytes;

/// How many cases there are in CI at least.
const CASES_IN_CI: usize = 2_000;
/// The longest that one fault may make of it, on the board's clock, in seconds: three tries, each with an answer that
/// never comes, or with a manifestation of its own.
const LONGEST: f64 = 200.0;

/// A device, and what an image is sent to.
#[derive(Debug)]
struct Target {
    board: &'static str,
    /// The flash that its slots lie in, in KiB.
    kib: usize,
    /// `bAlternateSetting`
    alt: u8,
    slot: Range<usize>,
    /// `wTransferSize`
    block: usize,
    /// Whether what was sent can be read back.
    reads_back: bool,
    can_upload: bool,
}

const fn target(
    board: &'static str,
    kib: usize,
    alt: u8,
    slot: Range<usize>,
    block: usize,
) -> Target {
    Target {
        board,
        kib,
        alt,
        slot,
        block,
        reads_back: false,
        can_upload: false,
    }
}

/// One that gives what it has, but not after a download.
const fn giving(target: Target) -> Target {
    Target {
        can_upload: true,
        ..target
    }
}

/// One that gives back what was sent.
const fn tolerant(target: Target) -> Target {
    Target {
        reads_back: true,
        ..giving(target)
    }
}

const TARGETS: [Target; 13] = [
    giving(target("dapboot", 56, 0, 0..56 << 10, 1024)),
    target("embassy", 64, 0, 0..64 << 10, 4096),
    target("embassy-0.2", 64, 0, 0..64 << 10, 4096),
    target("jabra", 128, 0, 0..128 << 10, 64),
    target("lpc", 96, 0, 0..96 << 10, 2048),
    giving(target("maple", 148, 1, 0x5000..0x2_0000, 1024)),
    giving(target("mcuboot", 256, 0, 0..256 << 10, 128)),
    target("simtrace", 64, 0, 0..64 << 10, 1024),
    giving(target("tinyusb", 80, 1, 0x1_0000..0x1_4000, 512)),
    tolerant(target("ubertooth", 496, 0, 0..496 << 10, 256)),
    tolerant(target(
        "uboot",
        4096,
        1,
        1 << 20..(1 << 20) + (128 << 10),
        4096,
    )),
    tolerant(target("xmos", 256, 1, 128 << 10..256 << 10, 64)),
    tolerant(target("zephyr", 512, 1, 256 << 10..512 << 10, 128)),
];

/// What is asked of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Flash,
    /// With `--no-verify`.
    Trust,
    /// With `--if-different`.
    Look,
    Verify,
    /// The same, but the last byte is another one.
    Differ,
    Read,
    Leave,
}

struct Session {
    target: &'static Target,
    work: Work,
    before: Vec<u8>,
    image: Firmware,
    /// What is sent without a fault, a transfer a line.
    requests: Vec<String>,
}

impl Asked for Session {
    fn board(&self) -> String {
        self.target.board.to_owned()
    }

    fn arguments(&self, output: &str) -> String {
        let (path, alt) = (self.image.path(), self.target.alt);
        match self.work {
            Work::Flash => format!("flash {path} --alt {alt}"),
            Work::Trust => format!("flash {path} --alt {alt} --no-verify"),
            Work::Look => format!("flash {path} --alt {alt} --if-different"),
            Work::Verify | Work::Differ => format!("verify {path} --alt {alt}"),
            Work::Read => format!("read {output} --alt {alt}"),
            Work::Leave => "leave".to_owned(),
        }
    }

    fn options(&self) -> &'static str {
        "-vv"
    }
}

impl Session {
    fn learn(target: &'static Target, work: Work, flash: &mut Scratch) -> Self {
        let mut image = bytes(4 * target.block + target.block / 2 + 1, 0x4449);
        // dapboot looks for a stack pointer.
        image[..4].copy_from_slice(&0x2000_5000_u32.to_le_bytes());
        let mut before = bytes(target.kib << 10, 0x5744);
        if matches!(work, Work::Verify | Work::Differ) {
            before[target.slot.start..][..image.len()].copy_from_slice(&image);
        }
        if work == Work::Differ {
            before[target.slot.start + image.len() - 1] ^= 1;
        }
        let mut session = Self {
            target,
            work,
            before,
            image: Firmware::of(image, "firmware.bin"),
            requests: Vec::new(),
        };
        flash.put(&session.before);
        let directory = TempDir::new().expect("a temporary directory");
        let output = directory.path().join("out.bin").display().to_string();
        let outcome = batch::run_to(&session, flash, "", "", &output);
        session.requests = trace(&outcome, 1);
        let good = match work {
            Work::Differ => Some(9),
            Work::Leave if !session.leaves() => Some(8),
            _ => Some(0),
        };
        assert_eq!(outcome.exit, good, "{session:?}: {}", outcome.stderr);
        if session.sends() {
            assert!(!session.is_wrong(flash.look()), "{session:?}");
            assert_eq!(
                outcome.board["retries"], 0,
                "{session:?}: {}",
                outcome.stderr
            );
            assert_eq!(
                outcome.board["accepted"],
                !target.reads_back || work == Work::Trust,
                "{session:?}"
            );
        }
        session
    }

    /// Whether it leaves where that is all that is asked.
    fn leaves(&self) -> bool {
        self.target.board != "zephyr"
    }

    fn sends(&self) -> bool {
        matches!(self.work, Work::Flash | Work::Trust | Work::Look)
    }

    fn place(&self) -> Range<usize> {
        let start = self.target.slot.start;
        start..start + self.image.bytes.len()
    }

    /// Whether the image is not in its place.
    fn is_wrong(&self, now: &[u8]) -> bool {
        now[self.place()] != *self.image.bytes
    }

    /// How many requests come before the work: the device is asked what it is called.
    fn asked_before(&self) -> usize {
        let requests = self.requests.iter();
        let asks = |request: &&String| request.starts_with("GET_DESCRIPTOR");
        requests.take_while(asks).count()
    }

    /// The number of the request, from 1, from which on a flip may lie where nobody looks any more: that of the last block,
    /// as it is in what was programmed last. U-Boot programs all of it at once.
    fn last_look(&self) -> usize {
        let is = |name: &'static str| move |request: &String| request.starts_with(name);
        let last = match self.target.board {
            "uboot" => self.requests.iter().rposition(is("DNLOAD")),
            _ => self.requests.iter().rposition(is("UPLOAD")),
        };
        last.unwrap_or(0) + 1
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} on {}", self.work, self.target.board)
    }
}

/// The control transfers to the board at a port.
fn trace(outcome: &Outcome, port: usize) -> Vec<String> {
    let label = format!("1-{port}: ");
    let lines = outcome.stderr.lines();
    let transfers = lines.filter_map(|line| line.strip_prefix(&label));
    transfers.map(str::to_owned).collect()
}

#[test]
fn no_fault_makes_a_plain_device_be_called_right_that_is_not_or_sends_a_block_twice() {
    let start = Instant::now();
    let plans: Vec<(usize, (&'static Target, Work))> = plans().into_iter().enumerate().collect();
    let judged = in_parallel(threads(), &plans, |flashes, (shift, (target, work))| {
        let session = Session::learn(target, *work, &mut flashes[0]);
        let cases = cases(&session, *shift);
        let chunks = cases.chunks(batch::BOARDS);
        let judged: Vec<Judgement> = chunks
            .flat_map(|chunk| judge(&session, chunk, flashes))
            .collect();
        let judged = cases.iter().zip(judged);
        let judged = judged.map(|(case, judgement)| Judged {
            board: target.board,
            kind: case.kind(),
            judgement,
        });
        judged.collect::<Vec<Judged>>()
    });
    let judged = judged.into_iter().flatten();
    sum_up(
        "fault sweep, plain DFU",
        TARGETS.len(),
        start,
        CASES_IN_CI,
        judged,
    );
}

fn plans() -> Vec<(&'static Target, Work)> {
    let mut plans = Vec::new();
    for target in &TARGETS {
        plans.push((target, Work::Flash));
        if target.reads_back {
            plans.push((target, Work::Trust));
            plans.push((target, Work::Leave));
        }
        // Where that is not thousands of blocks.
        if target.can_upload && target.slot.len() / target.block <= 128 {
            plans.push((target, Work::Look));
            plans.push((target, Work::Read));
        }
        if target.can_upload {
            plans.push((target, Work::Verify));
            plans.push((target, Work::Differ));
        }
    }
    plans
}

/// A fault at every request whose number leaves some remainder, another one for each kind and device.
fn cases(session: &Session, shift: usize) -> Vec<Case> {
    let every = match session.work {
        _ if is_all() => 1,
        Work::Flash => 8,
        Work::Read | Work::Look => 32,
        _ => 12,
    };
    let every = if is_in_ci() || is_all() {
        every
    } else {
        3 * every
    };
    let mut cases = Vec::new();
    for request in 1..=session.requests.len() {
        let kinds = KINDS.into_iter().zip(shift..);
        let chosen = kinds.filter(|(_, shift)| (request + shift) % every == 0);
        cases.extend(chosen.map(|(kind, _)| Case {
            faults: vec![(kind, request)],
        }));
    }
    cases
}

fn judge(session: &Session, cases: &[Case], flashes: &mut [Scratch]) -> Vec<Judgement> {
    if session.work == Work::Read {
        let pairs = cases.iter().zip(flashes);
        return pairs
            .map(|(case, flash)| read(session, case, flash))
            .collect();
    }
    let flashes = &mut flashes[..cases.len()];
    flashes
        .iter_mut()
        .for_each(|flash| flash.put(&session.before));
    let faults: Vec<String> = cases.iter().map(Case::written).collect();
    let outcomes = batch::run(session, flashes, &faults, Some(&session.before));
    let mut judgements = Vec::new();
    for (((case, outcome), flash), port) in
        cases.iter().zip(&outcomes).zip(flashes.iter_mut()).zip(1..)
    {
        let mut broken = rules(session, case, outcome, flash.look());
        // Alone it is at the first port, wherever it was among the others.
        let at = [port, 1].map(|port| trace(outcome, port));
        broken.extend(at.iter().filter_map(|trace| sent_twice(trace)));
        judgements.push(judgement(session, case, outcome, broken));
    }
    if session.sends() {
        again(session, cases, flashes, &mut judgements);
    }
    judgements
}

/// What has failed has to go well when it is done again.
fn again(session: &Session, cases: &[Case], flashes: &mut [Scratch], judgements: &mut [Judgement]) {
    let failed: Vec<usize> = (0..cases.len())
        .filter(|index| matches!(judgements[*index].0, Ending::Failed(_)))
        .collect();
    for (first, index) in failed.iter().enumerate() {
        flashes.swap(first, *index);
    }
    let faults = vec![String::new(); failed.len()];
    let outcomes = batch::run(session, &mut flashes[..failed.len()], &faults, None);
    for ((index, outcome), flash) in failed.iter().zip(outcomes).zip(flashes) {
        if outcome.exit != Some(0) || session.is_wrong(flash.look()) {
            let rule = format!("flashing again: {}", outcome.ending());
            let said = said(session, &cases[*index], &outcome);
            judgements[*index] = (Ending::Violation, vec![(rule, said)]);
        }
    }
}

fn said(session: &Session, case: &Case, outcome: &Outcome) -> String {
    format!("{session:?}{}: {}", case.written(), outcome.ending())
}

fn judgement(session: &Session, case: &Case, outcome: &Outcome, broken: Vec<String>) -> Judgement {
    let ending = match outcome.exit {
        _ if !broken.is_empty() => Ending::Violation,
        None => Ending::Violation,
        Some(0) => Ending::Done,
        Some(exit) => Ending::Failed(exit),
    };
    let said = said(session, case, outcome);
    let broken = broken.into_iter().map(|rule| (rule, said.clone()));
    (ending, broken.collect())
}

fn rules(session: &Session, case: &Case, outcome: &Outcome, now: &[u8]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut breaks = |is_broken: bool, rule: &str| {
        if is_broken {
            broken.push(rule.to_owned());
        }
    };
    let Range { start, end } = session.place();
    let flips = case.has(&["flip"]);
    let around_changed =
        now[..start] != session.before[..start] || now[end..] != session.before[end..];
    breaks(outcome.panicked, "a panic");
    breaks(outcome.exit.is_none(), "still at work after a minute");
    let seconds = outcome.board["seconds"].as_f64().unwrap_or_default();
    breaks(seconds > LONGEST, "it takes too long on the board's clock");
    breaks(
        around_changed && !flips,
        "something has changed of other data in the same sectors",
    );
    breaks(
        !session.sends() && now != session.before && !flips,
        "looking has changed something",
    );
    let good = match session.work {
        Work::Differ => 9,
        Work::Leave if !session.leaves() => 8,
        _ => 0,
    };
    let exit = outcome.exit.unwrap_or_default();
    let is_wrong = session.sends() && session.is_wrong(now);
    let flips_later = flips
        && (!session.target.reads_back
            || session.work == Work::Trust
            || case.faults[0].1 >= session.last_look());
    breaks(
        exit == 0 && is_wrong && !flips_later,
        "exit 0, but a byte is wrong",
    );
    let is_unseen = session.work == Work::Differ && exit == 0;
    breaks(is_unseen && !flips, "exit 0, but a byte differs");
    let request = case.faults[0].1;
    let is_early = request <= session.asked_before();
    // It waits no longer than for a second.
    let left_by_itself = session.target.board == "maple" && is_early;
    // Nobody knows a refusal that passes from that of a device that knows no DETACH in DFU mode.
    let is_detach = session.requests[request - 1].starts_with("DETACH");
    let passes = case.has(&TRANSIENT) && !left_by_itself && !is_detach;
    breaks(
        passes && exit != good,
        "it ends badly after something that passes",
    );
    let tells = outcome.tells
        && outcome
            .error
            .as_deref()
            .is_some_and(|error| !error.is_empty());
    breaks(exit != 0 && !tells, "no error is told");
    let is_plausible = match exit {
        0 | 8 | 9 => true,
        // Nobody is there to tell that it needs no address.
        2 | 3 => is_early && (case.has(&["unplug", "power-cut"]) || left_by_itself),
        // A wrong bit in what it says of itself.
        7 => case.has(&["corrupt", "short"]),
        _ => false,
    };
    breaks(!is_plausible, &format!("exit {exit}, which it is not"));
    broken
}

/// Within one download, which begins with block 0, each block follows the one before it.
fn sent_twice(trace: &[String]) -> Option<String> {
    let mut last = None;
    for line in trace {
        let Some(rest) = line.strip_prefix("DNLOAD wValue 0x") else {
            continue;
        };
        let number = u32::from_str_radix(&rest[..4], 16).expect("hexadecimal");
        if number != 0 && last.is_none_or(|last: u32| number != last + 1) {
            return Some(format!("block {number} is sent after {last:?}"));
        }
        last = Some(number);
    }
    None
}

/// A slot that is read into a file, which is there only if it is right.
fn read(session: &Session, case: &Case, flash: &mut Scratch) -> Judgement {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("out.bin");
    flash.put(&session.before);
    let output = path.to_str().expect("UTF-8");
    let outcome = batch::run_to(session, flash, &case.written(), "", output);
    let mut broken = rules(session, case, &outcome, flash.look());
    let file = std::fs::read(&path).ok();
    let slot = &session.before[session.target.slot.clone()];
    match (outcome.exit, file) {
        // Read once, a wrong bit can't be told from a right one, nor half a block from the last.
        (Some(0), Some(file)) if file == slot || case.has(&["corrupt", "short"]) => {}
        (Some(0), _) => broken.push("exit 0, but the file is not what was in the slot".to_owned()),
        (_, None) => {}
        (_, Some(_)) => broken.push("an error, but there is a file".to_owned()),
    }
    judgement(session, case, &outcome, broken)
}

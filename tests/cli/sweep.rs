//! The fault sweep: what is asked of every simulated board, with a fault of every kind at every request, with two, and on
//! boards that lie about their flash; judged from outside. Devices without DfuSe have one of their own, in `plain`.
//!
//! `cargo test` runs a sample; with `STDFU_SWEEP=all` in the environment it is all of it.

mod batch;
mod judge;
mod plain;
mod scratch;
mod session;
mod targets;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use judge::{Case, Ending, Judgement, judge};
use scratch::Scratch;
use session::{Old, Plan, Session, Work};
use targets::{LIES, TARGETS};

/// Every kind of fault, with two of the errors that a device can answer.
const KINDS: [&str; 10] = [
    "stall",
    "lost-request",
    "lost-answer",
    "corrupt",
    "short",
    "error",
    "errVENDOR",
    "unplug",
    "power-cut",
    "flip",
];
/// What a case with two faults is called, and one with none.
const TWO: &str = "two faults";
const NONE: &str = "none";

/// Where a plan looks: at every request whose number leaves some remainder, another one for each kind and board; and with
/// how many pairs of faults.
#[derive(Debug, Clone, Copy)]
struct Sample {
    every: usize,
    pairs: usize,
}

/// How densely a plan is tried, in CI. Elsewhere it is a third of that.
const IN_CI: fn(Work, bool) -> Sample = |work, lies| match (work, lies) {
    (Work::Flash, false) => Sample {
        every: 14,
        pairs: 24,
    },
    (Work::Keep, false) => Sample {
        every: 30,
        pairs: 16,
    },
    (_, true) => Sample {
        every: 40,
        pairs: 8,
    },
    (Work::Erase, false) => Sample {
        every: 12,
        pairs: 8,
    },
    _ => Sample {
        every: 6,
        pairs: 12,
    },
};
/// How many cases there are in CI at least.
const CASES_IN_CI: usize = 10_000;

/// How many cases of a kind ended so.
type Table = BTreeMap<(&'static str, Ending), usize>;

/// Cases in which a rule was broken, by rule, board and kind.
type Violations = BTreeMap<(String, &'static str, &'static str), Vec<String>>;

#[test]
fn no_fault_anywhere_ends_in_wrong_flash_that_is_called_right_or_in_a_loss_that_is_not_told() {
    let start = Instant::now();
    let plans: Vec<(usize, Plan)> = plans().into_iter().enumerate().collect();
    let judged = in_parallel(threads(), &plans, |flashes, (shift, plan)| {
        let session = Session::learn(plan, &mut flashes[0]);
        let mut sample = IN_CI(plan.work, plan.lies);
        if is_all() {
            sample.every = 1;
        } else if !is_in_ci() {
            sample.every *= 3;
            sample.pairs /= 3;
        }
        let cases = cases(&session, sample, *shift);
        let chunks = cases.chunks(batch::BOARDS);
        let judged = chunks.flat_map(|chunk| judge(&session, chunk, flashes));
        let judged: Vec<_> = judged.collect();
        cases.into_iter().zip(judged).collect::<Vec<_>>()
    });
    let judged = plans.iter().zip(judged).flat_map(|((_, plan), judged)| {
        let board = plan.target.board;
        judged.into_iter().map(move |(case, judgement)| Judged {
            board,
            kind: case.kind(),
            judgement,
        })
    });
    sum_up("fault sweep", TARGETS.len(), start, CASES_IN_CI, judged);
}

/// How a case ended, on which board and with which kind of fault.
struct Judged {
    board: &'static str,
    kind: &'static str,
    judgement: Judgement,
}

/// Says how many cases ended how, and asserts that there are enough of them, and no rule is broken.
fn sum_up(
    what: &str,
    boards: usize,
    start: Instant,
    cases_in_ci: usize,
    judged: impl Iterator<Item = Judged>,
) {
    let mut table = Table::new();
    let mut violations = Violations::new();
    let mut count = 0;
    for Judged {
        board,
        kind,
        judgement: (ending, broken),
    } in judged
    {
        count += 1;
        *table.entry((kind, ending)).or_default() += 1;
        for (rule, said) in broken {
            violations
                .entry((rule, board, kind))
                .or_default()
                .push(said);
        }
    }
    let text = format!(
        "\n{what}: {count} cases on {boards} boards in {:.0} s{}\n{}\n",
        start.elapsed().as_secs_f64(),
        if is_all() {
            ""
        } else {
            ", a sample; STDFU_SWEEP=all for all of it"
        },
        text(&table)
    );
    // Straight to stderr, so that it shows where tests' own output is captured.
    std::io::stderr()
        .write_all(text.as_bytes())
        .expect("stderr is there");
    let enough = if is_in_ci() || is_all() {
        cases_in_ci
    } else {
        cases_in_ci / 4
    };
    assert!(count >= enough, "{count} cases");
    assert!(violations.is_empty(), "{}", list(&violations));
}

fn is_in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Whether every kind of fault is wanted at every request.
fn is_all() -> bool {
    std::env::var("STDFU_SWEEP").as_deref() == Ok("all")
}

/// How many threads to work with.
fn threads() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

/// What is asked of which board, with what in its flash.
fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for target in &TARGETS {
        for old in [Old::Blank, Old::Full, Old::Around] {
            plans.push(Plan::new(target, Work::Flash, old));
        }
        plans.push(Plan::new(target, Work::Keep, Old::Around));
        // Where that is not most of a megabyte.
        if target.sectors.len() <= 0x8000 {
            plans.push(Plan::new(target, Work::Keep, Old::Full));
        }
        plans.push(Plan::new(target, Work::Erase, Old::Full));
    }
    let large_sectors = ["f405", "f746", "mboot"];
    for target in TARGETS
        .iter()
        .filter(|target| large_sectors.contains(&target.board))
    {
        plans.push(Plan::between(target, Work::Flash));
        plans.push(Plan::between(target, Work::Keep));
    }
    let some = ["f405", "l072", "h743v9", "mboot", "wb55", "gd32vf103"];
    for target in TARGETS.iter().filter(|target| some.contains(&target.board)) {
        plans.push(Plan::new(target, Work::Verify, Old::There));
        plans.push(Plan::new(target, Work::Verify, Old::Almost));
        plans.push(Plan::new(target, Work::Read, Old::Full));
        plans.push(Plan::new(target, Work::Leave, Old::There));
        for quirk in ["leave=stays", "leave=stall", "leave=needs-address"] {
            plans.push(Plan::new(target, Work::Leave, Old::There).with_quirk(quirk));
        }
        if target.vendor_is_protection {
            let protected = Plan::new(target, Work::Unprotect, Old::Full);
            plans.push(protected.with_quirk("read-protected"));
        }
    }
    for lie in &LIES {
        for old in [Old::Almost, Old::Full] {
            plans.push(Plan::of_lie(lie, Work::Flash, old));
        }
    }
    plans
}

/// No fault, one, two.
fn cases(session: &Session, sample: Sample, shift: usize) -> Vec<Case> {
    let count = session.requests.len();
    let mut cases = Vec::new();
    if session.plan.lies || session.must_fail() {
        cases.push(Case { faults: Vec::new() });
    }
    for request in 1..=count {
        let kinds = KINDS.into_iter().zip(shift..);
        let chosen = kinds.filter(|(_, shift)| (request + shift) % sample.every == 0);
        cases.extend(chosen.map(|(kind, _)| Case {
            faults: vec![(kind, request)],
        }));
    }
    let mut noise = Noise(u32::try_from(shift).expect("not that many plans") + 1);
    for _ in 0..sample.pairs {
        let first = 1 + noise.below(count);
        // Soon after the first, where recovery is at work, or anywhere.
        let reach = [6, 20, count][noise.below(3)];
        let second = first + 1 + noise.below(reach);
        let mut kind = || KINDS[noise.below(KINDS.len())];
        cases.push(Case {
            faults: vec![(kind(), first), (kind(), second)],
        });
    }
    cases
}

/// Numbers without a pattern, the same in every run.
struct Noise(u32);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end.max(1)
    }
}

/// Does the work with as many threads, each with flash files of its own, and keeps the order.
fn in_parallel<T: Sync, R: Send>(
    threads: usize,
    work: &[T],
    act: impl Fn(&mut [Scratch], &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut flashes: Vec<Scratch> =
                    (0..batch::BOARDS).map(|_| Scratch::new()).collect();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = work.get(index) else {
                        break;
                    };
                    let result = act(&mut flashes, item);
                    done.lock().expect("nobody panicked").push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panicked");
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What is broken where, a few cases of each.
fn list(violations: &Violations) -> String {
    const EACH: usize = 3;
    let mut text = String::new();
    for ((rule, board, kind), cases) in violations {
        writeln!(text, "{board}, {kind}, {} times: {rule}", cases.len()).expect("a String");
        for case in cases.iter().take(EACH) {
            writeln!(text, "    {case}").expect("a String");
        }
    }
    text
}

fn text(table: &Table) -> String {
    let mut endings: Vec<Ending> = table.keys().map(|(_, ending)| *ending).collect();
    endings.sort_unstable();
    endings.dedup();
    let mut text = format!("{:<14}{:>7}", "kind", "cases");
    for ending in &endings {
        let heading = match ending {
            Ending::Done => "exit 0".to_owned(),
            Ending::FlippedLater => "too late".to_owned(),
            Ending::Failed(exit) => format!("exit {exit}"),
            Ending::Violation => "BROKEN".to_owned(),
        };
        write!(text, "{heading:>10}").expect("a String");
    }
    for kind in KINDS.into_iter().chain([TWO, NONE]) {
        let of_kind = |ending: &Ending| table.get(&(kind, *ending)).copied().unwrap_or(0);
        let all: usize = endings.iter().map(of_kind).sum();
        write!(text, "\n{kind:<14}{all:>7}").expect("a String");
        for ending in &endings {
            write!(text, "{:>10}", of_kind(ending)).expect("a String");
        }
    }
    text
}

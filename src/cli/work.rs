//! Carries out plans: on each of the boards meant, at the same time, with one result a board.

use std::ops::ControlFlow;
use std::thread;

use anyhow::Context as _;
use serde::Serialize;

use crate::chip::vector_table::BadVectorTable;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::flash::Check;
use crate::dfuse::session::{Event, Session, SessionOptions, Tally, Unsaved};
use crate::image::{FileIds, ImageTarget};
use crate::printable::Said;
use crate::usb::Transport;

use super::board::{Board, BoardName, Opened};
use super::board_result::BoardResult;
use super::diagnosis::Diagnosis;
use super::dry_run::{Preview, plan_text};
use super::exit::Exit;
use super::interrupt;
use super::keepsake;
use super::number::count;
use super::output::Output;
use super::progress::{BoardProgress, Progress};
use super::report;
use super::so_far::so_far;

/// What came of the work on one board.
pub struct Outcome {
    /// The board's serial number, if it is known.
    pub serial: Option<Said>,
    /// Where it is plugged in.
    pub path: String,
    /// What was done, up to the end or the error.
    pub tally: Tally,
    /// How many requests it took, those for the board's strings included.
    pub requests: u64,
    /// How long it took on the board's clock.
    pub seconds: f64,
    /// What was left to do after a look at what is there.
    pub preview: Option<Preview>,
    /// What was read, where that was asked for.
    pub found: Option<ImageTarget>,
    /// What was to be kept on the board and is not there any more.
    pub unsaved: Vec<Unsaved>,
    /// What went wrong.
    pub error: Option<Diagnosis>,
}

/// Of a board whose read protection was to be lifted.
pub const NOT_PROTECTED: &str = "this board is not read-protected; nothing was done";
/// What whoever wants more than that does next.
const ERASE_ALL: &str = "To erase everything all the same, use `stdfu erase --all`.";

/// The JSON of an outcome: a contract with scripts.
#[derive(Serialize)]
struct BoardDocument<'o> {
    #[serde(flatten)]
    result: BoardResult<'o>,
    warnings: Vec<String>,
    erased_sectors: usize,
    written_bytes: u64,
    skipped_bytes: u64,
    lost_bytes: Option<u64>,
    preserved_bytes: u64,
    verified_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    differing_bytes: Option<u64>,
    requests: u64,
    retries: u32,
    left: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unprotected: Option<bool>,
    seconds: f64,
}

#[derive(Serialize)]
struct BoardsDocument<'o> {
    boards: Vec<BoardDocument<'o>>,
}

/// Makes a plan for each board. Most hang on the first memory alone; only where others decide it is a board asked for
/// their layouts.
pub fn plan<'i>(
    boards: &mut [Board],
    make: impl Fn(&Board) -> Result<Plan<'i>, NoPlan<anyhow::Error>>,
) -> Vec<anyhow::Result<Plan<'i>>> {
    let plan = |board: &mut Board| loop {
        match make(board) {
            Ok(plan) => return Ok(plan),
            Err(NoPlan::Refused(error)) => return Err(error),
            Err(NoPlan::NeedsMoreMemories) => board.read_all_memories(),
        }
    };
    boards.iter_mut().map(plan).collect()
}

/// What is odd about what is to be written, a sentence each. Who has made the plan says it.
pub fn warnings(plan: &Plan<'_>) -> Vec<String> {
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

/// Carries out a plan on each board, all at the same time, and says what came of it.
///
/// `plans` has one for each board, or the reason why there is none; `odd` is what is odd about the files. Returns the
/// first failure's code.
pub fn carry_out(
    boards: Vec<Board>,
    plans: &[anyhow::Result<Plan<'_>>],
    odd: &[String],
    output: &Output,
    summary: impl Fn(&Outcome, &Plan<'_>) -> String,
) -> anyhow::Result<Exit> {
    let outcomes = attempt(boards, plans, output, &|_, _| {});
    let results = results(&outcomes, plans, summary);
    output.summary(&results).context("writing the summary")?;
    report::failures(outcomes.iter().map(Outcome::end), output);
    let boards = outcomes
        .iter()
        .zip(plans)
        .map(|(outcome, plan)| outcome.document(plan.as_ref().ok(), odd))
        .collect();
    output
        .document(BoardsDocument { boards })
        .context("writing the answer")?;
    Ok(exit(&outcomes))
}

/// What is left to do for a board when the session has ended well; what goes wrong with it, the outcome has.
pub type Finish<'f> = dyn Fn(&mut Outcome, &Plan<'_>) + Sync + 'f;

/// Carries out a plan on each board, all at the same time, and says nothing but how far it is, and what goes wrong as
/// soon as it does.
pub fn attempt(
    boards: Vec<Board>,
    plans: &[anyhow::Result<Plan<'_>>],
    output: &Output,
    finish: &Finish<'_>,
) -> Vec<Outcome> {
    for (board, plan) in boards.iter().zip(plans) {
        if let Ok(plan) = plan {
            output.detail(&format!(
                "{}: the plan\n{}",
                board.label(),
                plan_text(plan).trim_end()
            ));
        }
    }
    let progress = Progress::new(output, boards.len());
    let _watched = interrupt::watch_and_acknowledge(progress.stopping());
    thread::scope(|scope| {
        let threads: Vec<_> = boards
            .into_iter()
            .zip(plans)
            .map(|(board, plan)| {
                let mut progress = progress.board(board.name());
                scope.spawn(move || {
                    let mut outcome = work(board, plan, &mut progress);
                    if let (None, Ok(plan)) = (&outcome.error, plan) {
                        finish(&mut outcome, plan);
                    }
                    let (hint, error) = (outcome.hint(), outcome.error.as_ref());
                    progress.end(outcome.name(), &outcome.warnings(), hint, error);
                    outcome
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// The first failure's code.
pub fn exit(outcomes: &[Outcome]) -> Exit {
    let first = outcomes.iter().find_map(|outcome| outcome.error.as_ref());
    first.map_or(Exit::Done, |diagnosis| diagnosis.exit)
}

fn work(
    mut board: Board,
    plan: &anyhow::Result<Plan<'_>>,
    progress: &mut BoardProgress<'_>,
) -> Outcome {
    let serial = board.serial().cloned();
    let path = board.info.path.clone();
    let options = SessionOptions {
        interface: board.info.interface,
        transfer_size: board.info.transfer_size(),
        can_upload: board.info.can_upload(),
        several_memories: board.info.alternate_settings.len() > 1,
    };
    let ids = FileIds {
        vendor_id: board.info.vendor_id,
        product_id: board.info.product_id,
        device_release: 0,
    };
    let mut outcome = Outcome {
        serial,
        path,
        tally: Tally::default(),
        requests: 0,
        seconds: 0.0,
        preview: None,
        found: None,
        unsaved: Vec::new(),
        error: None,
    };
    let opened = match &mut board.opened {
        Ok(opened) => opened,
        Err(error) => {
            outcome.error = Some(Diagnosis::of_closed(error));
            return outcome;
        }
    };
    match plan {
        Err(error) => outcome.error = Some(Diagnosis::from(error)),
        Ok(plan) => {
            let start = opened.transport.now();
            let mut preview = None;
            let mut on_event = |event: Event<'_>| {
                progress.show(event);
                if let Event::Steps(steps) = event {
                    let preview = preview.insert(Preview::of(steps));
                    let text = preview.text.trim_end();
                    progress.detail(&format!("{}: what is left of it\n{text}", outcome.name()));
                }
            };
            let (tally, unsaved, result) = run(opened, options, plan, &mut on_event);
            outcome.preview = preview;
            outcome.tally = tally;
            outcome.unsaved = unsaved;
            outcome.seconds = (opened.transport.now() - start).as_secs_f64();
            match result {
                Ok(found) => outcome.found = found,
                Err(error) => {
                    let diagnosis = so_far(Diagnosis::from(&error), plan, tally);
                    outcome.error = Some(match &outcome.unsaved[..] {
                        [] => diagnosis,
                        unsaved => keepsake::keep(diagnosis, unsaved, outcome.name(), ids),
                    });
                }
            }
        }
    }
    outcome.requests = opened.transport.requests();
    outcome
}

fn run(
    opened: &mut Opened,
    options: SessionOptions,
    plan: &Plan<'_>,
    show: &mut dyn FnMut(Event<'_>),
) -> (Tally, Vec<Unsaved>, anyhow::Result<Option<ImageTarget>>) {
    let mut on_event = |event: Event<'_>| {
        show(event);
        if interrupt::requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut session = match Session::open(&mut opened.transport, options, &mut on_event) {
        Ok(session) => session,
        Err(error) => return (Tally::default(), Vec::new(), Err(error.into())),
    };
    let result = session.run(plan);
    let unsaved = session.take_unsaved();
    (session.tally(), unsaved, result.map_err(Into::into))
}

/// What came of the work on each board, in a line.
pub fn results(
    outcomes: &[Outcome],
    plans: &[anyhow::Result<Plan<'_>>],
    summary: impl Fn(&Outcome, &Plan<'_>) -> String,
) -> String {
    let results: Vec<(&Outcome, String)> = outcomes
        .iter()
        .zip(plans)
        .filter_map(|(outcome, plan)| match (&outcome.error, plan) {
            (None, Ok(plan)) => Some((outcome, summary(outcome, plan))),
            (Some(error), _) if outcomes.len() > 1 => {
                Some((outcome, format!("FAILED, exit {}", error.exit.code())))
            }
            _ => None,
        })
        .collect();
    table(&results)
}

/// A line for each board, the results in a column.
fn table(results: &[(&Outcome, String)]) -> String {
    let width = results
        .iter()
        .map(|(outcome, _)| outcome.name().to_string().chars().count())
        .max()
        .unwrap_or(0);
    let line = |(outcome, result): &(&Outcome, String)| {
        let label = format!("{}:", outcome.name());
        format!("{label:<width$} {result}\n", width = width + 1)
    };
    results.iter().map(line).collect()
}

impl Outcome {
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

    /// What to do next though all went well.
    fn hint(&self) -> Option<&'static str> {
        let is_unprotected = self.error.is_none() && self.tally.unprotected == Some(false);
        is_unprotected.then_some(ERASE_ALL)
    }

    /// Which board it is, and whether the work on it failed.
    pub fn end(&self) -> (BoardName<'_>, bool) {
        (self.name(), self.error.is_some())
    }

    /// Bytes beyond the image that are gone; `None` if nobody had looked what was there.
    fn lost_bytes(&self) -> Option<u64> {
        (self.tally.unseen_sectors == 0).then_some(self.tally.lost_bytes)
    }

    /// What is done and yet not as it may be expected, a sentence each.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.error.is_none() && self.tally.left == Some(false) {
            warnings.push(
                "flash is right, but the board is still in DFU mode; reset it to start the application"
                    .to_owned(),
            );
        }
        if self.error.is_none() && self.tally.unchecked_sectors > 0 {
            let sectors = count(self.tally.unchecked_sectors as u64, "sector");
            warnings.push(format!(
                "{sectors} can't be read on this board: nobody has looked whether the erase did anything"
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

    fn document(&self, plan: Option<&Plan<'_>>, odd: &[String]) -> BoardDocument<'_> {
        let mut warnings = odd.to_vec();
        warnings.extend(plan.into_iter().flat_map(self::warnings));
        warnings.extend(self.warnings());
        if self.hint().is_some() {
            warnings.push(NOT_PROTECTED.to_owned());
        }
        BoardDocument {
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
            unprotected: self.tally.unprotected,
            seconds: self.seconds,
        }
    }
}

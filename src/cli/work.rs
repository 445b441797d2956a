//! Carries out plans: on each of the boards meant, at the same time, with one result a board.

use std::ops::ControlFlow;
use std::thread;

use anyhow::Context as _;
use serde::Serialize;

use crate::dfuse::plan::Plan;
use crate::dfuse::plan::vector_table::BadVectorTable;
use crate::dfuse::session::{Event, Session, SessionOptions, Tally};
use crate::image::ImageElement;
use crate::usb::Transport;

use super::board::{Board, BoardName, Opened};
use super::board_result::BoardResult;
use super::diagnosis::Diagnosis;
use super::dry_run::Preview;
use super::exit::Exit;
use super::interrupt;
use super::output::Output;
use super::progress::{BoardProgress, Progress};
use super::so_far::so_far;

/// What came of the work on one board.
pub struct Outcome {
    /// The board's serial number, if it is known.
    pub serial: Option<String>,
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
    pub found: Vec<ImageElement>,
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
    lost_bytes: u64,
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

/// Makes a plan for each board. Most are for the first memory; only where that is not enough is a board asked for the
/// others' layouts.
pub fn plan<'i>(
    boards: &mut [Board],
    make: impl Fn(&Board) -> anyhow::Result<Plan<'i>>,
) -> Vec<anyhow::Result<Plan<'i>>> {
    let plan = |board: &mut Board| match make(board) {
        Err(_) if board.has_more_memories() => {
            board.read_all_memories();
            make(board)
        }
        plan => plan,
    };
    boards.iter_mut().map(plan).collect()
}

/// What is odd about what is to be written, a sentence each. Who has made the plan says it.
pub fn warnings(plan: &Plan<'_>) -> Vec<String> {
    let unchecked = plan
        .targets
        .iter()
        .filter(|target| target.unchecked)
        .map(|target| {
            format!(
                "{} can't be read on this board: nothing is left out, and what is written can't be checked",
                target.name
            )
        });
    let bad_vector_tables = bad_vector_tables(plan).map(ToString::to_string);
    bad_vector_tables.chain(unchecked).collect()
}

/// The vector tables that nothing can be started from.
pub fn bad_vector_tables<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p BadVectorTable> {
    let targets = plan.targets.iter();
    targets.filter_map(|target| target.bad_vector_table.as_ref())
}

/// Carries out a plan on each board, all at the same time, and says what came of it.
///
/// `plans` has one for each board, or the reason why there is none. Returns the first failure's code.
pub fn carry_out(
    boards: Vec<Board>,
    plans: &[anyhow::Result<Plan<'_>>],
    output: &Output,
    summary: impl Fn(&Outcome, &Plan<'_>) -> String,
) -> anyhow::Result<Exit> {
    let outcomes = attempt(boards, plans, output);
    let results = report(&outcomes, plans, output, summary);
    output.summary(&results).context("writing the summary")?;
    let boards = outcomes
        .iter()
        .zip(plans)
        .map(|(outcome, plan)| outcome.document(plan.as_ref().ok()))
        .collect();
    output
        .document(BoardsDocument { boards })
        .context("writing the answer")?;
    Ok(exit(&outcomes))
}

/// Carries out a plan on each board, all at the same time, and says nothing but how far it is.
pub fn attempt(
    boards: Vec<Board>,
    plans: &[anyhow::Result<Plan<'_>>],
    output: &Output,
) -> Vec<Outcome> {
    for (board, plan) in boards.iter().zip(plans) {
        if let Ok(plan) = plan {
            output.detail(&format!(
                "{}: the plan\n{}",
                board.label(),
                Preview::of(plan, None).text.trim_end()
            ));
        }
    }
    let _watched = interrupt::watch();
    let progress = Progress::new(output, boards.len());
    thread::scope(|scope| {
        let threads: Vec<_> = boards
            .into_iter()
            .zip(plans)
            .map(|(board, plan)| {
                let mut progress = progress.board(board.name());
                scope.spawn(move || work(board, plan, &mut progress))
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
    let serial = board.serial().map(str::to_owned);
    let path = board.info.path.clone();
    let options = SessionOptions {
        interface: board.info.interface,
        transfer_size: board.info.transfer_size(),
        can_upload: board.info.can_upload(),
        several_memories: board.info.alternate_settings.len() > 1,
    };
    let mut outcome = Outcome {
        serial,
        path,
        tally: Tally::default(),
        requests: 0,
        seconds: 0.0,
        preview: None,
        found: Vec::new(),
        error: None,
    };
    let opened = match &mut board.opened {
        Ok(opened) => opened,
        Err(error) => {
            outcome.error = Some(Diagnosis::of_closed(&board.info, error));
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
                if let Event::Settled(left, tally) = event {
                    let settled = preview.insert(Preview::of(left, Some(tally)));
                    if left.targets.iter().any(|target| target.compare) {
                        let text = settled.text.trim_end();
                        progress.detail(&format!("{}: what is left of it\n{text}", outcome.name()));
                    }
                }
            };
            let (tally, result) = run(opened, options, plan, &mut on_event);
            outcome.preview = preview;
            outcome.tally = tally;
            outcome.seconds = (opened.transport.now() - start).as_secs_f64();
            match result {
                Ok(found) => outcome.found = found,
                Err(error) => {
                    outcome.error = Some(so_far(Diagnosis::from(&error), plan, tally));
                }
            }
        }
    }
    outcome.requests = opened.transport.requests();
    progress.end(outcome.error.is_none());
    outcome
}

fn run(
    opened: &mut Opened,
    options: SessionOptions,
    plan: &Plan<'_>,
    show: &mut dyn FnMut(Event<'_>),
) -> (Tally, anyhow::Result<Vec<ImageElement>>) {
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
        Err(error) => return (Tally::default(), Err(error.into())),
    };
    let result = session.run(plan);
    (session.tally(), result.map_err(Into::into))
}

/// Says what went wrong with each board, and returns what came of each in a line.
pub fn report(
    outcomes: &[Outcome],
    plans: &[anyhow::Result<Plan<'_>>],
    output: &Output,
    summary: impl Fn(&Outcome, &Plan<'_>) -> String,
) -> String {
    for outcome in outcomes {
        for warning in outcome.warnings() {
            output.warning_of(outcome.name(), &warning);
        }
        if let Some(diagnosis) = &outcome.error {
            output.error_of(outcome.name(), diagnosis);
        }
    }
    if let Some(hint) = outcomes.iter().find_map(Outcome::hint) {
        output.hint(hint);
    }
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
            serial: self.serial.as_deref(),
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

    /// What is done and yet not as it may be expected, a sentence each.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.error.is_none() && self.tally.left == Some(false) {
            warnings.push(
                "flash is right, but the board is still in DFU mode; reset it to start the application"
                    .to_owned(),
            );
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

    fn document(&self, plan: Option<&Plan<'_>>) -> BoardDocument<'_> {
        let mut warnings = plan.map_or_else(Vec::new, warnings);
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
            lost_bytes: self.tally.lost_bytes,
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

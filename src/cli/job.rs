//! Jobs: what is wanted of one board, and carrying it out.

use std::ops::ControlFlow;
use std::thread;

use crate::board::Board;
use crate::dfu::error::SessionError;
use crate::dfu::event::Event;
use crate::dfu::plain;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::session::{Session, SessionOptions, Told, Unsaved};
use crate::usb::Transport;
use crate::usb::tap::Tap;

use super::diagnosis::Diagnosis;
use super::document::{Boards, Inputs};
use super::error::{CliError, of_closed};
use super::exit::Exit;
use super::observer::Observer;
use super::other_memories::{self, hint_at_others};
use super::outcome::{Found, Outcome};
use super::output::Output;
use super::output::progress::Progress;
use super::preview::{Preview, task_text};
use super::progress_note::with_progress;
use super::report::{self, Summary};
use super::task::{Planned, Task};
use super::{interrupt, keepsake};

/// What is wanted of one board.
pub struct Job<'p> {
    /// The board.
    pub board: Board,
    /// What is wanted, or why that can't be.
    pub task: Result<Task<'p>, CliError>,
}

/// A job for each board.
pub fn jobs<'p>(boards: Vec<Board>, make: impl Fn(&Board) -> Planned<'p>) -> Vec<Job<'p>> {
    let job = |mut board| Job {
        task: plan(&mut board, &make),
        board,
    };
    boards.into_iter().map(job).collect()
}

/// The plan for a board. Most hang on the first memory alone; only where others decide it is a board asked for their
/// layouts.
pub fn plan<'p>(
    board: &mut Board,
    make: impl Fn(&Board) -> Planned<'p>,
) -> Result<Task<'p>, CliError> {
    loop {
        match make(board) {
            Ok(plan) => return Ok(plan),
            Err(NoPlan::Refused(error)) => return Err(error),
            Err(NoPlan::NeedsMoreMemories) => board.read_all_memories(),
        }
    }
}

/// Carries out the jobs, all at the same time, and says what came of each. Returns the first failure's code.
pub fn carry_out(
    jobs: Vec<Job<'_>>,
    inputs: &Inputs<'_>,
    output: &Output,
    summary: impl Fn(&Outcome<'_>) -> Summary,
) -> Result<Exit, CliError> {
    carry_out_and(jobs, inputs, output, &|_| Ok(()), summary)
}

/// The same, with what is left to do for a board.
pub fn carry_out_and(
    jobs: Vec<Job<'_>>,
    inputs: &Inputs<'_>,
    output: &Output,
    finish: &Finish<'_>,
    summary: impl Fn(&Outcome<'_>) -> Summary,
) -> Result<Exit, CliError> {
    let outcomes = attempt(jobs, output, finish);
    let results = report::results(&outcomes, summary, output);
    output.results(&results)?;
    if !output.shows_results() {
        report::failures(outcomes.iter().map(Outcome::end), output);
    }
    let documents = Boards::of(&outcomes, |outcome| outcome.document(&inputs.odd));
    output.document(documents.given(inputs.files))?;
    Ok(exit(&outcomes))
}

/// What is left to do for a board when the session has ended well.
pub type Finish<'f> = dyn Fn(&mut Outcome<'_>) -> Result<(), CliError> + Sync + 'f;

/// Carries out the jobs, all at the same time, and says nothing but how far each is, and what goes wrong as soon as it
/// does.
pub fn attempt<'p>(jobs: Vec<Job<'p>>, output: &Output, finish: &Finish<'_>) -> Vec<Outcome<'p>> {
    for Job { board, task } in &jobs {
        if let Some(text) = task.as_ref().ok().and_then(task_text) {
            let label = board.label();
            output.detail(&format!("{label}: the plan\n{}", text.trim_end()));
        }
    }
    let labels: Vec<String> = jobs.iter().map(|job| job.board.label()).collect();
    let progress = Progress::new(output, &labels);
    let _watched = interrupt::watch_and_acknowledge(progress.stopping());
    thread::scope(|scope| {
        let start = |job: Job<'p>| {
            let mut progress = progress.board(job.board.name(), job.task.as_ref().ok());
            scope.spawn(move || {
                let mut outcome = job.run(&mut progress);
                progress.clear();
                if outcome.error.is_none() {
                    outcome.error = finish(&mut outcome).err().map(|error| (&error).into());
                }
                outcome.error = outcome.error.map(Diagnosis::reported);
                let (hint, error) = (outcome.hint(), outcome.error.as_ref());
                progress.end(outcome.name(), &outcome.warnings(), hint, error);
                outcome
            })
        };
        let threads: Vec<_> = jobs.into_iter().map(start).collect();
        let ended = threads.into_iter().map(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}

/// The first failure's code.
pub fn exit(outcomes: &[Outcome<'_>]) -> Exit {
    let first = outcomes.iter().find_map(|outcome| outcome.error.as_ref());
    first.map_or(Exit::Done, |diagnosis| diagnosis.exit)
}

impl<'p> Job<'p> {
    /// Carries it out. What went wrong is in the outcome.
    pub fn run(self, observer: &mut dyn Observer) -> Outcome<'p> {
        let Self { mut board, task } = self;
        let mut outcome = Outcome::of(&board);
        let (dfuse, plain) = (board.session_options(), board.plain_options());
        let ids = board.file_ids();
        let memories = other_memories::named(&board);
        let opened = match &mut board.opened {
            Ok(opened) => opened,
            Err(error) => {
                outcome.error = Some(of_closed(error));
                return outcome;
            }
        };
        let transport = &mut opened.transport;
        let start = transport.now();
        match task {
            Err(error) => outcome.error = Some((&error).into()),
            Ok(task) => {
                let ended = match &task {
                    Task::Dfuse(plan) => run_dfuse(transport, dfuse, plan, &mut outcome, observer),
                    Task::Plain(plan) => run_plain(transport, plain, plan, &mut outcome, observer),
                };
                outcome.seconds = (transport.now() - start).as_secs_f64();
                if let Err((error, unsaved)) = ended {
                    let diagnosis = Diagnosis::from(&error.clone().into());
                    let diagnosis = with_progress(diagnosis, &task, outcome.tally);
                    let error = hint_at_others(diagnosis, &error, &task, &memories);
                    let error = match &unsaved[..] {
                        [] => error,
                        unsaved => keepsake::keep(error, unsaved, outcome.name(), ids),
                    };
                    outcome.error = Some(interrupt::explained(error));
                }
                outcome.task = Some(task);
            }
        }
        outcome.requests = transport.requests();
        outcome
    }
}

/// How a session ended early, and what was to be kept and is not on the board any more.
type Broken = (SessionError, Vec<Unsaved>);

fn run_dfuse(
    transport: &mut Tap,
    options: SessionOptions,
    plan: &Plan<'_>,
    outcome: &mut Outcome<'_>,
    observer: &mut dyn Observer,
) -> Result<(), Broken> {
    let mut preview = None;
    let name = outcome.name().to_string();
    let mut on_event = |told: Told<'_>| {
        match told {
            Told::Event(event) => observer.show(event),
            Told::Steps(steps) => {
                let preview = preview.insert(Preview::of(steps));
                // Whoever only wants to see it gets it as the answer.
                if matches!(plan, Plan::Flash(_)) {
                    let text = preview.text.trim_end();
                    observer.detail(&format!("{name}: the plan\n{text}"));
                }
            }
        }
        unless_interrupted()
    };
    let ended = match Session::open(transport, options, &mut on_event) {
        Err(error) => Err((error, Vec::new())),
        Ok(mut session) => {
            let found = session.run(plan);
            outcome.tally = session.tally();
            found.map_err(|error| (error, session.take_unsaved()))
        }
    };
    outcome.preview = preview;
    outcome.found = ended?.map(Found::Placed);
    Ok(())
}

fn run_plain(
    transport: &mut Tap,
    options: plain::Options,
    plan: &plain::Plan<'_>,
    outcome: &mut Outcome<'_>,
    observer: &mut dyn Observer,
) -> Result<(), Broken> {
    let mut on_event = |event: Event<'_>| {
        observer.show(event);
        unless_interrupted()
    };
    let broken = |error| (error, Vec::new());
    let mut session = plain::Session::open(transport, options, &mut on_event).map_err(broken)?;
    let found = session.run(plan);
    outcome.tally = session.tally();
    outcome.found = found.map_err(broken)?.map(Found::Stream);
    if let plain::Plan::Rehearse(download) = plan {
        let skipped = outcome.tally.skipped_bytes;
        outcome.preview = Some(Preview::of_download(download, skipped));
    }
    Ok(())
}

fn unless_interrupted() -> ControlFlow<()> {
    match interrupt::requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

//! Jobs: what is wanted of one board, and carrying it out.

use std::ops::ControlFlow;
use std::thread;

use crate::board::Board;
use crate::dfu::tally::Tally;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::session::{Session, Told};
use crate::usb::Transport;

use super::diagnosis::Diagnosis;
use super::document::Boards;
use super::error::{CliError, of_closed};
use super::exit::Exit;
use super::outcome::Outcome;
use super::output::Output;
use super::output::progress::{BoardProgress, Progress};
use super::preview::{Preview, plan_text};
use super::progress_note::so_far;
use super::{interrupt, keepsake, report};

/// What is wanted of one board.
pub struct Job<'p> {
    /// The board.
    pub board: Board,
    /// What is wanted, or why that can't be.
    pub plan: Result<Plan<'p>, CliError>,
}

/// A job for each board.
pub fn jobs<'p>(boards: Vec<Board>, make: impl Fn(&Board) -> Planned<'p>) -> Vec<Job<'p>> {
    let job = |mut board| Job {
        plan: plan(&mut board, &make),
        board,
    };
    boards.into_iter().map(job).collect()
}

/// A plan, or why there is none.
pub type Planned<'p> = Result<Plan<'p>, NoPlan<CliError>>;

/// The plan for a board. Most hang on the first memory alone; only where others decide it is a board asked for their
/// layouts.
pub fn plan<'p>(
    board: &mut Board,
    make: impl Fn(&Board) -> Planned<'p>,
) -> Result<Plan<'p>, CliError> {
    loop {
        match make(board) {
            Ok(plan) => return Ok(plan),
            Err(NoPlan::Refused(error)) => return Err(error),
            Err(NoPlan::NeedsMoreMemories) => board.read_all_memories(),
        }
    }
}

/// Carries out the jobs, all at the same time, and says what came of each; `odd` is what is odd about the files. Returns
/// the first failure's code.
pub fn carry_out(
    jobs: Vec<Job<'_>>,
    odd: &[String],
    output: &Output,
    summary: impl Fn(&Outcome<'_>) -> String,
) -> Result<Exit, CliError> {
    let outcomes = attempt(jobs, output, &|_| Ok(()));
    output.summary(&report::results(&outcomes, summary))?;
    report::failures(outcomes.iter().map(Outcome::end), output);
    output.document(Boards::of(&outcomes, |outcome| outcome.document(odd)))?;
    Ok(exit(&outcomes))
}

/// What is left to do for a board when the session has ended well.
pub type Finish<'f> = dyn Fn(&mut Outcome<'_>) -> Result<(), CliError> + Sync + 'f;

/// Carries out the jobs, all at the same time, and says nothing but how far each is, and what goes wrong as soon as it
/// does.
pub fn attempt<'p>(jobs: Vec<Job<'p>>, output: &Output, finish: &Finish<'_>) -> Vec<Outcome<'p>> {
    for Job { board, plan } in &jobs {
        if let Ok(plan) = plan {
            let (label, text) = (board.label(), plan_text(plan));
            output.detail(&format!("{label}: the plan\n{}", text.trim_end()));
        }
    }
    let progress = Progress::new(output, jobs.len());
    let _watched = interrupt::watch_and_acknowledge(progress.stopping());
    thread::scope(|scope| {
        let start = |job: Job<'p>| {
            let mut progress = progress.board(job.board.name());
            scope.spawn(move || {
                let mut outcome = job.run(&mut progress);
                if outcome.error.is_none() {
                    outcome.error = finish(&mut outcome).err().map(|error| (&error).into());
                }
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
    fn run(self, progress: &mut BoardProgress<'_>) -> Outcome<'p> {
        let Self { mut board, plan } = self;
        let mut outcome = Outcome::of(&board);
        let result = match (&board.opened, &plan) {
            (Err(error), _) => Err(of_closed(error)),
            (Ok(_), Err(error)) => Err(error.into()),
            (Ok(_), Ok(plan)) => work(plan, &mut board, &mut outcome, progress),
        };
        outcome.error = result.err();
        outcome.plan = plan.ok();
        let opened = board.opened.as_ref();
        outcome.requests = opened.map_or(0, |opened| opened.transport.requests());
        outcome
    }
}

/// Carries out a plan on a board that can be talked to.
fn work(
    plan: &Plan<'_>,
    board: &mut Board,
    outcome: &mut Outcome<'_>,
    progress: &mut BoardProgress<'_>,
) -> Result<(), Diagnosis> {
    let (options, ids) = (board.session_options(), board.file_ids());
    let opened = board.opened.as_mut().map_err(|error| of_closed(error))?;
    let start = opened.transport.now();
    let mut preview = None;
    let name = outcome.name();
    let mut on_event = |told: Told<'_>| {
        match told {
            Told::Event(event) => progress.show(event),
            Told::Steps(steps) => {
                let preview = preview.insert(Preview::of(steps));
                let text = preview.text.trim_end();
                progress.detail(&format!("{name}: what is left of it\n{text}"));
            }
        }
        match interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let session = Session::open(&mut opened.transport, options, &mut on_event);
    let (result, tally, unsaved) = match session {
        Ok(mut session) => {
            let result = session.run(plan);
            (result, session.tally(), session.take_unsaved())
        }
        Err(error) => (Err(error), Tally::default(), Vec::new()),
    };
    outcome.preview = preview;
    outcome.tally = tally;
    outcome.seconds = (opened.transport.now() - start).as_secs_f64();
    outcome.found = result.map_err(|error| {
        let diagnosis = so_far(Diagnosis::from(&error.into()), plan, tally);
        match &unsaved[..] {
            [] => diagnosis,
            unsaved => keepsake::keep(diagnosis, unsaved, outcome.name(), ids),
        }
    })?;
    Ok(())
}

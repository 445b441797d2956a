//! `stdfu leave`: start the application.

use clap::Args;

use crate::board::Board;
use crate::dfu;
use crate::dfuse::plan::Plan;

use crate::cli::app::App;
use crate::cli::args::number::parse_address;
use crate::cli::dfuse;
use crate::cli::document::Inputs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::Outcome;
use crate::cli::plain;
use crate::cli::report::Summary;
use crate::cli::select::Candidates;
use crate::cli::task::{Planned, Task};

/// Starts the application
///
/// The board leaves DFU mode. Nothing is erased or written. It has left when it is gone from the bus, or back as something
/// else. If it is still there as it was, that is an error (exit code 8), whether it answers or not.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu leave
  stdfu leave 0x08008000")]
pub struct LeaveArgs {
    /// The address of its vector table [default: main flash]
    #[arg(value_name = "ADDRESS", value_parser = parse_address)]
    address: Option<u32>,
}

pub fn run(args: &LeaveArgs, app: &App) -> Result<Exit, CliError> {
    let boards = app.select(args.candidates())?;
    let jobs = jobs(boards, |board| plan(args.address, board));
    job::carry_out(jobs, &Inputs::default(), &app.output, summary)
}

impl LeaveArgs {
    fn candidates(&self) -> Candidates {
        match self.address {
            Some(_) => Candidates::Dfuse,
            None => Candidates::DfuseFirst,
        }
    }
}

/// What is wanted of a board: that it starts its application, with the vector table at this `address`.
pub fn plan(address: Option<u32>, board: &Board) -> Planned<'static> {
    if board.is_plain() {
        plain::refuse(&[(address.is_some(), "An address")])?;
        return Ok(Task::Plain(dfu::plain::Plan::Leave));
    }
    dfuse::leave(address, board).map(Into::into)
}

fn summary(outcome: &Outcome<'_>) -> Summary {
    Summary::new(match (outcome.dfuse(), outcome.started_as()) {
        (Some(Plan::Leave(start)), _) => format!("started at {:#010x}", start.address),
        (_, Some(ids)) => format!("started as {ids}"),
        _ if outcome.tally.left == Some(false) => "restarted, and in DFU mode again".to_owned(),
        _ => "started".to_owned(),
    })
}

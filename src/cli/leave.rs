//! `stdfu leave`: start the application.

use clap::Args;

use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::leave::plan_leave;

use super::Context;
use super::alt::memories_and_choice;
use super::board::{self, Board};
use super::diagnosis::OnlyLooking;
use super::exit::Exit;
use super::number::parse_address;
use super::work::{self, Outcome};

/// Starts the application
///
/// The board leaves DFU mode. Nothing is erased or written. A board that is gone from the bus, or back as something else,
/// has left; one that is still there as it was is an error (exit code 8), whether it answers or not.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu leave
  stdfu leave 0x08008000")]
pub struct LeaveArgs {
    /// Where its vector table is [default: main flash]
    #[arg(value_name = "ADDRESS", value_parser = parse_address)]
    address: Option<u32>,
}

pub fn run(args: &LeaveArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let mut boards = context.select()?;
    let plans = work::plan(&mut boards, |board| plan(args, board));
    work::carry_out(boards, &plans, &[], context.output, summary)
}

fn plan(args: &LeaveArgs, board: &Board) -> Result<Plan<'static>, NoPlan<anyhow::Error>> {
    let (memories, _) = memories_and_choice(None, board)?;
    let board = board::for_plan(board, &memories);
    let start =
        plan_leave(board, args.address).map_err(|error| anyhow::Error::from(OnlyLooking(error)))?;
    Ok(Plan::Leave(start))
}

fn summary(outcome: &Outcome, plan: &Plan<'_>) -> String {
    let address = match plan {
        Plan::Leave(start) => format!(" at {:#010x}", start.address),
        _ => String::new(),
    };
    format!("started{address}, in {:.1} s", outcome.seconds)
}

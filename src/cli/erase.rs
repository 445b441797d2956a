//! `stdfu erase`: all of a memory, or exactly the sectors of the ranges.

use clap::{ArgGroup, Args};

use crate::address::RangeRequest;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::erase::{EraseRequest, plan_erase};
use crate::dfuse::plan::error::NoPlan;

use super::Context;
use super::alt::{AltChoice, memories_and_choice};
use super::board::{self, Board};
use super::consent::ConsentArgs;
use super::exit::Exit;
use super::number::{count, parse_range};
use super::work::{self, Outcome};

/// Erases all of a memory, or exactly the sectors you name
///
/// Nothing is erased that you didn't name: a range that would cut a sector is refused, with the nearest borders. What
/// was erased is read, and has to be blank.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["ranges", "all"]))]
#[command(after_long_help = "\
Examples:
  stdfu erase 0x08020000+128K
  stdfu erase 0x08000000..0x08010000 0x08020000
  stdfu erase 0x08004000
  stdfu erase --all")]
pub struct EraseArgs {
    /// What to erase, such as 0x08020000+128K
    ///
    /// ADDRESS+SIZE, ADDRESS..END (END is not erased), or a lone address for the sector it is in. Numbers are decimal or
    /// hexadecimal behind 0x; K and M stand for 1024 and 1024².
    #[arg(value_name = "RANGE", value_parser = parse_range)]
    ranges: Vec<RangeRequest>,
    /// Erase all of the memory
    #[arg(long)]
    all: bool,
    /// The memory, by number or name, as listed
    ///
    /// As `stdfu list` shows it. Without it: the memory that has the addresses; with --all, main flash.
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    #[command(flatten)]
    consent: ConsentArgs,
}

pub fn run(args: &EraseArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let request = if args.all {
        EraseRequest::All
    } else {
        EraseRequest::Ranges(args.ranges.clone())
    };
    let mut boards = context.select()?;
    let plans = work::plan(&mut boards, |board| plan(args, &request, board));
    args.consent
        .ask_for_settings(&boards, &plans, context.output)?;
    work::carry_out(boards, &plans, &[], context.output, summary)
}

fn plan(
    args: &EraseArgs,
    request: &EraseRequest,
    board: &Board,
) -> Result<Plan<'static>, NoPlan<anyhow::Error>> {
    let (memories, alternate_setting) = memories_and_choice(args.alt.as_ref(), board)?;
    let board = board::for_plan(board, &memories);
    let plan = plan_erase(request, board, alternate_setting).map(Plan::Erase);
    plan.map_err(|error| error.map(Into::into))
}

fn summary(outcome: &Outcome, _: &Plan<'_>) -> String {
    let tally = outcome.tally;
    let checked = match tally.verified_bytes {
        0 => "not checked: this memory can't be read".to_owned(),
        bytes => format!("{} blank", count(bytes, "byte")),
    };
    format!(
        "erased {}, {checked}, in {:.1} s",
        count(tally.erased_sectors as u64, "sector"),
        outcome.seconds
    )
}

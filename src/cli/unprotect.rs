//! `stdfu unprotect`: lift read protection, which erases everything.

use clap::Args;

use crate::dfuse::plan::Plan;

use super::Context;
use super::consent::ConsentArgs;
use super::exit::Exit;
use super::work::{self, Outcome};

/// Lifts read protection, which erases ALL of the chip
///
/// The chip erases all of its flash, without a way back, and resets itself. You are asked first; where nobody can be
/// asked, as in a script, --yes has to say it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu unprotect
  stdfu unprotect --yes --serial 336133663433")]
pub struct UnprotectArgs {
    #[command(flatten)]
    consent: ConsentArgs,
}

pub fn run(args: &UnprotectArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let boards = context.select()?;
    let consequence =
        "lifting read protection erases ALL of the flash and resets the chip".to_owned();
    args.consent.ask(&[consequence], &boards, context.output)?;
    let plans: Vec<anyhow::Result<Plan<'_>>> = boards.iter().map(|_| Ok(Plan::Unprotect)).collect();
    work::carry_out(boards, &plans, context.output, summary)
}

fn summary(outcome: &Outcome, _: &Plan<'_>) -> String {
    format!(
        "read protection is lifted, everything is erased and the board was reset, in {:.1} s",
        outcome.seconds
    )
}

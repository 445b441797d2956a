//! `stdfu unprotect`: lift read protection, which erases everything.

use std::io::{self, BufRead};

use clap::Args;

use crate::dfuse::plan::Plan;
use crate::dfuse::plan::leave::plan_unprotect;

use super::Context;
use super::board::Board;
use super::diagnosis::UsageError;
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
    /// Erase everything without asking
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &UnprotectArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let boards = context.select()?;
    if !args.yes && !is_confirmed(&boards, context)? {
        return Err(UsageError {
            message: "lifting read protection erases all of the chip, and nobody has said yes"
                .to_owned(),
            hint: Some(
                "Add --yes if everything on the chip may go. Nothing was touched.".to_owned(),
            ),
        }
        .into());
    }
    let plans: Vec<anyhow::Result<Plan<'_>>> =
        boards.iter().map(|_| Ok(plan_unprotect())).collect();
    work::carry_out(boards, &plans, context.output, summary)
}

/// Asks, where there is somebody to be asked.
fn is_confirmed(boards: &[Board], context: &Context<'_>) -> anyhow::Result<bool> {
    if !context.output.can_ask() {
        return Ok(false);
    }
    let labels: Vec<String> = boards.iter().map(Board::label).collect();
    context.output.question(&format!(
        "This erases ALL of the flash of {} and resets it. Type yes to go on: ",
        labels.join(", ")
    ));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn summary(outcome: &Outcome, _: &Plan<'_>) -> String {
    format!(
        "read protection is lifted, everything is erased and the board was reset, in {:.1} s",
        outcome.seconds
    )
}

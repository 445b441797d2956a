//! `stdfu unprotect`: lift read protection, which erases everything.

use clap::Args;

use crate::cli::app::App;
use crate::cli::args::consent::ConsentArgs;
use crate::cli::dfuse;
use crate::cli::document::Inputs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::Outcome;
use crate::cli::report::Summary;
use crate::cli::select::Candidates;

/// Lifts read protection, which erases ALL of the chip
///
/// The chip erases all of its flash and resets itself. This can't be undone, so stdfu asks first; a script has to add --yes.
///
/// A board without read protection is left as it is; `stdfu erase --all` erases that one. If the board did not confirm that
/// the protection is lifted, that is an error (exit code 8).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu unprotect
  stdfu unprotect --yes --serial 336133663433")]
pub struct UnprotectArgs {
    #[command(flatten)]
    consent: ConsentArgs,
}

pub fn run(args: &UnprotectArgs, app: &App) -> Result<Exit, CliError> {
    let boards = app.select(Candidates::Dfuse)?;
    let consequence =
        "lifting read protection erases ALL of the flash and resets the chip".to_owned();
    args.consent.ask(&[consequence], &boards, &app.output)?;
    let jobs = jobs(boards, |board| Ok(dfuse::unprotect(board).into()));
    job::carry_out(jobs, &Inputs::default(), &app.output, summary)
}

fn summary(outcome: &Outcome<'_>) -> Summary {
    Summary::new(match outcome.tally.unprotected {
        Some(false) => "not read-protected; nothing was done",
        Some(true) | None => "read protection lifted, all erased, board reset",
    })
}

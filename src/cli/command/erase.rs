//! `stdfu erase`: all of a memory, or exactly the sectors of the ranges.

use clap::{ArgGroup, Args};

use crate::address::RangeRequest;
use crate::dfuse::plan::erase::EraseRequest;

use crate::cli::app::App;
use crate::cli::args::alt::AltChoice;
use crate::cli::args::consent::ConsentArgs;
use crate::cli::args::enter::EnterArgs;
use crate::cli::args::number::{amount, count, parse_range};
use crate::cli::dfuse;
use crate::cli::document::Inputs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::Outcome;
use crate::cli::report::Summary;
use crate::cli::select::Candidates;

/// Erases all of a memory, or exactly the sectors you name
///
/// Nothing is erased that you didn't name: a range that would cut a sector is refused, and the nearest borders are shown.
/// Then the sectors are read, to check that they are blank.
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
    /// ADDRESS+SIZE, ADDRESS..END (END is not erased), or a single address for the sector it is in. Numbers are decimal, or
    /// hexadecimal with 0x; K and M stand for 1024 and 1024².
    #[arg(value_name = "RANGE", value_parser = parse_range)]
    ranges: Vec<RangeRequest>,
    /// Erase all of the memory
    #[arg(long)]
    all: bool,
    /// The memory, by number or name
    ///
    /// `stdfu list` shows them. By default: the memory that has the addresses; with --all, main flash.
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    #[command(flatten)]
    enter: EnterArgs,
    #[command(flatten)]
    consent: ConsentArgs,
}

pub fn run(args: &EraseArgs, app: &App) -> Result<Exit, CliError> {
    let request = if args.all {
        EraseRequest::All
    } else {
        EraseRequest::Ranges(args.ranges.clone())
    };
    let entered = args.enter.enter(app, || Ok(Candidates::Dfuse))?;
    let app = entered.as_ref().unwrap_or(app);
    let jobs = jobs(app.select(Candidates::Dfuse)?, |board| {
        dfuse::erase(&request, args.alt.as_ref(), board).map(Into::into)
    });
    args.consent.ask_for_settings(&jobs, &app.output)?;
    job::carry_out(jobs, &Inputs::default(), &app.output, summary)
}

fn summary(outcome: &Outcome<'_>) -> Summary {
    let tally = outcome.tally;
    let sectors = count(tally.erased_sectors as u64, "sector");
    let mut summary = Summary::new(format!("{sectors} erased"));
    summary.done.push(match tally.verified_bytes {
        0 => "not checked: this memory can't be read".to_owned(),
        bytes => format!("{} blank", amount(bytes)),
    });
    summary
}

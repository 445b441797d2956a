//! `stdfu read`: what is in flash, into a file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::address::{AddressRange, RangeRequest};
use crate::board::Board;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::read::{ReadPlan, plan_read};
use crate::image::{BIN, DFU, FileIds, Stream, Write};
use crate::printable;

use crate::cli::app::App;
use crate::cli::args::alt::{AltChoice, memories_and_choice};
use crate::cli::args::enter::EnterArgs;
use crate::cli::args::format::OutputFormat;
use crate::cli::args::number::{amount, parse_range};
use crate::cli::distinct::Given;
use crate::cli::document::{Boards, RangeDocument, ReadDocument};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::{Found, Outcome};
use crate::cli::output::Output;
use crate::cli::plain;
use crate::cli::plain_error::PlainError;
use crate::cli::preview::range_text;
use crate::cli::report::{self, Summary};
use crate::cli::save;
use crate::cli::select::Candidates;
use crate::cli::task::{Planned, Task};
use crate::cli::usage::UsageError;

/// Reads flash into a file
///
/// All of the memory, or exactly the ranges. The file appears only when everything was read.
///
/// A range is ADDRESS+SIZE, ADDRESS..END (END is not read), or a single address for the sector it is in. A range may
/// begin and end anywhere.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu read flash.bin
  stdfu read flash.dfu 0x08000000+128K
  stdfu read parts.hex 0x08000000+16K 0x08010000..0x08010200
  stdfu read settings.hex --alt 1
  stdfu read - 0x08000000+32 --format hex")]
pub struct ReadArgs {
    /// The file to write; its name tells the format: .bin, .dfu, .hex or .srec; - is stdout
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// What to read; by default, all of the memory
    #[arg(value_name = "RANGE", value_parser = parse_range)]
    ranges: Vec<RangeRequest>,
    /// The memory, by number or name, as `stdfu list` shows it
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    /// The format to write, whatever the name; on stdout, bin by default
    #[arg(long, value_name = "FORMAT", value_parser = OutputFormat::parser())]
    format: Option<OutputFormat>,
    /// Read everything twice, and compare
    ///
    /// Only this finds a board that sends wrong bytes without an error.
    #[arg(long)]
    twice: bool,
    /// Overwrite OUT if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    enter: EnterArgs,
}

pub fn run(args: &ReadArgs, app: &App) -> Result<Exit, CliError> {
    let app = &app.for_contents();
    let format = format(args)?;
    check_output(args, format, app)?;
    let entered = match args.enter.asking() {
        Some(asking) => {
            let entering = app.entering(args.candidates(), asking)?;
            if entering.count() > 1 {
                return Err(too_many(entering.count()).into());
            }
            Some(app.enter(entering)?)
        }
        None => None,
    };
    let app = entered.as_ref().unwrap_or(app);
    let boards = app.select(args.candidates())?;
    let [board] = &boards[..] else {
        return Err(too_many(boards.len()).into());
    };
    let ids = board.file_ids();
    let jobs = jobs(boards, |board| plan(args, format, board));
    let outcomes = job::attempt(jobs, &app.output, &|outcome| {
        let mut found = outcome.found.iter();
        found.try_for_each(|found| write(args, &file(found, ids, format)?, &app.output))
    });
    let summary = |outcome: &Outcome<'_>| summary(args, outcome);
    let results = report::results(&outcomes, summary, &app.output);
    match is_stdout(args) {
        true => app.output.results_aside(&results),
        false => app.output.results(&results)?,
    }
    let document = |outcome| document(args, format, outcome);
    app.output.document(Boards::of(&outcomes, document))?;
    Ok(job::exit(&outcomes))
}

fn too_many(boards: usize) -> UsageError {
    UsageError {
        message: format!("one file can't hold what is in {boards} boards"),
        hint: Some(
            "Choose one board with --serial or --path, and read one after the other.".to_owned(),
        ),
    }
}

/// The format to write: the one that was named, else what the output's name promises.
fn format(args: &ReadArgs) -> Result<OutputFormat, UsageError> {
    match args.format {
        Some(format) => Ok(format),
        None if is_stdout(args) => Ok(OutputFormat::RAW),
        None if is_range(&args.output) => {
            let range = args.output.display();
            Err(UsageError {
                message: format!("{range} is a range, but the file to write comes first"),
                hint: Some(format!("Name the file first: stdfu read flash.bin {range}")),
            })
        }
        None => OutputFormat::promised_by(&args.output, "--format"),
    }
}

fn is_range(output: &Path) -> bool {
    output
        .to_str()
        .is_some_and(|text| parse_range(text).is_ok())
}

fn is_stdout(args: &ReadArgs) -> bool {
    args.output == Path::new("-")
}

/// Refuses, before the board is touched, an output that can't be written in the end.
fn check_output(args: &ReadArgs, format: OutputFormat, app: &App) -> Result<(), CliError> {
    if !is_stdout(args) {
        app.check_written(Given {
            by: "OUT",
            path: &args.output,
        })?;
        return save::check(&args.output, args.force);
    }
    if app.output.json {
        return Err(UsageError {
            message: "--json and the bytes can't both go to stdout".to_owned(),
            hint: Some("Name a file.".to_owned()),
        }
        .into());
    }
    format.check_stdout(Some("--format hex"))
}

impl ReadArgs {
    fn candidates(&self) -> Candidates {
        match self.ranges[..] {
            [] => Candidates::DfuseFirst,
            _ => Candidates::Dfuse,
        }
    }
}

fn plan(args: &ReadArgs, format: OutputFormat, board: &Board) -> Planned<'static> {
    if board.is_plain() {
        plain::refuse(&[(!args.ranges.is_empty(), "A range")])?;
        if ![&BIN, &DFU].contains(&format.format) {
            return Err(CliError::from(PlainError::Format(format.format.short_name)).into());
        }
        let plan = plain::read(args.alt.as_ref(), board, args.twice)?;
        return Ok(Task::Plain(plan));
    }
    let (memories, alternate_setting) =
        memories_and_choice(args.alt.as_ref(), board).map_err(NoPlan::into_other)?;
    let facts = board.facts(&memories);
    let plan = plan_read(&args.ranges, facts, alternate_setting, args.twice)
        .map_err(|error| error.map(CliError::OnlyLooking))?;
    if format.format == &BIN {
        check_gaps(&plan).map_err(CliError::from)?;
    }
    Ok(Plan::Read(plan).into())
}

/// A raw binary has no addresses: whoever flashed one with a gap would write there what was never read.
fn check_gaps(plan: &ReadPlan) -> Result<(), UsageError> {
    let [AddressRange { end, .. }, AddressRange { address, .. }, ..] = plan.ranges[..] else {
        return Ok(());
    };
    Err(UsageError {
        message: format!(
            "there is a gap between {end:#010x} and {address:#010x}, and a raw binary can't have gaps"
        ),
        hint: Some(
            "Write a .hex, .srec or .dfu file: those can have gaps.\nOr read one range at a time."
                .to_owned(),
        ),
    })
}

/// What was found, as a file.
fn file(found: &Found, ids: FileIds, format: OutputFormat) -> Result<Vec<u8>, CliError> {
    Ok(match (found, format.write) {
        (Found::Placed(target), Write::Elements(write)) => write(&target.elements)?,
        (Found::Placed(target), Write::Targets(write)) => write(std::slice::from_ref(target), ids)?,
        (Found::Stream(bytes), _) if bytes.is_empty() => {
            return Err(PlainError::GaveNothing.into());
        }
        (Found::Stream(bytes), Write::Elements(_)) => bytes.clone(),
        (Found::Stream(bytes), Write::Targets(_)) => Stream::of(bytes.clone()).into_file(ids),
    })
}

fn write(args: &ReadArgs, file: &[u8], output: &Output) -> Result<(), CliError> {
    if is_stdout(args) {
        output.bytes(file)
    } else {
        save::save(&args.output, file, args.force)
    }
}

fn summary(args: &ReadArgs, outcome: &Outcome<'_>) -> Summary {
    let output = match is_stdout(args) {
        true => "stdout".to_owned(),
        false => printable::path(&args.output),
    };
    let bytes = outcome.tally.read_bytes;
    let mut summary = Summary::new(format!("{} read into {output}", amount(bytes)));
    if args.twice {
        summary
            .done
            .push("twice, and the same both times".to_owned());
    }
    summary.bytes = bytes;
    if let Some(Found::Placed(target)) = &outcome.found {
        let ranges = target.elements.iter().map(|element| element.range());
        summary.details.extend(ranges.map(range_text));
    }
    summary
}

fn document<'r>(
    args: &'r ReadArgs,
    format: OutputFormat,
    outcome: &'r Outcome<'_>,
) -> ReadDocument<'r> {
    let plan = match outcome.dfuse() {
        Some(Plan::Read(plan)) => Some(plan),
        _ => None,
    };
    let ranges = plan.into_iter().flat_map(|plan| &plan.ranges);
    ReadDocument {
        result: outcome.result(),
        output: args.output.to_string_lossy(),
        format: format.format.short_name,
        alt: plan.map(|plan| plan.region.alternate_setting),
        readings: if args.twice { 2 } else { 1 },
        ranges: ranges
            .map(|range| RangeDocument {
                address: range.address,
                size: range.size(),
            })
            .collect(),
        read_bytes: outcome.tally.read_bytes,
        requests: outcome.requests,
        retries: outcome.tally.retries,
        seconds: outcome.seconds,
    }
}

//! `stdfu read`: what is in flash, into a file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::address::{AddressRange, RangeRequest};
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::read::{ReadPlan, plan_read};
use crate::image::write::{to_bin, to_dfu, to_hex, to_srec};
use crate::image::{FileIds, Format, ImageTarget};

use crate::printable;

use super::Context;
use super::alt::{AltChoice, memories_and_choice};
use super::board::{self, Board};
use super::board_result::BoardResult;
use super::diagnosis::{Diagnosis, OnlyLooking, UsageError};
use super::exit::Exit;
use super::number::{count, parse_range};
use super::output::Output;
use super::output_format::OutputFormat;
use super::save;
use super::work::{self, Outcome};

/// Reads flash into a file
///
/// All of the memory, or exactly the ranges. The file is there when all of it was read, and not before.
///
/// A range is ADDRESS+SIZE, ADDRESS..END (END is not read), or a lone address for the sector it is in. It may begin and
/// end anywhere.
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
    /// What to read; all of the memory if there is none
    #[arg(value_name = "RANGE", value_parser = parse_range)]
    ranges: Vec<RangeRequest>,
    /// The memory, by number or name, as `stdfu list` shows it
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    /// The format to write, whatever the name; for stdout, bin unless told otherwise
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Read everything twice, and compare
    ///
    /// A board that answers wrong bytes without an error is found out only this way.
    #[arg(long)]
    twice: bool,
    /// Overwrite OUT
    #[arg(long)]
    force: bool,
}

/// The JSON of the answer: a contract with scripts.
#[derive(Serialize)]
struct ReadDocument<'r> {
    boards: Vec<BoardDocument<'r>>,
}

#[derive(Serialize)]
struct BoardDocument<'r> {
    #[serde(flatten)]
    result: BoardResult<'r>,
    output: Cow<'r, str>,
    format: &'static str,
    /// Which memory, if that is known.
    alt: Option<u8>,
    ranges: Vec<RangeDocument>,
    /// How often each byte was read; where it was twice, both were the same.
    readings: u8,
    read_bytes: u64,
    requests: u64,
    retries: u32,
    seconds: f64,
}

#[derive(Serialize)]
struct RangeDocument {
    address: u32,
    size: u64,
}

pub fn run(args: &ReadArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let format = format(args)?;
    check_output(args, format, context.output.json)?;
    let mut boards = context.select()?;
    let [board] = &boards[..] else {
        return Err(UsageError {
            message: format!("one file can't hold what is in {} boards", boards.len()),
            hint: Some(
                "Name one board with --serial or --path, and read one after the other.".to_owned(),
            ),
        }
        .into());
    };
    let ids = ids(board);
    let plans = work::plan(&mut boards, |board| plan(args, format, board));
    let outcomes = work::attempt(boards, &plans, context.output, &|outcome, _| {
        let mut found = outcome.found.iter();
        let written =
            found.try_for_each(|found| write(args, &file(found, ids, format)?, context.output));
        outcome.error = written.err().map(|error| Diagnosis::from(&error));
    });
    let results = work::results(&outcomes, &plans, |outcome, _| summary(args, outcome));
    if is_stdout(args) {
        results.lines().for_each(|line| context.output.note(line));
    } else {
        context
            .output
            .summary(&results)
            .context("writing the summary")?;
    }
    let boards = outcomes
        .iter()
        .zip(&plans)
        .map(|(outcome, plan)| document(args, format, outcome, plan.as_ref().ok()))
        .collect();
    context
        .output
        .document(ReadDocument { boards })
        .context("writing the answer")?;
    Ok(work::exit(&outcomes))
}

/// The format to write: the one that was named, else what the output's name promises.
fn format(args: &ReadArgs) -> Result<OutputFormat, UsageError> {
    match args.format {
        Some(format) => Ok(format),
        None if is_stdout(args) => Ok(OutputFormat::Bin),
        None if is_range(&args.output) => {
            let range = args.output.display();
            Err(UsageError {
                message: format!("{range} is a range, where the file to write is due"),
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
fn check_output(args: &ReadArgs, format: OutputFormat, json: bool) -> anyhow::Result<()> {
    if !is_stdout(args) {
        return save::check(&args.output, args.force);
    }
    if json {
        return Err(UsageError {
            message: "--json and what is read can't both go to stdout".to_owned(),
            hint: Some("Name a file.".to_owned()),
        }
        .into());
    }
    format.check_stdout("--format")
}

fn plan(
    args: &ReadArgs,
    format: OutputFormat,
    board: &Board,
) -> Result<Plan<'static>, NoPlan<anyhow::Error>> {
    let (memories, alternate_setting) = memories_and_choice(args.alt.as_ref(), board)?;
    let facts = board::for_plan(board, &memories);
    let plan = plan_read(&args.ranges, facts, alternate_setting, args.twice)
        .map_err(|error| error.map(|error| OnlyLooking(error).into()))?;
    if format == OutputFormat::Bin {
        check_gaps(&plan).map_err(anyhow::Error::from)?;
    }
    Ok(Plan::Read(plan))
}

/// A raw binary has no addresses: whoever flashed one with a gap would write there what was never read.
fn check_gaps(plan: &ReadPlan) -> Result<(), UsageError> {
    let [AddressRange { end, .. }, AddressRange { address, .. }, ..] = plan.ranges[..] else {
        return Ok(());
    };
    Err(UsageError {
        message: format!(
            "nothing is read between {end:#010x} and {address:#010x}, and a raw binary can't have gaps"
        ),
        hint: Some(
            "Write a .hex, .srec or .dfu file: their gaps stay gaps.\nOr read one range at a time."
                .to_owned(),
        ),
    })
}

/// The ids that a file read from this board is for.
fn ids(board: &Board) -> FileIds {
    FileIds {
        vendor_id: board.info.vendor_id,
        product_id: board.info.product_id,
        device_release: 0,
    }
}

/// What was found, as a file.
fn file(found: &ImageTarget, ids: FileIds, format: OutputFormat) -> anyhow::Result<Vec<u8>> {
    Ok(match format {
        OutputFormat::Bin => to_bin(&found.elements)?,
        OutputFormat::Hex => to_hex(&found.elements).into_bytes(),
        OutputFormat::Srec => to_srec(&found.elements).into_bytes(),
        OutputFormat::Dfu => to_dfu(std::slice::from_ref(found), ids)?,
    })
}

fn write(args: &ReadArgs, file: &[u8], output: &Output) -> anyhow::Result<()> {
    if is_stdout(args) {
        output.bytes(file).context("writing to stdout")
    } else {
        save::save(&args.output, file, args.force)
    }
}

fn summary(args: &ReadArgs, outcome: &Outcome) -> String {
    let found = outcome.found.iter();
    let ranges: Vec<String> = found
        .flat_map(|found| &found.elements)
        .map(|element| format!("{:#010x}..{:#010x}", element.address, element.end()))
        .collect();
    let output = match is_stdout(args) {
        true => "stdout".to_owned(),
        false => printable::path(&args.output),
    };
    let checked = if args.twice {
        ", twice and the same both times"
    } else {
        ""
    };
    format!(
        "read {} from {} to {output}{checked}, in {:.1} s",
        count(outcome.tally.read_bytes, "byte"),
        ranges.join(" and "),
        outcome.seconds
    )
}

fn document<'r>(
    args: &'r ReadArgs,
    format: OutputFormat,
    outcome: &'r Outcome,
    plan: Option<&Plan<'_>>,
) -> BoardDocument<'r> {
    let plan = plan.and_then(|plan| match plan {
        Plan::Read(plan) => Some(plan),
        _ => None,
    });
    let ranges = plan.into_iter().flat_map(|plan| &plan.ranges);
    BoardDocument {
        result: outcome.result(),
        output: args.output.to_string_lossy(),
        format: Format::from(format).short_name(),
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

//! `stdfu verify`: compare a firmware file with what is in flash, and change nothing.

use clap::Args;

use crate::board::Board;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::choice::Choice;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::verify::plan_verify;

use crate::cli::app::App;
use crate::cli::args::alt::{AltChoice, memories_and_choice};
use crate::cli::args::enter::EnterArgs;
use crate::cli::args::firmware::FirmwareArgs;
use crate::cli::args::number::{amount, count};
use crate::cli::args::payload::Payload;
use crate::cli::compatibility;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::Outcome;
use crate::cli::plain;
use crate::cli::report::Summary;
use crate::cli::suspicion;
use crate::cli::task::{Planned, Task};

/// Compares firmware with what is in flash, and changes nothing
///
/// Every byte that the files name is read and compared, and no other. Exit code 0 means that all are the same, 9 that
/// some differ. The application isn't started.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu verify firmware.dfu
  stdfu verify firmware.bin --address 0x08000000
  stdfu verify bootloader.hex application.elf
  stdfu verify firmware.dfu --every")]
pub struct VerifyArgs {
    #[command(flatten)]
    firmware: FirmwareArgs,
    /// The memory, by number or name, as `stdfu list` shows it; of a .dfu file, only what is for it
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    /// Compare only what the board has a memory for, and list the rest
    #[arg(long)]
    only_fitting: bool,
    /// Compare even if the file is for a device with other ids, or a UF2 file for another chip
    #[arg(long)]
    any_id: bool,
    #[command(flatten)]
    enter: EnterArgs,
}

pub fn run(args: &VerifyArgs, app: &App) -> Result<Exit, CliError> {
    let app = &app.for_contents();
    let payload = args.firmware.payload(app)?;
    let entered = args.enter.enter(app, || payload.candidates(args.any_id))?;
    let app = entered.as_ref().unwrap_or(app);
    let boards = match payload.select(app, args.any_id) {
        Ok(boards) => boards,
        Err(error) => return compatibility::explain(error, args.any_id, app),
    };
    let inputs = payload.tell_oddities(&boards, &app.output);
    let jobs = jobs(boards, |board| plan(args, &payload, board));
    job::carry_out(jobs, &inputs, &app.output, summary)
}

fn plan<'i>(args: &VerifyArgs, payload: &'i Payload, board: &Board) -> Planned<'i> {
    if board.is_plain() {
        plain::refuse(&[(args.only_fitting, "--only-fitting")])?;
        let plan = plain::verify(payload, args.alt.as_ref(), board, args.any_id)?;
        return Ok(Task::Plain(plan));
    }
    let image = payload.placed()?;
    let (memories, alternate_setting) =
        memories_and_choice(args.alt.as_ref(), board).map_err(NoPlan::into_other)?;
    let choice = Choice {
        alternate_setting,
        any_id: args.any_id,
        only_fitting: args.only_fitting,
    };
    let board = board.facts(&memories);
    let plan = plan_verify(image, board, choice).map(Plan::Verify);
    let plan = plan.map_err(|error| error.map(CliError::OnlyLooking));
    Ok(suspicion::judge(image, plan)?.into())
}

fn summary(outcome: &Outcome<'_>) -> Summary {
    let bytes = outcome.tally.verified_bytes;
    let mut summary = Summary::new(format!("{} verified, all the same", amount(bytes)));
    summary.bytes = bytes;
    summary.details.push(count(bytes, "byte"));
    summary
}

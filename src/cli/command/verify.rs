//! `stdfu verify`: compare a firmware file with what is in flash, and change nothing.

use clap::Args;

use crate::board::Board;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::choice::Choice;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::verify::plan_verify;
use crate::image::Image;

use crate::cli::app::App;
use crate::cli::args::alt::{AltChoice, memories_and_choice};
use crate::cli::args::firmware::FirmwareArgs;
use crate::cli::args::number::count;
use crate::cli::compatibility;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::jobs;
use crate::cli::outcome::Outcome;
use crate::cli::suspicion;

/// Compares firmware with what is in flash, and changes nothing
///
/// Every byte that the files name is read and compared, and no other. Exit code 0 means that all of them are the same,
/// 9 that some differ. The application isn't started.
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
    /// Compare what the board has a memory for, and list what else is in the files
    #[arg(long)]
    only_fitting: bool,
    /// Compare even if the file is for a device with other ids, or a UF2 file for another chip
    #[arg(long)]
    any_id: bool,
}

pub fn run(args: &VerifyArgs, app: &App) -> Result<Exit, CliError> {
    let image = match args.firmware.load() {
        Ok(image) => image,
        Err(error) => return compatibility::explain(error, args.any_id, app),
    };
    for warning in &image.warnings {
        app.output.warning(warning);
    }
    let jobs = jobs(app.select()?, |board| plan(args, &image, board));
    let odd = suspicion::warnings(&image);
    job::carry_out(jobs, &odd, &app.output, summary)
}

fn plan<'i>(
    args: &VerifyArgs,
    image: &'i Image,
    board: &Board,
) -> Result<Plan<'i>, NoPlan<CliError>> {
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
    suspicion::judge(image, plan)
}

fn summary(outcome: &Outcome<'_>) -> String {
    format!(
        "verified {}, all the same, in {:.1} s",
        count(outcome.tally.verified_bytes, "byte"),
        outcome.seconds
    )
}

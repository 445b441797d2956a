//! `stdfu flash`: program, verify, start the application.

pub mod summary;

use std::collections::BTreeSet;

use clap::Args;

use crate::board::Board;
use crate::dfu;
use crate::dfu::plain::Leave;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::{NoPlan, PlanError};
use crate::dfuse::plan::flash::{Check, FlashOptions};

use crate::cli::app::App;
use crate::cli::args::alt::AltChoice;
use crate::cli::args::consent::ConsentArgs;
use crate::cli::args::enter::{Asking, EnterArgs};
use crate::cli::args::firmware::FirmwareArgs;
use crate::cli::args::number::parse_address;
use crate::cli::args::payload::Payload;
use crate::cli::compatibility;
use crate::cli::dfuse;
use crate::cli::document::{Boards, Inputs, PreviewDocument};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::job;
use crate::cli::job::{Job, jobs};
use crate::cli::outcome::{Outcome, bad_vector_table, oddities};
use crate::cli::output::Output;
use crate::cli::plain::{self, Sending, Verification};
use crate::cli::plain_error::PlainError;
use crate::cli::report;
use crate::cli::suspicion;
use crate::cli::task::{Planned, Task};
use crate::cli::usage::UsageError;

/// Programs firmware, checks it, and starts it
///
/// Before anything is erased, the files are checked: a damaged file is refused (exit code 6), and so is one that doesn't
/// fit the board (7).
///
/// Then each sector that the firmware needs is read. If it already holds the right bytes, it is left alone; if it is
/// blank, it is only written; otherwise it is erased and written. Other data in an erased sector is lost, unless
/// --preserve keeps it. No other sector is touched.
///
/// The block with the vector table is written last, so that an interrupted flash never starts half an application; just
/// repeat the command. At the end all of the firmware is read back and compared, also what was already there.
///
/// Option bytes and one-time programmable memory are written only when --alt names them.
///
/// A device without DfuSe, such as U-Boot or Zephyr, takes one file as it is, into the memory that --alt names. It erases by
/// itself. If the device can be read, the file is read back and compared.
///
/// `stdfu run` is the same: cargo takes `runner = "stdfu run"`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu flash firmware.dfu
  stdfu flash firmware.bin --address 0x08000000
  stdfu flash bootloader.hex application.elf
  stdfu run firmware.elf
  stdfu flash firmware.elf --enter-dfu
  stdfu flash firmware.dfu --dry-run
  stdfu flash firmware.dfu --wait --stay
  stdfu flash firmware.dfu --serial 336133663433
  stdfu flash firmware.dfu --every --count 4
  stdfu flash option-bytes.bin --address 0x1FFFC000 --alt 1 --yes
  gzip -c firmware.hex | stdfu flash -")]
pub struct FlashArgs {
    #[command(flatten)]
    pub firmware: FirmwareArgs,
    /// The memory, by number or name
    ///
    /// `stdfu list` shows them. By default: the memory that the file names, else the one with the file's addresses. If a
    /// .dfu file is for several memories, only the part for this one is written.
    #[arg(long, value_name = "MEMORY")]
    alt: Option<AltChoice>,
    /// Erase and write everything, even what is already there
    #[arg(long)]
    full: bool,
    /// Read first, and skip what is already there
    ///
    /// This is always done on boards that speak DfuSe. A device that speaks plain DFU is read first only with this option.
    #[arg(long, hide_short_help = true, conflicts_with = "full")]
    if_different: bool,
    /// Write everything, from the first block to the last
    ///
    /// For bootloaders that demand it, such as MicroPython's mboot with packed images. Those can't be read, either: add
    /// --no-verify, and nothing is read at all.
    #[arg(long)]
    in_order: bool,
    /// Keep other data in the sectors of the firmware
    ///
    /// It is read before they are erased, and written back. Without this option it is lost, and the summary says how many
    /// bytes.
    #[arg(long, conflicts_with = "mass_erase")]
    preserve: bool,
    /// Don't read back and compare
    #[arg(long)]
    no_verify: bool,
    /// Refuse a board that can't be read back
    ///
    /// Many devices that speak plain DFU can't: they leave DFU mode as soon as they have the firmware. They are refused with
    /// exit code 7.
    #[arg(long, hide_short_help = true, conflicts_with = "no_verify")]
    must_verify: bool,
    /// Erase all of the memory first
    #[arg(long)]
    mass_erase: bool,
    /// Stay in DFU mode: don't start the application
    #[arg(long)]
    stay: bool,
    #[command(flatten)]
    enter: EnterArgs,
    /// Start the application at this address
    ///
    /// The address of its vector table. By default: that of the firmware, else the beginning of main flash.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address, conflicts_with = "stay")]
    entry: Option<u32>,
    /// Flash even a file for a device with other ids
    ///
    /// Or a UF2 file for another chip.
    #[arg(long)]
    pub any_id: bool,
    /// Flash only what the board has a memory for
    ///
    /// The rest, such as data for RAM or for a memory that this board lacks, is left out and listed. Option bytes and the
    /// like are left out, too: those need --alt.
    #[arg(long)]
    only_fitting: bool,
    /// Flash even a raw file that looks linked for another address
    #[arg(long)]
    as_is: bool,
    /// Refuse a file that can't start
    ///
    /// Its initial stack pointer is not in RAM, or its reset vector is even or not in the file. Without this option, that is
    /// a warning.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    consent: ConsentArgs,
    /// Read the board, print what would be done, and change nothing
    #[arg(long, conflicts_with = "enter_dfu")]
    dry_run: bool,
}

pub fn run(args: &FlashArgs, app: &App) -> Result<Exit, CliError> {
    let payload = args.firmware.payload(app)?;
    let entered = args.enter.enter(app, || payload.candidates(args.any_id))?;
    let app = entered.as_ref().unwrap_or(app);
    let boards = match payload.select(app, args.any_id) {
        Ok(boards) => boards,
        Err(error) => return compatibility::explain(error, args.any_id, app),
    };
    let inputs = payload.tell_oddities(&boards, &app.output);
    let jobs = jobs(boards, |board| plan(args, &payload, board));
    for warning in warnings(&payload, &jobs) {
        app.output.warning(&warning);
    }
    if args.dry_run {
        return rehearse(jobs, &inputs, &app.output);
    }
    args.consent.ask_for_settings(&jobs, &app.output)?;
    let finish = |outcome: &mut Outcome<'_>| args.finish(outcome);
    job::carry_out_and(jobs, &inputs, &app.output, &finish, summary::of)
}

impl FlashArgs {
    /// Whether nothing is to be changed.
    pub fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    /// How boards that run their application are to be put into DFU mode first, if they are.
    pub fn asking(&self) -> Option<Asking<'_>> {
        self.enter.asking()
    }

    /// Refuses to change settings where nobody has said yes beforehand and nobody is asked.
    pub fn check_settings(&self, task: &Task<'_>) -> Result<(), CliError> {
        let settings = task.dfuse().map_or_else(Vec::new, Plan::changed_settings);
        match settings.first() {
            Some(settings) if !self.consent.is_given() => Err(UsageError {
                message: format!("{settings}: that needs --yes"),
                hint: None,
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Refuses what was to be verified at any price and is not.
    pub fn finish(&self, outcome: &Outcome<'_>) -> Result<(), CliError> {
        match self.must_verify && outcome.tally.accepted {
            true => Err(PlainError::NotVerified.into()),
            false => Ok(()),
        }
    }
}

/// What is odd about the file for these boards, each once.
fn warnings(payload: &Payload, jobs: &[Job<'_>]) -> BTreeSet<String> {
    let tasks = jobs.iter().filter_map(|job| job.task.as_ref().ok());
    let of_plan = |plan| {
        let of_file = payload.placed.as_ref().ok().and_then(suspicion::warning);
        oddities(plan).into_iter().chain(of_file)
    };
    tasks.filter_map(Task::dfuse).flat_map(of_plan).collect()
}

/// `--dry-run`: looks what the plans come to, and shows it. Returns the first refusal's code.
fn rehearse(jobs: Vec<Job<'_>>, inputs: &Inputs<'_>, output: &Output) -> Result<Exit, CliError> {
    let outcomes = job::attempt(jobs, output, &|_| Ok(()));
    for outcome in &outcomes {
        if let (None, Some(preview)) = (&outcome.error, &outcome.preview) {
            output.listing(&format!(
                "{}: dry run, nothing is erased or written\n{}",
                outcome.name(),
                preview.text
            ))?;
        }
    }
    report::failures(outcomes.iter().map(Outcome::end), output);
    let documents = Boards::of(&outcomes, |outcome| PreviewDocument {
        result: outcome.result(),
        warnings: inputs
            .odd
            .iter()
            .cloned()
            .chain(outcome.oddities())
            .collect(),
        plan: match (&outcome.error, &outcome.preview) {
            (None, Some(preview)) => Some(&preview.document),
            _ => None,
        },
    });
    output.document(documents.given(inputs.files))?;
    Ok(job::exit(&outcomes))
}

/// What is wanted of a board.
pub fn plan<'i>(args: &FlashArgs, payload: &'i Payload, board: &Board) -> Planned<'i> {
    if board.is_plain() {
        return Ok(Task::Plain(plan_plain(args, payload, board)?));
    }
    let image = payload.placed()?;
    let options = FlashOptions {
        full: args.full,
        in_order: args.in_order,
        preserve: args.preserve,
        mass_erase: args.mass_erase,
        verify: !args.no_verify,
        start: !args.stay,
        entry: args.entry,
        any_id: args.any_id,
        only_fitting: args.only_fitting,
        placed_at: args.firmware.reading.address.filter(|_| !args.as_is),
        ..FlashOptions::PLAIN
    };
    let plan = dfuse::flash(image, args.alt.as_ref(), board, options, |plan| {
        Ok(match args.dry_run {
            true => Plan::Rehearse(plan),
            false => Plan::Flash(plan),
        })
    })?;
    if let Some(fault) = bad_vector_table(&plan).filter(|_| args.strict) {
        let error = PlanError::BadVectorTable(fault.clone());
        return Err(NoPlan::Refused(error.into()));
    }
    if args.must_verify {
        check_verification(&plan)?;
    }
    Ok(plan.into())
}

/// Refuses a memory that can't be read back.
fn check_verification(plan: &Plan<'_>) -> Result<(), CliError> {
    let mut memories = plan.flash().into_iter().flat_map(|plan| &plan.memories);
    match memories.find(|memory| memory.check != Check::ReadBack) {
        Some(memory) => Err(CliError::CantVerify(memory.region.name.clone())),
        None => Ok(()),
    }
}

fn plan_plain<'p>(
    args: &FlashArgs,
    payload: &'p Payload,
    board: &Board,
) -> Result<dfu::plain::Plan<'p>, CliError> {
    plain::refuse(&[
        (args.full, "--full"),
        (args.preserve, "--preserve"),
        (args.mass_erase, "--mass-erase"),
        (args.entry.is_some(), "--entry"),
        (args.only_fitting, "--only-fitting"),
        (args.as_is, "--as-is"),
        (args.strict, "--strict"),
    ])?;
    let sending = Sending {
        if_different: args.if_different,
        verify: match (args.no_verify, args.must_verify) {
            (true, _) => Verification::NotWanted,
            (false, true) => Verification::Demanded,
            (false, false) => Verification::WhereItCanBe,
        },
        leave: match args.stay {
            true => Leave::No,
            false => Leave::Yes,
        },
        any_id: args.any_id,
    };
    let download = plain::download(payload, args.alt.as_ref(), board, sending)?;
    Ok(match args.dry_run {
        true => dfu::plain::Plan::Rehearse(download),
        false => dfu::plain::Plan::Download(download),
    })
}

//! `stdfu station`: one board after the other, for ever, with a log.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;

use crate::board::Board;
use crate::chip::serial_port::asks;
use crate::usb::{DeviceInfo, DfuMode, Occupant};

use crate::cli::app::App;
use crate::cli::args::payload::Payload;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::distinct::Given;
use crate::cli::document::StationEndDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::output::trace;
use crate::cli::select::{Application, Candidates, SelectError, Selection};
use crate::cli::station::core::Core;
use crate::cli::station::log::Log;
use crate::cli::station::port::Fitness;
use crate::cli::station::remedy;
use crate::cli::station::verdict::Counts;
use crate::cli::station::view::Stage;
use crate::cli::station::work::Work;
use crate::cli::station::{Ending, Station};
use crate::cli::usage::UsageError;

use super::flash::{self, FlashArgs};
use super::leave;

/// Programs one board after the other, with a log
///
/// Plug in a board in DFU mode: it is programmed and checked, as by `stdfu flash`. When PASS or FAIL is shown, take it out and
/// plug in the next one, at this port or at others at the same time. Ctrl-C ends it when the boards at work are done, and
/// says how many were good; a second Ctrl-C stops these boards.
///
/// No board is programmed twice by accident: one whose serial number is good in the log is refused, and one that stays at
/// its port is left alone. A port is free when nothing was there for 3 seconds.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu station firmware.dfu --log line.jsonl
  stdfu station firmware.hex --log line.csv
  stdfu station firmware.dfu --path 1-2 --path 1-3
  stdfu station firmware.dfu --json --log line.jsonl")]
pub struct StationArgs {
    #[command(flatten)]
    flash: FlashArgs,
    /// Keep a line for each board in this file
    ///
    /// As JSON, or as CSV where the name ends with .csv. What is there is continued.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Program boards even if they are good in the log
    #[arg(long)]
    again: bool,
}

pub fn run(args: &StationArgs, app: &App) -> Result<Exit, CliError> {
    args.check(app)?;
    let payload = args.flash.firmware.payload_with_hashes(app)?;
    let candidates = candidates(&payload, args.flash.any_id, app)?;
    payload.tell_warnings(&app.output);
    let log = open_log(args, app)?;
    let bus = app.bus()?;
    let plan = |board: &Board| {
        let task = flash::plan(&args.flash, &payload, board)?;
        args.flash.check_settings(&task)?;
        Ok(task)
    };
    let asking = args.flash.asking();
    let files = payload.files();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let sha256: Vec<String> = files.iter().map(|file| file.sha256.clone()).collect();
    let station = Station {
        work: Work {
            bus: bus.as_ref(),
            watch: &|info| trace::watch(&app.output, info),
            running: &|path| at(path, app).running(asking.unwrap_or_default()),
            call: &|applications| call(applications, app),
            leave: &|board| leave::plan(None, board),
            leaves_out: &|board| app.selection.leaves_out(board),
            plan: &plan,
            finish: &|outcome| args.flash.finish(outcome),
            odd: &|outcome| payload.odd_for(outcome.is_plain()).into_iter().collect(),
            summary: flash::summary::of,
            sha256: &sha256,
            log: &log,
            again: args.again,
        },
        fitness: &|info| fitness(info, candidates, asking.is_some(), app),
        fitness_without: &|path, occupant| fitness_without(path, occupant, asking.is_some(), app),
        title: names.join(" "),
        output: app.output.clone(),
    };
    let (counts, ended) = {
        let _watched = interrupt::watch_and_finish();
        let core = Core::with_ports(app.selection.named_paths().iter().map(String::as_str));
        station.run(core, &mut *app.output.station(), &stage)
    };
    end(counts, ended, app)
}

/// How far the station is from its end, as far as somebody has asked for it.
fn stage() -> Stage {
    match (interrupt::is_closing(), interrupt::requested()) {
        (false, _) => Stage::Open,
        (true, false) => Stage::Closing,
        (true, true) => Stage::Stopping,
    }
}

impl StationArgs {
    /// Refuses what makes no sense here.
    fn check(&self, app: &App) -> Result<(), CliError> {
        let refused = |message: &str, hint: &str| UsageError {
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        };
        if self.flash.is_rehearsal() {
            let hint = "To see what would be done with one board: `stdfu flash --dry-run`.";
            return Err(refused("a station has no --dry-run", hint).into());
        }
        if app.selection.waits() {
            let hint = "Leave it out: a station waits for every board.";
            return Err(refused("--wait means nothing at a station", hint).into());
        }
        if app.selection.is_every() {
            let hint = "Leave it out: a station flashes every board that comes.";
            return Err(refused("--every means nothing at a station", hint).into());
        }
        if self.flash.asking().is_some() && !app.selection.names_devices() {
            let hint =
                "Say with --id or --path which devices may be asked to leave their application.";
            return Err(refused(
                "--enter-dfu would ask every device that is plugged in",
                hint,
            )
            .into());
        }
        Ok(())
    }
}

/// The devices that the firmware can be for.
fn candidates(payload: &Payload, any_id: bool, app: &App) -> Result<Candidates, CliError> {
    if payload.lacks_address() && !app.selection.names_devices() {
        payload.placed()?;
    }
    payload.candidates(any_id)
}

fn open_log(args: &StationArgs, app: &App) -> Result<Mutex<Log>, CliError> {
    let Some(path) = &args.log else {
        return Ok(Mutex::default());
    };
    app.check_written(Given { by: "--log", path })?;
    let (log, torn) = Log::open(path)?;
    if let Some(line) = torn {
        app.output.warning(&format!(
            "the last line of the log was cut short, as by a power failure, and is taken out; that board is unknown:\n{line}"
        ));
    }
    Ok(Mutex::new(log))
}

/// What can be done with a device, before it is opened.
fn fitness(info: &DeviceInfo, candidates: Candidates, enters_dfu_mode: bool, app: &App) -> Fitness {
    let ids = (info.vendor_id, info.product_id);
    if app.selection.leaves_out_place(&info.path, ids).is_some() {
        return Fitness::Other;
    }
    match info.mode {
        DfuMode::Dfu if candidates.may_be(info, app.selection.is_named()) => Fitness::Ready,
        DfuMode::Dfu => Fitness::Unusable(remedy::takes_other_firmware()),
        DfuMode::Runtime if enters_dfu_mode => Fitness::Running,
        DfuMode::Runtime => Fitness::Unusable(remedy::runs_its_application(None)),
        DfuMode::Flip | DfuMode::Unknown(_) => Fitness::Other,
    }
}

/// The same, of a device without a DFU interface.
fn fitness_without(path: &str, occupant: Occupant, enters_dfu_mode: bool, app: &App) -> Fitness {
    let left_out = app
        .selection
        .leaves_out_place(&path.to_owned(), occupant.ids);
    match (left_out, enters_dfu_mode, asks(occupant.ids)) {
        (Some(_), ..) | (None, false, None) => Fitness::Other,
        (None, true, _) => Fitness::Running,
        (None, false, asks) => Fitness::Unusable(remedy::runs_its_application(asks)),
    }
}

/// The same with the board at a path, and no other.
fn at(path: &str, app: &App) -> App {
    let mut there = app.clone();
    there.selection = Selection::at(vec![path.to_owned()]);
    there
}

/// Puts a board into DFU mode.
fn call(applications: &mut [Application], app: &App) -> Result<(), CliError> {
    let ended = app.ask_all(applications)?;
    ended.into_iter().try_for_each(|(_, ended)| ended)
}

/// Says how many boards came to which verdict, and why the station has ended. That somebody wanted it to is no error, nor
/// that nobody reads what it says.
fn end(counts: Counts, ended: Result<Ending, CliError>, app: &App) -> Result<Exit, CliError> {
    let (error, is_error) = match ended {
        Ok(Ending::Unheard) => {
            app.output
                .note("nobody reads what is said of the boards any more, so no other was begun");
            return Ok(Exit::Done);
        }
        Ok(Ending::Asked) => (SelectError::Interrupted.into(), false),
        Err(error) => (error, true),
    };
    let mut said = format!(
        "{} good, {} failed, {} refused",
        counts.good, counts.failed, counts.refused
    );
    for (count, what) in counts.others().filter(|(_, what)| *what != "refused") {
        said += &format!(", {count} {what}");
    }
    app.output.summary(&(said + "\n"))?;
    let diagnosis = interrupt::explained(Diagnosis::from(&error));
    app.output
        .document(StationEndDocument::of(counts, &diagnosis))?;
    match !is_error && diagnosis.exit == Exit::Interrupted {
        true => Ok(diagnosis.exit),
        false => Err(error),
    }
}

//! `stdfu decode`: a recorded session in words.

mod against;
mod document;
mod extract;
mod text;
mod words;

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::printable;
use crate::recording::compare::Comparison;
use crate::recording::decode::operations;
use crate::recording::device::{Identity, RecordedDevice};
use crate::recording::finding::Finding;
use crate::recording::operation::Operation;
use crate::recording::review::{findings, knowledge};
use crate::recording::runs::{Run, runs};
use crate::recording::session::Recording;
use crate::recording::summary::{Summary, summary};
use crate::sim::spec::BoardSpec;

use crate::cli::app::App;
use crate::cli::error::{CliError, Doing};
use crate::cli::exit::Exit;
use crate::cli::recorded::RecordedError;
use crate::cli::stdin;
use crate::cli::suggest::file::mistake;

/// Tells a recorded session in words
///
/// What the host asked, what the device answered, and how long it took. RECORDING is what --record has written, or what
/// Wireshark, dumpcap or USBPcap have captured of any program: pcapng or pcap. With -v, every transfer is shown.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu decode recording.pcapng
  stdfu decode recording.pcapng -v
  stdfu decode recording.pcapng --extract sent.hex
  stdfu decode recording.pcapng --against f405
  stdfu decode recording.pcapng --path 1.7")]
pub struct DecodeArgs {
    /// The recording; - is stdin
    #[arg(value_name = "RECORDING")]
    file: PathBuf,
    /// Write the firmware that was sent or read to a file
    ///
    /// Its name tells the format: .dfu, .hex, .srec or .bin. What was sent counts, with what was read of it after
    /// that; where nothing was sent, what was read.
    #[arg(long, value_name = "OUT")]
    extract: Option<PathBuf>,
    /// Say where a simulated board differs from the recorded one
    ///
    /// The board is asked what the recorded one was asked. Such as f405; `stdfu sim --list` lists the boards.
    #[arg(long, value_name = "BOARD", value_parser = against::parse_board)]
    against: Option<BoardSpec>,
    /// Overwrite OUT if it exists
    #[arg(long, requires = "extract")]
    force: bool,
}

/// A device with DFU, and what was done with it.
pub struct Decoded<'r> {
    pub device: &'r RecordedDevice,
    pub identity: Identity,
    pub operations: Vec<Operation>,
    pub runs: Vec<Run>,
    pub findings: Vec<Finding>,
    /// What is known of such a device, a sentence each.
    pub knowledge: Vec<String>,
    /// How a simulated board of this name compares, where one was named.
    pub against: Option<(&'static str, Comparison)>,
    pub summary: Summary,
}

impl<'r> Decoded<'r> {
    fn of(device: &'r RecordedDevice) -> Option<Self> {
        let identity = device.identity()?;
        let operations = operations(device, &identity);
        let runs = runs(&operations, &identity);
        let summary = summary(&operations, &runs);
        Some(Self {
            device,
            findings: findings(device, &identity, &operations),
            knowledge: knowledge(&identity, &operations),
            against: None,
            identity,
            operations,
            runs,
            summary,
        })
    }

    /// Whether anything of DFU was asked of it, or would have been.
    fn is_used(&self) -> bool {
        let mut transfers = self.device.transfers.iter();
        transfers.any(|transfer| self.identity.request(transfer).is_some())
            || self.device.why_closed().is_some()
    }

    /// What `--path` calls it, and what it is called.
    fn name(&self) -> String {
        self.device.name()
    }
}

pub fn run(args: &DecodeArgs, app: &App) -> Result<Exit, CliError> {
    let name = match args.file == Path::new("-") {
        true => "stdin".to_owned(),
        false => printable::path(&args.file),
    };
    let output = args.extract.as_deref();
    let format = output
        .map(|output| extract::check(output, &args.file, args.force))
        .transpose()?;
    let recording = open(&args.file)
        .and_then(|file| Ok(Recording::read(file).map_err(RecordedError::from)?))
        .doing(&name)?;
    let mut decoded = chosen(&recording, app.selection.named_paths()).doing(&name)?;
    if let Some(board) = &args.against {
        for device in &mut decoded {
            let comparison = against::comparison(device, board)?;
            device.against = comparison.map(|comparison| (board.board.name, comparison));
        }
    }
    let details = app.output.shows_details();
    let text = text::text(&name, &recording, &decoded, details);
    match details {
        // Transfers are lines to be searched and counted.
        true => app.output.answer(&text)?,
        false => app.output.listing(&text)?,
    }
    if let Some(broken) = &recording.broken {
        app.output
            .warning(&format!("{name}: {broken}. What comes before is shown."));
    }
    if let (Some(output), Some(format)) = (output, format) {
        extract::run(&decoded, output, format, args.force, app)?;
    }
    app.output
        .document(document::document(&name, &recording, &decoded))?;
    Ok(Exit::Done)
}

fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(stdin::file()?));
    }
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => CliError::NoSuchFile {
            error,
            mistake: mistake(path),
        },
        _ => error.into(),
    })?;
    Ok(Box::new(BufReader::new(file)))
}

/// The devices that are meant: those that were named, else those that were asked something of DFU, else those that have it.
fn chosen<'r>(
    recording: &'r Recording,
    paths: &[String],
) -> Result<Vec<Decoded<'r>>, RecordedError> {
    let devices = recording.devices.iter();
    let with_dfu: Vec<Decoded<'r>> = devices.filter_map(Decoded::of).collect();
    let all: Vec<String> = recording.devices.iter().map(RecordedDevice::name).collect();
    if let Some(path) = paths
        .iter()
        .find(|path| !recording.devices.iter().any(|device| device.is_named(path)))
    {
        return Err(RecordedError::NoSuchDevice {
            path: path.clone(),
            devices: all,
        });
    }
    let is_used = with_dfu.iter().any(Decoded::is_used);
    let is_meant = |decoded: &Decoded<'_>| match paths {
        [] => decoded.is_used() || !is_used,
        paths => paths.iter().any(|path| decoded.device.is_named(path)),
    };
    let meant: Vec<Decoded<'r>> = with_dfu.into_iter().filter(is_meant).collect();
    match meant.is_empty() && !recording.devices.is_empty() {
        true => Err(RecordedError::NoDfu { devices: all }),
        false => Ok(meant),
    }
}

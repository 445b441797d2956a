//! `--record`: all that passes between stdfu and its boards, as a file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use clap::Args;

use crate::printable;
use crate::recording::bus::{Firmware, RecordedBus};
use crate::recording::recorder::{About, Incomplete, Recorder};
use crate::usb::Bus;

use super::distinct::Given;
use super::document::InputDocument;
use super::environment::{self, Variable};
use super::error::{CliError, Doing};
use super::usage::UsageError;
use super::{evidence, shell};

/// What is to be recorded.
#[derive(Debug, Clone, Args)]
pub struct RecordArgs {
    /// Record all USB transfers in a file, for Wireshark
    ///
    /// As pcapng, with data and times. It shows what a board did to whoever doesn't have it, so send it with a report of
    /// trouble. It holds the firmware, and the board's serial number.
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "FILE",
        help_heading = "Output"
    )]
    record: Option<PathBuf>,
    /// Leave the firmware out of the recording
    ///
    /// Of each block, only its length and its SHA-256 are recorded.
    #[arg(long, global = true, hide_short_help = true, help_heading = "Output")]
    record_without_data: bool,
}

/// Whether a command talks to boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talks {
    Always,
    /// Where an option chooses one.
    IfChosen,
    Never,
}

impl Talks {
    /// Refuses to record what can't be.
    ///
    /// # Errors
    /// Nothing will be asked of any board.
    pub fn check(self) -> Result<(), UsageError> {
        let hint = match self {
            Self::Always => return Ok(()),
            Self::IfChosen => {
                "Leave out --record, or choose a board with an option such as --path."
            }
            Self::Never => "Leave out --record.",
        };
        let message = "this command asks no board for anything, so there is nothing to record";
        Err(usage(message, hint))
    }
}

/// Records a command, where that is asked for.
#[derive(Debug)]
pub struct Recording {
    args: RecordArgs,
    /// What is said of the files of the command line, a line each.
    files: Mutex<Vec<String>>,
    /// Once there is a bus.
    recorder: OnceLock<Arc<Recorder>>,
}

impl Recording {
    /// Of a command line. Nothing is written yet.
    pub fn new(args: RecordArgs) -> Self {
        Self {
            args,
            files: Mutex::default(),
            recorder: OnceLock::new(),
        }
    }

    /// Whether one is asked for.
    pub fn is_wanted(&self) -> bool {
        self.args.record.is_some()
    }

    /// The file, where one is asked for.
    ///
    /// # Errors
    /// Firmware is to be left out of a recording that nobody has asked for.
    pub fn given(&self) -> Result<Option<Given<'_>>, UsageError> {
        match self.args.record.as_deref() {
            None if self.args.record_without_data => Err(usage(
                "--record-without-data is about a recording, and none is made",
                NAME_A_FILE,
            )),
            path => Ok(path.map(|path| Given {
                by: "--record",
                path,
            })),
        }
    }

    /// Takes note of the files that a board is to be given. They are told at the beginning of the recording.
    pub fn tell_files(&self, files: &[InputDocument]) {
        let lines = files.iter().map(|file| {
            let name = without_folders(OsStr::new(&file.name));
            format!("file: {name}, {} bytes, SHA-256 {}", file.size, file.sha256)
        });
        let mut told = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        told.extend(lines);
    }

    /// The bus with everything on it recorded from now on, or as it is.
    ///
    /// # Errors
    /// The file is there already, or can't be written.
    pub fn around(&self, bus: Arc<dyn Bus>) -> Result<Arc<dyn Bus>, CliError> {
        let Some(path) = &self.args.record else {
            return Ok(bus);
        };
        let set = Variable::ALL.into_iter().filter_map(|variable| {
            let value = environment::value(variable)?;
            Some((variable.name(), value))
        });
        let comment = format!("command: {}", command_line(set, std::env::args_os()));
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let about = About {
            application: format!("stdfu {}", env!("CARGO_PKG_VERSION")),
            comments: [comment].into_iter().chain(files.iter().cloned()).collect(),
        };
        let recorder = Recorder::start(create(path)?, about).doing(printable::path(path))?;
        let recorder = self.recorder.get_or_init(|| Arc::new(recorder));
        evidence::is_recorded_in(path);
        let firmware = match self.args.record_without_data {
            true => Firmware::LeftOut,
            false => Firmware::Recorded,
        };
        Ok(Arc::new(RecordedBus::new(
            bus,
            Arc::clone(recorder),
            firmware,
        )))
    }

    /// Ends it, with the code that the command ends with. What is to be said of it, if anything.
    pub fn finish(&self, exit_code: u8) -> Option<String> {
        let path = self.args.record.as_deref()?;
        let name = printable::path(path);
        match self.recorder.get()?.finish(exit_code).err()? {
            Incomplete::Beginning(error) => {
                let error = CliError::from(error).message();
                Some(format!("{name} has only the beginning: {error}"))
            }
            Incomplete::Nothing(error) => {
                remove_if_empty(path);
                let error = CliError::from(error).message();
                Some(format!("there is no recording {name}: {error}"))
            }
        }
    }
}

fn usage(message: &str, hint: &str) -> UsageError {
    UsageError {
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    }
}

const NAME_A_FILE: &str = "Name a file, such as --record session.pcapng.";
const WATCH_IT: &str = "\
Name a new file. To watch it while it is made:
tail -c +1 -F session.pcapng | wireshark -k -i -";

/// Where it can't be removed, it stays empty.
fn remove_if_empty(path: &Path) {
    if fs::metadata(path).is_ok_and(|there| there.len() == 0) {
        let _ = fs::remove_file(path);
    }
}

/// A new file, and nothing but a file: whoever reads a pipe could keep the board waiting.
fn create(path: &Path) -> Result<File, CliError> {
    if path == Path::new("-") {
        let message = "a recording can't go to stdout, where the answer goes";
        return Err(usage(message, NAME_A_FILE).into());
    }
    let is_no_file = |there: fs::Metadata| !there.is_file() && !there.is_dir();
    if path.metadata().is_ok_and(is_no_file) {
        let name = printable::path(path);
        let message = format!("a recording has to be a file, and {name} is none");
        return Err(usage(&message, WATCH_IT).into());
    }
    File::create_new(path).map_err(|error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => CliError::RecordingThere(printable::path(path)),
        _ => CliError::While {
            what: printable::path(path),
            error: Box::new(error.into()),
        },
    })
}

/// The command line after the variables that are set and count, with no folders in it: they tell of the person more than of
/// the board.
fn command_line<'v>(
    set: impl Iterator<Item = (&'v str, String)>,
    arguments: impl Iterator<Item = OsString>,
) -> String {
    let word = |text: &OsStr| shell::word(&without_folders(text));
    let set = set.map(|(name, value)| format!("{name}={}", word(OsStr::new(&value))));
    let words = set.chain(arguments.map(|argument| word(&argument)));
    words.collect::<Vec<_>>().join(" ")
}

/// Paths cut down to the names of files, also where they are the value of an option: `--sim=f405,flash=/tmp/board.bin`.
fn without_folders(argument: &OsStr) -> String {
    let argument = argument.to_string_lossy();
    let parts = argument.split_inclusive(['=', ',']).map(|part| {
        let end = part.trim_end_matches(['=', ',', '/', '\\']).len();
        let start = part[..end].rfind(['/', '\\']).map_or(0, |slash| slash + 1);
        &part[start..]
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_is_told() {
        let check = |argument: &str, expected| {
            assert_eq!(without_folders(OsStr::new(argument)), expected);
        };
        check("flash", "flash");
        check("/home/somebody/secret/firmware.dfu", "firmware.dfu");
        check("../build/firmware.elf", "firmware.elf");
        check(r"C:\Users\Somebody\firmware.hex", "firmware.hex");
        check(
            "--sim=f405,flash=/tmp/somebody/board.bin,timing=real",
            "--sim=f405,flash=board.bin,timing=real",
        );
        check("build/", "build/");
        check("0x08000000..0x08020000", "0x08000000..0x08020000");
        check("", "");
    }

    #[test]
    fn a_command_line_can_be_copied() {
        let words = ["/usr/bin/stdfu", "flash", "/home/me/my firmware.dfu"];
        let words = || words.into_iter().map(OsString::from);
        let line = command_line([].into_iter(), words());
        assert_eq!(line, "stdfu flash \"my firmware.dfu\"");
        let set = [("STDFU_SIM", "f405,flash=/home/me/board.bin;l476".to_owned())];
        let line = command_line(set.into_iter(), words());
        let expected = "STDFU_SIM='f405,flash=board.bin;l476' stdfu flash \"my firmware.dfu\"";
        assert_eq!(line, expected);
    }

    #[test]
    fn nothing_takes_the_place_of_a_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("a.pcapng");
        std::fs::write(&path, b"kept").expect("a new file");
        let error = create(&path).expect_err("it is there").message();
        assert_eq!(error, format!("{} already exists", path.display()));
        assert_eq!(std::fs::read(&path).expect("the file"), b"kept");
        assert!(create(directory.path()).is_err());
        assert!(matches!(
            create(Path::new("-")),
            Err(CliError::Usage(UsageError { .. }))
        ));
    }
}

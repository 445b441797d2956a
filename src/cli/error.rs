//! Every error that ends a command: its exit code and the next step.

mod entering;
mod file;
mod plain;
mod plan;
mod recorded;
mod selection;
mod session;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::board::NoLayout;
use crate::dfu::enter::EnterError;
use crate::dfu::error::SessionError;
use crate::dfuse::plan::error::PlanError;
use crate::image::{FilesError, ImageError, WriteError};
use crate::sim::replay::ReplayError;
use crate::sim::{FlashFileError, SimError};
use crate::usb::UsbError;

use super::args::alt::AltError;
use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::plain_error::PlainError;
use super::recorded::RecordedError;
use super::select::SelectError;
use super::shell;
use super::station::log::LogError;
use super::suggest::file::Mistake;
use super::suggest::{self, nearest};
use super::usage::UsageError;
use super::usb_trouble::of_usb;
use entering::of_entering;
use file::{of_files, of_image, of_writing};
use plain::of_plain;
use plan::of_plan;
use recorded::{of_recorded, of_recording};
use selection::of_selection;
use session::of_session;

/// Why a command, or the work on one board, ends without having done what it was for.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line makes no sense.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// There is no board to work with, or no telling which.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// `--alt` names no memory.
    #[error(transparent)]
    Alt(#[from] AltError),
    /// The board tells of no memory.
    #[error(transparent)]
    NoLayout(#[from] NoLayout),
    /// What is to be changed on the board can't be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It can't be done with a device that has no DfuSe.
    #[error(transparent)]
    Plain(#[from] PlainError),
    /// The same, where nothing was to be changed.
    #[error(transparent)]
    OnlyLooking(PlanError),
    /// An application is not in DFU mode.
    #[error(transparent)]
    Enter(#[from] EnterError),
    /// The board did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Firmware files that can't be read, or don't go together.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A firmware file whose name is told by [`CliError::While`].
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Firmware that a format can't hold.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A recording that can't be told.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// No USB, or no board on it any more.
    #[error(transparent)]
    Usb(#[from] UsbError),
    /// A recording that can't be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A simulated board that can't be had.
    #[error(transparent)]
    Simulation(#[from] SimError),
    /// A station's log can't be kept.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is to be verified at any price can't be.
    #[error("{0} can't be read back on this board")]
    CantVerify(String),
    /// The file to write is there.
    #[error("{0} already exists")]
    AlreadyThere(String),
    /// The recording to write is there.
    #[error("{0} already exists")]
    RecordingThere(String),
    /// A file to read is not.
    #[error("{error}")]
    NoSuchFile {
        /// In the system's words.
        error: io::Error,
        /// What may have been meant.
        mistake: Option<Mistake>,
    },
    /// What else the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What has no code of its own, in words.
    #[error("{0}")]
    Other(String),
    /// Any of them, with what was being done or which file it is about.
    #[error("{what}")]
    While {
        /// What, in words.
        what: String,
        /// What came of it.
        #[source]
        error: Box<CliError>,
    },
}

/// Says what was being done when something went wrong.
pub trait Doing<T> {
    /// Puts `what` before what went wrong.
    fn doing(self, what: impl Display) -> Result<T, CliError>;
}

impl<T, E: Into<CliError>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Display) -> Result<T, CliError> {
        self.map_err(|error| CliError::While {
            what: what.to_string(),
            error: Box::new(error.into()),
        })
    }
}

impl From<&CliError> for Diagnosis {
    fn from(error: &CliError) -> Self {
        let (exit, hint) = error.verdict();
        Self {
            exit,
            message: error.message(),
            hint,
        }
    }
}

impl CliError {
    /// What went wrong, from the outermost to the cause.
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            message += &format!(": {error}");
            source = error.source();
        }
        message
    }

    /// The code to end with, and the next step.
    fn verdict(&self) -> (Exit, Option<String>) {
        let layouts = || "`stdfu list` shows the memories of the board.".to_owned();
        match self {
            Self::Usage(UsageError { hint, .. }) => (Exit::Usage, hint.clone()),
            Self::Select(error) => of_selection(error),
            Self::Alt(AltError::Unknown { name, names }) => {
                let near = nearest(name, names.iter().map(String::as_str));
                let near: Vec<String> = near
                    .iter()
                    .map(|name| shell::option("--alt", name))
                    .collect();
                let question = suggest::did_you_mean(&near).map(|question| question + "\n");
                let hint = question.unwrap_or_default() + &layouts();
                (Exit::DoesNotFit, Some(hint))
            }
            Self::Alt(
                AltError::Ambiguous { .. }
                | AltError::NoNumber { .. }
                | AltError::Unusable { .. }
                | AltError::NoLayout(_),
            )
            | Self::NoLayout(_) => (Exit::DoesNotFit, Some(layouts())),
            Self::Plan(error) => of_plan(error, " Nothing was erased."),
            Self::OnlyLooking(error) => of_plan(error, ""),
            Self::Enter(error) => of_entering(error),
            Self::Plain(error) => of_plain(error),
            Self::Session(error) => of_session(error),
            Self::Files(error) => of_files(error),
            Self::Image(error) => of_image(error),
            Self::Write(error) => of_writing(error),
            Self::Recorded(error) => of_recorded(error),
            Self::Usb(error) => of_usb(error),
            Self::Replay(error) => of_replay(error),
            Self::Simulation(error) => of_simulation(error),
            Self::Log(error) => of_log(error),
            Self::CantVerify(_) => (
                Exit::DoesNotFit,
                Some(
                    "Without --must-verify it is flashed anyway, unchecked. Nothing was erased."
                        .to_owned(),
                ),
            ),
            Self::AlreadyThere(_) => (
                Exit::Other,
                Some("Nothing was written; --force overwrites it.".to_owned()),
            ),
            Self::RecordingThere(_) => (
                Exit::Other,
                Some(
                    "A recording takes no other file's place: name a new one. No board was touched."
                        .to_owned(),
                ),
            ),
            Self::NoSuchFile { mistake, .. } => of_missing(mistake.as_ref()),
            Self::Io(_) | Self::Other(_) => (Exit::Other, None),
            Self::While { error, .. } => error.verdict(),
        }
    }
}

fn of_log(error: &LogError) -> (Exit, Option<String>) {
    let (exit, hint) = match error {
        LogError::InUse { .. } => (
            Exit::System,
            "Each station needs a log of its own: name another file with --log.",
        ),
        LogError::Foreign { .. } => (
            Exit::Usage,
            "Nothing was changed in it. Name another file with --log.",
        ),
        LogError::Io { .. } => (
            Exit::Other,
            "Put that right, or name another file with --log. A station that is started again continues its log.",
        ),
    };
    (exit, Some(hint.to_owned()))
}

/// A board that can't be opened.
pub fn of_closed(error: &UsbError) -> Diagnosis {
    let (exit, hint) = of_usb(error);
    Diagnosis {
        exit,
        message: match error {
            UsbError::NoDevice => "it was unplugged in the meantime".to_owned(),
            _ => format!("can't be opened: {error}"),
        },
        hint,
    }
}

fn of_missing(mistake: Option<&Mistake>) -> (Exit, Option<String>) {
    match mistake {
        Some(Mistake::Address(address)) => (
            Exit::Usage,
            Some(format!(
                "If this is the address of a raw binary: --address {address}."
            )),
        ),
        Some(Mistake::Seconds(seconds)) => (
            Exit::Usage,
            Some(format!("If this is how long to wait: --wait={seconds}.")),
        ),
        Some(Mistake::Name(near)) => {
            let near: Vec<String> = near.iter().map(|name| shell::file(name)).collect();
            (Exit::Other, suggest::did_you_mean(&near))
        }
        None => (Exit::Other, None),
    }
}

fn of_replay(error: &ReplayError) -> (Exit, Option<String>) {
    match error {
        ReplayError::Io(_) => (Exit::Other, None),
        ReplayError::Recording(error) => of_recording(error),
        ReplayError::NoDescriptors => (
            Exit::File,
            Some(
                "Recordings that stdfu makes have them; another capture has to begin before the board is plugged in."
                    .to_owned(),
            ),
        ),
    }
}

fn of_simulation(error: &SimError) -> (Exit, Option<String>) {
    match error {
        SimError::FlashFile(FlashFileError::InUse { .. }) => (
            Exit::System,
            Some("Wait until the other is done, or name another file.".to_owned()),
        ),
        SimError::FlashFile(FlashFileError::Io { source, .. })
            if source.kind() != ErrorKind::NotFound =>
        {
            (Exit::Other, None)
        }
        SimError::FlashFile(_) | SimError::TooManyBoards => (Exit::Usage, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_does_not_allow_is_told_with_what_was_being_done() {
        let error = CliError::from(EnterError::Closed(UsbError::AccessDenied));
        let Diagnosis { exit, message, .. } = (&error).into();
        assert_eq!(exit, Exit::System);
        assert_eq!(
            message,
            "it is back in DFU mode, but can't be opened: permission denied"
        );
    }
}

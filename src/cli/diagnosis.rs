//! From an error to its exit code and the next step. The modules below only report what they found.

mod file;

use std::fmt::Display;
use std::io::ErrorKind;

use serde::{Serialize, Serializer};

use crate::chip::vector_table::LinkedElsewhere;
use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::plan::error::PlanError;
use crate::dfuse::protocol::DfuStatus;
use crate::sim::{FlashFileError, SimError};
use crate::usb::UsbError;

use super::alt::AltError;
use super::board::NoLayout;
use super::exit::Exit;
use super::firmware::{Mistake, NoSuchFile};
use super::meant::{self, nearest};
use super::save::AlreadyThere;
use super::select::{self, Other, SelectError};
use super::shell;
use super::usb_trouble::of_usb;
use file::{of_files, of_image, of_writing};

/// What to tell the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// The code to end with.
    #[serde(serialize_with = "as_code")]
    pub exit: Exit,
    /// What failed.
    pub message: String,
    /// What to do next, a step a line.
    pub hint: Option<String>,
}

fn as_code<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

/// A command line that clap can't find fault with, and that makes no sense all the same.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// Why a plan that changes nothing can't be made.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OnlyLooking(pub PlanError);

impl From<&anyhow::Error> for Diagnosis {
    fn from(error: &anyhow::Error) -> Self {
        let (exit, hint) = error
            .chain()
            .find_map(diagnose)
            .unwrap_or((Exit::Other, None));
        Self {
            exit,
            message: format!("{error:#}"),
            hint,
        }
    }
}

impl Diagnosis {
    /// A board that can't be opened.
    pub fn of_closed(error: &UsbError) -> Self {
        let (exit, hint) = of_usb(error);
        Self {
            exit,
            message: match error {
                UsbError::NoDevice => "it was unplugged while it was asked".to_owned(),
                _ => format!("can't be opened: {error}"),
            },
            hint,
        }
    }

    /// The same, beginning with what it is about.
    pub fn about(self, what: impl Display) -> Self {
        Self {
            message: format!("{what}: {}", self.message),
            ..self
        }
    }
}

/// What an error of ours means; `None` for those of others.
fn diagnose(error: &(dyn std::error::Error + 'static)) -> Option<(Exit, Option<String>)> {
    if let Some(error) = error.downcast_ref() {
        return Some(of_selection(error));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_session(error));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_plan(error, " Nothing was erased."));
    }
    if let Some(OnlyLooking(error)) = error.downcast_ref() {
        return Some(of_plan(error, ""));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_image(error));
    }
    if let Some(error) = error.downcast_ref() {
        return of_files(error);
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_writing(error));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_usb(error));
    }
    if error.is::<AlreadyThere>() {
        return Some((
            Exit::Other,
            Some("Nothing was written; --force overwrites it.".to_owned()),
        ));
    }
    if let Some(NoSuchFile { mistake, .. }) = error.downcast_ref() {
        return Some(match mistake {
            Some(Mistake::Address(address)) => (
                Exit::Usage,
                Some(format!(
                    "If a raw binary belongs there: --address {address}."
                )),
            ),
            Some(Mistake::Seconds(seconds)) => (
                Exit::Usage,
                Some(format!("If that is how long to wait: --wait={seconds}.")),
            ),
            Some(Mistake::Name(near)) => {
                let near: Vec<String> = near.iter().map(|name| shell::file(name)).collect();
                (Exit::Other, meant::did_you_mean(&near))
            }
            None => (Exit::Other, None),
        });
    }
    if let Some(AltError::Unknown { name, names }) = error.downcast_ref() {
        let near = nearest(name, names.iter().map(String::as_str));
        let near: Vec<String> = near
            .iter()
            .map(|name| shell::option("--alt", name))
            .collect();
        let question = meant::did_you_mean(&near).map(|question| question + "\n");
        let hint = question.unwrap_or_default() + "`stdfu list` shows the memories of the board.";
        return Some((Exit::DoesNotFit, Some(hint)));
    }
    if error.is::<NoLayout>() || error.is::<AltError>() {
        return Some((
            Exit::DoesNotFit,
            Some("`stdfu list` shows the memories of the board.".to_owned()),
        ));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_simulation(error));
    }
    error
        .downcast_ref()
        .map(|UsageError { hint, .. }| (Exit::Usage, hint.clone()))
}

fn of_selection(error: &SelectError) -> (Exit, Option<String>) {
    match error {
        SelectError::NoBoard { near, .. } if !near.is_empty() => {
            let question = meant::did_you_mean(near).unwrap_or_default();
            let hint = format!("{question}\n`stdfu list` shows the boards in DFU mode.");
            (Exit::NoBoard, Some(hint))
        }
        SelectError::NoBoard { others, .. } => {
            let alone = "Set BOOT0 high and reset the board, then look with `stdfu list`.";
            let hint = select::hints(others).unwrap_or_else(|| alone.to_owned());
            (Exit::NoBoard, Some(hint))
        }
        SelectError::NoneRunning { others, .. } => {
            let alone = "Set BOOT0 high and reset the board: that works whatever is in its flash.";
            let hint = select::hints(others).unwrap_or_else(|| alone.to_owned());
            (Exit::NoBoard, Some(hint))
        }
        SelectError::TooFewBoards { .. } => (
            Exit::NoBoard,
            Some(
                "Put the others into DFU mode too, or add --wait. Nothing was touched.".to_owned(),
            ),
        ),
        SelectError::SeveralBoards { .. } => (
            Exit::SeveralBoards,
            Some("Add one of these options. Nothing was touched.".to_owned()),
        ),
        SelectError::CantOpen { boards } => {
            let exit = boards.first().map_or(Exit::System, Other::exit);
            (exit, select::hints(boards))
        }
        SelectError::Interrupted => (Exit::Interrupted, None),
        SelectError::Usb(error) => of_usb(error),
    }
}

fn of_simulation(error: &SimError) -> (Exit, Option<String>) {
    match error {
        SimError::FlashFile(FlashFileError::InUse { .. }) => (
            Exit::System,
            Some("Let the other come to its end, or name another file.".to_owned()),
        ),
        SimError::FlashFile(FlashFileError::Io { source, .. })
            if source.kind() != ErrorKind::NotFound =>
        {
            (Exit::Other, None)
        }
        SimError::FlashFile(_) | SimError::TooManyBoards => (Exit::Usage, None),
    }
}

/// For a board that has read protection, if it has, and no way to lift it over USB.
const NO_UNPROTECT: &str = "Lift it with a debug probe: not every bootloader can.";

/// For a board that will not leave DFU mode.
const START: &str = "Reset the board, or take its power away for a moment, with BOOT0 low.";

/// For a board that was to lift its read protection, and nobody knows whether it has.
const LOOK_AGAIN: &str = "Put the board into DFU mode again and repeat the command: it looks first whether read protection is on.";

fn of_session(error: &SessionError) -> (Exit, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match &error.cause {
        Cause::Usb(usb @ (UsbError::AccessDenied | UsbError::Busy | UsbError::DriverMissing))
            if error.action == Action::Claim =>
        {
            of_usb(usb)
        }
        Cause::Usb(UsbError::NoDevice) => (
            Exit::Board,
            hint("Check the cable, put the board into DFU mode again and repeat the command."),
        ),
        Cause::Stayed => (Exit::Board, hint(START)),
        Cause::Answered { .. } | Cause::Usb(UsbError::Stall) if error.action == Action::Leave => {
            (Exit::Board, hint(START))
        }
        Cause::WentAway => (Exit::Board, hint(LOOK_AGAIN)),
        Cause::Usb(_) | Cause::StillBusy(_) | Cause::Short { .. } => (
            Exit::Board,
            hint("Unplug the board, put it into DFU mode again and repeat the command."),
        ),
        Cause::StillProtected => (Exit::Board, hint(NO_UNPROTECT)),
        Cause::Answered { .. } if error.action == Action::ReadUnprotect => {
            (Exit::Board, hint(NO_UNPROTECT))
        }
        Cause::Answered {
            status: DfuStatus::ErrFile,
            ..
        } if matches!(error.action, Action::Write(_)) => (
            Exit::Board,
            hint(
                "This bootloader may take a file only from its first block to its last, as MicroPython's mboot does with \
                 packed images: repeat the command with --in-order --no-verify.",
            ),
        ),
        Cause::Answered { .. } => (
            Exit::Board,
            hint(
                "Look at the layout with `stdfu list`; repeat the command with -vv to see every request.",
            ),
        ),
        Cause::Differs { .. } => (
            Exit::Differs,
            hint(
                "Write protection does this without an error: look at the option bytes.\n\
                 Otherwise repeat the command; if the address stays the same, the flash there is worn out.",
            ),
        ),
        Cause::ReadProtected => (
            Exit::ReadProtected,
            hint("`stdfu unprotect` lifts it, and erases everything on the chip."),
        ),
        Cause::LinkedElsewhere(found) => (Exit::DoesNotFit, Some(linked_elsewhere(found))),
        Cause::RefusesUpload(_) => (
            Exit::Board,
            hint(
                "`stdfu flash --full --no-verify` flashes it without reading anything; nobody can tell then what is in it.",
            ),
        ),
        Cause::NoSuchCommand => (Exit::DoesNotFit, hint(NO_UNPROTECT)),
        Cause::Interrupted => (
            Exit::Interrupted,
            hint(
                "The board is still in DFU mode: repeat the command to finish.\n\
                 The block with the vector table is written last, so half an application never starts.",
            ),
        ),
    }
}

/// `reassurance` stands behind the hint where there is reason to fear.
fn of_plan(error: &PlanError, reassurance: &str) -> (Exit, Option<String>) {
    let hint = match error {
        PlanError::OtherDevice { .. } | PlanError::OtherFamily { .. } => {
            "If the file is right for this board all the same, add --any-id.".to_owned()
        }
        PlanError::NotNamed {
            alternate_setting, ..
        }
        | PlanError::SettingsNotNamed {
            alternate_setting, ..
        } => {
            format!("If that is what you want, add --alt {alternate_setting}.")
        }
        PlanError::CutsSector { sector, .. } => format!(
            "The nearest borders are {:#010x} and {:#010x}.",
            sector.address,
            sector.end()
        ),
        PlanError::Scattered { places } => {
            let memories = places.iter().filter_map(|place| place.memory.as_ref());
            let choices: String = memories
                .map(|(number, name)| format!("--alt {number} takes what is for {name}.\n"))
                .collect();
            format!(
                "{choices}--only-fitting takes all that the board has a memory for.{reassurance}"
            )
        }
        PlanError::LinkedElsewhere(found) => linked_elsewhere(found),
        PlanError::CantPreserve { .. } => "Leave out --preserve, if the rest may go.".to_owned(),
        PlanError::BadVectorTable(_) => "Look at --address, and at what the file was linked for.\n\
             Without --strict it is flashed all the same. Nothing was touched."
            .to_owned(),
        PlanError::PartOfOptionBytes { .. } => {
            "Read them with `stdfu read`, change what is to change, and flash all of it.".to_owned()
        }
        PlanError::SharedSector { .. } => "Choose one of the file's targets with --alt.".to_owned(),
        PlanError::TooSmall { .. } => format!(
            "Check that the file is for this chip, and --address if you gave one.\n\
             `stdfu list` shows the memories of the board.{reassurance}"
        ),
        PlanError::NoSuchAlternateSetting { .. }
        | PlanError::NothingForMemory { .. }
        | PlanError::Outside { .. }
        | PlanError::NotAllowed { .. } => {
            format!("`stdfu list` shows the memories of the board.{reassurance}")
        }
        PlanError::CantUpload => {
            "Such a board can only be flashed; `stdfu flash` says that it could not check."
                .to_owned()
        }
    };
    (Exit::DoesNotFit, Some(hint))
}

fn linked_elsewhere(found: &LinkedElsewhere) -> String {
    let there = match found.guess {
        Some(guess) => format!("--address {guess:#010x} puts it there.\n"),
        None => "Look at what the file was linked for.\n".to_owned(),
    };
    format!(
        "{there}--as-is flashes it at {:#010x} all the same.",
        found.address
    )
}

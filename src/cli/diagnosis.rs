//! From an error to its exit code and the next step. The modules below only report what they found.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::plan::error::PlanError;
use crate::image::write::WriteError;
use crate::image::{Content, FilesError, ImageError};
use crate::sim::SimError;
use crate::usb::{DeviceInfo, UsbError};

use super::alt::AltError;
use super::board::NoLayout;
use super::exit::Exit;
use super::firmware::{Mistake, NoSuchFile};
use super::meant::{self, nearest};
use super::save::AlreadyThere;
use super::select::SelectError;
use super::udev;

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
    pub fn of_closed(info: &DeviceInfo, error: &UsbError) -> Self {
        let (exit, hint) = of_closed(error, info.vendor_id, info.product_id);
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
            Some(Mistake::Name(near)) => (Exit::Other, meant::did_you_mean(near)),
            None => (Exit::Other, None),
        });
    }
    if let Some(AltError::Unknown { name, names }) = error.downcast_ref() {
        let near = nearest(name, names.iter().map(String::as_str));
        let near: Vec<String> = near
            .iter()
            .map(|name| format!("--alt \"{name}\""))
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
    if error.is::<SimError>() {
        return Some((Exit::Usage, None));
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
        SelectError::NoBoard { runtime, .. } => {
            let hint = if runtime.is_empty() {
                "Set BOOT0 high and reset the board, then look with `stdfu list`."
            } else {
                "Set BOOT0 high and reset the board, so that it starts its bootloader.\n\
                 Or ask the application with `stdfu detach`."
            };
            (Exit::NoBoard, Some(hint.to_owned()))
        }
        SelectError::NoneRunning { .. } => (
            Exit::NoBoard,
            Some(
                "Set BOOT0 high and reset the board: that works whatever is in its flash."
                    .to_owned(),
            ),
        ),
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
        SelectError::CantOpen {
            vendor_id,
            product_id,
            error,
            ..
        } => of_closed(error, *vendor_id, *product_id),
        SelectError::Interrupted => (Exit::Interrupted, None),
        SelectError::Usb(error) => of_usb(error),
    }
}

fn of_closed(error: &UsbError, vendor_id: u16, product_id: u16) -> (Exit, Option<String>) {
    let (exit, hint) = of_usb(error);
    (exit, access_rule(error, vendor_id, product_id).or(hint))
}

/// The udev rule that lets the user at the keyboard use the board.
fn access_rule(error: &UsbError, vendor_id: u16, product_id: u16) -> Option<String> {
    (cfg!(target_os = "linux") && *error == UsbError::AccessDenied).then(|| {
        format!(
            "Put this line into /etc/udev/rules.d/70-stdfu.rules, then plug the board in again:\n{}",
            udev::rule(vendor_id, product_id)
        )
    })
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
        PlanError::OtherDevice { .. } => {
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
        PlanError::CantPreserve { .. } => "Leave out --preserve, if the rest may go.".to_owned(),
        PlanError::BadVectorTable(_) => "Look at --address, and at what the file was linked for.\n\
             Without --strict it is flashed all the same. Nothing was touched."
            .to_owned(),
        PlanError::PartOfOptionBytes { .. } => {
            "Read them with `stdfu read`, change what is to change, and flash all of it.".to_owned()
        }
        PlanError::SharedSector { .. } => "Choose one of the file's targets with --alt.".to_owned(),
        PlanError::StartOutside { .. } => {
            "`stdfu list` shows the memories of the board.".to_owned()
        }
        PlanError::NoSuchAlternateSetting { .. }
        | PlanError::NothingForMemory { .. }
        | PlanError::Outside { .. }
        | PlanError::NotWritable { .. }
        | PlanError::NotErasable { .. }
        | PlanError::NotReadable { .. } => {
            format!("`stdfu list` shows the memories of the board.{reassurance}")
        }
        PlanError::CantUpload => {
            "Such a board can only be flashed; `stdfu flash` says that it could not check."
                .to_owned()
        }
    };
    (Exit::DoesNotFit, Some(hint))
}

fn of_image(error: &ImageError) -> (Exit, Option<String>) {
    match error {
        ImageError::MissingAddress => (
            Exit::Usage,
            Some("Say where it belongs, for most boards --address 0x08000000.".to_owned()),
        ),
        ImageError::UnexpectedAddress { .. } => {
            (Exit::Usage, Some("Leave out --address.".to_owned()))
        }
        ImageError::PastAddressSpace { .. } => (Exit::DoesNotFit, None),
        ImageError::NotInFormat { content, .. } => {
            let right = content.format().map(|format| {
                format!(
                    "If that is what you mean, add --format {}.",
                    format.short_name()
                )
            });
            (Exit::File, right)
        }
        ImageError::Unsupported(Content::Zip) => (
            Exit::File,
            Some("Unpack it, and name the file in it.".to_owned()),
        ),
        ImageError::GzipTwice => (Exit::File, Some("Unpack it once with `gunzip`.".to_owned())),
        _ => (Exit::File, None),
    }
}

/// `None` for trouble in one file: the error behind this one tells.
fn of_files(error: &FilesError) -> Option<(Exit, Option<String>)> {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        FilesError::InFile { .. } => None,
        FilesError::OneAddress { .. } => Some((
            Exit::Usage,
            hint("Make .hex files of them with `stdfu convert`, each with its own --address."),
        )),
        FilesError::SeveralTargets { .. } => {
            Some((Exit::Usage, hint("`stdfu info` shows what is in a file.")))
        }
        FilesError::Overlap { .. } => Some((
            Exit::File,
            hint("`stdfu info` shows the addresses of each file."),
        )),
        FilesError::OtherDevice { .. } => Some((
            Exit::File,
            hint("If both are right for the board, flash one after the other, with --any-id."),
        )),
    }
}

fn of_writing(error: &WriteError) -> (Exit, Option<String>) {
    match error {
        WriteError::TooManyGaps { .. } => (
            Exit::Usage,
            Some("Write a .hex, .srec or .dfu file: their gaps stay gaps.".to_owned()),
        ),
        WriteError::TargetTwice { .. } => (
            Exit::Usage,
            Some("Say which file is for which memory with --alt N:FILE.".to_owned()),
        ),
        WriteError::TooManyTargets | WriteError::TooLarge { .. } => (Exit::Usage, None),
    }
}

fn of_usb(error: &UsbError) -> (Exit, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        UsbError::Unavailable(_) => (
            Exit::System,
            hint(
                "Inside a container or virtual machine, pass USB through; --sim f405 works without.",
            ),
        ),
        UsbError::AccessDenied => (
            Exit::System,
            hint("The README says how to allow it on your system."),
        ),
        UsbError::Busy => (
            Exit::System,
            hint("Close the other program, then repeat the command."),
        ),
        UsbError::DriverMissing => (
            Exit::System,
            hint("On Windows, install the WinUSB driver for the board with Zadig."),
        ),
        _ => (
            Exit::Board,
            hint("Check the cable and put the board into DFU mode again."),
        ),
    }
}

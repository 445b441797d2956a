//! Why there is no board to work with, as an exit code and the next step.

use crate::cli::exit::Exit;
use crate::cli::select::{self, Other, Reason, SelectError};
use crate::cli::suggest;
use crate::cli::usb_trouble::{of_serial, of_usb};

pub fn of_selection(error: &SelectError) -> (Exit, Option<String>) {
    match error {
        SelectError::NoBoard { near, .. } if !near.is_empty() => {
            let question = suggest::did_you_mean(near).unwrap_or_default();
            let hint = format!("{question}\n`stdfu list` shows the boards in DFU mode.");
            (Exit::NoBoard, Some(hint))
        }
        SelectError::NoBoard { others, .. } => {
            let is_unfit = |other: &Other| matches!(other.reason, Reason::Plain | Reason::OtherIds);
            let exit = match others.iter().any(is_unfit) {
                true => Exit::DoesNotFit,
                false => Exit::NoBoard,
            };
            let alone = "Set BOOT0 high and reset the board, then run `stdfu list`.";
            let hint = select::hints(others).unwrap_or_else(|| alone.to_owned());
            (exit, Some(hint))
        }
        SelectError::NoneRunning { others, .. } | SelectError::NoneToEnter { others, .. } => {
            let alone = "Set BOOT0 high and reset the board: that works whatever is in its flash.";
            let hint = select::hints(others).unwrap_or_else(|| alone.to_owned());
            (Exit::NoBoard, Some(hint))
        }
        SelectError::NoPort { others, .. } => {
            let hint = match &others[..] {
                [] => "There is none. Is the board plugged in?".to_owned(),
                others => format!("There is {}.", others.join(", ")),
            };
            (Exit::NoBoard, Some(hint))
        }
        SelectError::PortNotOnUsb(_) => (
            Exit::NoBoard,
            Some("Name the serial port of the board itself, or leave out --port.".to_owned()),
        ),
        SelectError::SerialPorts(error) => of_serial(error),
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

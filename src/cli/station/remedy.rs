//! What can't be worked with at a station, and what whoever stands before it does about that.

use crate::chip::serial_port::Asks;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::select::{Other, Reason, SelectError};

/// What works whatever is in a board's flash.
const BY_HAND: &str = "Set BOOT0 high, and reset it.";
/// For what is no board at all: a part of the computer, for example.
const ELSEWHERE: &str = "Not a board? Restart with --path.";

/// A board that runs its application, and nobody has said that it may be called out of that.
pub fn runs_its_application(asks: Option<Asks>) -> Diagnosis {
    let message = match asks {
        Some(Asks::MicroPython) => "it is running MicroPython",
        Some(Asks::Touch) | None => "it is running its application",
    };
    help(Exit::NoBoard, message, &[BY_HAND, ELSEWHERE])
}

/// A device in DFU mode that the firmware can't be for.
pub fn takes_other_firmware() -> Diagnosis {
    let steps = ["Take it out.", ELSEWHERE];
    help(
        Exit::DoesNotFit,
        "this firmware is not for such a device",
        &steps,
    )
}

/// A board that an option leaves out, or a variable.
pub fn left_out(option: &str) -> Diagnosis {
    let step = format!("Take it out, or restart without {option}.");
    help(
        Exit::NoBoard,
        &format!("it is left out by {option}"),
        &[&step],
    )
}

/// A board that has come so soon after the one before that only its serial number could tell them apart, and doesn't.
pub fn no_telling() -> Diagnosis {
    let steps = ["Take it out. Is it the next board? Wait 3 seconds, and plug it in again."];
    let message = "it may be the board before: nothing was done";
    help(Exit::Other, message, &steps)
}

/// A board that was called out of its application for nothing.
pub fn stays_in_dfu_mode() -> Diagnosis {
    let steps = ["Unplug it, and plug it in again, to start its application."];
    help(Exit::Board, "it is still in DFU mode", &steps)
}

/// Why the board at a path could not be called out of its application. What other commands say names options of theirs.
pub fn not_called(path: &str, error: &CliError) -> Diagnosis {
    let CliError::Select(SelectError::NoneRunning { others, .. }) = error else {
        return error.into();
    };
    let other = others.iter().find(|other| other.path == path);
    let Some(Other { reason, .. }) = other else {
        let message =
            "it has no DFU interface and no serial port to call it out of its application";
        return help(Exit::NoBoard, message, &[BY_HAND]);
    };
    let way = match reason {
        Reason::Serial(Asks::MicroPython) => Some("=micropython"),
        Reason::Serial(Asks::Touch) | Reason::NoRunTime => Some("=touch"),
        Reason::NoPort => Some("=detach"),
        _ => None,
    };
    let step = match way {
        Some(way) => format!("Restart with --enter-dfu{way}, or set BOOT0 high and reset it."),
        None => BY_HAND.to_owned(),
    };
    help(Exit::NoBoard, &format!("it {reason}"), &[&step])
}

fn help(exit: Exit, message: &str, steps: &[&str]) -> Diagnosis {
    Diagnosis {
        exit,
        message: message.to_owned(),
        hint: Some(steps.join("\n")),
    }
}

//! What a board's answer means, as an exit code and the next step.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::protocol::DfuStatus;
use crate::usb::UsbError;

use super::plan::linked_elsewhere;
use crate::cli::exit::Exit;
use crate::cli::usb_trouble::of_usb;

/// For a board that has read protection, if it has, and no way to lift it over USB.
const NO_UNPROTECT: &str = "Not every bootloader can lift it: use a debug probe.";

/// For a board that will not leave DFU mode.
const START: &str = "With BOOT0 low, reset the board or disconnect its power for a moment.";

/// For a board that was to lift its read protection, and nobody knows whether it has.
const LOOK_AGAIN: &str = "Put the board into DFU mode again and repeat the command: it first checks whether read protection is still on.";

/// What to do with a download that a device without DfuSe has refused.
fn after_refusal(status: DfuStatus) -> &'static str {
    match status {
        DfuStatus::ErrTarget
        | DfuStatus::ErrFile
        | DfuStatus::ErrVerify
        | DfuStatus::ErrFirmware
        | DfuStatus::ErrVendor => {
            "The device rejects this file: check that it is for this device and this memory (--alt),\n\
             and signed or prefixed as its maker requires. `stdfu list` shows the memories."
        }
        DfuStatus::ErrAddress => {
            "The file is too large for this memory: check its size, and --alt. `stdfu list` shows the memories."
        }
        DfuStatus::ErrWrite
        | DfuStatus::ErrErase
        | DfuStatus::ErrCheckErased
        | DfuStatus::ErrProg => {
            "The device could not write its memory: repeat the command.\n\
             If that doesn't help, the memory is protected or worn out."
        }
        _ => "Unplug the device, put it into DFU mode again and repeat the command.",
    }
}

pub fn of_session(error: &SessionError) -> (Exit, Option<String>) {
    let SessionError { action, cause } = error;
    let (exit, hint) = match cause {
        Cause::Usb(usb @ (UsbError::AccessDenied | UsbError::Busy | UsbError::DriverMissing))
            if *action == Action::Claim =>
        {
            return of_usb(usb);
        }
        Cause::Usb(usb @ UsbError::NotRecorded(_)) => return of_usb(usb),
        Cause::Usb(UsbError::NoDevice) => (
            Exit::Board,
            "Check the cable, put the board into DFU mode again and repeat the command.",
        ),
        Cause::Answered { .. } | Cause::Usb(UsbError::Stall) if *action == Action::Leave => {
            (Exit::Board, START)
        }
        Cause::Usb(_)
        | Cause::StillBusy(_)
        | Cause::Short { .. }
        | Cause::LostPlace(_)
        | Cause::Endless(_)
        | Cause::Vanished => (
            Exit::Board,
            "Unplug the board, put it into DFU mode again and repeat the command.",
        ),
        Cause::Answered { status, .. } => (Exit::Board, after_answer(*action, *status)),
        Cause::Stayed => (Exit::Board, START),
        Cause::WentAway => (Exit::Board, LOOK_AGAIN),
        Cause::StillProtected => (Exit::Board, NO_UNPROTECT),
        Cause::NoSuchCommand => (Exit::DoesNotFit, NO_UNPROTECT),
        Cause::RefusesUpload(_) if matches!(action, Action::Upload(_) | Action::Compare(_)) => (
            Exit::Board,
            "Such a device can only be flashed; `stdfu flash` says that it could not check.",
        ),
        Cause::RefusesUpload(_) => (
            Exit::Board,
            "`stdfu flash --full --no-verify` flashes it without reading anything; then nothing is checked.",
        ),
        Cause::Differs { .. } => (
            Exit::Differs,
            "Write protection can cause this without an error: check the option bytes.\n\
             Otherwise repeat the command. If it fails at the same address again, the flash there is worn out.",
        ),
        Cause::ReadProtected => (
            Exit::ReadProtected,
            "`stdfu unprotect` lifts it, and erases everything on the chip.",
        ),
        Cause::LinkedElsewhere(found) => return (Exit::DoesNotFit, Some(linked_elsewhere(found))),
        Cause::Empty | Cause::NoUpload => return (Exit::DoesNotFit, None),
        Cause::Interrupted => (
            Exit::Interrupted,
            "The board is still in DFU mode: repeat the command to finish.\n\
             The block with the vector table is written last, so half an application never starts.",
        ),
    };
    (exit, Some(hint.to_owned()))
}

/// What to do after this answer to what was being done.
fn after_answer(action: Action, status: DfuStatus) -> &'static str {
    match (action, status) {
        (Action::Download(_) | Action::Manifest, _) => after_refusal(status),
        (Action::ReadUnprotect, _) => NO_UNPROTECT,
        (Action::Write(_), DfuStatus::ErrFile) => {
            "This bootloader may take a file only from its first block to its last, as MicroPython's mboot does with \
             packed images: repeat the command with --in-order --no-verify."
        }
        _ => {
            "Check the layout with `stdfu list`, or repeat the command with -vv to see every request."
        }
    }
}

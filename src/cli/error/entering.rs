//! Why an application is not in DFU mode, as an exit code and the next step.

use crate::cli::exit::Exit;
use crate::cli::usb_trouble::{of_serial, of_usb};
use crate::dfu::enter::{AtPort, EnterError};
use crate::usb::UsbError;

const BY_HAND: &str =
    "Put it into DFU mode by hand: with its button, or on an STM32 with BOOT0 high and a reset.";

pub fn of_entering(error: &EnterError) -> (Exit, Option<String>) {
    let hint = match error {
        EnterError::Asking(UsbError::Stall)
        | EnterError::StaysAway
        | EnterError::NotBack(AtPort::Nothing) => BY_HAND.to_owned(),
        EnterError::Asking(error) | EnterError::Closed(error) => return of_usb(error),
        EnterError::Port { source, .. } => return of_serial(source),
        EnterError::NoPrompt(_) => format!(
            "If another of its serial ports has the prompt, choose that one with --port.\n{BY_HAND}"
        ),
        EnterError::Refuses(_) => BY_HAND.to_owned(),
        EnterError::NotBack(AtPort::Itself) => format!(
            "It may know another way: --enter-dfu=detach, =touch or =micropython.\n{BY_HAND}"
        ),
        EnterError::NotBack(AtPort::Other(_)) => format!(
            "If it is a drive now, its bootloader doesn't speak DFU: copy a UF2 file to that.\n{BY_HAND}"
        ),
    };
    (Exit::Board, Some(hint))
}

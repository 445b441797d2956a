//! What trouble with USB means to the user: the code to end with and the next step.

use crate::usb::serial::SerialError;
use crate::usb::{NotRecorded, UsbError};

use super::exit::Exit;

/// The udev rule, on Linux. What is to be copied stands on a line of its own.
const INSTALL_RULE: &str = "Install the udev rule, then plug the board in again:\n\
     stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules\n\
     Over ssh and in CI you have to be in the group plugdev, too.";

/// How a container gets at the boards of its machine: 189 is the kernel's number for USB devices.
const CONTAINER: &str = "Start the container with --privileged -v /dev/bus/usb:/dev/bus/usb, or with a rule for USB:\n\
     -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw'";

/// The code to end with, and the next step.
pub fn of_usb(error: &UsbError) -> (Exit, Option<String>) {
    let (exit, hint) = match error {
        UsbError::NotRecorded(lacking) => return of_not_recorded(lacking),
        UsbError::Unavailable(_) => (
            Exit::System,
            "In a container or virtual machine, pass USB through to it.\n\
             --sim f405 works without USB.",
        ),
        UsbError::AccessDenied if cfg!(target_os = "linux") => (Exit::System, INSTALL_RULE),
        UsbError::AccessDenied => (
            Exit::System,
            "docs/setup.md says how to allow it on your system.",
        ),
        UsbError::NotPermitted | UsbError::NoNode(_) => (Exit::System, CONTAINER),
        UsbError::Busy => (
            Exit::System,
            "Close the other program, then repeat the command.",
        ),
        UsbError::DriverMissing => (
            Exit::System,
            "On Windows, install the WinUSB driver for the board with Zadig.",
        ),
        _ => (
            Exit::Board,
            "Check the cable and put the board into DFU mode again.",
        ),
    };
    (exit, Some(hint.to_owned()))
}

/// The same, of a recording that doesn't have what was asked for.
pub fn of_not_recorded(lacking: &NotRecorded) -> (Exit, Option<String>) {
    let hint = match lacking {
        NotRecorded::Bytes => {
            "It was made with --record-without-data, or with a limit to a packet's length: ask for one with the data."
        }
        NotRecorded::Memory => {
            "Known is what was read, written or erased while it was recorded. `stdfu read OUT --record FILE` records more."
        }
        NotRecorded::Descriptor | NotRecorded::Request(_) => {
            "Replay the command that was recorded, or record this one: --record FILE.\n\
             Without ,strict a simulated board goes on from here, where there is one that is like the recorded one."
        }
    };
    (Exit::File, Some(hint.to_owned()))
}

/// The group that serial ports belong to, on Linux: its name is that of most distributions.
const JOIN_GROUP: &str = "Join the group that serial ports belong to, on most systems dialout; it counts from the next \
    login on:\n\
    sudo usermod -aG dialout $USER";

/// The same, of a serial port.
pub fn of_serial(error: &SerialError) -> (Exit, Option<String>) {
    let (exit, hint) = match error {
        SerialError::AccessDenied if cfg!(target_os = "linux") => (Exit::System, JOIN_GROUP),
        SerialError::AccessDenied => (
            Exit::System,
            "docs/setup.md says how to allow it on your system.",
        ),
        SerialError::Busy => (
            Exit::System,
            "Close the other program, such as a serial monitor, then repeat the command.",
        ),
        SerialError::NoPort | SerialError::Other(_) => {
            (Exit::Board, "Check the cable, then repeat the command.")
        }
    };
    (exit, Some(hint.to_owned()))
}

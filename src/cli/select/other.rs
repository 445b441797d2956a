//! What is on the bus and can't be worked with: each with its reason and the next step.

use std::fmt;

use crate::board::protocol::Protocol;
use crate::chip::serial_port::Asks;
use crate::printable::Said;
use crate::usb::{DeviceInfo, DfuMode, UsbError};

use crate::cli::document::OtherDocument;
use crate::cli::exit::Exit;
use crate::cli::usb_trouble::of_usb;

/// A device with a DFU interface, and why it isn't used. As text, a clause: "the board at 1-1 (0483:df11) is …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Where it is plugged in.
    pub path: String,
    /// `idVendor`
    pub vendor_id: u16,
    /// `idProduct`
    pub product_id: u16,
    /// Its serial number, where it was asked for it.
    pub serial: Option<Said>,
    /// Why it isn't used.
    pub reason: Reason,
}

/// Why a device isn't used. As text, what follows its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It would have to be detached first.
    Application,
    /// The same, through its serial port.
    Serial(Asks),
    /// It has a serial port, and nobody has said that it is to be asked there.
    UnnamedPort,
    /// It is to be asked at its serial port, and has none.
    NoPort,
    /// It is to be asked at its DFU interface, and has none.
    NoRunTime,
    /// It has a serial port, and the system doesn't tell which of several devices it is.
    Unplaced,
    /// It is what DETACH would make of it.
    InDfuMode,
    /// It has no addresses, DFU 1.0 or 1.1 without ST's extension, and the command is about some.
    Plain,
    /// It has no addresses, and what is there beside it may be what is meant.
    Unnamed,
    /// The file is for a device with other ids.
    OtherIds,
    /// It speaks DfuSe, and nobody has said where the file belongs.
    NeedsAddress,
    /// DfuSe without layouts.
    WithoutLayouts,
    /// Atmel's protocol.
    Flip,
    /// A `bInterfaceProtocol` that DFU doesn't have.
    UnknownProtocol(u8),
    /// The system doesn't let us open it.
    Closed(UsbError),
    /// The user has asked for others, by this option or variable.
    LeftOut(&'static str),
}

impl Other {
    /// A device that isn't used for this reason.
    pub fn new(info: &DeviceInfo, serial: Option<&Said>, reason: Reason) -> Self {
        Self {
            path: info.path.clone(),
            vendor_id: info.vendor_id,
            product_id: info.product_id,
            serial: serial.cloned(),
            reason,
        }
    }

    /// The code to end with where there is nothing else.
    pub fn exit(&self) -> Exit {
        match &self.reason {
            Reason::Closed(error) => of_usb(error).0,
            _ => Exit::NoBoard,
        }
    }

    /// For the list.
    pub fn document(&self) -> OtherDocument<'_> {
        OtherDocument {
            serial: self.serial.as_ref(),
            vendor_id: self.vendor_id,
            product_id: self.product_id,
            path: &self.path,
            reason: self.reason.to_string(),
            hint: self.reason.hint(),
        }
    }
}

impl Reason {
    /// Why a device is no board in DFU mode; `None` where it is one.
    pub fn of_mode(mode: DfuMode) -> Option<Self> {
        match mode {
            DfuMode::Dfu => None,
            DfuMode::Runtime => Some(Self::Application),
            DfuMode::Flip => Some(Self::Flip),
            DfuMode::Unknown(protocol) => Some(Self::UnknownProtocol(protocol)),
        }
    }

    /// Why nothing can be done with a device in DFU mode; `None` where something can.
    pub fn of_protocol(protocol: Protocol) -> Option<Self> {
        match protocol {
            Protocol::Dfuse | Protocol::Plain => None,
            Protocol::WithoutLayouts => Some(Self::WithoutLayouts),
        }
    }

    /// Whether it runs its application, and is known to leave that when it is asked.
    pub fn is_application(&self) -> bool {
        matches!(self, Self::Application | Self::Serial(_))
    }

    /// The next step.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Application => {
                "Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.\n\
                 Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board."
            }
            Self::Serial(Asks::Touch) => {
                "Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu=touch.\n\
                 Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board."
            }
            Self::Serial(Asks::MicroPython) => {
                "Ask MicroPython: `stdfu flash` with --enter-dfu=micropython.\n\
                 Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board."
            }
            Self::UnnamedPort | Self::Unnamed => {
                "If this is the board you mean, choose it with --path or --serial."
            }
            Self::NoPort => "--enter-dfu=detach asks it through its DFU interface.",
            Self::NoRunTime => "--enter-dfu=touch asks it through its serial port.",
            Self::Unplaced => "Unplug the others of its kind, then repeat the command.",
            Self::InDfuMode => "Nothing to detach: go on with `stdfu flash`.",
            Self::Plain => {
                "Without addresses, a whole memory of it can be flashed or read: `stdfu flash FILE`, `stdfu read OUT`."
            }
            Self::NeedsAddress => {
                "Say where the file belongs, for most boards: --address 0x08000000."
            }
            Self::OtherIds => "--any-id uses the file anyway.",
            Self::WithoutLayouts => "The maker's own tool can flash it.",
            Self::Flip => "dfu-programmer can flash it.",
            Self::UnknownProtocol(_) => "The maker's own tool can flash it.",
            Self::Closed(error) => return of_usb(error).1,
            Self::LeftOut(option) => {
                return Some(format!(
                    "If this is the board you mean, leave out {option}.\n\
                     If not, set BOOT0 high on your board and reset it."
                ));
            }
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            vendor_id,
            product_id,
            serial,
            reason,
        } = self;
        write!(
            f,
            "the board at {path} ({vendor_id:04x}:{product_id:04x}) {reason}"
        )?;
        match (reason, serial) {
            (Reason::LeftOut(_), Some(serial)) => write!(f, ": its serial number is {serial}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("is running its application"),
            Self::Serial(Asks::Touch) => f.write_str("is running its application"),
            Self::Serial(Asks::MicroPython) => f.write_str("is running MicroPython"),
            Self::UnnamedPort => f.write_str("has a serial port, and was not chosen"),
            Self::NoPort => f.write_str("has a DFU interface, but no serial port"),
            Self::NoRunTime => f.write_str("has a serial port, but no DFU interface"),
            Self::Unplaced => {
                f.write_str("has a serial port, but can't be told from others of its kind")
            }
            Self::InDfuMode => f.write_str("is already in DFU mode"),
            Self::Plain => {
                f.write_str("speaks plain DFU, not DfuSe: it has no addresses and no sectors")
            }
            Self::NeedsAddress => f.write_str("speaks DfuSe, and the file names no address"),
            Self::Unnamed => f.write_str("speaks plain DFU, not DfuSe, and was not chosen"),
            Self::OtherIds => f.write_str("has other ids than the file"),
            Self::WithoutLayouts => {
                f.write_str("says that it speaks DfuSe, but none of its memories has a layout")
            }
            Self::Flip => f.write_str("speaks FLIP, Atmel's own protocol, not DFU"),
            Self::UnknownProtocol(protocol) => {
                write!(
                    f,
                    "has interface protocol {protocol}, which DFU doesn't know"
                )
            }
            Self::Closed(error) => write!(f, "can't be opened: {error}"),
            Self::LeftOut(option) => write!(f, "is left out by {option}"),
        }
    }
}

/// The next steps for several, each said once.
pub fn hints(others: &[Other]) -> Option<String> {
    let mut hints: Vec<String> = Vec::new();
    for hint in others.iter().filter_map(|other| other.reason.hint()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    Some(hints.join("\n")).filter(|hints| !hints.is_empty())
}

/// Those that say why there is no board: what was left out matters only where there is nothing else.
pub fn telling(others: Vec<Other>) -> Vec<Other> {
    match others
        .iter()
        .all(|other| matches!(other.reason, Reason::LeftOut(_)))
    {
        true => others,
        false => not_left_out(others),
    }
}

/// Without those that the user has left out.
pub fn not_left_out(mut others: Vec<Other>) -> Vec<Other> {
    others.retain(|other| !matches!(other.reason, Reason::LeftOut(_)));
    others
}

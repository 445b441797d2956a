//! Why the boards that are meant can't be told, or reached.

use crate::usb::UsbError;
use crate::usb::serial::SerialError;

use super::other::{Other, Reason};
use crate::cli::args::number;

/// Why there is no board to work with.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// None matches.
    #[error("{}", no_board(wanted, others))]
    NoBoard {
        /// What was asked for, in words; empty where anything would have done.
        wanted: String,
        /// What is there all the same.
        others: Vec<Other>,
        /// The options for boards whose serial number is nearly the one that was asked for.
        near: Vec<String>,
    },
    /// None matches that runs its application.
    #[error(
        "there is no board{wanted} that runs an application with a DFU interface or a serial port{}",
        lines(others)
    )]
    NoneRunning {
        /// What was asked for, in words.
        wanted: String,
        /// What is there all the same.
        others: Vec<Other>,
    },
    /// None matches that is in DFU mode or can be put there.
    #[error(
        "there is no board{wanted} in DFU mode, nor one that runs an application with a DFU interface or a serial port{}",
        lines(others)
    )]
    NoneToEnter {
        /// What was asked for, in words.
        wanted: String,
        /// What is there all the same.
        others: Vec<Other>,
    },
    /// There is no serial port of the name that was asked for.
    #[error("there is no serial port {port}")]
    NoPort {
        /// What was asked for.
        port: String,
        /// Those that there are.
        others: Vec<String>,
    },
    /// The serial port that was named is on no USB device, so that no board can be followed from there.
    #[error("{0} is not a serial port of a USB device")]
    PortNotOnUsb(String),
    /// The serial ports can't be listed.
    #[error("listing the serial ports")]
    SerialPorts(#[from] SerialError),
    /// Fewer match than there have to be.
    #[error(
        "found {} in DFU mode{wanted}, but --count asks for {count}{}",
        number::count(*found as u64, "board"),
        lines(others)
    )]
    TooFewBoards {
        /// What was asked for, in words.
        wanted: String,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        count: u16,
        /// What is there all the same.
        others: Vec<Other>,
    },
    /// More than one matches.
    #[error("{}", several(wanted, candidates))]
    SeveralBoards {
        /// What was asked for, in words.
        wanted: String,
        /// Each of them.
        candidates: Vec<Candidate>,
    },
    /// Boards that may be the one can't be opened, so that nobody knows their serial numbers.
    #[error("{}", lines(boards).trim_start())]
    CantOpen {
        /// Each of them, at least one.
        boards: Vec<Other>,
    },
    /// The user has stopped waiting.
    #[error("interrupted while waiting for a board")]
    Interrupted,
    /// No bus to look on.
    #[error(transparent)]
    Usb(#[from] UsbError),
}

/// One of several boards that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the board is.
    pub label: String,
    /// The options that pick it and no other.
    pub options: Vec<String>,
}

impl SelectError {
    /// Whether a board may be opened in a moment.
    pub fn may_pass(&self) -> bool {
        let Self::CantOpen { boards } = self else {
            return false;
        };
        let may_pass = |other: &Other| match &other.reason {
            Reason::Closed(error) => error.may_pass(),
            _ => false,
        };
        boards.iter().any(may_pass)
    }

    /// Whether what is missing may be plugged in.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::NoBoard { .. }
                | Self::NoneRunning { .. }
                | Self::NoneToEnter { .. }
                | Self::NoPort { .. }
                | Self::TooFewBoards { .. }
        )
    }

    /// Whether it is a board at this path that can't be opened.
    pub fn is_about(&self, path: &str) -> bool {
        match self {
            Self::CantOpen { boards } => boards.iter().any(|board| board.path == path),
            _ => false,
        }
    }
}

/// "There is no board in DFU mode" is said only where that is so.
fn no_board(wanted: &str, others: &[Other]) -> String {
    let is_in_dfu_mode = |other: &Other| {
        !other.reason.is_application() && !matches!(other.reason, Reason::LeftOut(_))
    };
    let kind = match others.iter().any(is_in_dfu_mode) {
        true => "DfuSe board",
        false => "board",
    };
    format!("there is no {kind}{wanted} in DFU mode{}", lines(others))
}

/// A line for each.
fn lines(others: &[Other]) -> String {
    others.iter().map(|other| format!("\n{other}")).collect()
}

fn several(wanted: &str, candidates: &[Candidate]) -> String {
    let mut text = format!(
        "there are {} boards{wanted}, and none is chosen:",
        candidates.len()
    );
    for Candidate { label, options } in candidates {
        text += &format!("\n  {label}: {}", options.join(" or "));
    }
    text
}

//! Why the boards that are meant can't be told, or reached.

use crate::cli::number;
use crate::usb::{DeviceInfo, UsbError};

/// Why there is no board to work with.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// None matches.
    #[error("{}", no_board(wanted, runtime))]
    NoBoard {
        /// What was asked for, in words; empty where anything would have done.
        wanted: String,
        /// Boards with a DFU interface that are running their application.
        runtime: Vec<DeviceInfo>,
        /// The options for boards whose serial number is nearly the one that was asked for.
        near: Vec<String>,
    },
    /// None matches that runs its application.
    #[error("there is no board{wanted} that runs an application with a DFU interface")]
    NoneRunning {
        /// What was asked for, in words.
        wanted: String,
    },
    /// Fewer match than there have to be.
    #[error("found {} in DFU mode{wanted}, where {count} are meant", number::count(*found as u64, "board"))]
    TooFewBoards {
        /// What was asked for, in words.
        wanted: String,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        count: u16,
    },
    /// More than one matches.
    #[error("{}", several(wanted, candidates))]
    SeveralBoards {
        /// What was asked for, in words.
        wanted: String,
        /// Each of them.
        candidates: Vec<Candidate>,
    },
    /// A board that may be the one can't be opened, so that its serial number is not known.
    #[error("the board at {path} can't be opened: {error}")]
    CantOpen {
        /// Where it is plugged in.
        path: String,
        /// `idVendor`
        vendor_id: u16,
        /// `idProduct`
        product_id: u16,
        /// Why.
        error: UsbError,
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

fn no_board(wanted: &str, runtime: &[DeviceInfo]) -> String {
    let mut text = format!("there is no board{wanted} in DFU mode");
    for DeviceInfo {
        path,
        vendor_id,
        product_id,
        ..
    } in runtime
    {
        text += &format!(
            "\nthe board at {path} ({vendor_id:04x}:{product_id:04x}) is running its application"
        );
    }
    text
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

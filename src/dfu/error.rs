//! What went wrong with a board: while doing what, and what the board answered.

use std::fmt;
use std::time::Duration;

use crate::chip::vector_table::LinkedElsewhere;
use crate::usb::UsbError;

use super::protocol::{DfuState, DfuStatus};

/// A session that ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SessionError {
    /// What was being done.
    pub action: Action,
    /// What came of it.
    pub cause: Cause,
}

impl SessionError {
    /// A request that did not get through.
    pub fn usb(action: Action, error: UsbError) -> Self {
        Self {
            action,
            cause: Cause::Usb(error),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, cause } = self;
        match cause {
            Cause::LinkedElsewhere(found) => found.fmt(f),
            // Between two parts of the work nothing is being done.
            Cause::Interrupted if *action == Action::ReachIdle => write!(f, "{cause}"),
            Cause::Differs {
                address,
                expected,
                found,
            } if matches!(action, Action::Read(_)) => write!(
                f,
                "two readings differ: {address:#010x} gave {expected:#04x} first, then {found:#04x}"
            ),
            Cause::Differs {
                address,
                expected,
                found,
            } if matches!(action, Action::Upload(_)) => write!(
                f,
                "two readings differ: at offset {address:#x} there was {expected:#04x} first, then {found:#04x}"
            ),
            Cause::Differs {
                address,
                expected,
                found,
            } if matches!(action, Action::Compare(_)) => write!(
                f,
                "verification failed: at offset {address:#x} there is {found:#04x} where {expected:#04x} should be"
            ),
            // It names the address itself, more exactly.
            Cause::Differs { .. } => write!(f, "verification failed: {cause}"),
            _ => write!(f, "{action}: {cause}"),
        }
    }
}

/// What a session does with a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Action {
    /// Claiming the DFU interface.
    #[error("claiming the DFU interface")]
    Claim,
    /// Bringing the board to dfuIDLE.
    #[error("bringing the board to dfuIDLE")]
    ReachIdle,
    /// Choosing this alternate setting.
    #[error("choosing alternate setting {0}")]
    SelectMemory(u8),
    /// Moving the address pointer.
    #[error("setting the address {0:#010x}")]
    SetAddress(u32),
    /// Erasing the sector at this address.
    #[error("erasing the sector at {0:#010x}")]
    Erase(u32),
    /// Erasing all of a memory.
    #[error("erasing all of the memory")]
    MassErase,
    /// Writing the block at this address.
    #[error("writing at {0:#010x}")]
    Write(u32),
    /// Reading the block at this address.
    #[error("reading at {0:#010x}")]
    Read(u32),
    /// Comparing what is in flash from this address on.
    #[error("verifying at {0:#010x}")]
    Verify(u32),
    /// Sending this block of a download without addresses, from 0, and without the wrapping of `wBlockNum`.
    #[error("sending block {0}")]
    Download(u32),
    /// Ending the download, and waiting until the device is done with it.
    #[error("finishing the download")]
    Manifest,
    /// Reading this block of an upload without addresses, from 0.
    #[error("reading block {0}")]
    Upload(u32),
    /// Comparing this block of an upload without addresses, from 0.
    #[error("comparing block {0}")]
    Compare(u32),
    /// Leaving DFU mode.
    #[error("starting the application")]
    Leave,
    /// Lifting read protection.
    #[error("lifting read protection")]
    ReadUnprotect,
}

impl Action {
    /// Where in memory, if that is how it is done.
    pub fn address(self) -> Option<u32> {
        match self {
            Self::SetAddress(address)
            | Self::Erase(address)
            | Self::Write(address)
            | Self::Read(address)
            | Self::Verify(address) => Some(address),
            Self::Claim
            | Self::ReachIdle
            | Self::SelectMemory(_)
            | Self::MassErase
            | Self::Download(_)
            | Self::Manifest
            | Self::Upload(_)
            | Self::Compare(_)
            | Self::Leave
            | Self::ReadUnprotect => None,
        }
    }
}

/// Why a session ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The request did not get through.
    #[error("{0}")]
    Usb(UsbError),
    /// The board answered an error, or something that makes no sense here.
    #[error("{}", answer(*status, *state, explanation.as_deref()))]
    Answered {
        /// `bStatus`
        status: DfuStatus,
        /// `bState`
        state: DfuState,
        /// What the board says in words, by `iString`.
        explanation: Option<String>,
    },
    /// The board was still busy when the time that the work may take was over.
    #[error("the board was still busy after {} s", .0.as_secs())]
    StillBusy(Duration),
    /// The board's answer is shorter than it has to be.
    #[error("the board sent {found} of {expected} bytes")]
    Short {
        /// In bytes.
        expected: usize,
        /// In bytes.
        found: usize,
    },
    /// The board is in a state in which it does not wait for the block that is due.
    #[error("the board is in {0} where it should wait for the next block: it has lost its place")]
    LostPlace(DfuState),
    /// An upload has not come to its end after this many bytes.
    #[error("the upload doesn't end: the board has sent {} MiB so far", .0 >> 20)]
    Endless(u64),
    /// There is nothing to send.
    #[error("there is nothing to send")]
    Empty,
    /// The board says that it can't be read.
    #[error("the board says that it can't be read")]
    NoUpload,
    /// The board went off the bus before it was done, and has not come back as an application.
    #[error(
        "the board left the bus before it reported that it was done, and has not come back as an application"
    )]
    Vanished,
    /// Flash holds something else than it should.
    #[error("{address:#010x} holds {found:#04x} where {expected:#04x} should be")]
    Differs {
        /// Of the first wrong byte; its offset, where there are no addresses.
        address: u32,
        /// What should be there.
        expected: u8,
        /// What is there.
        found: u8,
    },
    /// The chip's read protection is on: nothing can be read, erased or written.
    #[error("the chip's read protection is on")]
    ReadProtected,
    /// The file would not start where it was to be flashed, and what is on the board doesn't have its code, either.
    #[error("{0}")]
    LinkedElsewhere(LinkedElsewhere),
    /// The board says that its memory can be read, and has refused each time.
    #[error("the board says that it can be read, but refuses each time: {0}")]
    RefusesUpload(Box<Cause>),
    /// The board's list of commands lacks the one that is needed.
    #[error("the board's bootloader has no such command")]
    NoSuchCommand,
    /// The board was to leave DFU mode, and has not.
    #[error("the board is still in DFU mode")]
    Stayed,
    /// The board was to lift its read protection and has left the bus before it could be heard doing so.
    #[error(
        "the board left the bus before it confirmed the command, so it is not known whether that was done"
    )]
    WentAway,
    /// The board says that its read protection is lifted, and refuses to be read all the same.
    #[error("the board says that it is done, but its read protection is still on")]
    StillProtected,
    /// The user has asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Cause {
    /// Whether the board answered errVENDOR, and didn't say in words what it means.
    pub fn is_vendor_error(&self) -> bool {
        matches!(
            self,
            Self::Answered {
                status: DfuStatus::ErrVendor,
                explanation: None,
                ..
            }
        )
    }
}

/// What the board answered, and says in words. Maple's bootloader says OK in dfuERROR, and nothing else.
fn answer(status: DfuStatus, state: DfuState, explanation: Option<&str>) -> String {
    match (status, state, explanation) {
        (_, _, Some(text)) => format!("the board answered {status} in {state} and says {text:?}"),
        (DfuStatus::Ok, DfuState::DfuError, None) => {
            "the board reports an error without saying which (OK in dfuERROR)".to_owned()
        }
        (_, _, None) => format!("the board answered {status} in {state}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_says_what_it_interrupted_where_that_is_anything() {
        let check = |action, expected: &str| {
            let cause = Cause::Interrupted;
            assert_eq!(SessionError { action, cause }.to_string(), expected);
        };
        check(
            Action::Write(0x0800_0800),
            "writing at 0x08000800: interrupted",
        );
        check(Action::ReachIdle, "interrupted");
    }
}

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
                "two readings differ: {address:#010x} gave {expected:#04x} first and {found:#04x} then"
            ),
            Cause::Differs {
                address,
                expected,
                found,
            } if matches!(action, Action::Upload(_)) => write!(
                f,
                "two readings differ: at offset {address:#x} there was {expected:#04x} first and {found:#04x} then"
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Claiming the DFU interface.
    Claim,
    /// Bringing the board to dfuIDLE.
    ReachIdle,
    /// Choosing this alternate setting.
    SelectMemory(u8),
    /// Moving the address pointer.
    SetAddress(u32),
    /// Erasing the sector at this address.
    Erase(u32),
    /// Erasing all of a memory.
    MassErase,
    /// Writing the block at this address.
    Write(u32),
    /// Reading the block at this address.
    Read(u32),
    /// Comparing what is in flash from this address on.
    Verify(u32),
    /// Sending this block of a download without addresses, from 0, and without the wrapping of `wBlockNum`.
    Download(u32),
    /// Ending the download, and waiting until the device is done with it.
    Manifest,
    /// Reading this block of an upload without addresses, from 0.
    Upload(u32),
    /// Comparing this block of an upload without addresses, from 0.
    Compare(u32),
    /// Leaving DFU mode.
    Leave,
    /// Lifting read protection.
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

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim => f.write_str("taking the DFU interface"),
            Self::ReachIdle => f.write_str("getting the board's attention"),
            Self::SelectMemory(number) => write!(f, "choosing alternate setting {number}"),
            Self::SetAddress(address) => write!(f, "setting the address {address:#010x}"),
            Self::Erase(address) => write!(f, "erasing the sector at {address:#010x}"),
            Self::MassErase => f.write_str("erasing all of the memory"),
            Self::Write(address) => write!(f, "writing at {address:#010x}"),
            Self::Read(address) => write!(f, "reading at {address:#010x}"),
            Self::Verify(address) => write!(f, "verifying at {address:#010x}"),
            Self::Download(block) => write!(f, "sending block {block}"),
            Self::Manifest => f.write_str("finishing the download"),
            Self::Upload(block) => write!(f, "reading block {block}"),
            Self::Compare(block) => write!(f, "comparing block {block}"),
            Self::Leave => f.write_str("starting the application"),
            Self::ReadUnprotect => f.write_str("lifting read protection"),
        }
    }
}

/// Why a session ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The request did not get through.
    Usb(UsbError),
    /// The board answered an error, or something that makes no sense here.
    Answered {
        /// `bStatus`
        status: DfuStatus,
        /// `bState`
        state: DfuState,
        /// What the board says in words, by `iString`.
        explanation: Option<String>,
    },
    /// The board was still busy when the time that the work may take was over.
    StillBusy(Duration),
    /// The board's answer is shorter than it has to be.
    Short {
        /// In bytes.
        expected: usize,
        /// In bytes.
        found: usize,
    },
    /// The board is in a state in which it does not wait for the block that is due.
    LostPlace(DfuState),
    /// An upload has not come to its end after this many bytes.
    Endless(u64),
    /// There is nothing to send.
    Empty,
    /// The board says that it can't be read.
    NoUpload,
    /// The board went off the bus before it was done, and has not come back as an application.
    Vanished,
    /// Flash holds something else than it should.
    Differs {
        /// Of the first wrong byte; its offset, where there are no addresses.
        address: u32,
        /// What should be there.
        expected: u8,
        /// What is there.
        found: u8,
    },
    /// The chip's read protection is on: nothing can be read, erased or written.
    ReadProtected,
    /// The file would not start where it was to be flashed, and what is on the board doesn't have its code, either.
    LinkedElsewhere(LinkedElsewhere),
    /// The board says that its memory can be read, and has refused each time.
    RefusesUpload(Box<Cause>),
    /// The board's list of commands lacks the one that is needed.
    NoSuchCommand,
    /// The board was to leave DFU mode, and has not.
    Stayed,
    /// The board was to lift its read protection and has left the bus before it could be heard doing so.
    WentAway,
    /// The board says that its read protection is lifted, and refuses to be read all the same.
    StillProtected,
    /// The user has asked to stop.
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usb(error) => error.fmt(f),
            Self::Answered {
                status,
                state,
                explanation,
            } => {
                write!(f, "the board answered {status} in {state}")?;
                match explanation {
                    Some(text) => write!(f, " and says {text:?}"),
                    None => Ok(()),
                }
            }
            Self::StillBusy(deadline) => {
                write!(f, "the board was still busy after {} s", deadline.as_secs())
            }
            Self::Short { expected, found } => {
                write!(
                    f,
                    "the board answered {found} bytes where {expected} were due"
                )
            }
            Self::LostPlace(state) => write!(
                f,
                "the board is in {state} where it should wait for the next block: it has lost its place"
            ),
            Self::Endless(bytes) => write!(
                f,
                "what the board gives has no end: {} MiB came",
                bytes >> 20
            ),
            Self::Empty => f.write_str("there is nothing to send"),
            Self::NoUpload => f.write_str("the board says that it can't be read"),
            Self::Vanished => f.write_str(
                "the board went off the bus before it said that it was done, and has not come back as an application",
            ),
            Self::Differs {
                address,
                expected,
                found,
            } => write!(
                f,
                "{address:#010x} holds {found:#04x} where {expected:#04x} should be"
            ),
            Self::ReadProtected => f.write_str("the chip's read protection is on"),
            Self::LinkedElsewhere(found) => found.fmt(f),
            Self::RefusesUpload(refusal) => write!(
                f,
                "the board says that it can be read, and refuses each time: {refusal}"
            ),
            Self::NoSuchCommand => f.write_str("the board's bootloader has no such command"),
            Self::Stayed => f.write_str("the board is still in DFU mode"),
            Self::WentAway => f.write_str(
                "the board went away before it said that it was at work, so that nobody knows whether it is done",
            ),
            Self::StillProtected => {
                f.write_str("the board says that it is done, and its read protection is still on")
            }
            Self::Interrupted => f.write_str("interrupted"),
        }
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

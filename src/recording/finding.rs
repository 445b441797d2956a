//! What is not as the specifications say, on either side.

use std::fmt;
use std::time::Duration;

use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus};

/// Something that is not as the specifications say, each kind once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub deviation: Deviation,
    /// When it was first, since the recording began.
    pub first: Duration,
    /// How often.
    pub times: u32,
}

/// Who doesn't keep to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Host,
    Device,
}

/// What a device works at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    SetAddress,
    Erase,
    MassErase,
    Write,
    Unprotect,
    Leave,
    Other,
}

/// In what way. What was measured is the worst that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// The host asks for what the device's state does not allow (DFU 1.1 §A.2).
    NotAllowed {
        request: DfuRequest,
        state: DfuState,
    },
    /// The host doesn't wait for `bwPollTimeout`, which is in milliseconds.
    PolledEarly { said: u32, waited: Duration },
    /// Block numbers don't follow each other, without a new address.
    BlockJumps { expected: u16, found: u16 },
    /// A block that is no full one has others after it, without a new address: where those belong is open (AN3156 §4.1).
    ShortBlock { length: u16, full: u16 },
    /// More than `wTransferSize`.
    TooLong { length: u16, most: u16 },
    /// Block 1 is reserved (AN3156 §4.1, §5.1).
    ReservedBlock,
    /// The device refuses what its state allows.
    Refuses {
        request: DfuRequest,
        state: DfuState,
    },
    /// The device takes what its state does not allow.
    Accepts {
        request: DfuRequest,
        state: DfuState,
    },
    /// The device says a state that can't follow.
    Jumps { from: DfuState, to: DfuState },
    /// dfuERROR with the status OK.
    ErrorWithOk,
    /// A status of failure in another state than dfuERROR.
    FailureOutsideError { state: DfuState, status: DfuStatus },
    /// A state or a status that there is none of.
    Unknown { state: DfuState, status: DfuStatus },
    /// The device is busy, and doesn't say for how long.
    NoPollTimeout,
    /// The device is busy for longer than it says.
    BusyLonger {
        work: Work,
        /// `bwPollTimeout`, in milliseconds.
        said: u32,
        took: Duration,
    },
    /// The device answers a GETSTATUS only when it is done.
    AnswersLate { work: Work, took: Duration },
    /// The device refuses a GETSTATUS while it is busy.
    RefusesWhileBusy,
    /// The device doesn't answer.
    NoAnswer { request: DfuRequest },
    /// A status has six bytes.
    ShortStatus { length: usize },
    /// A string has fewer bytes than it says.
    ShortString { said: u8, found: usize },
    /// What was read is not what was written before.
    ReadsOtherwise { address: u64 },
    /// What was erased is not blank.
    NotErased { address: u64 },
}

impl Deviation {
    /// Whose it is.
    pub fn party(&self) -> Party {
        match self {
            Self::NotAllowed { .. }
            | Self::PolledEarly { .. }
            | Self::BlockJumps { .. }
            | Self::ShortBlock { .. }
            | Self::TooLong { .. }
            | Self::ReservedBlock => Party::Host,
            _ => Party::Device,
        }
    }

    /// Whether another one is of the same kind, whatever was measured; then, the worse of both.
    fn worse(&self, other: &Self) -> Option<Self> {
        let is_worse = match (self, other) {
            (Self::PolledEarly { said, waited }, Self::PolledEarly { said: s, waited: w }) => {
                lead(*s, *w) > lead(*said, *waited)
            }
            (
                Self::BusyLonger { work, took, .. },
                Self::BusyLonger {
                    work: other_work,
                    took: other_took,
                    ..
                },
            )
            | (
                Self::AnswersLate { work, took },
                Self::AnswersLate {
                    work: other_work,
                    took: other_took,
                },
            ) if work == other_work => other_took > took,
            (Self::BlockJumps { .. }, Self::BlockJumps { .. })
            | (Self::ShortBlock { .. }, Self::ShortBlock { .. })
            | (Self::TooLong { .. }, Self::TooLong { .. })
            | (Self::ShortStatus { .. }, Self::ShortStatus { .. })
            | (Self::ShortString { .. }, Self::ShortString { .. })
            | (Self::ReadsOtherwise { .. }, Self::ReadsOtherwise { .. })
            | (Self::NotErased { .. }, Self::NotErased { .. }) => false,
            (one, other) if one == other => false,
            _ => return None,
        };
        Some(if is_worse {
            other.clone()
        } else {
            self.clone()
        })
    }
}

/// How much too early a question comes.
fn lead(said: u32, waited: Duration) -> Duration {
    Duration::from_millis(said.into()).saturating_sub(waited)
}

/// As many kinds are kept: a session has a handful.
const MOST: usize = 100;

/// Findings, each kind once.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Takes note of one.
    pub fn add(&mut self, at: Duration, deviation: Deviation) {
        for known in &mut self.0 {
            if let Some(worse) = known.deviation.worse(&deviation) {
                known.deviation = worse;
                known.first = known.first.min(at);
                known.times += 1;
                return;
            }
        }
        if self.0.len() == MOST {
            return;
        }
        self.0.push(Finding {
            deviation,
            first: at,
            times: 1,
        });
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetAddress => "an address",
            Self::Erase => "an erase",
            Self::MassErase => "a mass erase",
            Self::Write => "a block",
            Self::Unprotect => "lifting read protection",
            Self::Leave => "leaving",
            Self::Other => "its work",
        })
    }
}

/// A sentence without its full stop, about the host or the device.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed { request, state } => {
                write!(f, "sends {request} in {state}, where it is not allowed")
            }
            Self::PolledEarly { said, waited } => write!(
                f,
                "asks again after {} ms, where the device said {said} ms",
                waited.as_millis()
            ),
            Self::BlockJumps { expected, found } => {
                write!(f, "sends block {found}, where block {expected} is next")
            }
            Self::ShortBlock { length, full } => write!(
                f,
                "sends a block of {length} bytes and then the next one, with full blocks of {full} bytes and no new address"
            ),
            Self::TooLong { length, most } => write!(
                f,
                "sends a block of {length} bytes, where wTransferSize is {most}"
            ),
            Self::ReservedBlock => f.write_str("uses block 1, which is reserved"),
            Self::Refuses { request, state } => {
                write!(f, "refuses {request} in {state}, where it is allowed")
            }
            Self::Accepts { request, state } => {
                write!(f, "takes {request} in {state}, where it is not allowed")
            }
            Self::Jumps { from, to } => write!(f, "says {to}, which does not follow {from}"),
            Self::ErrorWithOk => f.write_str("says dfuERROR with the status OK"),
            Self::FailureOutsideError { state, status } => {
                write!(f, "says {status} in {state}, and not in dfuERROR")
            }
            Self::Unknown { state, status } => write!(f, "says {state}, {status}"),
            Self::NoPollTimeout => f.write_str("says bwPollTimeout 0 while it is busy"),
            Self::BusyLonger { work, said, took } => write!(
                f,
                "is busy with {work} for {} ms, and said {said} ms",
                took.as_millis()
            ),
            Self::AnswersLate { work, took } => write!(
                f,
                "answers the GETSTATUS of {work} only after {} ms",
                took.as_millis()
            ),
            Self::RefusesWhileBusy => f.write_str("refuses GETSTATUS while it is busy"),
            Self::NoAnswer { request } => write!(f, "does not answer {request}"),
            Self::ShortStatus { length } => {
                write!(f, "answers GETSTATUS with {length} bytes in the place of 6")
            }
            Self::ShortString { said, found } => {
                write!(f, "sends a string of {found} bytes that says it has {said}")
            }
            Self::ReadsOtherwise { address } => write!(
                f,
                "gives back another byte than was written, first at {address:#010x}"
            ),
            Self::NotErased { address } => write!(
                f,
                "reports an erase as done, and is not blank at {address:#010x}"
            ),
        }
    }
}

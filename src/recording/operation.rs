//! What a host did, one thing after the other: a DNLOAD with all the GETSTATUS after it is one.

use std::ops::Range;
use std::time::Duration;

use crate::dfu::protocol::{DfuState, StatusReport};
use crate::usb::UsbError;

/// One thing that a host did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Since the recording began.
    pub at: Duration,
    /// From its first request to its last answer.
    pub took: Duration,
    pub what: What,
    pub end: End,
    pub polls: Polls,
    /// Which of the device's transfers it consists of.
    pub transfers: Range<usize>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Standard requests: the system got to know the device, or a program did.
    Identify,
    /// SET_INTERFACE to the DFU interface.
    ChooseMemory(u8),
    /// UPLOAD of the list of commands, with their first bytes.
    GetCommands(Vec<u8>),
    SetAddress(u32),
    Erase(u32),
    MassErase,
    ReadUnprotect,
    /// A DNLOAD to block 0 that is no command of DfuSe, or one that the recording doesn't have.
    UnknownCommand,
    /// DNLOAD of data.
    Write(Block),
    /// UPLOAD of data.
    Read(Block),
    /// DNLOAD of nothing: on DfuSe, leave; else, the end of a download.
    End,
    /// GETSTATUS that belongs to nothing else; `None` where it has no answer.
    Status(Option<StatusReport>),
    /// GETSTATE that belongs to nothing else.
    State(Option<DfuState>),
    ClearStatus,
    Abort,
    Detach,
    /// A request of another class, or to another interface.
    Other,
}

/// A block of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// `wValue`
    pub number: u16,
    /// The alternate setting that was chosen.
    pub memory: u8,
    /// Where it belongs: its address, or without DfuSe its place in the stream; `None` where the recording doesn't tell.
    pub position: Option<u64>,
    /// In bytes.
    pub length: u32,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Done,
    /// dfuERROR, or a status that is none of success.
    Failed(StatusReport),
    /// A STALL.
    Refused,
    /// Any other trouble.
    Lost(UsbError),
    /// Nobody asked on: what was said last.
    Left(Option<StatusReport>),
    /// The recording doesn't have it.
    Unknown,
}

/// The GETSTATUS that belong to something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polls {
    pub count: u32,
    /// The first `bwPollTimeout` of a device that is busy, in milliseconds.
    pub said: Option<u32>,
    /// How long the slowest answer took.
    pub slowest: Duration,
    /// How many were refused.
    pub refused: u32,
}

//! The device's side of what runs on a board in DFU mode: a class request in; bytes, an acknowledgement, a STALL or
//! silence out. One file a protocol.
//!
//! They know nothing of how our own host behaves. Where a board does it differently, they ask the board's quirks.

mod dfuse;
mod plain;

use std::time::Duration;

use super::board::Board;
use super::flash::Memories;
use super::quirk::Quirks;
use super::timing::Timing;
use super::transfer::{Answer, Setup};
use crate::dfu::protocol::DfuStatus;

/// How a bootloader leaves the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It starts what there is to be started.
    Starts,
    /// Nothing comes after it.
    Quits,
}

/// A bootloader at work on a board's memories.
#[derive(Debug)]
pub enum Bootloader {
    /// One that speaks DfuSe.
    Dfuse(dfuse::Bootloader),
    /// One that doesn't.
    Plain(plain::Bootloader),
}

impl Bootloader {
    /// A bootloader that has just started.
    pub fn new(board: &Board, quirks: &Quirks, timing: Timing, memories: &Memories) -> Self {
        match board.plain {
            Some(blocks) => Self::Plain(plain::Bootloader::new(board, blocks, quirks, timing)),
            None => Self::Dfuse(dfuse::Bootloader::new(board, quirks, timing, memories)),
        }
    }

    /// How it leaves the bus, if it does at the time `now`.
    pub fn departure(&mut self, now: Duration) -> Option<Departure> {
        match self {
            Self::Dfuse(dfuse) => dfuse.has_left().then_some(Departure::Starts),
            Self::Plain(plain) => plain.departure(now),
        }
    }

    /// When it will leave by itself unless something is asked.
    pub fn leaves_at(&self) -> Option<Duration> {
        match self {
            Self::Dfuse(_) => None,
            Self::Plain(plain) => plain.leaves_at(),
        }
    }

    /// Whether there is nothing that it could start.
    pub fn has_nothing_to_start(&self, memories: &Memories) -> bool {
        match self {
            Self::Dfuse(_) => false,
            Self::Plain(plain) => !plain.has_an_application(memories),
        }
    }

    /// When it hears a request that comes at the time `now`: later, if it is busy and deaf.
    pub fn hears_at(&self, now: Duration) -> Duration {
        match self {
            Self::Dfuse(dfuse) => dfuse.hears_at(now),
            Self::Plain(plain) => plain.hears_at(now),
        }
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        match self {
            Self::Dfuse(dfuse) => dfuse.alternate_setting(),
            Self::Plain(plain) => plain.alternate_setting(),
        }
    }

    /// SET_CONFIGURATION, which chooses alternate setting 0.
    pub fn configured(&mut self, memories: &Memories, now: Duration) {
        match self {
            Self::Dfuse(dfuse) => dfuse.set_alternate_setting(0, memories),
            Self::Plain(plain) => plain.configured(memories, now),
        }
    }

    /// SET_INTERFACE.
    pub fn set_alternate_setting(&mut self, alternate_setting: u8, memories: &Memories) {
        match self {
            Self::Dfuse(dfuse) => dfuse.set_alternate_setting(alternate_setting, memories),
            Self::Plain(plain) => plain.set_alternate_setting(alternate_setting),
        }
    }

    /// The string behind `iString`: what went wrong, told once.
    pub fn explain(&mut self) -> Option<&'static str> {
        match self {
            Self::Dfuse(dfuse) => dfuse.explain(),
            Self::Plain(_) => None,
        }
    }

    /// Answers a class request to the DFU interface that is heard at the time `now`; also, when that answer is given.
    pub fn request(
        &mut self,
        setup: &Setup,
        data: &[u8],
        memories: &mut Memories,
        now: Duration,
    ) -> (Answer, Duration) {
        match self {
            Self::Dfuse(dfuse) => dfuse.request(setup, data, memories, now),
            Self::Plain(plain) => plain.request(setup, data, memories, now),
        }
    }

    /// Falls into dfuERROR out of whatever it was doing.
    pub fn fail(&mut self, status: DfuStatus) {
        match self {
            Self::Dfuse(dfuse) => dfuse.fail(status),
            Self::Plain(plain) => plain.fail(status),
        }
    }

    /// The power fails as a request comes in: work that it would have begun, or is under way, is done by half.
    pub fn lose_power(&mut self, is_get_status: bool, memories: &mut Memories, now: Duration) {
        match self {
            Self::Dfuse(dfuse) => dfuse.lose_power(is_get_status, memories, now),
            Self::Plain(plain) => plain.lose_power(is_get_status, memories, now),
        }
    }

    /// The port is reset. ST's take no notice of that.
    pub fn reset(&mut self) {
        match self {
            Self::Dfuse(_) => {}
            Self::Plain(plain) => plain.reset(),
        }
    }
}

/// `bwPollTimeout`: rounded up, so that a host that waits as told finds the work done; 24 bits.
fn poll_timeout(duration: Duration) -> u32 {
    let milliseconds = duration.as_nanos().div_ceil(1_000_000);
    u32::try_from(milliseconds).map_or(0xFF_FFFF, |ms| ms.min(0xFF_FFFF))
}

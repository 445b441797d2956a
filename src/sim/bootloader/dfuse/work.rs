//! Work in flash, between a GETSTATUS and the next.

use std::time::Duration;

use crate::dfu::protocol::DfuStatus;
use crate::dfuse::command::DfuseCommand;

/// First byte of "get commands": to be sent with UPLOAD, but ST's library takes it with DNLOAD, too, and does nothing.
pub const GET_COMMANDS: u8 = 0x00;

/// A DNLOAD's block number and data.
#[derive(Debug)]
pub struct Download {
    pub block: u16,
    pub data: Vec<u8>,
}

/// Work under way: it shows its outcome when its time has come.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub job: Job,
    pub done_at: Duration,
    pub outcome: DfuStatus,
    /// It is done, but the bootloader will never notice.
    pub wedged: bool,
    /// The bootloader is gone before it could answer.
    pub silent: bool,
}

/// What it is that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Nothing,
    Write,
    Command(DfuseCommand),
}

impl Job {
    /// Whether it takes flash away.
    pub fn is_erase(self) -> bool {
        use DfuseCommand::{Erase, MassErase};
        matches!(self, Self::Command(Erase(_) | MassErase))
    }
}

impl Default for Work {
    fn default() -> Self {
        Self {
            job: Job::Nothing,
            done_at: Duration::ZERO,
            outcome: DfuStatus::Ok,
            wedged: false,
            silent: false,
        }
    }
}

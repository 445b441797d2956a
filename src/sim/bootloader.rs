//! The device's side of DFU and DfuSe: a class request in; bytes, an acknowledgement, a STALL or silence out.
//!
//! Written from AN3156, DFU 1.1 appendix A and what ST's published device library does where those are silent. It
//! knows nothing of how our own host behaves.

use std::time::Duration;

use super::board::{Board, FirstContact, Leave, NeedlessClearStatus};
use super::flash::Memories;
use super::timing::Timing;
use super::{Answer, Setup};
use crate::dfuse::protocol::{
    COMMAND_BLOCK, DfuRequest, DfuState, DfuStatus, DfuseCommand, FIRST_DATA_BLOCK, StatusReport,
};

/// First byte of "get commands": to be sent with UPLOAD, but ST's library takes it with DNLOAD, too, and does nothing.
const GET_COMMANDS: u8 = 0x00;

/// A bootloader at work on a board's memories.
#[derive(Debug)]
pub struct Bootloader {
    board: &'static Board,
    timing: Timing,
    alternate_setting: u8,
    address_pointer: u32,
    state: DfuState,
    status: DfuStatus,
    /// What DNLOAD brought and the next GETSTATUS will carry out.
    stored: Option<Download>,
    /// While in dfuDNBUSY.
    work: Work,
    has_left: bool,
}

/// A DNLOAD's block number and data.
#[derive(Debug)]
struct Download {
    block: u16,
    data: Vec<u8>,
}

/// Work under way: it shows its outcome when its time has come.
#[derive(Debug, Clone, Copy)]
struct Work {
    done_at: Duration,
    outcome: DfuStatus,
}

impl Bootloader {
    /// A bootloader that has just started.
    pub fn new(board: &'static Board, timing: Timing, memories: &Memories) -> Self {
        let (state, status) = match board.first_contact {
            FirstContact::Idle => (DfuState::DfuIdle, DfuStatus::Ok),
            FirstContact::ErrFirmware => (DfuState::DfuError, DfuStatus::ErrFirmware),
        };
        Self {
            board,
            timing,
            alternate_setting: 0,
            address_pointer: memories.get(0).map_or(0, |memory| memory.origin()),
            state,
            status,
            stored: None,
            work: Work {
                done_at: Duration::ZERO,
                outcome: DfuStatus::Ok,
            },
            has_left: false,
        }
    }

    /// Whether it has left the bus, by a leave or by a reset.
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        self.alternate_setting
    }

    /// Chooses an alternate setting (SET_INTERFACE). State and address pointer stay as they are.
    pub fn set_alternate_setting(&mut self, alternate_setting: u8) {
        self.alternate_setting = alternate_setting;
    }

    /// Answers a class request to the DFU interface, at the time `now`, when it will have been answered.
    pub fn request(
        &mut self,
        setup: &Setup,
        data: &[u8],
        memories: &mut Memories,
        now: Duration,
    ) -> Answer {
        self.finish_work(now);
        let from_device = setup.request.request_type == DfuRequest::FROM_DEVICE;
        match (DfuRequest::from_byte(setup.request.request), from_device) {
            (Some(DfuRequest::Dnload), false) => self.dnload(setup.request.value, data),
            (Some(DfuRequest::Upload), true) => {
                self.upload(setup.request.value, setup.length, memories)
            }
            (Some(DfuRequest::GetStatus), true) => self.get_status(memories, now),
            (Some(DfuRequest::GetState), true) => Answer::Data(vec![self.state.to_byte()]),
            (Some(DfuRequest::ClrStatus), false) => self.clear_status(),
            (Some(DfuRequest::Abort), false) => self.abort(),
            // DETACH belongs to the application's side (DFU 1.1, table 3.2).
            _ => self.stall(),
        }
    }

    fn dnload(&mut self, block: u16, data: &[u8]) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuDnloadIdle) {
            return self.stall();
        }
        if data.is_empty() {
            return match self.board.leave {
                Leave::OnGetStatus => {
                    self.state = DfuState::DfuManifestSync;
                    Answer::Acknowledged
                }
                Leave::Unanswered => {
                    self.has_left = true;
                    Answer::Silent
                }
            };
        }
        if data.len() > usize::from(self.board.transfer_size) || is_reserved(block) {
            return self.stall();
        }
        self.stored = Some(Download {
            block,
            data: data.to_vec(),
        });
        self.state = DfuState::DfuDnloadSync;
        Answer::Acknowledged
    }

    fn upload(&mut self, block: u16, length: u16, memories: &Memories) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuUploadIdle)
            || length > self.board.transfer_size
            || is_reserved(block)
        {
            return self.stall();
        }
        if memories.read_protected() {
            self.enter_error(DfuStatus::ErrVendor);
            return Answer::Stall;
        }
        let length = usize::from(length);
        let bytes = if block == COMMAND_BLOCK {
            if !self.board.commands.contains(&GET_COMMANDS) {
                return self.stall();
            }
            &self.board.commands[..self.board.commands.len().min(length)]
        } else {
            let bytes = self
                .block_address(block)
                .and_then(|address| memories.get(self.alternate_setting)?.read(address, length));
            match bytes {
                Some(bytes) => bytes,
                None if length == 0 => &[],
                None => {
                    self.enter_error(DfuStatus::ErrTarget);
                    return Answer::Stall;
                }
            }
        };
        // A short answer is the end of an upload (DFU 1.1 §6.2).
        self.state = if bytes.len() < length || length == 0 {
            DfuState::DfuIdle
        } else {
            DfuState::DfuUploadIdle
        };
        Answer::Data(bytes.to_vec())
    }

    fn get_status(&mut self, memories: &mut Memories, now: Duration) -> Answer {
        let mut poll_timeout = Duration::ZERO;
        match self.state {
            DfuState::DfuDnloadSync => match self.stored.take() {
                Some(download) => {
                    poll_timeout = self.start_work(&download, memories, now);
                }
                None => self.state = DfuState::DfuDnloadIdle,
            },
            DfuState::DfuDnbusy => poll_timeout = self.work.done_at.saturating_sub(now),
            DfuState::DfuManifestSync => {
                // Not manifestation tolerant (bmAttributes): nothing is answered after this.
                self.state = DfuState::DfuManifest;
                self.has_left = true;
            }
            _ => {}
        }
        let report = StatusReport {
            status: self.status,
            poll_timeout: whole_milliseconds(poll_timeout),
            state: self.state,
            string_index: 0,
        };
        Answer::Data(report.to_bytes().to_vec())
    }

    fn clear_status(&mut self) -> Answer {
        if self.state == DfuState::DfuError {
            self.state = DfuState::DfuIdle;
            self.status = DfuStatus::Ok;
            return Answer::Acknowledged;
        }
        match self.board.needless_clear_status {
            NeedlessClearStatus::ErrUnknown => {
                self.enter_error(DfuStatus::ErrUnknown);
                Answer::Acknowledged
            }
            NeedlessClearStatus::Stall => self.stall(),
        }
    }

    /// ST's code acknowledges ABORT everywhere, and does nothing where it makes no sense.
    fn abort(&mut self) -> Answer {
        if matches!(
            self.state,
            DfuState::DfuIdle
                | DfuState::DfuDnloadSync
                | DfuState::DfuDnloadIdle
                | DfuState::DfuManifestSync
                | DfuState::DfuUploadIdle
        ) {
            self.stored = None;
            self.state = DfuState::DfuIdle;
        }
        Answer::Acknowledged
    }

    /// Begins what was stored and returns how long it takes. The memory changes here; the host learns of the outcome
    /// when the time is over.
    fn start_work(
        &mut self,
        download: &Download,
        memories: &mut Memories,
        now: Duration,
    ) -> Duration {
        let (outcome, duration) = match self.carry_out(download, memories) {
            Ok(duration) => (DfuStatus::Ok, self.timing.work(duration)),
            Err(status) => (status, Duration::ZERO),
        };
        self.state = DfuState::DfuDnbusy;
        self.work = Work {
            done_at: now.saturating_add(duration),
            outcome,
        };
        duration
    }

    fn finish_work(&mut self, now: Duration) {
        if self.state == DfuState::DfuDnbusy && now >= self.work.done_at {
            match self.work.outcome {
                DfuStatus::Ok => self.state = DfuState::DfuDnloadSync,
                status => self.enter_error(status),
            }
        }
    }

    fn carry_out(
        &mut self,
        download: &Download,
        memories: &mut Memories,
    ) -> Result<Duration, DfuStatus> {
        let command =
            DfuseCommand::from_bytes(&download.data).filter(|_| download.block == COMMAND_BLOCK);
        if memories.read_protected() && command != Some(DfuseCommand::ReadUnprotect) {
            return Err(DfuStatus::ErrVendor);
        }
        let memory = memories
            .get_mut(self.alternate_setting)
            .ok_or(DfuStatus::ErrTarget)?;
        if download.block != COMMAND_BLOCK {
            let address = self
                .block_address(download.block)
                .ok_or(DfuStatus::ErrTarget)?;
            let duration = memory.program(address, &download.data)?;
            self.has_left = memory.resets_when_written();
            return Ok(duration);
        }
        if !download
            .data
            .first()
            .is_some_and(|command| self.board.commands.contains(command))
        {
            return Err(DfuStatus::ErrStalledPkt);
        }
        match command {
            Some(DfuseCommand::SetAddressPointer(address)) if memory.contains(address) => {
                self.address_pointer = address;
                Ok(Duration::ZERO)
            }
            Some(DfuseCommand::SetAddressPointer(_)) => Err(DfuStatus::ErrTarget),
            Some(DfuseCommand::Erase(address)) => memory.erase_sector(address),
            Some(DfuseCommand::MassErase) => memory.erase_all(),
            Some(DfuseCommand::ReadUnprotect) => {
                let duration = memories.read_unprotect()?;
                self.has_left = true;
                Ok(duration)
            }
            None if download.data == [GET_COMMANDS] => Ok(Duration::ZERO),
            None => Err(DfuStatus::ErrStalledPkt),
        }
    }

    /// Where a data block belongs: (wValue − 2) × wTransferSize + address pointer (AN3156 §4.1, §5.1).
    fn block_address(&self, block: u16) -> Option<u32> {
        u32::from(block.checked_sub(FIRST_DATA_BLOCK)?)
            .checked_mul(u32::from(self.board.transfer_size))?
            .checked_add(self.address_pointer)
    }

    /// Refuses a request that the state does not allow (DFU 1.1 appendix A).
    fn stall(&mut self) -> Answer {
        self.enter_error(DfuStatus::ErrStalledPkt);
        Answer::Stall
    }

    fn enter_error(&mut self, status: DfuStatus) {
        self.stored = None;
        self.state = DfuState::DfuError;
        self.status = status;
    }
}

/// Block 1 is neither a command nor data (AN3156 §4, §5).
fn is_reserved(block: u16) -> bool {
    block != COMMAND_BLOCK && block < FIRST_DATA_BLOCK
}

/// `bwPollTimeout`: rounded up, so that a host that waits as told finds the work done; 24 bits.
fn whole_milliseconds(duration: Duration) -> u32 {
    let milliseconds = duration.as_nanos().div_ceil(1_000_000);
    u32::try_from(milliseconds).map_or(0xFF_FFFF, |ms| ms.min(0xFF_FFFF))
}

#[cfg(test)]
mod tests;

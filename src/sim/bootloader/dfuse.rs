//! A bootloader that speaks DfuSe.
//!
//! Written from AN3156, DFU 1.1 appendix A and what ST's published device library does where those are silent.

mod carry_out;
mod leave;
mod packing;
mod status;
mod work;

use std::time::Duration;

use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand, FIRST_DATA_BLOCK};
use crate::sim::board::Board;
use crate::sim::descriptor;
use crate::sim::flash::Memories;
use crate::sim::quirk::{Quirk, Quirks};
use crate::sim::timing::Timing;
use crate::sim::transfer::{Answer, Setup};
use packing::Packing;
use work::{Download, GET_COMMANDS, Work};

/// A bootloader at work on a board's memories.
#[derive(Debug)]
pub struct Bootloader {
    /// First bytes of the commands it has.
    commands: Vec<u8>,
    /// The largest block it takes, in bytes.
    transfer_size: u16,
    quirks: Quirks,
    timing: Timing,
    alternate_setting: u8,
    address_pointer: u32,
    /// Whether setting it was the last thing that was asked for.
    pointer_is_fresh: bool,
    state: DfuState,
    status: DfuStatus,
    /// What the string of `iString` will say, once.
    explanation: Option<&'static str>,
    /// Where images are taken in order only.
    packing: Option<Packing>,
    /// What DNLOAD brought and the next GETSTATUS will carry out.
    stored: Option<Download>,
    /// What was begun last.
    work: Work,
    /// How many GETSTATUS it will refuse because it is busy.
    stalls_left: u32,
    /// Whether it has skipped the erase that it will skip.
    has_skipped: bool,
    /// Until when it hears nothing.
    deaf_until: Duration,
    has_left: bool,
}

impl Bootloader {
    /// A bootloader that has just started.
    pub fn new(board: &Board, quirks: &Quirks, timing: Timing, memories: &Memories) -> Self {
        let (state, status) = if quirks.has(Quirk::ErrFirmware) {
            (DfuState::DfuError, DfuStatus::ErrFirmware)
        } else {
            (DfuState::DfuIdle, DfuStatus::Ok)
        };
        let mut commands = board.commands.to_vec();
        if quirks.has(Quirk::NoReadUnprotect) {
            commands.retain(|command| *command != DfuseCommand::READ_UNPROTECT);
        }
        Self {
            commands,
            transfer_size: descriptor::taken_transfer_size(board, quirks),
            quirks: quirks.clone(),
            timing,
            alternate_setting: 0,
            address_pointer: memories.get(0).map_or(0, |memory| memory.origin()),
            pointer_is_fresh: false,
            state,
            status,
            explanation: None,
            packing: quirks.packed().map(Packing::new),
            stored: None,
            work: Work::default(),
            stalls_left: 0,
            has_skipped: false,
            deaf_until: Duration::ZERO,
            has_left: false,
        }
    }

    /// Whether it has left the bus, by a leave or by a reset.
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// When it hears a request that comes at the time `now`: later, if it is busy and deaf.
    pub fn hears_at(&self, now: Duration) -> Duration {
        now.max(self.deaf_until)
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        self.alternate_setting
    }

    /// Chooses an alternate setting (SET_INTERFACE). State and address pointer stay as they are, as a rule.
    pub fn set_alternate_setting(&mut self, alternate_setting: u8, memories: &Memories) {
        self.alternate_setting = alternate_setting;
        self.pointer_is_fresh = false;
        if self.quirks.has(Quirk::PointerMovesAtSetInterface) {
            self.point_to_origin(memories);
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
        self.finish_work(now);
        self.pointer_is_fresh &= is_about_the_last(setup);
        let from_device = setup.request.request_type == DfuRequest::FROM_DEVICE;
        let answer = match (DfuRequest::from_byte(setup.request.request), from_device) {
            (Some(DfuRequest::Dnload), false) => self.dnload(setup.request.value, data),
            (Some(DfuRequest::Upload), true) => {
                self.upload(setup.request.value, setup.length, memories)
            }
            (Some(DfuRequest::GetStatus), true) => return self.get_status(memories, now),
            (Some(DfuRequest::GetState), true) => Answer::Data(vec![self.state.to_byte()]),
            (Some(DfuRequest::ClrStatus), false) => self.clear_status(),
            (Some(DfuRequest::Abort), false) => self.abort(memories),
            // DETACH belongs to the application's side (DFU 1.1, table 3.2).
            _ => self.stall(),
        };
        (answer, now)
    }

    /// Falls into dfuERROR out of whatever it was doing.
    pub fn fail(&mut self, status: DfuStatus) {
        self.enter_error(status);
    }

    fn dnload(&mut self, block: u16, data: &[u8]) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuDnloadIdle) {
            return self.stall();
        }
        if data.is_empty() {
            return self.dnload_nothing();
        }
        if data.len() > usize::from(self.transfer_size) && self.quirks.has(Quirk::OversizeSilent) {
            return Answer::Silent;
        }
        if data.len() > usize::from(self.transfer_size) || is_reserved(block) {
            return self.stall();
        }
        if let Some(packing) = &mut self.packing {
            packing.receive(data);
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
            || length > self.transfer_size
            || is_reserved(block)
            || self.quirks.has(Quirk::NoUpload)
            || self.quirks.has(Quirk::UploadStall)
        {
            return self.stall();
        }
        if memories.read_protected() {
            self.enter_error(DfuStatus::ErrVendor);
            return Answer::Stall;
        }
        let address = self.block_address(block, length);
        let length = usize::from(length);
        if let Some(packing) = self.packing.as_ref().filter(|_| block != COMMAND_BLOCK) {
            let bytes = packing.stale(length);
            self.state = DfuState::DfuUploadIdle;
            self.report_error(DfuStatus::ErrFile);
            return Answer::Data(bytes);
        }
        let bytes = if block == COMMAND_BLOCK {
            if !self.commands.contains(&GET_COMMANDS) {
                return self.stall();
            }
            &self.commands[..self.commands.len().min(length)]
        } else {
            let bytes =
                address.and_then(|at| memories.get(self.alternate_setting)?.read(at, length));
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

    fn clear_status(&mut self) -> Answer {
        if self.state == DfuState::DfuError {
            self.state = DfuState::DfuIdle;
            self.status = DfuStatus::Ok;
            self.explanation = None;
            return Answer::Acknowledged;
        }
        if self.quirks.clear_status_is_an_error() || self.work_is_wedged() {
            self.enter_error(DfuStatus::ErrUnknown);
            return Answer::Acknowledged;
        }
        self.stall()
    }

    /// ST's code acknowledges ABORT everywhere, and does nothing where it makes no sense.
    fn abort(&mut self, memories: &Memories) -> Answer {
        if self.state == DfuState::DfuUploadIdle && self.quirks.has(Quirk::PointerMovesAtAbort) {
            self.point_to_origin(memories);
        }
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
            self.status = DfuStatus::Ok;
        }
        Answer::Acknowledged
    }

    fn point_to_origin(&mut self, memories: &Memories) {
        if let Some(memory) = memories.get(self.alternate_setting) {
            self.address_pointer = memory.origin();
        }
    }

    /// Where a data block belongs: (wValue − 2) × wTransferSize + address pointer (AN3156 §4.1, §5.1). `length` is
    /// that of the request: AN3156 words it so that it could be meant.
    fn block_address(&self, block: u16, length: u16) -> Option<u32> {
        let factor = if self.quirks.block_address_by_length() {
            length
        } else {
            self.transfer_size
        };
        u32::from(block.checked_sub(FIRST_DATA_BLOCK)?)
            .checked_mul(u32::from(factor))?
            .checked_add(self.address_pointer)
    }

    /// Refuses a request that the state does not allow (DFU 1.1 appendix A).
    fn stall(&mut self) -> Answer {
        self.enter_error(DfuStatus::ErrStalledPkt);
        Answer::Stall
    }

    fn enter_error(&mut self, status: DfuStatus) {
        self.stored = None;
        self.stalls_left = 0;
        self.state = DfuState::DfuError;
        self.report_error(status);
    }
}

/// Whether a request only asks what came of the one before, or is the DNLOAD of nothing, which makes it leave.
fn is_about_the_last(setup: &Setup) -> bool {
    match DfuRequest::from_byte(setup.request.request) {
        Some(DfuRequest::Dnload) => setup.length == 0,
        Some(DfuRequest::GetStatus | DfuRequest::GetState) => true,
        _ => false,
    }
}

/// Block 1 is neither a command nor data (AN3156 §4, §5).
fn is_reserved(block: u16) -> bool {
    block != COMMAND_BLOCK && block < FIRST_DATA_BLOCK
}

#[cfg(test)]
mod tests;

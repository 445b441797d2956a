//! A bootloader without DfuSe: memories with names and no addresses.
//!
//! Written from DFU 1.1 appendix A, which it follows unless one of the board's quirks says otherwise.

mod download;
mod leave;
mod manifest;
mod upload;

use std::time::Duration;

use super::{Departure, poll_timeout};
use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};
use crate::sim::board::{Blocks, Board, Slot};
use crate::sim::descriptor;
use crate::sim::flash::Memories;
use crate::sim::layout;
use crate::sim::quirk::{Quirk, Quirks};
use crate::sim::timing::Timing;
use crate::sim::transfer::{Answer, Setup};
use download::{Block, Busy};

/// A bootloader at work on a board's slots.
#[derive(Debug)]
pub struct Bootloader {
    quirks: Quirks,
    timing: Timing,
    blocks: Blocks,
    /// `bmAttributes` as it is, whatever it says.
    attributes: u8,
    /// The largest block it takes, in bytes.
    transfer_size: u16,
    slots: Vec<Slot>,
    /// As GET_INTERFACE tells it.
    alternate_setting: u8,
    /// Which of the slots it works on.
    memory: u8,
    state: DfuState,
    status: DfuStatus,
    /// The next byte of the download or upload, from the slot's beginning.
    position: u32,
    /// While a download or upload is open, the number of its next block.
    next_number: Option<u16>,
    /// What DNLOAD brought and the next GETSTATUS will write.
    stored: Option<Block>,
    /// What was written last, while it takes its time.
    busy: Option<Busy>,
    /// What is kept until the manifestation, where nothing is written before.
    uncommitted: Vec<u8>,
    /// When the manifestation is over.
    manifested_at: Option<Duration>,
    /// Until when it hears nothing.
    deaf_until: Duration,
    /// When it will start its application unless something is asked.
    idle_until: Option<Duration>,
    /// When it will leave, whatever is asked.
    leaves_at: Option<(Duration, Departure)>,
    departure: Option<Departure>,
}

impl Bootloader {
    /// How long a bootloader waits that starts its application if nobody asks it anything.
    const IDLE: Duration = Duration::from_secs(1);

    /// A bootloader that has just started.
    pub fn new(board: &Board, blocks: Blocks, quirks: &Quirks, timing: Timing) -> Self {
        Self {
            quirks: quirks.clone(),
            timing,
            blocks,
            attributes: board.attributes,
            transfer_size: descriptor::taken_transfer_size(board, quirks),
            slots: layout::slots(board),
            alternate_setting: 0,
            memory: quirks.default_memory(),
            state: DfuState::DfuIdle,
            status: DfuStatus::Ok,
            position: 0,
            next_number: None,
            stored: None,
            busy: None,
            uncommitted: Vec::new(),
            manifested_at: None,
            deaf_until: Duration::ZERO,
            idle_until: None,
            leaves_at: None,
            departure: None,
        }
    }

    /// When it hears a request that comes at the time `now`: later, if it is busy and deaf.
    pub fn hears_at(&self, now: Duration) -> Duration {
        now.max(self.deaf_until)
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        self.alternate_setting
    }

    /// SET_CONFIGURATION, which chooses alternate setting 0, and with it a slot, on most boards.
    pub fn configured(&mut self, memories: &Memories, now: Duration) {
        self.alternate_setting = 0;
        self.memory = self.quirks.default_memory();
        if self.quirks.has(Quirk::LeavesByItself) && self.has_an_application(memories) {
            self.idle_until = Some(now.saturating_add(Self::IDLE));
        }
    }

    /// SET_INTERFACE.
    pub fn set_alternate_setting(&mut self, alternate_setting: u8) {
        self.alternate_setting = alternate_setting;
        self.memory = alternate_setting;
    }

    /// Whether there is an application that could be started.
    pub fn has_an_application(&self, memories: &Memories) -> bool {
        self.quirks.has(Quirk::Application) || memories.holds_an_image(&self.slots)
    }

    /// Answers a class request to the DFU interface that is heard at the time `now`; also, when that answer is given.
    pub fn request(
        &mut self,
        setup: &Setup,
        data: &[u8],
        memories: &mut Memories,
        now: Duration,
    ) -> (Answer, Duration) {
        self.idle_until = None;
        self.finish_work(now);
        if self.state == DfuState::DfuDnbusy && self.quirks.has(Quirk::BusyStall) {
            return (self.stall(), now);
        }
        let from_device = setup.request.request_type == DfuRequest::FROM_DEVICE;
        let answer = match (DfuRequest::from_byte(setup.request.request), from_device) {
            (Some(DfuRequest::Dnload), false) => self.dnload(setup.request.value, data),
            (Some(DfuRequest::Upload), true) => {
                self.upload(setup.request.value, setup.length, memories)
            }
            (Some(DfuRequest::GetStatus), true) => return self.get_status(memories, now),
            (Some(DfuRequest::GetState), true) => {
                self.lose_place();
                Answer::Data(vec![self.state.to_byte()])
            }
            (Some(DfuRequest::ClrStatus), false) => self.clear_status(),
            (Some(DfuRequest::Abort), false) => self.abort(),
            (Some(DfuRequest::Detach), false) => self.detach(now),
            _ => self.stall(),
        };
        (answer, now)
    }

    /// Falls into dfuERROR out of whatever it was doing.
    pub fn fail(&mut self, status: DfuStatus) {
        self.enter_error(status);
    }

    fn get_status(&mut self, memories: &mut Memories, now: Duration) -> (Answer, Duration) {
        let mut answered_at = now;
        match self.state {
            DfuState::DfuDnloadSync => match self.stored.take() {
                Some(block) => answered_at = self.begin_block(&block, memories, now),
                None => self.state = DfuState::DfuDnloadIdle,
            },
            DfuState::DfuDnloadIdle => self.lose_place(),
            DfuState::DfuManifestSync | DfuState::DfuManifest => self.manifest(memories, now),
            _ => {}
        }
        if self.departure.is_some() && self.quirks.manifest() == Some(Quirk::ManifestGone) {
            return (Answer::Gone, now);
        }
        let report = StatusReport {
            status: match self.state {
                DfuState::DfuError if self.quirks.has(Quirk::ErrorWithOk) => DfuStatus::Ok,
                _ => self.status,
            },
            poll_timeout: poll_timeout(self.claimed_wait(answered_at)),
            state: match self.state {
                DfuState::DfuDnbusy if self.quirks.has(Quirk::UnknownState) => {
                    DfuState::Unknown(42)
                }
                state => state,
            },
            string_index: 0,
        };
        (Answer::Data(report.to_bytes().to_vec()), answered_at)
    }

    /// What it says for `bwPollTimeout`.
    fn claimed_wait(&self, now: Duration) -> Duration {
        let until = match self.state {
            DfuState::DfuDnbusy => self.busy.as_ref().map(|busy| busy.until),
            DfuState::DfuManifest if self.quirks.has(Quirk::ManifestDeaf) => {
                Some(now.saturating_add(Self::DEAF_CLAIM))
            }
            DfuState::DfuManifest => self.manifested_at,
            _ => None,
        };
        let left = until.map_or(Duration::ZERO, |until| until.saturating_sub(now));
        match until {
            Some(_) => self.quirks.claimed_wait(left),
            None => self.quirks.claimed_idle_wait(),
        }
    }

    /// Only in dfuERROR (DFU 1.1 §A.2.11).
    fn clear_status(&mut self) -> Answer {
        if self.state == DfuState::DfuError {
            self.state = DfuState::DfuIdle;
            self.status = DfuStatus::Ok;
            return Answer::Acknowledged;
        }
        if self.quirks.clear_status_is_an_error() {
            self.enter_error(DfuStatus::ErrUnknown);
            return Answer::Acknowledged;
        }
        self.stall()
    }

    /// From every state in which a download or upload stands still (DFU 1.1 appendix A).
    fn abort(&mut self) -> Answer {
        if !matches!(
            self.state,
            DfuState::DfuIdle
                | DfuState::DfuDnloadSync
                | DfuState::DfuDnloadIdle
                | DfuState::DfuManifestSync
                | DfuState::DfuUploadIdle
        ) {
            return self.stall();
        }
        self.stored = None;
        self.manifested_at = None;
        self.state = DfuState::DfuIdle;
        Answer::Acknowledged
    }

    fn lose_place(&mut self) {
        if self.state == DfuState::DfuDnloadIdle && self.quirks.has(Quirk::LosesPlace) {
            self.state = DfuState::DfuIdle;
        }
    }

    /// A download or upload begins in dfuIDLE, unless one was left open.
    fn begin_transfer(&mut self) {
        if self.state == DfuState::DfuIdle && !self.is_left_open() {
            self.position = 0;
            self.next_number = None;
            self.uncommitted.clear();
        }
    }

    fn is_left_open(&self) -> bool {
        self.quirks.has(Quirk::OpenTransaction) && self.next_number.is_some()
    }

    /// Takes note of a block's number.
    ///
    /// # Errors
    /// errUNKNOWN where the order counts and this one is not the next. The transfer is over then.
    fn count(&mut self, number: u16) -> Result<(), DfuStatus> {
        let is_next = number == self.next_number.unwrap_or(0);
        if self.quirks.has(Quirk::ChecksSequence) && !is_next {
            self.next_number = None;
            return Err(DfuStatus::ErrUnknown);
        }
        self.next_number = Some(number.wrapping_add(1));
        if self.quirks.has(Quirk::PlacesByNumber) {
            self.position = u32::from(number).saturating_mul(self.transfer_size.into());
        }
        Ok(())
    }

    fn slot(&self) -> Option<Slot> {
        self.slots.get(usize::from(self.memory)).copied()
    }

    /// Refuses a request that the state does not allow (DFU 1.1 appendix A).
    fn stall(&mut self) -> Answer {
        self.enter_error(DfuStatus::ErrStalledPkt);
        Answer::Stall
    }

    fn enter_error(&mut self, status: DfuStatus) {
        self.stored = None;
        self.busy = None;
        self.manifested_at = None;
        self.state = DfuState::DfuError;
        self.status = status;
    }
}

#[cfg(test)]
mod tests;

//! Blocks on their way into a slot.

use std::time::Duration;

use super::Bootloader;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::sim::board::Blocks;
use crate::sim::descriptor::CAN_DNLOAD;
use crate::sim::flash::Memories;
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

/// A DNLOAD's number and data.
#[derive(Debug)]
pub(super) struct Block {
    number: u16,
    data: Vec<u8>,
}

/// A block that was written; what came of it is told when its time is over.
#[derive(Debug)]
pub(super) struct Busy {
    pub until: Duration,
    outcome: Result<(), DfuStatus>,
}

impl Bootloader {
    pub(super) fn dnload(&mut self, number: u16, data: &[u8]) -> Answer {
        let expected = matches!(self.state, DfuState::DfuIdle | DfuState::DfuDnloadIdle);
        if !expected || self.attributes & CAN_DNLOAD == 0 {
            return self.stall();
        }
        if data.is_empty() {
            return self.end_download(number);
        }
        if data.len() > usize::from(self.transfer_size) {
            return match self.quirks.has(Quirk::OversizeSilent) {
                true => Answer::Silent,
                false => self.stall(),
            };
        }
        self.begin_transfer();
        if self.quirks.has(Quirk::StallsMemory(self.memory)) {
            self.enter_error(DfuStatus::ErrWrite);
            return Answer::Stall;
        }
        if self.quirks.has(Quirk::RefusesMemory(self.memory)) {
            self.enter_error(DfuStatus::ErrWrite);
            return Answer::Acknowledged;
        }
        self.stored = Some(Block {
            number,
            data: data.to_vec(),
        });
        self.state = DfuState::DfuDnloadSync;
        Answer::Acknowledged
    }

    /// Writes a block. Returns when the GETSTATUS that has it written is answered.
    pub(super) fn begin_block(
        &mut self,
        block: &Block,
        memories: &mut Memories,
        now: Duration,
    ) -> Duration {
        let outcome = self.write(block, memories);
        if outcome.is_err() {
            self.next_number = None;
        }
        let (Blocks::Busy(typical) | Blocks::AtOnce(typical)) = self.blocks;
        let taken = self.quirks.block_time();
        let until = now.saturating_add(taken.unwrap_or_else(|| self.timing.work(typical)));
        match self.blocks {
            Blocks::Busy(_) => {
                self.state = DfuState::DfuDnbusy;
                self.busy = Some(Busy { until, outcome });
                now
            }
            Blocks::AtOnce(_) => {
                match outcome {
                    Ok(()) => self.state = DfuState::DfuDnloadIdle,
                    Err(status) => self.enter_error(status),
                }
                until
            }
        }
    }

    /// Takes note of a block whose time is over.
    pub(super) fn finish_work(&mut self, now: Duration) {
        match self.busy.take_if(|busy| now >= busy.until) {
            Some(Busy {
                outcome: Ok(()), ..
            }) => self.state = DfuState::DfuDnloadSync,
            Some(Busy {
                outcome: Err(status),
                ..
            }) => self.enter_error(status),
            None => {}
        }
    }

    /// The power fails as a request comes in: the block that was to be written by it is written by half.
    pub fn lose_power(&mut self, is_get_status: bool, memories: &mut Memories, now: Duration) {
        let stored = self.stored.take().filter(|_| is_get_status);
        let is_cut = stored.is_some() || self.busy.as_ref().is_some_and(|busy| now < busy.until);
        if let Some(block) = stored {
            self.begin_block(&block, memories, now);
        }
        if let Some(memory) = memories.get_mut(0).filter(|_| is_cut) {
            memory.cut_work_short();
        }
    }

    fn write(&mut self, block: &Block, memories: &mut Memories) -> Result<(), DfuStatus> {
        self.count(block.number)?;
        if let Some(status) = self.quirks.block_error(block.number) {
            return Err(status);
        }
        let slot = self.slot().ok_or(DfuStatus::ErrTarget)?;
        let length = u32::try_from(block.data.len()).map_err(|_| DfuStatus::ErrAddress)?;
        let end = self.position.checked_add(length);
        let end = end.filter(|end| *end <= slot.size);
        let end = end.ok_or(DfuStatus::ErrAddress)?;
        if self.quirks.has(Quirk::CommitsAtManifest) {
            let start = usize::try_from(self.position).map_err(|_| DfuStatus::ErrAddress)?;
            self.uncommitted.resize(start, 0xFF);
            self.uncommitted.extend(&block.data);
        } else {
            self.keep(&block.data, slot.start + self.position, memories)?;
        }
        self.position = end;
        Ok(())
    }

    /// Puts bytes into flash, at this place of it.
    pub(super) fn keep(
        &self,
        data: &[u8],
        at: u32,
        memories: &mut Memories,
    ) -> Result<(), DfuStatus> {
        if self.quirks.has(Quirk::WritesNothing(self.memory)) {
            return Ok(());
        }
        let memory = memories.get_mut(0).ok_or(DfuStatus::ErrTarget)?;
        memory.begin_work();
        memory.program(at, data).map(drop)
    }
}

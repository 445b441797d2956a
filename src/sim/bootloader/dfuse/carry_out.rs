//! What a bootloader does in flash between a GETSTATUS and the next: how long it takes, and what comes of it.

use std::borrow::Cow;
use std::time::Duration;

use super::Bootloader;
use super::work::{Download, GET_COMMANDS, Job, Work};
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand};
use crate::sim::flash::{Memories, MemoryContents};
use crate::sim::quirk::Quirk;

impl Bootloader {
    /// What a F405 says of a mass erase.
    const MASS_ERASE_CLAIM: Duration = Duration::from_millis(100);
    /// What a wedged H743 goes on to say.
    const WEDGE_CLAIM: Duration = Duration::from_millis(100);
    /// Whoever refuses after the wait has asked for one.
    const SHORTEST_CLAIM_BEFORE_A_STALL: Duration = Duration::from_millis(1);

    /// Begins what was stored. The memory changes here; the host learns of the outcome when the time is over.
    pub(super) fn start_work(
        &mut self,
        download: &Download,
        memories: &mut Memories,
        now: Duration,
    ) {
        if let Some(memory) = memories.get_mut(self.alternate_setting) {
            memory.begin_work();
        }
        let (job, result) = match self.job(download, memories) {
            Ok(job) => (job, self.carry_out(job, download, memories)),
            Err(status) => (Job::Nothing, Err(status)),
        };
        let (outcome, duration) = match result {
            Ok(duration) => (DfuStatus::Ok, self.timing.work(duration)),
            Err(status) => (self.worded(job, status), Duration::ZERO),
        };
        self.state = DfuState::DfuDnbusy;
        if job == Job::Command(DfuseCommand::ReadUnprotect)
            && self.quirks.has(Quirk::WrongStateAfterUnprotect)
        {
            self.state = DfuState::DfuDnloadIdle;
        }
        if job.is_erase() {
            self.stalls_left = self.quirks.stalls_after_wait();
        }
        let is_last_block = job == Job::Write
            && download.data.len() < usize::from(self.transfer_size)
            && self.quirks.has(Quirk::GoneOnLastBlock);
        self.has_left |= is_last_block;
        self.work = Work {
            job,
            done_at: now.saturating_add(duration),
            outcome,
            wedged: self.wedges(job, memories),
            silent: is_last_block,
        };
    }

    /// Takes note of work whose time is over.
    pub(super) fn finish_work(&mut self, now: Duration) {
        if self.state == DfuState::DfuDnbusy && now >= self.work.done_at && !self.work.wedged {
            match self.work.outcome {
                status if status == DfuStatus::Ok || self.quirks.has(Quirk::ErrorInIdle) => {
                    self.state = DfuState::DfuDnloadSync;
                    self.status = status;
                }
                status => self.enter_error(status),
            }
        }
    }

    /// Stops hearing where it can't work and hear. Returns when the GETSTATUS that began the work is answered.
    pub(super) fn go_deaf(&mut self, now: Duration) -> Duration {
        if self.quirks.has(Quirk::BlockingErase) && self.work.job.is_erase() {
            self.deaf_until = self.work.done_at;
            return self.work.done_at;
        }
        if self.quirks.has(Quirk::BlockingNext) {
            self.deaf_until = self.work.done_at;
        }
        now
    }

    /// What it says for `bwPollTimeout` at the time `now`.
    pub(super) fn claimed_wait(&self, now: Duration) -> Duration {
        if self.work.wedged {
            return Self::WEDGE_CLAIM;
        }
        if self.work.job == Job::Command(DfuseCommand::MassErase)
            && self.quirks.has(Quirk::MassErase100Ms)
        {
            return Self::MASS_ERASE_CLAIM;
        }
        let claim = self
            .quirks
            .claimed_wait(self.work.done_at.saturating_sub(now));
        if self.stalls_left > 0 {
            claim.max(Self::SHORTEST_CLAIM_BEFORE_A_STALL)
        } else {
            claim
        }
    }

    /// Whether this GETSTATUS is refused, because there are some to be refused after the one that began the work.
    pub(super) fn refuses_because_busy(&mut self) -> bool {
        let is_busy = matches!(self.state, DfuState::DfuDnbusy | DfuState::DfuDnloadSync);
        let refuses = is_busy && self.stored.is_none() && self.stalls_left > 0;
        if refuses {
            self.stalls_left -= 1;
        }
        refuses
    }

    /// Whether it will stay in dfuDNBUSY for ever.
    pub(super) fn work_is_wedged(&self) -> bool {
        self.state == DfuState::DfuDnbusy && self.work.wedged
    }

    /// The power fails as a request comes in: what was to be begun by it, or was under way, is done by half.
    pub fn lose_power(&mut self, is_get_status: bool, memories: &mut Memories, now: Duration) {
        let stored = self.stored.take().filter(|_| is_get_status);
        let begins = stored.is_some();
        if let Some(download) = stored {
            self.start_work(&download, memories, now);
        }
        let goes_on = self.state == DfuState::DfuDnbusy && now < self.work.done_at;
        if begins || goes_on {
            let alternate_setting = match self.work.job {
                // Which erases main flash.
                Job::Command(DfuseCommand::ReadUnprotect) => 0,
                _ => self.alternate_setting,
            };
            if let Some(memory) = memories.get_mut(alternate_setting) {
                memory.cut_work_short();
            }
        }
        self.has_left = true;
    }

    fn job(&self, download: &Download, memories: &Memories) -> Result<Job, DfuStatus> {
        let command = DfuseCommand::from_bytes(&download.data);
        let lifts_protection =
            download.block == COMMAND_BLOCK && command == Some(DfuseCommand::ReadUnprotect);
        if memories.read_protected() && !lifts_protection {
            return Err(DfuStatus::ErrVendor);
        }
        if download.block != COMMAND_BLOCK {
            return Ok(Job::Write);
        }
        let known = download
            .data
            .first()
            .filter(|first| self.commands.contains(first));
        match (known, command) {
            (Some(_), Some(command)) => Ok(Job::Command(command)),
            (Some(&GET_COMMANDS), None) if download.data.len() == 1 => Ok(Job::Nothing),
            _ => Err(DfuStatus::ErrStalledPkt),
        }
    }

    fn carry_out(
        &mut self,
        job: Job,
        download: &Download,
        memories: &mut Memories,
    ) -> Result<Duration, DfuStatus> {
        let memory = memories
            .get_mut(self.alternate_setting)
            .ok_or(DfuStatus::ErrTarget)?;
        match job {
            Job::Nothing => Ok(Duration::ZERO),
            Job::Write => self.write(download, memory),
            Job::Command(DfuseCommand::SetAddressPointer(address)) => {
                if !memory.contains(address) {
                    return Err(DfuStatus::ErrTarget);
                }
                self.address_pointer = address;
                self.pointer_is_fresh = true;
                Ok(Duration::ZERO)
            }
            // Whoever packs erases by himself, before he writes.
            Job::Command(DfuseCommand::Erase(_) | DfuseCommand::MassErase)
                if self.packing.is_some() =>
            {
                Ok(Duration::ZERO)
            }
            Job::Command(DfuseCommand::Erase(address)) => {
                if self.quirks.has(Quirk::PointerMovesAtErase) {
                    self.address_pointer = address;
                }
                let skips = self.quirks.has(Quirk::EraseSkippedOnce) && !self.has_skipped;
                self.has_skipped |= skips;
                match skips {
                    true => memory.pretend_to_erase_sector(address),
                    false => memory.erase_sector(address),
                }
            }
            Job::Command(DfuseCommand::MassErase) if self.quirks.has(Quirk::NoMassErase) => {
                memory.pretend_to_erase_all()
            }
            Job::Command(DfuseCommand::MassErase) => memory.erase_all(),
            Job::Command(DfuseCommand::ReadUnprotect) => {
                let duration = memories.read_unprotect()?;
                self.has_left = true;
                Ok(duration)
            }
        }
    }

    fn write(
        &mut self,
        download: &Download,
        memory: &mut MemoryContents,
    ) -> Result<Duration, DfuStatus> {
        let length = u16::try_from(download.data.len()).map_err(|_| DfuStatus::ErrTarget)?;
        let address = self
            .block_address(download.block, length)
            .ok_or(DfuStatus::ErrTarget)?;
        let data = self.as_programmed(&download.data);
        let duration = match &mut self.packing {
            Some(packing) => packing.write(memory, address, &data)?,
            None => memory.program(address, &data)?,
        };
        self.has_left = memory.resets_when_written();
        Ok(duration)
    }

    /// The data as it reaches the flash: some lengths are more than a bootloader can count to.
    fn as_programmed<'d>(&self, data: &'d [u8]) -> Cow<'d, [u8]> {
        const SURE: usize = 256;
        if !self.quirks.has(Quirk::CorruptLengths) || data.len() <= SURE || data.len() % 8 == 0 {
            return Cow::Borrowed(data);
        }
        let mut corrupted = data.to_vec();
        for byte in &mut corrupted[SURE..] {
            *byte = !*byte;
        }
        Cow::Owned(corrupted)
    }

    fn wedges(&self, job: Job, memories: &Memories) -> bool {
        let Job::Command(DfuseCommand::Erase(address)) = job else {
            return false;
        };
        let memory = memories.get(self.alternate_setting);
        self.quirks.has(Quirk::Wedge)
            && memory.is_some_and(|memory| memory.is_in_upper_half(address))
    }

    /// How a failure is told.
    fn worded(&self, job: Job, status: DfuStatus) -> DfuStatus {
        if self.quirks.has(Quirk::FailuresAreVendor) && (job == Job::Write || job.is_erase()) {
            DfuStatus::ErrVendor
        } else {
            status
        }
    }
}

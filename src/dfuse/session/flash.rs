//! Flashing: looks at the board, carries out the steps that are left, and makes sure of every byte.

use crate::address::AddressRange;
use crate::chip::vector_table;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::flash::{FlashPlan, Suspicion};
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::{MemorySteps, Steps};
use crate::usb::UsbError;

use super::Session;
use super::event::{Event, Phase};

/// How often to write once more what went wrong so that nobody knows what is in flash.
const DOUBTS: u32 = 3;
/// How often to do once more what was written without an error, and doesn't compare.
const DIFFERENCES: u32 = 1;

/// What has to be done once more.
pub(super) struct Redo {
    /// Why: the first of it.
    pub error: SessionError,
    /// The sectors it is in: the memory's index among the steps, and the sector's address.
    pub sectors: Vec<(usize, u32)>,
    /// Whether they may be erased and written once more.
    pub is_allowed: bool,
}

impl Redo {
    /// Of no sector yet.
    pub fn because_of(error: SessionError) -> Self {
        Self {
            error,
            sectors: Vec::new(),
            is_allowed: true,
        }
    }
}

impl Session<'_> {
    pub(super) fn flash(&mut self, plan: &FlashPlan<'_>) -> Result<(), SessionError> {
        let mut steps = self.look(plan)?;
        let result = self.program(&mut steps);
        match &result {
            Ok(()) => self.settle_accounts(&steps, true),
            Err(error) => self.close(&steps, error),
        }
        result?;
        self.tally.complete = true;
        match steps.start {
            _ if self.tally.reset => Ok(()),
            Some(start) => self.leave(start, false),
            None => self.link.reach_idle(),
        }
    }

    /// Looks what is left to do, and tells it.
    pub(super) fn rehearse(&mut self, plan: &FlashPlan<'_>) -> Result<(), SessionError> {
        self.look(plan)?;
        self.link.reach_idle()
    }

    fn look<'i>(&mut self, plan: &FlashPlan<'i>) -> Result<Steps<'i>, SessionError> {
        if let Some(suspicion) = &plan.linked_elsewhere {
            self.clear_up(suspicion)?;
        }
        let findings = self.compare(plan)?;
        let mut steps = Steps::new(plan, findings);
        if steps.change_anything() {
            self.survey(&mut steps)?;
        }
        steps.arrange(self.options.transfer_size);
        self.tally.skipped_bytes = steps.skipped_bytes();
        self.tell(Event::Steps(&steps), Action::ReachIdle)?;
        Ok(steps)
    }

    /// Looks whether the code that a file jumps to is on the board already, as it is where an image comes in two files
    /// (MicroPython's firmware0.bin and firmware1.bin). Where an application of its own has its vector table in the place
    /// that the file was linked for, it is that one's code.
    fn clear_up(&mut self, suspicion: &Suspicion) -> Result<(), SessionError> {
        let Suspicion { region, found } = suspicion;
        self.select_region(region)?;
        let code = self.read_some(region, found.reset)?;
        let is_there = !region.is_erased(&code);
        let is_anothers = match found.guess {
            Some(guess) if is_there => {
                vector_table::looks_like_one(&self.read_some(region, guess)?)
            }
            _ => false,
        };
        if is_there && !is_anothers {
            return Ok(());
        }
        Err(SessionError {
            action: Action::Read(found.address),
            cause: Cause::LinkedElsewhere(found.clone()),
        })
    }

    /// The first bytes from an address on.
    fn read_some(&mut self, region: &Region, address: u32) -> Result<Vec<u8>, SessionError> {
        const BYTES: u64 = 16;
        let mut some = Vec::new();
        let end = u64::from(address) + BYTES;
        let sector = region.sectors_in(AddressRange { address, end }).next();
        let end = sector.map_or(end, |sector| sector.end()).min(end);
        self.unnoticed(|session| {
            session.read(region, AddressRange { address, end }, |_, found| {
                some.extend_from_slice(found);
                Ok(())
            })
        })?;
        Ok(some)
    }

    /// Erases, writes and reads back, and does once more what is doubtful or doesn't compare.
    fn program(&mut self, steps: &mut Steps<'_>) -> Result<(), SessionError> {
        for memory in &steps.memories {
            if let Some(region) = memory.mass_erase() {
                self.select_region(region)?;
                self.mass_erase(region, memory.reads())?;
            }
        }
        let (mut doubts, mut differences) = (DOUBTS, DIFFERENCES);
        loop {
            let redo = match self.write_all(steps)? {
                // That it is tried again has been told when it was found.
                Some(doubt) if doubts > 0 => {
                    doubts -= 1;
                    doubt
                }
                Some(doubt) => return Err(doubt.error),
                None if self.tally.reset => return Ok(()),
                None => match self.verify_all(steps)? {
                    Some(difference) if differences > 0 && difference.is_allowed => {
                        differences -= 1;
                        self.tally.retries += 1;
                        self.tell(Event::Redo(&difference.error), difference.error.action)?;
                        difference
                    }
                    Some(difference) => return Err(difference.error),
                    None => return Ok(()),
                },
            };
            steps.again(|index, sector| redo.sectors.contains(&(index, sector.address)));
            steps.arrange(self.options.transfer_size);
            self.counting = false;
        }
    }

    /// Erases, and writes everything but the heads first. A board whose flash ends early then has no vector table, and
    /// stays in its bootloader instead of starting half an application.
    fn write_all(&mut self, steps: &Steps<'_>) -> Result<Option<Redo>, SessionError> {
        self.has_head = false;
        self.erase(steps)?;
        let bodies = steps.memories.iter().flat_map(|memory| &memory.body);
        self.begin(Phase::Write, bodies.map(|range| range.size()).sum())?;
        let mut doubt = None;
        for (index, memory) in steps.memories.iter().enumerate() {
            self.begin_at_head(memory)?;
            for range in &memory.body {
                self.write(index, memory, *range, &mut doubt)?;
            }
        }
        let heads = || {
            let memories = steps.memories.iter().enumerate();
            memories.flat_map(|(index, memory)| {
                memory.head.iter().map(move |range| (index, memory, range))
            })
        };
        if doubt.is_some() || heads().next().is_none() {
            return Ok(doubt);
        }
        self.tell(Event::Begin(Phase::Head, None), Action::ReachIdle)?;
        self.has_head = true;
        for (index, memory, range) in heads() {
            self.select_region(memory.region())?;
            self.write(index, memory, *range, &mut doubt)?;
        }
        Ok(doubt)
    }

    /// With the address pointer at the head, all blocks have a number, the head's too.
    fn begin_at_head(&mut self, memory: &MemorySteps<'_>) -> Result<(), SessionError> {
        if memory.body.is_empty() {
            return Ok(());
        }
        self.select_region(memory.region())?;
        self.doubt_pointer(memory.region());
        let head = memory.head.first().map(|range| range.address);
        match head {
            Some(address) if self.pointer != head => {
                self.persist(|session| session.set_address(address))
            }
            _ => Ok(()),
        }
    }

    /// Comes to an orderly end after an error: no vector table in front of a wrong application, and what was to be
    /// kept back in its place, as far as the board lets itself be worked with.
    fn close(&mut self, steps: &Steps<'_>, error: &SessionError) {
        self.is_closing = true;
        self.counting = false;
        let ended = matches!(
            error.cause,
            Cause::Interrupted | Cause::Usb(UsbError::NoDevice)
        );
        if self.has_head && !ended {
            for memory in &steps.memories {
                self.erase_bad_head(memory);
            }
        }
        self.rescue(steps);
        self.settle_accounts(steps, false);
        self.is_closing = false;
    }

    /// Erases a vector table that may stand in front of a wrong application, as far as that is possible.
    fn erase_bad_head(&mut self, memory: &MemorySteps<'_>) {
        let region = memory.region();
        let head = || memory.head.iter().copied();
        if !memory.reads() || head().any(|range| !region.is_erasable(range)) {
            return;
        }
        let sectors: Vec<Sector> = head().flat_map(|range| region.sectors_in(range)).collect();
        let result = self.link.reach_idle().and_then(|()| {
            self.pointer = None;
            self.select_region(region)?;
            self.erase_sectors(region, &sectors, true)?;
            let mut is_erased = true;
            for range in head() {
                self.read(region, range, |_, found| {
                    is_erased &= region.is_erased(found);
                    Ok(())
                })?;
            }
            Ok(is_erased)
        });
        self.tally.withdrawn |= !sectors.is_empty() && result == Ok(true);
    }

    /// What was written, lost and kept in the end.
    fn settle_accounts(&mut self, steps: &Steps<'_>, is_done: bool) {
        self.counting = true;
        if is_done {
            self.tally.written_bytes = steps.written_bytes();
            self.tally.skipped_bytes = steps.skipped_bytes();
        }
        self.account_for_erased(steps, is_done);
    }
}

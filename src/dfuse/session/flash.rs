//! Flashing: looks at the board, carries out the steps that are left, and makes sure of every byte.

use crate::dfu::error::{Action, SessionError};
use crate::dfuse::plan::flash::{Compare, FlashPlan};
use crate::dfuse::steps::{MemorySteps, Steps};

use super::redo::Redo;
use super::{Event, Pass, Phase, Session, Told};

/// How often to write once more what went wrong so that nobody knows what is in flash.
const DOUBTS: u32 = 3;
/// How often to do once more what was written without an error, and doesn't compare.
const DIFFERENCES: u32 = 1;

impl Session<'_> {
    pub(super) fn flash(&mut self, plan: &FlashPlan<'_>) -> Result<(), SessionError> {
        let mut steps = self.find_steps(plan)?;
        let result = self.program(&mut steps);
        match &result {
            Ok(()) => {
                self.pass = Pass::First;
                self.tally.written_bytes = steps.written_bytes();
                self.tally.skipped_bytes = steps.skipped_bytes();
                self.account_for_erased(&steps);
            }
            Err(error) => self.close(&steps, error),
        }
        result?;
        self.tally.complete = true;
        match steps.start {
            _ if self.tally.reset => Ok(()),
            Some(start) => self.leave_after_flash(start),
            None => self.link.reach_idle(),
        }
    }

    /// Looks what is left to do, and tells it.
    /// Reads all of it: what is told is what will be done.
    pub(super) fn rehearse(&mut self, plan: &FlashPlan<'_>) -> Result<(), SessionError> {
        let mut plan = plan.clone();
        for memory in &mut plan.memories {
            if memory.compare == Compare::Samples {
                memory.compare = Compare::All;
            }
        }
        self.find_steps(&plan)?;
        self.link.reach_idle()
    }

    /// Looks at the board, which says what is left to do.
    fn find_steps<'i>(&mut self, plan: &FlashPlan<'i>) -> Result<Steps<'i>, SessionError> {
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
        self.tell_all(Told::Steps(&steps), Action::ReachIdle)?;
        Ok(steps)
    }

    /// Erases, writes and reads back, and does once more what is doubtful or doesn't compare.
    fn program(&mut self, steps: &mut Steps<'_>) -> Result<(), SessionError> {
        for memory in &steps.memories {
            if let Some(region) = memory.mass_erase() {
                self.mass_erase(region, memory.plan.reads)?;
            }
        }
        let (mut doubts, mut differences) = (DOUBTS, DIFFERENCES);
        loop {
            let redo = match self.write_all(steps)? {
                // That it is tried again has been told when it was found.
                Some(doubt) if steps.are_guessed(&doubt.sectors) => doubt,
                Some(doubt) if doubts > 0 => {
                    doubts -= 1;
                    doubt
                }
                Some(doubt) => return Err(doubt.error),
                None if self.tally.reset => return Ok(()),
                None => match self.verify_all(steps)? {
                    Some(difference) if steps.are_guessed(&difference.sectors) => {
                        self.tell(Event::Redo(&difference.error), difference.error.action)?;
                        difference
                    }
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
            self.pass = Pass::Again;
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
            self.write(index, memory, *range, &mut doubt)?;
        }
        Ok(doubt)
    }

    /// With the address pointer at the head, all blocks have a number, the head's too.
    fn begin_at_head(&mut self, memory: &MemorySteps<'_>) -> Result<(), SessionError> {
        if memory.body.is_empty() {
            return Ok(());
        }
        self.select(memory.plan.region.alternate_setting)?;
        self.doubt_pointer(&memory.plan.region);
        let head = memory.head.first().map(|range| range.address);
        match head {
            Some(address) if self.pointer != head => {
                self.persist(|session| session.set_address(address))
            }
            _ => Ok(()),
        }
    }
}

//! Writing flash, and putting right what was written only in part.

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::{Plan, Stage, TargetPlan};
use crate::dfuse::range::AddressRange;

use super::{Event, Phase, Session};

impl Session<'_> {
    /// Everything but the heads first, and checked. A board whose flash ends early then has no vector table, and
    /// stays in its bootloader instead of starting half an application.
    pub(super) fn download(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        let bodies = || plan.targets.iter().map(|target| (target, &target.body));
        self.begin(
            Phase::Write,
            bodies().map(|(_, body)| body.bytes_to_write()).sum(),
        )?;
        for (target, head) in plan
            .targets
            .iter()
            .filter_map(|target| Some((target, target.head.as_ref()?)))
        {
            // From there on all blocks have a number, the head's too.
            self.select_target(target)?;
            let first = head.write.first().map(|range| range.address);
            self.persist(|session| first.map_or(Ok(()), |address| session.set_address(address)))?;
        }
        self.write_stages(bodies())?;
        if self.tally.reset {
            // Nothing else is in such a plan: settings have to be named, and then nothing else is.
            return Ok(());
        }
        self.begin(
            Phase::Verify,
            bodies().map(|(_, body)| body.bytes_to_verify()).sum(),
        )?;
        self.verify_stages(bodies())?;
        let heads = || {
            plan.targets
                .iter()
                .filter_map(|target| Some((target, target.head.as_ref()?)))
        };
        if heads().next().is_some() {
            self.tell(Event::Begin(Phase::Head, None), Action::ReachIdle)?;
        }
        let result = self.write_stages(heads());
        let result = result.and_then(|()| self.verify_stages(heads()));
        result.inspect_err(|error| {
            if matches!(error.cause, Cause::Differs { .. } | Cause::Answered { .. }) {
                heads().for_each(|(target, head)| self.withdraw(target, head));
            }
        })
    }

    /// Erases a vector table that is not as it should be once more, as far as that is possible and the sector has
    /// nothing that was to be kept: a wrong application must not start.
    fn withdraw(&mut self, target: &TargetPlan<'_>, head: &Stage) {
        let ranges = || head.write.iter().copied();
        let sectors: Vec<Sector> = ranges()
            .flat_map(|range| target.sectors_in(range))
            .collect();
        let erasable = |sector: &Sector| sector.access.erasable && sector.access.readable;
        if target.preserve || !self.options.can_upload || !sectors.iter().all(erasable) {
            return;
        }
        let result: Result<bool, SessionError> = self.unnoticed(|session| {
            session.link.reach_idle()?;
            session.pointer = None;
            session.select_target(target)?;
            session.erase_sectors(target, &sectors)?;
            let mut erased = true;
            for range in ranges() {
                erased &= session.look_at(target, range)?.erased;
            }
            Ok(erased)
        });
        self.tally.withdrawn |= result == Ok(true);
    }

    fn write_stages<'p, 'i: 'p>(
        &mut self,
        stages: impl Iterator<Item = (&'p TargetPlan<'i>, &'p Stage)>,
    ) -> Result<(), SessionError> {
        for (target, stage) in stages.filter(|(_, stage)| !stage.write.is_empty()) {
            self.select_target(target)?;
            for range in &stage.write {
                self.write(target, *range)?;
            }
        }
        Ok(())
    }

    fn verify_stages<'p, 'i: 'p>(
        &mut self,
        stages: impl Iterator<Item = (&'p TargetPlan<'i>, &'p Stage)>,
    ) -> Result<(), SessionError> {
        for (target, stage) in stages.filter(|(_, stage)| !stage.verify.is_empty()) {
            self.select_target(target)?;
            for range in &stage.verify {
                let result = self.verify(target, *range);
                result.inspect_err(|error| self.discount(target, &target.erase, error))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, target: &TargetPlan<'_>, range: AddressRange) -> Result<(), SessionError> {
        let mut done = 0;
        let mut tries = 0;
        while let Some(rest) = range.behind(done) {
            self.is_there_for(rest)?;
            let before = done;
            let result = self.write_on(target, rest, &mut done);
            if done > before {
                tries = 0;
            }
            if let Err(error) = result {
                let begun = self.link.is_at_work();
                let recovered = self.recover(error, &mut tries);
                let doubtful = range.behind(done);
                let block =
                    doubtful.and_then(|rest| rest.blocks(self.options.transfer_size).next());
                let is_there = match (recovered, block) {
                    (recovered, None) => return recovered,
                    (Ok(()), Some(block)) => {
                        self.unnoticed(|session| session.settle(target, block))?
                    }
                    (Err(error), Some(block)) => {
                        self.after_reset(target, block, error, begun)?;
                        true
                    }
                };
                if let Some(block) = block.filter(|_| is_there) {
                    done += block.size();
                    self.tally.written_bytes += target.named_in(block) * u64::from(self.counting);
                }
            }
        }
        Ok(())
    }

    fn write_on(
        &mut self,
        target: &TargetPlan<'_>,
        range: AddressRange,
        done: &mut u64,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for block in range.blocks(self.options.transfer_size) {
            let length =
                usize::try_from(block.size()).map_or(buffer.len(), |size| size.min(buffer.len()));
            let data = &mut buffer[..length];
            let named = target.contents(block.address, data);
            // Erasing has written it already. The address of the next block follows from its number.
            let erasable = || {
                target
                    .sectors_in(block)
                    .all(|sector| sector.access.erasable)
            };
            if !(target.is_erased(data) && erasable()) {
                let number = self.block_number(block.address, length)?;
                self.tally.touched = true;
                self.link.write_block(number, data, block.address)?;
            }
            *done += block.size();
            if self.counting {
                self.tally.written_bytes += named;
            }
            self.advance(block.size(), Action::Write(block.address))?;
        }
        Ok(())
    }

    /// After trouble nobody knows how much of a block was written. Looks, and returns whether it is all there.
    /// Otherwise the block can be written again: it is still erased, or its sectors are erased again and what they
    /// had got before is written and compared again. Memory that needs no erase is simply written over.
    fn settle(
        &mut self,
        target: &TargetPlan<'_>,
        block: AddressRange,
    ) -> Result<bool, SessionError> {
        let sectors: Vec<Sector> = target.sectors_in(block).collect();
        let readable =
            self.options.can_upload && sectors.iter().all(|sector| sector.access.readable);
        if readable {
            let found = self.look_at(target, block)?;
            if found.as_planned || found.erased {
                return Ok(found.as_planned);
            }
        }
        if !sectors.iter().all(|sector| sector.access.erasable) {
            return Ok(false);
        }
        self.erase_sectors(target, &sectors)?;
        for before in target.written_before(block) {
            for range in sectors
                .iter()
                .filter_map(|sector| before.overlap((*sector).into()))
            {
                self.write(target, range)?;
                if readable {
                    self.verify(target, range)?;
                }
            }
        }
        Ok(false)
    }

    /// Does something over, which counts neither as progress nor in the tally.
    pub(super) fn unnoticed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let counting = std::mem::replace(&mut self.counting, false);
        let done = work(self);
        self.counting = counting;
        done
    }
}

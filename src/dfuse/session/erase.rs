//! Erasing, and making sure of it.

use crate::address::{AddressRange, joined};
use crate::dfu::difference::first_difference;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::command::DfuseCommand;
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::erase::ErasePlan;
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::{MemorySteps, Steps};

use super::{Event, Phase, Session};

impl Session<'_> {
    /// Erases what the steps say, in all memories, before anything is written to any.
    pub(super) fn erase(&mut self, steps: &Steps<'_>) -> Result<(), SessionError> {
        let sectors = |memory: &MemorySteps<'_>| -> Vec<Sector> {
            memory.erased_sectors().map(|steps| steps.sector).collect()
        };
        let all = steps.memories.iter().flat_map(sectors);
        self.begin(Phase::Erase, all.map(|sector| u64::from(sector.size)).sum())?;
        for memory in &steps.memories {
            let sectors = sectors(memory);
            if !sectors.is_empty() {
                self.erase_sectors(&memory.plan.region, &sectors, memory.plan.reads)?;
            }
        }
        Ok(())
    }

    /// Erases what the plan says, and makes sure that it is blank, as far as it can be read.
    pub(super) fn erase_plan(&mut self, plan: &ErasePlan) -> Result<(), SessionError> {
        let region = &plan.region;
        if plan.at_once {
            self.mass_erase(region, self.options.can_upload)?;
        } else {
            self.begin(Phase::Erase, size(&region.sectors))?;
            self.erase_sectors(region, &region.sectors, self.options.can_upload)?;
            let checked = self.readable(region);
            self.begin(Phase::Verify, size(&checked))?;
            let left_over = self.find_not_erased(region, &checked)?;
            if let Some((sector, error)) = left_over.first() {
                self.tally.retries += 1;
                self.tell(Event::Redo(error), Action::Erase(sector.address))?;
            }
            self.erase_left_over(region, left_over)?;
        }
        let checked = self.readable(region);
        self.tally.verified_bytes += size(&checked);
        self.tally.unchecked_sectors = region.sectors.len() - checked.len();
        self.link.reach_idle()
    }

    /// `reads`: the memory can be read, and may be.
    pub(super) fn erase_sectors(
        &mut self,
        region: &Region,
        sectors: &[Sector],
        reads: bool,
    ) -> Result<(), SessionError> {
        self.select(region.alternate_setting)?;
        for sector in sectors {
            self.erase_sector(region, *sector, reads)?;
            self.advance(sector.size.into(), Action::Erase(sector.address))?;
        }
        Ok(())
    }

    /// After trouble the sector may be erased all the same: an answer was lost, or the board wedged itself after the
    /// work (H743 V9.0). What is in flash tells; where it can't be read, it is erased again.
    fn erase_sector(
        &mut self,
        region: &Region,
        sector: Sector,
        reads: bool,
    ) -> Result<(), SessionError> {
        let mut tries = 0;
        loop {
            // ST's library takes the sector's address for the pointer.
            self.pointer = None;
            self.tally.touched = true;
            let erase = DfuseCommand::Erase(sector.address);
            let Err(error) = self.link.command(erase) else {
                self.note_erased(region, sector, true);
                return Ok(());
            };
            // Even an error may come of work that was done.
            self.note_erased(region, sector, false);
            self.recover(error, &mut tries)?;
            if reads && sector.access.readable {
                let left = self.unnoticed(|session| session.find_not_erased(region, &[sector]))?;
                if left.is_empty() {
                    self.note_erased(region, sector, true);
                    return Ok(());
                }
            }
        }
    }

    /// Some ROMs accept a mass erase and do nothing (F767, H74x V13.3, and ST's class sample), and no ROM reports
    /// write-protected sectors. So it is looked at, and what is not blank is erased sector by sector.
    pub(super) fn mass_erase(&mut self, region: &Region, reads: bool) -> Result<(), SessionError> {
        self.tell(Event::Begin(Phase::MassErase, None), Action::MassErase)?;
        self.select(region.alternate_setting)?;
        self.pointer = None;
        self.tally.touched = true;
        for sector in &region.sectors {
            self.note_erased(region, *sector, false);
        }
        self.persist(|session| session.link.command(DfuseCommand::MassErase))?;
        for sector in &region.sectors {
            self.note_erased(region, *sector, true);
        }
        if !reads {
            return Ok(());
        }
        let checked = self.readable(region);
        self.begin(Phase::BlankCheck, size(&checked))?;
        let left_over = self.find_not_erased(region, &checked)?;
        self.erase_left_over(region, left_over)
    }

    /// Erases, one by one, what should be erased and is not, and looks once more.
    ///
    /// # Errors
    /// A byte that is still not erased.
    fn erase_left_over(
        &mut self,
        region: &Region,
        left_over: Vec<(Sector, SessionError)>,
    ) -> Result<(), SessionError> {
        if left_over.is_empty() {
            return Ok(());
        }
        let sectors: Vec<Sector> = left_over.into_iter().map(|(sector, _)| sector).collect();
        self.forget_erased(region, &sectors);
        self.begin(Phase::Erase, size(&sectors))?;
        self.erase_sectors(region, &sectors, true)?;
        for range in joined(sectors.iter().copied().map(AddressRange::from)) {
            let checked = self.unnoticed(|session| {
                session.verify_range(region, range, |_, _, expected| {
                    expected.fill(region.erased);
                })
            });
            if let Err(error) = checked {
                self.discount(region, &sectors, &error);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes those out of the tally that were to be erased and are not.
    fn discount(&mut self, region: &Region, sectors: &[Sector], error: &SessionError) {
        if !matches!(error.cause, Cause::Differs { .. }) {
            return;
        }
        // What has failed to begin with says more than that this could not be looked at, either.
        if let Ok(left_over) = self.unnoticed(|session| session.find_not_erased(region, sectors)) {
            let left_over: Vec<Sector> = left_over.into_iter().map(|(sector, _)| sector).collect();
            self.forget_erased(region, &left_over);
        }
    }

    /// Those of these sectors that have a byte that is not erased, each with the first such byte.
    fn find_not_erased(
        &mut self,
        region: &Region,
        sectors: &[Sector],
    ) -> Result<Vec<(Sector, SessionError)>, SessionError> {
        let mut not_erased: Vec<(Sector, SessionError)> = Vec::new();
        for range in joined(sectors.iter().copied().map(AddressRange::from)) {
            self.read(region, range, |address, found| {
                let block = AddressRange {
                    address,
                    end: u64::from(address) + found.len() as u64,
                };
                for sector in region.sectors_in(block) {
                    let Some(part) = block.overlap(sector.into()) else {
                        continue;
                    };
                    let is_known = not_erased.last().is_some_and(|(last, _)| *last == sector);
                    let found = part.within(address, found);
                    let blank = vec![region.erased; found.len()];
                    if let (false, Err(cause)) =
                        (is_known, first_difference(part.address, found, &blank))
                    {
                        let action = Action::Verify(part.address);
                        not_erased.push((sector, SessionError { action, cause }));
                    }
                }
                Ok(())
            })?;
        }
        Ok(not_erased)
    }

    fn readable(&self, region: &Region) -> Vec<Sector> {
        let readable = |sector: &&Sector| self.options.can_upload && sector.access.readable;
        region.sectors.iter().filter(readable).copied().collect()
    }
}

fn size(sectors: &[Sector]) -> u64 {
    sectors.iter().map(|sector| u64::from(sector.size)).sum()
}

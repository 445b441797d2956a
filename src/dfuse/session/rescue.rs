//! What was to be kept when the work ends early: back into flash, or out of it for good and handed on.

use crate::address::AddressRange;
use crate::dfu::difference::first_difference;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::named::Named;
use crate::dfuse::plan::flash::Around;
use crate::dfuse::plan::region::Region;
use crate::dfuse::plan::write_ranges::write_ranges;
use crate::dfuse::steps::{Beyond, MemorySteps, SectorSteps, Steps};

use super::{Event, Phase, Session, Unsaved};

impl Session<'_> {
    /// Puts back what was to be kept, sector by sector, and takes note of what can't be.
    pub(super) fn rescue(&mut self, steps: &Steps<'_>) {
        let mut is_told = false;
        let keeping = |memory: &&MemorySteps<'_>| memory.plan.around == Around::Keep;
        for memory in steps.memories.iter().filter(keeping) {
            let region = &memory.plan.region;
            let mut lost = Vec::new();
            for sector in &memory.sectors {
                let Beyond::Holds(kept) = &sector.beyond else {
                    continue;
                };
                if kept.is_empty() || !self.may_be_erased(region, sector) {
                    continue;
                }
                if !std::mem::replace(&mut is_told, true) {
                    // Nobody is asked now whether to go on.
                    let _ = self.tell(Event::Begin(Phase::Restore, None), Action::ReachIdle);
                }
                if self.restore(region, sector, Named(kept)).is_err() {
                    lost.extend(kept.iter().cloned());
                }
            }
            if !lost.is_empty() {
                self.unsaved.push(Unsaved {
                    alternate_setting: region.alternate_setting,
                    name: region.name.clone(),
                    elements: lost,
                });
            }
        }
    }

    /// Writes back what is to be kept in a sector, unless it is there.
    fn restore(
        &mut self,
        region: &Region,
        sector: &SectorSteps,
        kept: Named<'_>,
    ) -> Result<(), SessionError> {
        self.link.reach_idle()?;
        self.pointer = None;
        let ranges = write_ranges(kept.0, &[sector.sector]);
        let mut found = Vec::new();
        for range in &ranges {
            found.push(self.find_kept(region, *range, kept)?);
        }
        if found.contains(&Kept::Spoiled) {
            self.erase_sectors(region, &[sector.sector], true)?;
            found.fill(Kept::Erased);
        }
        for (range, found) in ranges.into_iter().zip(found) {
            if found == Kept::There {
                continue;
            }
            self.write_kept(region, range, kept)?;
            if self.find_kept(region, range, kept)? != Kept::There {
                return Err(SessionError {
                    action: Action::Verify(range.address),
                    cause: Cause::Interrupted,
                });
            }
        }
        Ok(())
    }

    fn write_kept(
        &mut self,
        region: &Region,
        range: AddressRange,
        kept: Named<'_>,
    ) -> Result<(), SessionError> {
        for block in range.blocks(self.options.transfer_size) {
            let mut data = vec![region.erased; crate::address::index(block.size())];
            kept.overlay(block.address, &mut data);
            self.persist(|session| {
                session.doubt_pointer(region);
                let number = session.block_number(block.address, data.len())?;
                session.link.write_block(number, &data, block.address)
            })?;
        }
        Ok(())
    }

    /// What is left of what is to be kept in a range.
    pub(super) fn find_kept(
        &mut self,
        region: &Region,
        range: AddressRange,
        kept: Named<'_>,
    ) -> Result<Kept, SessionError> {
        let (mut is_there, mut is_erased) = (true, true);
        self.read(region, range, |address, found| {
            let mut expected = found.to_vec();
            kept.overlay(address, &mut expected);
            is_there &= first_difference(address, found, &expected).is_ok();
            is_erased &= region.is_erased(found);
            Ok(())
        })?;
        Ok(match (is_there, is_erased) {
            (true, _) => Kept::There,
            (false, true) => Kept::Erased,
            (false, false) => Kept::Spoiled,
        })
    }
}

/// What is left of what is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    There,
    Erased,
    Spoiled,
}

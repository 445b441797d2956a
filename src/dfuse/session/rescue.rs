//! What was to be kept when the work ends early: back into flash, or out of it for good and handed on.

use crate::address::AddressRange;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::named::Named;
use crate::dfuse::plan::flash::Around;
use crate::dfuse::plan::region::Region;
use crate::dfuse::plan::write_ranges::write_ranges;
use crate::dfuse::steps::{Beyond, MemorySteps, SectorSteps, Steps};

use super::Session;
use super::event::{Event, Phase};
use super::read::first_difference;
use super::tally::Unsaved;

impl Session<'_> {
    /// Puts back what was to be kept, sector by sector, and takes note of what can't be.
    pub(super) fn rescue(&mut self, steps: &Steps<'_>) {
        let at_stake = |memory: &MemorySteps<'_>, sector: &SectorSteps| {
            memory.around() == Around::Keep && sector.beyond.bytes().is_some_and(|bytes| bytes > 0)
        };
        let mut is_told = false;
        for memory in &steps.memories {
            let mut lost = Vec::new();
            for sector in &memory.sectors {
                if !at_stake(memory, sector) || !self.may_be_erased(memory.region(), sector) {
                    continue;
                }
                let Beyond::Holds(kept) = &sector.beyond else {
                    continue;
                };
                if !std::mem::replace(&mut is_told, true) {
                    // Nobody is asked now whether to go on.
                    let _ = self.tell(Event::Begin(Phase::Restore, None), Action::ReachIdle);
                }
                if self.restore(memory.region(), sector, Named(kept)).is_err() {
                    lost.extend(kept.iter().cloned());
                }
            }
            if !lost.is_empty() {
                self.unsaved.push(Unsaved {
                    alternate_setting: memory.region().alternate_setting,
                    name: memory.region().name.clone(),
                    elements: lost,
                });
            }
        }
    }

    /// Counts what the erased sectors held beyond the image: lost, or kept.
    pub(super) fn account_for_erased(&mut self, steps: &Steps<'_>, is_done: bool) {
        let gone: u64 = self
            .unsaved
            .iter()
            .map(|unsaved| Named(&unsaved.elements).bytes())
            .sum();
        let mut kept = 0;
        self.tally.lost_bytes = gone;
        for memory in &steps.memories {
            if memory.around() == Around::Expendable {
                // Nobody has looked what was in all of the memory.
                let number = memory.region().alternate_setting;
                self.tally.unseen_sectors +=
                    self.erased.range((number, 0)..=(number, u32::MAX)).count();
                continue;
            }
            for sector in &memory.sectors {
                if !self.may_be_erased(memory.region(), sector) {
                    continue;
                }
                match (memory.around(), &sector.beyond) {
                    (Around::Keep, beyond) => kept += beyond.bytes().unwrap_or(0),
                    (_, Beyond::Holds(elements)) => {
                        let elements = Named(elements);
                        // Erasing a write-protected sector does nothing, and is no error (AN3156).
                        if !is_done && self.is_intact(memory.region(), elements) {
                            self.forget_erased(memory.region(), &[sector.sector]);
                        } else {
                            self.tally.lost_bytes += elements.bytes();
                        }
                    }
                    (_, Beyond::Unseen) => self.tally.unseen_sectors += 1,
                }
            }
        }
        self.tally.preserved_bytes = kept - gone;
    }

    fn may_be_erased(&self, region: &Region, sector: &SectorSteps) -> bool {
        let key = (region.alternate_setting, sector.sector.address);
        self.erased.contains_key(&key)
    }

    /// Whether a sector that was to be erased was not.
    fn is_intact(&mut self, region: &Region, held: Named<'_>) -> bool {
        if held.bytes() == 0 {
            return false;
        }
        self.link.reach_idle().is_ok()
            && self.select_region(region).is_ok()
            && held
                .0
                .iter()
                .all(|element| self.holds(region, element.range(), held) == Ok(Kept::There))
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
        self.select_region(region)?;
        let ranges = write_ranges(kept.0, &[sector.sector]);
        let mut found = Vec::new();
        for range in &ranges {
            found.push(self.holds(region, *range, kept)?);
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
            if self.holds(region, range, kept)? != Kept::There {
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
    fn holds(
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
enum Kept {
    There,
    Erased,
    Spoiled,
}

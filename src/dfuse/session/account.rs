//! What the erased sectors held: lost, or kept.

use crate::dfuse::named::Named;
use crate::dfuse::plan::flash::Around;
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::{Beyond, SectorSteps, Steps};

use super::rescue::Kept;
use super::{Pass, Session};

impl Session<'_> {
    /// Counts what the erased sectors held beyond the image: lost, or kept.
    pub(super) fn account_for_erased(&mut self, steps: &Steps<'_>) {
        let gone: u64 = self
            .unsaved
            .iter()
            .map(|unsaved| Named(&unsaved.elements).bytes())
            .sum();
        let mut kept = 0;
        self.tally.lost_bytes = gone;
        for memory in &steps.memories {
            if memory.plan.around == Around::Expendable {
                // Nobody has looked what was in all of the memory.
                let number = memory.plan.region.alternate_setting;
                self.tally.unseen_sectors +=
                    self.erased.range((number, 0)..=(number, u32::MAX)).count();
                continue;
            }
            for sector in &memory.sectors {
                if !self.may_be_erased(&memory.plan.region, sector) {
                    continue;
                }
                match (memory.plan.around, &sector.beyond) {
                    (Around::Keep, beyond) => kept += beyond.bytes().unwrap_or(0),
                    (_, Beyond::Holds(elements)) => {
                        let elements = Named(elements);
                        // Erasing a write-protected sector does nothing, and is no error (AN3156).
                        if self.pass == Pass::Closing
                            && self.find_intact(&memory.plan.region, elements)
                        {
                            self.forget_erased(&memory.plan.region, &[sector.sector]);
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

    /// Whether it was erased, or the board was lost over that.
    pub(super) fn may_be_erased(&self, region: &Region, sector: &SectorSteps) -> bool {
        let key = (region.alternate_setting, sector.sector.address);
        self.erased.contains_key(&key)
    }

    /// Whether a sector that was to be erased was not.
    fn find_intact(&mut self, region: &Region, held: Named<'_>) -> bool {
        if held.bytes() == 0 {
            return false;
        }
        self.link.reach_idle().is_ok()
            && held
                .0
                .iter()
                .all(|element| self.find_kept(region, element.range(), held) == Ok(Kept::There))
    }
}

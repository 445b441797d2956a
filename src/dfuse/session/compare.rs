//! Looking at what is in flash already, so that only what differs is erased and written.

use crate::dfuse::error::{Action, SessionError};
use crate::dfuse::plan::{Finding, Plan, TargetPlan};
use crate::dfuse::range::{AddressRange, joined};

use super::{Phase, Session};

impl Session<'_> {
    /// The plan without what is done already.
    pub(super) fn compare<'i>(&mut self, plan: &Plan<'i>) -> Result<Plan<'i>, SessionError> {
        let mut plan = plan.clone();
        let total = plan
            .targets
            .iter()
            .filter(|target| target.compare)
            .map(TargetPlan::named_bytes)
            .sum();
        self.begin(Phase::Compare, total)?;
        let mut findings = Vec::new();
        for target in plan.targets.iter().filter(|target| target.compare) {
            self.select_target(target)?;
            findings.push(self.findings(target)?);
        }
        // As soon as anything is to change, the old application must not start again before all of it has.
        let blind = plan.targets.iter().any(|target| !target.compare);
        let changes = blind || findings.iter().flatten().any(|finding| !finding.same);
        let compared = plan.targets.iter_mut().filter(|target| target.compare);
        for (target, mut findings) in compared.zip(findings) {
            if changes {
                target.give_up_head(&mut findings);
            }
            let there = target.settle(&findings);
            self.tally.skipped_bytes += there;
            // It was read just now, and nobody touches it.
            self.tally.verified_bytes += there;
        }
        Ok(plan)
    }

    /// What is in each of the target's sectors, read no further than needed to know.
    fn findings(&mut self, target: &TargetPlan<'_>) -> Result<Vec<Finding>, SessionError> {
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut findings = vec![Finding::default(); target.sectors.len()];
        let mut ranges: Vec<AddressRange> = target
            .stages()
            .flat_map(|stage| &stage.write)
            .copied()
            .collect();
        ranges.sort_by_key(|range| range.address);
        for block in joined(ranges.into_iter())
            .into_iter()
            .flat_map(|range| range.blocks(transfer_size))
        {
            let indices = target.sector_indices(block);
            if !findings[indices.clone()]
                .iter()
                .all(|finding| finding.is_different())
            {
                self.read_block(target, block, &mut buffer, |address, found| {
                    for index in indices.clone() {
                        let sector = AddressRange::from(target.sectors[index]);
                        let Some(part) = block.overlap(sector) else {
                            continue;
                        };
                        let found = part.within(address, found);
                        let expected = &mut expected[..found.len()];
                        expected.copy_from_slice(found);
                        target.overlay(part.address, expected);
                        findings[index].saw(found == expected, target.is_erased(found));
                    }
                    Ok(())
                })?;
            }
            self.advance(block.size(), Action::Read(block.address))?;
        }
        Ok(findings)
    }
}

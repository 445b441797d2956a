//! Looking at what is in flash already, so that only what differs is erased and written, and what lies around the
//! image can be kept.

use crate::dfuse::error::{Action, SessionError};
use crate::dfuse::plan::settle::Finding;
use crate::dfuse::plan::{Plan, TargetPlan};
use crate::dfuse::range::{AddressRange, joined};
use crate::image::ImageElement;

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

    /// Looks at what is erased beyond the image: counts it, and has it written back where it is to be kept.
    pub(super) fn survey(&mut self, plan: &mut Plan<'_>) -> Result<(), SessionError> {
        let can_upload = self.options.can_upload;
        let beyond = |target: &TargetPlan<'_>| -> Vec<AddressRange> {
            let readable = |range: &AddressRange| can_upload && target.is_readable(*range);
            // Whoever erases without an image means all of it.
            let beyond = if target.elements.is_empty() {
                Vec::new()
            } else {
                target.erased_beyond()
            };
            beyond.into_iter().filter(readable).collect()
        };
        let total = plan
            .targets
            .iter()
            .flat_map(beyond)
            .map(AddressRange::size)
            .sum();
        self.begin(Phase::Survey, total)?;
        for target in &mut plan.targets {
            let beyond = beyond(target);
            if beyond.is_empty() {
                continue;
            }
            self.select_target(target)?;
            let mut found: Vec<ImageElement> = Vec::new();
            for range in beyond {
                self.read(target, range, |address, bytes| {
                    found.extend(written(target, address, bytes));
                    Ok(())
                })?;
            }
            let bytes: u64 = found.iter().map(|element| element.data.len() as u64).sum();
            if target.preserve {
                self.tally.preserved_bytes += bytes;
                let kept: Vec<AddressRange> = found.iter().map(ImageElement::range).collect();
                target.keep(found);
                // What is about to be erased has to be known for certain: one reading may have been wrong.
                for range in joined(kept.into_iter()) {
                    self.unnoticed(|session| session.verify(target, range))?;
                }
            } else {
                self.tally.lost_bytes += bytes;
            }
        }
        Ok(())
    }

    /// What is in each of the target's sectors, read no further than needed to know.
    fn findings(&mut self, target: &TargetPlan<'_>) -> Result<Vec<Finding>, SessionError> {
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut findings = vec![Finding::default(); target.sectors.len()];
        let mut planned: Vec<AddressRange> = target
            .stages()
            .flat_map(|stage| &stage.write)
            .copied()
            .collect();
        planned.sort_by_key(|range| range.address);
        let sectors = |range: AddressRange| &target.sectors[target.sector_indices(range)];
        let whole = |range: &AddressRange| match sectors(*range) {
            [first, .., last] => range.to_blocks(
                transfer_size,
                AddressRange {
                    end: last.end(),
                    ..(*first).into()
                },
            ),
            [only] => range.to_blocks(transfer_size, (*only).into()),
            [] => *range,
        };
        for block in joined(planned.iter().map(whole))
            .into_iter()
            .flat_map(|range| range.blocks(transfer_size))
        {
            let indices = target.sector_indices(block);
            let first = planned.partition_point(|range| range.end <= block.start());
            let named = planned[first..]
                .iter()
                .map_while(|range| range.overlap(block));
            if !findings[indices.clone()]
                .iter()
                .all(|finding| finding.is_different())
            {
                self.read_block(target, block, &mut buffer, |address, found| {
                    for index in indices.clone() {
                        let Some(part) = block.overlap(target.sectors[index].into()) else {
                            continue;
                        };
                        findings[index].room &= target.is_erased(part.within(address, found));
                        for part in named.clone().filter_map(|range| range.overlap(part)) {
                            let found = part.within(address, found);
                            let expected = &mut expected[..found.len()];
                            expected.copy_from_slice(found);
                            target.overlay(part.address, expected);
                            findings[index].saw(found == expected, target.is_erased(found));
                        }
                    }
                    Ok(())
                })?;
            }
            self.advance(
                named.map(|range| target.named_in(range)).sum(),
                Action::Read(block.address),
            )?;
        }
        Ok(findings)
    }
}

/// The bytes that were ever written, run by run.
fn written(target: &TargetPlan<'_>, address: u32, bytes: &[u8]) -> Vec<ImageElement> {
    let mut runs: Vec<ImageElement> = Vec::new();
    let mut joins = false;
    for (address, byte) in (address..=u32::MAX).zip(bytes) {
        let is_written = *byte != target.erased;
        match runs.last_mut() {
            Some(run) if is_written && joins => run.data.push(*byte),
            _ if is_written => runs.push(ImageElement {
                address,
                data: vec![*byte],
            }),
            _ => {}
        }
        joins = is_written;
    }
    runs
}

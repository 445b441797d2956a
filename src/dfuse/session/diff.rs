//! Looking at what is in flash already, so that only what differs is erased and written, and what lies around the
//! image is known before it goes.

use crate::address::{AddressRange, joined};
use crate::dfu::error::{Action, SessionError};
use crate::dfuse::plan::flash::{FlashMemory, FlashPlan};
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::{Finding, Steps};
use crate::image::ImageElement;

use super::{Phase, Session};

impl Session<'_> {
    /// What is in each memory's sectors, as far as it is to be compared.
    pub(super) fn compare(
        &mut self,
        plan: &FlashPlan<'_>,
    ) -> Result<Vec<Vec<Finding>>, SessionError> {
        let compared = plan.memories.iter().filter(|memory| memory.compare);
        self.begin(
            Phase::Compare,
            compared.map(|memory| memory.image().bytes()).sum(),
        )?;
        let mut findings = Vec::new();
        for memory in &plan.memories {
            findings.push(match memory.compare {
                true => self.findings(memory)?,
                false => vec![Finding::UNSEEN; memory.region.sectors.len()],
            });
        }
        let same = plan
            .memories
            .iter()
            .zip(&findings)
            .filter(|(memory, found)| memory.compare && found.iter().all(|finding| finding.same));
        // Read just now; what is changed later on is read once more.
        self.tally.verified_bytes = same.map(|(memory, _)| memory.image().bytes()).sum();
        Ok(findings)
    }

    /// Looks at what would go with the sectors beyond the image.
    pub(super) fn survey(&mut self, steps: &mut Steps<'_>) -> Result<(), SessionError> {
        let unseen = steps.memories.iter().flat_map(|memory| memory.unseen());
        self.begin(Phase::Survey, unseen.map(AddressRange::size).sum())?;
        for memory in &mut steps.memories {
            let unseen = memory.unseen();
            if unseen.is_empty() {
                if memory.looks_around() {
                    memory.saw_beyond(Vec::new(), self.options.transfer_size);
                }
                continue;
            }
            let region = memory.plan.region.clone();
            let mut found: Vec<ImageElement> = Vec::new();
            for range in unseen {
                self.read_beyond(&region, range, &mut found)?;
            }
            memory.saw_beyond(found, self.options.transfer_size);
            // What may be erased has to be known for certain: one reading may have been wrong.
            for range in memory.kept_blocks.iter().copied() {
                self.unnoticed(|session| {
                    session.verify_range(&region, range, |address, found, expected| {
                        expected.copy_from_slice(found);
                        memory.kept().overlay(address, expected);
                    })
                })?;
            }
        }
        Ok(())
    }

    /// Adds what was ever written in a range, run by run. Whole blocks have a number, and need no address pointer of
    /// their own.
    fn read_beyond(
        &mut self,
        region: &Region,
        range: AddressRange,
        found: &mut Vec<ImageElement>,
    ) -> Result<(), SessionError> {
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        for block in region.to_blocks(range, transfer_size).blocks(transfer_size) {
            let Some(part) = range.overlap(block) else {
                continue;
            };
            self.read_block(region, block, &mut buffer, |address, bytes| {
                found.extend(written(region, part.address, part.within(address, bytes)));
                Ok(())
            })?;
            self.advance(part.size(), Action::Read(part.address))?;
        }
        Ok(())
    }

    /// What is in each of the memory's sectors, read no further than needed to know.
    fn findings(&mut self, memory: &FlashMemory<'_>) -> Result<Vec<Finding>, SessionError> {
        let region = &memory.region;
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut findings = vec![Finding::NOTHING_ODD; region.sectors.len()];
        let mut planned: Vec<AddressRange> = memory.body.to_vec();
        planned.extend(memory.head);
        planned.sort_by_key(|range| range.address);
        let whole = planned
            .iter()
            .map(|range| region.to_blocks(*range, transfer_size));
        for block in joined(whole)
            .into_iter()
            .flat_map(|range| range.blocks(transfer_size))
        {
            let indices = region.sector_indices(block);
            let first = planned.partition_point(|range| range.end <= block.start());
            let named = planned[first..]
                .iter()
                .map_while(|range| range.overlap(block));
            if !findings[indices.clone()]
                .iter()
                .all(|finding| finding.is_different())
            {
                self.read_block(region, block, &mut buffer, |address, found| {
                    for index in indices.clone() {
                        let Some(part) = block.overlap(region.sectors[index].into()) else {
                            continue;
                        };
                        findings[index].erased_around &=
                            region.is_erased(part.within(address, found));
                        for part in named.clone().filter_map(|range| range.overlap(part)) {
                            let found = part.within(address, found);
                            let expected = &mut expected[..found.len()];
                            expected.copy_from_slice(found);
                            memory.image().overlay(part.address, expected);
                            findings[index].saw(found == expected, region.is_erased(found));
                        }
                    }
                    Ok(())
                })?;
            }
            self.advance(
                named.map(|range| memory.image().bytes_in(range)).sum(),
                Action::Read(block.address),
            )?;
        }
        Ok(findings)
    }
}

/// The bytes that were ever written, run by run.
fn written(region: &Region, address: u32, bytes: &[u8]) -> Vec<ImageElement> {
    let mut runs: Vec<ImageElement> = Vec::new();
    let mut joins = false;
    for (address, byte) in (address..=u32::MAX).zip(bytes) {
        let is_written = *byte != region.erased;
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

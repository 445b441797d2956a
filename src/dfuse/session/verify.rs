//! Making sure: every byte that the files name is read after the last change in its memory.

use crate::address::{AddressRange, index};
use crate::dfu::difference::first_difference;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::plan::region::Region;
use crate::dfuse::plan::verify::VerifyPlan;
use crate::dfuse::steps::{MemorySteps, Steps};

use super::redo::Redo;
use super::{Phase, Session};

impl Session<'_> {
    /// Compares all that the plan looks at with its elements, and counts what differs. Blocks with differences are
    /// read twice until one is certain: from there on it is only a matter of how many.
    ///
    /// # Errors
    /// The first difference, when all was compared; what went wrong before that.
    pub(super) fn verify_plan(&mut self, plan: &VerifyPlan<'_>) -> Result<(), SessionError> {
        let ranges = plan.memories.iter().flat_map(|memory| &memory.ranges);
        self.begin(Phase::Verify, ranges.map(|range| range.size()).sum())?;
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut difference: Option<SessionError> = None;
        let mut differing_bytes = 0;
        for memory in &plan.memories {
            let ranges = memory.ranges.iter();
            for block in ranges.flat_map(|range| range.pieces(transfer_size)) {
                let mut differing = 0;
                let read = self.read_block(&memory.region, block, &mut buffer, |address, found| {
                    let expected = &mut expected[..found.len()];
                    memory.image().overlay(address, expected);
                    differing = count_differing(found, expected);
                    match difference {
                        None => first_difference(address, found, expected),
                        Some(_) => Ok(()),
                    }
                });
                match read {
                    Err(error) if matches!(error.cause, Cause::Differs { .. }) => {
                        difference = Some(error);
                    }
                    other => other?,
                }
                differing_bytes += differing;
                self.tally.differing_bytes = Some(differing_bytes);
                self.tally.verified_bytes += block.size() - differing;
                self.advance(block.size(), Action::Verify(block.address))?;
            }
        }
        // Whether that works changes nothing about what was found.
        let _ = self.link.reach_idle();
        difference.map_or(Ok(()), Err)
    }

    /// Reads all that the files name in the memories in which anything has changed, and what was to be kept there.
    /// Returns what doesn't compare.
    pub(super) fn verify_all(&mut self, steps: &Steps<'_>) -> Result<Option<Redo>, SessionError> {
        let affected: Vec<(usize, &MemorySteps<'_>)> = steps
            .affected()
            .filter(|(_, memory)| memory.is_verified())
            .collect();
        let ranges = affected.iter().flat_map(|(_, memory)| memory.checked());
        self.begin(Phase::Verify, ranges.map(AddressRange::size).sum())?;
        // What was found the same in memories that nothing touches has been read already.
        let all_bytes = |memory: &MemorySteps<'_>| memory.image().bytes();
        let touched: u64 = steps.affected().map(|(_, memory)| all_bytes(memory)).sum();
        let before = steps.memories.iter().map(all_bytes).sum::<u64>() - touched;
        self.tally.verified_bytes = before;
        let mut all: Option<Redo> = None;
        let mut buffers = [(); 2].map(|()| vec![0; self.options.transfer_size.into()]);
        for (index, memory) in affected {
            let transfer_size = self.options.transfer_size;
            let ranges = memory.checked().into_iter();
            for block in ranges.flat_map(|range| range.blocks(transfer_size)) {
                self.verify_block(index, memory, block, &mut buffers, &mut all)?;
            }
        }
        if all.is_some() {
            self.tally.verified_bytes = before;
        }
        Ok(all)
    }

    /// Compares a block. The first difference is read twice to be certain of it; from there on it is only a matter of
    /// which sectors.
    fn verify_block(
        &mut self,
        index: usize,
        memory: &MemorySteps<'_>,
        block: AddressRange,
        [buffer, expected]: &mut [Vec<u8>; 2],
        all: &mut Option<Redo>,
    ) -> Result<(), SessionError> {
        let region = &memory.plan.region;
        let is_certain = all.is_some();
        let mut bad = Vec::new();
        let mut named = 0;
        let read = self.read_block(region, block, buffer, |address, found| {
            let expected = &mut expected[..found.len()];
            named = memory.expected(address, found, expected);
            bad = differing(region, block, found, expected);
            match is_certain || bad.is_empty() {
                true => Ok(()),
                false => first_difference(address, found, expected),
            }
        });
        match read {
            Err(error) if matches!(error.cause, Cause::Differs { .. }) => {
                *all = Some(Redo::because_of(error));
            }
            other => other?,
        }
        if let Some(all) = all {
            all.sectors
                .extend(bad.iter().map(|address| (index, *address)));
            // Writing settings is nothing to be done twice in a row.
            all.is_allowed &= bad.is_empty() || region.settings.is_none();
        }
        if bad.is_empty() {
            self.tally.verified_bytes += named;
        }
        self.advance(block.size(), Action::Verify(block.address))
    }

    /// Compares a range with what `expect` makes of what was found.
    pub(super) fn verify_range(
        &mut self,
        region: &Region,
        range: AddressRange,
        expect: impl Fn(u32, &[u8], &mut [u8]),
    ) -> Result<(), SessionError> {
        let mut expected = vec![0; self.options.transfer_size.into()];
        self.read(region, range, |address, found| {
            let expected = &mut expected[..found.len()];
            expect(address, found, expected);
            first_difference(address, found, expected)
        })
    }
}

/// The addresses of the sectors in which a block is not as expected.
fn differing(region: &Region, block: AddressRange, found: &[u8], expected: &[u8]) -> Vec<u32> {
    if found == expected {
        return Vec::new();
    }
    let differs = |part: AddressRange| {
        let [from, to] = [part.start(), part.end].map(|border| index(border - block.start()));
        found[from..to] != expected[from..to]
    };
    region
        .sectors_in(block)
        .filter(|sector| block.overlap((*sector).into()).is_some_and(differs))
        .map(|sector| sector.address)
        .collect()
}

fn count_differing(found: &[u8], expected: &[u8]) -> u64 {
    // By far the most common case, and compared many bytes at a time.
    if found == expected {
        return 0;
    }
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(found, expected)| u64::from(found != expected))
        .sum()
}

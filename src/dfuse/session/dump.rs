//! Looking at flash and changing nothing: how it compares with an image, or what it holds.

use crate::address::AddressRange;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::named::Named;
use crate::dfuse::plan::read::ReadPlan;
use crate::dfuse::plan::verify::VerifyPlan;
use crate::image::{ImageElement, ImageTarget};

use super::Session;
use super::event::Phase;
use super::read::first_difference;

impl Session<'_> {
    /// Compares all that the plan looks at with its elements, and counts what differs. Blocks with differences are
    /// read twice until one is certain: from there on it is only a matter of how many.
    ///
    /// # Errors
    /// The first difference, when all was compared; what went wrong before that.
    pub(super) fn compare_all(&mut self, plan: &VerifyPlan<'_>) -> Result<(), SessionError> {
        let ranges = plan.memories.iter().flat_map(|memory| &memory.ranges);
        self.begin(Phase::Verify, bytes(ranges))?;
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut difference: Option<SessionError> = None;
        let mut differing_bytes = 0;
        for memory in &plan.memories {
            self.select_region(&memory.region)?;
            for block in pieces(&memory.ranges, transfer_size) {
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
        self.finish_looking();
        difference.map_or(Ok(()), Err)
    }

    /// Reads all that the plan asks for, once or twice.
    ///
    /// # Errors
    /// The first byte that is not the same both times; what went wrong before that.
    pub(super) fn dump(&mut self, plan: &ReadPlan) -> Result<ImageTarget, SessionError> {
        self.select_region(&plan.region)?;
        self.begin(Phase::Read, bytes(&plan.ranges))?;
        let mut elements = Vec::new();
        for range in &plan.ranges {
            let mut data = Vec::new();
            for block in range.pieces(self.options.transfer_size) {
                let mut buffer = vec![0; self.options.transfer_size.into()];
                self.read_block(&plan.region, block, &mut buffer, |_, found| {
                    data.extend_from_slice(found);
                    Ok(())
                })?;
                self.tally.read_bytes += block.size();
                self.advance(block.size(), Action::Read(block.address))?;
            }
            elements.push(ImageElement {
                address: range.address,
                data,
            });
        }
        if plan.twice {
            self.begin(Phase::Verify, bytes(&plan.ranges))?;
            for block in pieces(&plan.ranges, self.options.transfer_size) {
                let compared = self.verify_range(&plan.region, block, |address, _, expected| {
                    Named(&elements).overlay(address, expected);
                });
                compared.map_err(|error| SessionError {
                    action: Action::Read(block.address),
                    ..error
                })?;
            }
        }
        self.finish_looking();
        Ok(ImageTarget {
            alternate_setting: Some(plan.region.alternate_setting),
            name: Some(plan.region.name.clone()),
            elements,
        })
    }

    /// Leaves the board in dfuIDLE. Whether that works changes nothing about what was found.
    fn finish_looking(&mut self) {
        let _ = self.link.reach_idle();
    }
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

fn pieces(ranges: &[AddressRange], transfer_size: u16) -> impl Iterator<Item = AddressRange> + '_ {
    let ranges = ranges.iter();
    ranges.flat_map(move |range| range.pieces(transfer_size))
}

fn bytes<'r>(ranges: impl IntoIterator<Item = &'r AddressRange>) -> u64 {
    ranges.into_iter().map(|range| range.size()).sum()
}

//! Looking at flash and changing nothing: comparing all of an image with it, and reading it out.

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::plan::{Plan, TargetPlan};
use crate::dfuse::range::AddressRange;
use crate::image::ImageElement;

use super::read::first_difference;
use super::{Phase, Session};

impl Session<'_> {
    /// Compares all that the plan looks at with its elements, and counts what differs. Blocks with differences are
    /// read twice until one is certain: from there on it is only a matter of how many.
    ///
    /// # Errors
    /// The first difference, when all was compared; what went wrong before that.
    pub(super) fn compare_all(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        self.begin(Phase::Verify, bytes_to_look_at(plan))?;
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut expected = vec![0; transfer_size.into()];
        let mut difference: Option<SessionError> = None;
        let mut differing_bytes = 0;
        for target in &plan.targets {
            self.select_target(target)?;
            for block in pieces(target, transfer_size) {
                let mut differing = 0;
                let read = self.read_block(target, block, &mut buffer, |address, found| {
                    let expected = &mut expected[..found.len()];
                    target.contents(address, expected);
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

    /// Reads all that the plan looks at.
    pub(super) fn read_out(&mut self, plan: &Plan<'_>) -> Result<Vec<ImageElement>, SessionError> {
        self.begin(Phase::Read, bytes_to_look_at(plan))?;
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        let mut elements = Vec::new();
        for target in &plan.targets {
            self.select_target(target)?;
            for range in &target.look {
                let mut data = Vec::new();
                for block in range.pieces(transfer_size) {
                    self.read_block(target, block, &mut buffer, |_, found| {
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
        }
        self.finish_looking();
        Ok(elements)
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

fn pieces<'p>(
    target: &'p TargetPlan<'_>,
    transfer_size: u16,
) -> impl Iterator<Item = AddressRange> + 'p {
    let ranges = target.look.iter();
    ranges.flat_map(move |range| range.pieces(transfer_size))
}

fn bytes_to_look_at(plan: &Plan<'_>) -> u64 {
    let ranges = plan.targets.iter().flat_map(|target| &target.look);
    ranges.map(|range| range.size()).sum()
}

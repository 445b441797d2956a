//! Reading out what flash holds, and changing nothing.

use crate::dfu::error::{Action, SessionError};
use crate::dfuse::named::Named;
use crate::dfuse::plan::read::ReadPlan;
use crate::image::{ImageElement, ImageTarget};

use super::{Phase, Session};

impl Session<'_> {
    /// Reads all that the plan asks for, once or twice.
    ///
    /// # Errors
    /// The first byte that is not the same both times; what went wrong before that.
    pub(super) fn dump(&mut self, plan: &ReadPlan) -> Result<ImageTarget, SessionError> {
        let ranges = &plan.ranges;
        let size = ranges.iter().map(|range| range.size()).sum();
        self.begin(Phase::Read, size)?;
        let mut elements = Vec::new();
        for range in ranges {
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
            self.begin(Phase::Verify, size)?;
            let transfer_size = self.options.transfer_size;
            for block in ranges.iter().flat_map(|range| range.pieces(transfer_size)) {
                let compared = self.verify_range(&plan.region, block, |address, _, expected| {
                    Named(&elements).overlay(address, expected);
                });
                compared.map_err(|error| SessionError {
                    action: Action::Read(block.address),
                    ..error
                })?;
            }
        }
        // Whether that works changes nothing about what was found.
        let _ = self.link.reach_idle();
        Ok(ImageTarget {
            alternate_setting: Some(plan.region.alternate_setting),
            name: Some(plan.region.name.clone()),
            elements,
        })
    }
}

//! Looking at what lies around the image in its sectors, so that it is known before it may be erased.

use crate::address::AddressRange;
use crate::dfu::error::{Action, SessionError};
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::Steps;
use crate::image::ImageElement;

use super::{Phase, Session};

impl Session<'_> {
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

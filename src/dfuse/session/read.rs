//! Reading flash, and comparing it with what it should hold.

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::plan::TargetPlan;
use crate::dfuse::range::AddressRange;

use super::Session;

/// What is in a range of flash.
pub(super) struct Found {
    /// Not a byte was ever written.
    pub erased: bool,
    /// Every byte is as the plan wants it.
    pub as_planned: bool,
}

impl Session<'_> {
    /// Compares flash with what the plan says it holds.
    pub(super) fn verify(
        &mut self,
        target: &TargetPlan<'_>,
        range: AddressRange,
    ) -> Result<(), SessionError> {
        let mut expected = vec![0; self.options.transfer_size.into()];
        let mut verified = 0;
        let result = self.read(target, range, |address, found| {
            let expected = &mut expected[..found.len()];
            let named = target.contents(address, expected);
            first_difference(address, found, expected)?;
            // Where nothing was to be written, being erased is what was to be verified.
            verified += if target.elements.is_empty() {
                found.len() as u64
            } else {
                named
            };
            Ok(())
        });
        if self.counting {
            self.tally.verified_bytes += verified;
        }
        result
    }

    /// What is in a range of flash, at a glance.
    pub(super) fn look_at(
        &mut self,
        target: &TargetPlan<'_>,
        range: AddressRange,
    ) -> Result<Found, SessionError> {
        let mut all = Found {
            erased: true,
            as_planned: true,
        };
        let mut expected = vec![0; self.options.transfer_size.into()];
        self.read(target, range, |address, found| {
            let expected = &mut expected[..found.len()];
            target.contents(address, expected);
            all.as_planned &= found == expected;
            all.erased &= target.is_erased(found);
            Ok(())
        })?;
        Ok(all)
    }

    /// Reads a range block by block and shows each once to `look`, or again where `look` doesn't believe it.
    pub(super) fn read(
        &mut self,
        target: &TargetPlan<'_>,
        range: AddressRange,
        mut look: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for block in range.blocks(self.options.transfer_size) {
            self.read_block(target, block, &mut buffer, &mut look)?;
            self.advance(block.size(), Action::Verify(block.address))?;
        }
        Ok(())
    }

    /// Reads at most a block and shows it, as [`Session::read`] does.
    pub(super) fn read_block(
        &mut self,
        target: &TargetPlan<'_>,
        wanted: AddressRange,
        buffer: &mut [u8],
        mut look: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let size = usize::from(self.options.transfer_size);
        let wanted_size = usize::try_from(wanted.size()).map_or(size, |wanted| wanted.min(size));
        // A short block would need an address pointer of its own, before and behind it.
        let full = target.is_readable(AddressRange {
            end: wanted.start() + size as u64,
            ..wanted
        });
        let buffer = &mut buffer[..if full { size } else { wanted_size }];
        self.persist(|session| {
            let block = session.block_number(wanted.address, buffer.len())?;
            session.link.read_block(block, buffer, wanted.address)?;
            look(wanted.address, &buffer[..wanted_size]).map_err(|cause| SessionError {
                action: Action::Verify(wanted.address),
                cause,
            })
        })
    }
}

/// # Errors
/// The first byte that is not as expected.
pub(super) fn first_difference(address: u32, found: &[u8], expected: &[u8]) -> Result<(), Cause> {
    // By far the most common case, and compared many bytes at a time.
    if found == expected {
        return Ok(());
    }
    let mut addresses = (address..).zip(found.iter().zip(expected));
    match addresses.find(|(_, (found, expected))| found != expected) {
        None => Ok(()),
        Some((address, (found, expected))) => Err(Cause::Differs {
            address,
            expected: *expected,
            found: *found,
        }),
    }
}

//! Reading flash, and comparing it with what it should hold.

use crate::dfuse::blocks::bursts;
use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::plan::{AddressRange, TargetPlan};

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
        let result = self.read(range, |address, found| {
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
        let mut found_all = Found {
            erased: true,
            as_planned: true,
        };
        let mut expected = vec![0; self.options.transfer_size.into()];
        self.read(range, |address, found| {
            let expected = &mut expected[..found.len()];
            target.contents(address, expected);
            found_all.as_planned &= found == expected;
            found_all.erased &= found.iter().all(|byte| *byte == target.erased);
            Ok(())
        })?;
        Ok(found_all)
    }

    /// Reads a range block by block and shows each once to `look`, or again where `look` doesn't believe it.
    pub(super) fn read(
        &mut self,
        range: AddressRange,
        mut look: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; self.options.transfer_size.into()];
        let mut done = 0;
        let mut tries = 0;
        while let Some(rest) = range.behind(done) {
            let before = done;
            let result = self.read_on(rest, &mut buffer, &mut done, &mut look);
            if done > before {
                tries = 0;
            }
            if let Err(error) = result {
                self.recover(error, &mut tries)?;
            }
        }
        Ok(())
    }

    fn read_on(
        &mut self,
        range: AddressRange,
        buffer: &mut [u8],
        done: &mut u64,
        look: &mut dyn FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        for burst in bursts(range, self.options.transfer_size) {
            self.set_address(burst.address)?;
            for (block, address) in burst.blocks() {
                let action = Action::Verify(address);
                let found = &mut buffer[..burst.length.into()];
                self.link.read_block(block, found, address)?;
                look(address, found).map_err(|cause| SessionError { action, cause })?;
                *done += u64::from(burst.length);
                self.advance(burst.length.into(), action)?;
            }
        }
        Ok(())
    }
}

fn first_difference(address: u32, found: &[u8], expected: &[u8]) -> Result<(), Cause> {
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

//! Reading flash, block by block.

use crate::address::AddressRange;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::plan::region::Region;

use super::Session;

impl Session<'_> {
    /// Reads a range block by block and shows each once to `check`, or again where `check` doesn't believe it.
    pub(super) fn read(
        &mut self,
        region: &Region,
        range: AddressRange,
        mut check: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for block in range.blocks(self.options.transfer_size) {
            self.read_block(region, block, &mut buffer, &mut check)?;
            self.advance(block.size(), Action::Verify(block.address))?;
        }
        Ok(())
    }

    /// Reads at most a block and shows it, as [`Session::read`] does.
    pub(super) fn read_block(
        &mut self,
        region: &Region,
        wanted: AddressRange,
        buffer: &mut [u8],
        mut check: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let size = usize::from(self.options.transfer_size);
        let wanted_size = usize::try_from(wanted.size()).map_or(size, |wanted| wanted.min(size));
        // A short block would need an address pointer of its own, before and after it.
        let full = region.is_readable(AddressRange {
            end: wanted.start() + size as u64,
            ..wanted
        });
        self.select(region.alternate_setting)?;
        let buffer = &mut buffer[..if full { size } else { wanted_size }];
        self.persist(|session| {
            let block = session.block_number(wanted.address, buffer.len())?;
            session.link.read_block(block, buffer, wanted.address)?;
            session.has_read = true;
            check(wanted.address, &buffer[..wanted_size]).map_err(|cause| SessionError {
                action: Action::Verify(wanted.address),
                cause,
            })
        })
    }
}

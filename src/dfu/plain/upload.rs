//! Reading what a device gives: blocks from 0 to the first that is not full.

use std::ops::ControlFlow;

use crate::dfu::difference::first_difference;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Phase;

use super::{Session, wire_number};

/// The most that is read, in bytes: a device that gives more has no end.
pub(super) const LARGEST: u64 = 256 << 20;

impl Session<'_> {
    /// Reads all that the device gives, once or twice.
    ///
    /// # Errors
    /// The first byte that is not the same both times; what went wrong before that.
    pub(super) fn read(&mut self, memory: u8, twice: bool) -> Result<Vec<u8>, SessionError> {
        let bytes = self.persist(|session| session.read_once(memory))?;
        if twice {
            self.persist(|session| session.read_again(memory, &bytes))?;
        }
        Ok(bytes)
    }

    fn read_once(&mut self, memory: u8) -> Result<Vec<u8>, SessionError> {
        self.begin(Phase::Read, None, Action::Upload(0))?;
        let mut bytes = Vec::new();
        self.upload(memory, Action::Upload, |_, found| {
            bytes.extend_from_slice(found);
            Ok(ControlFlow::Continue(()))
        })?;
        self.tally.read_bytes = bytes.len() as u64;
        Ok(bytes)
    }

    fn read_again(&mut self, memory: u8, bytes: &[u8]) -> Result<(), SessionError> {
        let action = Action::Upload(0);
        self.begin(Phase::Verify, Some(bytes.len() as u64), action)?;
        let given = self.upload(memory, Action::Upload, |offset, found| {
            compare(bytes, offset, found)?;
            Ok(ControlFlow::Continue(()))
        })?;
        check_length(bytes, given, given == bytes.len() as u64, action)
    }

    /// Uploads from block 0 on and shows each block with its offset to `take`, until that breaks off or a block is not
    /// full. Returns how many bytes there were.
    pub(super) fn upload(
        &mut self,
        memory: u8,
        doing: fn(u32) -> Action,
        mut take: impl FnMut(u64, &[u8]) -> Result<ControlFlow<()>, Cause>,
    ) -> Result<u64, SessionError> {
        if !self.options.can_upload {
            return Err(SessionError {
                action: doing(0),
                cause: Cause::NoUpload,
            });
        }
        self.select(memory)?;
        self.link.end_upload(doing(0))?;
        let mut buffer = vec![0; self.options.transfer_size.into()];
        let mut offset = 0;
        let mut block = 0;
        loop {
            let action = doing(block);
            let failed = |cause| SessionError { action, cause };
            let length = self.link.upload(wire_number(block), &mut buffer, action)?;
            let goes_on = take(offset, &buffer[..length]).map_err(failed)?;
            offset += length as u64;
            self.advance(length as u64, action)?;
            if goes_on.is_break() || length < buffer.len() {
                return Ok(offset);
            }
            if offset >= LARGEST {
                return Err(failed(Cause::Endless(offset)));
            }
            block += 1;
        }
    }
}

/// Compares a block at this offset with what should be there, as far as `bytes` go.
///
/// # Errors
/// The first byte that is not as it should be.
pub(super) fn compare(bytes: &[u8], offset: u64, found: &[u8]) -> Result<(), Cause> {
    let rest = usize::try_from(offset).map_or(&[][..], |at| bytes.get(at..).unwrap_or(&[]));
    let both = rest.len().min(found.len());
    // No more is ever read than fits.
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    first_difference(offset, &found[..both], &rest[..both])
}

/// # Errors
/// How many bytes were `given`, where that is not as it should be.
pub(super) fn check_length(
    bytes: &[u8],
    given: u64,
    is_enough: bool,
    action: Action,
) -> Result<(), SessionError> {
    if is_enough {
        return Ok(());
    }
    Err(SessionError {
        action,
        cause: Cause::Short {
            expected: bytes.len(),
            found: usize::try_from(given).unwrap_or(usize::MAX),
        },
    })
}

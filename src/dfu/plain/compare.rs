//! Comparing a file with what a device gives: of what comes after the file, nobody knows what it should be.

use std::ops::ControlFlow;

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Phase;
use crate::usb::UsbError;

use super::upload::{LARGEST, check_length, compare};
use super::{Download, ReadBack, Session};

/// How often a device is looked for that has restarted, a tenth of a second each.
const ATTEMPTS: u32 = 20;

impl Session<'_> {
    /// Compares, which is all there is to do.
    pub(super) fn verify(&mut self, memory: u8, bytes: &[u8]) -> Result<(), SessionError> {
        if bytes.is_empty() {
            return Err(SessionError {
                action: Action::Compare(0),
                cause: Cause::Empty,
            });
        }
        self.persist(|session| session.compare_all(memory, bytes))?;
        self.tally.verified_bytes = bytes.len() as u64;
        Ok(())
    }

    /// Reads back what was sent and compares it, where the device can be believed to give it. Where it can't, or refuses
    /// to all the same (some lie about both bits), its own word is all there is.
    pub(super) fn check(&mut self, plan: &Download<'_>) -> Result<(), SessionError> {
        if self.tally.skipped_bytes > 0 {
            return Ok(());
        }
        if !self.reads_back(plan) {
            self.tally.accepted = true;
            return Ok(());
        }
        match self.verify(plan.memory, plan.bytes) {
            Err(error) if says_nothing_of_the_file(&error.cause) => {
                self.tally.accepted = true;
                Ok(())
            }
            checked => checked,
        }
    }

    fn reads_back(&self, plan: &Download<'_>) -> bool {
        plan.read_back == ReadBack::Wanted && self.options.can_verify()
    }

    /// The same of a device that has gone before it said that it was done, and is back in DFU mode: without a look at
    /// what it holds, nobody knows what has become of the download.
    pub(super) fn check_after_return(&mut self, plan: &Download<'_>) -> Result<(), SessionError> {
        self.selected = None;
        if self.reads_back(plan) && (0..ATTEMPTS).any(|_| self.link.reopen()) {
            return self.verify(plan.memory, plan.bytes);
        }
        Err(SessionError {
            action: Action::Manifest,
            cause: Cause::Vanished,
        })
    }

    /// Whether the device gives the file already. One that can't be read gives nothing.
    pub(super) fn look_for_file(&mut self, plan: &Download<'_>) -> Result<bool, SessionError> {
        match self.persist(|session| session.read_and_compare(plan)) {
            Err(error) => match error.cause {
                Cause::NoUpload => Ok(false),
                Cause::Interrupted | Cause::Usb(UsbError::NoDevice) => Err(error),
                _ => self.come_to_rest(&error.cause).map(|()| false),
            },
            found => found,
        }
    }

    /// Where it doesn't, all that the device gives is read, up to the block that is not full: U-Boot's ABORT would leave
    /// the upload open, and block 0 of the download meet a wrong sequence number.
    fn read_and_compare(&mut self, plan: &Download<'_>) -> Result<bool, SessionError> {
        let size = plan.bytes.len() as u64;
        self.begin(Phase::Compare, Some(size), Action::Compare(0))?;
        let mut is_same = true;
        let given = self.upload(plan.memory, Action::Compare, |offset, found| {
            is_same &= compare(plan.bytes, offset, found).is_ok();
            let end = offset + found.len() as u64;
            Ok(match end >= if is_same { size } else { LARGEST } {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        Ok(is_same && given >= size)
    }

    fn compare_all(&mut self, memory: u8, bytes: &[u8]) -> Result<(), SessionError> {
        let size = bytes.len() as u64;
        self.begin(Phase::Verify, Some(size), Action::Compare(0))?;
        let given = self.upload(memory, Action::Compare, |offset, found| {
            compare(bytes, offset, found)?;
            Ok(match offset + found.len() as u64 >= size {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        check_length(bytes, given, given >= size, Action::Compare(0))
    }
}

/// Whether a comparison ended so that nothing is known against the file: it was not given at all.
fn says_nothing_of_the_file(cause: &Cause) -> bool {
    match cause {
        Cause::Differs { .. } | Cause::Interrupted => false,
        Cause::Short { found, .. } => *found == 0,
        _ => true,
    }
}

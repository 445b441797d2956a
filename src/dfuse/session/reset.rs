//! A chip that resets because its option bytes were written: where its boot pins still lead to the bootloader, it comes
//! back, and what was written can be looked at; elsewhere nobody can tell.

use crate::address::AddressRange;
use crate::chip::settings::Settings;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::steps::MemorySteps;
use crate::usb::UsbError;

use super::{Event, Phase, Session};

/// How often to look whether the board is back, a tenth of a second each. To start and to be
/// enumerated takes a board a second or two.
const ATTEMPTS: u32 = 40;

impl Session<'_> {
    /// After `error`, which came of writing `block`: nothing, if all that has happened is that the chip has reset as it
    /// should. `begun`: the board had said that it was at work before it was gone.
    ///
    /// # Errors
    /// `error`, if that is not so, or nobody knows; what differs, if the board came back with something else.
    pub(super) fn after_reset(
        &mut self,
        memory: &MemorySteps<'_>,
        block: AddressRange,
        error: SessionError,
        begun: bool,
    ) -> Result<(), SessionError> {
        let resets = memory
            .plan
            .region
            .settings
            .is_some_and(Settings::reset_the_chip);
        if !(resets && self.link.check_gone()) {
            return Err(error);
        }
        let is_back = self.await_return()?;
        if is_back {
            self.select(memory.plan.region.alternate_setting)?;
        }
        let is_checked = is_back && memory.is_verified();
        let checked = is_checked.then(|| {
            self.unnoticed(|session| {
                session.verify_range(&memory.plan.region, block, |address, found, expected| {
                    memory.expected(address, found, expected);
                })
            })
        });
        match checked {
            Some(Ok(())) => Ok(()),
            Some(Err(difference)) if begun => Err(difference),
            None if begun => {
                self.tally.reset = !is_back;
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Whether there is a board to write to.
    pub(super) fn is_there_for(&self, range: AddressRange) -> Result<(), SessionError> {
        if !self.tally.reset {
            return Ok(());
        }
        Err(SessionError {
            action: Action::Write(range.address),
            cause: Cause::Usb(UsbError::NoDevice),
        })
    }

    /// Waits for the board. Returns whether it is back.
    fn await_return(&mut self) -> Result<bool, SessionError> {
        self.tell(Event::Begin(Phase::Reset, None), Action::ReachIdle)?;
        self.selected = None;
        self.pointer = None;
        for _ in 0..ATTEMPTS {
            self.advance(0, Action::ReachIdle)?;
            if self.link.reopen() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

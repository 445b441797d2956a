//! After something went wrong: whether it is worth another try, how often, and from which state.

use crate::dfu::error::{Cause, SessionError};
use crate::dfu::protocol::DfuStatus;
use crate::usb::UsbError;

use super::{Event, Pass, Session};

/// How often the same thing is tried again.
const TRIES: u32 = 3;
/// How often anything is tried again in one session. A cable that fails more often than that should be replaced.
const TRIES_IN_ALL: u32 = 20;

impl Session<'_> {
    /// Does what may fail for a reason that passes, again if need be. `work` has to be fit for beginning anew.
    pub(super) fn persist<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let mut tries = 0;
        loop {
            match work(self) {
                Ok(done) => return Ok(done),
                Err(error) => self.recover(error, &mut tries)?,
            }
        }
    }

    /// Makes ready for another try, with the board in dfuIDLE, or gives the error back where there is no point in
    /// one. `tries` counts those made in vain.
    pub(super) fn recover(
        &mut self,
        error: SessionError,
        tries: &mut u32,
    ) -> Result<(), SessionError> {
        let is_exhausted = self.tally.retries >= TRIES_IN_ALL && self.pass != Pass::Closing;
        if *tries >= worth_trying(&error.cause) || is_exhausted {
            return Err(error);
        }
        if error.cause.is_vendor_error() && self.confirm_refusal(&error) {
            return Err(error);
        }
        *tries += 1;
        self.pointer = None;
        self.tally.retries += 1;
        self.tell(Event::Retry(&error), error.action)?;
        match self.link.recover(&error.cause) {
            Ok(()) => Ok(()),
            // What went wrong first says more than that its consequences could not be put right.
            Err(_) => Err(error),
        }
    }

    /// Asks the board once more to move its address pointer. Returns whether not even that is let happen: a chip with
    /// read protection on answers errVENDOR to everything.
    fn confirm_refusal(&mut self, error: &SessionError) -> bool {
        let Some(address) = error.action.address().or(self.any_address) else {
            return false;
        };
        let again = self
            .link
            .recover(&error.cause)
            .and_then(|()| self.set_address(address));
        matches!(again, Err(again) if again.cause.is_vendor_error())
    }
}

/// How often to try again after this.
fn worth_trying(cause: &Cause) -> u32 {
    match cause {
        Cause::Usb(UsbError::Stall | UsbError::Timeout | UsbError::Io)
        | Cause::Short { .. }
        | Cause::StillBusy(_) => TRIES,
        // It is what the board means to say, and says again if it does.
        Cause::Answered {
            status: DfuStatus::ErrVendor | DfuStatus::ErrTarget,
            ..
        } => 1,
        // Nothing that passes: the bootloader wants another image, or another part of it.
        Cause::Answered {
            status: DfuStatus::ErrFile,
            ..
        } => 0,
        Cause::Answered { .. } => TRIES,
        // The answer may have been wrong rather than the flash.
        Cause::Differs { .. } => 1,
        Cause::Usb(_)
        | Cause::ReadProtected
        | Cause::LinkedElsewhere(_)
        | Cause::RefusesUpload(_)
        | Cause::LostPlace(_)
        | Cause::Endless(_)
        | Cause::Empty
        | Cause::NoUpload
        | Cause::Vanished
        | Cause::NoSuchCommand
        | Cause::Stayed
        | Cause::WentAway
        | Cause::StillProtected
        | Cause::Interrupted => 0,
    }
}

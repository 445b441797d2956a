//! What goes wrong once and is worth beginning anew, and what a device means to say.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Event;
use crate::dfu::protocol::DfuStatus;
use crate::usb::UsbError;

use super::Session;

/// How often a download or an upload is begun anew. U-Boot takes one for its own: after an ABORT it is left with a
/// transaction that only an error ends.
const RESTARTS: u32 = 2;

impl Session<'_> {
    /// Does what may fail for a reason that passes, and all of it again if need be: never one block, for nobody knows
    /// whether the device has taken it.
    pub(super) fn persist<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let mut was_refused = false;
        for _ in 0..RESTARTS {
            match work(self) {
                Err(error) if is_worth_restarting(&error, was_refused) => {
                    was_refused |= is_refused_upload(&error);
                    self.recover(error)?;
                }
                ended => return ended.map_err(told_from_a_fault),
            }
        }
        work(self).map_err(told_from_a_fault)
    }

    /// Makes ready for another try, with the device in dfuIDLE, or gives the error back.
    fn recover(&mut self, error: SessionError) -> Result<(), SessionError> {
        self.tally.retries += 1;
        self.tell(Event::Retry(&error), error.action)?;
        // What went wrong first says more than that its consequences could not be put right.
        self.come_to_rest(&error.cause).map_err(|_| error)
    }

    /// Brings the device to dfuIDLE. What it was in when it was last heard of is no news where a transfer got lost.
    pub(super) fn come_to_rest(&mut self, cause: &Cause) -> Result<(), SessionError> {
        match cause {
            Cause::Usb(UsbError::Timeout | UsbError::Io) => self.link.reach_idle(),
            _ => self.link.come_to_rest(),
        }
    }
}

/// Whether to begin anew after this; `was_refused`: an upload was refused from its first block on before.
fn is_worth_restarting(error: &SessionError, was_refused: bool) -> bool {
    match error.cause {
        // Two minutes were given to the end of it already.
        Cause::Usb(_) if error.action == Action::Manifest => false,
        // U-Boot does that once, after an upload that was aborted, too. Any other means what it says.
        _ if is_refused_upload(error) && was_refused => false,
        ref cause => is_transient(cause),
    }
}

/// A device that says it can be read, and refuses the first block again, has not had bad luck.
fn told_from_a_fault(error: SessionError) -> SessionError {
    match is_refused_upload(&error) {
        true => SessionError {
            cause: Cause::RefusesUpload(Box::new(error.cause)),
            ..error
        },
        false => error,
    }
}

fn is_refused_upload(error: &SessionError) -> bool {
    matches!(error.action, Action::Upload(0) | Action::Compare(0))
        && matches!(
            error.cause,
            Cause::Usb(UsbError::Stall) | Cause::Answered { .. }
        )
}

/// Whether it may not happen again: a transfer that was disturbed, or a device that had not understood.
fn is_transient(cause: &Cause) -> bool {
    match cause {
        Cause::Usb(UsbError::Stall | UsbError::Timeout | UsbError::Io) | Cause::LostPlace(_) => {
            true
        }
        Cause::Answered { status, .. } => matches!(
            status,
            DfuStatus::Ok
                | DfuStatus::ErrUnknown
                | DfuStatus::ErrStalledPkt
                | DfuStatus::ErrUsbr
                | DfuStatus::ErrPor
        ),
        _ => false,
    }
}

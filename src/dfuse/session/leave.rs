//! Leaving DFU mode, which starts the application.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::plan::leave::Start;
use crate::usb::UsbError;

use super::{Event, Phase, Session};

impl Session<'_> {
    /// Starts the application, which is all there is to do: a board that stays is an error.
    ///
    /// # Errors
    /// What keeps the address from being set; what the board says, or [`Cause::Stayed`].
    pub(super) fn leave(&mut self, start: Start) -> Result<(), SessionError> {
        let left = self.ask_to_leave(start)?;
        self.tally.left = Some(left);
        match left {
            true => Ok(()),
            false => Err(SessionError {
                action: Action::Leave,
                cause: Cause::Stayed,
            }),
        }
    }

    /// Starts the application after a flash: that a board stays is no error, for what was written is right.
    pub(super) fn leave_after_flash(&mut self, start: Start) -> Result<(), SessionError> {
        let left = match self.ask_to_leave(start) {
            Err(error) if stays(&error) => {
                // So that whoever talks to it next finds it in order. Should this fail, it changes nothing here.
                let _ = self.link.reach_idle();
                false
            }
            left => left?,
        };
        self.tally.left = Some(left);
        Ok(())
    }

    /// Asks the board to leave, and again only where it has refused or has not heard of it, with SET_ADDRESS right
    /// before: a C071 was seen to want that. A board that took it and stays has its reasons. Returns whether it has left.
    fn ask_to_leave(&mut self, start: Start) -> Result<bool, SessionError> {
        self.tell(Event::Begin(Phase::Leave, None), Action::Leave)?;
        let mut tries = 0;
        loop {
            self.select(start.alternate_setting)?;
            if self.pointer != Some(start.address) {
                self.persist(|session| session.set_address(start.address))?;
            }
            match self.link.leave() {
                Ok(left) => return Ok(left),
                // Forgets where the pointer is.
                Err(error) => self.recover(error, &mut tries)?,
            }
        }
    }
}

/// Whether this is a board that is there, and will not leave.
fn stays(error: &SessionError) -> bool {
    let refused = matches!(
        error.cause,
        Cause::Answered { .. } | Cause::Usb(UsbError::Stall | UsbError::Timeout | UsbError::Io)
    );
    error.action == Action::Leave && refused
}

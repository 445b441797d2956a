//! Leaving DFU mode, which starts the application.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::plan::leave::Start;
use crate::usb::UsbError;

use super::Session;
use super::event::{Event, Phase};

impl Session<'_> {
    /// Starts the application, and says in the tally whether the board has left.
    ///
    /// Asks again only where the board has refused or has not heard of it, with SET_ADDRESS right before: a C071 was seen
    /// to want that. A board that took it and stays has its reasons. With `nothing_else` to do than this, a board that
    /// stays is an error; after a flash it is not, for what was written is right.
    ///
    /// # Errors
    /// What keeps the address from being set; what the board says, or [`Cause::Stayed`].
    pub(super) fn leave(&mut self, start: Start, nothing_else: bool) -> Result<(), SessionError> {
        self.tell(Event::Begin(Phase::Leave, None), Action::Leave)?;
        let left = match self.ask_to_leave(start) {
            Err(error) if nothing_else || !stays(&error) => return Err(error),
            Err(_) => {
                // So that whoever talks to it next finds it in order. Should this fail, it changes nothing here.
                let _ = self.link.reach_idle();
                false
            }
            Ok(left) => left,
        };
        self.tally.left = Some(left);
        if nothing_else && !left {
            return Err(SessionError {
                action: Action::Leave,
                cause: Cause::Stayed,
            });
        }
        Ok(())
    }

    fn ask_to_leave(&mut self, start: Start) -> Result<bool, SessionError> {
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

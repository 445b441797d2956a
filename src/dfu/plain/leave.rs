//! What is left to do once a device is done: leaving it, and saying where it is then.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Phase;
use crate::dfu::finish::Whereabouts;

use super::manifest::Manifested;
use super::{Download, Leave, Session};

impl Session<'_> {
    /// Leaves, which is all there is to do: a device that stays is an error. One that was gone and is back as what it was
    /// has restarted, and that is told.
    pub(super) fn leave(&mut self) -> Result<(), SessionError> {
        match self.leave_idle()? {
            Whereabouts::InDfuMode { returned: false } => Err(SessionError {
                action: Action::Leave,
                cause: Cause::Stayed,
            }),
            _ => Ok(()),
        }
    }

    /// What follows a download. What was sent is right then, whatever the device does after it: one that stays is told,
    /// and no error.
    pub(super) fn conclude(
        &mut self,
        plan: &Download<'_>,
        manifested: Manifested,
    ) -> Result<(), SessionError> {
        let ids = self.options.ids;
        match manifested {
            Manifested::Idle => self.check(plan)?,
            Manifested::CameBack => self.check_after_return(plan)?,
            Manifested::Left(_) | Manifested::WaitsForReset | Manifested::NeedsReset => {
                self.tally.accepted = true;
            }
        }
        self.tally.complete = true;
        match manifested {
            Manifested::Idle | Manifested::CameBack if plan.leave == Leave::Yes => {
                self.leave_idle()?;
            }
            Manifested::WaitsForReset if plan.leave != Leave::No => {
                self.begin(Phase::Leave, None, Action::Leave)?;
                let whereabouts = self.link.see_off(ids, self.options.will_detach);
                self.note(whereabouts);
            }
            Manifested::Idle | Manifested::CameBack | Manifested::WaitsForReset => {}
            Manifested::NeedsReset => {
                let whereabouts = self.link.leave_by_reset(ids);
                self.note(whereabouts);
            }
            Manifested::Left(whereabouts) => self.note(whereabouts),
        }
        Ok(())
    }

    /// Leaves from dfuIDLE.
    pub(super) fn leave_idle(&mut self) -> Result<Whereabouts, SessionError> {
        self.begin(Phase::Leave, None, Action::Leave)?;
        // An upload may not have come to its end; a device that won't have this may leave all the same.
        let _ = self.link.come_to_rest();
        let whereabouts = self
            .link
            .leave_idle(self.options.ids, self.options.will_detach);
        self.note(whereabouts);
        Ok(whereabouts)
    }

    fn note(&mut self, whereabouts: Whereabouts) {
        self.tally.left = Some(whereabouts.has_left());
        self.tally.started_as = whereabouts.started_as();
    }
}

//! Leaving DFU mode, and what boards do instead.

use super::Bootloader;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

impl Bootloader {
    /// The host wants it to leave.
    pub(super) fn dnload_nothing(&mut self) -> Answer {
        match self.quirks.leave() {
            Some(Quirk::LeaveUnanswered) => {
                self.has_left = true;
                Answer::Silent
            }
            Some(Quirk::LeaveStall) => self.stall(),
            _ => {
                self.state = DfuState::DfuManifestSync;
                Answer::Acknowledged
            }
        }
    }

    /// Leaves, at the GETSTATUS that comes after the DNLOAD of nothing. It is not manifestation tolerant
    /// (bmAttributes): nothing is answered after this.
    pub(super) fn manifest(&mut self) {
        let quirk = self.quirks.leave();
        if quirk == Some(Quirk::LeaveNeedsAddress) && !self.pointer_is_fresh {
            self.enter_error(DfuStatus::ErrUnknown);
            return;
        }
        self.state = DfuState::DfuManifest;
        self.has_left = quirk != Some(Quirk::LeaveStays);
    }
}

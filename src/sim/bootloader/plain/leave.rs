//! The ways out of DFU mode: a USB reset, DETACH, or by itself.

use std::time::Duration;

use super::super::Departure;
use super::Bootloader;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

impl Bootloader {
    /// From DETACH to the end of DFU. *Inferred*.
    const DETACH: Duration = Duration::from_millis(100);

    /// How it leaves the bus, if it does at the time `now`.
    pub fn departure(&mut self, now: Duration) -> Option<Departure> {
        if let Some((_, departure)) = self.leaves_at.filter(|(at, _)| now >= *at) {
            self.departure.get_or_insert(departure);
        }
        if self.idle_until.is_some_and(|until| now >= until) {
            self.departure.get_or_insert(Departure::Starts);
        }
        self.departure
    }

    /// When it will leave unless something is asked.
    pub fn leaves_at(&self) -> Option<Duration> {
        let at = self.leaves_at.map(|(at, _)| at);
        at.into_iter().chain(self.idle_until).min()
    }

    /// The port is reset: out of DFU mode, whatever it was doing (DFU 1.1 appendix A).
    pub fn reset(&mut self) {
        let waits_for_it = matches!(
            self.state,
            DfuState::DfuManifestSync
                | DfuState::DfuManifest
                | DfuState::DfuManifestWaitReset
                | DfuState::AppIdle
        );
        match self.quirks.reset() {
            Some(Quirk::ResetIgnored | Quirk::ResetAfterManifest) if !waits_for_it => {}
            Some(Quirk::ResetIgnoredInIdle) if self.state == DfuState::DfuIdle => {}
            Some(Quirk::ResetIdle) => {
                self.stored = None;
                self.busy = None;
                self.manifested_at = None;
                self.next_number = None;
                self.state = DfuState::DfuIdle;
                self.status = DfuStatus::Ok;
            }
            _ => self.departure = Some(Departure::Starts),
        }
    }

    /// DETACH belongs to the application's side (DFU 1.1, table 3.2).
    pub(super) fn detach(&mut self, now: Duration) -> Answer {
        if self.quirks.has(Quirk::DfuDetachLeaves) && self.state == DfuState::DfuIdle {
            self.state = DfuState::AppIdle;
            self.leaves_at = Some((now.saturating_add(Self::DETACH), Departure::Starts));
            return Answer::Acknowledged;
        }
        if self.quirks.has(Quirk::DfuDetachAccepted) {
            return Answer::Acknowledged;
        }
        self.stall()
    }
}

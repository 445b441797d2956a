//! What a GETSTATUS is answered.

use std::time::Duration;

use super::Bootloader;
use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};
use crate::sim::descriptor::EXPLANATION_INDEX;
use crate::sim::flash::Memories;
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

impl Bootloader {
    /// Begins what was stored, or tells how far it has come; also, when that answer is given.
    pub(super) fn get_status(
        &mut self,
        memories: &mut Memories,
        now: Duration,
    ) -> (Answer, Duration) {
        let mut answered_at = now;
        let mut poll_timeout = Duration::ZERO;
        if self.refuses_because_busy() {
            return (Answer::Stall, now);
        }
        match self.state {
            DfuState::DfuDnloadSync => match self.stored.take() {
                Some(download) => {
                    self.start_work(&download, memories, now);
                    if self.work.silent {
                        return (Answer::Gone, now);
                    }
                    answered_at = self.go_deaf(now);
                    poll_timeout = self.claimed_wait(answered_at);
                }
                None => self.state = DfuState::DfuDnloadIdle,
            },
            DfuState::DfuDnbusy => poll_timeout = self.claimed_wait(now),
            DfuState::DfuManifestSync => self.manifest(),
            _ => {}
        }
        let report = Answer::Data(self.report(poll_timeout).to_bytes().to_vec());
        if self.state == DfuState::DfuDnloadIdle {
            self.status = DfuStatus::Ok;
        }
        if self.state == DfuState::DfuManifest {
            // Matters only where it stays.
            self.state = DfuState::DfuIdle;
        }
        (report, answered_at)
    }

    fn report(&self, poll_timeout: Duration) -> StatusReport {
        let in_error = self.state == DfuState::DfuError;
        let unknown_state =
            self.state == DfuState::DfuDnbusy && self.quirks.has(Quirk::UnknownState);
        StatusReport {
            status: if in_error && self.quirks.has(Quirk::ErrorWithOk) {
                DfuStatus::Ok
            } else {
                self.status
            },
            poll_timeout: super::super::poll_timeout(poll_timeout),
            state: if unknown_state {
                DfuState::Unknown(42)
            } else {
                self.state
            },
            string_index: self.explanation.map_or(0, |_| EXPLANATION_INDEX),
        }
    }

    /// The string behind `iString`: what went wrong, told once.
    pub fn explain(&mut self) -> Option<&'static str> {
        self.explanation.take()
    }

    pub(super) fn report_error(&mut self, status: DfuStatus) {
        self.status = status;
        let explains = self.quirks.has(Quirk::ExplainsErrors);
        self.explanation = explains.then_some(explanation(status));
    }
}

/// In words of our own; mboot's are of this kind.
fn explanation(status: DfuStatus) -> &'static str {
    match status {
        DfuStatus::ErrTarget => "Address out of range",
        DfuStatus::ErrErase => "Erase failed",
        DfuStatus::ErrFile => "Not the next piece of an image",
        DfuStatus::ErrProg | DfuStatus::ErrWrite => "Write failed",
        DfuStatus::ErrStalledPkt => "Request not allowed now",
        _ => "Unknown error",
    }
}

//! An application's DFU run-time interface (DFU 1.1 §4.1, §5.1): it can be asked to detach.

use std::time::Duration;

use super::board::Runtime;
use super::descriptor::WILL_DETACH;
use super::quirk::{Quirk, Quirks};
use super::transfer::{Answer, Setup};
use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};

/// A DFU run-time interface at work.
#[derive(Debug)]
pub struct RunTime {
    quirks: Quirks,
    will_detach: bool,
    /// `wDetachTimeOut`.
    detach_timeout: Duration,
    alternate_setting: u8,
    /// Until when a USB reset takes it to DFU mode.
    detaching_until: Option<Duration>,
}

impl RunTime {
    /// That of an application that has just started.
    pub fn new(runtime: Runtime, detach_timeout: u16, quirks: &Quirks) -> Self {
        Self {
            quirks: quirks.clone(),
            will_detach: runtime.attributes & WILL_DETACH != 0,
            detach_timeout: Duration::from_millis(detach_timeout.into()),
            alternate_setting: 0,
            detaching_until: None,
        }
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        self.alternate_setting
    }

    /// Chooses an alternate setting (SET_INTERFACE). Whether there is such a one.
    pub fn set_alternate_setting(&mut self, number: u8) -> bool {
        let exists = number <= self.quirks.runtime_alternate();
        if exists {
            self.alternate_setting = number;
        }
        exists
    }

    /// Answers a class request (DFU 1.1, table 3.2). Whether it takes the board to DFU mode.
    pub fn request(&mut self, setup: &Setup, now: Duration) -> (Answer, bool) {
        let is_dfu = self.alternate_setting == self.quirks.runtime_alternate();
        let from_device = setup.request.request_type == DfuRequest::FROM_DEVICE;
        let answers = is_dfu && !self.quirks.has(Quirk::RuntimeNoStatus);
        match (DfuRequest::from_byte(setup.request.request), from_device) {
            (Some(DfuRequest::Detach), false) if is_dfu && !self.quirks.has(Quirk::DetachStall) => {
                let detaches = self.detach(setup.request.value, now);
                (Answer::Acknowledged, detaches)
            }
            (Some(DfuRequest::GetStatus), true) if answers => {
                let report = StatusReport {
                    status: DfuStatus::Ok,
                    poll_timeout: 0,
                    state: self.state(now),
                    string_index: 0,
                };
                (Answer::Data(report.to_bytes().to_vec()), false)
            }
            (Some(DfuRequest::GetState), true) if answers => {
                (Answer::Data(vec![self.state(now).to_byte()]), false)
            }
            _ => (Answer::Stall, false),
        }
    }

    /// The port is reset. Whether that takes the board to DFU mode.
    pub fn reset(&mut self, now: Duration) -> bool {
        self.alternate_setting = 0;
        let detaches = self.state(now) == DfuState::AppDetach;
        self.detaching_until = None;
        detaches
    }

    /// Takes a DETACH; whether that is enough. The shorter of both timeouts counts: the host's is in `wValue` (DFU 1.1
    /// §5.1).
    fn detach(&mut self, milliseconds: u16, now: Duration) -> bool {
        if !self.will_detach {
            let timeout = Duration::from_millis(milliseconds.into()).min(self.detach_timeout);
            self.detaching_until = Some(now.saturating_add(timeout));
        }
        self.will_detach
    }

    fn state(&self, now: Duration) -> DfuState {
        match self.detaching_until {
            Some(until) if now <= until => DfuState::AppDetach,
            _ => DfuState::AppIdle,
        }
    }
}

#[cfg(test)]
mod tests;

//! What an application with a DFU runtime interface answers.

use std::time::Duration;

use super::{Away, Device, is_class};
use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};
use crate::sim::descriptor::Program;
use crate::sim::transfer::{Answer, Setup};

impl Device {
    /// How long an application needs to hand over to the bootloader.
    const DETACH: Duration = Duration::from_secs(1);

    /// A class request to it (DFU 1.1, table 3.2). It detaches by itself, as bmAttributes has said.
    pub(super) fn runtime(&mut self, setup: &Setup, now: Duration) -> Answer {
        if is_class(setup, DfuRequest::Detach) {
            self.away = Some(Away {
                since: now,
                back: Some((Self::DETACH, Program::Bootloader)),
            });
            return Answer::Acknowledged;
        }
        if is_class(setup, DfuRequest::GetStatus) {
            let report = StatusReport {
                status: DfuStatus::Ok,
                poll_timeout: 0,
                state: DfuState::AppIdle,
                string_index: 0,
            };
            return Answer::Data(report.to_bytes().to_vec());
        }
        if is_class(setup, DfuRequest::GetState) {
            return Answer::Data(vec![DfuState::AppIdle.to_byte()]);
        }
        Answer::Stall
    }
}

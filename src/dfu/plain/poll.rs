//! Waiting for a device that is busy: as long as it asks, and never in silence.

use std::time::Duration;

use crate::chip::rom::POLL_INSTEAD;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};

use super::Session;

/// How long a block may take, and what a device makes of a download: U-Boot writes its eMMC, others check a signature.
pub(super) const DEADLINE: Duration = Duration::from_secs(120);
/// How long a device may take for the answer to one request: U-Boot writes a buffer of 8 MiB before it answers.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest that nothing is told.
const SLICE: Duration = Duration::from_secs(1);

impl Session<'_> {
    /// GETSTATUS after a block, until the device waits for the next one. Then nothing more is asked: Maple takes another
    /// GETSTATUS for the end of the download (STM32duino-bootloader `dfu.c`), and the next block for the first.
    pub(super) fn await_block(&mut self, action: Action) -> Result<(), SessionError> {
        let end = self.link.end_of(DEADLINE);
        loop {
            let report = self
                .link
                .get_status(ANSWER_TIMEOUT)
                .map_err(|error| SessionError::usb(action, error))?;
            match (report.state, report.status) {
                (DfuState::DfuDnloadIdle, DfuStatus::Ok) => return Ok(()),
                (DfuState::DfuDnbusy | DfuState::DfuDnloadSync, DfuStatus::Ok) => {
                    self.wait(self.pause(report), end, action)?;
                }
                _ => return Err(self.out_of_place(action, report)),
            }
        }
    }

    /// What to say of a state that makes no sense here.
    pub(super) fn out_of_place(&mut self, action: Action, report: StatusReport) -> SessionError {
        match (report.status, report.state) {
            (_, DfuState::DfuError) => self.link.unexpected(action, report),
            (DfuStatus::Ok, state) => SessionError {
                action,
                cause: Cause::LostPlace(state),
            },
            _ => self.link.unexpected(action, report),
        }
    }

    /// How long to wait before the device is asked again: older TinyUSB answers too early a question with STALL and
    /// dfuERROR. What is longer than anything may take is no time to wait (0xFFFFFF was seen).
    pub(super) fn pause(&self, report: StatusReport) -> Duration {
        match report.pause() {
            _ if self.options.ignores_poll_timeout => POLL_INSTEAD,
            pause if pause > DEADLINE => SLICE,
            pause => pause,
        }
    }

    /// Waits, no longer than until `end`, and tells so.
    ///
    /// # Errors
    /// [`Cause::StillBusy`] once it is over; [`Cause::Interrupted`].
    pub(super) fn wait(
        &mut self,
        pause: Duration,
        end: Duration,
        action: Action,
    ) -> Result<(), SessionError> {
        if self.link.left_until(end).is_none() {
            return Err(SessionError {
                action,
                cause: Cause::StillBusy(DEADLINE),
            });
        }
        let mut left = pause;
        while !left.is_zero() && self.link.left_until(end).is_some() {
            let slice = left.min(SLICE);
            self.link.wait(slice, end);
            left -= slice;
            if !left.is_zero() {
                self.advance(0, action)?;
            }
        }
        self.advance(0, action)
    }
}

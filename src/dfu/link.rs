//! One DFU interface: its requests, and waiting for what a DNLOAD has started. Knows no plan.

pub mod departure;
mod idle;
#[cfg(test)]
pub mod script;

use std::time::Duration;

use crate::chip::rom::STALLS_WHILE_BUSY;
use crate::usb::string::read_string;
use crate::usb::{ControlRequest, Transport, UsbError};

use super::error::{Action, Cause, SessionError};
use super::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};

/// How long a request may take that starts no work in flash.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// After a STALL while the device is busy there is no `bwPollTimeout` to go by.
pub const PAUSE_AFTER_STALL: Duration = Duration::from_millis(20);

/// A claimed DFU interface.
pub struct Link<'t> {
    transport: &'t mut dyn Transport,
    interface: u8,
    /// What the device is in by its own last word, or by the rules of DFU 1.1 after a request without one.
    state: DfuState,
}

impl<'t> Link<'t> {
    /// Claims the interface and brings the device to dfuIDLE, out of whatever it is in.
    pub fn open(transport: &'t mut dyn Transport, interface: u8) -> Result<Self, SessionError> {
        transport
            .claim()
            .map_err(|error| SessionError::usb(Action::Claim, error))?;
        let mut link = Self {
            transport,
            interface,
            state: DfuState::DfuError,
        };
        link.make_contact()?;
        Ok(link)
    }

    /// Chooses a memory.
    pub fn select_memory(&mut self, alternate_setting: u8) -> Result<(), SessionError> {
        let action = Action::SelectMemory(alternate_setting);
        self.transport
            .set_alternate_setting(alternate_setting)
            .map_err(|error| SessionError::usb(action, error))
    }

    /// Sends a block, at most `wTransferSize` bytes, and waits until the device is in dfuDNLOAD-IDLE. DNLOAD only
    /// stores; the GETSTATUS after it runs the work, and a later one tells how it went (DFU 1.1 §6.1.2, AN3156 §5).
    pub fn download(
        &mut self,
        block: u16,
        data: &[u8],
        action: Action,
        deadline: Duration,
    ) -> Result<(), SessionError> {
        self.end_upload(action)?;
        self.send_block(block, data, REQUEST_TIMEOUT)
            .map_err(|error| self.explained(action, error))?;
        self.await_download(action, deadline)
    }

    /// Reads a block, at most `wTransferSize` bytes; returns how many came. One that is not full ends the upload. After a
    /// download an ABORT comes first.
    pub fn upload(
        &mut self,
        block: u16,
        buffer: &mut [u8],
        action: Action,
    ) -> Result<usize, SessionError> {
        if self.state == DfuState::DfuDnloadIdle {
            self.abort(action)?;
        }
        let request = self.request_in(DfuRequest::Upload, block);
        let length = self
            .transport
            .control_in(request, buffer, REQUEST_TIMEOUT)
            .map_err(|error| self.explained(action, error))?;
        self.state = if length == buffer.len() {
            DfuState::DfuUploadIdle
        } else {
            DfuState::DfuIdle
        };
        Ok(length)
    }

    /// Whether the device had begun the work of the last DNLOAD when it was last heard of.
    pub fn is_at_work(&self) -> bool {
        self.state == DfuState::DfuDnbusy
    }

    /// Whether an ABORT comes before the next DNLOAD.
    pub fn is_uploading(&self) -> bool {
        self.state == DfuState::DfuUploadIdle
    }
}

/// For what doesn't end in dfuDNLOAD-IDLE.
impl Link<'_> {
    /// DNLOAD, without asking what comes of it.
    pub fn send_block(
        &mut self,
        block: u16,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let request = self.request_out(DfuRequest::Dnload, block);
        self.state = match data.is_empty() {
            true => DfuState::DfuManifestSync,
            false => DfuState::DfuDnloadSync,
        };
        self.transport.control_out(request, data, timeout)
    }

    /// DETACH, with what the device may take to go, in milliseconds.
    pub fn detach(&mut self, may_take: u16, timeout: Duration) -> Result<(), UsbError> {
        let request = self.request_out(DfuRequest::Detach, may_take);
        self.transport.control_out(request, &[], timeout)
    }

    /// A reset of the port that the device is at.
    pub fn reset(&mut self) -> Result<(), UsbError> {
        self.transport.reset()
    }

    /// The ABORT that has to come between an UPLOAD and a DNLOAD.
    pub fn end_upload(&mut self, action: Action) -> Result<(), SessionError> {
        if self.is_uploading() {
            self.abort(action)?;
        }
        Ok(())
    }

    /// GETSTATUS.
    pub fn get_status(&mut self, timeout: Duration) -> Result<StatusReport, UsbError> {
        let mut answer = [0; StatusReport::LENGTH];
        let request = self.request_in(DfuRequest::GetStatus, 0);
        let length = self.transport.control_in(request, &mut answer, timeout)?;
        let report = StatusReport::from_bytes(&answer[..length]).ok_or(UsbError::Io)?;
        self.state = report.state;
        Ok(report)
    }

    /// A refused request leaves the device in dfuERROR; what it has to say there says more than the refusal.
    pub fn explained(&mut self, action: Action, error: UsbError) -> SessionError {
        if error == UsbError::Stall {
            if let Ok(report) = self.get_status(REQUEST_TIMEOUT) {
                return self.unexpected(action, report);
            }
        }
        SessionError::usb(action, error)
    }

    /// Turns a report that ends the work into an error, with the device's own words: mboot explains itself through
    /// `iString`, and forgets it afterwards.
    pub fn unexpected(&mut self, action: Action, report: StatusReport) -> SessionError {
        let explanation = read_string(self.transport, report.string_index)
            .ok()
            .flatten();
        let StatusReport { status, state, .. } = report;
        SessionError {
            action,
            cause: Cause::Answered {
                status,
                state,
                explanation,
            },
        }
    }

    /// The transport's clock.
    pub fn now(&self) -> Duration {
        self.transport.now()
    }

    /// When a `deadline` that begins now is over, on the transport's clock.
    pub fn end_of(&self, deadline: Duration) -> Duration {
        self.transport.now() + deadline
    }

    /// How long it is until `end`; `None` once that is over.
    pub fn left_until(&self, end: Duration) -> Option<Duration> {
        let left = end.saturating_sub(self.transport.now());
        (!left.is_zero()).then_some(left)
    }

    /// Waits, but no longer than until `end`.
    pub fn wait(&mut self, pause: Duration, end: Duration) {
        let left = self.left_until(end).unwrap_or_default();
        self.transport.wait(pause.min(left));
    }
}

impl Link<'_> {
    /// GETSTATUS until the work is done, waiting as long as the device asks for each time.
    fn await_download(&mut self, action: Action, deadline: Duration) -> Result<(), SessionError> {
        let end = self.end_of(deadline);
        let mut stalls = 0;
        while let Some(left) = self.left_until(end) {
            let pause = match self.get_status(left) {
                Ok(report) => match (report.state, report.status) {
                    (DfuState::DfuDnloadIdle, DfuStatus::Ok) => return Ok(()),
                    (DfuState::DfuDnbusy | DfuState::DfuDnloadSync, _) => report.pause(),
                    _ => return Err(self.unexpected(action, report)),
                },
                Err(UsbError::Stall) if stalls < STALLS_WHILE_BUSY => {
                    stalls += 1;
                    PAUSE_AFTER_STALL
                }
                Err(error) => return Err(SessionError::usb(action, error)),
            };
            self.wait(pause, end);
        }
        Err(SessionError {
            action,
            cause: Cause::StillBusy(deadline),
        })
    }

    fn get_state(&mut self, timeout: Duration) -> Result<DfuState, UsbError> {
        let mut state = [0];
        let request = self.request_in(DfuRequest::GetState, 0);
        match self.transport.control_in(request, &mut state, timeout)? {
            1 => Ok(DfuState::from_byte(state[0])),
            _ => Err(UsbError::Io),
        }
    }

    fn abort(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::Abort, action)
    }

    /// Only for dfuERROR: elsewhere ST's device library answers CLRSTATUS by entering dfuERROR, newer ROMs STALL.
    fn clear_status(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::ClrStatus, action)
    }

    /// A request that leads to dfuIDLE.
    fn without_data(&mut self, request: DfuRequest, action: Action) -> Result<(), SessionError> {
        let request = self.request_out(request, 0);
        self.transport
            .control_out(request, &[], REQUEST_TIMEOUT)
            .map_err(|error| SessionError::usb(action, error))?;
        self.state = DfuState::DfuIdle;
        Ok(())
    }

    fn request_out(&self, request: DfuRequest, value: u16) -> ControlRequest {
        self.request(DfuRequest::TO_DEVICE, request, value)
    }

    fn request_in(&self, request: DfuRequest, value: u16) -> ControlRequest {
        self.request(DfuRequest::FROM_DEVICE, request, value)
    }

    fn request(&self, request_type: u8, request: DfuRequest, value: u16) -> ControlRequest {
        ControlRequest {
            request_type,
            request: request as u8,
            value,
            index: u16::from(self.interface),
        }
    }
}

#[cfg(test)]
mod tests;

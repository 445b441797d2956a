//! One DFU interface: its requests, and waiting for what they have started. Knows no plan.

use std::time::Duration;

use crate::usb::descriptor::read_string;
use crate::usb::{ControlRequest, Transport, UsbError};

use super::error::{Action, Cause, SessionError};
use super::protocol::{COMMAND_BLOCK, DfuRequest, DfuState, DfuStatus, DfuseCommand, StatusReport};

/// How long a sector's erase or a block's write may take. An H7 was seen to need 2.2 s for 128 KiB.
const PAGE_DEADLINE: Duration = Duration::from_secs(20);
/// How long a mass erase may take. An F405's data sheet allows 32 s; some parts are larger.
const MASS_ERASE_DEADLINE: Duration = Duration::from_secs(120);
/// How long a request may take that starts no work in flash.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// mboot always says `bwPollTimeout` 0; asking without a pause would only keep it from its work.
const SHORTEST_POLL: Duration = Duration::from_millis(1);
/// L4 and F411 ROMs STALL the GETSTATUS after the wait while they are still busy.
const STALLS_WHILE_BUSY: u32 = 5;
/// After such a STALL there is no `bwPollTimeout` to go by.
const PAUSE_AFTER_STALL: Duration = Duration::from_millis(20);
/// Rounds of GETSTATUS and CLRSTATUS or ABORT on the way to dfuIDLE; a sane device needs two at the most.
const ROUNDS_TO_IDLE: u32 = 6;

/// A claimed DFU interface.
pub struct Link<'t> {
    transport: &'t mut dyn Transport,
    interface: u8,
    /// What the device is in by its own last word, or by the rules of DFU 1.1 after a request without one.
    state: DfuState,
}

impl<'t> Link<'t> {
    /// Claims the interface and brings the device to dfuIDLE, out of whatever it is in. The dfuERROR/errFIRMWARE
    /// that F4 and F7 ROMs begin in is cleared without a word: it means only that nobody has asked yet.
    pub fn open(transport: &'t mut dyn Transport, interface: u8) -> Result<Self, SessionError> {
        transport
            .claim()
            .map_err(|error| failed(Action::Claim, error))?;
        let mut link = Self {
            transport,
            interface,
            state: DfuState::DfuError,
        };
        link.to_idle()?;
        Ok(link)
    }

    /// Chooses a memory.
    pub fn select_memory(&mut self, alternate_setting: u8) -> Result<(), SessionError> {
        let action = Action::SelectMemory(alternate_setting);
        self.transport
            .set_alternate_setting(alternate_setting)
            .map_err(|error| failed(action, error))
    }

    /// Sends a command and waits for the work it starts.
    pub fn command(&mut self, command: DfuseCommand, action: Action) -> Result<(), SessionError> {
        let deadline = match command {
            DfuseCommand::MassErase | DfuseCommand::ReadUnprotect => MASS_ERASE_DEADLINE,
            DfuseCommand::Erase(_) | DfuseCommand::SetAddressPointer(_) => PAGE_DEADLINE,
        };
        self.download(COMMAND_BLOCK, command.to_bytes().as_ref(), action, deadline)
    }

    /// Writes a block, at most `wTransferSize` bytes, and waits until it is in flash.
    pub fn write_block(
        &mut self,
        block: u16,
        data: &[u8],
        address: u32,
    ) -> Result<(), SessionError> {
        self.download(block, data, Action::Write(address), PAGE_DEADLINE)
    }

    /// Reads a block, at most `wTransferSize` bytes, filling the buffer.
    pub fn read_block(
        &mut self,
        block: u16,
        buffer: &mut [u8],
        address: u32,
    ) -> Result<(), SessionError> {
        let action = Action::Read(address);
        if self.state == DfuState::DfuDnloadIdle {
            self.abort(action)?;
        }
        let found = self
            .upload(block, buffer)
            .map_err(|error| self.explained(action, error))?;
        if found == buffer.len() {
            return Ok(());
        }
        Err(SessionError {
            action,
            cause: Cause::Short {
                expected: buffer.len(),
                found,
            },
        })
    }

    /// Asks the device to leave DFU mode and reports whether it has gone.
    ///
    /// From the zero-length DNLOAD on, every kind of silence means that the device is on its way: ROMs jump without
    /// an answer, GD32 doesn't even acknowledge the DNLOAD.
    pub fn leave(&mut self) -> bool {
        const LOOKS: u32 = 30;
        const PAUSE: Duration = Duration::from_millis(100);
        const TIMEOUT: Duration = Duration::from_secs(1);
        if self
            .transport
            .control_out(self.to_device(DfuRequest::Dnload, 0), &[], TIMEOUT)
            .is_ok()
        {
            // The GETSTATUS makes the device go; what it says on the way out changes nothing.
            let _ = self.get_status(TIMEOUT);
        }
        for _ in 0..LOOKS {
            let mut state = [0];
            let request = self.from_device(DfuRequest::GetState, 0);
            if self
                .transport
                .control_in(request, &mut state, TIMEOUT)
                .is_err()
            {
                return true;
            }
            self.transport.wait(PAUSE);
        }
        false
    }

    /// Leaves the device in dfuIDLE, as an orderly end that is not a leave.
    pub fn to_idle(&mut self) -> Result<(), SessionError> {
        let action = Action::ReachIdle;
        let mut report = self
            .get_status(PAGE_DEADLINE)
            .map_err(|error| failed(action, error))?;
        for _ in 0..ROUNDS_TO_IDLE {
            match report.state {
                DfuState::DfuIdle => return Ok(()),
                DfuState::DfuError => self.clear_status(action)?,
                DfuState::DfuDnbusy | DfuState::DfuManifest => {
                    self.transport.wait(poll_pause(report.poll_timeout));
                }
                _ => self.abort(action)?,
            }
            report = self
                .get_status(PAGE_DEADLINE)
                .map_err(|error| failed(action, error))?;
        }
        Err(self.unexpected(action, report))
    }

    /// The commands the device says it has (AN3156 §4.1).
    pub fn commands(&mut self) -> Result<Vec<u8>, SessionError> {
        let action = Action::ReachIdle;
        self.to_idle()?;
        let mut commands = [0; 64];
        let length = self
            .upload(COMMAND_BLOCK, &mut commands)
            .map_err(|error| self.explained(action, error))?;
        Ok(commands[..length].to_vec())
    }

    /// DNLOAD only stores; the GETSTATUS after it runs the work, and a later one tells how it went (AN3156 §5).
    fn download(
        &mut self,
        block: u16,
        data: &[u8],
        action: Action,
        deadline: Duration,
    ) -> Result<(), SessionError> {
        if self.state == DfuState::DfuUploadIdle {
            self.abort(action)?;
        }
        let request = self.to_device(DfuRequest::Dnload, block);
        self.transport
            .control_out(request, data, REQUEST_TIMEOUT)
            .map_err(|error| self.explained(action, error))?;
        self.finish(action, deadline)
    }

    /// GETSTATUS until the work is done, waiting as long as the device asks for each time.
    fn finish(&mut self, action: Action, deadline: Duration) -> Result<(), SessionError> {
        let end = self.transport.now() + deadline;
        let mut stalls = 0;
        loop {
            let left = end.saturating_sub(self.transport.now());
            if left.is_zero() {
                return Err(SessionError {
                    action,
                    cause: Cause::StillBusy(deadline),
                });
            }
            let pause = match self.get_status(left) {
                Ok(StatusReport {
                    status: DfuStatus::Ok,
                    state: DfuState::DfuDnloadIdle,
                    ..
                }) => {
                    return Ok(());
                }
                Ok(
                    report @ StatusReport {
                        state: DfuState::DfuDnbusy | DfuState::DfuDnloadSync,
                        ..
                    },
                ) => poll_pause(report.poll_timeout),
                Ok(report) => return Err(self.unexpected(action, report)),
                Err(UsbError::Stall) if stalls < STALLS_WHILE_BUSY => {
                    stalls += 1;
                    PAUSE_AFTER_STALL
                }
                Err(error) => return Err(failed(action, error)),
            };
            self.transport
                .wait(pause.min(end.saturating_sub(self.transport.now())));
        }
    }

    fn upload(&mut self, block: u16, buffer: &mut [u8]) -> Result<usize, UsbError> {
        let request = self.from_device(DfuRequest::Upload, block);
        let length = self
            .transport
            .control_in(request, buffer, REQUEST_TIMEOUT)?;
        self.state = if length == buffer.len() {
            DfuState::DfuUploadIdle
        } else {
            DfuState::DfuIdle
        };
        Ok(length)
    }

    fn get_status(&mut self, timeout: Duration) -> Result<StatusReport, UsbError> {
        let mut answer = [0; StatusReport::LENGTH];
        let request = self.from_device(DfuRequest::GetStatus, 0);
        let length = self.transport.control_in(request, &mut answer, timeout)?;
        let report = StatusReport::from_bytes(&answer[..length]).ok_or(UsbError::Io)?;
        self.state = report.state;
        Ok(report)
    }

    fn abort(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::Abort, action)?;
        self.state = DfuState::DfuIdle;
        Ok(())
    }

    /// Only for dfuERROR: elsewhere ST's device library answers CLRSTATUS by entering dfuERROR, newer ROMs STALL.
    fn clear_status(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::ClrStatus, action)?;
        self.state = DfuState::DfuIdle;
        Ok(())
    }

    fn without_data(&mut self, request: DfuRequest, action: Action) -> Result<(), SessionError> {
        let request = self.to_device(request, 0);
        self.transport
            .control_out(request, &[], REQUEST_TIMEOUT)
            .map_err(|error| failed(action, error))
    }

    /// A refused request leaves the device in dfuERROR; what it has to say there says more than the refusal.
    fn explained(&mut self, action: Action, error: UsbError) -> SessionError {
        if error == UsbError::Stall {
            if let Ok(report) = self.get_status(REQUEST_TIMEOUT) {
                return self.unexpected(action, report);
            }
        }
        failed(action, error)
    }

    /// Turns a report that ends the work into an error, with the device's own words: mboot explains itself through
    /// `iString`, and forgets it afterwards.
    fn unexpected(&mut self, action: Action, report: StatusReport) -> SessionError {
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

    fn to_device(&self, request: DfuRequest, value: u16) -> ControlRequest {
        self.request(DfuRequest::TO_DEVICE, request, value)
    }

    fn from_device(&self, request: DfuRequest, value: u16) -> ControlRequest {
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

fn failed(action: Action, error: UsbError) -> SessionError {
    SessionError {
        action,
        cause: Cause::Usb(error),
    }
}

/// Exactly what the device asks for, but never nothing.
fn poll_pause(poll_timeout: u32) -> Duration {
    Duration::from_millis(poll_timeout.into()).max(SHORTEST_POLL)
}

//! One DFU interface: its requests, and waiting for what they have started. Knows no plan.

mod departure;
#[cfg(test)]
pub mod script;

use std::time::Duration;

use crate::usb::string::read_string;
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
/// How long to wait between two looks at the bus.
const PAUSE_AFTER_LEAVE: Duration = Duration::from_millis(100);

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
        link.bring_to_idle(true)?;
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

    /// Whether the device had begun the work of the last DNLOAD when it was last heard of.
    pub fn is_at_work(&self) -> bool {
        self.state == DfuState::DfuDnbusy
    }

    /// Whether an ABORT comes before the next DNLOAD.
    pub fn is_uploading(&self) -> bool {
        self.state == DfuState::DfuUploadIdle
    }

    /// Waits a moment for a device that was lost, and tells whether it is back, in dfuIDLE and with nothing else chosen.
    pub fn is_back(&mut self) -> bool {
        self.transport.wait(PAUSE_AFTER_LEAVE);
        let claimed = self
            .transport
            .reopen()
            .and_then(|()| self.transport.claim());
        claimed.is_ok() && self.reach_idle().is_ok()
    }

    /// Brings the device to dfuIDLE after something went wrong, from whatever it says it is in.
    pub fn recover(&mut self, cause: &Cause) -> Result<(), SessionError> {
        if matches!(cause, Cause::StillBusy(_)) {
            self.break_wedge();
        }
        self.reach_idle()
    }

    /// Brings the device to dfuIDLE.
    pub fn reach_idle(&mut self) -> Result<(), SessionError> {
        self.bring_to_idle(false)
    }

    /// The same. At `first_contact` nothing has gone wrong yet.
    fn bring_to_idle(&mut self, first_contact: bool) -> Result<(), SessionError> {
        let action = Action::ReachIdle;
        let end = self.transport.now() + PAGE_DEADLINE;
        let mut last = SessionError {
            action,
            cause: Cause::StillBusy(PAGE_DEADLINE),
        };
        let mut rounds = 0;
        while rounds < ROUNDS_TO_IDLE {
            rounds += 1;
            let report = match self.get_status(PAGE_DEADLINE) {
                Ok(report) => report,
                Err(error @ UsbError::NoDevice) => return Err(failed(action, error)),
                Err(error) => {
                    last = failed(action, error);
                    continue;
                }
            };
            let moved = match report.state {
                DfuState::DfuIdle => return Ok(()),
                DfuState::DfuError => match self.clear_status(action) {
                    // CLRSTATUS leads to dfuIDLE (DFU 1.1 §A.2.11). Should it not have, the first command is refused,
                    // and that is looked into.
                    Ok(()) if first_contact && report.status == DfuStatus::ErrFirmware => {
                        return Ok(());
                    }
                    cleared => cleared,
                },
                DfuState::DfuDnbusy | DfuState::DfuManifest if self.transport.now() < end => {
                    let left = end.saturating_sub(self.transport.now());
                    self.transport
                        .wait(poll_pause(report.poll_timeout).min(left));
                    // Being busy is no failure yet.
                    rounds -= 1;
                    Ok(())
                }
                DfuState::DfuDnbusy => {
                    self.break_wedge();
                    Ok(())
                }
                _ => self.abort(action),
            };
            // An ABORT may fail once a write is done; the next GETSTATUS tells what came of it.
            last = match moved {
                Err(
                    error @ SessionError {
                        cause: Cause::Usb(UsbError::NoDevice),
                        ..
                    },
                ) => return Err(error),
                Err(error) => error,
                Ok(()) => self.unexpected(action, report),
            };
        }
        Err(last)
    }

    /// The commands the device says it has (AN3156 §4.1).
    pub fn commands(&mut self) -> Result<Vec<u8>, SessionError> {
        let action = Action::ReachIdle;
        self.reach_idle()?;
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
        let request = self.request_out(DfuRequest::Dnload, block);
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
        let request = self.request_in(DfuRequest::Upload, block);
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
        let request = self.request_in(DfuRequest::GetStatus, 0);
        let length = self.transport.control_in(request, &mut answer, timeout)?;
        let report = StatusReport::from_bytes(&answer[..length]).ok_or(UsbError::Io)?;
        self.state = report.state;
        Ok(report)
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

    /// Some H7 ROMs (V9.0) stay in dfuDNBUSY for ever after an erase in bank 2. A CLRSTATUS brings them to dfuERROR,
    /// from where the usual way leads to dfuIDLE. Nothing else gets them out, so here it is sent outside of dfuERROR.
    fn break_wedge(&mut self) {
        // Whether it helped shows in the next GETSTATUS.
        let _ = self.clear_status(Action::ReachIdle);
    }

    fn without_data(&mut self, request: DfuRequest, action: Action) -> Result<(), SessionError> {
        let request = self.request_out(request, 0);
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

#[cfg(test)]
mod tests;

//! The host of a recording once more, on another board: it does the same, and waits as long as this board says.

use std::time::Duration;

use crate::chip::rom::STALLS_WHILE_BUSY;
use crate::dfu::protocol::{DfuRequest, DfuState, StatusReport};
use crate::usb::descriptor::GET_DESCRIPTOR;
use crate::usb::{Bus, ControlRequest, DeviceInfo, Transport, UsbError};

use super::decode::operations;
use super::device::{Identity, RecordedDevice};
use super::operation::{End, Operation, What};
use super::transfer::{Outcome, Transfer};

/// How long a board may be busy with one thing.
const PATIENCE: Duration = Duration::from_secs(120);
/// `bmRequestType` of GET_DESCRIPTOR.
const FROM_DEVICE: u8 = 0x80;

/// What the other board did.
pub struct Rerun {
    pub identity: Identity,
    operations: Vec<Operation>,
    /// For each operation of the recording, the first transfer of its counterpart.
    starts: Vec<Option<usize>>,
}

impl Rerun {
    /// What came of an operation of the recording, where the other board was asked the same.
    pub fn counterpart(&self, index: usize) -> Option<&Operation> {
        let start = (*self.starts.get(index)?)?;
        let found = self
            .operations
            .binary_search_by_key(&start, |operation| operation.transfers.start);
        self.operations.get(found.ok()?)
    }

    /// All that it did.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

/// Does on the only board of a bus what was done in a recording. `None` where it has no DFU interface.
///
/// # Errors
/// It can't be opened.
pub fn rerun(
    bus: &dyn Bus,
    info: &DeviceInfo,
    device: &RecordedDevice,
    recorded: &[Operation],
) -> Result<Option<Rerun>, UsbError> {
    let mut transport = bus.open(info)?;
    transport.claim()?;
    let begun = transport.now();
    let mut host = Host {
        transport,
        begun,
        info,
        device: RecordedDevice::new((info.bus.into(), info.address.into())),
        state: None,
        recorded_in_error: false,
    };
    host.get_to_know();
    let starts = recorded
        .iter()
        .map(|operation| host.repeat(operation, device))
        .collect();
    let Some(identity) = host.device.identity() else {
        return Ok(None);
    };
    Ok(Some(Rerun {
        operations: operations(&host.device, &identity),
        identity,
        starts,
    }))
}

struct Host<'i> {
    transport: Box<dyn Transport>,
    begun: Duration,
    info: &'i DeviceInfo,
    device: RecordedDevice,
    /// What it has said last.
    state: Option<DfuState>,
    /// Whether the recorded device has said last that it is in dfuERROR.
    recorded_in_error: bool,
}

impl Host<'_> {
    /// Asks for the descriptors and the strings.
    fn get_to_know(&mut self) {
        let info = self.info;
        let strings = info.alternate_settings.iter();
        let strings = strings.map(|setting| setting.string_index);
        let strings = strings.chain([info.product_index, info.serial_index]);
        let strings = strings.filter(|index| *index > 0);
        let strings = strings.map(|index| u16::from_be_bytes([3, index]));
        let values: Vec<u16> = [0x0100, 0x0200].into_iter().chain(strings).collect();
        for value in values {
            let index = if value >= 0x0300 { 0x0409 } else { 0 };
            let request = ControlRequest {
                request_type: FROM_DEVICE,
                request: GET_DESCRIPTOR,
                value,
                index,
            };
            self.send(request, 255, &[]);
        }
    }

    /// Does one thing again. Returns its first transfer; `None` where it means nothing to this board.
    fn repeat(&mut self, operation: &Operation, recorded: &RecordedDevice) -> Option<usize> {
        let first = recorded.transfers.get(operation.transfers.start)?;
        match operation.what {
            What::Identify | What::Other | What::Detach => return None,
            // The error that it clears may be none here, and the other way round.
            What::ClearStatus if self.recorded_in_error && !self.is_in_error() => {
                self.recorded_in_error = false;
                return None;
            }
            _ if self.is_in_error() && !self.recorded_in_error => {
                self.send(self.class(DfuRequest::ClrStatus), 0, &[]);
                self.get_status();
            }
            _ => {}
        }
        self.recorded_in_error = match (&operation.what, &operation.end) {
            (What::Status(Some(report)), _)
            | (_, End::Failed(report) | End::Left(Some(report))) => {
                report.state == DfuState::DfuError
            }
            (What::ClearStatus, _) => false,
            (_, End::Done) if operation.polls.count > 0 => false,
            _ => self.recorded_in_error,
        };
        let start = self.device.transfers.len();
        if let What::ChooseMemory(memory) = operation.what {
            self.choose(memory);
            return Some(start);
        }
        let request = ControlRequest {
            index: self.info.interface.into(),
            ..first.request
        };
        let mut data = first.data.to_vec();
        if !first.is_from_device() {
            data.resize(first.length.into(), 0xFF);
        }
        let outcome = self.send(request, first.length, &data);
        if operation.polls.count > 0 && outcome == Outcome::Done {
            self.wait_until_done();
        }
        (self.device.transfers.len() > start).then_some(start)
    }

    fn is_in_error(&self) -> bool {
        self.state == Some(DfuState::DfuError)
    }

    fn class(&self, request: DfuRequest) -> ControlRequest {
        ControlRequest {
            request_type: match request {
                DfuRequest::Upload | DfuRequest::GetStatus | DfuRequest::GetState => {
                    DfuRequest::FROM_DEVICE
                }
                _ => DfuRequest::TO_DEVICE,
            },
            request: request as u8,
            value: 0,
            index: self.info.interface.into(),
        }
    }

    fn get_status(&mut self) -> Option<StatusReport> {
        // Six bytes.
        self.send(
            self.class(DfuRequest::GetStatus),
            StatusReport::LENGTH as u16,
            &[],
        );
        StatusReport::from_bytes(&self.device.transfers.last()?.data)
    }

    fn wait_until_done(&mut self) {
        let deadline = self.transport.now().saturating_add(PATIENCE);
        let mut refused = 0;
        while self.transport.now() < deadline {
            match self.get_status() {
                Some(report) if report.state == DfuState::DfuDnbusy => {
                    self.transport.wait(report.pause());
                }
                Some(_) => return,
                None if self.is_refused() && refused < STALLS_WHILE_BUSY => {
                    refused += 1;
                    self.transport.wait(Duration::from_millis(100));
                }
                None => return,
            }
        }
    }

    fn is_refused(&self) -> bool {
        let last = self.device.transfers.last();
        last.is_some_and(|last| last.outcome == Outcome::Failed(UsbError::Stall))
    }

    fn choose(&mut self, memory: u8) {
        let at = self.transport.now();
        let outcome = self.transport.set_alternate_setting(memory);
        let request = ControlRequest {
            request_type: 0x01,
            request: 11,
            value: memory.into(),
            index: self.info.interface.into(),
        };
        self.note(at, request, 0, Vec::new(), outcome);
    }

    fn send(&mut self, request: ControlRequest, length: u16, data: &[u8]) -> Outcome {
        let at = self.transport.now();
        let is_from_device = request.request_type & 0x80 != 0;
        let (data, outcome) = match is_from_device {
            true => {
                let mut buffer = vec![0; length.into()];
                let received = self.transport.control_in(request, &mut buffer, PATIENCE);
                buffer.truncate(received.as_ref().copied().unwrap_or_default());
                (buffer, received.map(drop))
            }
            false => {
                let outcome = self.transport.control_out(request, data, PATIENCE);
                (data.to_vec(), outcome)
            }
        };
        let is_status = (request.request_type, request.request)
            == (DfuRequest::FROM_DEVICE, DfuRequest::GetStatus as u8);
        if let (true, Some(report)) = (is_status, StatusReport::from_bytes(&data)) {
            self.state = Some(report.state);
        }
        self.note(at, request, length, data, outcome)
    }

    /// Keeps a transfer; what was asked of a board that is gone is none.
    fn note(
        &mut self,
        at: Duration,
        request: ControlRequest,
        length: u16,
        data: Vec<u8>,
        outcome: Result<(), UsbError>,
    ) -> Outcome {
        let outcome = outcome.map_or_else(Outcome::Failed, |()| Outcome::Done);
        if outcome != Outcome::Failed(UsbError::NoDevice) {
            self.device.push(Transfer {
                at: at.saturating_sub(self.begun),
                took: Some(self.transport.now().saturating_sub(at)),
                request,
                length,
                data: data.into(),
                cut: 0,
                outcome: outcome.clone(),
                noted: None,
            });
        }
        outcome
    }
}

#[cfg(test)]
mod tests;

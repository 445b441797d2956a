//! Transfers → what a host did.

use std::time::Duration;

use crate::address::ADDRESS_SPACE;
use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand, FIRST_DATA_BLOCK};
use crate::usb::{ControlRequest, UsbError};

use super::device::{Identity, RecordedDevice};
use super::operation::{Block, End, Operation, Polls, What};
use super::request::dfu_request;
use super::transfer::{Outcome, Transfer};

/// `bmRequestType` SET_INTERFACE has, and its `bRequest` (USB 2.0 §9.4.10).
const SET_INTERFACE: (u8, u8) = (0x01, 11);
/// `bmRequestType`: the bits that tell standard requests from others.
const TYPE: u8 = 0b0110_0000;

/// What was done with a device, in order.
pub fn operations(device: &RecordedDevice, identity: &Identity) -> Vec<Operation> {
    let mut decoder = Decoder::of(identity);
    for (index, transfer) in device.transfers.iter().enumerate() {
        decoder.take(index, transfer);
    }
    decoder.operations
}

/// Makes operations of transfers, one after the other.
pub struct Decoder {
    /// `bInterfaceNumber` of the DFU interface.
    interface: u8,
    is_dfuse: bool,
    /// In bytes.
    transfer_size: u16,
    operations: Vec<Operation>,
    /// Whether the next GETSTATUS belongs to the last operation.
    is_open: bool,
    /// The alternate setting.
    memory: u8,
    /// The address pointer of DfuSe, where it is known.
    pointer: Option<u32>,
    offsets: Offsets,
}

/// How far a stream has come, without DfuSe.
#[derive(Default)]
struct Offsets {
    written: u64,
    read: u64,
}

impl Decoder {
    /// For a device that was asked nothing so far.
    pub fn of(identity: &Identity) -> Self {
        Self {
            interface: identity.interface,
            is_dfuse: identity.is_dfuse(),
            transfer_size: identity.transfer_size,
            operations: Vec::new(),
            is_open: false,
            memory: 0,
            pointer: None,
            offsets: Offsets::default(),
        }
    }

    /// What was done last.
    pub fn last(&self) -> Option<&Operation> {
        self.operations.last()
    }

    /// Where an UPLOAD of data that is asked for now reads: the alternate setting, and the address or the place in the
    /// stream.
    pub fn reads_at(&self, request: ControlRequest, length: u16) -> Option<(u8, u64)> {
        let is_upload = (request.request_type, request.request)
            == (DfuRequest::FROM_DEVICE, DfuRequest::Upload as u8);
        let is_ours = request.index == u16::from(self.interface);
        let position = self.position(request.value, length, self.offsets.read);
        position
            .filter(|_| is_upload && is_ours)
            .map(|position| (self.memory, position))
    }

    /// The alternate setting that is chosen.
    pub fn memory(&self) -> u8 {
        self.memory
    }

    /// Takes the next transfer, the device's `index`th.
    pub fn take(&mut self, index: usize, transfer: &Transfer) {
        let is_ours = transfer.request.index == u16::from(self.interface);
        match dfu_request(transfer).filter(|_| is_ours) {
            Some(DfuRequest::GetStatus) if self.is_open => self.poll(index, transfer),
            Some(DfuRequest::GetState) if self.is_open => self.extend(index, transfer),
            Some(request) => self.begin_request(index, transfer, request),
            None => self.take_other(index, transfer),
        }
    }

    fn begin_request(&mut self, index: usize, transfer: &Transfer, request: DfuRequest) {
        let what = match request {
            DfuRequest::Detach => What::Detach,
            DfuRequest::Dnload => self.download(transfer),
            DfuRequest::Upload => self.upload(transfer),
            DfuRequest::GetStatus => What::Status(StatusReport::from_bytes(&transfer.data)),
            DfuRequest::ClrStatus => What::ClearStatus,
            DfuRequest::GetState => {
                What::State(transfer.data.first().copied().map(DfuState::from_byte))
            }
            DfuRequest::Abort => What::Abort,
        };
        if matches!(request, DfuRequest::Abort | DfuRequest::ClrStatus) {
            self.offsets = Offsets::default();
        }
        self.push(index, transfer, what);
        self.is_open = request == DfuRequest::Dnload && transfer.is_done();
        if self.is_open {
            self.end_with(End::Left(None));
        }
    }

    fn take_other(&mut self, index: usize, transfer: &Transfer) {
        let request = transfer.request;
        let is_ours = request.index == u16::from(self.interface);
        if (request.request_type, request.request) == SET_INTERFACE && is_ours {
            // A setting is a byte (USB 2.0 §9.6.5).
            let [memory, _] = request.value.to_le_bytes();
            self.push(index, transfer, What::ChooseMemory(memory));
            if transfer.is_done() {
                self.memory = memory;
                self.offsets = Offsets::default();
            }
        } else if request.request_type & TYPE == 0 {
            match self.operations.last() {
                Some(last) if last.what == What::Identify => self.extend(index, transfer),
                _ => self.push(index, transfer, What::Identify),
            }
        } else {
            self.push(index, transfer, What::Other);
        }
        self.is_open = false;
    }

    fn push(&mut self, index: usize, transfer: &Transfer, what: What) {
        self.operations.push(Operation {
            at: transfer.at,
            took: transfer.took.unwrap_or_default(),
            what,
            end: end(&transfer.outcome),
            polls: Polls::default(),
            transfers: index..index + 1,
        });
    }

    /// Adds a transfer to the last operation.
    fn extend(&mut self, index: usize, transfer: &Transfer) {
        if let Some(last) = self.operations.last_mut() {
            last.took = transfer.end().saturating_sub(last.at);
            last.transfers.end = index + 1;
        }
    }

    fn poll(&mut self, index: usize, transfer: &Transfer) {
        self.extend(index, transfer);
        let Some(last) = self.operations.last_mut() else {
            return;
        };
        last.polls.count += 1;
        last.polls.slowest = last.polls.slowest.max(transfer.took.unwrap_or_default());
        match &transfer.outcome {
            Outcome::Done => {}
            // Some refuse it while they are busy.
            Outcome::Failed(UsbError::Stall) => {
                last.polls.refused += 1;
                return self.end_with(End::Refused);
            }
            Outcome::Failed(error) => return self.close(End::Lost(error.clone())),
            Outcome::Unknown => return self.close(End::Unknown),
        }
        let Some(report) = StatusReport::from_bytes(&transfer.data) else {
            return self.close(End::Left(None));
        };
        if report.state == DfuState::DfuDnbusy {
            last.polls.said.get_or_insert(report.poll_timeout);
        }
        match report.state {
            DfuState::DfuDnloadSync
            | DfuState::DfuDnbusy
            | DfuState::DfuManifestSync
            | DfuState::DfuManifest
                if report.status == DfuStatus::Ok =>
            {
                self.end_with(End::Left(Some(report)));
            }
            DfuState::DfuError => self.close(End::Failed(report)),
            _ if report.status != DfuStatus::Ok => self.close(End::Failed(report)),
            _ => self.close(End::Done),
        }
    }

    fn end_with(&mut self, end: End) {
        if let Some(last) = self.operations.last_mut() {
            last.end = end;
        }
    }

    fn close(&mut self, end: End) {
        if let (End::Done, Some(last)) = (&end, self.operations.last()) {
            match last.what {
                What::SetAddress(address) => self.pointer = Some(address),
                What::End => self.offsets = Offsets::default(),
                _ => {}
            }
        }
        self.end_with(end);
        self.is_open = false;
    }

    fn download(&mut self, transfer: &Transfer) -> What {
        if transfer.length == 0 {
            return What::End;
        }
        if self.is_dfuse && transfer.request.value == COMMAND_BLOCK {
            return match DfuseCommand::from_bytes(&transfer.data) {
                Some(DfuseCommand::SetAddressPointer(address)) => {
                    // Even if nobody asks what came of it.
                    self.pointer = transfer.is_done().then_some(address).or(self.pointer);
                    What::SetAddress(address)
                }
                Some(DfuseCommand::Erase(address)) => What::Erase(address),
                Some(DfuseCommand::MassErase) => What::MassErase,
                Some(DfuseCommand::ReadUnprotect) => What::ReadUnprotect,
                None => What::UnknownCommand,
            };
        }
        let length = u32::from(transfer.length);
        let position = self.position(
            transfer.request.value,
            transfer.length,
            self.offsets.written,
        );
        if transfer.is_done() {
            self.offsets.written += u64::from(length);
            self.offsets.read = 0;
        }
        What::Write(self.block(transfer, position, length))
    }

    fn upload(&mut self, transfer: &Transfer) -> What {
        if self.is_dfuse && transfer.request.value == COMMAND_BLOCK {
            return What::GetCommands(transfer.data.to_vec());
        }
        let length = u32::try_from(transfer.bytes()).unwrap_or(u32::MAX);
        let position = self.position(transfer.request.value, transfer.length, self.offsets.read);
        self.offsets.read += u64::from(length);
        if length < u32::from(transfer.length) {
            self.offsets.read = 0;
        }
        What::Read(self.block(transfer, position, length))
    }

    fn block(&self, transfer: &Transfer, position: Option<u64>, length: u32) -> Block {
        Block {
            number: transfer.request.value,
            memory: self.memory,
            position,
            length,
        }
    }

    /// Where a block belongs: (wValue − 2) × wTransferSize + address pointer (AN3156 §4.1, §5.1), or after the ones before.
    fn position(&self, block: u16, length: u16, offset: u64) -> Option<u64> {
        if !self.is_dfuse {
            return Some(offset);
        }
        let index = block.checked_sub(FIRST_DATA_BLOCK)?;
        let before = u64::from(index) * u64::from(self.transfer_size);
        let position = u64::from(self.pointer?) + before;
        let end = position + u64::from(length);
        (end <= ADDRESS_SPACE).then_some(position)
    }
}

fn end(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Done => End::Done,
        Outcome::Failed(UsbError::Stall) => End::Refused,
        Outcome::Failed(error) => End::Lost(error.clone()),
        Outcome::Unknown => End::Unknown,
    }
}

/// From the first request of some operations to the last answer.
pub fn span(operations: &[Operation]) -> Duration {
    let (Some(first), Some(last)) = (operations.first(), operations.last()) else {
        return Duration::ZERO;
    };
    last.at.saturating_add(last.took).saturating_sub(first.at)
}

#[cfg(test)]
mod tests;

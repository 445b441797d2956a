//! Every transfer of a session as its host means it, and what that host may believe of flash afterwards.

use std::fmt;
use std::time::Duration;

use crate::address::AddressRange;
use crate::dfu::protocol::DfuRequest;
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand, FIRST_DATA_BLOCK};
use crate::image::ImageElement;
use crate::usb::{ControlRequest, Occupant, Transport, UsbError};

/// What a transfer is for. Addresses are those that the host has asked for, wherever the device has its pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    Choose(u8),
    SetAddress(u32),
    Erase(u32),
    MassErase,
    Unprotect,
    /// DNLOAD of a block.
    Write(AddressRange),
    /// UPLOAD of a block, with what came.
    Read(AddressRange, Vec<u8>),
    /// DNLOAD of nothing.
    Leave,
    GetStatus,
    Abort,
    ClearStatus,
    Other,
}

/// One transfer.
#[derive(Clone)]
pub struct Transfer {
    pub meaning: Meaning,
    /// Which memory was chosen.
    pub alternate_setting: u8,
    pub outcome: Result<(), UsbError>,
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (memory, outcome) = (self.alternate_setting, &self.outcome);
        match &self.meaning {
            Meaning::Read(block, found) => {
                write!(f, "{memory}: read {block:x?}, {} bytes", found.len())
            }
            other => write!(f, "{memory}: {other:x?}"),
        }?;
        outcome
            .as_ref()
            .map_or_else(|error| write!(f, ": {error}"), |()| Ok(()))
    }
}

/// A transport whose transfers are written down.
pub struct Watched<'t> {
    inner: &'t mut dyn Transport,
    transfer_size: u16,
    /// The most that one session may send.
    most: usize,
    /// Once the host has set it.
    pointer: Option<u32>,
    alternate_setting: u8,
    pub transfers: Vec<Transfer>,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl<'t> Watched<'t> {
    pub fn new(inner: &'t mut dyn Transport, transfer_size: u16, most: usize) -> Self {
        Self {
            inner,
            transfer_size,
            most,
            pointer: None,
            alternate_setting: 0,
            transfers: Vec::new(),
            longest_wait: Duration::ZERO,
        }
    }

    fn saw(&mut self, meaning: Meaning, outcome: Result<(), UsbError>) {
        assert!(self.transfers.len() < self.most, "no end of requests");
        self.transfers.push(Transfer {
            meaning,
            alternate_setting: self.alternate_setting,
            outcome,
        });
    }

    /// The addresses of a block of `length` bytes, where the host has set the pointer at all.
    fn block(&self, number: u16, length: usize) -> Option<AddressRange> {
        let blocks = u32::from(number.checked_sub(FIRST_DATA_BLOCK)?);
        let offset = blocks.checked_mul(self.transfer_size.into())?;
        let address = self.pointer?.checked_add(offset)?;
        let end = u64::from(address) + length as u64;
        (length > 0).then_some(AddressRange { address, end })
    }

    fn meaning_out(&mut self, request: ControlRequest, data: &[u8]) -> Meaning {
        match DfuRequest::from_byte(request.request) {
            Some(DfuRequest::Dnload) if data.is_empty() => Meaning::Leave,
            Some(DfuRequest::Dnload) if request.value == COMMAND_BLOCK => {
                match DfuseCommand::from_bytes(data) {
                    Some(DfuseCommand::SetAddressPointer(address)) => {
                        self.pointer = Some(address);
                        Meaning::SetAddress(address)
                    }
                    Some(DfuseCommand::Erase(address)) => Meaning::Erase(address),
                    Some(DfuseCommand::MassErase) => Meaning::MassErase,
                    Some(DfuseCommand::ReadUnprotect) => Meaning::Unprotect,
                    None => Meaning::Other,
                }
            }
            Some(DfuRequest::Dnload) => {
                let block = self.block(request.value, data.len());
                Meaning::Write(
                    block.expect("a block is written where the host has set the pointer to"),
                )
            }
            Some(DfuRequest::Abort) => Meaning::Abort,
            Some(DfuRequest::ClrStatus) => Meaning::ClearStatus,
            _ => Meaning::Other,
        }
    }
}

impl Transport for Watched<'_> {
    fn claim(&mut self) -> Result<(), UsbError> {
        self.inner.claim()
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        let outcome = self.inner.set_alternate_setting(alternate_setting);
        if outcome.is_ok() {
            self.alternate_setting = alternate_setting;
        }
        self.saw(Meaning::Choose(alternate_setting), outcome.clone());
        outcome
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let outcome = self.inner.control_in(request, buffer, timeout);
        let is_class = request.request_type == DfuRequest::FROM_DEVICE;
        let meaning = match DfuRequest::from_byte(request.request).filter(|_| is_class) {
            Some(DfuRequest::GetStatus) => Meaning::GetStatus,
            Some(DfuRequest::Upload) => match self.block(request.value, buffer.len()) {
                Some(block) => {
                    let length = *outcome.as_ref().unwrap_or(&0);
                    Meaning::Read(block, buffer[..length].to_vec())
                }
                None => Meaning::Other,
            },
            _ => Meaning::Other,
        };
        self.saw(meaning, outcome.clone().map(drop));
        outcome
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let meaning = self.meaning_out(request, data);
        let outcome = self.inner.control_out(request, data, timeout);
        self.saw(meaning, outcome.clone());
        outcome
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        let outcome = self.inner.reopen();
        if outcome.is_ok() {
            self.alternate_setting = 0;
            self.pointer = None;
        }
        outcome
    }

    fn is_on_bus(&mut self) -> bool {
        self.inner.is_on_bus()
    }

    fn at_port(&mut self) -> Option<Occupant> {
        self.inner.at_port()
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        self.inner.reset()
    }

    fn wait(&mut self, duration: Duration) {
        self.longest_wait = self.longest_wait.max(duration);
        self.inner.wait(duration);
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

/// What ends all that was known of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A write.
    Write,
    /// An erase or a write.
    EraseOrWrite,
}

/// The first of these bytes that no UPLOAD has shown as it is here after the last change of its memory.
pub fn unread(
    transfers: &[Transfer],
    alternate_setting: u8,
    elements: &[ImageElement],
    change: Change,
) -> Option<u32> {
    let in_memory = |transfer: &&Transfer| transfer.alternate_setting == alternate_setting;
    let changes = |transfer: &Transfer| match &transfer.meaning {
        Meaning::Write(_) => true,
        Meaning::Erase(_) | Meaning::MassErase | Meaning::Unprotect => {
            change == Change::EraseOrWrite
        }
        _ => false,
    };
    let last = transfers
        .iter()
        .rposition(|transfer| in_memory(&transfer) && changes(transfer));
    let after = &transfers[last.map_or(0, |last| last + 1)..];
    let mut elements: Vec<(&ImageElement, Vec<bool>)> = elements
        .iter()
        .map(|element| (element, vec![false; element.data.len()]))
        .collect();
    for transfer in after.iter().filter(in_memory) {
        let Meaning::Read(block, found) = &transfer.meaning else {
            continue;
        };
        for (element, seen) in &mut elements {
            let start = u64::from(element.address);
            let from = start.max(block.start());
            let to = (start + element.data.len() as u64).min(block.start() + found.len() as u64);
            for position in from..to {
                let index = usize::try_from(position - start).expect("within the element");
                let offset = usize::try_from(position - block.start()).expect("within the block");
                seen[index] |= found[offset] == element.data[index];
            }
        }
    }
    elements.iter().find_map(|(element, seen)| {
        let index = seen.iter().position(|seen| !seen)?;
        Some(element.address + u32::try_from(index).expect("within the element"))
    })
}

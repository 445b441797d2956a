//! A device that means harm: it speaks DfuSe as a ROM does, lies about its flash, and does something else than that now
//! and then.

use std::time::Duration;

use super::noise::Noise;
use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand, FIRST_DATA_BLOCK};
use crate::dfuse::layout::MemoryLayout;
use crate::usb::{ControlRequest, Occupant, Transport, UsbError};

/// How a device behaves.
#[derive(Debug, Clone)]
pub struct Temper {
    /// How often in a thousand requests something goes wrong.
    pub trouble: usize,
    /// What goes wrong then.
    pub harms: &'static [Harm],
    /// How often in a thousand GETSTATUS it is busy for longer.
    pub busy: usize,
    /// What it may say for `bwPollTimeout`, in milliseconds.
    pub poll_timeouts: &'static [u32],
    /// What an erase takes, in sectors, from its own on down and up.
    pub erases_around: u32,
    /// Where flash wraps round, in bytes.
    pub wraps_at: Option<usize>,
    /// How often in a thousand times an erase or a write is not done.
    pub skips: usize,
}

/// What may go wrong at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It is refused.
    Stall,
    /// It was never heard.
    LostRequest,
    /// Its answer never came.
    LostAnswer,
    /// It broke off; done or not.
    Io,
    /// The system has words of its own.
    Other,
    /// The device is gone, for ever or for a while.
    Gone,
    /// It enters dfuERROR.
    Error,
    /// It answers anything.
    Nonsense,
    /// It answers less than was asked for.
    Short,
    /// A bit of its answer is wrong.
    Wrong,
    /// Flash changes by itself.
    Rot,
    /// It stays busy until a CLRSTATUS.
    Wedge,
}

/// Bytes of a memory, from its lowest address on.
#[derive(Debug)]
pub struct Cells {
    pub layout: MemoryLayout,
    pub start: u32,
    pub bytes: Vec<u8>,
    pub erased: u8,
}

impl Cells {
    fn index(&self, address: u32) -> Option<usize> {
        let index = usize::try_from(address.checked_sub(self.start)?).ok()?;
        (index < self.bytes.len()).then_some(index)
    }
}

/// The device.
pub struct Hostile {
    noise: Noise,
    temper: Temper,
    memories: Vec<Cells>,
    interface: u8,
    transfer_size: u16,
    now: Duration,
    alternate_setting: usize,
    pointer: u32,
    state: DfuState,
    status: DfuStatus,
    stored: Option<(u16, Vec<u8>)>,
    wedged: bool,
    /// How many more looks it takes until it is back; `None` where it never is.
    away: Option<Option<usize>>,
    has_left: bool,
}

impl Hostile {
    pub fn new(
        noise: Noise,
        temper: Temper,
        memories: Vec<Cells>,
        interface: u8,
        transfer_size: u16,
    ) -> Self {
        Self {
            noise,
            temper,
            memories,
            interface,
            transfer_size,
            now: Duration::ZERO,
            alternate_setting: 0,
            pointer: 0,
            state: DfuState::DfuIdle,
            status: DfuStatus::Ok,
            stored: None,
            wedged: false,
            away: None,
            has_left: false,
        }
    }

    /// Whether it was ever off the bus.
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    fn is_gone(&self) -> bool {
        self.away.is_some()
    }

    fn leave(&mut self, back_after: Option<usize>) {
        (self.away, self.has_left) = (Some(back_after), true);
    }

    fn harm(&mut self) -> Option<Harm> {
        let happens = self.noise.per_mille(self.temper.trouble);
        happens.then(|| self.noise.pick(self.temper.harms))
    }

    /// What harm does before the request is looked at, and whether that ends it.
    fn suffer(&mut self, harm: Option<Harm>, timeout: Duration) -> Result<(), UsbError> {
        match harm {
            Some(Harm::Stall) => return Err(UsbError::Stall),
            Some(Harm::LostRequest) => {
                self.now += timeout;
                return Err(UsbError::Timeout);
            }
            Some(Harm::Io) if self.noise.per_mille(500) => return Err(UsbError::Io),
            Some(Harm::Other) => {
                let errors = [
                    UsbError::AccessDenied,
                    UsbError::Busy,
                    UsbError::Other("pipe dream".to_owned()),
                ];
                return Err(errors[self.noise.below(errors.len())].clone());
            }
            Some(Harm::Gone) => {
                let comes_back = self.noise.per_mille(500);
                let after = comes_back.then(|| self.noise.below(60));
                self.leave(after);
                return Err(UsbError::NoDevice);
            }
            Some(Harm::Error) => {
                let status = self.noise.pick(&[1, 3, 4, 6, 11, 14, 15]);
                self.fail(DfuStatus::from_byte(status));
            }
            Some(Harm::Wedge) => {
                (self.state, self.wedged) = (DfuState::DfuDnbusy, true);
            }
            Some(Harm::Rot) => self.rot(),
            _ => {}
        }
        Ok(())
    }

    fn rot(&mut self) {
        let memory = self.noise.below(self.memories.len());
        let memory = &mut self.memories[memory];
        let index = self.noise.below(memory.bytes.len());
        memory.bytes[index] ^= 1 << self.noise.below(8);
    }

    fn fail(&mut self, status: DfuStatus) {
        (self.state, self.status, self.stored) = (DfuState::DfuError, status, None);
    }

    fn stalled(&mut self) -> UsbError {
        self.fail(DfuStatus::ErrStalledPkt);
        UsbError::Stall
    }

    fn out(&mut self, request: ControlRequest, data: &[u8]) -> Result<(), UsbError> {
        match DfuRequest::from_byte(request.request) {
            Some(DfuRequest::Dnload)
                if matches!(self.state, DfuState::DfuIdle | DfuState::DfuDnloadIdle) =>
            {
                if data.len() > usize::from(self.transfer_size) {
                    return Err(self.stalled());
                }
                self.stored = Some((request.value, data.to_vec()));
                self.state = match data.is_empty() {
                    true => DfuState::DfuManifestSync,
                    false => DfuState::DfuDnloadSync,
                };
                Ok(())
            }
            Some(DfuRequest::ClrStatus) => {
                (self.state, self.status) = match self.state {
                    DfuState::DfuError => (DfuState::DfuIdle, DfuStatus::Ok),
                    _ => (DfuState::DfuError, DfuStatus::ErrUnknown),
                };
                self.wedged = false;
                Ok(())
            }
            Some(DfuRequest::Abort) => {
                if !matches!(self.state, DfuState::DfuError | DfuState::DfuDnbusy) {
                    (self.state, self.stored) = (DfuState::DfuIdle, None);
                }
                Ok(())
            }
            _ => Err(self.stalled()),
        }
    }

    fn get_status(&mut self) -> Vec<u8> {
        let mut poll_timeout = 0;
        match self.state {
            DfuState::DfuDnloadSync => {
                self.state = DfuState::DfuDnbusy;
                poll_timeout = self.noise.pick(self.temper.poll_timeouts);
                if let Some((block, data)) = self.stored.take() {
                    if let Err(status) = self.work(block, &data) {
                        self.fail(status);
                    }
                }
            }
            DfuState::DfuDnbusy if self.wedged || self.noise.per_mille(self.temper.busy) => {
                poll_timeout = self.noise.pick(self.temper.poll_timeouts);
            }
            DfuState::DfuDnbusy => self.state = DfuState::DfuDnloadIdle,
            DfuState::DfuManifestSync => {
                self.state = DfuState::DfuManifest;
                if self.noise.per_mille(800) {
                    self.leave(None);
                }
            }
            _ => {}
        }
        StatusReport {
            status: self.status,
            poll_timeout,
            state: self.state,
            string_index: if self.state == DfuState::DfuError {
                self.noise.pick(&[0, 0, 7])
            } else {
                0
            },
        }
        .to_bytes()
        .to_vec()
    }

    fn work(&mut self, block: u16, data: &[u8]) -> Result<(), DfuStatus> {
        let skips = self.noise.per_mille(self.temper.skips);
        if block != COMMAND_BLOCK {
            let blocks = u32::from(block.saturating_sub(FIRST_DATA_BLOCK));
            let address = blocks.checked_mul(self.transfer_size.into());
            let address = address.and_then(|offset| self.pointer.checked_add(offset));
            return match address {
                _ if skips => Ok(()),
                Some(address) => self.program(address, data),
                None => Err(DfuStatus::ErrTarget),
            };
        }
        match DfuseCommand::from_bytes(data) {
            Some(DfuseCommand::SetAddressPointer(address)) => self.pointer = address,
            Some(DfuseCommand::Erase(_) | DfuseCommand::MassErase) if skips => {}
            Some(DfuseCommand::Erase(address)) => return self.erase(address),
            Some(DfuseCommand::MassErase) => self.erase_all(),
            Some(DfuseCommand::ReadUnprotect) => {
                self.erase_all();
                self.leave(None);
            }
            None => return Err(DfuStatus::ErrStalledPkt),
        }
        Ok(())
    }

    fn cells(&mut self) -> &mut Cells {
        &mut self.memories[self.alternate_setting]
    }

    fn program(&mut self, address: u32, data: &[u8]) -> Result<(), DfuStatus> {
        let wraps_at = self.temper.wraps_at;
        let cells = self.cells();
        let first = cells.index(address).ok_or(DfuStatus::ErrTarget)?;
        if first + data.len() > cells.bytes.len() {
            return Err(DfuStatus::ErrTarget);
        }
        for (index, new) in (first..).zip(data) {
            let index = wraps_at.map_or(index, |size| index % size);
            let old = cells.bytes[index];
            cells.bytes[index] = if cells.erased == 0xFF {
                old & new
            } else {
                old | new
            };
        }
        Ok(())
    }

    fn erase(&mut self, address: u32) -> Result<(), DfuStatus> {
        let (around, wraps_at) = (self.temper.erases_around, self.temper.wraps_at);
        let cells = self.cells();
        let sector = cells
            .layout
            .sector_at(address)
            .ok_or(DfuStatus::ErrTarget)?;
        let around = around * sector.size;
        let from = sector.address.saturating_sub(around).max(cells.start);
        let to = sector.end() + u64::from(around);
        for position in u64::from(from)..to {
            let index = u32::try_from(position).ok().and_then(|at| cells.index(at));
            if let Some(index) = index {
                let index = wraps_at.map_or(index, |size| index % size);
                cells.bytes[index] = cells.erased;
            }
        }
        Ok(())
    }

    fn erase_all(&mut self) {
        let cells = self.cells();
        cells.bytes.fill(cells.erased);
    }

    fn upload(&mut self, block: u16, length: usize) -> Result<Vec<u8>, UsbError> {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuUploadIdle) {
            return Err(self.stalled());
        }
        if block == COMMAND_BLOCK {
            self.state = DfuState::DfuIdle;
            return Ok(vec![0x00, 0x21, 0x41, 0x92]);
        }
        let blocks = u32::from(block.saturating_sub(FIRST_DATA_BLOCK));
        let address = self
            .pointer
            .wrapping_add(blocks.wrapping_mul(self.transfer_size.into()));
        let wraps_at = self.temper.wraps_at;
        let cells = self.cells();
        let Some(first) = cells.index(address) else {
            self.fail(DfuStatus::ErrTarget);
            return Err(UsbError::Stall);
        };
        let end = (first + length).min(cells.bytes.len());
        let bytes = match wraps_at {
            None => cells.bytes[first..end].to_vec(),
            Some(size) => (first..end)
                .map(|index| cells.bytes[index % size])
                .collect(),
        };
        self.state = match bytes.len() < length {
            true => DfuState::DfuIdle,
            false => DfuState::DfuUploadIdle,
        };
        Ok(bytes)
    }

    /// What arrives of an answer.
    fn spoilt(&mut self, harm: Option<Harm>, mut answer: Vec<u8>, length: usize) -> Vec<u8> {
        match harm {
            Some(Harm::Nonsense) => answer = self.noise.bytes(length),
            Some(Harm::Short) => answer.truncate(self.noise.below(answer.len())),
            Some(Harm::Wrong) if !answer.is_empty() => {
                let index = self.noise.below(answer.len());
                answer[index] ^= 1 << self.noise.below(8);
            }
            _ => {}
        }
        answer
    }

    fn answered(&mut self, harm: Option<Harm>, timeout: Duration) -> Result<(), UsbError> {
        match harm {
            Some(Harm::LostAnswer) => {
                self.now += timeout;
                Err(UsbError::Timeout)
            }
            Some(Harm::Io) => Err(UsbError::Io),
            _ => Ok(()),
        }
    }
}

impl Transport for Hostile {
    fn claim(&mut self) -> Result<(), UsbError> {
        if self.is_gone() {
            return Err(UsbError::NoDevice);
        }
        match self.harm() {
            Some(Harm::Other) => Err(UsbError::Busy),
            _ => Ok(()),
        }
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        if self.is_gone() {
            return Err(UsbError::NoDevice);
        }
        let harm = self.harm();
        self.suffer(harm, Duration::from_secs(5))?;
        let number = usize::from(alternate_setting);
        assert!(number < self.memories.len(), "only what exists is chosen");
        self.alternate_setting = number;
        self.answered(harm, Duration::from_secs(5))
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        if self.is_gone() {
            return Err(UsbError::NoDevice);
        }
        let harm = self.harm();
        self.suffer(harm, timeout)?;
        let is_class = request.request_type == DfuRequest::FROM_DEVICE;
        assert!(
            !is_class || request.index == u16::from(self.interface),
            "the DFU interface"
        );
        let answer = match DfuRequest::from_byte(request.request).filter(|_| is_class) {
            Some(DfuRequest::GetStatus) => self.get_status(),
            Some(DfuRequest::GetState) => vec![self.state.to_byte()],
            Some(DfuRequest::Upload) => self.upload(request.value, buffer.len())?,
            _ => self.noise.bytes(buffer.len().min(40)),
        };
        let answer = self.spoilt(harm, answer, buffer.len());
        self.answered(harm, timeout)?;
        let length = answer.len().min(buffer.len());
        buffer[..length].copy_from_slice(&answer[..length]);
        Ok(length)
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        if self.is_gone() {
            return Err(UsbError::NoDevice);
        }
        let harm = self.harm();
        self.suffer(harm, timeout)?;
        assert_eq!(
            request.index,
            u16::from(self.interface),
            "the DFU interface"
        );
        self.out(request, data)?;
        self.answered(harm, timeout)
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        match &mut self.away {
            Some(Some(looks)) if *looks > 0 => {
                *looks -= 1;
                Err(UsbError::NoDevice)
            }
            Some(None) => Err(UsbError::NoDevice),
            Some(Some(_)) | None => {
                self.away = None;
                (self.alternate_setting, self.pointer) = (0, 0);
                (self.state, self.status) = (DfuState::DfuIdle, DfuStatus::Ok);
                Ok(())
            }
        }
    }

    fn is_on_bus(&mut self) -> bool {
        !self.is_gone()
    }

    fn at_port(&mut self) -> Option<Occupant> {
        unreachable!("nobody asks on DfuSe")
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        Ok(())
    }

    fn wait(&mut self, duration: Duration) {
        self.now += duration;
    }

    fn now(&self) -> Duration {
        self.now
    }
}

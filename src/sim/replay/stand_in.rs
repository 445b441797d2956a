//! The simulated board that goes on where a recording ends: it hears all that the recorded one did.

use std::time::Duration;

use super::port::Asked;
use super::script::{Life, Script};
use crate::printable::Said;
use crate::recording::decode::operations;
use crate::recording::device::Identity;
use crate::recording::operation::{End, What};
use crate::sim::board::{BOARDS, Board};
use crate::sim::spec::BoardSpec;
use crate::sim::{SimBus, SimError};
use crate::usb::{Bus, DeviceInfo, Transport, UsbError};

/// A board in the place of a recorded one.
pub struct StandIn {
    bus: SimBus,
    transport: Box<dyn Transport>,
    /// What the recorded board was called by the bus.
    path: String,
}

impl StandIn {
    /// The simulated board that is like the recorded one; `None` where there is none.
    ///
    /// # Errors
    /// It can't be made.
    pub fn of(script: &Script) -> Result<Option<Self>, SimError> {
        let in_dfu_mode = script.lives.iter().find(|life| life.info.is_in_dfu_mode());
        let Some((life, board)) = in_dfu_mode.and_then(|life| Some((life, alike(life)?))) else {
            return Ok(None);
        };
        let spec = spec(board, &life.identity, script.lives[0].info.is_in_dfu_mode());
        let bus = SimBus::new(&[spec])?;
        learn(&bus, life);
        let device = bus.devices().unwrap_or_default().pop();
        let opened = device.and_then(|device| bus.open(&device).ok());
        Ok(opened.map(|transport| Self {
            bus,
            transport,
            path: life.info.path.clone(),
        }))
    }

    pub fn wait(&mut self, duration: Duration) {
        self.transport.wait(duration);
    }

    pub fn claim(&mut self) -> Result<(), UsbError> {
        self.transport.claim()
    }

    pub fn reset(&mut self) -> Result<(), UsbError> {
        self.transport.reset()
    }

    /// Hears what the recorded board has heard and answered.
    pub fn follow(&mut self, asked: Asked<'_>, took: Duration, is_done: bool) {
        if is_done {
            // What matters is the state that it is in after it. One that has left is met again where it is needed.
            let (outcome, taken) = self.transfer(asked);
            if outcome == Err(UsbError::NoDevice) && self.reopen().is_ok() {
                let _ = self.transport.claim();
                let _ = self.transfer(asked);
            }
            self.transport.wait(took.saturating_sub(taken));
        } else {
            self.transport.wait(took);
        }
    }

    /// Its answer, and how long that takes.
    pub fn transfer(&mut self, asked: Asked<'_>) -> (Result<Vec<u8>, UsbError>, Duration) {
        let before = self.transport.now();
        let outcome = match asked.request.request_type {
            kind if kind & 0x80 != 0 => {
                let mut buffer = vec![0; asked.length];
                let received = self
                    .transport
                    .control_in(asked.request, &mut buffer, asked.timeout);
                received.map(|received| {
                    buffer.truncate(received);
                    buffer
                })
            }
            _ => self
                .transport
                .control_out(asked.request, asked.data, asked.timeout)
                .map(|()| Vec::new()),
        };
        let taken = self.transport.now().saturating_sub(before);
        (outcome, taken)
    }

    pub fn present(&mut self) -> Option<DeviceInfo> {
        let info = self.bus.devices().ok()?.pop()?;
        Some(DeviceInfo {
            path: self.path.clone(),
            ..info
        })
    }

    pub fn is_on_bus(&mut self) -> bool {
        self.transport.is_on_bus()
    }

    pub fn reopen(&mut self) -> Result<DeviceInfo, UsbError> {
        self.transport.reopen()?;
        self.present().ok_or(UsbError::NoDevice)
    }
}

/// The board with the same ids and the same names of its memories, as far as they were asked for.
fn alike(life: &Life) -> Option<&'static Board> {
    let ids = (life.info.vendor_id, life.info.product_id);
    let is_alike = |board: &&Board| {
        (board.vendor_id, board.product_id) == ids
            && board.memories.len() == life.info.alternate_settings.len()
            && life.identity.memories.iter().all(|memory| {
                let its = board.memories.get(usize::from(memory.alternate_setting));
                let text = memory.text.as_ref().map(|text| text.raw().trim_end());
                text.is_none_or(|text| its.is_some_and(|its| its.layout.trim_end() == text))
            })
    };
    let same_size = |board: &&Board| board.transfer_size == life.identity.transfer_size;
    let mut boards = BOARDS.iter().copied().filter(|board| is_alike(board));
    let first = boards.clone().next();
    boards.find(same_size).or(first)
}

fn spec(board: &'static Board, identity: &Identity, begins_in_dfu_mode: bool) -> BoardSpec {
    let text = match begins_in_dfu_mode {
        true => board.name.to_owned(),
        false => format!("{},quirk=application", board.name),
    };
    let mut spec: BoardSpec = text.parse().expect("a board of the table");
    let serial = identity.serial.as_ref().map(Said::raw);
    spec.serial = serial.filter(|serial| serial.is_ascii()).map(str::to_owned);
    spec
}

/// Puts into its memories what was read from the recorded ones, before anything changed there.
fn learn(bus: &SimBus, life: &Life) {
    for operation in operations(&life.device, &life.identity) {
        match operation.what {
            What::Erase(_) | What::MassErase | What::ReadUnprotect | What::Write(_) => return,
            What::Read(block) if operation.end == End::Done => {
                let transfers = &life.device.transfers[operation.transfers];
                let data = transfers.iter().flat_map(|transfer| &transfer.data[..]);
                let data: Vec<u8> = data.take(block.length as usize).copied().collect();
                let address = block
                    .position
                    .and_then(|position| u32::try_from(position).ok());
                if let Some(address) = address {
                    bus.put(block.memory, address, &data);
                }
            }
            _ => {}
        }
    }
}

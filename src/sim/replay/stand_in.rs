//! The simulated board that goes on where a recording ends: it hears all that the recorded one did.

use std::time::Duration;

use super::script::{Asked, Life, Script, left_out};
use super::told::Told;
use crate::dfu::protocol::DfuStatus;
use crate::digest::sha256;
use crate::printable::Said;
use crate::recording::decode::operations;
use crate::recording::operation::{End, What};
use crate::recording::transfer::{Outcome, Transfer};
use crate::sim::SimBus;
use crate::sim::board::{BOARDS, Board};
use crate::sim::spec::BoardSpec;
use crate::usb::{Bus, DeviceInfo, Transport, UsbError};

/// A board in the place of a recorded one.
pub struct StandIn {
    bus: SimBus,
    transport: Box<dyn Transport>,
    /// What the recorded board was called by the bus.
    path: String,
    /// What is known of its memories, so that it holds it.
    told: Told,
    /// Its name in the table of boards.
    pub name: &'static str,
}

/// How long it may take for an answer that the recording has.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What the host did, and the recorded board answered.
pub enum Heard {
    Claim,
    Reset,
    Wait(Duration),
    /// With what the host has sent.
    Transfer(Transfer),
}

/// What of an answer of the stand-in is more than the recording tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Nothing.
    Told,
    /// What it holds from there on, an address or a place in the stream: that is erased.
    Untold(u64),
    /// It is not what the recorded board has answered.
    Contradicted,
}

impl StandIn {
    /// The simulated board that is like the recorded one, with all that it has heard; `None` where there is none.
    pub fn of(script: &Script, heard: &[Heard]) -> Option<Self> {
        let in_dfu_mode = script.lives.iter().find(|life| life.info.is_in_dfu_mode());
        let life = in_dfu_mode?;
        let board = alike(life)?;
        let spec = spec(board, life, script.lives[0].info.is_in_dfu_mode());
        // It has no file that could be missing.
        let bus = SimBus::new(&[spec]).ok()?;
        let mut told = Told::of(&life.identity);
        learn(&bus, life, &mut told);
        let device = bus.devices().ok()?.pop()?;
        let mut stand_in = Self {
            transport: bus.open(&device).ok()?,
            bus,
            path: life.info.path.clone(),
            told,
            name: board.name,
        };
        for heard in heard {
            stand_in.catch_up(heard);
        }
        Some(stand_in)
    }

    fn catch_up(&mut self, heard: &Heard) {
        match heard {
            Heard::Claim => drop(self.claim()),
            Heard::Reset => drop(self.reset()),
            Heard::Wait(duration) => self.wait(*duration),
            Heard::Transfer(transfer) => drop(self.follow(transfer)),
        }
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

    /// Hears what the recorded board has heard, and holds what that has answered. Returns what it answers itself, and whether
    /// that is what the recorded board has answered.
    pub fn follow(&mut self, transfer: &Transfer) -> (Vec<u8>, Truth) {
        let took = transfer.took.unwrap_or_default();
        if !transfer.is_done() {
            self.transport.wait(took);
            self.told.hear(transfer, false);
            return (Vec::new(), Truth::Contradicted);
        }
        let asked = Asked {
            request: transfer.request,
            length: transfer.length.into(),
            data: &transfer.data,
            timeout: PATIENCE,
        };
        // What matters is the state that it is in after it. One that has left is met again where it is needed.
        let (mut outcome, taken) = self.transfer(asked);
        if outcome == Err(UsbError::NoDevice) && self.reopen().is_ok() {
            let _ = self.transport.claim();
            outcome = self.transfer(asked).0;
        }
        self.transport.wait(took.saturating_sub(taken));
        let answer = outcome.unwrap_or_default();
        let truth = self.truth(transfer, &answer);
        self.told.hear(transfer, truth == Truth::Told);
        (answer, truth)
    }

    /// Whether the recorded board has answered this. Where the recording has its answer, it holds it from now on.
    fn truth(&mut self, transfer: &Transfer, answer: &[u8]) -> Truth {
        let place = self.told.place(transfer, transfer.bytes());
        if transfer.cut == 0 {
            return match place {
                Some((memory, range)) if *transfer.data != *answer => {
                    let address = u32::try_from(range.start).unwrap_or(u32::MAX);
                    match self.bus.put(memory, address, &transfer.data) {
                        true => Truth::Told,
                        false => Truth::Contradicted,
                    }
                }
                _ => Truth::Told,
            };
        }
        if left_out(transfer).is_some_and(|hash| hash == sha256(answer)) {
            return Truth::Told;
        }
        match place.and_then(|place| self.told.first_untold(&place)) {
            Some(address) => Truth::Untold(address),
            None => Truth::Contradicted,
        }
    }

    /// Answers by itself what the recorded board was not asked. Where it gives bytes of a memory that nobody knows, the
    /// first such place.
    pub fn answer(&mut self, asked: Asked<'_>) -> (Result<Vec<u8>, UsbError>, Duration, Truth) {
        let (outcome, took) = self.transfer(asked);
        let is_from_device = asked.request.request_type & 0x80 != 0;
        let transfer = Transfer {
            at: self.transport.now(),
            took: Some(took),
            request: asked.request,
            length: u16::try_from(asked.length).unwrap_or(u16::MAX),
            data: match (&outcome, is_from_device) {
                (Ok(received), true) => received[..].into(),
                _ => asked.data.into(),
            },
            cut: 0,
            outcome: outcome
                .clone()
                .map_or_else(Outcome::Failed, |_| Outcome::Done),
            noted: None,
        };
        let place = match transfer.is_done() {
            true => self.told.place(&transfer, transfer.bytes()),
            false => None,
        };
        let untold = place.and_then(|place| self.told.first_untold(&place));
        self.told.hear(&transfer, untold.is_none());
        (outcome, took, untold.map_or(Truth::Told, Truth::Untold))
    }

    /// Its answer, and how long that takes.
    fn transfer(&mut self, asked: Asked<'_>) -> (Result<Vec<u8>, UsbError>, Duration) {
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

fn spec(board: &'static Board, life: &Life, begins_in_dfu_mode: bool) -> BoardSpec {
    let mut text = board.name.to_owned();
    if !begins_in_dfu_mode {
        text += ",quirk=application";
    }
    if is_read_protected(life) {
        text += ",quirk=read-protected";
    }
    let mut spec: BoardSpec = text.parse().expect("a board of the table");
    let serial = life.identity.serial.as_ref().map(Said::raw);
    spec.serial = serial.filter(|serial| serial.is_ascii()).map(str::to_owned);
    spec
}

/// Whether the first that the host did with its memory was refused as read protection does (AN3156 §4, §5).
fn is_read_protected(life: &Life) -> bool {
    let operations = operations(&life.device, &life.identity).into_iter();
    let mut with_memory = operations.filter(|operation| {
        matches!(
            operation.what,
            What::SetAddress(_) | What::Erase(_) | What::MassErase | What::Write(_) | What::Read(_)
        )
    });
    let first = with_memory.next().map(|first| first.end);
    matches!(first, Some(End::Failed(report)) if report.status == DfuStatus::ErrVendor)
}

/// Puts into its memories what was read from the recorded ones, before anything changed there.
fn learn(bus: &SimBus, life: &Life, told: &mut Told) {
    for operation in operations(&life.device, &life.identity) {
        match operation.what {
            What::Erase(_) | What::MassErase | What::ReadUnprotect | What::Write(_) => return,
            What::Read(block) if operation.end == End::Done => {
                let data = &life.device.transfers[operation.transfers.start].data;
                let Some(position) = block.position else {
                    continue;
                };
                let address = u32::try_from(position);
                if address.is_ok_and(|address| bus.put(block.memory, address, data)) {
                    told.add((block.memory, position..position + data.len() as u64));
                }
            }
            _ => {}
        }
    }
}

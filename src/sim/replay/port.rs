//! A port of a recording: what its device says next.

use std::time::Duration;

use super::script::{Life, Script, Step, is_get_descriptor, named};
use super::stand_in::StandIn;
use crate::dfu::protocol::DfuRequest;
use crate::recording::note::Note;
use crate::sim::SimError;
use crate::sim::transfer::SET_INTERFACE;
use crate::usb::{ControlRequest, DeviceInfo, Identity, Occupant, UsbError};

/// A port.
pub struct Port {
    script: Script,
    is_strict: bool,
    /// Which of the script's lives it is in, and which of its steps comes next.
    life: usize,
    step: usize,
    /// Whether the device is off the bus.
    is_away: bool,
    /// From the recording's beginning on.
    now: Duration,
    /// When the last transfer ended, or the device came.
    last_end: Duration,
    stand_in: Option<StandIn>,
    /// Whether the host has asked for something that is not in the script, so that the board goes on by itself.
    is_off_script: bool,
}

/// A request to the device, with what is sent along.
#[derive(Clone, Copy)]
pub struct Asked<'d> {
    pub request: ControlRequest,
    /// `wLength`
    pub length: usize,
    pub data: &'d [u8],
    pub timeout: Duration,
}

impl Port {
    /// A device that is about to begin.
    ///
    /// # Errors
    /// The board to go on with can't be made.
    pub fn new(script: Script, is_strict: bool) -> Result<Self, SimError> {
        let stand_in = match is_strict {
            true => None,
            false => StandIn::of(&script)?,
        };
        Ok(Self {
            now: script.lives[0].begins,
            last_end: script.lives[0].begins,
            script,
            is_strict,
            life: 0,
            step: 0,
            is_away: false,
            stand_in,
            is_off_script: false,
        })
    }

    pub fn now(&self) -> Duration {
        self.now
    }

    pub fn wait(&mut self, duration: Duration) {
        self.now = self.now.saturating_add(duration);
        if let Some(stand_in) = &mut self.stand_in {
            stand_in.wait(duration);
        }
    }

    /// What the bus tells of what is there.
    pub fn present(&mut self) -> Option<DeviceInfo> {
        if let Some(stand_in) = self.by_itself() {
            return stand_in.present();
        }
        self.comes_back();
        (!self.is_away).then(|| self.life().info.clone())
    }

    /// Whether what was opened as this is there.
    pub fn is_on_bus(&mut self, opened: &DeviceInfo) -> bool {
        if let Some(stand_in) = self.by_itself() {
            return stand_in.is_on_bus();
        }
        // Where nothing more is recorded of it but something else after it, it has gone.
        let is_over = self.step >= self.life().steps.len() && self.next_life().is_some();
        if is_over
            || self
                .noted(|note| self.is_left(note).then_some(()))
                .is_some()
        {
            self.is_away = true;
        }
        !self.is_away && self.life().info == *opened
    }

    /// Opens again what was lost; what it is now.
    pub fn reopen(&mut self, opened: &DeviceInfo) -> Result<DeviceInfo, UsbError> {
        if let Some(stand_in) = self.by_itself() {
            return stand_in.reopen();
        }
        self.is_away |= self.step >= self.life().steps.len() && self.next_life().is_some();
        let back = self.present().filter(|found| opened.is_again(found));
        back.ok_or(UsbError::NoDevice)
    }

    pub fn occupant(&mut self) -> Option<Occupant> {
        self.is_away |= !self.is_off_script
            && self.step >= self.life().steps.len()
            && self.next_life().is_some();
        let present = self.present().map(|info| Occupant {
            ids: (info.vendor_id, info.product_id),
            mode: Some(info.mode),
        });
        let seen = || {
            self.noted(|note| match note {
                Note::Seen(after, occupant) if self.has_passed(*after) => Some(*occupant),
                _ => None,
            })
        };
        present.or_else(seen)
    }

    /// Why it can't be opened, if so.
    pub fn closed(&self) -> Option<UsbError> {
        self.life().closed.clone()
    }

    pub fn identity(&self) -> Option<Identity> {
        Some(self.life().said.clone())
    }

    pub fn claim(&mut self) -> Result<(), UsbError> {
        let mirrored = self.stand_in.as_mut().map(StandIn::claim);
        if self.is_off_script {
            return mirrored.unwrap_or(Ok(()));
        }
        let said = self.noted(|note| match note {
            Note::Claimed(said) => Some(said.clone()),
            _ => None,
        });
        match said {
            Some(said) => said.map_err(|words| named(&words)),
            None if self.is_away => Err(UsbError::NoDevice),
            None => Ok(()),
        }
    }

    pub fn reset(&mut self) -> Result<(), UsbError> {
        let mirrored = self.stand_in.as_mut().map(StandIn::reset);
        if self.is_off_script {
            return mirrored.unwrap_or(Ok(()));
        }
        let said = self.noted(|note| match note {
            Note::Reset(said) => Some(said.clone()),
            _ => None,
        });
        said.unwrap_or(Ok(())).map_err(|words| named(&words))
    }

    /// Answers a request: as it was recorded, as long as it is the same.
    pub fn transfer(&mut self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        if let Some(stand_in) = self.by_itself() {
            let outcome = stand_in.transfer(asked);
            self.now = self.now.saturating_add(outcome.1);
            return outcome.0;
        }
        if let Some(index) = self.find(asked) {
            self.step = index + 1;
            return self.play(index, asked);
        }
        if self.is_away {
            return Err(UsbError::NoDevice);
        }
        if is_get_descriptor(asked.request) && !self.is_strict {
            return self.described(asked);
        }
        self.goes_on_by_itself(asked)
    }

    /// Which step is the one that is asked for: the next, or one after others that only ask what the device is.
    fn find(&self, asked: Asked<'_>) -> Option<usize> {
        let steps = &self.life().steps;
        let mut ahead = (self.step..).zip(steps.get(self.step..)?);
        loop {
            let (index, step) = ahead.next()?;
            if is_same(step, asked) {
                return Some(index);
            }
            if self.is_strict || !step.is_get_descriptor() {
                return None;
            }
        }
    }

    fn play(&mut self, index: usize, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let step = &self.script.lives[self.life].steps[index];
        let (took, outcome) = (step.took, step.outcome.clone());
        self.now = self.now.saturating_add(took);
        self.last_end = self.now;
        if let Some(stand_in) = &mut self.stand_in {
            stand_in.follow(asked, took, outcome.is_ok());
        }
        if outcome == Err(UsbError::NoDevice) {
            self.is_away = true;
        }
        outcome.map(|mut bytes| {
            bytes.truncate(asked.length);
            bytes
        })
    }

    /// What is known of a descriptor, whenever it was asked for.
    fn described(&self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let transfers = self
            .script
            .lives
            .iter()
            .flat_map(|life| &life.device.transfers);
        let mut answers =
            transfers.filter(|transfer| transfer.request == asked.request && transfer.is_done());
        let known = answers.next().map(|transfer| transfer.data.clone());
        let mut known = known.ok_or(UsbError::Stall)?;
        known.truncate(asked.length);
        Ok(known)
    }

    fn goes_on_by_itself(&mut self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        if let Some(stand_in) = &mut self.stand_in {
            self.is_off_script = true;
            let (outcome, took) = stand_in.transfer(asked);
            self.now = self.now.saturating_add(took);
            return outcome;
        }
        let recorded = self.life().steps.get(self.step);
        let recorded = recorded.map_or_else(
            || "the recording has nothing more".to_owned(),
            |step| format!("the recording has {}", shown(step.request, step.length)),
        );
        Err(UsbError::Other(format!(
            "{} was asked, and {recorded}, request {} to the board",
            shown(asked.request, asked.length),
            self.step + 1
        )))
    }

    /// The board that goes on by itself, where it does.
    fn by_itself(&mut self) -> Option<&mut StandIn> {
        self.stand_in.as_mut().filter(|_| self.is_off_script)
    }

    fn life(&self) -> &Life {
        &self.script.lives[self.life]
    }

    fn next_life(&self) -> Option<&Life> {
        self.script.lives.get(self.life + 1)
    }

    /// Begins the next life if this one is over and its time has come.
    fn comes_back(&mut self) {
        let now = self.now;
        if self.is_away && self.next_life().is_some_and(|life| life.begins <= now) {
            self.life += 1;
            self.step = 0;
            self.is_away = false;
            self.last_end = now;
        }
    }

    /// Whether a note says that the device has left by now.
    fn is_left(&self, note: &Note) -> bool {
        match note {
            Note::Gone => true,
            Note::Left(after) => self.has_passed(*after),
            _ => false,
        }
    }

    /// Whether the last transfer is so long ago, within a millisecond: nobody's clock is so exact that a host which looks
    /// at the same moment again had to see the same.
    fn has_passed(&self, after: Duration) -> bool {
        const ABOUT: Duration = Duration::from_millis(1);
        self.now.saturating_sub(self.last_end).saturating_add(ABOUT) >= after
    }

    /// What is noted before the next step, or after the last.
    fn noted<T>(&self, what: impl Fn(&Note) -> Option<T>) -> Option<T> {
        let notes = match self.life().steps.get(self.step) {
            Some(step) => &step.before,
            None if self.next_life().is_none() => &self.script.last_notes,
            None => return None,
        };
        notes.iter().find_map(what)
    }
}

fn is_same(step: &Step, asked: Asked<'_>) -> bool {
    step.request == asked.request
        && step.length == asked.length
        && step.sent.as_deref().is_none_or(|sent| sent == asked.data)
}

fn shown(request: ControlRequest, length: usize) -> String {
    let kind = (request.request_type, request.request);
    let class = [DfuRequest::TO_DEVICE, DfuRequest::FROM_DEVICE].contains(&kind.0);
    let name = match DfuRequest::from_byte(kind.1).filter(|_| class) {
        Some(request) => request.to_string(),
        None if is_get_descriptor(request) => "GET_DESCRIPTOR".to_owned(),
        None if kind == (0x01, SET_INTERFACE) => "SET_INTERFACE".to_owned(),
        None => format!("request {:#04x} {:#04x}", kind.0, kind.1),
    };
    format!("{name} wValue {:#06x} wLength {length}", request.value)
}

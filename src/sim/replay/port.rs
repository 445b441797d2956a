//! A port of a recording: what its device says next.

use std::time::Duration;

use super::script::{Asked, Life, Script, is_get_descriptor, is_same, named, outcome};
use super::stand_in::{Heard, StandIn, Truth};
use super::{Manner, Notice, Untold, words};
use crate::printable::Said;
use crate::recording::note::Note;
use crate::recording::transfer::Transfer;
use crate::usb::{ControlRequest, DeviceInfo, Identity, NotRecorded, Occupant, UsbError};

/// A port.
pub struct Port {
    script: Script,
    manner: Manner,
    /// Which of the script's lives it is in, and which of its steps comes next.
    life: usize,
    step: usize,
    /// Whether the device is off the bus.
    is_away: bool,
    /// From the recording's beginning on.
    now: Duration,
    /// When the last transfer ended, or the device came.
    last_end: Duration,
    double: Double,
    /// Whether the host has asked for something that is not in the script, so that the board goes on by itself.
    is_off_script: bool,
    /// Whether it was said that bytes are taken for erased.
    has_said_untold: bool,
}

/// The simulated board in the place of the recorded one.
enum Double {
    /// Nobody needs one so far. What it will have to hear.
    NotNeeded(Vec<Heard>),
    There(Box<StandIn>),
    /// There is none like the recorded one.
    Nobody,
}

impl Port {
    /// A device that is about to begin.
    pub fn new(script: Script, manner: Manner) -> Self {
        Self {
            now: script.lives[0].begins,
            last_end: script.lives[0].begins,
            script,
            manner,
            life: 0,
            step: 0,
            is_away: false,
            double: Double::NotNeeded(Vec::new()),
            is_off_script: false,
            has_said_untold: false,
        }
    }

    pub fn now(&self) -> Duration {
        self.now
    }

    pub fn wait(&mut self, duration: Duration) {
        self.now = self.now.saturating_add(duration);
        match &mut self.double {
            Double::There(stand_in) => stand_in.wait(duration),
            Double::NotNeeded(heard) => match heard.last_mut() {
                Some(Heard::Wait(before)) => *before = before.saturating_add(duration),
                _ => heard.push(Heard::Wait(duration)),
            },
            Double::Nobody => {}
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
        let is_over = self.step >= self.life().length() && self.next_life().is_some();
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
        self.is_away |= self.step >= self.life().length() && self.next_life().is_some();
        let back = self.present().filter(|found| opened.is_again(found));
        back.ok_or(UsbError::NoDevice)
    }

    pub fn occupant(&mut self) -> Option<Occupant> {
        self.is_away |=
            !self.is_off_script && self.step >= self.life().length() && self.next_life().is_some();
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
        let mirrored = self.mirror(Heard::Claim, StandIn::claim);
        if self.is_off_script {
            return mirrored;
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
        let mirrored = self.mirror(Heard::Reset, StandIn::reset);
        if self.is_off_script {
            return mirrored;
        }
        let said = self.noted(|note| match note {
            Note::Reset(said) => Some(said.clone()),
            _ => None,
        });
        said.unwrap_or(Ok(())).map_err(|words| named(&words))
    }

    /// The same done to the stand-in, now or once there is one.
    fn mirror(
        &mut self,
        heard: Heard,
        done: fn(&mut StandIn) -> Result<(), UsbError>,
    ) -> Result<(), UsbError> {
        match &mut self.double {
            Double::There(stand_in) => done(stand_in),
            Double::NotNeeded(all) => {
                all.push(heard);
                Ok(())
            }
            Double::Nobody => Ok(()),
        }
    }

    /// Answers a request: as it was recorded, as long as it is the same.
    pub fn transfer(&mut self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        if self.is_off_script {
            return self.goes_on(asked);
        }
        if let Some(index) = self.find(asked) {
            self.step = index + 1;
            return self.play(index, asked);
        }
        if self.is_away {
            return Err(UsbError::NoDevice);
        }
        if is_get_descriptor(asked.request) && !self.manner.is_strict {
            return self.described(asked);
        }
        self.leaves_script(asked)
    }

    /// Which step is the one that is asked for: the next, or one after others that only ask what the device is.
    fn find(&self, asked: Asked<'_>) -> Option<usize> {
        let life = self.life();
        for index in self.step..life.length() {
            let recorded = life.transfer(index)?;
            if is_same(recorded, asked) {
                return Some(index);
            }
            if self.manner.is_strict || !is_get_descriptor(recorded.request) {
                return None;
            }
        }
        None
    }

    fn play(&mut self, index: usize, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let recorded = self.life().transfer(index);
        let mut transfer = recorded.ok_or(UsbError::NoDevice)?.clone();
        if !transfer.is_from_device() && transfer.cut > 0 {
            transfer.data = asked.data.into();
            transfer.cut = 0;
        }
        let outcome = outcome(&transfer);
        self.now = self.now.saturating_add(transfer.took.unwrap_or_default());
        self.last_end = self.now;
        if outcome == Err(UsbError::NoDevice) {
            self.is_away = true;
        }
        if outcome.is_ok() && transfer.cut > 0 {
            return self.find_out(&transfer);
        }
        let mut bytes = match outcome.is_ok() && transfer.is_from_device() {
            true => transfer.data.to_vec(),
            false => Vec::new(),
        };
        match &mut self.double {
            Double::There(stand_in) => drop(stand_in.follow(&transfer)),
            Double::NotNeeded(heard) => heard.push(Heard::Transfer(transfer)),
            Double::Nobody => {}
        }
        bytes.truncate(asked.length);
        outcome.map(|()| bytes)
    }

    /// What the recorded board has answered where the recording doesn't have it: what the stand-in answers, if that has
    /// the same hash.
    fn find_out(&mut self, transfer: &Transfer) -> Result<Vec<u8>, UsbError> {
        let lacking = Err(UsbError::NotRecorded(NotRecorded::Bytes));
        let is_strict = self.manner.is_strict;
        let Some(stand_in) = self.stand_in() else {
            return lacking;
        };
        let (mut answer, truth) = stand_in.follow(transfer);
        match truth {
            Truth::Told => Ok(answer),
            Truth::Untold(at) if !is_strict && self.may_take_for_erased() => {
                self.says_untold(at);
                answer.truncate(transfer.length.into());
                Ok(answer)
            }
            Truth::Untold(_) | Truth::Contradicted => {
                // The host puts in order what it has begun, and that is nothing to tell.
                self.is_off_script = !is_strict;
                lacking
            }
        }
    }

    /// What is known of a descriptor, whenever it was asked for.
    fn described(&self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let lives = self.script.lives.iter();
        let transfers = lives.flat_map(|life| &life.device.transfers);
        // In whatever language a string was asked for.
        let of = |request: ControlRequest| (request.request_type, request.value);
        let answers = transfers.filter(|transfer| {
            is_get_descriptor(transfer.request) && of(transfer.request) == of(asked.request)
        });
        // Descriptors are asked for in pieces; and what was refused is refused again.
        let known = answers.max_by_key(|transfer| (transfer.is_done(), transfer.data.len()));
        let known = known.ok_or(UsbError::NotRecorded(NotRecorded::Descriptor))?;
        outcome(known)?;
        let length = known.data.len().min(asked.length);
        match known.cut > 0 && length < asked.length {
            true => Err(UsbError::NotRecorded(NotRecorded::Bytes)),
            false => Ok(known.data[..length].to_vec()),
        }
    }

    /// From here on the stand-in answers, where there may be one.
    fn leaves_script(&mut self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let instead = words::instead_of(asked, self.life(), self.step, self.manner.is_strict);
        let stand_in = match self.manner.is_strict {
            true => None,
            false => self.stand_in(),
        };
        let Some(name) = stand_in.map(|stand_in| stand_in.name) else {
            return Err(UsbError::NotRecorded(NotRecorded::Request(instead)));
        };
        self.is_off_script = true;
        self.says(&format!(
            "{instead}. From here on a simulated {name} answers."
        ));
        self.goes_on(asked)
    }

    /// The stand-in's own answer.
    fn goes_on(&mut self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let stand_in = self.stand_in().ok_or(UsbError::NoDevice)?;
        let (outcome, took, truth) = stand_in.answer(asked);
        self.now = self.now.saturating_add(took);
        match truth {
            Truth::Untold(at) if self.may_take_for_erased() => self.says_untold(at),
            Truth::Untold(_) => return Err(UsbError::NotRecorded(NotRecorded::Memory)),
            Truth::Told | Truth::Contradicted => {}
        }
        outcome
    }

    fn may_take_for_erased(&self) -> bool {
        self.manner.untold == Untold::TakenForErased
    }

    /// Says once that not all of memory is known.
    fn says_untold(&mut self, at: u64) {
        if std::mem::replace(&mut self.has_said_untold, true) {
            return;
        }
        let place = match self.life().identity.is_dfuse() {
            true => format!("at {at:#010x}"),
            false => format!("at byte {at}"),
        };
        self.says(&format!(
            "the recording doesn't tell what was {place}: that is taken for erased, as is all else that it doesn't tell."
        ));
    }

    fn says(&self, text: &str) {
        let serial = self.life().identity.serial.as_ref();
        (self.manner.tell)(&Notice {
            serial: serial.map(Said::raw),
            path: &self.life().info.path,
            text,
        });
    }

    /// The board that stands in for the recorded one, with all that this has heard.
    fn stand_in(&mut self) -> Option<&mut StandIn> {
        if let Double::NotNeeded(heard) = &self.double {
            let stand_in = StandIn::of(&self.script, heard);
            self.double =
                stand_in.map_or(Double::Nobody, |stand_in| Double::There(Box::new(stand_in)));
        }
        match &mut self.double {
            Double::There(stand_in) => Some(stand_in),
            Double::NotNeeded(_) | Double::Nobody => None,
        }
    }

    /// The board that goes on by itself, where it does.
    fn by_itself(&mut self) -> Option<&mut StandIn> {
        match &mut self.double {
            Double::There(stand_in) if self.is_off_script => Some(stand_in),
            _ => None,
        }
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

    /// Whether the last transfer is about so long ago: nobody's clock is so exact that a host which looks at the same moment
    /// again had to see the same.
    fn has_passed(&self, after: Duration) -> bool {
        const MOST: Duration = Duration::from_millis(10);
        let about = Duration::from_millis(1) + MOST.min(after / 8);
        self.now.saturating_sub(self.last_end).saturating_add(about) >= after
    }

    /// What is noted before the next step, or after the last.
    fn noted<T>(&self, what: impl Fn(&Note) -> Option<T>) -> Option<T> {
        let notes = match self.life().noted_before(self.step) {
            Some(before) => before,
            None if self.next_life().is_none() => &self.script.last_notes,
            None => return None,
        };
        notes.iter().find_map(what)
    }
}

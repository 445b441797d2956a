//! A device for tests that plays a script.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::*;
use crate::usb::{DfuMode, Occupant};

/// A device that plays a script: each request gets the next answer, and everything is written into a diary.
pub struct Script {
    pub answers: VecDeque<Answer>,
    pub diary: String,
    /// How many looks at the bus find it there; all, where that is not said.
    pub stays_for: Option<usize>,
    /// What comes of every request once there are no answers left; none may come, where that is not said.
    pub forever: Option<Answer>,
    /// Whether it goes off the bus when it is reset.
    pub minds_reset: bool,
    /// What each look at the port finds once it is off the bus, the last one from then on; nothing, where that is not said.
    pub afterwards: VecDeque<Option<Occupant>>,
    /// Whether it can be opened anew.
    pub reopens: bool,
    now: Duration,
}

/// What comes of a request.
#[derive(Clone)]
pub enum Answer {
    Bytes(&'static [u8]),
    Fails(UsbError),
    /// Nothing, for as long as the host waits.
    Silent,
    /// It goes off the bus, which the host is told so.
    Leaves(UsbError),
}
use Answer::{Bytes, Fails, Leaves, Silent};

pub const ACK: Answer = Bytes(&[]);
pub const IDLE: Answer = Bytes(&[0, 0, 0, 0, 2, 0]);
pub const DNLOAD_IDLE: Answer = Bytes(&[0, 0, 0, 0, 5, 0]);
pub const BUSY_100_MS: Answer = Bytes(&[0, 100, 0, 0, 4, 0]);
pub const BUSY_0_MS: Answer = Bytes(&[0, 0, 0, 0, 4, 0]);
pub const STALL: Answer = Fails(UsbError::Stall);

impl Script {
    pub const IN_DFU_MODE: Occupant = Occupant {
        ids: (0x1209, 0xDB42),
        mode: Some(DfuMode::Dfu),
    };

    pub fn of(answers: VecDeque<Answer>) -> Self {
        Self {
            answers,
            diary: String::new(),
            stays_for: None,
            forever: None,
            minds_reset: false,
            afterwards: VecDeque::new(),
            reopens: false,
            now: Duration::ZERO,
        }
    }

    fn answer(&mut self, timeout: Duration) -> Result<&'static [u8], UsbError> {
        let next = self.answers.pop_front();
        match next
            .or_else(|| self.forever.clone())
            .expect("a request too many")
        {
            Bytes(bytes) => Ok(bytes),
            Fails(error) => Err(error),
            Silent => {
                self.now += timeout;
                Err(UsbError::Timeout)
            }
            Leaves(error) => {
                self.stays_for = Some(0);
                Err(error)
            }
        }
    }

    fn note(&mut self, request: ControlRequest) {
        let ControlRequest {
            request_type,
            request,
            value,
            index,
        } = request;
        write!(
            self.diary,
            "{request_type:02x} {request:02x} {value:04x} {index:04x}"
        )
        .expect("a String");
    }
}

impl Transport for Script {
    fn claim(&mut self) -> Result<(), UsbError> {
        Ok(())
    }

    fn set_alternate_setting(&mut self, number: u8) -> Result<(), UsbError> {
        writeln!(self.diary, "choose {number}").expect("a String");
        Ok(())
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        self.note(request);
        writeln!(self.diary, " < {}", buffer.len()).expect("a String");
        let bytes = self.answer(timeout)?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        self.note(request);
        writeln!(self.diary, " > {data:02x?}").expect("a String");
        self.answer(timeout).map(|_| ())
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        if !self.reopens {
            return Err(UsbError::NoDevice);
        }
        self.stays_for = None;
        Ok(())
    }

    fn is_on_bus(&mut self) -> bool {
        match &mut self.stays_for {
            None => true,
            Some(0) => false,
            Some(looks) => {
                *looks -= 1;
                true
            }
        }
    }

    fn at_port(&mut self) -> Option<Occupant> {
        if self.stays_for != Some(0) {
            return Some(Self::IN_DFU_MODE);
        }
        match self.afterwards.len() {
            0 | 1 => self.afterwards.front().copied().flatten(),
            _ => self.afterwards.pop_front().flatten(),
        }
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        self.diary.push_str("reset\n");
        if self.minds_reset {
            self.stays_for = Some(0);
        }
        Ok(())
    }

    fn wait(&mut self, duration: Duration) {
        writeln!(self.diary, "wait {} ms", duration.as_millis()).expect("a String");
        self.now += duration;
    }

    fn now(&self) -> Duration {
        self.now
    }
}

/// What the diary of `work` on interface 1 says after the opening, and how it ended.
pub fn diary<T>(
    answers: impl IntoIterator<Item = Answer>,
    work: impl FnOnce(&mut Link<'_>) -> Result<T, SessionError>,
) -> (String, Result<T, String>) {
    let answers = [IDLE].into_iter().chain(answers).collect();
    play(Script::of(answers), work)
}

/// The same of a device that is gone once the bus was looked at this many times in vain.
pub fn diary_of_a_departure<T>(
    answers: impl IntoIterator<Item = Answer>,
    looks: usize,
    work: impl FnOnce(&mut Link<'_>) -> Result<T, SessionError>,
) -> (String, Result<T, String>) {
    let answers = [IDLE].into_iter().chain(answers).collect();
    let mut script = Script::of(answers);
    script.stays_for = Some(looks);
    play(script, work)
}

fn play<T>(
    mut script: Script,
    work: impl FnOnce(&mut Link<'_>) -> Result<T, SessionError>,
) -> (String, Result<T, String>) {
    let mut link = Link::open(&mut script, 1).expect("idle at once");
    let result = work(&mut link).map_err(|error| error.to_string());
    assert!(
        script.answers.is_empty(),
        "{} answers left over",
        script.answers.len()
    );
    let opening = "a1 03 0000 0001 < 6\n";
    let diary = script
        .diary
        .strip_prefix(opening)
        .expect("a GETSTATUS first")
        .to_owned();
    (diary, result)
}

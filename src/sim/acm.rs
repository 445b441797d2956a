//! An application's serial port: CDC's abstract control model, the device's side (CDC 1.2; PSTN 1.2 §3.6 and §6.3).

use std::collections::VecDeque;
use std::time::Duration;

use super::app::{App, Console, LineCoding, Port, Touch};
use super::descriptor::Program;
use super::quirk::{Quirk, Quirks};
use super::repl::{Goes, Repl};
use super::transfer::{Answer, Setup};

/// `bRequest` of the class requests (PSTN 1.2, table 13).
const SET_LINE_CODING: u8 = 0x20;
const GET_LINE_CODING: u8 = 0x21;
const SET_CONTROL_LINE_STATE: u8 = 0x22;
const SEND_BREAK: u8 = 0x23;
/// `bmRequestType` of a class request to an interface, and of one from it.
const TO_INTERFACE: u8 = 0x21;
const FROM_INTERFACE: u8 = 0xA1;

/// `wValue` of SET_CONTROL_LINE_STATE: DTR (PSTN 1.2, table 18).
const DTR: u16 = 1 << 0;
/// The speed of a touch.
const TOUCH_RATE: u32 = 1200;
/// `bInterfaceNumber` of the communications interface, and of the data interface.
pub const COMMUNICATIONS_INTERFACE: u8 = 0;
pub const DATA_INTERFACE: u8 = 1;
/// How much an application keeps of what nobody fetches, in bytes; the oldest goes first. More than one transfer's echo.
const KEPT: usize = 16 << 10;

/// A serial port at work.
#[derive(Debug)]
pub struct Acm {
    port: Port,
    touch: Touch,
    /// Whether it takes nothing that is sent to it.
    is_deaf: bool,
    repl: Option<Repl>,
    line_coding: LineCoding,
    has_dtr: bool,
    /// Since when the line coding is one that arms a touch.
    armed: Option<Duration>,
    /// When it goes to its bootloader, because it was touched.
    touched: Option<Duration>,
    /// That it goes, because its prompt was told so.
    told: Option<Leaving>,
    /// What the host has not fetched yet.
    output: VecDeque<u8>,
}

/// That an application goes, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// When it is off the bus.
    pub at: Duration,
    /// What it means to start.
    pub to: Program,
}

impl Acm {
    /// The port of an application that has just started.
    pub fn new(app: &App, quirks: &Quirks) -> Self {
        let mut output = Vec::new();
        let repl = match app.console {
            Console::Silent => None,
            Console::Repl => Some(Repl::new(quirks.has(Quirk::MainRuns), &mut output)),
        };
        Self {
            port: app.port,
            touch: match quirks.has(Quirk::TouchIgnored) {
                true => Touch::Ignored,
                false => app.touch,
            },
            is_deaf: quirks.has(Quirk::SerialDeaf),
            repl,
            line_coding: app.port.line_coding,
            has_dtr: false,
            armed: None,
            touched: None,
            told: None,
            output: output.into(),
        }
    }

    /// Whether an endpoint is one of its own, by `bEndpointAddress`.
    pub fn has_endpoint(&self, address: u8) -> bool {
        [
            self.port.notifications,
            self.port.data_out,
            self.port.data_in,
        ]
        .contains(&address)
    }

    /// That the application goes and when, if it does.
    pub fn leaving(&self) -> Option<Leaving> {
        let touched = self.touched.map(|at| Leaving {
            at,
            to: Program::Bootloader,
        });
        let known = touched.into_iter().chain(self.told);
        known.min_by_key(|leaving| leaving.at)
    }

    /// Answers a class request to its communications interface.
    pub fn request(&mut self, setup: &Setup, data: &[u8], now: Duration) -> Answer {
        let request = setup.request;
        match (request.request_type, request.request, data) {
            (FROM_INTERFACE, GET_LINE_CODING, _) => {
                Answer::Data(self.line_coding.to_bytes().to_vec())
            }
            (TO_INTERFACE, SET_LINE_CODING, data) => match <[u8; 7]>::try_from(data) {
                Ok(bytes) => {
                    self.set_line_coding(LineCoding::from_bytes(bytes), now);
                    Answer::Acknowledged
                }
                Err(_) => Answer::Stall,
            },
            (TO_INTERFACE, SET_CONTROL_LINE_STATE, []) => {
                self.has_dtr = request.value & DTR != 0;
                self.look_for_touch(SET_CONTROL_LINE_STATE, now);
                Answer::Acknowledged
            }
            (TO_INTERFACE, SEND_BREAK, []) if self.port.takes_breaks => Answer::Acknowledged,
            _ => Answer::Stall,
        }
    }

    fn set_line_coding(&mut self, coding: LineCoding, now: Duration) {
        if self.port.forgets_line_coding {
            return;
        }
        if coding != self.line_coding && coding.rate == TOUCH_RATE {
            self.armed.get_or_insert(now);
        }
        self.line_coding = coding;
        self.look_for_touch(SET_LINE_CODING, now);
    }

    /// Decides whether this request has made a touch of what came before, and when the application goes then.
    fn look_for_touch(&mut self, request: u8, now: Duration) {
        let is_slow = self.line_coding.rate == TOUCH_RATE && !self.has_dtr;
        match self.touch {
            Touch::WithoutDtr if is_slow && request == SET_CONTROL_LINE_STATE => {
                self.touched.get_or_insert(now);
            }
            Touch::Either if is_slow => {
                self.touched.get_or_insert(now);
            }
            Touch::Armed(after) => {
                let since = self.armed.filter(|_| !self.has_dtr);
                self.touched = since.map(|since| now.max(since.saturating_add(after)));
            }
            Touch::Ignored | Touch::WithoutDtr | Touch::Either => {}
        }
    }

    /// Takes what comes for an endpoint of its own. `None` where it has no room for it yet.
    pub fn hear(&mut self, bytes: &[u8], now: Duration) -> Option<Answer> {
        if self.is_deaf {
            return None;
        }
        let mut said = Vec::new();
        let goes = self
            .repl
            .as_mut()
            .and_then(|repl| repl.hear(bytes, &mut said));
        self.output.extend(said);
        let excess = self.output.len().saturating_sub(KEPT);
        self.output.drain(..excess);
        let told = goes.map(|goes| {
            let (after, to) = match goes {
                Goes::ToBootloader(after) => (after, Program::Bootloader),
                Goes::ToItself(after) => (after, Program::Application),
            };
            let at = now.saturating_add(after);
            Leaving { at, to }
        });
        self.told = self.told.or(told);
        Some(Answer::Acknowledged)
    }

    /// What it has to say at an endpoint of its own, up to so many bytes. `None` where that is nothing.
    pub fn say(&mut self, address: u8, most: usize) -> Option<Answer> {
        if address != self.port.data_in || self.output.is_empty() {
            // None of these applications sends notifications.
            return None;
        }
        let most = most.min(self.output.len());
        Some(Answer::Data(self.output.drain(..most).collect()))
    }
}

#[cfg(test)]
mod tests;

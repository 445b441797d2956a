//! An application at work: its DFU run-time interface, its serial port, and how it leaves for the bootloader.

use std::time::Duration;

use super::acm::{Acm, COMMUNICATIONS_INTERFACE, DATA_INTERFACE};
use super::descriptor::{Program, SelfDescription};
use super::runtime::RunTime;
use super::transfer::{Answer, Endpoint, Setup};

pub use super::acm::Leaving;

/// An application at work.
#[derive(Debug)]
pub struct Application {
    /// Its DFU interface, with the number of that.
    dfu: Option<(u8, RunTime)>,
    serial: Option<Acm>,
    /// When it goes, because it was asked to detach.
    detaches: Option<Duration>,
}

impl Application {
    /// An application that describes itself so, and has just started.
    pub fn new(description: &SelfDescription) -> Self {
        let quirks = description.quirks;
        let dfu = description.runtime().map(|runtime| {
            let detach_timeout = description.detach_timeout();
            (
                runtime.interface,
                RunTime::new(runtime, detach_timeout, quirks),
            )
        });
        Self {
            dfu,
            serial: description.app.map(|app| Acm::new(app, quirks)),
            detaches: None,
        }
    }

    /// That it goes and when, if it does.
    pub fn leaving(&self) -> Option<Leaving> {
        let detaches = self.detaches.map(|at| Leaving {
            at,
            to: Program::Bootloader,
        });
        let serial = self.serial.as_ref().and_then(Acm::leaving);
        let known = detaches.into_iter().chain(serial);
        known.min_by_key(|leaving| leaving.at)
    }

    /// The alternate setting of an interface that was chosen last; `None` where there is no such interface.
    pub fn alternate_setting(&self, interface: u16) -> Option<u8> {
        match &self.dfu {
            Some((number, dfu)) if u16::from(*number) == interface => Some(dfu.alternate_setting()),
            _ => self.is_serial(interface).then_some(0),
        }
    }

    /// Chooses an alternate setting (SET_INTERFACE). Whether there is such a one.
    pub fn set_alternate_setting(&mut self, interface: u16, number: u8) -> bool {
        match &mut self.dfu {
            Some((dfu_number, dfu)) if u16::from(*dfu_number) == interface => {
                dfu.set_alternate_setting(number)
            }
            _ => self.is_serial(interface) && number == 0,
        }
    }

    /// SET_CONFIGURATION, which chooses alternate setting 0 everywhere (USB 2.0 §9.1.1.5).
    pub fn configured(&mut self) {
        if let Some((_, dfu)) = &mut self.dfu {
            dfu.set_alternate_setting(0);
        }
    }

    fn is_serial(&self, interface: u16) -> bool {
        let numbers = [COMMUNICATIONS_INTERFACE, DATA_INTERFACE];
        self.serial.is_some() && numbers.map(u16::from).contains(&interface)
    }

    /// Whether there is such an endpoint beside endpoint 0, by `bEndpointAddress`.
    pub fn has_endpoint(&self, address: u8) -> bool {
        let mut serial = self.serial.iter();
        serial.any(|serial| serial.has_endpoint(address))
    }

    /// Answers a class request to one of its interfaces.
    pub fn request(&mut self, setup: &Setup, data: &[u8], now: Duration) -> Answer {
        let interface = setup.request.index;
        match (&mut self.dfu, &mut self.serial) {
            (Some((number, dfu)), _) if u16::from(*number) == interface => {
                let (answer, detaches) = dfu.request(setup, now);
                if detaches {
                    self.detaches.get_or_insert(now);
                }
                answer
            }
            (_, Some(serial)) if interface == u16::from(COMMUNICATIONS_INTERFACE) => {
                serial.request(setup, data, now)
            }
            _ => Answer::Stall,
        }
    }

    /// Takes a transfer at an endpoint beside endpoint 0. `None` where it has to wait: a NAK.
    pub fn transfer(&mut self, endpoint: Endpoint, data: &[u8], now: Duration) -> Option<Answer> {
        let serial = self.serial.as_mut();
        let Some(serial) = serial.filter(|serial| serial.has_endpoint(endpoint.address())) else {
            return Some(Answer::Stall);
        };
        match endpoint {
            Endpoint::In { most, .. } => serial.say(endpoint.address(), most),
            Endpoint::Out { .. } => serial.hear(data, now),
        }
    }

    /// The port is reset, which may take the board to DFU mode.
    pub fn reset(&mut self, now: Duration) {
        if let Some((_, dfu)) = &mut self.dfu {
            if dfu.reset(now) {
                self.detaches.get_or_insert(now);
            }
        }
    }
}

#[cfg(test)]
mod tests;

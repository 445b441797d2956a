//! A board as a USB device: the standard requests, and being on the bus or not.

mod presence;
mod standard;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::app::App;
use super::application::Application;
use super::board::Board;
use super::bootloader::Bootloader;
use super::descriptor::{
    CONFIGURATION_VALUE, INTERFACE_NUMBER, OTHER_ENDPOINTS, Program, SelfDescription,
};
use super::fault::{FaultKind, Faults};
use super::flash::{FlashFileError, Memories};
use super::quirk::{Quirk, Quirks};
use super::spec::BoardSpec;
use super::timing::Timing;
use super::transfer::{Answer, Endpoint, Exchange, SET_CONFIGURATION, Setup};
use crate::dfu::protocol::DfuRequest;
use presence::{Away, first_program};

/// `bmRequestType`: the bits that tell standard, class and vendor requests apart.
const TYPE: u8 = 0b0110_0000;
const STANDARD: u8 = 0b0000_0000;
const CLASS: u8 = 0b0010_0000;
/// `bEndpointAddress`: the bits of the endpoint's number.
const ENDPOINT_NUMBER: u8 = 0x0F;
/// `bmRequestType`: the bits of the recipient, and an interface as recipient.
const RECIPIENT: u8 = 0b0001_1111;
const INTERFACE: u8 = 1;

/// A simulated board, plugged in or not.
#[derive(Debug)]
pub struct Device {
    board: &'static Board,
    app: Option<&'static App>,
    quirks: Quirks,
    serial: String,
    strings: BTreeMap<u8, String>,
    timing: Timing,
    memories: Memories,
    bootloader: Bootloader,
    application: Application,
    /// What is running.
    program: Program,
    configuration: u8,
    faults: Faults,
    /// While it is off the bus.
    away: Option<Away>,
}

impl Device {
    /// A board with blank memories, plugged in. Not configured yet: that is for the host to do.
    pub fn new(spec: &BoardSpec, serial: String) -> Self {
        let BoardSpec {
            board,
            app,
            strings,
            timing,
            quirks,
            faults,
            ..
        } = spec;
        let memories = Memories::blank(board, quirks, &serial);
        let program = first_program(*app, quirks);
        let description = SelfDescription {
            board,
            app: *app,
            quirks,
            serial: &serial,
            strings,
            program,
        };
        Self {
            board,
            bootloader: Bootloader::new(board, quirks, *timing, &memories),
            application: Application::new(&description),
            app: *app,
            program,
            quirks: quirks.clone(),
            serial,
            strings: strings.clone(),
            timing: *timing,
            memories,
            configuration: 0,
            faults: Faults::new(faults),
            away: None,
        }
    }

    /// Keeps the memory of alternate setting 0 in a file, from now on.
    pub fn keep_flash_in(&mut self, path: &Path) -> Result<(), FlashFileError> {
        self.memories.keep_in_file(path)
    }

    /// Why its flash file could not keep a change, if there was such a one. From then on it is no use.
    pub fn flash_file_failure(&self) -> Option<&str> {
        self.memories.file_failure()
    }

    /// For tests: what is in the memory of alternate setting 0.
    #[cfg(test)]
    pub fn main_flash(&self) -> &[u8] {
        self.memories.get(0).map_or(&[], |memory| memory.contents())
    }

    /// For tests: puts this into it, of the right size.
    #[cfg(test)]
    pub fn put_main_flash(&mut self, contents: &[u8]) {
        let memory = self.memories.get_mut(0);
        memory.expect("every board has one").put(contents);
    }

    /// Puts into a memory what it is known to hold. False where it has no such place.
    pub fn put(&mut self, alternate_setting: u8, address: u32, bytes: &[u8]) -> bool {
        let memory = self.memories.get_mut(alternate_setting);
        memory.is_some_and(|memory| memory.hold(address, bytes))
    }

    /// Which board it is.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// The string of `iSerialNumber`.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// What it tells of itself.
    pub fn description(&self) -> SelfDescription<'_> {
        SelfDescription {
            board: self.board,
            app: self.app,
            quirks: &self.quirks,
            serial: &self.serial,
            strings: &self.strings,
            program: self.program,
        }
    }

    /// Whether it has this quirk, one without a value.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }

    /// The numbers of the endpoints for data to and from its serial port, while it has one.
    pub fn data_endpoints(&self) -> Option<(u8, u8)> {
        let runs = self.is_present() && self.program == Program::Application;
        let port = self.app.filter(|_| runs)?.port;
        Some((port.data_out, port.data_in & ENDPOINT_NUMBER))
    }

    /// Whether it is on the bus.
    pub fn is_present(&self) -> bool {
        self.away.is_none()
    }

    /// Whether the host has configured it.
    pub fn is_configured(&self) -> bool {
        self.configuration == CONFIGURATION_VALUE
    }

    /// Takes one control transfer that begins at the time `now`. `data` is the data stage of a request to the device.
    pub fn control(&mut self, setup: &Setup, data: &[u8], now: Duration) -> Exchange {
        let fault = if self.is_present() && self.is_counted(setup) {
            self.faults.next()
        } else {
            None
        };
        self.meet(fault, setup, now);
        self.passes(now);
        if !self.is_present() {
            return Exchange {
                answer: Answer::Gone,
                taken: Duration::ZERO,
                left: true,
                leaves_after: None,
            };
        }
        let heard_at = self
            .bootloader
            .hears_at(now)
            .saturating_add(self.timing.request(data.len()));
        let (mut answer, answered_at) = match fault {
            Some(FaultKind::Stall) => (Answer::Stall, heard_at),
            Some(FaultKind::LostRequest) => (Answer::Silent, heard_at),
            Some(FaultKind::Error(_)) if is_transfer(setup) => (Answer::Stall, heard_at),
            _ => self.answer(setup, data, heard_at),
        };
        if let Answer::Data(bytes) = &mut answer {
            bytes.truncate(usize::from(setup.length));
        }
        self.passes(answered_at);
        if let Some(fault) = fault {
            answer = fault.distort(answer);
        }
        let received = match &answer {
            Answer::Data(bytes) => self.timing.request(bytes.len()) - self.timing.request(0),
            _ => Duration::ZERO,
        };
        Exchange {
            answer,
            taken: answered_at.saturating_add(received).saturating_sub(now),
            left: !self.is_present(),
            leaves_after: self.leaves_at().map(|at| at.saturating_sub(now)),
        }
    }

    /// Takes one bulk or interrupt transfer, which takes no time. `data` is what goes to the device. `None` where it has to
    /// wait: the device answers NAK so far.
    pub fn transfer(&mut self, endpoint: Endpoint, data: &[u8], now: Duration) -> Option<Exchange> {
        self.passes(now);
        let answer = match self.program {
            _ if !self.is_present() => Answer::Gone,
            _ if !self.is_configured() => Answer::Stall,
            Program::Bootloader => Answer::Stall,
            Program::Application => self.application.transfer(endpoint, data, now)?,
            Program::Other if OTHER_ENDPOINTS.contains(&endpoint.address()) => return None,
            Program::Other => Answer::Stall,
        };
        self.passes(now);
        Some(Exchange {
            answer,
            taken: Duration::ZERO,
            left: !self.is_present(),
            leaves_after: self.leaves_at().map(|at| at.saturating_sub(now)),
        })
    }

    /// What a fault does to the board itself, before the request is answered.
    fn meet(&mut self, fault: Option<FaultKind>, setup: &Setup, now: Duration) {
        match fault {
            Some(FaultKind::Unplug) => {
                self.is_pulled_out(now);
            }
            Some(FaultKind::PowerCut) => {
                let is_get_status = is_class(setup, DfuRequest::GetStatus);
                self.bootloader
                    .lose_power(is_get_status, &mut self.memories, now);
                self.is_without_power(now);
            }
            Some(FaultKind::Flip) => {
                let alternate_setting = self.bootloader.alternate_setting();
                if let Some(memory) = self.memories.get_mut(alternate_setting) {
                    memory.flip_a_bit();
                }
            }
            Some(FaultKind::Error(status)) => self.bootloader.fail(status),
            _ => {}
        }
    }

    /// What is answered to a request that is heard at the time `now`, and when.
    fn answer(&mut self, setup: &Setup, data: &[u8], now: Duration) -> (Answer, Duration) {
        match setup.request.request_type & TYPE {
            STANDARD => (self.standard(setup, now), now),
            CLASS if self.is_for_interface(setup) => match self.program {
                Program::Bootloader if setup.request.index == u16::from(INTERFACE_NUMBER) => self
                    .bootloader
                    .request(setup, data, &mut self.memories, now),
                Program::Application => (self.application.request(setup, data, now), now),
                Program::Bootloader | Program::Other => (Answer::Stall, now),
            },
            _ => (Answer::Stall, now),
        }
    }

    /// Faults are counted as a host counts its own requests: from the board's configuration on.
    fn is_counted(&self, setup: &Setup) -> bool {
        let request = (setup.request.request_type, setup.request.request);
        self.configuration == CONFIGURATION_VALUE && request != (0x00, SET_CONFIGURATION)
    }

    fn is_for_interface(&self, setup: &Setup) -> bool {
        self.is_configured() && setup.request.request_type & RECIPIENT == INTERFACE
    }
}

fn is_class(setup: &Setup, request: DfuRequest) -> bool {
    setup.request.request_type & TYPE == CLASS && setup.request.request == request as u8
}

/// DNLOAD or UPLOAD: what a device in dfuERROR refuses.
fn is_transfer(setup: &Setup) -> bool {
    is_class(setup, DfuRequest::Dnload) || is_class(setup, DfuRequest::Upload)
}

#[cfg(test)]
mod tests;

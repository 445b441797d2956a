//! A port of the simulated bus: the board at it, its clock, and what the system knows of it.

use std::time::{Duration, Instant};

use super::descriptor::CONFIGURATION_VALUE;
use super::device::Device;
use super::quirk::Quirk;
use super::seat::Seat;
use super::transfer::{Answer, Endpoint, Exchange, SET_CONFIGURATION, SET_INTERFACE, Setup};
use crate::usb::serial::SerialError;
use crate::usb::{ControlRequest, DeviceInfo, UsbError};

/// A port.
pub struct Port {
    pub seat: Seat,
    /// Another one with every enumeration.
    pub address: u8,
    pub device: Device,
    /// The board's clock.
    pub now: Duration,
    /// When it was enumerated.
    since: Duration,
    pub claimed: bool,
    /// Whether its serial port is opened.
    is_serial_opened: bool,
    /// When that was opened last, which is how an application is asked for DFU mode.
    asked: Option<Duration>,
    /// When somebody saw it leave. From then on the clock on the wall counts, too: nobody may be left to wait on the
    /// board's own.
    left: Option<Instant>,
}

impl Port {
    /// The largest data stage that Linux' usbfs carries, in bytes.
    const LARGEST_TRANSFER: u16 = 4096;

    /// A board that has just been plugged in, and was enumerated.
    pub fn new(seat: Seat, device: Device) -> Self {
        let mut port = Self {
            seat,
            address: seat.first_address(),
            device,
            now: Duration::ZERO,
            since: Duration::ZERO,
            claimed: false,
            is_serial_opened: false,
            asked: None,
            left: None,
        };
        port.configure();
        port
    }

    /// What an operating system does with a new device.
    fn configure(&mut self) {
        let setup = Setup {
            request: ControlRequest {
                request_type: 0x00,
                request: SET_CONFIGURATION,
                value: u16::from(CONFIGURATION_VALUE),
                index: 0,
            },
            length: 0,
        };
        self.device.control(&setup, &[], self.now);
    }

    /// What an operating system does with a port that shall be reset. Whether the board is still the same after it.
    pub fn reset(&mut self) -> bool {
        let interface = self.device.description().dfu_interface();
        let chosen =
            interface.and_then(|interface| self.device.alternate_setting(interface.into()));
        if self.device.reset(self.now) {
            self.is_left();
            return false;
        }
        self.configure();
        if let (Some(interface), Some(chosen @ 1..)) = (interface, chosen) {
            let request = ControlRequest {
                request_type: 0x01,
                request: SET_INTERFACE,
                value: chosen.into(),
                index: interface.into(),
            };
            let setup = Setup { request, length: 0 };
            self.device.control(&setup, &[], self.now);
        }
        true
    }

    /// Enumerates the board at another address if it has come back.
    pub fn enumerate(&mut self, free_address: u8) {
        let Some(left) = self.left else {
            return;
        };
        let now = self.now.saturating_add(left.elapsed());
        if self.device.comes_back(now) {
            self.now = now;
            self.since = now;
            self.left = None;
            self.address = free_address;
            self.configure();
        }
    }

    /// Why the system lets nobody open the board, if so.
    pub fn closed(&self) -> Option<UsbError> {
        /// What a slow udev takes.
        const LATE: Duration = Duration::from_millis(500);
        let is_late = self.now.saturating_sub(self.since) < LATE;
        if self.device.has(Quirk::NoAccess) || self.device.has(Quirk::LateAccess) && is_late {
            Some(UsbError::AccessDenied)
        } else if self.device.has(Quirk::NotPermitted) {
            Some(UsbError::NotPermitted)
        } else if self.device.has(Quirk::NoNode) {
            let node = format!("/dev/bus/usb/{:03}/{:03}", self.seat.bus, self.address);
            Some(UsbError::NoNode(node))
        } else {
            None
        }
    }

    /// What the bus tells of the board, if it has a DFU interface now.
    pub fn info(&self) -> Option<DeviceInfo> {
        self.seat.info(&self.device, self.address)
    }

    /// Whether a board is there, under this address.
    pub fn is_at(&self, address: u8) -> bool {
        self.device.is_present() && self.address == address
    }

    /// Whether the clock has to go on for something that is due: the board's way back, also where it may never come, or the
    /// right to open it.
    pub fn is_awaited(&self) -> bool {
        /// More than anybody waits for an application that was asked for DFU mode.
        const ANSWERS: Duration = Duration::from_secs(30);
        let mut asked = self.asked.iter();
        self.device.is_coming_back()
            || self.device.leaves_at().is_some()
            || self.closed().is_some()
            || asked.any(|asked| self.now.saturating_sub(*asked) < ANSWERS)
    }

    /// Opens the serial port for one program.
    ///
    /// # Errors
    /// As a system refuses it.
    pub fn open_serial(&mut self) -> Result<(), SerialError> {
        match self.closed() {
            Some(UsbError::NoNode(_)) => return Err(SerialError::NoPort),
            Some(_) => return Err(SerialError::AccessDenied),
            None if self.is_serial_opened || self.device.has(Quirk::Busy) => {
                return Err(SerialError::Busy);
            }
            None => {}
        }
        self.is_serial_opened = true;
        self.asked = Some(self.now);
        Ok(())
    }

    /// Closes the serial port.
    pub fn close_serial(&mut self) {
        self.is_serial_opened = false;
    }

    /// Lets time pass for the board, which may leave by itself meanwhile.
    pub fn wait(&mut self, duration: Duration) {
        self.now = self.now.saturating_add(duration);
        if self.device.passes(self.now) {
            self.is_left();
        }
    }

    /// Takes note that the board is off the bus.
    fn is_left(&mut self) {
        self.left.get_or_insert_with(Instant::now);
        self.claimed = false;
        self.is_serial_opened = false;
    }

    /// Has the board take a bulk or interrupt transfer; `None` where it has to wait.
    pub fn transfer_at(&mut self, endpoint: Endpoint, data: &[u8]) -> Option<Exchange> {
        let exchange = self.device.transfer(endpoint, data, self.now)?;
        if exchange.left {
            self.is_left();
        }
        Some(exchange)
    }

    /// Has the board take a control transfer: `length` bytes of data, which are `data` on their way to it.
    ///
    /// # Errors
    /// As a system would tell it, with what that costs of the time.
    pub fn transfer(
        &mut self,
        request: ControlRequest,
        length: usize,
        data: &[u8],
        timeout: Duration,
    ) -> Result<Vec<u8>, UsbError> {
        let length = u16::try_from(length)
            .ok()
            .filter(|length| *length <= Self::LARGEST_TRANSFER)
            .ok_or_else(|| {
                UsbError::Other(format!(
                    "a control transfer carries at most {} bytes, not {length}",
                    Self::LARGEST_TRANSFER
                ))
            })?;
        let setup = Setup { request, length };
        let exchange = self.device.control(&setup, data, self.now);
        if let Some(failure) = self.device.flash_file_failure() {
            return Err(UsbError::Other(failure.to_owned()));
        }
        let (answer, taken) = match exchange.answer {
            Answer::Silent => (Err(UsbError::Timeout), timeout),
            _ if exchange.taken > timeout => (Err(UsbError::Timeout), timeout),
            Answer::Data(bytes) => (Ok(bytes), exchange.taken),
            Answer::Acknowledged => (Ok(Vec::new()), exchange.taken),
            Answer::Stall => (Err(UsbError::Stall), exchange.taken),
            Answer::Gone => (Err(UsbError::NoDevice), exchange.taken),
        };
        self.wait(taken);
        if exchange.left && self.left.is_none() {
            self.is_left();
        }
        answer
    }
}

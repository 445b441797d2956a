//! The serial ports of simulated boards in this process: `/dev/ttySIM0` for the first board, `/dev/ttySIM1` for the second.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::SimBus;
use super::acm::COMMUNICATIONS_INTERFACE;
use super::app::LineCoding;
use super::descriptor::SERIAL_INDEX;
use super::port::Port;
use super::seat::lock;
use super::transfer::{Answer, Endpoint, Exchange};
use crate::printable::Said;
use crate::usb::ControlRequest;
use crate::usb::descriptor::{STRING, decode_string};
use crate::usb::serial::{
    Location, SerialDevice, SerialError, SerialPort, SerialPortInfo, SerialPorts,
};

/// `bRequest` of what a driver sends (PSTN 1.2, table 13).
const SET_LINE_CODING: u8 = 0x20;
const SET_CONTROL_LINE_STATE: u8 = 0x22;
/// `wValue` of the latter: DTR and RTS, as Linux sets both.
const OPENED: u16 = 3;
const CLOSED: u16 = 0;
/// In baud.
const TOUCH: u32 = 1200;
const TALK: u32 = 115_200;
/// What Linux grants a request of its driver.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest packet, in bytes.
const PACKET: usize = 64;

impl SerialPorts for SimBus {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        let ports = self.serial_ports().into_iter();
        Ok(ports
            .map(|(name, port)| SerialPortInfo {
                name,
                device: Some(device(&lock(&port))),
            })
            .collect())
    }

    fn touch(&self, name: &str) -> Result<(), SerialError> {
        self.opened(name, TOUCH).map(drop)
    }

    fn open(&self, name: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        let opened = self.opened(name, TALK)?;
        // What has come before.
        while opened
            .fetch(usize::MAX)
            .is_some_and(|bytes| !bytes.is_empty())
        {}
        Ok(Box::new(opened))
    }
}

impl SimBus {
    /// Those that are there now, each with its name.
    fn serial_ports(&self) -> Vec<(String, Arc<Mutex<Port>>)> {
        let ports = self.ports().iter().enumerate();
        let named = ports.map(|(index, port)| {
            let name = format!("/dev/ttySIM{index}");
            (name, Arc::clone(port))
        });
        named
            .filter(|(_, port)| lock(port).device.data_endpoints().is_some())
            .collect()
    }

    /// Opens a port, at that speed.
    fn opened(&self, name: &str, rate: u32) -> Result<OpenedPort, SerialError> {
        let mut ports = self.serial_ports().into_iter();
        let (_, port) = ports
            .find(|(known, _)| known == name)
            .ok_or(SerialError::NoPort)?;
        let mut opened = lock(&port);
        let address = opened.address;
        opened.open_serial()?;
        let coding = LineCoding::eight_bits(rate).to_bytes();
        request(&mut opened, SET_CONTROL_LINE_STATE, OPENED, &[]);
        request(&mut opened, SET_LINE_CODING, 0, &coding);
        drop(opened);
        let bus = self.clone();
        Ok(OpenedPort { bus, port, address })
    }
}

/// A port that this process has opened.
struct OpenedPort {
    bus: SimBus,
    port: Arc<Mutex<Port>>,
    /// Of the device that it is on. At another one, it is another device.
    address: u8,
}

impl OpenedPort {
    /// What the device says now, up to so many bytes; `None` where it is gone.
    fn fetch(&self, most: usize) -> Option<Vec<u8>> {
        let exchange = self.transfer(&[], |(_, number)| Endpoint::In { number, most })?;
        Some(match exchange.map(|exchange| exchange.answer) {
            Some(Answer::Data(bytes)) => bytes,
            _ => Vec::new(),
        })
    }

    /// A transfer at one of the endpoints for data to and from the device; `None` where it is gone.
    fn transfer(
        &self,
        data: &[u8],
        endpoint: impl FnOnce((u8, u8)) -> Endpoint,
    ) -> Option<Option<Exchange>> {
        let mut port = lock(&self.port);
        if !port.is_at(self.address) {
            return None;
        }
        let endpoints = port.device.data_endpoints()?;
        Some(port.transfer_at(endpoint(endpoints), data))
    }
}

impl SerialPort for OpenedPort {
    /// What a device doesn't take at once, a system keeps for it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SerialError> {
        for packet in bytes.chunks(PACKET) {
            self.transfer(packet, |(number, _)| Endpoint::Out { number })
                .ok_or(SerialError::NoPort)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> Result<usize, SerialError> {
        let mut bytes = self.fetch(buffer.len()).ok_or(SerialError::NoPort)?;
        if bytes.is_empty() {
            self.bus.passes(timeout);
            bytes = self.fetch(buffer.len()).ok_or(SerialError::NoPort)?;
        }
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Drop for OpenedPort {
    fn drop(&mut self) {
        let mut port = lock(&self.port);
        if port.is_at(self.address) {
            request(&mut port, SET_CONTROL_LINE_STATE, CLOSED, &[]);
            port.close_serial();
        }
    }
}

/// A request of a driver. What the device makes of it, the driver doesn't tell.
fn request(port: &mut Port, request: u8, value: u16, data: &[u8]) {
    let request = ControlRequest {
        request_type: 0x21,
        request,
        value,
        index: COMMUNICATIONS_INTERFACE.into(),
    };
    let _ = port.transfer(request, data.len(), data, REQUEST_TIMEOUT);
}

/// What the system tells of the device that a port is on.
fn device(port: &Port) -> SerialDevice {
    let description = port.device.description();
    let (vendor_id, product_id) = description.ids();
    let serial = description.descriptor(u16::from_be_bytes([STRING, SERIAL_INDEX]));
    SerialDevice {
        location: Location::Path(port.seat.to_string()),
        vendor_id,
        product_id,
        serial: serial.map(|serial| Said::from(decode_string(&serial))),
    }
}

#[cfg(test)]
mod tests;

//! A bus of simulated boards for this process, in the place of USB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::port::Port;
use super::quirk::Quirk;
use super::seat::{SimError, lock, plug_in};
use super::spec::BoardSpec;
use crate::usb::{
    Bus, ControlRequest, DeviceInfo, Identity, Occupant, Transport, UsbError, set_interface,
};

/// Simulated boards, instead of USB. Each has a clock of its own, on which waiting costs nothing.
#[derive(Clone)]
pub struct SimBus {
    ports: Vec<Arc<Mutex<Port>>>,
    /// The bus's own clock.
    clock: Arc<Mutex<Duration>>,
}

impl SimBus {
    /// Plugs the boards in, in this order, at the paths `1-1`, `1-2`, …, and on as many buses as it takes.
    ///
    /// # Errors
    /// [`SimError`] where a flash file can't be used, or where there are too many boards.
    pub fn new(specs: &[BoardSpec]) -> Result<Self, SimError> {
        let plugged_in = plug_in(specs)?.into_iter();
        let ports = plugged_in
            .map(|(seat, device)| Arc::new(Mutex::new(Port::new(seat, device))))
            .collect();
        Ok(Self {
            ports,
            clock: Arc::default(),
        })
    }

    /// The ports, in order, with the boards that have come back at new addresses.
    pub(super) fn ports(&self) -> &[Arc<Mutex<Port>>] {
        self.enumerate();
        &self.ports
    }

    /// Gives addresses to boards that have come back.
    fn enumerate(&self) {
        for port in &self.ports {
            let bus = lock(port).seat.bus;
            let free_address = self.free_address(bus);
            lock(port).enumerate(free_address);
        }
    }

    /// Moves the clocks of all boards.
    pub(super) fn passes(&self, duration: Duration) {
        for port in &self.ports {
            lock(port).wait(duration);
        }
        let mut clock = lock(&self.clock);
        *clock = clock.saturating_add(duration);
    }

    /// The next address on a bus: they are given out in turn, from 2 to 127.
    fn free_address(&self, bus: u8) -> u8 {
        let ports = self.ports.iter().map(|port| lock(port));
        let taken: Vec<u8> = ports
            .filter(|port| port.seat.bus == bus)
            .map(|port| port.address)
            .collect();
        let last = taken.iter().copied().max().unwrap_or(1);
        (last.saturating_add(1)..=127)
            .chain(2..=127)
            .find(|address| !taken.contains(address))
            .unwrap_or(127)
    }
}

/// For recordings.
impl SimBus {
    /// Puts into a memory of the first board what it is known to hold. False where it has no such place.
    pub fn put(&self, alternate_setting: u8, address: u32, bytes: &[u8]) -> bool {
        let first = self.ports.first();
        first.is_some_and(|port| lock(port).device.put(alternate_setting, address, bytes))
    }
}

/// For tests: what is in main flash, without a file.
#[cfg(test)]
impl SimBus {
    /// What the board at this place holds, from 0.
    pub fn main_flash(&self, index: usize) -> Vec<u8> {
        lock(&self.ports[index]).device.main_flash().to_vec()
    }

    /// Puts this into it, of the right size.
    pub fn put_main_flash(&self, index: usize, contents: &[u8]) {
        lock(&self.ports[index]).device.put_main_flash(contents);
    }
}

impl Bus for SimBus {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        self.enumerate();
        Ok(self
            .ports
            .iter()
            .map(|port| lock(port))
            .filter(|port| port.device.is_present())
            .filter_map(|port| port.info())
            .collect())
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        self.enumerate();
        let ports = self.ports.iter().map(|port| lock(port));
        let present = ports.filter(|port| port.device.is_present());
        Ok(present
            .map(|port| {
                let occupant = Occupant {
                    ids: port.device.description().ids(),
                    mode: port.info().map(|info| info.mode),
                };
                (port.seat.to_string(), occupant)
            })
            .collect())
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let port = self
            .ports
            .iter()
            .find(|port| {
                let port = lock(port);
                port.seat.bus == device.bus && port.is_at(device.address)
            })
            .ok_or(UsbError::NoDevice)?;
        if let Some(closed) = lock(port).closed() {
            return Err(closed);
        }
        Ok(Box::new(SimTransport {
            bus: self.clone(),
            info: device.clone(),
            port: Arc::clone(port),
            claimed: false,
        }))
    }

    fn identity(&self, device: &DeviceInfo) -> Option<Identity> {
        self.ports
            .iter()
            .find_map(|port| identity(&lock(port), device))
    }

    /// Moves the clocks of all boards. Where one of them is on its way back, or can't be opened yet, that costs a
    /// hundredth of the time, lest a wait without an end keep a processor busy. Elsewhere nothing is due, and the time is
    /// really waited for.
    fn wait(&self, duration: Duration) {
        let mut ports = self.ports.iter();
        let something_is_due = ports.any(|port| lock(port).is_awaited());
        self.passes(duration);
        thread::sleep(if something_is_due {
            duration / 100
        } else {
            duration
        });
    }

    fn now(&self) -> Duration {
        *lock(&self.clock)
    }
}

/// What is known of a device, where it is at this port.
fn identity(port: &Port, info: &DeviceInfo) -> Option<Identity> {
    let is_there = port.seat.to_string() == info.path && port.is_at(info.address);
    let description = port.device.description();
    is_there.then(|| Identity {
        place: info.place(),
        device: description.device(),
        configuration: description.configuration(),
    })
}

/// One opened board of a [`SimBus`].
struct SimTransport {
    bus: SimBus,
    port: Arc<Mutex<Port>>,
    /// The board as it was when it was opened. At another address it is another device.
    info: DeviceInfo,
    /// Whether it was this transport that claimed the interface.
    claimed: bool,
}

impl SimTransport {
    /// What Linux grants a SET_INTERFACE.
    const SET_INTERFACE_TIMEOUT: Duration = Duration::from_secs(5);

    fn transfer(
        &mut self,
        request: ControlRequest,
        length: usize,
        data: &[u8],
        timeout: Duration,
    ) -> Result<Vec<u8>, UsbError> {
        let mut port = lock(&self.port);
        let is_class_request = request.request_type & 0x60 == 0x20;
        if port.address != self.info.address {
            return Err(UsbError::NoDevice);
        }
        if is_class_request && !self.claimed && port.device.is_present() {
            return Err(not_claimed());
        }
        port.transfer(request, length, data, timeout)
    }
}

impl Transport for SimTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        let mut port = lock(&self.port);
        if !port.is_at(self.info.address) {
            return Err(UsbError::NoDevice);
        }
        if port.claimed && !self.claimed || port.device.has(Quirk::Busy) {
            return Err(UsbError::Busy);
        }
        port.claimed = true;
        self.claimed = true;
        Ok(())
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        if !self.claimed {
            return Err(not_claimed());
        }
        let request = set_interface(self.info.interface, alternate_setting);
        self.transfer(request, 0, &[], Self::SET_INTERFACE_TIMEOUT)
            .map(drop)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let bytes = self.transfer(request, buffer.len(), &[], timeout)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        self.transfer(request, data.len(), data, timeout).map(drop)
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        let devices = self.bus.devices()?;
        let back = devices.into_iter().find(|found| self.info.is_again(found));
        self.info = back.ok_or(UsbError::NoDevice)?;
        self.claimed = false;
        Ok(())
    }

    fn is_on_bus(&mut self) -> bool {
        let devices = self.bus.devices();
        devices.is_ok_and(|devices| devices.contains(&self.info))
    }

    fn at_port(&mut self) -> Option<Occupant> {
        self.bus.occupants().ok()?.remove(&self.info.path)
    }

    fn identity(&mut self) -> Option<Identity> {
        identity(&lock(&self.port), &self.info)
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        let mut port = lock(&self.port);
        if !port.is_at(self.info.address) || !port.reset() {
            return Err(UsbError::NoDevice);
        }
        Ok(())
    }

    fn wait(&mut self, duration: Duration) {
        lock(&self.port).wait(duration);
    }

    fn now(&self) -> Duration {
        lock(&self.port).now
    }
}

impl Drop for SimTransport {
    fn drop(&mut self) {
        let mut port = lock(&self.port);
        if self.claimed && port.address == self.info.address {
            port.claimed = false;
        }
    }
}

fn not_claimed() -> UsbError {
    UsbError::Other("the interface was not claimed".to_owned())
}

#[cfg(test)]
mod tests;

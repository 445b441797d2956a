//! Simulated boards behind the seams of `usb`: a bus of them for this process, and the same boards over USB/IP.
//!
//! Written from what ST and DFU 1.1 say of the device's side, not from what our host sends. The way in:
//! [`spec`] reads what was asked for, [`board`] is the table of boards, [`device`] is one of them on the bus,
//! [`bootloader`] its DFU state machine, [`flash`] its memories, made of [`silicon`]; [`quirk`] is what boards do
//! differently, [`fault`] what goes wrong once; [`usbip`] serves them to a kernel.

pub mod board;
mod bootloader;
mod descriptor;
mod device;
#[cfg(test)]
mod diary;
pub mod fault;
mod flash;
pub mod layout;
pub mod quirk;
mod seat;
mod silicon;
pub mod spec;
mod timing;
pub mod usbip;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::usb::descriptor::Descriptors;
use crate::usb::{Bus, ControlRequest, DeviceInfo, Place, Transport, UsbError};
use device::{Device, SET_CONFIGURATION, SET_INTERFACE};
pub use flash::FlashFileError;
use quirk::Quirk;
use seat::Seat;
use spec::BoardSpec;

/// A setup packet (USB 2.0 §9.3), whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// All but the length.
    pub request: ControlRequest,
    /// `wLength`: how many bytes of data follow, or are asked for.
    #[doc(alias = "wLength")]
    pub length: u16,
}

/// What a board answers to a control transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Bytes to the host, no more than it asked for.
    Data(Vec<u8>),
    /// Request and data were taken.
    Acknowledged,
    /// A STALL handshake.
    Stall,
    /// Nothing, for ever.
    Silent,
    /// Nothing, because it is no longer on the bus.
    Gone,
}

/// Simulated boards, instead of USB. Each has a clock of its own, on which waiting costs nothing.
#[derive(Clone)]
pub struct SimBus {
    ports: Vec<Arc<Mutex<Port>>>,
    /// The bus's own clock.
    clock: Arc<Mutex<Duration>>,
}

/// A board and what the bus knows of it.
struct Port {
    seat: Seat,
    /// Another one with every enumeration.
    address: u8,
    device: Device,
    /// The board's clock.
    now: Duration,
    /// When it was enumerated.
    since: Duration,
    claimed: bool,
    /// When somebody saw it leave. From then on the clock on the wall counts, too: nobody may be left to wait on the
    /// board's own.
    left: Option<Instant>,
}

impl Port {
    /// What an operating system does with a new device.
    fn configure(&mut self) {
        let setup = Setup {
            request: ControlRequest {
                request_type: 0x00,
                request: SET_CONFIGURATION,
                value: u16::from(descriptor::CONFIGURATION_VALUE),
                index: 0,
            },
            length: 0,
        };
        self.device.control(&setup, &[], self.now);
    }

    /// Enumerates the board at another address if it has come back.
    fn look(&mut self, free_address: u8) {
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
    fn closed(&self) -> Option<UsbError> {
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

    fn info(&self) -> DeviceInfo {
        device_info(&self.device, self.seat, self.address)
    }
}

impl SimBus {
    /// Plugs the boards in, in this order, at the paths `1-1`, `1-2`, …, and on as many buses as it takes.
    ///
    /// # Errors
    /// [`SimError`] where a flash file can't be used, or where there are too many boards.
    pub fn new(specs: &[BoardSpec]) -> Result<Self, SimError> {
        let ports = Seat::all()
            .zip(devices(specs)?)
            .map(|(seat, device)| {
                let mut port = Port {
                    seat,
                    address: seat.first_address(),
                    device,
                    now: Duration::ZERO,
                    since: Duration::ZERO,
                    claimed: false,
                    left: None,
                };
                port.configure();
                Arc::new(Mutex::new(port))
            })
            .collect();
        Ok(Self {
            ports,
            clock: Arc::default(),
        })
    }
}

impl SimBus {
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
        for port in &self.ports {
            let bus = lock(port).seat.bus;
            let free_address = self.free_address(bus);
            lock(port).look(free_address);
        }
        Ok(self
            .ports
            .iter()
            .map(|port| lock(port))
            .filter(|port| port.device.is_present())
            .map(|port| port.info())
            .collect())
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let port = self
            .ports
            .iter()
            .find(|port| {
                let port = lock(port);
                port.device.is_present()
                    && (port.seat.bus, port.address) == (device.bus, device.address)
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

    /// Moves the clocks of all boards. Where one of them is on its way back, or can't be opened yet, that costs a
    /// hundredth of the time, lest a wait without an end keep a processor busy. Elsewhere nothing is due, and the time is
    /// really waited for.
    fn wait(&self, duration: Duration) {
        let mut something_is_due = false;
        for port in &self.ports {
            let mut port = lock(port);
            something_is_due |= port.device.is_coming_back() || port.closed().is_some();
            port.now = port.now.saturating_add(duration);
        }
        let mut clock = lock(&self.clock);
        *clock = clock.saturating_add(duration);
        drop(clock);
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
    /// The largest data stage that Linux' usbfs carries, in bytes.
    const LARGEST_TRANSFER: u16 = 4096;
    /// What Linux grants a SET_INTERFACE.
    const SET_INTERFACE_TIMEOUT: Duration = Duration::from_secs(5);

    fn transfer(
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
        let mut port = lock(&self.port);
        let is_class_request = request.request_type & 0x60 == 0x20;
        if port.address != self.info.address {
            return Err(UsbError::NoDevice);
        }
        if is_class_request && !self.claimed && port.device.is_present() {
            return Err(UsbError::Other("the interface was not claimed".to_owned()));
        }
        let now = port.now;
        let exchange = port.device.control(&Setup { request, length }, data, now);
        if let Some(failure) = port.device.flash_file_failure() {
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
        port.now = now.saturating_add(taken);
        if exchange.left && port.left.is_none() {
            port.left = Some(Instant::now());
            port.claimed = false;
        }
        answer
    }
}

impl Transport for SimTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        let mut port = lock(&self.port);
        if !port.device.is_present() || port.address != self.info.address {
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
            return Err(UsbError::Other("the interface was not claimed".to_owned()));
        }
        let request = ControlRequest {
            request_type: 0x01,
            request: SET_INTERFACE,
            value: u16::from(alternate_setting),
            index: u16::from(descriptor::INTERFACE_NUMBER),
        };
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

    /// The bootloaders take no notice of a reset; applications here detach by themselves.
    fn reset(&mut self) -> Result<(), UsbError> {
        Ok(())
    }

    fn wait(&mut self, duration: Duration) {
        let mut port = lock(&self.port);
        port.now = port.now.saturating_add(duration);
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

/// Why simulated boards can't be made.
#[derive(Debug, Error)]
pub enum SimError {
    /// A flash file can't be used.
    #[error(transparent)]
    FlashFile(#[from] FlashFileError),
    /// More than there are ports for.
    #[error("there can be {} simulated boards at most", Seat::COUNT)]
    TooManyBoards,
}

/// The boards that were asked for. Where the same serial would come twice without having been asked for, the later
/// board gets another.
fn devices(specs: &[BoardSpec]) -> Result<Vec<Device>, SimError> {
    if specs.len() > Seat::COUNT {
        return Err(SimError::TooManyBoards);
    }
    let mut serials: HashSet<String> = specs
        .iter()
        .filter_map(|spec| spec.serial.clone())
        .collect();
    let mut devices = Vec::new();
    for spec in specs {
        let serial = spec.serial.clone().unwrap_or_else(|| {
            let mut serial = spec.board.serial.to_owned();
            while !serials.insert(serial.clone()) {
                serial = next_serial(&serial);
            }
            serial
        });
        let mut device = Device::new(spec, serial);
        if let Some(path) = &spec.flash {
            device.keep_flash_in(path)?;
        }
        devices.push(device);
    }
    Ok(devices)
}

/// The serial after this one: counted up at its end, digits as hexadecimal ones and other letters among themselves.
fn next_serial(serial: &str) -> String {
    let mut characters: Vec<char> = serial.chars().collect();
    for character in characters.iter_mut().rev() {
        let (next, carry) = match *character {
            '9' => ('A', false),
            'F' => ('0', true),
            'Z' => ('G', true),
            digit @ ('0'..='8' | 'A'..='E' | 'G'..='Y') => (char::from(digit as u8 + 1), false),
            other => (other, true),
        };
        *character = next;
        if !carry {
            break;
        }
    }
    characters.into_iter().collect()
}

/// What the bus tells of a board that is plugged in there: what its descriptors say.
fn device_info(device: &Device, seat: Seat, address: u8) -> DeviceInfo {
    let place = Place {
        bus: seat.bus,
        address,
        path: seat.to_string(),
    };
    let description = device.description();
    Descriptors::parse(&description.device(), &description.configuration())
        .and_then(|said| DeviceInfo::new(place, &said))
        .expect("every board has a DFU interface")
}

/// A board in the middle of a request that panicked is still a board.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::layout::claimed_layout;
    use super::quirk::Quirks;
    use super::*;
    use crate::usb::DfuMode;
    use crate::usb::string::read_string;

    const GET_STATUS: ControlRequest = ControlRequest {
        request_type: 0xA1,
        request: 3,
        value: 0,
        index: 0,
    };
    const DNLOAD: ControlRequest = ControlRequest {
        request_type: 0x21,
        request: 1,
        value: 0,
        index: 0,
    };
    const SECOND: Duration = Duration::from_secs(1);

    fn bus(specs: &[&str]) -> SimBus {
        let specs: Vec<BoardSpec> = specs
            .iter()
            .map(|spec| spec.parse().expect("good"))
            .collect();
        SimBus::new(&specs).expect("no files")
    }

    fn open(bus: &SimBus, index: usize) -> Box<dyn Transport> {
        let devices = bus.devices().expect("there is a bus");
        bus.open(&devices[index]).expect("on the bus")
    }

    fn serials(specs: &[&str]) -> Vec<String> {
        let bus = bus(specs);
        (0..specs.len())
            .map(|index| {
                read_string(&mut *open(&bus, index), 3)
                    .expect("answered")
                    .expect("not 0")
            })
            .collect()
    }

    #[test]
    fn an_f405_is_seen_as_on_a_real_bus() {
        let bus = bus(&["f405"]);
        let devices = bus.devices().expect("there is a bus");
        let [device] = &devices[..] else {
            panic!("one board: {devices:?}");
        };
        assert_eq!((device.bus, device.address), (1, 2));
        assert_eq!(device.path, "1-1");
        assert_eq!((device.vendor_id, device.product_id), (0x0483, 0xDF11));
        assert_eq!(device.transfer_size(), 2048);
        assert_eq!(device.mode, DfuMode::Dfu);
        let mut transport = bus.open(device).expect("on the bus");
        let mut string = |index| {
            read_string(&mut *transport, index)
                .expect("answered")
                .expect("not 0")
        };
        assert_eq!(string(device.product_index), "STM32  BOOTLOADER");
        assert_eq!(string(device.serial_index), "336133663433");
        let layouts: Vec<String> = device
            .alternate_settings
            .iter()
            .map(|setting| string(setting.string_index))
            .collect();
        assert_eq!(
            layouts,
            [
                "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                "@Option Bytes  /0x1FFFC000/01*016 e",
                "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
                "@Device Feature/0xFFFF0000/01*004 e",
            ]
        );
    }

    #[test]
    fn every_board_of_the_table_can_be_listed_and_read() {
        for board in board::BOARDS {
            // Garbage behind a layout is told elsewhere.
            let spec = match board.name {
                "f429" => "f429,quirk=none",
                name => name,
            };
            let bus = bus(&[spec]);
            let device = bus.devices().expect("there is a bus").remove(0);
            assert_eq!(
                device.transfer_size(),
                board.transfer_size,
                "{}",
                board.name
            );
            let mut transport = bus.open(&device).expect("on the bus");
            assert_eq!(
                read_string(&mut *transport, device.serial_index),
                Ok(Some(board.serial.to_owned()))
            );
            for setting in &device.alternate_settings {
                let quirks = Quirks::new(board.quirks);
                let layout = claimed_layout(board, &quirks, setting.number).expect("a layout");
                assert_eq!(
                    read_string(&mut *transport, setting.string_index),
                    Ok(Some(layout.into_owned()))
                );
            }
        }
    }

    #[test]
    fn boards_stand_side_by_side_in_the_order_given() {
        let bus = bus(&["l476", "f405"]);
        let devices = bus.devices().expect("there is a bus");
        let seen: Vec<(&str, u8, usize)> = devices
            .iter()
            .map(|device| {
                (
                    device.path.as_str(),
                    device.address,
                    device.alternate_settings.len(),
                )
            })
            .collect();
        assert_eq!(seen, [("1-1", 2, 4), ("1-2", 3, 4)]);
    }

    #[test]
    fn the_same_board_twice_has_two_serials_always_the_same_ones() {
        assert_eq!(
            serials(&["f405", "f405", "f405"]),
            ["336133663433", "336133663434", "336133663435"]
        );
        assert_eq!(serials(&["f072", "f072"]), ["FFFFFFFEFFFF", "FFFFFFFF0000"]);
        assert_eq!(serials(&["gd32vf103", "gd32vf103"]), ["3CBJ", "3CBK"]);
        assert_eq!(
            serials(&["f405", "f405,serial=336133663433", "f405"]),
            ["336133663434", "336133663433", "336133663435"]
        );
        // Who asks for a collision gets one.
        assert_eq!(serials(&["f405,serial=A", "f405,serial=A"]), ["A", "A"]);
    }

    #[test]
    fn an_interface_is_claimed_by_one_at_a_time() {
        let bus = bus(&["f405"]);
        let mut first = open(&bus, 0);
        let mut second = open(&bus, 0);
        assert_eq!(first.claim(), Ok(()));
        assert_eq!(first.claim(), Ok(()));
        assert_eq!(second.claim(), Err(UsbError::Busy));
        drop(first);
        assert_eq!(second.claim(), Ok(()));
    }

    #[test]
    fn a_board_without_permission_is_listed_and_cannot_be_opened() {
        let bus = bus(&["f405,quirk=no-access", "f405"]);
        let devices = bus.devices().expect("there is a bus");
        assert_eq!(devices.len(), 2);
        assert_eq!(bus.open(&devices[0]).err(), Some(UsbError::AccessDenied));
        assert!(bus.open(&devices[1]).is_ok());
    }

    #[test]
    fn a_board_whose_permission_is_late_can_be_opened_after_half_a_second() {
        let bus = bus(&["f405,quirk=late-access"]);
        let device = bus.devices().expect("there is a bus").remove(0);
        bus.wait(Duration::from_millis(499));
        assert_eq!(bus.open(&device).err(), Some(UsbError::AccessDenied));
        bus.wait(Duration::from_millis(1));
        assert!(bus.open(&device).is_ok());
        assert_eq!(bus.now(), Duration::from_millis(500));
    }

    #[test]
    fn a_container_s_boards_are_listed_and_can_not_be_opened() {
        for (quirk, error) in [
            ("not-permitted", UsbError::NotPermitted),
            (
                "no-node",
                UsbError::NoNode("/dev/bus/usb/001/002".to_owned()),
            ),
        ] {
            let bus = bus(&[&format!("f405,quirk={quirk}")]);
            let device = bus.devices().expect("there is a bus").remove(0);
            assert_eq!(bus.open(&device).err(), Some(error));
        }
    }

    #[test]
    fn waiting_costs_nothing_where_something_is_due_and_is_real_where_not() {
        let begin = Instant::now();
        let bus_with_late_board = bus(&["f405,quirk=no-access", "f405"]);
        bus_with_late_board.wait(Duration::from_secs(20));
        assert_eq!(bus_with_late_board.now(), Duration::from_secs(20));
        assert!(begin.elapsed() < Duration::from_secs(10));
        let begin = Instant::now();
        let bus = bus(&["f405"]);
        bus.wait(Duration::from_millis(100));
        assert!(begin.elapsed() >= Duration::from_millis(100));
        assert_eq!(open(&bus, 0).now(), Duration::from_millis(100));
    }

    #[test]
    fn a_board_that_another_program_holds_can_be_opened_but_not_claimed() {
        let bus = bus(&["f405,quirk=busy"]);
        let mut transport = open(&bus, 0);
        assert!(read_string(&mut *transport, 3).is_ok());
        assert_eq!(transport.claim(), Err(UsbError::Busy));
        assert_eq!(transport.claim(), Err(UsbError::Busy));
    }

    #[test]
    fn an_unplugged_board_is_gone_for_everybody() {
        let bus = bus(&["f405,fault=unplug@2"]);
        let mut transport = open(&bus, 0);
        assert!(read_string(&mut *transport, 3).is_ok());
        assert_eq!(read_string(&mut *transport, 3), Err(UsbError::NoDevice));
        assert_eq!(transport.claim(), Err(UsbError::NoDevice));
        assert_eq!(bus.devices().expect("there is a bus"), []);
    }

    /// Clears errFIRMWARE and leaves.
    fn leave(transport: &mut dyn Transport) {
        transport.claim().expect("free");
        for request in [4, 1] {
            let request = ControlRequest { request, ..DNLOAD };
            transport.control_out(request, &[], SECOND).expect("taken");
        }
        transport
            .control_in(GET_STATUS, &mut [0; 6], SECOND)
            .expect("answered");
    }

    #[test]
    fn a_board_that_comes_back_has_a_new_address_and_is_another_device() {
        let bus = bus(&["f405,quirk=comes-back=60", "f405"]);
        let before = bus.devices().expect("there is a bus").remove(0);
        let mut transport = bus.open(&before).expect("on the bus");
        leave(&mut *transport);
        transport.wait(Duration::from_secs(59));
        assert_eq!(bus.devices().expect("there is a bus").len(), 1);
        transport.wait(SECOND);
        let devices = bus.devices().expect("there is a bus");
        assert_eq!(devices.len(), 2);
        assert_eq!((before.address, devices[0].address), (2, 4));
        assert_eq!(devices[0].path, before.path);
        // What was opened before is gone.
        assert_eq!(
            transport.control_in(GET_STATUS, &mut [0; 6], SECOND),
            Err(UsbError::NoDevice)
        );
        assert_eq!(transport.claim(), Err(UsbError::NoDevice));
        assert_eq!(bus.open(&before).err(), Some(UsbError::NoDevice));
        let mut again = bus.open(&devices[0]).expect("on the bus");
        again.claim().expect("free");
        // And lets go of nothing that another has taken.
        drop(transport);
        assert_eq!(
            bus.open(&devices[0]).expect("on the bus").claim(),
            Err(UsbError::Busy)
        );
    }

    #[test]
    fn a_board_comes_back_by_the_clock_on_the_wall_where_nobody_waits_on_its_own() {
        let bus = bus(&["f405,quirk=comes-back=1"]);
        leave(&mut *open(&bus, 0));
        let left = Instant::now();
        while bus.devices().expect("there is a bus").is_empty() {
            assert!(left.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(left.elapsed() >= Duration::from_millis(900));
    }

    #[test]
    fn after_a_power_cut_a_board_is_back_in_dfu_mode() {
        let bus = bus(&["f405,fault=power-cut@1"]);
        let mut transport = open(&bus, 0);
        assert_eq!(read_string(&mut *transport, 3), Err(UsbError::NoDevice));
        assert_eq!(bus.devices().expect("there is a bus"), []);
        transport.wait(SECOND);
        let devices = bus.devices().expect("there is a bus");
        assert_eq!((devices[0].address, devices[0].mode), (3, DfuMode::Dfu));
    }

    #[test]
    fn a_board_that_runs_its_application_is_listed_as_such_and_can_be_detached() {
        let bus = bus(&["f405,quirk=application"]);
        let device = bus.devices().expect("there is a bus").remove(0);
        assert_eq!(device.mode, DfuMode::Runtime);
        assert_eq!(device.alternate_settings.len(), 1);
        let mut transport = bus.open(&device).expect("on the bus");
        transport.claim().expect("free");
        let detach = ControlRequest {
            request: 0,
            ..DNLOAD
        };
        assert_eq!(transport.control_out(detach, &[], SECOND), Ok(()));
        transport.wait(SECOND);
        let device = bus.devices().expect("there is a bus").remove(0);
        assert_eq!(device.mode, DfuMode::Dfu);
        assert_eq!(device.alternate_settings.len(), 4);
    }

    #[test]
    fn class_requests_need_a_claim_and_descriptors_do_not() {
        let bus = bus(&["f405"]);
        let mut transport = open(&bus, 0);
        assert!(read_string(&mut *transport, 2).is_ok());
        let unclaimed = UsbError::Other("the interface was not claimed".to_owned());
        assert_eq!(
            transport.control_in(GET_STATUS, &mut [0; 6], SECOND),
            Err(unclaimed.clone())
        );
        assert_eq!(transport.set_alternate_setting(0), Err(unclaimed));
        transport.claim().expect("free");
        assert_eq!(transport.control_in(GET_STATUS, &mut [0; 6], SECOND), Ok(6));
        assert_eq!(transport.set_alternate_setting(3), Ok(()));
        assert_eq!(transport.set_alternate_setting(4), Err(UsbError::Stall));
    }

    #[test]
    fn a_board_that_left_is_gone_for_everybody() {
        let bus = bus(&["f405", "h743"]);
        let device = bus.devices().expect("there is a bus").remove(0);
        let mut transport = bus.open(&device).expect("on the bus");
        transport.claim().expect("free");
        let clear_status = ControlRequest {
            request: 4,
            ..DNLOAD
        };
        transport
            .control_out(clear_status, &[], SECOND)
            .expect("in dfuERROR");
        transport
            .control_out(DNLOAD, &[], SECOND)
            .expect("in dfuIDLE");
        let mut status = [0; 6];
        assert_eq!(transport.control_in(GET_STATUS, &mut status, SECOND), Ok(6));
        assert_eq!(status, [0, 0, 0, 0, 7, 0]);
        assert_eq!(
            transport.control_in(GET_STATUS, &mut status, SECOND),
            Err(UsbError::NoDevice)
        );
        assert_eq!(transport.claim(), Err(UsbError::NoDevice));
        assert_eq!(bus.open(&device).err(), Some(UsbError::NoDevice));
        let left = bus.devices().expect("there is a bus");
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].path, "1-2");
    }

    #[test]
    fn silence_costs_the_timeout_on_the_board_s_clock() {
        let bus = bus(&["gd32vf103"]);
        let mut transport = open(&bus, 0);
        transport.claim().expect("free");
        let before = transport.now();
        assert_eq!(
            transport.control_out(DNLOAD, &[], SECOND),
            Err(UsbError::Timeout)
        );
        assert_eq!(transport.now() - before, SECOND);
        assert_eq!(
            transport.control_out(DNLOAD, &[], SECOND),
            Err(UsbError::NoDevice)
        );
    }

    #[test]
    fn waiting_and_real_requests_move_the_clock_of_that_board_only() {
        let bus = bus(&["f405,timing=real", "f405"]);
        let mut real = open(&bus, 0);
        let mut other = open(&bus, 1);
        real.wait(Duration::from_secs(3600));
        real.claim().expect("free");
        other.claim().expect("free");
        let before = real.now();
        real.control_in(GET_STATUS, &mut [0; 6], SECOND)
            .expect("answered");
        other
            .control_in(GET_STATUS, &mut [0; 6], SECOND)
            .expect("answered");
        assert!(real.now() - before >= Duration::from_micros(500));
        assert_eq!(other.now(), Duration::ZERO);
        assert_eq!(
            real.control_in(GET_STATUS, &mut [0; 6], Duration::from_micros(100)),
            Err(UsbError::Timeout)
        );
    }

    #[test]
    fn a_transfer_longer_than_linux_carries_is_refused() {
        let bus = bus(&["f405"]);
        let mut transport = open(&bus, 0);
        transport.claim().expect("free");
        for length in [4097, 0x1_0000] {
            assert_eq!(
                transport.control_out(DNLOAD, &vec![0; length], SECOND),
                Err(UsbError::Other(format!(
                    "a control transfer carries at most 4096 bytes, not {length}"
                )))
            );
        }
    }

    #[test]
    fn two_boards_cannot_share_a_flash_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("board.bin");
        let spec: BoardSpec = format!("f405,flash={}", file.display())
            .parse()
            .expect("good");
        let error = SimBus::new(&[spec.clone(), spec]).err().expect("refused");
        assert_eq!(
            error.to_string(),
            format!(
                "the flash file {} is in use by another simulated board",
                file.display()
            )
        );
    }

    #[test]
    fn boards_can_be_driven_from_several_threads() {
        let bus = bus(&["f405", "l476", "g0b1"]);
        std::thread::scope(|scope| {
            for index in 0..3 {
                let mut transport = open(&bus, index);
                scope.spawn(move || {
                    transport.claim().expect("free");
                    for _ in 0..100 {
                        transport
                            .control_in(GET_STATUS, &mut [0; 6], SECOND)
                            .expect("answered");
                    }
                });
            }
        });
    }
}

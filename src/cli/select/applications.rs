//! Boards that run their application, and how each can be asked for DFU mode.

use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::other::{Other, Reason};
use super::{OnTransfer, SelectError, Selection, says_serial};
use crate::board::{Board, BoardName};
use crate::chip::serial_port::{Asks, asks};
use crate::cli::args::enter::{Asking, HowToEnter};
use crate::cli::environment::Variable;
use crate::cli::machine::Machine;
use crate::printable::Said;
use crate::usb::serial::{SerialDevice, SerialPortInfo};
use crate::usb::{Occupant, UsbError};

/// A board that runs its application.
pub struct Application {
    /// Which it is.
    pub identity: Identity,
    /// How it is asked.
    pub way: Way,
}

/// What is known of a device before it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where it is plugged in.
    pub path: String,
    /// Its serial number, if it is known.
    pub serial: Option<Said>,
    /// `idVendor`, `idProduct`
    pub ids: (u16, u16),
}

/// How an application is asked for DFU mode.
pub enum Way {
    /// DETACH, at its DFU run-time interface.
    Detach(Board),
    /// A touch at 1200 baud of the first of these serial ports.
    Touch(Ports),
    /// At MicroPython's prompt, at the first of these serial ports.
    MicroPython(Ports),
}

/// The serial ports of a board.
pub struct Ports {
    /// The one to use: that of its first interface, or the one that was named.
    pub used: String,
    /// The others.
    pub others: Vec<String>,
}

/// What was found on the bus.
pub struct Running {
    /// Those that can be asked.
    pub applications: Vec<Application>,
    /// What can't be.
    pub others: Vec<Other>,
}

/// A USB device with serial ports.
struct Device<'p> {
    said: &'p SerialDevice,
    /// `None` where that can't be told.
    path: Option<String>,
    has_dfu_interface: bool,
    ports: Vec<&'p str>,
}

impl Application {
    /// What it is known by.
    pub fn name(&self) -> BoardName<'_> {
        self.identity.name()
    }

    /// Why it can't be opened, if so.
    pub fn closed(&self) -> Option<&UsbError> {
        match &self.way {
            Way::Detach(board) => board.opened.as_ref().err(),
            Way::Touch(_) | Way::MicroPython(_) => None,
        }
    }
}

impl Selection {
    /// The boards that are asked for and run their application, of those that can be asked as `asking` says.
    pub(super) fn applications(
        &self,
        machine: &Machine,
        watch: &OnTransfer<'_>,
        candidates: Candidates,
        asking: Asking<'_>,
    ) -> Result<Running, SelectError> {
        let bus = machine.bus.as_ref();
        let found = self.in_application(bus, watch, candidates)?;
        let listed = match (asking.how, machine.serial_ports.list()) {
            (Some(HowToEnter::Touch | HowToEnter::Micropython), listed) => listed?,
            (Some(HowToEnter::Detach) | None, listed) => listed.unwrap_or_default(),
        };
        let port = asking.port.map(|port| named(port, &listed));
        let port = port.transpose()?;
        let occupants = machine.bus.occupants().unwrap_or_default();
        let mut devices = devices(&listed, &occupants);
        let mut running = Running {
            applications: Vec::new(),
            others: found.others,
        };
        for board in found.boards {
            let path = Some(board.info.path.clone());
            let own = devices.iter().position(|device| device.path == path);
            let own = own.map(|index| devices.remove(index).ports);
            let identity = Identity::of(&board);
            let way = self.way(
                Some(board),
                own.unwrap_or_default(),
                identity.ids,
                asking.how,
                port,
            );
            running.add(identity, way);
        }
        for device in devices.into_iter().filter(Device::has_no_dfu_interface) {
            let identity = device.identity();
            let way = match (self.leaves_out_identity(&identity), &device.path) {
                (Some(option), _) => Err(Reason::LeftOut(option)),
                (None, None) => Err(Reason::Unplaced),
                (None, Some(_)) => self.way(None, device.ports, identity.ids, asking.how, port),
            };
            running.add(identity, way);
        }
        Ok(running)
    }

    /// How a board is asked, or why it can't be. `port` is the one that was named.
    fn way(
        &self,
        run_time: Option<Board>,
        ports: Vec<&str>,
        ids: (u16, u16),
        how: Option<HowToEnter>,
        port: Option<&str>,
    ) -> Result<Way, Reason> {
        if port.is_some_and(|port| !ports.contains(&port)) {
            return Err(Reason::LeftOut("--port"));
        }
        let is_chosen = self.is_named() || self.id.is_some() || port.is_some();
        let offers_detach = run_time.is_some();
        let chosen = ports.first().map(|first| {
            let used = port.unwrap_or(first);
            let others = ports.iter().filter(|other| **other != used);
            Ports {
                used: used.to_owned(),
                others: others.map(|other| (*other).to_owned()).collect(),
            }
        });
        match (how, run_time, chosen) {
            (None, Some(board), _) if port.is_none() => Ok(Way::Detach(board)),
            (Some(HowToEnter::Detach), Some(board), _) => Ok(Way::Detach(board)),
            (Some(HowToEnter::Detach), None, _) => Err(Reason::NoRunTime),
            (_, _, None) => Err(Reason::NoPort),
            (Some(HowToEnter::Micropython), _, Some(ports)) => {
                match is_chosen || asks(ids) == Some(Asks::MicroPython) {
                    true => Ok(Way::MicroPython(ports)),
                    false => Err(Reason::UnnamedPort),
                }
            }
            (None | Some(HowToEnter::Touch), _, Some(ports)) => match asks(ids) {
                Some(Asks::MicroPython) if how.is_none() => Err(Reason::Serial(Asks::MicroPython)),
                Some(Asks::Touch) => Ok(Way::Touch(ports)),
                _ if is_chosen || offers_detach => Ok(Way::Touch(ports)),
                _ => Err(Reason::UnnamedPort),
            },
        }
    }

    /// The option that leaves out a device that is known by its serial port.
    fn leaves_out_identity(&self, identity: &Identity) -> Option<&'static str> {
        let is_it = |serial: &String| says_serial(identity.serial.as_ref(), serial);
        let by_serial = !self.serial.is_empty() && !self.serial.iter().any(is_it);
        self.leaves_out_place(&identity.path, identity.ids)
            .or_else(|| by_serial.then(|| self.serial_option()))
    }
}

impl Identity {
    /// Of a board with a DFU interface.
    fn of(board: &Board) -> Self {
        Self {
            path: board.info.path.clone(),
            serial: board.serial().cloned(),
            ids: (board.info.vendor_id, board.info.product_id),
        }
    }

    /// What it is known by.
    pub fn name(&self) -> BoardName<'_> {
        BoardName {
            serial: self.serial.as_ref(),
            path: &self.path,
        }
    }

    /// A device that isn't used for this reason.
    pub fn other(self, reason: Reason) -> Other {
        let by_serial = ["--serial", Variable::Serial.name()];
        // Where that is not why, it would only look like it.
        let is_why = !matches!(reason, Reason::LeftOut(option) if !by_serial.contains(&option));
        Other {
            path: self.path,
            vendor_id: self.ids.0,
            product_id: self.ids.1,
            serial: self.serial.filter(|_| is_why),
            reason,
        }
    }
}

impl Device<'_> {
    /// Where nobody can tell its path, its serial port stands for that.
    fn identity(&self) -> Identity {
        let unplaced = self.ports.first().copied().unwrap_or_default();
        Identity {
            path: self.path.clone().unwrap_or_else(|| unplaced.to_owned()),
            serial: self.said.serial.clone(),
            ids: (self.said.vendor_id, self.said.product_id),
        }
    }

    /// With one, that decides what it is.
    fn has_no_dfu_interface(&self) -> bool {
        !self.has_dfu_interface
    }
}

impl Running {
    /// Nothing that runs its application.
    pub fn nothing() -> Self {
        Self {
            applications: Vec::new(),
            others: Vec::new(),
        }
    }

    fn add(&mut self, identity: Identity, way: Result<Way, Reason>) {
        match way {
            Ok(way) => self.applications.push(Application { identity, way }),
            Err(reason) => self.others.push(identity.other(reason)),
        }
    }
}

/// Applications without a DFU interface that are known to leave for DFU mode when they are asked through their serial
/// port.
pub fn known_by_serial_port(selection: &Selection, machine: &Machine) -> Vec<Other> {
    let listed = machine.serial_ports.list().unwrap_or_default();
    let occupants = machine.bus.occupants().unwrap_or_default();
    let devices = devices(&listed, &occupants).into_iter();
    let other = |device: Device<'_>| {
        let identity = device.identity();
        let asks = asks(identity.ids).filter(|_| device.path.is_some())?;
        let left_out = selection.leaves_out_identity(&identity);
        Some(identity.other(left_out.map_or(Reason::Serial(asks), Reason::LeftOut)))
    };
    let devices = devices.filter(Device::has_no_dfu_interface);
    devices.filter_map(other).collect()
}

/// The name in the list of the port that was named, perhaps by a link such as those in /dev/serial/by-id.
fn named<'p>(port: &str, listed: &'p [SerialPortInfo]) -> Result<&'p str, SelectError> {
    let find = |name: &str| {
        let mut listed = listed.iter();
        listed.find(|listed| listed.name == name)
    };
    let linked = || find(std::fs::canonicalize(port).ok()?.to_str()?);
    let found = find(port).or_else(linked);
    let found = found.ok_or_else(|| SelectError::NoPort {
        port: port.to_owned(),
        others: listed.iter().map(|listed| listed.name.clone()).collect(),
    })?;
    match found.device {
        Some(_) => Ok(&found.name),
        None => Err(SelectError::PortNotOnUsb(port.to_owned())),
    }
}

/// The USB devices with serial ports, in the order of their paths.
fn devices<'p>(
    listed: &'p [SerialPortInfo],
    occupants: &BTreeMap<String, Occupant>,
) -> Vec<Device<'p>> {
    let mut devices: Vec<Device<'p>> = Vec::new();
    for SerialPortInfo { name, device } in listed {
        let Some(said) = device else {
            continue;
        };
        if let Some(device) = devices.iter_mut().find(|device| device.said == said) {
            device.ports.push(name);
            continue;
        }
        let path = said.path(occupants);
        let occupant = path.as_ref().and_then(|path| occupants.get(path));
        devices.push(Device {
            said,
            has_dfu_interface: occupant.is_some_and(|occupant| occupant.mode.is_some()),
            path,
            ports: vec![name],
        });
    }
    devices.sort_by(|one, other| one.path.cmp(&other.path));
    devices
}

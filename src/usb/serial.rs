//! The serial ports of the system, and the way through the crate serialport. The only file that names it.
//!
//! Two seams, both object-safe: [`SerialPorts`] lists, touches and opens, [`SerialPort`] carries bytes. The system's ports
//! and those of simulated boards look alike from above.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use serialport::{ClearBuffer, ErrorKind, SerialPortType, UsbPortInfo};

use super::{Occupant, path, port_numbers};
use crate::printable::Said;

/// The speed that asks a board for its bootloader, in baud.
const TOUCH: u32 = 1200;
/// The speed of a conversation, in baud. On USB it means nothing, as long as it isn't that of a touch.
const TALK: u32 = 115_200;
/// How long a port may take to accept what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
/// Where Linux lists its ports. serialport panics without it.
const LINUX_PORTS: &str = "/sys/class/tty";

/// The serial ports, as one backend sees them.
pub trait SerialPorts: Send + Sync {
    /// Every serial port. Those on the same USB device are in the order of its interfaces. Nothing is opened.
    ///
    /// # Errors
    /// In the system's words, where it can't be asked.
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError>;

    /// The touch at 1200 baud: opens the port at that speed, with DTR set, clears DTR, and closes it. Whether the board
    /// leaves for its bootloader, the bus has to tell: it may be gone before the port is closed, which is no error.
    ///
    /// # Errors
    /// [`SerialError`], where the port can't be opened.
    fn touch(&self, name: &str) -> Result<(), SerialError>;

    /// Opens a port to talk through it, with DTR set, and forgets what has come before.
    ///
    /// # Errors
    /// [`SerialError`], where the port can't be opened.
    fn open(&self, name: &str) -> Result<Box<dyn SerialPort>, SerialError>;
}

/// One opened port. Dropping it closes it.
pub trait SerialPort: Send {
    /// Sends all of these bytes.
    ///
    /// # Errors
    /// [`SerialError`]; also where the board has left the bus.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SerialError>;

    /// Waits for bytes, for at most `timeout` on the bus's clock, and returns how many have come; 0 where none has.
    ///
    /// # Errors
    /// [`SerialError`]; also where the board has left the bus.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> Result<usize, SerialError>;
}

/// What the system tells of a serial port that isn't opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialPortInfo {
    /// What opens it: `/dev/ttyACM0`, `COM7`.
    pub name: String,
    /// The USB device that it is on; `None` for one that is on none.
    pub device: Option<SerialDevice>,
}

/// What the system tells of the USB device that a serial port is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialDevice {
    /// Where it is plugged in.
    pub location: Location,
    /// `idVendor`.
    #[doc(alias = "idVendor")]
    pub vendor_id: u16,
    /// `idProduct`.
    #[doc(alias = "idProduct")]
    pub product_id: u16,
    /// The serial number, where it has one. Windows makes one up for a device without.
    pub serial: Option<Said>,
}

impl SerialDevice {
    /// The path that it is plugged in at, on a bus with these `occupants`; `None` where several may be it, or none.
    pub fn path(&self, occupants: &BTreeMap<String, Occupant>) -> Option<String> {
        let ports = match &self.location {
            Location::Path(path) => return Some(path.clone()),
            Location::Ports(ports) => Some(ports),
            Location::Unknown => None,
        };
        let ids = (self.vendor_id, self.product_id);
        let mut alike = occupants.iter().filter(|(path, occupant)| {
            occupant.ids == ids && ports.is_none_or(|ports| port_numbers(path) == *ports)
        });
        let (path, _) = alike.next()?;
        alike.next().is_none().then(|| path.clone())
    }
}

/// Where a serial port's USB device is plugged in, as far as the system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// At this path, as in [`DeviceInfo::path`](super::DeviceInfo::path).
    Path(String),
    /// After these ports, from the root hub's on. Which root hub isn't told in a way that libusb knows, too (Windows).
    Ports(Vec<u8>),
    /// Not told.
    Unknown,
}

/// Why a serial port can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// There is no such port, or no longer.
    #[error("the port is gone")]
    NoPort,
    /// The system denies access to this user (EACCES).
    #[error("permission denied")]
    AccessDenied,
    /// Another program has opened it (EBUSY, or its lock).
    #[error("another program is using the port")]
    Busy,
    /// Whatever else the system said, in its words.
    #[error("{0}")]
    Other(String),
}

/// The serial ports of this machine.
pub struct SystemPorts;

impl SerialPorts for SystemPorts {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        if cfg!(target_os = "linux") && !Path::new(LINUX_PORTS).exists() {
            return Ok(Vec::new());
        }
        let ports = serialport::available_ports().map_err(|error| other(&error))?;
        let mut ports: Vec<(Option<u8>, SerialPortInfo)> = ports
            .into_iter()
            // macOS lists each twice: opening this one waits for a carrier.
            .filter(|port| !port.port_name.starts_with("/dev/tty."))
            .map(described)
            .collect();
        ports.sort_by(|(interface, port), (other_interface, other)| {
            let key = |name: &str| (name.len(), name.to_owned());
            (interface, key(&port.name)).cmp(&(other_interface, key(&other.name)))
        });
        Ok(ports.into_iter().map(|(_, port)| port).collect())
    }

    fn touch(&self, name: &str) -> Result<(), SerialError> {
        let builder = serialport::new(name, TOUCH).dtr_on_open(true);
        let mut port = builder.open().map_err(|error| refusal(&error))?;
        // A board that has left at the change of speed is quicker than this.
        let _ = port.write_data_terminal_ready(false);
        Ok(())
    }

    fn open(&self, name: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        let builder = serialport::new(name, TALK).dtr_on_open(true);
        let port = builder.open().map_err(|error| refusal(&error))?;
        port.clear(ClearBuffer::Input)
            .map_err(|error| other(&error))?;
        Ok(Box::new(SystemPort(port)))
    }
}

/// A port that serialport has opened.
struct SystemPort(Box<dyn serialport::SerialPort>);

impl SystemPort {
    fn set_timeout(&mut self, timeout: Duration) -> Result<(), SerialError> {
        self.0.set_timeout(timeout).map_err(|error| other(&error))
    }
}

impl SerialPort for SystemPort {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SerialError> {
        self.set_timeout(WRITE_TIMEOUT)?;
        self.0.write_all(bytes).map_err(|error| in_words(&error))
    }

    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> Result<usize, SerialError> {
        self.set_timeout(timeout)?;
        match self.0.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(0),
            read => read.map_err(|error| in_words(&error)),
        }
    }
}

/// What serialport says of a port, and the interface that it is on.
fn described(port: serialport::SerialPortInfo) -> (Option<u8>, SerialPortInfo) {
    let (interface, device) = match port.port_type {
        SerialPortType::UsbPort(usb) => (usb.interface, Some(device(usb))),
        SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => {
            (None, None)
        }
    };
    let name = port.port_name;
    (interface, SerialPortInfo { name, device })
}

fn device(usb: UsbPortInfo) -> SerialDevice {
    let location = usb.location.map_or(Location::Unknown, |location| {
        let ports = location.port_chain();
        match location.bus_id().parse::<u8>() {
            Ok(bus) => Location::Path(path(bus, ports)),
            Err(_) => Location::Ports(ports.to_vec()),
        }
    });
    let serial = usb.serial_number.filter(|serial| !serial.is_empty());
    SerialDevice {
        location,
        vendor_id: usb.vid,
        product_id: usb.pid,
        serial: serial.map(Said::from),
    }
}

/// Why a port can't be opened. What serialport calls a missing device is one that is in use: on Unix its lock is taken, and
/// Windows denies access then.
fn refusal(error: &serialport::Error) -> SerialError {
    match error.kind {
        ErrorKind::NoDevice => SerialError::Busy,
        ErrorKind::Io(io::ErrorKind::PermissionDenied) => SerialError::AccessDenied,
        ErrorKind::Io(io::ErrorKind::NotFound) => SerialError::NoPort,
        ErrorKind::Io(_) | ErrorKind::InvalidInput | ErrorKind::Unknown => other(error),
    }
}

fn other(error: &serialport::Error) -> SerialError {
    SerialError::Other(error.to_string())
}

fn in_words(error: &io::Error) -> SerialError {
    SerialError::Other(error.to_string())
}

#[cfg(test)]
mod tests;

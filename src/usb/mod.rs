//! USB as stdfu needs it: which DFU devices are there, and one of them opened.
//!
//! Two seams, both object-safe, so that libusb, the simulator and whatever comes next look alike from above:
//! [`Bus`] finds and opens, [`Transport`] carries control transfers. Nothing here knows a backend or DfuSe.

pub mod descriptor;
mod device;
pub mod libusb;
pub mod limited;
pub mod serial;
pub mod string;
pub mod sysfs;
pub mod tap;

use std::collections::BTreeMap;
use std::time::Duration;

pub use device::{AlternateSetting, DeviceInfo, DfuMode, Place};

/// The devices with a DFU interface, as one backend sees them.
pub trait Bus: Send + Sync {
    /// Every device with a DFU interface, in DFU mode or running its application, ordered by bus and port.
    ///
    /// # Errors
    /// [`UsbError::Unavailable`] where the system has no USB at all.
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError>;

    /// What is plugged in, by its path: with a DFU interface or without, hubs too. What doesn't show yet what it is, is
    /// left out.
    ///
    /// # Errors
    /// [`UsbError::Unavailable`] where the system has no USB at all.
    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError>;

    /// Opens a device that [`Bus::devices`] has reported; nothing is sent to it yet.
    ///
    /// # Errors
    /// [`UsbError::AccessDenied`] and [`UsbError::NoNode`] may pass in a moment: see [`UsbError::may_pass`].
    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError>;

    /// What the system knows of a device that [`Bus::devices`] has reported, also where it can't be opened. `None` where
    /// that can't be told.
    fn identity(&self, _device: &DeviceInfo) -> Option<Identity> {
        None
    }

    /// Lets time pass between two looks.
    fn wait(&self, duration: Duration);

    /// Time on the bus's clock, from an arbitrary start. Only differences mean something.
    fn now(&self) -> Duration;
}

/// One opened device, cut at the control transfer.
pub trait Transport: Send {
    /// Takes the DFU interface for us alone. Needed before class requests, not for reading descriptors.
    fn claim(&mut self) -> Result<(), UsbError>;

    /// Chooses the alternate setting of the DFU interface (SET_INTERFACE).
    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError>;

    /// A control transfer from the device. Returns how many bytes of `buffer` were filled: fewer than asked for is
    /// no error. `wLength` is the buffer's length.
    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError>;

    /// A control transfer to the device, all of `data` or an error.
    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError>;

    /// Opens the device anew that was lost, if it is back at the same port as what it was: with the same ids and the
    /// same DFU interface. It has to be claimed again.
    ///
    /// # Errors
    /// [`UsbError::NoDevice`] as long as it is not there.
    fn reopen(&mut self) -> Result<(), UsbError>;

    /// Whether the system still has this very device: on its bus, under its number, in its shape. Nothing is sent to it,
    /// so that a device that has hung itself up is there all the same. It takes the system a moment to notice that one
    /// has gone; and where it can't tell, the device is taken for there.
    fn is_on_bus(&mut self) -> bool;

    /// What is at the port of the device that was opened: itself, what it has become, or anything else that was plugged
    /// in there, with a DFU interface or without. `None` where nothing is, or nothing that shows yet what it is.
    fn at_port(&mut self) -> Option<Occupant>;

    /// What the system knows of the device that is opened, its descriptors as they are. Nothing is sent to it. `None` where
    /// that can't be told.
    fn identity(&mut self) -> Option<Identity> {
        None
    }

    /// Resets the port the device is at; it enumerates anew, as something else perhaps.
    ///
    /// # Errors
    /// Also where the system resets no port for a program: Windows.
    fn reset(&mut self) -> Result<(), UsbError>;

    /// Lets time pass. The only place where anything waits.
    fn wait(&mut self, duration: Duration);

    /// Time on this transport's clock, from an arbitrary start. Only differences mean something.
    fn now(&self) -> Duration;
}

/// A device, as the system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where it is.
    pub place: Place,
    /// Its device descriptor (USB 2.0 §9.6.1).
    pub device: Vec<u8>,
    /// The descriptor of its active configuration, with all that belongs to it (USB 2.0 §9.6.3).
    pub configuration: Vec<u8>,
}

/// What is at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupant {
    /// `idVendor`, `idProduct`.
    pub ids: (u16, u16),
    /// What its DFU interface is for; `None` without one.
    pub mode: Option<DfuMode>,
}

/// The first six bytes of a setup packet (USB 2.0 §9.3); `wLength` comes from the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlRequest {
    /// `bmRequestType`: direction, type and recipient.
    #[doc(alias = "bmRequestType")]
    pub request_type: u8,
    /// `bRequest`.
    #[doc(alias = "bRequest")]
    pub request: u8,
    /// `wValue`.
    #[doc(alias = "wValue")]
    pub value: u16,
    /// `wIndex`: the interface number for class requests, the language for string descriptors.
    #[doc(alias = "wIndex")]
    pub index: u16,
}

/// SET_INTERFACE (USB 2.0 §9.4.10), which has no data.
pub fn set_interface(interface: u8, alternate_setting: u8) -> ControlRequest {
    ControlRequest {
        request_type: 0x01,
        request: 11,
        value: alternate_setting.into(),
        index: interface.into(),
    }
}

/// Why a transfer, or anything else on USB, did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsbError {
    /// The device refused the request: a STALL handshake.
    #[error("the device refused the request (STALL)")]
    Stall,
    /// No answer within the time allowed.
    #[error("no answer in time")]
    Timeout,
    /// The device is no longer on the bus (ENODEV).
    #[error("the device is gone")]
    NoDevice,
    /// The transfer broke off: electrical trouble, or a device about to disappear.
    #[error("the transfer failed on the bus")]
    Io,
    /// The system denies access to this user (EACCES).
    #[error("permission denied")]
    AccessDenied,
    /// The system denies access to everybody in here, root too (EPERM): the device rules of a container.
    #[error("operation not permitted")]
    NotPermitted,
    /// The system knows the device, and there is no node to open it by (ENOENT). This one is missing.
    #[error("there is no {0}")]
    NoNode(String),
    /// Another program, or a kernel driver, holds the interface (EBUSY).
    #[error("another program is using the device")]
    Busy,
    /// The system has no driver through which the device could be reached (Windows without WinUSB).
    #[error("no usable driver is installed for the device")]
    DriverMissing,
    /// There is no USB on this system.
    #[error("USB is not available on this system: {0}")]
    Unavailable(String),
    /// A recording stands in the place of the device, and doesn't have its answer.
    #[error("{0}")]
    NotRecorded(NotRecorded),
    /// Whatever else the backend said, in its words.
    #[error("{0}")]
    Other(String),
}

/// What a recording in the place of a device doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// The bytes that were read.
    #[error("the recording leaves out the bytes that were read")]
    Bytes,
    /// What is in a memory.
    #[error("the recording doesn't tell what is there")]
    Memory,
    /// A descriptor or a string.
    #[error("the recording doesn't tell it")]
    Descriptor,
    /// The request: what was asked, and what it has instead.
    #[error("{0}")]
    Request(String),
}

impl UsbError {
    /// Whether opening may work in a moment: Linux shows a device before its node is there, and its node before udev
    /// has said who may open it.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::AccessDenied | Self::NoNode(_))
    }
}

/// `BUS-PORT[.PORT…]`, as sysfs names it.
fn path(bus: u8, ports: &[u8]) -> String {
    let ports: Vec<String> = ports.iter().map(u8::to_string).collect();
    format!("{bus}-{}", ports.join("."))
}

/// The ports of a path as numbers, so that 1-2 comes before 1-10.
fn port_numbers(path: &str) -> Vec<u8> {
    path.split(['-', '.'])
        .skip(1)
        .filter_map(|port| port.parse::<u8>().ok())
        .collect()
}

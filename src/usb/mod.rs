//! USB as stdfu needs it: which DFU devices are there, and one of them opened.
//!
//! Two seams, both object-safe, so that libusb, the simulator and whatever comes next look alike from above:
//! [`Bus`] finds and opens, [`Transport`] carries control transfers. Nothing here knows a backend or DfuSe.

pub mod descriptor;
pub mod libusb;
pub mod trace;

use std::time::Duration;

use descriptor::DfuFunctionalDescriptor;

/// The devices with a DFU interface, as one backend sees them.
pub trait Bus: Send + Sync {
    /// Every device with a DFU interface, in DFU mode or running its application, ordered by bus and port.
    ///
    /// # Errors
    /// [`UsbError::Unavailable`] where the system has no USB at all.
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError>;

    /// Opens a device that [`Bus::devices`] has reported; nothing is sent to it yet.
    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError>;
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

    /// Resets the port the device is at; it enumerates anew, as something else perhaps.
    fn reset(&mut self) -> Result<(), UsbError>;

    /// Lets time pass. The only place where anything waits.
    fn wait(&mut self, duration: Duration);

    /// Time on this transport's clock, from an arbitrary start. Only differences mean something.
    fn now(&self) -> Duration;
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

/// What the bus tells about a device before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Number of the bus, from 1.
    pub bus: u8,
    /// The device's address on that bus; changes with every enumeration.
    pub address: u8,
    /// Where it is plugged in, as in sysfs: `BUS-PORT[.PORT…]`. Stays the same over re-enumeration.
    pub path: String,
    /// `idVendor`.
    #[doc(alias = "idVendor")]
    pub vendor_id: u16,
    /// `idProduct`.
    #[doc(alias = "idProduct")]
    pub product_id: u16,
    /// `bMaxPacketSize0`: 8, 16, 32 or 64.
    #[doc(alias = "bMaxPacketSize0")]
    pub max_packet_size0: u8,
    /// `iProduct`: index of the product string, 0 for none.
    #[doc(alias = "iProduct")]
    pub product_index: u8,
    /// `iSerialNumber`: index of the serial number string, 0 for none.
    #[doc(alias = "iSerialNumber")]
    pub serial_index: u8,
    /// `bInterfaceNumber` of the DFU interface.
    #[doc(alias = "bInterfaceNumber")]
    pub interface: u8,
    /// Whether it is in DFU mode or running its application.
    pub mode: DfuMode,
    /// The DFU interface's alternate settings, in the order of the descriptors. One per memory on DfuSe devices.
    pub alternate_settings: Vec<AlternateSetting>,
    /// The DFU functional descriptor, wherever among the alternate settings it was found.
    pub functional: Option<DfuFunctionalDescriptor>,
}

impl DeviceInfo {
    /// Whether another look at the bus has found the same kind of device at the same port.
    pub fn is_again(&self, found: &Self) -> bool {
        *self
            == Self {
                address: self.address,
                ..found.clone()
            }
    }

    /// The largest block to send or ask for, in bytes, 8…4096.
    pub fn transfer_size(&self) -> u16 {
        descriptor::usable_transfer_size(
            self.functional
                .map_or(0, |functional| functional.transfer_size),
            self.max_packet_size0,
        )
    }

    /// Whether the bootloader is listening.
    pub fn is_in_dfu_mode(&self) -> bool {
        self.mode == DfuMode::Dfu
    }

    /// Whether memory can be read back; taken for granted where the device doesn't say.
    pub fn can_upload(&self) -> bool {
        self.functional
            .is_none_or(|functional| functional.can_upload())
    }
}

/// One alternate setting of the DFU interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlternateSetting {
    /// `bAlternateSetting`.
    #[doc(alias = "bAlternateSetting")]
    pub number: u8,
    /// `iInterface`: index of its string, the memory layout on DfuSe devices; 0 for none.
    #[doc(alias = "iInterface")]
    pub string_index: u8,
}

/// `bInterfaceProtocol` of a DFU interface (DFU 1.1 §4.1.2 and §4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfuMode {
    /// Protocol 1: the application is running and can be asked to detach.
    Runtime,
    /// Protocol 2: the bootloader is listening.
    Dfu,
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
    /// The device is no longer on the bus.
    #[error("the device is gone")]
    NoDevice,
    /// The transfer broke off: electrical trouble, or a device about to disappear.
    #[error("the transfer failed on the bus")]
    Io,
    /// The system denies access to this user.
    #[error("permission denied")]
    AccessDenied,
    /// Another program, or a kernel driver, holds the interface.
    #[error("another program is using the device")]
    Busy,
    /// The system has no driver through which the device could be reached (Windows without WinUSB).
    #[error("no usable driver is installed for the device")]
    DriverMissing,
    /// There is no USB on this system.
    #[error("USB is not available on this system: {0}")]
    Unavailable(String),
    /// Whatever else the backend said, in its words.
    #[error("{0}")]
    Other(String),
}

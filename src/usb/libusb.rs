//! The real bus, through libusb. The only file that names rusb.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusb::{Context, Device, DeviceHandle, Interface, UsbContext};

use super::descriptor::DfuFunctionalDescriptor;
use super::{AlternateSetting, Bus, ControlRequest, DeviceInfo, DfuMode, Transport, UsbError};

/// `bInterfaceClass` and `bInterfaceSubClass` of DFU (DFU 1.1 §4.2.3).
const DFU_CLASS: (u8, u8) = (0xFE, 0x01);
/// Right after enumeration the interface may still be held, so claiming is tried a few times.
const CLAIM_ATTEMPTS: u32 = 5;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// The USB of this machine.
pub struct LibusbBus {
    context: Context,
}

impl LibusbBus {
    /// Opens libusb with a context of our own: rusb's global one panics on a machine without USB.
    ///
    /// # Errors
    /// [`UsbError::Unavailable`] where there is no USB.
    pub fn new() -> Result<Self, UsbError> {
        let context = Context::new().map_err(unavailable)?;
        Ok(Self { context })
    }
}

impl LibusbBus {
    fn handle(&self, info: &DeviceInfo) -> Result<DeviceHandle<Context>, UsbError> {
        let list = self.context.devices().map_err(usb_error)?;
        let device = list
            .iter()
            .find(|device| device.bus_number() == info.bus && device.address() == info.address)
            .ok_or(UsbError::NoDevice)?;
        device.open().map_err(usb_error)
    }
}

impl Bus for LibusbBus {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        let list = self.context.devices().map_err(unavailable)?;
        let mut devices: Vec<DeviceInfo> =
            list.iter().filter_map(|device| describe(&device)).collect();
        devices.sort_by_key(|device| (device.bus, port_numbers(&device.path)));
        Ok(devices)
    }

    fn open(&self, info: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let handle = self.handle(info)?;
        Ok(Box::new(LibusbTransport {
            handle,
            info: info.clone(),
            opened: Instant::now(),
        }))
    }
}

/// A device opened through libusb. Dropping it gives the interface back.
struct LibusbTransport {
    handle: DeviceHandle<Context>,
    info: DeviceInfo,
    opened: Instant,
}

impl Transport for LibusbTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        for _ in 1..CLAIM_ATTEMPTS {
            match self.handle.claim_interface(self.info.interface) {
                Err(rusb::Error::Busy) => self.wait(CLAIM_PAUSE),
                other => return other.map_err(usb_error),
            }
        }
        self.handle
            .claim_interface(self.info.interface)
            .map_err(usb_error)
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        self.handle
            .set_alternate_setting(self.info.interface, alternate_setting)
            .map_err(usb_error)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let ControlRequest {
            request_type,
            request,
            value,
            index,
        } = request;
        self.handle
            .read_control(
                request_type,
                request,
                value,
                index,
                buffer,
                at_least_a_millisecond(timeout),
            )
            .map_err(usb_error)
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let ControlRequest {
            request_type,
            request,
            value,
            index,
        } = request;
        let sent = self
            .handle
            .write_control(
                request_type,
                request,
                value,
                index,
                data,
                at_least_a_millisecond(timeout),
            )
            .map_err(usb_error)?;
        if sent == data.len() {
            Ok(())
        } else {
            Err(UsbError::Io)
        }
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        let context = self.handle.context().clone();
        let bus = LibusbBus { context };
        let devices = bus.devices()?;
        let back = devices.into_iter().find(|found| self.info.is_again(found));
        let info = back.ok_or(UsbError::NoDevice)?;
        self.handle = bus.handle(&info)?;
        self.info = info;
        Ok(())
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        match self.handle.reset() {
            // It came back as another device, which is what a reset is for here.
            Err(rusb::Error::NotFound) => Ok(()),
            other => other.map_err(usb_error),
        }
    }

    fn wait(&mut self, duration: Duration) {
        thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.opened.elapsed()
    }
}

/// libusb takes a timeout of 0 for "wait for ever".
fn at_least_a_millisecond(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}

/// What the descriptors say of a device with a DFU interface; `None` for all others, and for those whose
/// descriptors can't be read.
fn describe(device: &Device<Context>) -> Option<DeviceInfo> {
    let descriptor = device.device_descriptor().ok()?;
    let configuration = device
        .active_config_descriptor()
        .or_else(|_| device.config_descriptor(0))
        .ok()?;
    let (mode, interface) = configuration
        .interfaces()
        .filter_map(|interface| Some((dfu_mode(&interface)?, interface)))
        .max_by_key(|(mode, _)| *mode == DfuMode::Dfu)?;
    let functional = interface
        .descriptors()
        .map(|setting| setting.extra().to_vec())
        .chain([configuration.extra().to_vec()])
        .find_map(|extra| DfuFunctionalDescriptor::find(&extra));
    Some(DeviceInfo {
        bus: device.bus_number(),
        address: device.address(),
        path: path(device),
        vendor_id: descriptor.vendor_id(),
        product_id: descriptor.product_id(),
        max_packet_size0: descriptor.max_packet_size(),
        product_index: descriptor.product_string_index().unwrap_or(0),
        serial_index: descriptor.serial_number_string_index().unwrap_or(0),
        interface: interface.number(),
        mode,
        alternate_settings: interface
            .descriptors()
            .map(|setting| AlternateSetting {
                number: setting.setting_number(),
                string_index: setting.description_string_index().unwrap_or(0),
            })
            .collect(),
        functional,
    })
}

fn dfu_mode(interface: &Interface<'_>) -> Option<DfuMode> {
    let setting = interface.descriptors().next()?;
    match (
        (setting.class_code(), setting.sub_class_code()),
        setting.protocol_code(),
    ) {
        (DFU_CLASS, 1) => Some(DfuMode::Runtime),
        (DFU_CLASS, 2) => Some(DfuMode::Dfu),
        _ => None,
    }
}

/// `BUS-PORT[.PORT…]`, as sysfs names it.
fn path(device: &Device<Context>) -> String {
    let ports: Vec<String> = device
        .port_numbers()
        .unwrap_or_default()
        .iter()
        .map(u8::to_string)
        .collect();
    format!("{}-{}", device.bus_number(), ports.join("."))
}

/// The ports of a path as numbers, so that 1-2 comes before 1-10.
fn port_numbers(path: &str) -> Vec<u8> {
    path.split(['-', '.'])
        .skip(1)
        .filter_map(|port| port.parse::<u8>().ok())
        .collect()
}

/// libusb only says "other error" where Linux has no USB.
fn unavailable(error: rusb::Error) -> UsbError {
    const LINUX_DEVICES: &str = "/dev/bus/usb";
    if cfg!(target_os = "linux") && !Path::new(LINUX_DEVICES).exists() {
        return UsbError::Unavailable(format!("there is no {LINUX_DEVICES}"));
    }
    UsbError::Unavailable(error.to_string())
}

fn usb_error(error: rusb::Error) -> UsbError {
    match error {
        rusb::Error::Pipe => UsbError::Stall,
        rusb::Error::Timeout => UsbError::Timeout,
        rusb::Error::NoDevice => UsbError::NoDevice,
        rusb::Error::Io | rusb::Error::Overflow | rusb::Error::Interrupted => UsbError::Io,
        rusb::Error::Access => UsbError::AccessDenied,
        rusb::Error::Busy => UsbError::Busy,
        rusb::Error::NotSupported | rusb::Error::NotFound => UsbError::DriverMissing,
        other => UsbError::Other(other.to_string()),
    }
}

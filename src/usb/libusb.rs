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

    fn is_on_bus(&mut self) -> bool {
        // In a context of its own: where the system tells nobody of comings and goings, as in some containers, a context
        // goes on seeing what was there when it began.
        let Ok(list) = Context::new().and_then(|context| context.devices()) else {
            return true;
        };
        list.iter().any(|device| {
            let number = (device.bus_number(), device.address());
            is_still_there(&self.info, number, ids(&device), describe(&device).as_ref())
        })
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

/// Whether what is found under a `number`, bus and address, is the device that was `opened`, in the shape that it had.
/// What can't be read of it says nothing: a device that has hung itself up doesn't give its descriptors.
fn is_still_there(
    opened: &DeviceInfo,
    number: (u8, u8),
    ids: Option<(u16, u16)>,
    described: Option<&DeviceInfo>,
) -> bool {
    number == (opened.bus, opened.address)
        && ids.is_none_or(|ids| ids == (opened.vendor_id, opened.product_id))
        && described.is_none_or(|described| described == opened)
}

/// `idVendor` and `idProduct`.
fn ids(device: &Device<Context>) -> Option<(u16, u16)> {
    let descriptor = device.device_descriptor().ok()?;
    Some((descriptor.vendor_id(), descriptor.product_id()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_left_where_its_number_its_ids_or_its_shape_are_others() {
        let opened = DeviceInfo {
            bus: 3,
            address: 7,
            path: "3-1".to_owned(),
            vendor_id: 0x0483,
            product_id: 0xDF11,
            max_packet_size0: 64,
            product_index: 2,
            serial_index: 3,
            interface: 0,
            mode: DfuMode::Dfu,
            alternate_settings: Vec::new(),
            functional: None,
        };
        let application = DeviceInfo {
            mode: DfuMode::Runtime,
            ..opened.clone()
        };
        let elsewhere = DeviceInfo {
            path: "3-2".to_owned(),
            ..opened.clone()
        };
        let ids = Some((0x0483, 0xDF11));
        let check = |number, ids, described, expected| {
            let found = is_still_there(&opened, number, ids, described);
            assert_eq!(found, expected, "{number:?} {ids:?} {described:?}");
        };
        check((3, 7), ids, Some(&opened), true);
        check((3, 8), ids, Some(&opened), false);
        check((2, 7), ids, Some(&opened), false);
        check((3, 7), Some((0x0483, 0x5740)), None, false);
        check((3, 7), ids, Some(&application), false);
        check((3, 7), ids, Some(&elsewhere), false);
        // It is there, and doesn't answer.
        check((3, 7), ids, None, true);
        check((3, 7), None, None, true);
    }
}

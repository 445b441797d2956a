//! The real bus, through libusb. The only file that names rusb, with the one beside it.

mod descriptors;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusb::{Context, Device, DeviceHandle, UsbContext};

use super::descriptor::Descriptors;
use super::{
    Bus, ControlRequest, DeviceInfo, Identity, Occupant, Place, Transport, UsbError, path,
    port_numbers, sysfs,
};
use descriptors::descriptors;

/// Right after enumeration the interface may still be held, so claiming is tried a few times.
const CLAIM_ATTEMPTS: u32 = 5;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// libusb's version, such as 1.0.27.
pub fn version() -> String {
    let version = rusb::version();
    format!(
        "{}.{}.{}",
        version.major(),
        version.minor(),
        version.micro()
    )
}

/// The USB of this machine.
pub struct LibusbBus {
    /// That of the last look, or why libusb can't start.
    context: Mutex<rusb::Result<Context>>,
    started: Instant,
}

impl LibusbBus {
    /// The bus, not looked at yet.
    pub fn new() -> Self {
        Self {
            context: Mutex::new(Err(rusb::Error::NotFound)),
            started: Instant::now(),
        }
    }

    fn handle(&self, info: &DeviceInfo) -> Result<DeviceHandle<Context>, UsbError> {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let context = match context.as_ref() {
            Ok(context) => context,
            Err(error) => {
                return Err(match why_closed(rusb::Error::Other, info) {
                    // The node is there, and no reason.
                    UsbError::Other(_) => unavailable(*error),
                    closed => closed,
                });
            }
        };
        let list = context.devices().map_err(usb_error)?;
        let device = list
            .iter()
            .find(|device| device.bus_number() == info.bus && device.address() == info.address)
            .ok_or(UsbError::NoDevice)?;
        device.open().map_err(|error| why_closed(error, info))
    }
}

impl Bus for LibusbBus {
    /// Each look has a context of its own: one that was there before hears of new devices from udev or the kernel, and
    /// in a container from neither. rusb's global context panics on a machine without USB.
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        let listed = Context::new().and_then(|context| {
            let list = context.devices()?;
            // libusb 1.0.26 sees nothing, not even a root hub, where a later one doesn't start.
            match list.is_empty() && has_no_nodes() {
                true => Err(rusb::Error::Other),
                false => Ok((context, list)),
            }
        });
        let (context, mut devices) = match listed {
            Ok((context, list)) => {
                let devices = list.iter().filter_map(|device| describe(&device)).collect();
                (Ok(context), devices)
            }
            Err(error) => (Err(error), listed_all_the_same(error)?),
        };
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = context;
        devices.sort_by_key(|device: &DeviceInfo| (device.bus, port_numbers(&device.path)));
        Ok(devices)
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        let context = Context::new().map_err(unavailable)?;
        let list = context.devices().map_err(unavailable)?;
        let occupant = |device: Device<Context>| {
            // One whose descriptors can't be read doesn't show what it is.
            descriptors(&device)?;
            let occupant = Occupant {
                ids: ids(&device)?,
                mode: describe(&device).map(|info| info.mode),
            };
            Some((path_of(&device), occupant))
        };
        Ok(list.iter().filter_map(occupant).collect())
    }

    fn open(&self, info: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let handle = self.handle(info)?;
        Ok(Box::new(LibusbTransport {
            handle,
            info: info.clone(),
            opened: Instant::now(),
        }))
    }

    fn identity(&self, info: &DeviceInfo) -> Option<Identity> {
        let listed = Context::new().and_then(|context| context.devices());
        let Ok(list) = listed else {
            return sysfs::identity(info);
        };
        let mut devices = list.iter();
        let device = devices.find(|device| place(device) == info.place())?;
        identity(&device)
    }

    fn wait(&self, duration: Duration) {
        thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The devices that the system lists where libusb can't start, because no node was mapped into a container.
fn listed_all_the_same(error: rusb::Error) -> Result<Vec<DeviceInfo>, UsbError> {
    let devices = sysfs::devices();
    match devices.is_empty() {
        true => Err(unavailable(error)),
        false => Ok(devices),
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
        let interface = self.info.interface;
        patiently(
            || self.handle.claim_interface(interface),
            || thread::sleep(CLAIM_PAUSE),
        )
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
        self.handle
            .read_control(
                request.request_type,
                request.request,
                request.value,
                request.index,
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
        let sent = self
            .handle
            .write_control(
                request.request_type,
                request.request,
                request.value,
                request.index,
                data,
                at_least_a_millisecond(timeout),
            )
            .map_err(usb_error)?;
        all_sent(sent, data.len())
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        let bus = LibusbBus::new();
        let devices = bus.devices()?;
        let back = devices.into_iter().find(|found| self.info.is_again(found));
        let info = back.ok_or(UsbError::NoDevice)?;
        self.handle = bus.handle(&info)?;
        self.info = info;
        Ok(())
    }

    fn is_on_bus(&mut self) -> bool {
        // In a context of its own, like every look. Where libusb can't start, the last node has gone, perhaps with the device.
        let Ok(list) = Context::new().and_then(|context| context.devices()) else {
            return !cfg!(target_os = "linux") || sysfs::lists(&self.info);
        };
        list.iter().any(|device| {
            let number = (device.bus_number(), device.address());
            is_still_there(&self.info, number, ids(&device), describe(&device).as_ref())
        })
    }

    fn at_port(&mut self) -> Option<Occupant> {
        let occupants = LibusbBus::new().occupants();
        occupants.ok()?.remove(&self.info.path)
    }

    fn identity(&mut self) -> Option<Identity> {
        identity(&self.handle.device())
    }

    /// On Windows libusb only resets the pipes of a device with WinUSB, and says that it has reset the device.
    fn reset(&mut self) -> Result<(), UsbError> {
        if cfg!(windows) {
            let refusal = "Windows doesn't let programs reset a port";
            return Err(UsbError::Other(refusal.to_owned()));
        }
        was_reset(self.handle.reset())
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

/// Tries again N times at most while the interface is still held.
fn patiently(
    mut claim: impl FnMut() -> rusb::Result<()>,
    mut pause: impl FnMut(),
) -> rusb::Result<()> {
    for _ in 1..CLAIM_ATTEMPTS {
        match claim() {
            Err(rusb::Error::Busy) => pause(),
            other => return other,
        }
    }
    claim()
}

/// What a reset's answer means.
fn was_reset(answer: rusb::Result<()>) -> Result<(), UsbError> {
    match answer {
        // It came back as another device, which is what a reset is for here.
        Err(rusb::Error::NotFound) => Ok(()),
        other => other.map_err(usb_error),
    }
}

/// A device that took fewer bytes than there were has not taken the request.
fn all_sent(sent: usize, of: usize) -> Result<(), UsbError> {
    if sent == of {
        Ok(())
    } else {
        Err(UsbError::Io)
    }
}

/// libusb takes a timeout of 0 for "wait for ever".
fn at_least_a_millisecond(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}

/// What the descriptors say of a device with a DFU interface; `None` for all others, and for those whose
/// descriptors can't be read.
fn describe(device: &Device<Context>) -> Option<DeviceInfo> {
    let place = place(device);
    let (device, configuration) = descriptors(device)?;
    DeviceInfo::new(place, &Descriptors::parse(&device, &configuration)?)
}

fn identity(device: &Device<Context>) -> Option<Identity> {
    let place = place(device);
    let (device, configuration) = descriptors(device)?;
    Some(Identity {
        place,
        device,
        configuration,
    })
}

/// Where a device is.
fn place(device: &Device<Context>) -> Place {
    Place {
        bus: device.bus_number(),
        address: device.address(),
        path: path_of(device),
    }
}

/// Where a device is plugged in.
fn path_of(device: &Device<Context>) -> String {
    let ports = device.port_numbers().unwrap_or_default();
    path(device.bus_number(), &ports)
}

/// Whether Linux has no USB, or none for this container.
fn has_no_nodes() -> bool {
    cfg!(target_os = "linux") && !Path::new(sysfs::NODES).exists()
}

/// libusb only says "other error" where Linux has no USB.
fn unavailable(error: rusb::Error) -> UsbError {
    if has_no_nodes() {
        return UsbError::Unavailable(format!("there is no {}", sysfs::NODES));
    }
    UsbError::Unavailable(error.to_string())
}

/// Why a device can't be opened. libusb keeps the system's code to itself, so the node is opened once more here.
fn why_closed(said: rusb::Error, info: &DeviceInfo) -> UsbError {
    if !cfg!(target_os = "linux") {
        return usb_error(said);
    }
    let node = sysfs::node(info);
    let opened = OpenOptions::new().read(true).write(true).open(&node);
    closed(said, opened.err(), sysfs::lists(info), &node)
}

/// What `said`, libusb's word, means where opening the node ends so, and where the system lists the device or doesn't.
/// libusb makes EPERM an I/O error and a missing node a missing device (its `get_usbfs_fd`).
fn closed(said: rusb::Error, node: Option<io::Error>, is_listed: bool, path: &Path) -> UsbError {
    const EPERM: i32 = 1;
    let Some(error) = node else {
        // It can be opened by now: who tries again will see.
        return usb_error(said);
    };
    match error.kind() {
        _ if error.raw_os_error() == Some(EPERM) => UsbError::NotPermitted,
        io::ErrorKind::PermissionDenied => UsbError::AccessDenied,
        io::ErrorKind::NotFound if is_listed => UsbError::NoNode(path.display().to_string()),
        io::ErrorKind::NotFound => UsbError::NoDevice,
        _ => usb_error(said),
    }
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
mod tests;

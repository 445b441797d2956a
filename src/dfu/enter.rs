//! From the application into DFU mode: DETACH, and waiting until the board is back. Through its serial port, a touch in
//! [`touch`], MicroPython's prompt in [`micropython`].

pub mod micropython;
pub mod touch;

use std::fmt;
use std::time::Duration;

use crate::printable::Said;
use crate::usb::serial::SerialError;
use crate::usb::{Bus, ControlRequest, DeviceInfo, Transport, UsbError};

use super::protocol::DfuRequest;

/// How long the application may take to let go, in milliseconds, where it doesn't say or says 0 (`wDetachTimeOut`).
const DETACH_TIMEOUT: u16 = 1000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a board may take to come back in DFU mode where nobody says (7 s was seen).
pub const COMES_BACK: Duration = Duration::from_secs(10);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(100);
/// How many such looks are given to an application that has refused to go, or seems to have.
const ATTEMPTS: u32 = 10;

/// Why an application is not in DFU mode.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// It was not to be asked.
    #[error("asking it to detach")]
    Asking(#[source] UsbError),
    /// Its serial port can't be used.
    #[error("asking it through {port}")]
    Port {
        /// The port.
        port: String,
        /// Why not.
        source: SerialError,
    },
    /// Nobody answers at its serial port as MicroPython does.
    #[error("no MicroPython prompt answers at {0}")]
    NoPrompt(String),
    /// MicroPython has answered this.
    #[error("MicroPython refuses: {0}")]
    Refuses(Said),
    /// It has not come back.
    #[error("it was asked to detach, but has not come back in DFU mode")]
    StaysAway,
    /// The same, where it is known what is at its port.
    #[error("{0}")]
    NotBack(AtPort),
    /// It is back, and the system doesn't let us open it.
    #[error("it is back in DFU mode, but can't be opened")]
    Closed(#[source] UsbError),
}

/// What is at the port of a board that is not back in DFU mode in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtPort {
    /// Nothing.
    Nothing,
    /// What was there before: it has not left, or has only restarted.
    Itself,
    /// Something with these ids.
    Other((u16, u16)),
}

impl fmt::Display for AtPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => {
                f.write_str("it has left its application, but has not come back in DFU mode")
            }
            Self::Itself => {
                f.write_str("it was asked, but is running its application, still or again")
            }
            Self::Other((vendor_id, product_id)) => write!(
                f,
                "it has come back as {vendor_id:04x}:{product_id:04x}, which is not in DFU mode"
            ),
        }
    }
}

/// How long to wait for a board on its way into DFU mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// What it may take to come back.
    pub comes_back: Duration,
    /// What opening it may take then.
    pub opens: Duration,
}

/// Asks an application to enter DFU mode, and waits until it can be opened there.
pub fn detach_and_wait(
    bus: &dyn Bus,
    transport: &mut dyn Transport,
    info: &DeviceInfo,
    patience: Patience,
) -> Result<(), EnterError> {
    let reset = detach(transport, info).map_err(EnterError::Asking)?;
    match (until_back(bus, &info.path, patience), reset) {
        // It may have needed none. Where it did, this is why it has not come.
        (Err(EnterError::StaysAway), Err(error)) => Err(EnterError::Asking(error)),
        (ended, _) => ended,
    }
}

/// What is at the port of a board that had these ids and is not back in DFU mode.
pub fn at_port(bus: &dyn Bus, path: &str, ids: (u16, u16)) -> AtPort {
    let occupants = bus.occupants().unwrap_or_default();
    match occupants.get(path) {
        None => AtPort::Nothing,
        Some(occupant) if occupant.ids == ids => AtPort::Itself,
        Some(occupant) => AtPort::Other(occupant.ids),
    }
}

/// Waits until there is a board in DFU mode at the port that can be opened, whatever its ids and its serial number have
/// become.
pub fn until_back(bus: &dyn Bus, path: &str, patience: Patience) -> Result<(), EnterError> {
    let asked = bus.now();
    let mut came = None;
    loop {
        // In a container, its node may have been the only one: then there is no USB for a moment.
        let devices = bus.devices().unwrap_or_default();
        let back = devices
            .iter()
            .find(|device| device.path == path && device.is_in_dfu_mode());
        let now = bus.now();
        match back.map(|device| bus.open(device)) {
            Some(Ok(_)) => return Ok(()),
            None | Some(Err(UsbError::NoDevice)) if now - asked < patience.comes_back => {}
            None => return Err(EnterError::StaysAway),
            Some(Err(error))
                if error.may_pass() && now - *came.get_or_insert(now) < patience.opens => {}
            Some(Err(error)) => return Err(EnterError::Closed(error)),
        }
        bus.wait(PAUSE);
    }
}

/// DFU 1.1 §5.1: DETACH, and a bus reset by the host unless the device says that it detaches by itself. It is in appIDLE
/// or it refuses, so nothing is asked before: some STALL a GETSTATUS there. Returns what became of the reset.
///
/// # Errors
/// What kept the application from hearing of it, or its refusal.
pub fn detach(
    transport: &mut dyn Transport,
    info: &DeviceInfo,
) -> Result<Result<(), UsbError>, UsbError> {
    transport.claim()?;
    // Its run-time interface may be an alternate setting of another one.
    let setting = info.alternate_settings.first();
    if let Some(setting) = setting.filter(|setting| setting.number != 0) {
        transport.set_alternate_setting(setting.number)?;
    }
    let request = ControlRequest {
        request_type: DfuRequest::TO_DEVICE,
        request: DfuRequest::Detach as u8,
        value: detach_timeout(info),
        index: info.interface.into(),
    };
    match transport.control_out(request, &[], REQUEST_TIMEOUT) {
        // It was quicker than its answer.
        Ok(()) | Err(UsbError::NoDevice | UsbError::Io | UsbError::Timeout) => {}
        // Windows makes a STALL of several errors on the bus, so the bus decides.
        Err(UsbError::Stall) if goes(transport) => {}
        Err(error) => return Err(error),
    }
    let functional = info.functional.as_ref();
    if functional.is_some_and(|functional| functional.will_detach()) || !transport.is_on_bus() {
        return Ok(Ok(()));
    }
    Ok(match transport.reset() {
        Ok(()) | Err(UsbError::NoDevice) => Ok(()),
        Err(error) => Err(error),
    })
}

/// What a DETACH says that the application may take, in milliseconds.
fn detach_timeout(info: &DeviceInfo) -> u16 {
    let said = info.functional.map(|functional| functional.detach_timeout);
    said.filter(|timeout| *timeout != 0)
        .unwrap_or(DETACH_TIMEOUT)
}

/// Whether a device goes off the bus within the moment that the system takes to notice.
fn goes(transport: &mut dyn Transport) -> bool {
    for _ in 0..ATTEMPTS {
        if !transport.is_on_bus() {
            return true;
        }
        transport.wait(PAUSE);
    }
    false
}

#[cfg(test)]
mod tests;

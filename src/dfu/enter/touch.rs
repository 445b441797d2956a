//! The touch at 1200 baud, at which applications with a serial port leave for their bootloader.

use crate::usb::Bus;
use crate::usb::serial::{SerialError, SerialPorts};

use super::{ATTEMPTS, EnterError, PAUSE};

/// Touches the serial port of an application. Whether it leaves, the bus has to tell.
///
/// # Errors
/// [`EnterError::Port`], where the port can't be opened.
pub fn touch(bus: &dyn Bus, ports: &dyn SerialPorts, port: &str) -> Result<(), EnterError> {
    match ports.touch(port) {
        // Linux keeps a port's speed. Where that is 1200 since the last touch, a board may leave while it is opened.
        Err(SerialError::NoPort | SerialError::Other(_)) if goes(bus, ports, port) => Ok(()),
        ended => ended.map_err(|source| EnterError::Port {
            port: port.to_owned(),
            source,
        }),
    }
}

/// Whether a port goes within the moment that the system takes to notice.
fn goes(bus: &dyn Bus, ports: &dyn SerialPorts, port: &str) -> bool {
    for _ in 0..ATTEMPTS {
        let listed = ports.list().unwrap_or_default();
        if !listed.iter().any(|listed| listed.name == port) {
            return true;
        }
        bus.wait(PAUSE);
    }
    false
}

#[cfg(test)]
mod tests;

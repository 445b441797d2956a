//! Whether a device has gone off the bus, or is back there: the bus decides, whatever became of the last answers.

use std::time::Duration;

use crate::usb::Occupant;

use super::Link;

/// How long a request may take of a device that may have left already.
pub const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a device may take to drop off the bus, and the system to notice.
pub const LEAVE_DEADLINE: Duration = Duration::from_secs(5);
/// How long to wait between two looks at the bus.
pub const PAUSE_AFTER_LEAVE: Duration = Duration::from_millis(100);

impl Link<'_> {
    /// Whether the system still has the device, as far as it can tell.
    pub fn is_on_bus(&mut self) -> bool {
        self.transport.is_on_bus()
    }

    /// What is at the port of the device.
    pub fn at_port(&mut self) -> Option<Occupant> {
        self.transport.at_port()
    }

    /// Waits until the device is off the bus, and returns whether it is, within the time that this may take.
    pub fn await_departure(&mut self) -> bool {
        let end = self.end_of(LEAVE_DEADLINE);
        while self.is_on_bus() {
            if self.left_until(end).is_none() {
                return false;
            }
            self.transport.wait(PAUSE_AFTER_LEAVE);
        }
        true
    }

    /// Asks a device that may be gone for a sign of life, and returns whether it is: one that answers isn't, one that
    /// doesn't goes off the bus in a moment.
    pub fn check_gone(&mut self) -> bool {
        !self.is_on_bus() || self.get_state(LEAVE_TIMEOUT).is_err() && self.await_departure()
    }

    /// Waits a moment and opens a device anew that was lost. Returns whether it is back, in dfuIDLE and with nothing else
    /// chosen.
    pub fn reopen(&mut self) -> bool {
        self.transport.wait(PAUSE_AFTER_LEAVE);
        let claimed = self
            .transport
            .reopen()
            .and_then(|()| self.transport.claim());
        claimed.is_ok() && self.reach_idle().is_ok()
    }
}

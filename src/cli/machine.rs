//! Where boards are: on a bus, and behind serial ports.

use std::sync::Arc;

use crate::usb::Bus;
use crate::usb::serial::SerialPorts;

/// This machine's, or that of simulated boards.
#[derive(Clone)]
pub struct Machine {
    /// Where its USB devices are.
    pub bus: Arc<dyn Bus>,
    /// Where its serial ports are.
    pub serial_ports: Arc<dyn SerialPorts>,
}

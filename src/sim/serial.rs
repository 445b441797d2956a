//! The serial ports of simulated boards, which have none so far.

use super::SimBus;
use crate::usb::serial::{SerialError, SerialPort, SerialPortInfo, SerialPorts};

impl SerialPorts for SimBus {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        Ok(Vec::new())
    }

    fn touch(&self, _: &str) -> Result<(), SerialError> {
        Err(SerialError::NoPort)
    }

    fn open(&self, _: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        Err(SerialError::NoPort)
    }
}

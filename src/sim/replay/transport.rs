//! A recorded device, opened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::Port;
use super::script::Asked;
use crate::sim::seat::lock;
use crate::usb::{
    ControlRequest, DeviceInfo, Identity, Occupant, Transport, UsbError, set_interface,
};

/// What Linux grants a SET_INTERFACE.
const SET_INTERFACE_TIMEOUT: Duration = Duration::from_secs(5);

/// One opened device of a recording.
pub struct ReplayTransport {
    port: Arc<Mutex<Port>>,
    /// As it was when it was opened.
    info: DeviceInfo,
}

impl ReplayTransport {
    pub fn new(port: Arc<Mutex<Port>>, info: DeviceInfo) -> Self {
        Self { port, info }
    }
}

impl Transport for ReplayTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        lock(&self.port).claim()
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        let request = set_interface(self.info.interface, alternate_setting);
        self.control_out(request, &[], SET_INTERFACE_TIMEOUT)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let asked = Asked {
            request,
            length: buffer.len(),
            data: &[],
            timeout,
        };
        let bytes = lock(&self.port).transfer(asked)?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let asked = Asked {
            request,
            length: data.len(),
            data,
            timeout,
        };
        lock(&self.port).transfer(asked).map(drop)
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        self.info = lock(&self.port).reopen(&self.info)?;
        Ok(())
    }

    fn is_on_bus(&mut self) -> bool {
        lock(&self.port).is_on_bus(&self.info)
    }

    fn at_port(&mut self) -> Option<Occupant> {
        lock(&self.port).occupant()
    }

    fn identity(&mut self) -> Option<Identity> {
        lock(&self.port).identity()
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        lock(&self.port).reset()
    }

    fn wait(&mut self, duration: Duration) {
        lock(&self.port).wait(duration);
    }

    fn now(&self) -> Duration {
        lock(&self.port).now()
    }
}

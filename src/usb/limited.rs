//! A bus whose time is limited: whoever has set the limit is told when it is over, by the bus's own clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Bus, ControlRequest, DeviceInfo, Identity, Occupant, Transport, UsbError};

/// What is called when the time is over: again and again, as long as the work goes on.
pub type OnEnd = fn();

/// A bus around another one.
pub struct LimitedBus {
    inner: Arc<dyn Bus>,
    /// On the clock of `inner`.
    end: Duration,
    on_end: OnEnd,
}

/// A transport around another one.
struct LimitedTransport {
    inner: Box<dyn Transport>,
    /// On the clock of `inner`.
    end: Duration,
    on_end: OnEnd,
}

impl LimitedBus {
    /// With a `limit` from now on.
    pub fn new(inner: Arc<dyn Bus>, limit: Duration, on_end: OnEnd) -> Self {
        Self {
            end: inner.now().saturating_add(limit),
            inner,
            on_end,
        }
    }
}

impl Bus for LimitedBus {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        self.inner.devices()
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        self.inner.occupants()
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let inner = self.inner.open(device)?;
        let left = self.end.saturating_sub(self.inner.now());
        Ok(Box::new(LimitedTransport {
            end: inner.now().saturating_add(left),
            inner,
            on_end: self.on_end,
        }))
    }

    fn identity(&self, device: &DeviceInfo) -> Option<Identity> {
        self.inner.identity(device)
    }

    fn wait(&self, duration: Duration) {
        self.inner.wait(duration);
        if self.inner.now() >= self.end {
            (self.on_end)();
        }
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

impl LimitedTransport {
    fn look_at_the_clock(&self) {
        if self.inner.now() >= self.end {
            (self.on_end)();
        }
    }
}

impl Transport for LimitedTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        self.inner.claim()
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        self.inner.set_alternate_setting(alternate_setting)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let outcome = self.inner.control_in(request, buffer, timeout);
        self.look_at_the_clock();
        outcome
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let outcome = self.inner.control_out(request, data, timeout);
        self.look_at_the_clock();
        outcome
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        self.inner.reopen()
    }

    fn is_on_bus(&mut self) -> bool {
        self.inner.is_on_bus()
    }

    fn at_port(&mut self) -> Option<Occupant> {
        self.inner.at_port()
    }

    fn identity(&mut self) -> Option<Identity> {
        self.inner.identity()
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        self.inner.reset()
    }

    fn wait(&mut self, duration: Duration) {
        self.inner.wait(duration);
        self.look_at_the_clock();
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

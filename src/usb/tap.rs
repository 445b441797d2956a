//! Every control transfer that passes: counted, and shown to whoever watches.

use std::time::Duration;

use super::{ControlRequest, Identity, Occupant, Transport, UsbError, set_interface};

/// One control transfer and how it ended.
#[derive(Debug)]
pub struct Transfer<'a> {
    /// The setup packet, but for the length.
    pub request: ControlRequest,
    /// What was sent, or what was received before it ended.
    pub data: &'a [u8],
    /// `wLength`
    pub length: usize,
    /// How it ended.
    pub outcome: Result<(), &'a UsbError>,
}

/// Shows transfers to somebody.
pub type Watch = Box<dyn FnMut(&Transfer<'_>) + Send>;

/// A transport around another one.
pub struct Tap {
    inner: Box<dyn Transport>,
    watch: Option<Watch>,
    requests: u64,
}

impl Tap {
    /// Counts, and shows each transfer to `watch`.
    pub fn new(inner: Box<dyn Transport>, watch: Option<Watch>) -> Self {
        Self {
            inner,
            watch,
            requests: 0,
        }
    }

    /// How many control transfers there were. What is asked of a device that is gone never reaches the bus.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    fn saw(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        length: usize,
        outcome: Result<(), &UsbError>,
    ) {
        self.requests += u64::from(outcome != Err(&UsbError::NoDevice));
        if let Some(watch) = &mut self.watch {
            watch(&Transfer {
                request,
                data,
                length,
                outcome,
            });
        }
    }
}

impl Transport for Tap {
    fn claim(&mut self) -> Result<(), UsbError> {
        self.inner.claim()
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        let outcome = self.inner.set_alternate_setting(alternate_setting);
        // The system sends it for us, to the DFU interface.
        let request = set_interface(0, alternate_setting);
        self.saw(request, &[], 0, outcome.as_ref().copied());
        outcome
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let outcome = self.inner.control_in(request, buffer, timeout);
        let received = outcome
            .as_ref()
            .map_or(0, |received| (*received).min(buffer.len()));
        self.saw(
            request,
            &buffer[..received],
            buffer.len(),
            outcome.as_ref().map(|_| ()),
        );
        outcome.map(|_| received)
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let outcome = self.inner.control_out(request, data, timeout);
        self.saw(request, data, data.len(), outcome.as_ref().copied());
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
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

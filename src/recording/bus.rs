//! A bus whose every transfer is written down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::firmware::is_firmware;
use super::note::Note;
use super::recorder::{Address, Data, Recorder};
use crate::digest::sha256;
use crate::usb::descriptor::{CONFIGURATION, DEVICE, GET_DESCRIPTOR};
use crate::usb::{
    Bus, ControlRequest, DeviceInfo, Identity, Occupant, Transport, UsbError, set_interface,
};

/// A bus around another one.
pub struct RecordedBus {
    inner: Arc<dyn Bus>,
    recorder: Arc<Recorder>,
    /// When the recording was started, on the clock of `inner`.
    started: Duration,
    firmware: Firmware,
}

/// What becomes of firmware in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// It is recorded.
    Recorded,
    /// Only its length and its hash are.
    LeftOut,
}

impl RecordedBus {
    /// Records from now on.
    pub fn new(inner: Arc<dyn Bus>, recorder: Arc<Recorder>, firmware: Firmware) -> Self {
        Self {
            started: inner.now(),
            inner,
            recorder,
            firmware,
        }
    }

    /// From the recording's start on. Each simulated board has a clock of its own, which may be ahead of the bus's.
    fn time_at(&self, path: &str) -> Duration {
        let time = self.inner.now().saturating_sub(self.started);
        time.max(self.recorder.latest_at(path))
    }

    /// Writes down what could not be opened, and why; once, however often that is tried.
    fn record_closed(&self, device: &DeviceInfo, address: Address, error: &UsbError) {
        let path = &device.path;
        if self.recorder.recognise_closed(path, address, error) {
            return;
        }
        let time = self.time_at(path);
        let notes = vec![Note::NotOpened {
            path: path.clone(),
            error: error.to_string(),
        }];
        match self.inner.identity(device) {
            Some(said) => record_descriptors(&self.recorder, address, time, notes, &said),
            None => self.recorder.leave_over(address.bus, path, time, &notes),
        }
    }
}

/// Writes a device's descriptors down as if they had been asked for: so whoever reads the recording knows it.
fn record_descriptors(
    recorder: &Recorder,
    address: Address,
    time: Duration,
    mut notes: Vec<Note>,
    said: &Identity,
) {
    for (kind, bytes) in [(DEVICE, &said.device), (CONFIGURATION, &said.configuration)] {
        let request = ControlRequest {
            request_type: 0x80,
            request: GET_DESCRIPTOR,
            value: u16::from_be_bytes([kind, 0]),
            index: 0,
        };
        notes.push(Note::FromCache);
        let setup = (request, bytes.len());
        let begun = recorder.begin(address, time, setup, Data::Whole(&[]), &notes);
        recorder.end(
            address,
            time,
            &begun,
            Ok(bytes.len()),
            Data::Whole(bytes),
            &[],
        );
        notes.clear();
    }
}

impl Bus for RecordedBus {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        self.inner.devices()
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        self.inner.occupants()
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let address = Address {
            bus: device.bus,
            device: device.address,
        };
        let inner = match self.inner.open(device) {
            Ok(inner) => inner,
            Err(error) => {
                self.record_closed(device, address, &error);
                return Err(error);
            }
        };
        let mut transport = RecordedTransport {
            opened: self.time_at(&device.path),
            opened_by_its_clock: inner.now(),
            inner,
            recorder: Arc::clone(&self.recorder),
            firmware: self.firmware,
            path: device.path.clone(),
            address,
            interface: device.interface,
            last_end: Duration::ZERO,
            has_gone: false,
            seen: None,
            notes: vec![Note::Opened(device.path.clone())],
        };
        transport.last_end = transport.opened;
        transport.record_descriptors();
        Ok(Box::new(transport))
    }

    fn identity(&self, device: &DeviceInfo) -> Option<Identity> {
        self.inner.identity(device)
    }

    fn wait(&self, duration: Duration) {
        self.inner.wait(duration);
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

/// A transport around another one.
struct RecordedTransport {
    inner: Box<dyn Transport>,
    recorder: Arc<Recorder>,
    firmware: Firmware,
    /// Where it is plugged in.
    path: String,
    address: Address,
    /// `bInterfaceNumber` of the DFU interface.
    interface: u8,
    /// When it was opened, from the recording's start on.
    opened: Duration,
    /// The same on the clock of `inner`.
    opened_by_its_clock: Duration,
    /// When its last transfer ended, from the recording's start on.
    last_end: Duration,
    /// Whether it was seen that it is off the bus.
    has_gone: bool,
    /// What was seen at its port since.
    seen: Option<Occupant>,
    /// What is to be said with the next transfer.
    notes: Vec<Note>,
}

impl RecordedTransport {
    /// From the recording's start on.
    fn time(&self) -> Duration {
        let since = self.inner.now().saturating_sub(self.opened_by_its_clock);
        self.opened.saturating_add(since)
    }

    /// How long ago its last transfer ended.
    fn since_the_last(&self) -> Duration {
        self.time().saturating_sub(self.last_end)
    }

    /// Writes the descriptors down, unless they are known.
    fn record_descriptors(&mut self) {
        let Some(said) = self.inner.identity() else {
            return;
        };
        self.address.device = said.place.address;
        let both = [&said.device[..], &said.configuration].concat();
        if self.recorder.recognise(&self.path, self.address, both) {
            return;
        }
        let (time, notes) = (self.time(), std::mem::take(&mut self.notes));
        record_descriptors(&self.recorder, self.address, time, notes, &said);
        self.recorder.passes(&self.path, time);
        self.last_end = time;
    }

    /// Writes a transfer down: that it begins, and how it ends.
    fn record(
        &mut self,
        request: ControlRequest,
        length: usize,
        sent: &[u8],
        transfer: impl FnOnce(&mut dyn Transport) -> (Result<usize, UsbError>, Vec<u8>),
    ) -> Result<usize, UsbError> {
        let mut notes = std::mem::take(&mut self.notes);
        let data = self.shown(request, sent, &mut notes);
        let setup = (request, length);
        let begun = self
            .recorder
            .begin(self.address, self.time(), setup, data, &notes);
        let (outcome, received) = transfer(self.inner.as_mut());
        let mut notes = match &outcome {
            Ok(_) => Vec::new(),
            Err(error) => note_of(error),
        };
        let data = self.shown(request, &received, &mut notes);
        let (time, ended) = (self.time(), outcome.as_ref().copied());
        self.recorder
            .end(self.address, time, &begun, ended, data, &notes);
        self.recorder.passes(&self.path, time);
        self.last_end = time;
        self.has_gone |= outcome == Err(UsbError::NoDevice);
        outcome
    }

    /// What of a transfer's data is recorded, with a note where that is not all.
    fn shown<'d>(
        &self,
        request: ControlRequest,
        data: &'d [u8],
        notes: &mut Vec<Note>,
    ) -> Data<'d> {
        if self.firmware == Firmware::Recorded || !is_firmware(request, data) {
            return Data::Whole(data);
        }
        notes.push(Note::LeftOut {
            bytes: data.len(),
            sha256: sha256(data),
        });
        Data::LeftOut(data)
    }
}

/// What the status of a transfer can't tell.
fn note_of(error: &UsbError) -> Vec<Note> {
    match error {
        UsbError::NoDevice => vec![Note::Gone],
        UsbError::NoNode(_)
        | UsbError::DriverMissing
        | UsbError::Unavailable(_)
        | UsbError::NotRecorded(_)
        | UsbError::Other(_) => vec![Note::Failed(error.to_string())],
        UsbError::Stall
        | UsbError::Timeout
        | UsbError::Io
        | UsbError::AccessDenied
        | UsbError::NotPermitted
        | UsbError::Busy => Vec::new(),
    }
}

impl Transport for RecordedTransport {
    fn claim(&mut self) -> Result<(), UsbError> {
        let outcome = self.inner.claim();
        let said = outcome.clone().map_err(|error| error.to_string());
        self.notes.push(Note::Claimed(said));
        outcome
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        let request = set_interface(self.interface, alternate_setting);
        let transfer = |inner: &mut dyn Transport| {
            let outcome = inner.set_alternate_setting(alternate_setting);
            (outcome.map(|()| 0), Vec::new())
        };
        self.record(request, 0, &[], transfer).map(drop)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        let length = buffer.len();
        let transfer = |inner: &mut dyn Transport| {
            let outcome = inner.control_in(request, buffer, timeout);
            let received = outcome.as_ref().map_or(0, |received| *received);
            (outcome, buffer[..received.min(buffer.len())].to_vec())
        };
        self.record(request, length, &[], transfer)
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        let transfer = |inner: &mut dyn Transport| {
            let outcome = inner.control_out(request, data, timeout);
            (outcome.map(|()| data.len()), Vec::new())
        };
        self.record(request, data.len(), data, transfer).map(drop)
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        self.inner.reopen()?;
        self.has_gone = false;
        self.seen = None;
        self.last_end = self.time();
        self.notes.push(Note::Back(self.path.clone()));
        self.record_descriptors();
        Ok(())
    }

    fn is_on_bus(&mut self) -> bool {
        let is_there = self.inner.is_on_bus();
        if !is_there && !self.has_gone {
            self.has_gone = true;
            self.notes.push(Note::Left(self.since_the_last()));
        }
        is_there
    }

    fn at_port(&mut self) -> Option<Occupant> {
        let seen = self.inner.at_port();
        if self.has_gone && seen != self.seen {
            let after = self.since_the_last();
            self.notes.extend(seen.map(|seen| Note::Seen(after, seen)));
            self.seen = seen;
        }
        seen
    }

    fn identity(&mut self) -> Option<Identity> {
        self.inner.identity()
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        let outcome = self.inner.reset();
        let said = outcome.clone().map_err(|error| error.to_string());
        self.notes.push(Note::Reset(said));
        outcome
    }

    fn wait(&mut self, duration: Duration) {
        self.inner.wait(duration);
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

impl Drop for RecordedTransport {
    /// What was to be said with a next transfer is said without one.
    fn drop(&mut self) {
        let time = self.time();
        self.recorder.passes(&self.path, time);
        self.recorder
            .leave_over(self.address.bus, &self.path, time, &self.notes);
    }
}

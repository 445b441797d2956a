//! The driver under embassy-usb: one control pipe, on a USB/IP connection.
//!
//! It waits for the host inside `ControlPipe::setup`, so that a device that stays pending has nothing to wait for any more:
//! a bus event is to be handled first, or the device has left the bus.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::{pending, poll_fn};
use std::io::Write;
use std::mem;
use std::net::TcpStream;
use std::rc::Rc;
use std::task::Poll;

use embassy_usb::driver::{
    Bus, ControlPipe, Driver, Endpoint, EndpointAddress, EndpointAllocError, EndpointError,
    EndpointIn, EndpointInfo, EndpointOut, EndpointType, Event, Unsupported,
};

use crate::usbip::{self, Command, Outcome, Submit};

/// What the Linux host asks for at address 0 right after it has reset a port, and nobody else does: 64 bytes of the
/// device descriptor. USB/IP does not carry the reset itself.
const AFTER_RESET: [u8; 8] = [0x80, 6, 0, 1, 0, 0, 64, 0];

/// The wire that both halves of a started driver are on.
pub struct Wire {
    stream: RefCell<TcpStream>,
    /// The transfer that the device has to answer.
    current: RefCell<Option<Submit>>,
    event: Cell<Option<Event>>,
    /// A transfer that arrived together with an event that goes before it.
    held: Cell<bool>,
    off: Cell<bool>,
}

/// A driver, not started.
pub struct OverIp(pub Rc<Wire>);

/// The control pipe of a started driver.
pub struct Pipe {
    wire: Rc<Wire>,
    packet_size: usize,
    /// How much of the current transfer's data the device has taken.
    taken: usize,
    /// What goes to the host in the current transfer.
    answer: Vec<u8>,
}

/// The bus of a started driver.
pub struct Port(Rc<Wire>);

/// There are no other endpoints.
pub enum NoEndpoint {}

impl Wire {
    /// Of a device that has just been plugged in.
    pub fn new(stream: TcpStream) -> Rc<Self> {
        Rc::new(Self {
            stream: RefCell::new(stream),
            current: RefCell::new(None),
            event: Cell::new(Some(Event::PowerDetected)),
            held: Cell::new(false),
            off: Cell::new(false),
        })
    }

    /// Whether the device has left the bus, or the host.
    pub fn is_off(&self) -> bool {
        self.off.get()
    }

    /// Leaves the bus; no request is answered any more.
    pub fn switch_off(&self) {
        self.off.set(true);
    }

    /// The next transfer's setup packet; `None` where an event goes before it, or nothing comes any more.
    fn next_setup(&self) -> Option<[u8; 8]> {
        while !self.is_off() {
            if self.held.take() {
                return self.current.borrow().as_ref().map(|submit| submit.setup);
            }
            let Ok(command) = Command::read(&mut *self.stream.borrow_mut()) else {
                self.switch_off();
                break;
            };
            match command {
                Command::Submit(submit) if submit.endpoint != 0 => {
                    self.reply(&usbip::submit_reply(&submit, &Outcome::Stalled));
                }
                Command::Submit(submit) => {
                    let was_reset = submit.setup == AFTER_RESET;
                    *self.current.borrow_mut() = Some(submit);
                    self.held.set(true);
                    if was_reset {
                        self.event.set(Some(Event::Reset));
                        break;
                    }
                }
                Command::Unlink { sequence, unlinked } => {
                    let mut current = self.current.borrow_mut();
                    let was_waiting = current
                        .take_if(|submit| submit.sequence == unlinked)
                        .is_some();
                    self.reply(&usbip::unlinked(sequence, was_waiting));
                }
            }
        }
        None
    }

    /// Ends the current transfer; where the device has reset itself in it, without an answer.
    fn finish(&self, outcome: &Outcome) {
        let Some(submit) = self.current.borrow_mut().take() else {
            return;
        };
        if self.is_off() {
            tell(&submit.setup, "no answer");
            return;
        }
        tell(&submit.setup, outcome);
        self.reply(&usbip::submit_reply(&submit, outcome));
    }

    fn reply(&self, frame: &[u8]) {
        if self.stream.borrow_mut().write_all(frame).is_err() {
            self.switch_off();
        }
    }
}

impl ControlPipe for Pipe {
    fn max_packet_size(&self) -> usize {
        self.packet_size
    }

    async fn setup(&mut self) -> [u8; 8] {
        poll_fn(|_| self.wire.next_setup().map_or(Poll::Pending, Poll::Ready)).await
    }

    async fn data_out(
        &mut self,
        buffer: &mut [u8],
        first: bool,
        _last: bool,
    ) -> Result<usize, EndpointError> {
        if first {
            self.taken = 0;
        }
        let current = self.wire.current.borrow();
        let data = current.as_ref().map_or(&[][..], |submit| &submit.data);
        let rest = data.get(self.taken..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }

    async fn data_in(&mut self, data: &[u8], first: bool, last: bool) -> Result<(), EndpointError> {
        if first {
            self.answer.clear();
        }
        self.answer.extend(data);
        if last {
            let answer = mem::take(&mut self.answer);
            self.wire.finish(&Outcome::Received(answer));
        }
        Ok(())
    }

    async fn accept(&mut self) {
        self.wire.finish(&Outcome::Accepted);
    }

    async fn reject(&mut self) {
        self.wire.finish(&Outcome::Stalled);
    }

    async fn accept_set_address(&mut self, _: u8) {
        self.wire.finish(&Outcome::Accepted);
    }
}

impl Bus for Port {
    async fn enable(&mut self) {}

    async fn disable(&mut self) {}

    async fn poll(&mut self) -> Event {
        match self.0.event.take() {
            Some(event) => event,
            None => pending().await,
        }
    }

    fn endpoint_set_enabled(&mut self, _: EndpointAddress, _: bool) {}

    fn endpoint_set_stalled(&mut self, _: EndpointAddress, _: bool) {}

    fn endpoint_is_stalled(&mut self, _: EndpointAddress) -> bool {
        false
    }

    async fn remote_wakeup(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

impl<'d> Driver<'d> for OverIp {
    type EndpointOut = NoEndpoint;
    type EndpointIn = NoEndpoint;
    type ControlPipe = Pipe;
    type Bus = Port;

    fn alloc_endpoint_out(
        &mut self,
        _: EndpointType,
        _: Option<EndpointAddress>,
        _: u16,
        _: u8,
    ) -> Result<NoEndpoint, EndpointAllocError> {
        Err(EndpointAllocError)
    }

    fn alloc_endpoint_in(
        &mut self,
        _: EndpointType,
        _: Option<EndpointAddress>,
        _: u16,
        _: u8,
    ) -> Result<NoEndpoint, EndpointAllocError> {
        Err(EndpointAllocError)
    }

    fn start(self, packet_size: u16) -> (Port, Pipe) {
        let pipe = Pipe {
            wire: Rc::clone(&self.0),
            packet_size: packet_size.into(),
            taken: 0,
            answer: Vec::new(),
        };
        (Port(self.0), pipe)
    }
}

impl Endpoint for NoEndpoint {
    fn info(&self) -> &EndpointInfo {
        match *self {}
    }

    async fn wait_enabled(&mut self) {
        match *self {}
    }
}

impl EndpointIn for NoEndpoint {
    async fn write(&mut self, _: &[u8]) -> Result<(), EndpointError> {
        match *self {}
    }
}

impl EndpointOut for NoEndpoint {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, EndpointError> {
        match *self {}
    }
}

/// Prints a request to the DFU class with what came of it.
fn tell(setup: &[u8; 8], outcome: impl Display) {
    const NAMES: [&str; 7] = [
        "DETACH",
        "DNLOAD",
        "UPLOAD",
        "GETSTATUS",
        "CLRSTATUS",
        "GETSTATE",
        "ABORT",
    ];
    let [kind, request, v0, v1, _, _, l0, l1] = *setup;
    if kind & 0x7F != 0x21 {
        return;
    }
    let name = NAMES.get(usize::from(request)).unwrap_or(&"?");
    let value = u16::from_le_bytes([v0, v1]);
    let length = u16::from_le_bytes([l0, l1]);
    println!("{name} value {value} length {length}: {outcome}");
}

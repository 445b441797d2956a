//! Simulated boards for a real kernel: a USB/IP server, one thread a connection.
//!
//! A board that leaves the bus closes its connection, which is how a kernel sees an unplug. Importing it again is
//! plugging it in again with BOOT0 held.

mod connection;
mod conversation;
pub mod frame;

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::descriptor::CONFIGURATION_VALUE;
use super::device::Device;
use super::seat::{Seat, SimError, lock, plug_in};
use super::spec::BoardSpec;
use super::transfer::{Endpoint, Exchange, SET_CONFIGURATION, Setup};
use crate::usb::descriptor::{Descriptors, GET_DESCRIPTOR};
use connection::{Hurried, Lobby, Stranger};
use conversation::{Conversation, Patient, Peer};
use frame::{ExportedDevice, FrameError, Operation};

/// How long to wait before the next client is let in, where the system has no descriptor or no memory left for it.
const BREATHER: Duration = Duration::from_millis(100);

/// Boards that can be attached over the network.
pub struct Server {
    exports: Arc<Vec<Export>>,
    lobby: Lobby,
}

/// One board of a server.
struct Export {
    seat: Seat,
    device: Mutex<Device>,
    imported: Mutex<bool>,
}

/// What to tell people of a board that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedBoard {
    /// What it is attached by, such as `1-1`.
    pub bus_id: String,
    /// Its name in the table of boards.
    pub name: &'static str,
    /// Its serial number.
    pub serial: String,
}

impl Server {
    /// Makes the boards, with bus ids `1-1`, `1-2`, … in this order.
    pub fn new(specs: &[BoardSpec]) -> Result<Self, SimError> {
        let exports = plug_in(specs)?
            .into_iter()
            .map(|(seat, device)| Export {
                seat,
                device: Mutex::new(device),
                imported: Mutex::new(false),
            })
            .collect();
        Ok(Self {
            exports: Arc::new(exports),
            lobby: Lobby::default(),
        })
    }

    /// The boards, in order.
    pub fn boards(&self) -> Vec<ServedBoard> {
        self.exports
            .iter()
            .map(|export| {
                let device = lock(&export.device);
                ServedBoard {
                    bus_id: export.seat.to_string(),
                    name: device.board().name,
                    serial: device.serial().to_owned(),
                }
            })
            .collect()
    }

    /// Serves whoever connects, for ever. What goes wrong on one connection ends that connection only, and what the
    /// system has run out of may be there again in a moment.
    ///
    /// # Errors
    /// Where the listener is none.
    pub fn serve(&self, listener: &TcpListener) -> io::Result<()> {
        let started = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, _)) => self.welcome(stream, started),
                Err(error) => match error.kind() {
                    io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::Interrupted => {}
                    io::ErrorKind::InvalidInput => return Err(error),
                    _ => thread::sleep(BREATHER),
                },
            }
        }
    }

    /// Lets a client that has imported the first board say all of this. What it is sent goes to `replies`.
    ///
    /// # Errors
    /// [`FrameError`] where it has said what can't be understood, or has said all.
    #[cfg_attr(not(test), allow(dead_code, reason = "for the fuzz targets alone"))]
    pub fn converse(&self, mut said: &[u8], replies: &mut Vec<u8>) -> Result<(), FrameError> {
        let started = Instant::now();
        let mut exports = self.exports.iter();
        let import = exports.find_map(|export| Import::begin(export, started.elapsed()));
        let import = import.expect("nobody has it");
        import.conversation(started).hold(&mut said, replies)
    }

    /// Gives a client a thread of its own; hangs up on one for whom there is no room.
    fn welcome(&self, stream: TcpStream, started: Instant) {
        let Some(stranger) = self.lobby.admit() else {
            return;
        };
        let exports = Arc::clone(&self.exports);
        // Where the system has no thread left, this client is hung up on, and nobody else.
        let _ = thread::Builder::new().spawn(move || {
            // Nobody is left to tell when a connection ends, well or not.
            let _ = serve_connection(&stream, stranger, &exports, started);
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

fn serve_connection(
    mut stream: &TcpStream,
    stranger: Stranger,
    exports: &[Export],
    started: Instant,
) -> Result<(), FrameError> {
    connection::prepare(stream)?;
    match Operation::read(&mut Hurried::new(stream))? {
        Operation::ListDevices => {
            let described: Vec<ExportedDevice> = exports
                .iter()
                .map(|export| {
                    let mut device = lock(&export.device);
                    device.passes(started.elapsed());
                    device.comes_back(started.elapsed());
                    exported_device(&device, export.seat)
                })
                .collect();
            stream.write_all(&frame::list_of_devices(&described))?;
            Ok(())
        }
        Operation::Import { bus_id: wanted } => {
            let import = exports
                .iter()
                .find(|export| export.seat.to_string().as_bytes() == wanted)
                .and_then(|export| Import::begin(export, started.elapsed()));
            let Some(import) = import else {
                stream.write_all(&frame::import_reply(None))?;
                return Ok(());
            };
            // Importers are no more than there are boards.
            drop(stranger);
            let described = exported_device(&lock(&import.export.device), import.export.seat);
            stream.write_all(&frame::import_reply(Some(&described)))?;
            stream.set_read_timeout(None)?;
            let conversation = import.conversation(started);
            conversation.hold(&mut Patient(BufReader::new(stream)), &mut stream)
        }
    }
}

/// A board while it is imported: by one client at a time.
struct Import<'a> {
    export: &'a Export,
}

impl<'a> Import<'a> {
    /// `None` where somebody has it already, or where it is off the bus and comes back by itself, but later. Any
    /// other board that had left is plugged in again.
    fn begin(export: &'a Export, now: Duration) -> Option<Self> {
        let mut imported = lock(&export.imported);
        let mut device = lock(&export.device);
        device.passes(now);
        if *imported || !device.is_present() && !device.plug_in(now) {
            return None;
        }
        *imported = true;
        Some(Self { export })
    }

    /// What the client that has imported it will talk to.
    fn conversation(&self, started: Instant) -> Conversation<Imported<'a>> {
        let described = exported_device(&lock(&self.export.device), self.export.seat);
        let board = Imported {
            device: &self.export.device,
            started,
            resets: Resets::default(),
        };
        Conversation::new(described.device_id(), board)
    }
}

impl Drop for Import<'_> {
    fn drop(&mut self) {
        *lock(&self.export.imported) = false;
    }
}

/// A board that is imported, for the conversation about it.
struct Imported<'a> {
    device: &'a Mutex<Device>,
    started: Instant,
    resets: Resets,
}

impl Peer for Imported<'_> {
    fn control(&mut self, setup: &Setup, data: &[u8]) -> Exchange {
        let now = self.started.elapsed();
        let mut device = lock(self.device);
        let reset = self.resets.meant_by(setup, now);
        match reset.filter(|_| device.is_configured()) {
            // Linux would wait five seconds for an answer.
            Some(at) if device.reset(at) => Exchange::FAREWELL,
            _ => device.control(setup, data, now),
        }
    }

    fn transfer(&mut self, endpoint: Endpoint, data: &[u8]) -> Option<Exchange> {
        let now = self.started.elapsed();
        lock(self.device).transfer(endpoint, data, now)
    }
}

/// USB/IP doesn't carry a reset. What Linux does after one is to ask for the device descriptor, and to configure the
/// device anew; nothing else comes between.
#[derive(Default)]
struct Resets {
    /// When the device descriptor was asked for first, right after what may be a reset.
    asked_at: Option<Duration>,
}

impl Resets {
    /// Takes note of a request that comes at the time `now`. When the reset was, if this is what comes after one on a
    /// device that is configured.
    fn meant_by(&mut self, setup: &Setup, now: Duration) -> Option<Duration> {
        let request = setup.request;
        match (request.request_type, request.request, request.value) {
            (0x80, GET_DESCRIPTOR, 0x0100) => {
                self.asked_at.get_or_insert(now);
                None
            }
            (0x00, SET_CONFIGURATION, 1..) => self.asked_at.take(),
            (0x00 | 0x80, ..) => None,
            _ => {
                self.asked_at = None;
                None
            }
        }
    }
}

fn exported_device(device: &Device, seat: Seat) -> ExportedDevice {
    let description = device.description();
    let said = Descriptors::parse(&description.device(), &description.configuration())
        .expect("every board describes itself");
    let mut interfaces = said.interfaces;
    interfaces.dedup_by_key(|interface| interface.number);
    ExportedDevice {
        bus_id: seat.to_string(),
        bus: seat.bus.into(),
        device: seat.first_address().into(),
        vendor_id: said.vendor_id,
        product_id: said.product_id,
        device_release: said.release,
        device_class: description.device_class(),
        configuration: CONFIGURATION_VALUE,
        interface_classes: interfaces.iter().map(|interface| interface.class).collect(),
    }
}

#[cfg(test)]
mod tests;

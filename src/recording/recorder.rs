//! Writes down what passes between the host and its boards, all of them in one file.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::block::{Packet, Section, interface, statistics};
use super::file::{BackgroundFile, Kept, replace};
use super::note::Note;
use super::usbmon::{Event, Header, UNDER_WAY, status};
use crate::usb::{ControlRequest, UsbError};

/// What a comment of the section begins with that has the code which the command ended with.
pub const EXIT_CODE: &str = "exit code: ";
/// What comes after the code where not all is in the recording.
pub const ONLY_BEGINNING: &str = ", and the recording has only the beginning";
/// As long as the command has not ended, and where it was killed. The code takes its place.
const NO_EXIT_CODE: &str = "none, the command was cut off";
/// Room for whatever is said there.
const ROOM: usize = 64;

/// What the file says of itself at its beginning.
#[derive(Debug)]
pub struct About {
    /// Which program has written it, with its version.
    pub application: String,
    /// What is said of the command, a comment each.
    pub comments: Vec<String>,
}

/// A recording on its way to a file.
#[derive(Debug)]
pub struct Recorder {
    state: Mutex<State>,
    /// From 1970 on, in whole microseconds.
    started: Duration,
    /// Where the exit code belongs in the file.
    exit_code_at: u64,
}

#[derive(Debug)]
struct State {
    /// `None` once it is finished.
    file: Option<BackgroundFile>,
    /// The buses that have an interface, in the order of the interfaces.
    buses: Vec<u8>,
    /// That of the last transfer.
    id: u64,
    /// The latest time that something was.
    latest: Duration,
    /// What is known of the ports.
    ports: HashMap<String, Port>,
    /// What was to be said with a next transfer, and there was none; by the bus.
    left_over: Vec<(u8, String)>,
}

/// What is known of a port.
#[derive(Debug, Default)]
struct Port {
    /// When something was last recorded there, from the recording's start on.
    latest: Duration,
    /// The device's address, and its descriptors, as they were recorded.
    known: Option<(u8, Vec<u8>)>,
    /// The address of a device that could not be opened, and why.
    closed: Option<(u8, UsbError)>,
}

/// Why not everything is in a recording.
#[derive(Debug)]
pub enum Incomplete {
    /// It has only the beginning.
    Beginning(io::Error),
    /// It is empty.
    Nothing(io::Error),
}

/// A transfer that has begun.
#[derive(Debug)]
pub struct Begun {
    id: u64,
    is_to_host: bool,
    length: usize,
}

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Number of the bus.
    pub bus: u8,
    /// The device's address there.
    pub device: u8,
}

impl Recorder {
    /// Begins a file.
    ///
    /// # Errors
    /// The system has no thread left to write it.
    pub fn start(file: File, about: About) -> io::Result<Self> {
        let exit_code = format!("{EXIT_CODE}{NO_EXIT_CODE:<ROOM$}");
        let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        let mut comments = about.comments;
        comments.push(exit_code.clone());
        let section = Section {
            system: &system,
            application: &about.application,
            comments: &comments,
        };
        let section = section.to_bytes();
        // It is the last of what is written.
        let at = section
            .windows(exit_code.len())
            .rposition(|bytes| bytes == exit_code.as_bytes());
        let exit_code_at = at.unwrap_or_default() + EXIT_CODE.len();
        let file = BackgroundFile::new(file, &section)?;
        // A clock that stands before 1970 says nothing.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let microseconds = now.unwrap_or_default().as_micros();
        Ok(Self {
            state: Mutex::new(State {
                file: Some(file),
                buses: Vec::new(),
                id: 0,
                latest: Duration::ZERO,
                ports: HashMap::new(),
                left_over: Vec::new(),
            }),
            started: Duration::from_micros(u64::try_from(microseconds).unwrap_or_default()),
            exit_code_at: exit_code_at as u64,
        })
    }

    /// Whether a device is one whose descriptors are in the file already, at this port and under this address. From now on
    /// it is.
    pub fn recognise(&self, path: &str, address: Address, descriptors: Vec<u8>) -> bool {
        let mut state = self.state();
        let port = state.ports.entry(path.to_owned()).or_default();
        let now = Some((address.device, descriptors));
        let is_known = port.known == now;
        port.known = now;
        is_known
    }

    /// Whether it is in the file already that the device at this port and under this address can't be opened, and why.
    /// From now on it is.
    pub fn recognise_closed(&self, path: &str, address: Address, error: &UsbError) -> bool {
        let mut state = self.state();
        let port = state.ports.entry(path.to_owned()).or_default();
        let now = Some((address.device, error.clone()));
        let is_known = port.closed == now;
        port.closed = now;
        is_known
    }

    /// When something was last recorded at a port, from the recording's start on.
    pub fn latest_at(&self, path: &str) -> Duration {
        let state = self.state();
        state
            .ports
            .get(path)
            .map_or(Duration::ZERO, |port| port.latest)
    }

    /// A control transfer begins, with `data` where that goes to the device. `time` counts from the recording's start on.
    pub fn begin(
        &self,
        address: Address,
        time: Duration,
        (request, length): (ControlRequest, usize),
        data: Data<'_>,
        notes: &[Note],
    ) -> Begun {
        let is_to_host = request.request_type & Header::TO_HOST != 0;
        let mut state = self.state();
        state.id += 1;
        let begun = Begun {
            id: state.id,
            is_to_host,
            length,
        };
        let header = Header {
            setup: Some((request, u16::try_from(length).unwrap_or(u16::MAX))),
            data_flag: if is_to_host { b'<' } else { 0 },
            status: UNDER_WAY,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            ..self.header(Event::Submit, &begun, address, time)
        };
        state.push(header, data, notes);
        begun
    }

    /// A transfer has ended, with `data` where that came from the device, `length` bytes of it.
    pub fn end(
        &self,
        address: Address,
        time: Duration,
        begun: &Begun,
        outcome: Result<usize, &UsbError>,
        data: Data<'_>,
        notes: &[Note],
    ) {
        let length = match outcome {
            Ok(received) if begun.is_to_host => received,
            Ok(_) => begun.length,
            Err(_) => 0,
        };
        let header = Header {
            data_flag: if begun.is_to_host { 0 } else { b'>' },
            status: status(outcome.map(drop)),
            length: u32::try_from(length).unwrap_or(u32::MAX),
            ..self.header(Event::Complete, begun, address, time)
        };
        self.state().push(header, data, notes);
    }

    /// Says at the end what no transfer came after.
    pub fn leave_over(&self, bus: u8, path: &str, time: Duration, notes: &[Note]) {
        let mut state = self.state();
        state.latest = state.latest.max(self.started.saturating_add(time));
        let notes = notes.iter().map(|note| (bus, format!("{path}: {note}")));
        state.left_over.extend(notes);
        let mut bytes = Vec::new();
        state.interface(bus, &mut bytes);
        state.add(bytes);
    }

    /// Remembers when something was at a port.
    pub fn passes(&self, path: &str, time: Duration) {
        let mut state = self.state();
        if let Some(port) = state.ports.get_mut(path) {
            port.latest = port.latest.max(time);
        }
    }

    /// Ends the file, with the code that the command ends with.
    ///
    /// # Errors
    /// [`Incomplete`]
    pub fn finish(&self, exit_code: u8) -> Result<(), Incomplete> {
        let mut state = self.state();
        let Some(mut file) = state.file.take() else {
            return Ok(());
        };
        for (interface, bus) in (0..).zip(&state.buses) {
            let comments = state.left_over.iter().filter(|(of, _)| of == bus);
            let comments: Vec<String> = comments.map(|(_, comment)| comment.clone()).collect();
            if !comments.is_empty() {
                file.push(statistics(interface, state.latest, &comments));
            }
        }
        let (file, ended) = match file.finish() {
            Kept::Whole(file) => (Some(file), Ok(())),
            Kept::Beginning(file, error) => (file, Err(error)),
            Kept::Nothing(error) => return Err(Incomplete::Nothing(error)),
        };
        let text = match ended {
            Ok(()) => exit_code.to_string(),
            Err(_) => format!("{exit_code}{ONLY_BEGINNING}"),
        };
        let text = format!("{text:<ROOM$}");
        let replaced = file.map(|mut file| replace(&mut file, self.exit_code_at, text.as_bytes()));
        ended
            .and(replaced.unwrap_or(Ok(())))
            .map_err(Incomplete::Beginning)
    }

    /// What all headers have.
    fn header(&self, event: Event, begun: &Begun, address: Address, time: Duration) -> Header {
        Header {
            id: begun.id,
            event,
            transfer_type: Header::CONTROL,
            endpoint: if begun.is_to_host { Header::TO_HOST } else { 0 },
            device: address.device,
            bus: address.bus.into(),
            setup: None,
            data_flag: 0,
            time: self.started.saturating_add(time),
            status: 0,
            length: 0,
            captured: 0,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The data of a transfer.
#[derive(Debug, Clone, Copy)]
pub enum Data<'d> {
    /// As it was.
    Whole(&'d [u8]),
    /// Not to be recorded.
    LeftOut(&'d [u8]),
}

impl<'d> Data<'d> {
    /// All of it.
    pub fn bytes(self) -> &'d [u8] {
        match self {
            Self::Whole(bytes) | Self::LeftOut(bytes) => bytes,
        }
    }
}

impl State {
    /// Adds a record. Data that the file doesn't have is marked in it.
    fn push(&mut self, mut header: Header, data: Data<'_>, notes: &[Note]) {
        /// Why there is no data, for whoever asks.
        const LEFT_OUT: u8 = b'X';
        let whole = match data {
            Data::Whole(bytes) => bytes,
            Data::LeftOut(_) => {
                header.data_flag = LEFT_OUT;
                &[]
            }
        };
        header.captured = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        let comments: Vec<String> = notes.iter().map(Note::to_string).collect();
        let bus = u8::try_from(header.bus).unwrap_or(u8::MAX);
        let mut bytes = Vec::new();
        let interface = self.interface(bus, &mut bytes);
        self.latest = self.latest.max(header.time);
        let packet = Packet {
            interface,
            time: header.time,
            header: &header.to_bytes(),
            data: whole,
            length: data.bytes().len(),
            comments: &comments,
        };
        bytes.extend(packet.to_bytes());
        self.add(bytes);
    }

    fn add(&mut self, bytes: Vec<u8>) {
        if let Some(file) = self.file.as_mut().filter(|_| !bytes.is_empty()) {
            file.push(bytes);
        }
    }

    /// The interface of a bus. Where it is a new one, its description goes before what comes there.
    fn interface(&mut self, bus: u8, bytes: &mut Vec<u8>) -> u32 {
        let index = self.buses.iter().position(|known| *known == bus);
        let index = index.unwrap_or_else(|| {
            bytes.extend(interface(bus));
            self.buses.push(bus);
            self.buses.len() - 1
        });
        u32::try_from(index).expect("there are 255 buses at most")
    }
}

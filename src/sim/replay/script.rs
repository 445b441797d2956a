//! What the devices of a recording did, port by port.

use std::time::Duration;

use crate::digest::sha256;
use crate::recording::device::{Identity, RecordedDevice};
use crate::recording::note::Note;
use crate::recording::session::Recording;
use crate::recording::transfer::{Outcome, Transfer};
use crate::usb::descriptor::{Descriptors, GET_DESCRIPTOR};
use crate::usb::{self, ControlRequest, DeviceInfo, NotRecorded, Place, UsbError};

/// What was at a port.
pub struct Script {
    /// One after the other: a device that enumerates anew begins another.
    pub lives: Vec<Life>,
    /// What was noted after the last transfer.
    pub last_notes: Vec<Note>,
}

impl Script {
    /// What is known of a descriptor, whenever it was asked for.
    ///
    /// # Errors
    /// It was refused, or the recording doesn't have it.
    pub fn described(&self, asked: Asked<'_>) -> Result<Vec<u8>, UsbError> {
        let lives = self.lives.iter();
        let transfers = lives.flat_map(|life| &life.device.transfers);
        // In whatever language a string was asked for.
        let of = |request: ControlRequest| (request.request_type, request.value);
        let answers = transfers.filter(|transfer| {
            is_get_descriptor(transfer.request) && of(transfer.request) == of(asked.request)
        });
        // Descriptors are asked for in pieces; and what was refused is refused again.
        let known = answers.max_by_key(|transfer| (transfer.is_done(), transfer.data.len()));
        let known = known.ok_or(UsbError::NotRecorded(NotRecorded::Descriptor))?;
        outcome(known)?;
        let length = known.data.len().min(asked.length);
        match known.cut > 0 && length < asked.length {
            true => Err(UsbError::NotRecorded(NotRecorded::Bytes)),
            false => Ok(known.data[..length].to_vec()),
        }
    }
}

/// A device from one enumeration to the next.
pub struct Life {
    /// What the bus told of it.
    pub info: DeviceInfo,
    /// The same, with its descriptors.
    pub said: usb::Identity,
    /// What it is, as far as the recording tells.
    pub identity: Identity,
    /// Why it could not be opened, where it never was.
    pub closed: Option<UsbError>,
    /// When it was first spoken to, from the recording's beginning on.
    pub begins: Duration,
    /// What was asked of it.
    steps: Vec<Step>,
    /// As it was recorded.
    pub device: RecordedDevice,
}

/// Something that was asked of a device.
struct Step {
    /// Which of its transfers that is.
    transfer: usize,
    /// What was noted before it.
    before: Vec<Note>,
}

impl Life {
    /// How often it was asked something.
    pub fn length(&self) -> usize {
        self.steps.len()
    }

    /// What was asked of it then.
    pub fn transfer(&self, step: usize) -> Option<&Transfer> {
        self.device.transfers.get(self.steps.get(step)?.transfer)
    }

    /// What was noted before it; `None` after the last.
    pub fn noted_before(&self, step: usize) -> Option<&[Note]> {
        Some(&self.steps.get(step)?.before)
    }
}

/// A request to a device, with what is sent along.
#[derive(Clone, Copy)]
pub struct Asked<'d> {
    pub request: ControlRequest,
    /// `wLength`
    pub length: usize,
    pub data: &'d [u8],
    pub timeout: Duration,
}

/// Whether this only asks what a device is.
pub fn is_get_descriptor(request: ControlRequest) -> bool {
    matches!(request.request_type, 0x80 | 0x81) && request.request == GET_DESCRIPTOR
}

/// The scripts of the devices with DFU, in the order in which they appear.
pub fn scripts(recording: Recording) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for device in recording.devices {
        let Some(life) = life(device) else {
            continue;
        };
        let at_port = scripts
            .iter_mut()
            .find(|script| script.lives[0].info.path == life.info.path);
        match at_port {
            Some(script) => script.lives.push(life),
            None => scripts.push(Script {
                lives: vec![life],
                last_notes: Vec::new(),
            }),
        }
    }
    for script in &mut scripts {
        let prefix = format!("{}: ", script.lives[0].info.path);
        let words = recording.last_words.iter();
        let notes = words.filter_map(|words| words.strip_prefix(&prefix)?.parse().ok());
        script.last_notes = notes.collect();
    }
    scripts
}

fn life(device: RecordedDevice) -> Option<Life> {
    let first = device.transfers.first()?;
    let (bytes, configuration) = device.descriptors();
    let (bus, address) = device.place;
    let place = Place {
        bus: u8::try_from(bus).unwrap_or(u8::MAX),
        address: u8::try_from(address).unwrap_or(u8::MAX),
        path: device.path().unwrap_or_else(|| format!("{bus}-{address}")),
    };
    let info = DeviceInfo::new(place.clone(), &Descriptors::parse(bytes, configuration)?)?;
    Some(Life {
        info,
        said: usb::Identity {
            place,
            device: bytes.to_vec(),
            configuration: configuration.to_vec(),
        },
        identity: device.identity()?,
        closed: device.why_closed().map(|error| named(&error)),
        begins: first.at,
        steps: steps(&device),
        device,
    })
}

/// What the system already knew was asked of nobody.
fn steps(device: &RecordedDevice) -> Vec<Step> {
    let mut carried: Vec<Note> = Vec::new();
    let mut steps = Vec::new();
    for (number, transfer) in device.transfers.iter().enumerate() {
        carried.extend(notes(transfer.noted_before()));
        if carried.contains(&Note::FromCache) {
            carried.retain(|note| *note != Note::FromCache);
            continue;
        }
        steps.push(Step {
            transfer: number,
            before: std::mem::take(&mut carried),
        });
    }
    steps
}

/// Whether a host asks for what was recorded with an answer. Of data that the recording doesn't have, the hash has to be the
/// same, or what there is of it.
pub fn is_same(recorded: &Transfer, asked: Asked<'_>) -> bool {
    let is_same_data = || match (recorded.cut, left_out(recorded)) {
        (0, _) => *recorded.data == *asked.data,
        (_, Some(hash)) => sha256(asked.data) == hash,
        (_, None) => asked.data.starts_with(&recorded.data),
    };
    recorded.outcome != Outcome::Unknown
        && is_same_request(recorded, asked)
        && (recorded.is_from_device() || is_same_data())
}

/// The same, whatever was sent along.
pub fn is_same_request(recorded: &Transfer, asked: Asked<'_>) -> bool {
    recorded.request == asked.request && usize::from(recorded.length) == asked.length
}

/// The SHA-256 of what was left out of a transfer.
pub fn left_out(transfer: &Transfer) -> Option<String> {
    let noted = match transfer.is_from_device() {
        true => transfer.noted_after(),
        false => transfer.noted_before(),
    };
    notes(noted).into_iter().find_map(|note| match note {
        Note::LeftOut { sha256, .. } => Some(sha256),
        _ => None,
    })
}

/// How a transfer ended.
///
/// # Errors
/// Not well.
pub fn outcome(transfer: &Transfer) -> Result<(), UsbError> {
    match &transfer.outcome {
        Outcome::Done => Ok(()),
        Outcome::Failed(error) => Err(failure(error, &notes(transfer.noted_after()))),
        Outcome::Unknown => Err(UsbError::NotRecorded(NotRecorded::Descriptor)),
    }
}

fn notes(comments: &[String]) -> Vec<Note> {
    let comments = comments.iter();
    comments
        .filter_map(|comment| comment.parse().ok())
        .collect()
}

/// How a transfer failed, in the words of a note where there is one.
fn failure(error: &UsbError, notes: &[Note]) -> UsbError {
    let words = notes.iter().find_map(|note| match note {
        Note::Failed(words) => Some(named(words)),
        _ => None,
    });
    words.unwrap_or_else(|| error.clone())
}

/// The error with these words.
pub fn named(words: &str) -> UsbError {
    let known = [
        UsbError::Stall,
        UsbError::Timeout,
        UsbError::NoDevice,
        UsbError::Io,
        UsbError::AccessDenied,
        UsbError::NotPermitted,
        UsbError::Busy,
        UsbError::DriverMissing,
    ];
    let mut known = known.into_iter();
    let node = || words.strip_prefix("there is no ").map(str::to_owned);
    known
        .find(|error| error.to_string() == words)
        .or_else(|| node().map(UsbError::NoNode))
        .unwrap_or_else(|| UsbError::Other(words.to_owned()))
}

//! A recording: which devices are in it, and what was asked of each.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use super::capture::{Capture, CaptureError, Piece, Section};
use super::device::{RecordedDevice, Remark};
use super::half::{Half, Stage};
use super::note::Note;
use super::packets;
use super::recorder::{EXIT_CODE, ONLY_BEGINNING};
use super::transfer::{Place, TooMuch, Transfers};
use crate::usb::UsbError;

/// Of a recording whose writer had to end it early.
const HAS_NOT_ALL: &str = "the recording ended before the command did";
/// Comments that are kept at most, in bytes.
const MOST_COMMENTS: usize = 1 << 20;

/// What is noted at the end is little.
const MOST_LAST_WORDS: usize = 256;

/// What a capture file has of control transfers.
#[derive(Debug)]
pub struct Recording {
    /// Which program has made it, and what is noted of all of it.
    pub section: Section,
    /// From the first packet to the last one.
    pub length: Duration,
    /// The devices, in the order in which they appear.
    pub devices: Vec<RecordedDevice>,
    /// What was noted at its end.
    pub last_words: Vec<String>,
    /// Why it ends before its end.
    pub broken: Option<String>,
}

/// Why there is nothing to be had of a file.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It is no capture, or can't be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// What was captured is something else.
    #[error("the recording is not of USB: its packets are of link type {link_type}")]
    NotUsb {
        /// `LINKTYPE_…`
        link_type: i32,
    },
    /// Nothing was captured.
    #[error("the recording has no control transfers")]
    Empty,
    /// More than can be kept.
    #[error("the recording is too large: {0}")]
    TooMuch(TooMuch),
}

/// It is told in one sentence: a cause of its own would be told again.
impl From<TooMuch> for RecordingError {
    fn from(error: TooMuch) -> Self {
        Self::TooMuch(error)
    }
}

impl Recording {
    /// Reads a recording. One that ends in the middle, or is damaged there, is read up to there.
    ///
    /// # Errors
    /// [`RecordingError`], where nothing can be had of it.
    pub fn read(file: impl Read) -> Result<Self, RecordingError> {
        let mut reading = Reading::default();
        let mut capture = Capture::new(file);
        let broken = loop {
            match capture.next() {
                Ok(Some(piece)) => reading.take(piece)?,
                Ok(None) => break None,
                Err(error)
                    if (reading.has_seen_usb || reading.is_ours()) && !is_of_the_system(&error) =>
                {
                    break Some(error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        };
        reading.finish(broken)
    }
}

fn is_of_the_system(error: &CaptureError) -> bool {
    match error {
        CaptureError::Io(error) => error.kind() != io::ErrorKind::UnexpectedEof,
        CaptureError::NoCapture | CaptureError::Cut(_) | CaptureError::Damaged(_) => false,
    }
}

/// What was read up to now.
#[derive(Default)]
struct Reading {
    section: Section,
    /// What was noted where nobody knows the transfer.
    loose: Vec<(Place, Remark)>,
    /// What was noted at the end.
    last_words: Vec<String>,
    comment_bytes: usize,
    transfers: Transfers,
    /// Of the first and of the last packet.
    times: Option<(Duration, Duration)>,
    has_seen_usb: bool,
    /// Of the first packet that is something else.
    other_link_type: Option<i32>,
}

impl Reading {
    /// Whether it is one of ours, which tell how a command ended that asked nothing of any device.
    fn is_ours(&self) -> bool {
        let mut comments = self.section.comments.iter();
        comments.any(|comment| comment.starts_with(EXIT_CODE))
    }

    fn take(&mut self, piece: Piece<'_>) -> Result<(), TooMuch> {
        let packet = match piece {
            Piece::Section(section) => {
                self.section.program = self.section.program.take().or(section.program);
                for comment in section.comments {
                    if self.has_room(&comment) {
                        self.section.comments.push(comment);
                    }
                }
                return Ok(());
            }
            Piece::LastWords(comments) => {
                for comment in comments.into_iter().take(MOST_LAST_WORDS) {
                    if self.has_room(&comment) && self.last_words.len() < MOST_LAST_WORDS {
                        self.last_words.push(comment);
                    }
                }
                return Ok(());
            }
            Piece::Packet(packet) => packet,
        };
        if !packets::is_usb(packet.link_type) {
            self.other_link_type.get_or_insert(packet.link_type);
            return Ok(());
        }
        self.has_seen_usb = true;
        let (first, last) = self.times.get_or_insert((packet.time, packet.time));
        *last = packet.time.max(*last);
        let at = packet.time.saturating_sub(*first);
        let Some(mut half) = packets::half(&packet) else {
            return Ok(());
        };
        let place = (half.bus, half.address);
        let mut noted = packet.comments;
        noted.retain(|comment| self.has_room(comment));
        for text in &noted {
            explain(&mut half, text);
        }
        for text in self.transfers.take(half, at, noted)? {
            self.loose.push((place, Remark { at, text }));
        }
        Ok(())
    }

    fn has_room(&mut self, comment: &str) -> bool {
        self.comment_bytes += comment.len() + size_of::<(Duration, String)>();
        self.comment_bytes <= MOST_COMMENTS
    }

    fn finish(self, broken: Option<String>) -> Result<Recording, RecordingError> {
        let mut comments = self.section.comments.iter();
        let is_cut = comments.any(|comment| comment.trim_end().ends_with(ONLY_BEGINNING));
        let broken = broken.or_else(|| is_cut.then(|| HAS_NOT_ALL.to_owned()));
        let is_ours = self.is_ours();
        let by_place = self.transfers.finish().into_iter();
        let mut devices: Vec<RecordedDevice> = by_place
            .flat_map(|(place, transfers)| RecordedDevice::all_of(place, transfers))
            .collect();
        devices.sort_by_key(RecordedDevice::begins);
        if devices.is_empty() && !is_ours {
            return Err(match self.other_link_type {
                Some(link_type) if !self.has_seen_usb => RecordingError::NotUsb { link_type },
                _ => RecordingError::Empty,
            });
        }
        let length = self
            .times
            .map_or(Duration::ZERO, |(first, last)| last.saturating_sub(first));
        let mut places: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (index, device) in devices.iter().enumerate() {
            places.entry(device.place).or_default().push(index);
        }
        for (place, remark) in self.loose {
            let mut here = places.get(&place).into_iter().flatten().rev();
            if let Some(index) = here.find(|index| devices[**index].has_begun(remark.at)) {
                devices[*index].loose.push(remark);
            }
        }
        for words in &self.last_words {
            let Some((path, text)) = words.split_once(": ") else {
                continue;
            };
            let mut here = devices.iter_mut().rev();
            if let Some(device) = here.find(|device| device.path().as_deref() == Some(path)) {
                let (at, text) = (length, text.to_owned());
                device.loose.push(Remark { at, text });
            }
        }
        Ok(Recording {
            section: self.section,
            length,
            devices,
            last_words: self.last_words,
            broken,
        })
    }
}

/// A comment may say why a transfer failed, where its status can't.
fn explain(half: &mut Half, comment: &str) {
    if let (Stage::Complete { outcome, .. }, Ok(Note::Failed(error))) =
        (&mut half.stage, comment.parse())
    {
        *outcome = Err(UsbError::Other(error));
    }
}

#[cfg(test)]
mod tests;

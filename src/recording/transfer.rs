//! Control transfers of a recording, put together of their halves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::dfu::protocol::DfuRequest;
use crate::usb::descriptor::GET_DESCRIPTOR;
use crate::usb::tap;
use crate::usb::{ControlRequest, UsbError};

use super::half::{Half, Stage};

/// How much memory transfers may take, in bytes: 16 MiB of flash, written in blocks of 2 KiB and read back, take two
/// thirds of it.
const MOST_BYTES: usize = 64 << 20;
/// What a transfer takes beside its data, with all that is made of it, in bytes.
const COST: usize = 900;
/// The same of one that only asks for a state, or for what the device is: others are told with it.
const COST_OF_A_LOOK: usize = 512;
/// What a device takes, in bytes: an address, and a device descriptor, may be that of another one.
const COST_OF_A_DEVICE: usize = 2560;
/// What data takes beside itself, in bytes.
const DATA_COST: usize = 96;

/// Where a device is: the number of the bus, and its address there.
pub type Place = (u16, u16);

/// A control transfer, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Since the recording began.
    pub at: Duration,
    /// Until it ended, where the recording has that.
    pub took: Option<Duration>,
    /// The setup packet, but for the length.
    pub request: ControlRequest,
    /// `wLength`
    pub length: u16,
    /// What was sent, or received. The same bytes are in memory once, however often they pass.
    pub data: Arc<[u8]>,
    /// How many more bytes were sent or received that the recording doesn't have.
    pub cut: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// What was noted at it. Most have nothing.
    pub noted: Option<Box<Noted>>,
}

/// What was noted at a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noted {
    /// Where it begins.
    pub before: Vec<String>,
    /// Where it has ended.
    pub after: Vec<String>,
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(UsbError),
    /// The recording doesn't have it.
    Unknown,
}

impl Transfer {
    /// The same as whoever watches a board sees it.
    pub fn seen(&self) -> tap::Transfer<'_> {
        tap::Transfer {
            request: self.request,
            data: &self.data,
            length: self.length.into(),
            outcome: match &self.outcome {
                Outcome::Done => Ok(()),
                Outcome::Failed(error) => Err(error),
                Outcome::Unknown => Err(&UsbError::Timeout),
            },
        }
    }

    /// When it ended, as far as that is known; else when it began.
    pub fn end(&self) -> Duration {
        self.at.saturating_add(self.took.unwrap_or_default())
    }

    /// Whether its data goes to the host (USB 2.0 §9.3).
    pub fn is_from_device(&self) -> bool {
        self.request.request_type & 0x80 != 0
    }

    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }

    /// What was noted where it begins.
    pub fn noted_before(&self) -> &[String] {
        self.noted.as_ref().map_or(&[], |noted| &noted.before)
    }

    /// What was noted where it has ended.
    pub fn noted_after(&self) -> &[String] {
        self.noted.as_ref().map_or(&[], |noted| &noted.after)
    }

    /// How many bytes were sent or received, whether the recording has them or not.
    pub fn bytes(&self) -> usize {
        self.data.len().saturating_add(self.cut)
    }
}

/// More is in a recording than is kept.
#[derive(Debug, thiserror::Error)]
#[error("its control transfers take more than {} MiB of memory", MOST_BYTES >> 20)]
pub struct TooMuch;

/// Puts halves together.
#[derive(Debug, Default)]
pub struct Transfers {
    /// Of each transfer that has begun, by what its packets have in common.
    begun: HashMap<(Place, u64), Transfer>,
    ended: BTreeMap<Place, Vec<Transfer>>,
    /// Every piece of data.
    known: HashSet<Arc<[u8]>>,
    /// How much memory it all takes.
    bytes: usize,
}

impl Transfers {
    /// Takes what a packet says that was recorded at this time. Returns those notes that belong to no transfer.
    ///
    /// # Errors
    /// [`TooMuch`]
    pub fn take(
        &mut self,
        half: Half,
        at: Duration,
        notes: Vec<String>,
    ) -> Result<Vec<String>, TooMuch> {
        let place = (half.bus, half.address);
        let key = (place, half.id);
        match half.stage {
            Stage::Submit {
                request,
                length,
                data,
                cut,
            } => {
                self.costs(match is_look(request) {
                    true => COST_OF_A_LOOK,
                    false => COST,
                })?;
                if !self.ended.contains_key(&place) {
                    self.costs(COST_OF_A_DEVICE)?;
                    self.ended.insert(place, Vec::new());
                }
                if is_look(request) && request.value == DEVICE_DESCRIPTOR {
                    self.costs(COST_OF_A_DEVICE)?;
                }
                let mut transfer = Transfer {
                    at,
                    took: None,
                    request,
                    length,
                    data: self.keep(&data)?,
                    cut,
                    outcome: Outcome::Unknown,
                    noted: None,
                };
                transfer.note(|noted| &mut noted.before, notes);
                if let Some(forgotten) = self.begun.insert(key, transfer) {
                    self.ended.entry(place).or_default().push(forgotten);
                }
            }
            Stage::Data { data, cut } => {
                let Some(mut transfer) = self.begun.remove(&key) else {
                    return Ok(notes);
                };
                self.add(&mut transfer, &data, cut)?;
                transfer.note(|noted| &mut noted.after, notes);
                self.begun.insert(key, transfer);
            }
            Stage::Complete { data, cut, outcome } => {
                // Without its beginning, nobody knows what it was.
                let Some(mut transfer) = self.begun.remove(&key) else {
                    return Ok(notes);
                };
                transfer.took = Some(at.saturating_sub(transfer.at));
                transfer.outcome = outcome.map_or_else(Outcome::Failed, |()| Outcome::Done);
                if transfer.is_from_device() {
                    self.add(&mut transfer, &data, cut)?;
                }
                transfer.note(|noted| &mut noted.after, notes);
                self.ended.entry(place).or_default().push(transfer);
            }
        }
        Ok(Vec::new())
    }

    /// Puts data after what a transfer has.
    fn add(&mut self, transfer: &mut Transfer, data: &[u8], cut: usize) -> Result<(), TooMuch> {
        transfer.data = match transfer.data.is_empty() {
            true => self.keep(data)?,
            false => self.keep(&[&transfer.data[..], data].concat())?,
        };
        transfer.cut = transfer.cut.saturating_add(cut);
        Ok(())
    }

    /// The data, which takes memory only once.
    fn keep(&mut self, data: &[u8]) -> Result<Arc<[u8]>, TooMuch> {
        if let Some(known) = self.known.get(data) {
            return Ok(Arc::clone(known));
        }
        self.costs(DATA_COST + data.len())?;
        let data: Arc<[u8]> = data.into();
        self.known.insert(Arc::clone(&data));
        Ok(data)
    }

    fn costs(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.bytes += bytes;
        match self.bytes > MOST_BYTES {
            true => Err(TooMuch),
            false => Ok(()),
        }
    }

    /// All of them, by the place of their device, in the order in which they began.
    pub fn finish(mut self) -> BTreeMap<Place, Vec<Transfer>> {
        for ((place, _), transfer) in self.begun {
            self.ended.entry(place).or_default().push(transfer);
        }
        for transfers in self.ended.values_mut() {
            transfers.sort_by_key(|transfer| transfer.at);
        }
        self.ended
    }
}

/// `wValue` of a GET_DESCRIPTOR: DEVICE (USB 2.0, table 9-5).
const DEVICE_DESCRIPTOR: u16 = 0x0100;

/// Whether nothing is done by this.
fn is_look(request: ControlRequest) -> bool {
    let kind = (request.request_type, request.request);
    let states = [DfuRequest::GetStatus, DfuRequest::GetState];
    kind == (0x80, GET_DESCRIPTOR)
        || states
            .iter()
            .any(|state| kind == (DfuRequest::FROM_DEVICE, *state as u8))
}

impl Transfer {
    fn note(&mut self, at: fn(&mut Noted) -> &mut Vec<String>, notes: Vec<String>) {
        if !notes.is_empty() {
            at(self.noted.get_or_insert_default()).extend(notes);
        }
    }
}

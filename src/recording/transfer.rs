//! Control transfers of a recording, put together of their halves.

use std::collections::HashMap;
use std::time::Duration;

use crate::usb::tap;
use crate::usb::{ControlRequest, UsbError};

use super::half::{Half, Stage};

/// How many bytes of transfers are kept at most: 16 MiB of flash, written in blocks of 4 KiB and read back, are half of it.
const MOST_BYTES: usize = 64 << 20;
/// What a transfer costs beside its data, with all that is made of it. In bytes.
const COST: usize = 800;

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
    /// What was sent, or received.
    pub data: Vec<u8>,
    /// How many more bytes were sent or received that the recording doesn't have.
    pub cut: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// What was noted where it begins.
    pub noted_before: Vec<String>,
    /// What was noted where it has ended.
    pub noted_after: Vec<String>,
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

    /// How many bytes were sent or received, whether the recording has them or not.
    pub fn bytes(&self) -> usize {
        self.data.len().saturating_add(self.cut)
    }
}

/// More is in a recording than is kept.
#[derive(Debug, thiserror::Error)]
#[error("it has more than {} MiB of control transfers", MOST_BYTES >> 20)]
pub struct TooMuch;

/// Puts halves together.
#[derive(Debug, Default)]
pub struct Transfers {
    /// Of each transfer that has begun, by what its packets have in common.
    begun: HashMap<(Place, u64), Transfer>,
    ended: Vec<(Place, Transfer)>,
    /// How much of it all is kept.
    bytes: usize,
}

impl Transfers {
    /// Takes what a packet says that was recorded at this time.
    ///
    /// # Errors
    /// [`TooMuch`]
    pub fn take(&mut self, half: Half, at: Duration, notes: Vec<String>) -> Result<(), TooMuch> {
        let place = (half.bus, half.address);
        let key = (place, half.id);
        let more = match &half.stage {
            Stage::Submit { data, .. } => COST + data.len(),
            Stage::Data { data, .. } | Stage::Complete { data, .. } => data.len(),
        };
        self.bytes += more;
        if self.bytes > MOST_BYTES {
            return Err(TooMuch);
        }
        match half.stage {
            Stage::Submit {
                request,
                length,
                data,
                cut,
            } => {
                let transfer = Transfer {
                    at,
                    took: None,
                    request,
                    length,
                    data,
                    cut,
                    outcome: Outcome::Unknown,
                    noted_before: notes,
                    noted_after: Vec::new(),
                };
                let forgotten = self.begun.insert(key, transfer);
                self.ended
                    .extend(forgotten.map(|transfer| (place, transfer)));
            }
            Stage::Data { data, cut } => {
                if let Some(transfer) = self.begun.get_mut(&key) {
                    transfer.data.extend(data);
                    transfer.cut = transfer.cut.saturating_add(cut);
                }
            }
            // Without its beginning, nobody knows what it was.
            Stage::Complete { data, cut, outcome } => {
                if let Some(mut transfer) = self.begun.remove(&key) {
                    transfer.noted_after = notes;
                    transfer.took = Some(at.saturating_sub(transfer.at));
                    transfer.outcome = outcome.map_or_else(Outcome::Failed, |()| Outcome::Done);
                    if transfer.is_from_device() {
                        transfer.data.extend(data);
                        transfer.cut = transfer.cut.saturating_add(cut);
                    }
                    self.ended.push((place, transfer));
                }
            }
        }
        Ok(())
    }

    /// All of them, in the order in which they began.
    pub fn finish(mut self) -> Vec<(Place, Transfer)> {
        let open = self.begun.into_iter();
        self.ended
            .extend(open.map(|((place, _), transfer)| (place, transfer)));
        self.ended
            .sort_by_key(|(place, transfer)| (transfer.at, *place));
        self.ended
    }
}

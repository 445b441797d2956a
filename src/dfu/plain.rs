//! A session with a device without DfuSe: one stream of bytes a memory, and no addresses.
//!
//! What such a device does with a download is its own affair: it erases by itself, checks by itself, and says in the end
//! whether it is done. So nothing can be put right in the middle: a download that was disturbed begins anew.

mod compare;
mod download;
mod leave;
mod manifest;
mod options;
mod poll;
mod recovery;
mod upload;

use std::ops::ControlFlow;

use crate::usb::Transport;

use super::error::{Action, Cause, SessionError};
use super::event::{Event, Phase};
use super::link::Link;
use super::tally::Tally;

pub use options::{Options, ask_functional};

/// What is wanted of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan<'s> {
    /// Sending a file.
    Download(Download<'s>),
    /// Looking what that would come to, and sending nothing.
    Rehearse(Download<'s>),
    /// Comparing a file with what the device gives.
    Verify {
        /// `bAlternateSetting`
        memory: u8,
        /// The file, without a suffix.
        bytes: &'s [u8],
    },
    /// Reading all that the device gives.
    Read {
        /// `bAlternateSetting`
        memory: u8,
        /// Whether to read it once more and compare.
        twice: bool,
    },
    /// Leaving DFU mode.
    Leave,
}

/// A file to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download<'s> {
    /// `bAlternateSetting`
    pub memory: u8,
    /// The file, without a suffix; not empty.
    pub bytes: &'s [u8],
    /// Whether to read first, and to send nothing where it is there already.
    pub if_different: bool,
    /// Whether to read it back afterwards.
    pub read_back: ReadBack,
    /// Whether to leave DFU mode at the end.
    pub leave: Leave,
}

/// Whether a device is to leave DFU mode once it has taken a file. Many leave by themselves, whatever is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Yes.
    Yes,
    /// Only where the device waits for it, in dfuMANIFEST-WAIT-RESET.
    WhereItWaits,
    /// No.
    No,
}

/// Whether a file is read back and compared once it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBack {
    /// Nobody wants it.
    NotWanted,
    /// The device says that it can't be read, or has gone by then.
    Impossible,
    /// Yes, if the device keeps to what it says.
    Wanted,
}

/// A device at work.
pub struct Session<'t> {
    link: Link<'t>,
    options: Options,
    /// Hears of progress; its answer says whether to go on.
    on_event: &'t mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    tally: Tally,
    selected: Option<u8>,
    /// Bytes of this part of the work that were not told of yet; `None` where nobody knows how many there are.
    untold: Option<u64>,
}

impl<'t> Session<'t> {
    /// Claims the device and brings it to dfuIDLE.
    pub fn open(
        transport: &'t mut dyn Transport,
        options: Options,
        on_event: &'t mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Self, SessionError> {
        Ok(Self {
            link: Link::open(transport, options.interface)?,
            options,
            on_event,
            tally: Tally::default(),
            selected: None,
            untold: None,
        })
    }

    /// What has been done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Carries out a plan, and returns what was to be read. After an error the device is brought to dfuIDLE again, if it
    /// still listens.
    pub fn run(&mut self, plan: &Plan<'_>) -> Result<Option<Vec<u8>>, SessionError> {
        self.carry_out(plan).inspect_err(|error| {
            if is_worth_closing(error) {
                // Should this fail too, the first error says more.
                let _ = self.come_to_rest(&error.cause);
            }
        })
    }

    fn carry_out(&mut self, plan: &Plan<'_>) -> Result<Option<Vec<u8>>, SessionError> {
        match plan {
            Plan::Download(download) => self.download(download),
            Plan::Rehearse(download) => self.rehearse(download),
            Plan::Verify { memory, bytes } => self.verify(*memory, bytes),
            Plan::Read { memory, twice } => return self.read(*memory, *twice).map(Some),
            Plan::Leave => self.leave(),
        }?;
        Ok(None)
    }

    /// Chooses a memory. One with a number has to be chosen even where there is no other.
    fn select(&mut self, memory: u8) -> Result<(), SessionError> {
        let has_to_be = self.options.several_memories || memory != 0;
        if has_to_be && self.selected != Some(memory) {
            self.link.select_memory(memory)?;
            self.selected = Some(memory);
        }
        Ok(())
    }

    /// Tells of a part of the work.
    fn begin(
        &mut self,
        phase: Phase,
        total: Option<u64>,
        action: Action,
    ) -> Result<(), SessionError> {
        self.untold = total;
        self.tell(Event::Begin(phase, total), action)
    }

    /// Tells that this many bytes more are done, and of no more than there are.
    fn advance(&mut self, bytes: u64, action: Action) -> Result<(), SessionError> {
        let told = self.untold.map_or(bytes, |untold| untold.min(bytes));
        self.untold = self.untold.map(|untold| untold - told);
        self.tell(Event::Advance(told), action)
    }

    fn tell(&mut self, event: Event<'_>, action: Action) -> Result<(), SessionError> {
        match (self.on_event)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(SessionError {
                action,
                cause: Cause::Interrupted,
            }),
        }
    }
}

/// Whether a device is to be brought to dfuIDLE after this. One that makes something of a download is left at it, and
/// one that has gone, or won't go, would only be waited for.
fn is_worth_closing(error: &SessionError) -> bool {
    match error.cause {
        Cause::Stayed | Cause::Vanished => false,
        Cause::Interrupted | Cause::StillBusy(_) | Cause::Usb(_) => {
            error.action != Action::Manifest
        }
        _ => true,
    }
}

/// `wBlockNum` of a block: 16 bits, after 65535 comes 0 (DFU 1.1 §6.1.1).
#[doc(alias = "wBlockNum")]
fn wire_number(block: u32) -> u16 {
    (block & u32::from(u16::MAX)) as u16
}

#[cfg(test)]
mod tests;

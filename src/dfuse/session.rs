//! One board, from dfuIDLE to the start of its application: carries out a plan.

mod account;
mod clear_up;
mod close;
mod diff;
mod dump;
mod erase;
mod event;
mod flash;
mod leave;
mod read;
mod recovery;
mod redo;
mod rescue;
mod reset;
mod survey;
mod unprotect;
mod unsaved;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::{Event, Phase};
use crate::dfu::link::Link;
use crate::dfu::tally::Tally;
use crate::image::ImageTarget;
use crate::usb::{Transport, UsbError};

use super::blocks::block_number;
use super::command::{DfuseCommand, FIRST_DATA_BLOCK, can_lift_read_protection};
use super::layout::Sector;
use super::plan::Plan;
use super::plan::region::Region;

pub use event::Told;
pub use unsaved::Unsaved;

/// What a session has to know of its board.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// `bInterfaceNumber`.
    pub interface: u8,
    /// The size of a block, in bytes.
    pub transfer_size: u16,
    /// Whether there is more than one alternate setting, so that one has to be chosen.
    pub several_memories: bool,
    /// Whether memory can be read back.
    pub can_upload: bool,
}

/// A board at work.
pub struct Session<'t> {
    link: Link<'t>,
    options: SessionOptions,
    /// Hears of progress; its answer says whether to go on.
    on_event: &'t mut dyn FnMut(Told<'_>) -> ControlFlow<()>,
    tally: Tally,
    selected: Option<u8>,
    /// An address of the memory at work, for asking whether the board lets itself be worked with at all.
    any_address: Option<u32>,
    /// Where the address pointer is, if that is known.
    pointer: Option<u32>,
    pass: Pass,
    /// Whether anything was ever read from this board's memories.
    has_read: bool,
    /// Whether the heads are written, or about to be, in front of what nobody has read back.
    has_head: bool,
    /// The sectors that were erased, by alternate setting and address; whether that is certain, since the board may have
    /// been lost over it.
    erased: BTreeMap<(u8, u32), bool>,
    /// What was to be kept and is not in flash any more.
    unsaved: Vec<Unsaved>,
}

/// Why something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    /// It is progress, and counts.
    First,
    /// It is done over, or looked at once more.
    Again,
    /// The work has failed and comes to its orderly end, whatever the user wants.
    Closing,
}

impl<'t> Session<'t> {
    /// Claims the board and brings it to dfuIDLE.
    pub fn open(
        transport: &'t mut dyn Transport,
        options: SessionOptions,
        on_event: &'t mut dyn FnMut(Told<'_>) -> ControlFlow<()>,
    ) -> Result<Self, SessionError> {
        let link = Link::open(transport, options.interface)?;
        let tally = Tally::default();
        Ok(Self {
            link,
            options,
            on_event,
            tally,
            selected: None,
            any_address: None,
            pointer: None,
            pass: Pass::First,
            has_read: false,
            has_head: false,
            erased: BTreeMap::new(),
            unsaved: Vec::new(),
        })
    }

    /// What has been done so far.
    pub fn tally(&self) -> Tally {
        Tally {
            erased_sectors: self.erased.values().filter(|certain| **certain).count(),
            doubtful_sectors: self.erased.values().filter(|certain| !**certain).count(),
            ..self.tally
        }
    }

    /// Carries out a plan, and returns what was to be read. After an error the board is brought to dfuIDLE again, if
    /// it still listens.
    pub fn run(&mut self, plan: &Plan<'_>) -> Result<Option<ImageTarget>, SessionError> {
        self.carry_out(plan).map_err(|error| {
            let error = self.diagnose(error);
            // A board that was to leave and stays may have hung itself up, and each request would wait for it.
            if error.cause != Cause::Stayed {
                // Should this fail too, the first error says more.
                let _ = self.link.reach_idle();
            }
            error
        })
    }

    /// What was to be kept and could not be written back when the work ended early.
    pub fn take_unsaved(&mut self) -> Vec<Unsaved> {
        std::mem::take(&mut self.unsaved)
    }

    fn carry_out(&mut self, plan: &Plan<'_>) -> Result<Option<ImageTarget>, SessionError> {
        let sectors = plan
            .regions()
            .into_iter()
            .flat_map(|region| &region.sectors);
        self.any_address = sectors.map(|sector| sector.address).next();
        match plan {
            Plan::Flash(plan) => self.flash(plan),
            Plan::Rehearse(plan) => self.rehearse(plan),
            Plan::Erase(plan) => self.erase_plan(plan),
            Plan::Verify(plan) => self.verify_plan(plan),
            Plan::Read(plan) => return self.dump(plan).map(Some),
            Plan::Leave(start) => self.leave(*start),
            Plan::Unprotect(plan) => self.unprotect(plan),
        }?;
        Ok(None)
    }

    fn set_address(&mut self, address: u32) -> Result<(), SessionError> {
        self.pointer = None;
        self.link
            .command(DfuseCommand::SetAddressPointer(address))?;
        self.pointer = Some(address);
        Ok(())
    }

    /// Forgets where the address pointer is, where the ABORT before the next DNLOAD may move it: if anywhere, then to the
    /// beginning of the memory.
    fn doubt_pointer(&mut self, region: &Region) {
        if self.link.is_uploading() && self.pointer != Some(region.start) {
            self.pointer = None;
        }
    }

    /// The number of the block at `address`, with the address pointer moved only where it has to be.
    fn block_number(&mut self, address: u32, length: usize) -> Result<u16, SessionError> {
        let transfer_size = self.options.transfer_size;
        let known = self
            .pointer
            .and_then(|pointer| block_number(pointer, address, length, transfer_size));
        match known {
            Some(number) => Ok(number),
            None => self.set_address(address).map(|()| FIRST_DATA_BLOCK),
        }
    }

    /// Takes note of a sector that was erased.
    fn note_erased(&mut self, region: &Region, sector: Sector, is_certain: bool) {
        let key = (region.alternate_setting, sector.address);
        *self.erased.entry(key).or_default() |= is_certain;
    }

    /// Takes back that these sectors were erased: they were not.
    fn forget_erased(&mut self, region: &Region, sectors: &[Sector]) {
        for sector in sectors {
            self.erased
                .remove(&(region.alternate_setting, sector.address));
        }
    }

    fn select(&mut self, alternate_setting: u8) -> Result<(), SessionError> {
        if self.options.several_memories && self.selected != Some(alternate_setting) {
            self.pointer = None;
            self.persist(|session| session.link.select_memory(alternate_setting))?;
            self.selected = Some(alternate_setting);
        }
        Ok(())
    }

    /// Says read protection, or that a board can't be read after all, where that is what its answer means.
    fn diagnose(&mut self, error: SessionError) -> SessionError {
        // Where it is to be lifted that it is on is no news, and a board that was to leave has taken an address before.
        let says_more = !matches!(error.action, Action::ReadUnprotect | Action::Leave);
        // Who has been read is not read-protected.
        if !(error.cause.is_vendor_error() && says_more) || self.has_read {
            return self.told_from_a_fault(error);
        }
        let protected = match self.link.commands() {
            Ok(commands) => can_lift_read_protection(&commands),
            Err(refusal) => refusal.cause.is_vendor_error(),
        };
        if protected {
            SessionError {
                cause: Cause::ReadProtected,
                ..error
            }
        } else {
            error
        }
    }

    /// A board that says it can be read and refuses each time has not had bad luck.
    fn told_from_a_fault(&self, error: SessionError) -> SessionError {
        let is_refusal = matches!(
            error.cause,
            Cause::Usb(UsbError::Stall) | Cause::Answered { .. }
        );
        match error.action {
            Action::Read(_) | Action::Verify(_) if is_refusal && !self.has_read => SessionError {
                cause: Cause::RefusesUpload(Box::new(error.cause)),
                ..error
            },
            _ => error,
        }
    }

    /// Does something over, which counts neither as progress nor in the tally.
    fn unnoticed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let pass = self.pass;
        self.pass = pass.max(Pass::Again);
        let done = work(self);
        self.pass = pass;
        done
    }

    /// Tells of a part of the work, unless there is nothing to do in it.
    fn begin(&mut self, phase: Phase, total: u64) -> Result<(), SessionError> {
        if total == 0 {
            return Ok(());
        }
        self.tell(Event::Begin(phase, Some(total)), Action::ReachIdle)
    }

    fn advance(&mut self, bytes: u64, action: Action) -> Result<(), SessionError> {
        self.tell(
            Event::Advance(if self.pass == Pass::First { bytes } else { 0 }),
            action,
        )
    }

    fn tell(&mut self, event: Event<'_>, action: Action) -> Result<(), SessionError> {
        self.tell_all(Told::Event(event), action)
    }

    fn tell_all(&mut self, told: Told<'_>, action: Action) -> Result<(), SessionError> {
        match (self.on_event)(told) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) if self.pass == Pass::Closing => Ok(()),
            ControlFlow::Break(()) => Err(SessionError {
                action,
                cause: Cause::Interrupted,
            }),
        }
    }
}

#[cfg(test)]
mod tests;

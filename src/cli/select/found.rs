//! A look at the bus: what is there, sorted into boards and all the rest.

use crate::board::Board;
use crate::board::protocol::Protocol;
use crate::printable::Said;
use crate::usb::{Bus, DeviceInfo, UsbError};

use super::candidates::Candidates;
use super::other::{Other, Reason};
use super::{OnTransfer, SelectError, Selection};

/// What was found on the bus.
pub struct Found {
    /// What can be worked with, and what may be such a board and can't be opened.
    pub boards: Vec<Board>,
    /// What can't be worked with.
    pub others: Vec<Other>,
    /// The serial numbers of boards that were not asked for.
    pub serials: Vec<Said>,
}

impl Selection {
    /// The devices in DFU mode that a command can be for, of those that are asked for.
    pub(super) fn in_dfu_mode(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        candidates: Candidates,
    ) -> Result<Found, UsbError> {
        let devices = bus.devices()?;
        let order: Vec<String> = devices.iter().map(|info| info.path.clone()).collect();
        let (there, mut others) = self.sorted(devices, |info| Reason::of_mode(info.mode));
        let mut found = self.opened(bus, watch, there, &mut others);
        found.boards.iter_mut().for_each(Board::read_first_memory);
        let there = found.boards.len();
        found.boards.retain(|board| !board.is_gone());
        let any_gone = found.boards.len() < there;
        found.boards.retain(|board| {
            let reason = match &board.opened {
                Ok(_) => Reason::of_protocol(board.protocol()),
                // Nobody can ask for its strings; its version says enough, or not.
                Err(_) if board.says_dfuse() => None,
                Err(error) => Some(Reason::Closed(error.clone())),
            };
            let other = reason.map(|reason| Other::new(&board.info, board.serial(), reason));
            let is_usable = other.is_none();
            others.extend(other);
            is_usable
        });
        let may_be_dfuse =
            |other: &Other| matches!(other.reason, Reason::Application | Reason::Closed(_));
        let is_sure = !any_gone && !others.iter().any(may_be_dfuse);
        let not_for = candidates.narrow(&mut found.boards, self.is_named(), is_sure);
        others.extend(not_for.iter().map(|board| {
            let reason = match (candidates, board.protocol()) {
                (Candidates::Plain(_), Protocol::Plain) => Reason::OtherIds,
                (Candidates::DfuseFirst, Protocol::Plain) => Reason::Unnamed,
                (_, Protocol::Plain) => Reason::Plain,
                (_, Protocol::Dfuse | Protocol::WithoutLayouts) => Reason::NeedsAddress,
            };
            Other::new(&board.info, board.serial(), reason)
        }));
        others.sort_by_key(|other| order.iter().position(|path| *path == other.path));
        found.others = others;
        Ok(found)
    }

    /// The boards that run an application with a DFU interface, of those that are asked for.
    pub(super) fn in_application(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        candidates: Candidates,
    ) -> Result<Found, UsbError> {
        let reason = |info: &DeviceInfo| match Reason::of_mode(info.mode) {
            None => Some(Reason::InDfuMode),
            Some(Reason::Application) => None,
            other => other,
        };
        let (there, mut others) = self.sorted(bus.devices()?, reason);
        let mut found = self.opened(bus, watch, there, &mut others);
        found.boards.retain(|board| !board.is_gone());
        if !self.is_named() {
            candidates.narrow_applications(&mut found.boards);
        }
        found.others = others;
        Ok(found)
    }

    /// Those that are asked for and that there is no reason against, and the others.
    fn sorted(
        &self,
        mut there: Vec<DeviceInfo>,
        reason: impl Fn(&DeviceInfo) -> Option<Reason>,
    ) -> (Vec<DeviceInfo>, Vec<Other>) {
        let mut others = Vec::new();
        there.retain(|info| {
            let left_out = self.leaves_out_device(info).map(Reason::LeftOut);
            let other = left_out.or_else(|| reason(info));
            let is_meant = other.is_none();
            others.extend(other.map(|reason| Other::new(info, None, reason)));
            is_meant
        });
        (there, others)
    }

    /// Opens each, and leaves out those with another serial number than was asked for.
    fn opened(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        there: Vec<DeviceInfo>,
        others: &mut Vec<Other>,
    ) -> Found {
        let open = |info: DeviceInfo| {
            let watch = watch(&info);
            Board::open(bus, info, watch)
        };
        let (boards, left_out): (Vec<Board>, Vec<Board>) = there
            .into_iter()
            .map(open)
            .partition(|board| self.accepts_serial(board));
        let reason = Reason::LeftOut(self.serial_option());
        others.extend(
            left_out
                .iter()
                .map(|board| Other::new(&board.info, board.serial(), reason.clone())),
        );
        let serials = left_out.iter().filter_map(Board::serial);
        Found {
            boards,
            others: Vec::new(),
            serials: serials.cloned().collect(),
        }
    }
}

impl Found {
    /// Asks what runs its application for its serial number, by which it can be chosen.
    pub(super) fn ask_applications(
        &mut self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
    ) -> Result<(), UsbError> {
        let mut others = self.others.iter_mut();
        if others.all(|other| other.reason != Reason::Application) {
            return Ok(());
        }
        let devices = bus.devices()?;
        let others = self.others.iter_mut();
        for other in others.filter(|other| other.reason == Reason::Application) {
            let info = devices.iter().find(|info| info.path == other.path);
            let board = info.map(|info| Board::open(bus, info.clone(), watch(info)));
            other.serial = board.and_then(|board| board.serial().cloned());
        }
        Ok(())
    }

    /// The error where a board that may be the one can't be opened, so that nobody knows its serial number or what it
    /// speaks.
    pub fn closed(&self) -> Option<SelectError> {
        let boards = self.boards.iter().filter_map(|board| {
            let error = board.opened.as_ref().err()?.clone();
            Some(Other::new(&board.info, None, Reason::Closed(error)))
        });
        let others = self.others.iter();
        let others = others.filter(|other| matches!(other.reason, Reason::Closed(_)));
        let boards: Vec<Other> = boards.chain(others.cloned()).collect();
        (!boards.is_empty()).then_some(SelectError::CantOpen { boards })
    }
}

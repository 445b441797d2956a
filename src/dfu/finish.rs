//! Leaving a device without DfuSe, and what is at its port then.

use std::time::Duration;

use crate::usb::{DfuMode, Occupant};

use super::link::Link;
use super::link::departure::{LEAVE_DEADLINE, LEAVE_TIMEOUT, PAUSE_AFTER_LEAVE};

/// What a DETACH says that the device may take, in milliseconds.
const DETACH_TIMEOUT: u16 = 1000;
/// How long a device that has left is waited for: its application may have no USB, and then nobody ever comes.
const SHOWS_ITSELF: Duration = Duration::from_secs(3);

/// Where a device is that was to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// At its port in DFU mode, as what it was; `returned`: it had been gone. TinyUSB comes back so.
    InDfuMode { returned: bool },
    /// At its port as something else, with these ids.
    Elsewhere((u16, u16)),
    /// Gone, and nothing has come to its port.
    OffBus,
}

impl Whereabouts {
    /// Whether it has left DFU mode.
    pub fn has_left(self) -> bool {
        !matches!(self, Self::InDfuMode { .. })
    }

    /// What it has become, if that shows.
    pub fn started_as(self) -> Option<(u16, u16)> {
        match self {
            Self::Elsewhere(ids) => Some(ids),
            _ => None,
        }
    }
}

impl Link<'_> {
    /// Asks a device in dfuIDLE with these `ids` to leave DFU mode: DETACH, which U-Boot goes by, and then as
    /// [`Link::see_off`].
    pub fn leave_idle(&mut self, ids: (u16, u16), will_detach: bool) -> Whereabouts {
        // Many refuse it in DFU mode, where DFU 1.1 has no DETACH, and leave at the reset all the same.
        let _ = self.detach(DETACH_TIMEOUT, LEAVE_TIMEOUT);
        self.see_off(ids, will_detach)
    }

    /// Lets a device go by itself that says it does, and resets any other.
    pub fn see_off(&mut self, ids: (u16, u16), will_detach: bool) -> Whereabouts {
        if will_detach {
            let seen = self.whereabouts(ids);
            if seen != (Whereabouts::InDfuMode { returned: false }) {
                return seen;
            }
        }
        self.leave_by_reset(ids)
    }

    /// Resets the port, and looks what comes of it. Where that can't be done, the device is looked after all the same:
    /// Maple leaves after a second or so, whatever it is told.
    pub fn leave_by_reset(&mut self, ids: (u16, u16)) -> Whereabouts {
        if self.is_on_bus() {
            let _ = self.reset();
        }
        self.whereabouts(ids)
    }

    /// Watches the port until it shows what has become of the device with these `ids`, or that it stays.
    pub fn whereabouts(&mut self, ids: (u16, u16)) -> Whereabouts {
        self.whereabouts_within(ids, SHOWS_ITSELF)
    }

    /// The same, with what a device that has gone may take to come back.
    pub fn whereabouts_within(&mut self, ids: (u16, u16), comes_back: Duration) -> Whereabouts {
        let as_before = Occupant {
            ids,
            mode: Some(DfuMode::Dfu),
        };
        let mut end = self.end_of(LEAVE_DEADLINE);
        let mut returned = false;
        loop {
            let is_there = !returned && self.is_on_bus();
            if !is_there && !returned {
                returned = true;
                end = self.end_of(comes_back);
            }
            let seen = match self.at_port() {
                Some(occupant) if occupant != as_before => {
                    return Whereabouts::Elsewhere(occupant.ids);
                }
                None if !is_there => Whereabouts::OffBus,
                _ => Whereabouts::InDfuMode { returned },
            };
            if self.left_until(end).is_none() {
                return seen;
            }
            self.wait(PAUSE_AFTER_LEAVE, end);
        }
    }
}

//! Coming to an orderly end after an error.

use crate::dfu::error::{Cause, SessionError};
use crate::dfuse::layout::Sector;
use crate::dfuse::steps::{MemorySteps, Steps};
use crate::usb::UsbError;

use super::{Pass, Session};

impl Session<'_> {
    /// Comes to an orderly end after an error: no vector table in front of a wrong application, and what was to be
    /// kept back in its place, as far as the board lets itself be worked with.
    pub(super) fn close(&mut self, steps: &Steps<'_>, error: &SessionError) {
        self.pass = Pass::Closing;
        let ended = matches!(
            error.cause,
            Cause::Interrupted | Cause::Usb(UsbError::NoDevice)
        );
        if self.has_head && !ended {
            for memory in &steps.memories {
                self.erase_bad_head(memory);
            }
        }
        self.rescue(steps);
        self.account_for_erased(steps);
        self.pass = Pass::First;
    }

    /// Erases a vector table that may stand in front of a wrong application, as far as that is possible.
    fn erase_bad_head(&mut self, memory: &MemorySteps<'_>) {
        let region = &memory.plan.region;
        let head = || memory.head.iter().copied();
        if !memory.plan.reads || head().any(|range| !region.is_erasable(range)) {
            return;
        }
        let sectors: Vec<Sector> = head().flat_map(|range| region.sectors_in(range)).collect();
        let result = self.link.reach_idle().and_then(|()| {
            self.pointer = None;
            self.erase_sectors(region, &sectors, true)?;
            let mut is_erased = true;
            for range in head() {
                self.read(region, range, |_, found| {
                    is_erased &= region.is_erased(found);
                    Ok(())
                })?;
            }
            Ok(is_erased)
        });
        self.tally.erased_bad_head |= !sectors.is_empty() && result == Ok(true);
    }
}

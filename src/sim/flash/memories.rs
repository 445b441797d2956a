//! Every memory of a board.

use std::path::Path;
use std::time::Duration;

use super::contents::MemoryContents;
use super::file::FlashFileError;
use crate::dfu::protocol::DfuStatus;
use crate::sim::board::{Board, Slot};
use crate::sim::layout::{memory, real_layouts};
use crate::sim::quirk::{Quirk, Quirks};

/// Every memory of a board, by alternate setting.
#[derive(Debug)]
pub struct Memories {
    distinct: Vec<MemoryContents>,
    /// For each alternate setting, which of `distinct` it shows.
    by_alternate_setting: Vec<usize>,
    /// RDP, which belongs to the chip as a whole.
    read_protected: bool,
}

impl Memories {
    /// All blank. Alternate settings with equal layouts share one memory.
    pub fn blank(board: &Board, quirks: &Quirks, serial: &str) -> Self {
        let mut distinct: Vec<MemoryContents> = Vec::new();
        let mut by_alternate_setting = Vec::new();
        for (alternate_setting, layout) in (0..).zip(real_layouts(board, quirks, serial)) {
            let known = distinct
                .iter()
                .position(|memory| *memory.layout() == layout);
            by_alternate_setting.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                let cells = memory(board, quirks, alternate_setting)
                    .expect("where there is a layout there is a memory")
                    .cells;
                distinct.push(MemoryContents::blank(layout, cells, quirks));
            }
        }
        if let Some(main) = distinct.first_mut() {
            main.become_main_flash(quirks);
        }
        Self {
            distinct,
            by_alternate_setting,
            read_protected: quirks.has(Quirk::ReadProtected),
        }
    }

    /// Keeps the first memory, the one of alternate setting 0, in a file.
    ///
    /// # Errors
    /// [`FlashFileError`] where the file can't be used.
    pub fn keep_in_file(&mut self, path: &Path) -> Result<(), FlashFileError> {
        self.get_mut(0)
            .expect("every board has an alternate setting 0")
            .keep_in_file(path)
    }

    /// Why the file could not keep a change, if there was such a one.
    pub fn file_failure(&self) -> Option<&str> {
        self.get(0)?.file_failure()
    }

    /// Whether something was ever written to one of these slots.
    pub fn holds_an_image(&self, slots: &[Slot]) -> bool {
        let starts = slots
            .iter()
            .filter_map(|slot| self.get(0)?.read(slot.start, 4));
        starts.into_iter().any(|start| start != [0xFF; 4])
    }

    /// Whether read protection is on.
    pub fn read_protected(&self) -> bool {
        self.read_protected
    }

    /// Lifts read protection, which erases main flash, whichever memory is looked at (AN3156, "read unprotect").
    /// Returns how long the flash takes.
    ///
    /// # Errors
    /// As [`MemoryContents::erase_all`].
    pub fn read_unprotect(&mut self) -> Result<Duration, DfuStatus> {
        let main = self.get_mut(0).ok_or(DfuStatus::ErrTarget)?;
        let duration = main.erase_all()?;
        self.read_protected = false;
        Ok(duration)
    }

    /// The memory behind an alternate setting, if there is one.
    pub fn get(&self, alternate_setting: u8) -> Option<&MemoryContents> {
        let index = *self
            .by_alternate_setting
            .get(usize::from(alternate_setting))?;
        self.distinct.get(index)
    }

    /// The memory behind an alternate setting, to be changed.
    pub fn get_mut(&mut self, alternate_setting: u8) -> Option<&mut MemoryContents> {
        let index = *self
            .by_alternate_setting
            .get(usize::from(alternate_setting))?;
        self.distinct.get_mut(index)
    }
}

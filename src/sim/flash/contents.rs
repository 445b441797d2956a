//! What is in a memory, and what programming does to it.

mod erase;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::file::{FlashFile, FlashFileError};
use super::regions::Regions;
use super::truth::Truth;
use crate::dfu::protocol::DfuStatus;
use crate::dfuse::layout::{Access, MemoryLayout, Sector};
use crate::sim::board::Cells;
use crate::sim::flash_kinds::{self, NorFlash};
use crate::sim::layout::EXTERNAL_FLASH;
use crate::sim::quirk::Quirks;

/// One memory's bytes, and what may be done with them.
#[derive(Debug)]
pub struct MemoryContents {
    layout: MemoryLayout,
    cells: Cells,
    regions: Regions,
    /// Of all regions, one after the other.
    bytes: Vec<u8>,
    truth: Truth,
    /// Sectors that stay as they are, as ranges in `bytes`.
    write_protected: Vec<Range<usize>>,
    /// Which of `bytes` have a bit that is programmed wrong.
    flipped_bits: Vec<usize>,
    /// What the last erase or write has changed: where, and what was there before.
    last_change: Option<(usize, Vec<u8>)>,
    /// Which of `bytes` was programmed last, the first of several.
    last_programmed: Option<usize>,
    file: Option<FlashFile>,
}

impl MemoryContents {
    /// Nothing but erased bytes.
    pub fn blank(layout: MemoryLayout, cells: Cells, quirks: &Quirks) -> Self {
        let mut memory = Self {
            regions: Regions::of(&layout),
            layout,
            cells,
            bytes: Vec::new(),
            truth: Truth::default(),
            write_protected: Vec::new(),
            flipped_bits: Vec::new(),
            last_change: None,
            last_programmed: None,
            file: None,
        };
        // Megabytes, byte by byte, would be most of what a test of a board takes.
        let mut bytes = vec![0; memory.regions.size()];
        for (address, range) in memory.regions.iter() {
            let erased = memory.nor(address).map_or(0xFF, |nor| nor.erased);
            bytes[range].fill(erased);
        }
        memory.bytes = bytes;
        let sectors = quirks.write_protected().filter_map(|address| {
            let sector = memory.layout.sector_at(address)?;
            memory.sector_range(sector)
        });
        memory.write_protected = sectors.collect();
        let bits = quirks.flipped_bits();
        memory.flipped_bits = bits
            .filter_map(|address| Some(memory.range(address, 1)?.start))
            .collect();
        memory
    }

    /// Makes it main flash, with all that its layout doesn't tell.
    pub fn become_main_flash(&mut self, quirks: &Quirks) {
        self.truth = Truth::new(quirks, self.regions.first().len());
    }

    /// Which sectors it claims to have.
    pub fn layout(&self) -> &MemoryLayout {
        &self.layout
    }

    /// Keeps it in a file, from now on.
    pub fn keep_in_file(&mut self, path: &Path) -> Result<(), FlashFileError> {
        self.file = Some(FlashFile::open(path, &mut self.bytes)?);
        self.see_true_size();
        Ok(())
    }

    /// Why a change could not be kept, if there was such a one.
    pub fn file_failure(&self) -> Option<&str> {
        self.file.as_ref()?.failure()
    }

    /// All bytes, of all regions one after the other.
    #[cfg(test)]
    pub fn contents(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts these in their place.
    #[cfg(test)]
    pub fn put(&mut self, contents: &[u8]) {
        self.bytes.copy_from_slice(contents);
        self.see_true_size();
    }

    /// Whether the chip resets as soon as this memory was written.
    pub fn resets_when_written(&self) -> bool {
        matches!(self.cells, Cells::OptionBytes)
    }

    /// The lowest address.
    pub fn origin(&self) -> u32 {
        self.regions.origin()
    }

    /// Whether `address` lies in the upper half of the chip's own memory, which is bank 2 where there are banks.
    pub fn is_in_upper_half(&self, address: u32) -> bool {
        let first = self.regions.first();
        let range = self.range(address, 1);
        range.is_some_and(|range| range.start >= first.len() / 2 && range.end <= first.end)
    }

    /// Whether `address` lies in a sector, whatever may be done there.
    pub fn contains(&self, address: u32) -> bool {
        self.layout.sector_at(address).is_some()
    }

    /// The address after the sector that `address` lies in.
    pub fn sector_end(&self, address: u32) -> Option<u64> {
        self.layout.sector_at(address).map(|sector| sector.end())
    }

    /// Up to `length` bytes at `address`: fewer where something unreadable follows, `None` where it begins so.
    pub fn read(&self, address: u32, length: usize) -> Option<&[u8]> {
        let readable = self.accessible(address, length, |access| access.readable);
        let range = self.range(address, readable)?;
        (readable > 0).then(|| &self.bytes[range])
    }

    /// Programs `data` at `address`. Returns how long the flash takes.
    ///
    /// # Errors
    /// errTARGET, with nothing changed, where not all of it is writable memory; errPROG where the flash refuses to
    /// program what is not blank, with changed what came before; errWRITE where the file can't be written.
    pub fn program(&mut self, address: u32, data: &[u8]) -> Result<Duration, DfuStatus> {
        if self.accessible(address, data.len(), |access| access.writable) < data.len() {
            return Err(DfuStatus::ErrTarget);
        }
        let range = self
            .range(address, data.len())
            .ok_or(DfuStatus::ErrTarget)?;
        self.remember(range.clone());
        self.last_programmed = Some(range.start);
        let outcome = match self.nor(address) {
            Some(nor) => self.program_units(nor, range.clone(), data),
            None => {
                self.bytes[range.clone()].copy_from_slice(data);
                Ok(Duration::ZERO)
            }
        };
        for index in &self.flipped_bits {
            if range.contains(index) && !self.is_write_protected(*index) {
                self.bytes[*index] ^= 1;
            }
        }
        self.changed(range)?;
        outcome
    }

    /// Holds these bytes at `address` from now on, however they came there. False where it has no such place.
    pub fn hold(&mut self, address: u32, data: &[u8]) -> bool {
        let Some(range) = self.range(address, data.len()) else {
            return false;
        };
        self.bytes[range.clone()].copy_from_slice(data);
        self.changed(range).is_ok()
    }

    /// Forgets what the last work has changed.
    pub fn begin_work(&mut self) {
        self.last_change = None;
    }

    /// Leaves the work that was begun last as a power cut leaves it: its second half is undone.
    pub fn cut_work_short(&mut self) {
        if let Some((start, before)) = self.last_change.take() {
            let half = before.len() / 2;
            let range = start + half..start + before.len();
            self.bytes[range.clone()].copy_from_slice(&before[half..]);
            // A file that can't be written is told by the next work.
            let _ = self.changed(range);
        }
    }

    /// Flips a bit of what was programmed last.
    pub fn flip_a_bit(&mut self) {
        if let Some(index) = self.last_programmed {
            self.bytes[index] ^= 1;
            // As above.
            let _ = self.changed(index..index + 1);
        }
    }

    fn remember(&mut self, range: Range<usize>) {
        self.last_change = Some((range.start, self.bytes[range].to_vec()));
    }

    /// What the flash at an address is like, where it is flash.
    fn nor(&self, address: u32) -> Option<&'static NorFlash> {
        match self.cells {
            Cells::Nor(_) if address >= EXTERNAL_FLASH => Some(&flash_kinds::SPI_FLASH),
            Cells::Nor(nor) | Cells::OneTime(nor) => Some(nor),
            Cells::Overwritable | Cells::OptionBytes | Cells::Slot(_) => None,
        }
    }

    fn sector_range(&self, sector: Sector) -> Option<Range<usize>> {
        self.range(sector.address, usize::try_from(sector.size).ok()?)
    }

    /// Has the bytes that there are seen wherever their layout claims others.
    fn see_true_size(&mut self) {
        if let Some(there) = self.truth.there() {
            // A file that can't be written is told by the next work.
            let _ = self.changed(there);
        }
    }

    /// Has what was changed seen wherever it is to be seen.
    fn changed(&mut self, range: Range<usize>) -> Result<(), DfuStatus> {
        for range in self.truth.mirror(&mut self.bytes, range) {
            if let Some(file) = &mut self.file {
                file.keep(range.start, &mut self.bytes[range])?;
            }
        }
        Ok(())
    }

    /// Programs unit by unit, as far as the flash lets it. Bytes of a unit that `data` does not reach are given as
    /// blank, which leaves them as they are.
    fn program_units(
        &mut self,
        nor: &NorFlash,
        range: Range<usize>,
        data: &[u8],
    ) -> Result<Duration, DfuStatus> {
        let unit_size = nor.program_unit as usize;
        let mut taken = Duration::ZERO;
        let mut start = range.start / unit_size * unit_size;
        let mut unit = vec![nor.erased; unit_size];
        while start < range.end {
            let end = (start + unit_size).min(self.bytes.len());
            if self.is_write_protected(start) {
                start = end;
                continue;
            }
            let new = &mut unit[..end - start];
            new.fill(nor.erased);
            let touched = start.max(range.start)..end.min(range.end);
            new[touched.start - start..touched.end - start]
                .copy_from_slice(&data[touched.start - range.start..touched.end - range.start]);
            let old = &mut self.bytes[start..end];
            if nor.refuses(old, new) {
                return Err(DfuStatus::ErrProg);
            }
            for (old, new) in old.iter_mut().zip(new) {
                *old = nor.combine(*old, *new);
            }
            taken += nor.program_time;
            start = end;
        }
        Ok(taken)
    }

    fn is_write_protected(&self, index: usize) -> bool {
        self.write_protected
            .iter()
            .any(|sector| sector.contains(&index))
    }

    /// How many of the `length` bytes from `address` on lie in sectors that `allow` lets through.
    fn accessible(&self, address: u32, length: usize, allow: fn(&Access) -> bool) -> usize {
        let wanted = u64::from(address).saturating_add(length as u64);
        let mut reached = u64::from(address);
        while reached < wanted {
            let sector = u32::try_from(reached)
                .ok()
                .and_then(|address| self.layout.sector_at(address))
                .filter(|sector| allow(&sector.access));
            match sector {
                Some(sector) => reached = u64::from(sector.address) + u64::from(sector.size),
                None => break,
            }
        }
        usize::try_from(reached.min(wanted) - u64::from(address)).unwrap_or(length)
    }

    /// Where in `bytes` the `length` bytes from `address` on are; `None` where they are not all there.
    fn range(&self, address: u32, length: usize) -> Option<Range<usize>> {
        self.regions.range(address, length)
    }
}

#[cfg(test)]
mod tests;

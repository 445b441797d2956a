//! Erasing: a sector, or all of a chip, and what only looks like it.

use std::time::Duration;

use super::MemoryContents;
use crate::dfu::protocol::DfuStatus;
use crate::dfuse::layout::Sector;
use crate::sim::board::Cells;
use crate::sim::layout::EXTERNAL_FLASH;

impl MemoryContents {
    /// Erases the sector that `address` lies in. Returns how long the flash takes.
    ///
    /// # Errors
    /// errTARGET, with nothing changed, where there is no erasable sector; errERASE where the file can't be written.
    pub fn erase_sector(&mut self, address: u32) -> Result<Duration, DfuStatus> {
        let sector = self.erasable_sector(address)?;
        if let Some(range) = self.sector_range(sector) {
            self.remember(range);
        }
        self.erase(sector)
    }

    /// Does what [`MemoryContents::erase_sector`] does, but for the erasing.
    pub fn pretend_to_erase_sector(&self, address: u32) -> Result<Duration, DfuStatus> {
        let sector = self.erasable_sector(address)?;
        let nor = self.nor(sector.address).ok_or(DfuStatus::ErrTarget)?;
        Ok(nor.erase_time(sector.size))
    }

    /// Erases every erasable sector of the chip. Returns how long the flash takes.
    ///
    /// # Errors
    /// errTARGET where there is none; errERASE where the file can't be written.
    pub fn erase_all(&mut self) -> Result<Duration, DfuStatus> {
        let erasable = self.erased_by_mass_erase()?;
        self.remember(0..self.bytes.len());
        for sector in &erasable {
            self.erase(*sector)?;
        }
        self.mass_erase_time(&erasable)
    }

    /// Does what [`MemoryContents::erase_all`] does, but for the erasing.
    pub fn pretend_to_erase_all(&self) -> Result<Duration, DfuStatus> {
        self.mass_erase_time(&self.erased_by_mass_erase()?)
    }

    fn erasable_sector(&self, address: u32) -> Result<Sector, DfuStatus> {
        self.layout
            .sector_at(address)
            .filter(|sector| sector.access.erasable)
            .ok_or(DfuStatus::ErrTarget)
    }

    /// External flash is not part of the chip: mboot's mass erase leaves it alone.
    fn erased_by_mass_erase(&self) -> Result<Vec<Sector>, DfuStatus> {
        let sectors = self.layout.sectors();
        let erasable: Vec<Sector> = sectors
            .filter(|sector| sector.access.erasable && sector.address < EXTERNAL_FLASH)
            .collect();
        if erasable.is_empty() {
            return Err(DfuStatus::ErrTarget);
        }
        Ok(erasable)
    }

    fn mass_erase_time(&self, sectors: &[Sector]) -> Result<Duration, DfuStatus> {
        let Cells::Nor(nor) = self.cells else {
            return Err(DfuStatus::ErrTarget);
        };
        let one_by_one = || {
            sectors
                .iter()
                .map(|sector| nor.erase_time(sector.size))
                .sum()
        };
        Ok(nor.mass_erase_time.unwrap_or_else(one_by_one))
    }

    fn erase(&mut self, sector: Sector) -> Result<Duration, DfuStatus> {
        let nor = self
            .nor(sector.address)
            .filter(|_| matches!(self.cells, Cells::Nor(_)))
            .ok_or(DfuStatus::ErrTarget)?;
        let range = self.sector_range(sector).ok_or(DfuStatus::ErrTarget)?;
        for range in self.truth.erased_with(range) {
            let protected = self.write_protected.iter();
            let kept: Vec<Vec<u8>> = protected
                .map(|sector| self.bytes[sector.clone()].to_vec())
                .collect();
            self.bytes[range.clone()].fill(nor.erased);
            for (sector, bytes) in self.write_protected.iter().zip(kept) {
                self.bytes[sector.clone()].copy_from_slice(&bytes);
            }
            self.changed(range).map_err(|_| DfuStatus::ErrErase)?;
        }
        Ok(nor.erase_time(sector.size))
    }
}

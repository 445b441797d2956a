//! What a plan has to know of the board at hand.

use crate::address::AddressRange;
use crate::dfuse::layout::{MemoryLayout, MemorySegment, Sector};
use crate::image::ImageElement;

use super::error::{Access, NoPlan, PlanError};

/// What the board at hand is, as far as a plan depends on it.
#[derive(Debug, Clone, Copy)]
pub struct BoardFacts<'b> {
    /// Those of its memories whose layouts are known, ascending by alternate setting; at least one.
    pub memories: &'b [Memory],
    /// Whether it has others, whose layouts nobody has read yet.
    pub has_more_memories: bool,
    /// `idVendor` and `idProduct`.
    pub ids: (u16, u16),
    /// The size of a block, in bytes.
    pub transfer_size: u16,
    /// Whether memory can be read back.
    pub can_upload: bool,
}

impl<'b> BoardFacts<'b> {
    /// The memory that the application is in.
    pub(super) fn main_memory(self) -> &'b Memory {
        self.memories.first().expect("a board has a memory")
    }

    pub(super) fn memory(self, number: u8) -> Result<&'b Memory, NoPlan> {
        let numbers = self.memories.iter().map(|memory| memory.alternate_setting);
        match numbers.clone().position(|known| known == number) {
            Some(index) => Ok(&self.memories[index]),
            None => {
                self.check_all_known()?;
                let available = numbers.collect();
                Err(PlanError::NoSuchAlternateSetting { number, available }.into())
            }
        }
    }

    /// Asks for the memories that are not known yet, if there are any.
    pub(super) fn check_all_known(self) -> Result<(), NoPlan> {
        match self.has_more_memories {
            true => Err(NoPlan::NeedsMoreMemories),
            false => Ok(()),
        }
    }

    /// The memory that was `chosen`, else the first that has all of these addresses, else the main memory, for the error
    /// that follows.
    pub(super) fn memory_for(
        self,
        chosen: Option<u8>,
        addresses: impl Iterator<Item = u32> + Clone,
    ) -> Result<&'b Memory, NoPlan> {
        if let Some(number) = chosen {
            return self.memory(number);
        }
        let has_all = |memory: &&Memory| addresses.clone().all(|address| memory.has(address));
        match self.memories.iter().find(has_all) {
            Some(memory) => Ok(memory),
            None => self.check_all_known().map(|()| self.main_memory()),
        }
    }
}

/// A memory of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// `bAlternateSetting`.
    pub alternate_setting: u8,
    /// What its string says.
    pub layout: MemoryLayout,
}

impl Memory {
    /// Its lowest address.
    pub fn start(&self) -> u32 {
        let addresses = self.layout.segments.iter().map(|segment| segment.address);
        addresses.min().unwrap_or(0)
    }

    /// Whether an address is one of its own.
    pub(super) fn has(&self, address: u32) -> bool {
        self.layout.sector_at(address).is_some()
    }

    /// Whether the last byte of an element is in it.
    pub(super) fn has_last(&self, element: &ImageElement) -> bool {
        u32::try_from(element.end() - 1).is_ok_and(|last| self.has(last))
    }

    /// The sector that an address lies in.
    pub(super) fn sector_at(&self, address: u32) -> Result<Sector, PlanError> {
        let sector = self.layout.sector_at(address);
        sector.ok_or_else(|| PlanError::Outside {
            address,
            memory: self.describe(),
        })
    }

    /// The sector that an address lies in, if that is allowed.
    pub(super) fn sector_for(&self, wanted: Access, address: u32) -> Result<Sector, PlanError> {
        let sector = self.sector_at(address)?;
        let is_allowed = match wanted {
            Access::Read => sector.access.readable,
            Access::Erase => sector.access.erasable,
            Access::Write => sector.access.writable,
        };
        match is_allowed {
            true => Ok(sector),
            false => Err(PlanError::NotAllowed {
                address: sector.address,
                wanted,
                memory: self.describe(),
            }),
        }
    }

    /// All sectors that can be erased, ascending.
    pub(super) fn erasable_sectors(&self) -> Vec<Sector> {
        self.layout
            .sectors()
            .filter(|sector| sector.access.erasable)
            .collect()
    }

    /// Name and layout in one line, for messages.
    pub(super) fn describe(&self) -> String {
        let segment = |segment: &MemorySegment| {
            let (address, end, access) = (segment.address, segment.end(), segment.access);
            format!("{address:#010x}..{end:#010x} ({access})")
        };
        let segments: Vec<String> = self.layout.segments.iter().map(segment).collect();
        let (number, name) = (self.alternate_setting, &self.layout.name);
        format!(
            "alternate setting {number}, {name:?}: {}",
            segments.join(", ")
        )
    }
}

/// Every sector that has a byte of ascending ranges, ascending, each once. `sector_at` finds the one of an address.
pub(super) fn sectors_with(
    ranges: impl Iterator<Item = AddressRange>,
    sector_at: impl Fn(u32) -> Result<Sector, PlanError>,
) -> Result<Vec<Sector>, PlanError> {
    let mut sectors: Vec<Sector> = Vec::new();
    for range in ranges {
        let covered = sectors.last().map_or(0, Sector::end);
        let mut next = range.start().max(covered);
        while next < range.end {
            let address = u32::try_from(next).expect("ranges end at 2^32 at the latest");
            let sector = sector_at(address)?;
            sectors.push(sector);
            next = sector.end();
        }
    }
    Ok(sectors)
}

//! The sectors of one memory that some work is about.

use crate::address::AddressRange;
use crate::chip::settings::Settings;
use crate::dfuse::layout::Sector;

use super::board_facts::Memory;

/// One memory, as far as some work is about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Which memory, as the board numbers it.
    pub alternate_setting: u8,
    /// What the board calls it.
    pub name: String,
    /// Its lowest address.
    pub start: u32,
    /// Those of its sectors that the work is about, ascending.
    pub sectors: Vec<Sector>,
    /// What this memory reads as when it is erased.
    pub erased: u8,
    /// What settings this memory holds, if it holds any.
    pub settings: Option<Settings>,
}

impl Region {
    /// These sectors of a memory.
    pub fn new(memory: &Memory, sectors: Vec<Sector>) -> Self {
        Self {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
            start: memory.start(),
            sectors,
            erased: memory.layout.erased_value(),
            settings: memory.layout.settings(),
        }
    }

    /// Whether these bytes of this memory were never written.
    pub fn is_erased(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte == self.erased)
    }

    /// Whether all of `range` can be read.
    pub fn is_readable(&self, range: AddressRange) -> bool {
        let mut next = range.start();
        for sector in self
            .sectors_in(range)
            .filter(|sector| sector.access.readable)
        {
            if u64::from(sector.address) <= next {
                next = sector.end();
            }
        }
        next >= range.end
    }

    /// Whether all of `range` can be erased.
    pub fn is_erasable(&self, range: AddressRange) -> bool {
        self.sectors_in(range).all(|sector| sector.access.erasable)
    }

    /// Which of the sectors have a byte of `range`.
    pub fn sector_indices(&self, range: AddressRange) -> std::ops::Range<usize> {
        let first = self
            .sectors
            .partition_point(|sector| sector.end() <= range.start());
        let after = self
            .sectors
            .partition_point(|sector| u64::from(sector.address) < range.end);
        first..after.max(first)
    }

    /// The sectors that have a byte of `range`.
    pub fn sectors_in(&self, range: AddressRange) -> impl Iterator<Item = Sector> + '_ {
        self.sectors[self.sector_indices(range)].iter().copied()
    }

    /// `range`, widened to the block borders that lie in the same sectors as it does.
    pub fn to_blocks(&self, range: AddressRange, transfer_size: u16) -> AddressRange {
        match &self.sectors[self.sector_indices(range)] {
            [first, .., last] => range.to_blocks(
                transfer_size,
                AddressRange {
                    end: last.end(),
                    ..(*first).into()
                },
            ),
            [only] => range.to_blocks(transfer_size, (*only).into()),
            [] => range,
        }
    }
}

//! A memory of a DfuSe board as segments and sectors, read from its alternate setting's string by [`parse`].

pub mod error;
mod facts;
mod parse;

use std::fmt;

use crate::address::AddressRange;

/// The most sectors that a memory may have: enough for 4 GiB in sectors of 4K. Each is kept, and looked at.
const MOST_SECTORS: u32 = 1 << 20;

/// The memory that one alternate setting stands for; [`MemoryLayout::parse`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLayout {
    /// What the board calls this memory, such as `Internal Flash`, without spaces around it.
    pub name: String,
    /// In the string's order, which need not be ascending. They don't overlap; some may have no sectors.
    pub segments: Vec<MemorySegment>,
}

impl MemoryLayout {
    /// All sectors, ascending by address.
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        let mut ascending: Vec<&MemorySegment> = self.segments.iter().collect();
        ascending.sort_by_key(|segment| segment.address);
        ascending
            .into_iter()
            .flat_map(|segment| (0..segment.sectors).map_while(|index| segment.sector(index)))
    }

    /// Segment by segment, in the string's order: address, sectors, and the bytes of each.
    pub fn runs(&self) -> Vec<(u32, u32, u32)> {
        let segments = self.segments.iter();
        let run = |segment: &MemorySegment| (segment.address, segment.sectors, segment.sector_size);
        segments.map(run).collect()
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(MemorySegment::size).sum()
    }

    /// The sector that `address` lies in; `None` in a gap or outside.
    pub fn sector_at(&self, address: u32) -> Option<Sector> {
        self.segments
            .iter()
            .find_map(|segment| segment.sector_at(address))
    }

    /// The end of the segment that `address` lies in, exclusive; `None` in a gap or outside.
    pub fn segment_end(&self, address: u32) -> Option<u64> {
        let is_in = |segment: &&MemorySegment| segment.sector_at(address).is_some();
        self.segments.iter().find(is_in).map(MemorySegment::end)
    }
}

/// A run of sectors of one size, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySegment {
    /// Of the first sector.
    pub address: u32,
    /// How many; 0 is allowed, and some boards say so.
    pub sectors: u32,
    /// In bytes, often no power of two; more than 0 where there are sectors.
    pub sector_size: u32,
    /// What may be done with each of them.
    pub access: Access,
}

impl MemorySegment {
    /// In bytes, up to 2^32.
    pub fn size(&self) -> u64 {
        u64::from(self.sectors) * u64::from(self.sector_size)
    }

    /// The address after the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + self.size()
    }

    fn sector_at(&self, address: u32) -> Option<Sector> {
        let index = address
            .checked_sub(self.address)?
            .checked_div(self.sector_size)?;
        self.sector(index)
    }

    fn sector(&self, index: u32) -> Option<Sector> {
        if index >= self.sectors || self.sector_size == 0 {
            return None;
        }
        let address = index
            .checked_mul(self.sector_size)?
            .checked_add(self.address)?;
        Some(Sector {
            address,
            size: self.sector_size,
            access: self.access,
        })
    }
}

/// A sector, or page: the least that can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sector {
    /// Of its first byte.
    pub address: u32,
    /// In bytes, more than 0.
    pub size: u32,
    /// What may be done with it.
    pub access: Access,
}

impl Sector {
    /// The address after the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + u64::from(self.size)
    }
}

impl From<Sector> for AddressRange {
    fn from(sector: Sector) -> Self {
        Self {
            address: sector.address,
            end: sector.end(),
        }
    }
}

/// A segment's type letter (UM0424): what the board says may be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Bit 0: letters a, c, e, g.
    pub readable: bool,
    /// Bit 1: letters b, c, f, g.
    pub erasable: bool,
    /// Bit 2: letters d, e, f, g.
    pub writable: bool,
}

impl Access {
    /// `a` to `g` in either case; the letters' lower three bits are 1 to 7.
    fn from_letter(letter: u8) -> Option<Self> {
        if !matches!(letter.to_ascii_lowercase(), b'a'..=b'g') {
            return None;
        }
        Some(Self {
            readable: letter & 0b001 != 0,
            erasable: letter & 0b010 != 0,
            writable: letter & 0b100 != 0,
        })
    }
}

/// In words, such as `read, erase, write`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = [
            (self.readable, "read"),
            (self.erasable, "erase"),
            (self.writable, "write"),
        ]
        .into_iter()
        .filter_map(|(allowed, word)| allowed.then_some(word))
        .collect();
        if words.is_empty() {
            return f.write_str("nothing");
        }
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests;

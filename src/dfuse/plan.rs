//! The plan: what to erase, write, read back and start, decided and checked whole before the first byte goes out.

pub mod erase;
pub mod error;
pub mod flash;

use crate::image::ImageElement;

use super::layout::{MemoryLayout, Sector};
use super::quirks::erased_value;
use error::PlanError;

/// What is to be done with one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<'i> {
    /// Memory by memory.
    pub targets: Vec<TargetPlan<'i>>,
    /// Where to start the application when all is done; `None` to stay in DFU mode.
    pub start: Option<Start>,
}

/// What is to be done with one memory. *Target* is ST's word for an alternate setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan<'i> {
    /// Which memory, as the board numbers it.
    pub alternate_setting: u8,
    /// What the board calls it.
    pub name: String,
    /// Every sector that has a byte of the image, ascending.
    pub sectors: Vec<Sector>,
    /// Erase all of it, before anything else.
    pub mass_erase: Option<MassErase>,
    /// Sectors to erase one by one, ascending.
    pub erase: Vec<Sector>,
    /// What to write and compare, but for the head.
    pub body: Stage,
    /// What to write and compare last, when everything else is known to be right: the block with the vector table.
    pub head: Option<Stage>,
    /// The bytes, ascending. Where none is named, memory is expected to be erased.
    pub elements: &'i [ImageElement],
    /// What this memory reads as when it is erased.
    pub erased: u8,
}

impl<'i> TargetPlan<'i> {
    fn new(memory: &Memory, elements: &'i [ImageElement]) -> Self {
        Self {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
            sectors: Vec::new(),
            mass_erase: None,
            erase: Vec::new(),
            body: Stage::default(),
            head: None,
            elements,
            erased: erased_value(&memory.layout),
        }
    }

    /// What memory should hold from `address` on: named bytes, erased ones elsewhere. Returns how many were named.
    pub fn contents(&self, address: u32, buffer: &mut [u8]) -> u64 {
        buffer.fill(self.erased);
        let start = u64::from(address);
        let end = start + buffer.len() as u64;
        let first = self
            .elements
            .partition_point(|element| element.end() <= start);
        let mut named = 0;
        for element in &self.elements[first..] {
            let from = element.start().max(start);
            let to = element.end().min(end);
            if from >= to {
                break;
            }
            let bytes = &element.data[index(from - element.start())..index(to - element.start())];
            buffer[index(from - start)..index(to - start)].copy_from_slice(bytes);
            named += to - from;
        }
        named
    }

    /// The sectors of the image that have a byte of `range`.
    pub fn sectors_in(&self, range: AddressRange) -> impl Iterator<Item = Sector> + '_ {
        let first = self
            .sectors
            .partition_point(|sector| sector.end() <= range.start());
        let behind = move |sector: &&Sector| u64::from(sector.address) < range.end;
        self.sectors[first..].iter().take_while(behind).copied()
    }

    /// What is written before `block` is, when the stages are carried out one after the other.
    pub fn written_before(&self, block: AddressRange) -> Vec<AddressRange> {
        let below = |range: &AddressRange| range.below(block.address);
        match self
            .head
            .as_ref()
            .filter(|head| head.contains(block.address))
        {
            Some(head) => {
                let head = head.write.iter().filter_map(below);
                self.body.write.iter().copied().chain(head).collect()
            }
            None => self.body.write.iter().filter_map(below).collect(),
        }
    }

    /// How many bytes of the image go to this memory.
    pub fn named_bytes(&self) -> u64 {
        self.elements
            .iter()
            .map(|element| element.data.len() as u64)
            .sum()
    }

    /// Whether anything is read back.
    pub fn is_verified(&self) -> bool {
        !self.body.verify.is_empty()
            || self
                .head
                .as_ref()
                .is_some_and(|head| !head.verify.is_empty())
    }
}

/// Offsets within a buffer are below its length, which is a `usize`.
fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("an offset into a buffer in memory")
}

/// Erasing all of a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassErase {
    /// All that can be erased in this memory, ascending; not empty.
    pub sectors: Vec<Sector>,
    /// Whether to look afterwards that they are blank.
    pub check: bool,
}

/// A part of the download.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// What to write: stretches without a gap, ascending.
    pub write: Vec<AddressRange>,
    /// What to read back and compare, ascending.
    pub verify: Vec<AddressRange>,
}

impl Stage {
    fn contains(&self, address: u32) -> bool {
        let address = u64::from(address);
        self.write
            .iter()
            .any(|range| range.start() <= address && address < range.end)
    }

    /// In bytes.
    pub fn bytes_to_write(&self) -> u64 {
        self.write.iter().map(|range| range.size()).sum()
    }

    /// In bytes.
    pub fn bytes_to_verify(&self) -> u64 {
        self.verify.iter().map(|range| range.size()).sum()
    }
}

/// Leaving DFU mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The main memory's alternate setting.
    pub alternate_setting: u8,
    /// Of the vector table.
    pub address: u32,
}

/// Addresses from `address` up to, but without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// The first address.
    pub address: u32,
    /// The address behind the last, up to 2^32; more than `address`.
    pub end: u64,
}

impl AddressRange {
    /// Its first address, as a number that can be compared with `end`.
    pub fn start(self) -> u64 {
        u64::from(self.address)
    }

    /// In bytes, up to 2^32.
    pub fn size(self) -> u64 {
        self.end - self.start()
    }
}

impl AddressRange {
    /// From `start` to `end`, unless that is nothing.
    fn between(start: u64, end: u64) -> Option<Self> {
        let address = u32::try_from(start).ok()?;
        (start < end).then_some(Self { address, end })
    }

    /// What is left of it behind its first `bytes`.
    pub fn behind(self, bytes: u64) -> Option<Self> {
        Self::between(self.start() + bytes, self.end)
    }

    /// At most its first `bytes`.
    pub fn up_to(self, bytes: u64) -> Self {
        Self {
            end: self.end.min(self.start() + bytes),
            ..self
        }
    }

    /// What of it lies below an address.
    fn below(self, address: u32) -> Option<Self> {
        Self::between(self.start(), self.end.min(address.into()))
    }

    /// What both have.
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::between(self.start().max(other.start()), self.end.min(other.end))
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

impl ImageElement {
    /// The first address, as a number that can be compared with [`ImageElement::end`].
    fn start(&self) -> u64 {
        u64::from(self.address)
    }

    /// The address behind the last byte, up to 2^32.
    fn end(&self) -> u64 {
        self.start() + self.data.len() as u64
    }
}

/// Joins ascending ranges that touch or overlap.
pub fn joined(ranges: impl Iterator<Item = AddressRange>) -> Vec<AddressRange> {
    let mut joined: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start() <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// What the board at hand is, as far as a plan depends on it.
#[derive(Debug, Clone, Copy)]
pub struct BoardProfile<'b> {
    /// Its memories, ascending by alternate setting; at least one.
    pub memories: &'b [Memory],
    /// `idVendor` and `idProduct`.
    pub ids: (u16, u16),
    /// The size of a block, in bytes.
    pub transfer_size: u16,
    /// Whether memory can be read back.
    pub can_upload: bool,
}

impl<'b> BoardProfile<'b> {
    /// The memory that the application is in.
    fn main_memory(self) -> &'b Memory {
        self.memories.first().expect("a board has a memory")
    }

    fn memory(self, alternate_setting: u8) -> Result<&'b Memory, PlanError> {
        let mut memories = self.memories.iter();
        memories
            .find(|memory| memory.alternate_setting == alternate_setting)
            .ok_or_else(|| PlanError::NoSuchAlternateSetting {
                number: alternate_setting,
                available: self
                    .memories
                    .iter()
                    .map(|memory| memory.alternate_setting)
                    .collect(),
            })
    }

    /// The first memory that has all of these addresses, or the main memory, for the error that follows.
    fn memory_with(self, addresses: impl Iterator<Item = u32> + Clone) -> &'b Memory {
        let has_all = |memory: &&Memory| {
            addresses
                .clone()
                .all(|address| memory.layout.sector_at(address).is_some())
        };
        self.memories
            .iter()
            .find(has_all)
            .unwrap_or_else(|| self.main_memory())
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

    /// All sectors that can be erased, ascending.
    fn erasable_sectors(&self) -> Vec<Sector> {
        self.layout
            .sectors()
            .filter(|sector| sector.access.erasable)
            .collect()
    }

    /// Name and layout in one line, for messages.
    fn describe(&self) -> String {
        let segments: Vec<String> = self
            .layout
            .segments
            .iter()
            .map(|segment| {
                let access = segment.access;
                format!(
                    "{:#010x}..{:#010x} ({access})",
                    segment.address,
                    segment.end()
                )
            })
            .collect();
        let Self {
            alternate_setting,
            layout,
        } = self;
        format!(
            "alternate setting {alternate_setting}, {:?}, has {}",
            layout.name,
            segments.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(address: u32, end: u64) -> AddressRange {
        AddressRange { address, end }
    }

    #[test]
    fn ranges_that_touch_or_overlap_are_joined() {
        let ranges = [range(0, 16), range(16, 32), range(24, 28), range(40, 48)];
        assert_eq!(joined(ranges.into_iter()), [range(0, 32), range(40, 48)]);
    }

    #[test]
    fn a_block_holds_the_named_bytes_and_erased_ones_around_them() {
        let elements = [
            ImageElement {
                address: 0x0800_0002,
                data: vec![1, 2, 3],
            },
            ImageElement {
                address: 0x0800_0007,
                data: vec![4, 5],
            },
        ];
        let memory = Memory {
            alternate_setting: 0,
            layout: MemoryLayout::parse("@Flash/0x08000000/1*1Kg").expect("good"),
        };
        let plan = TargetPlan::new(&memory, &elements);
        let check = |address, expected: &[u8], named| {
            let mut block = vec![0; expected.len()];
            assert_eq!(plan.contents(address, &mut block), named);
            assert_eq!(block, expected, "{address:#010x}");
        };
        check(
            0x0800_0000,
            &[0xFF, 0xFF, 1, 2, 3, 0xFF, 0xFF, 4, 5, 0xFF],
            5,
        );
        check(0x0800_0003, &[2, 3, 0xFF, 0xFF, 4], 3);
        check(0x0800_0009, &[0xFF; 4], 0);
        check(0x07FF_FFFE, &[0xFF, 0xFF, 0xFF, 0xFF, 1], 1);
    }

    #[test]
    fn the_last_bytes_of_the_address_space_are_within_reach() {
        let elements = [ImageElement {
            address: 0xFFFF_FFFE,
            data: vec![7, 8],
        }];
        let memory = Memory {
            alternate_setting: 3,
            layout: MemoryLayout::parse("@Device Feature/0xFFFF0000/1*64Kg").expect("good"),
        };
        let plan = TargetPlan::new(&memory, &elements);
        let mut block = [0; 4];
        assert_eq!(plan.contents(0xFFFF_FFFC, &mut block), 2);
        assert_eq!(block, [0xFF, 0xFF, 7, 8]);
    }
}

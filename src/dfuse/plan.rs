//! The plan: what to erase, write, read back and start, decided and checked whole before the first byte goes out.

mod choice;
pub mod erase;
pub mod error;
pub mod flash;
pub mod leave;
pub mod profile;
mod reach;
pub mod read;
pub mod settings;
pub mod settle;
mod stretches;
pub mod vector_table;
pub mod verify;

use std::borrow::Cow;

use crate::image::ImageElement;

use super::layout::Sector;
use super::quirks::erased_value;
use super::range::{AddressRange, index};
use leave::Unprotect;
use profile::Memory;
use settings::Settings;
use vector_table::BadVectorTable;

/// What is to be done with one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<'i> {
    /// Memory by memory.
    pub targets: Vec<TargetPlan<'i>>,
    /// What to do with them.
    pub task: Task,
    /// Where to start the application when all is done; `None` to stay in DFU mode.
    pub start: Option<Start>,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Erase, write, read back and compare, as each target says.
    Change,
    /// Look what changing would come to with what is in flash already, and change nothing.
    Rehearse,
    /// Compare each target's `look` with its elements, all of it, and change nothing.
    Compare,
    /// Read each target's `look`, and change nothing.
    Read,
    /// Lift read protection, if there is any, which erases everything and resets the board.
    Unprotect(Unprotect),
}

/// What is to be done with one memory. *Target* is ST's word for an alternate setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan<'i> {
    /// Which memory, as the board numbers it.
    pub alternate_setting: u8,
    /// What the board calls it.
    pub name: String,
    /// Every sector that has a byte of the image, or of what is read, ascending.
    pub sectors: Vec<Sector>,
    /// Those of them that are erased, or are going to be, behind what is written.
    pub room: Vec<Sector>,
    /// Look first what is there already, and leave out what needs no work.
    pub compare: bool,
    /// What is written was to be read back, and can't be.
    pub unchecked: bool,
    /// Keep what is in sectors that are to be erased beyond the image.
    pub preserve: bool,
    /// Erase all of it, before anything else.
    pub mass_erase: Option<MassErase>,
    /// Sectors to erase one by one, ascending.
    pub erase: Vec<Sector>,
    /// What to write and compare, but for the head.
    pub body: Stage,
    /// What to write and compare last, when everything else is known to be right: the block with the vector table.
    pub head: Option<Stage>,
    /// What to compare or to read, where that is all there is to do: stretches without a gap, ascending.
    pub look: Vec<AddressRange>,
    /// The bytes, ascending. Where none is named, memory is expected to be erased.
    pub elements: Cow<'i, [ImageElement]>,
    /// What this memory reads as when it is erased.
    pub erased: u8,
    /// What settings this memory holds, if it holds any.
    pub settings: Option<Settings>,
    /// Why the application can't be started from its vector table, if that is so.
    pub bad_vector_table: Option<BadVectorTable>,
}

impl<'i> TargetPlan<'i> {
    fn new(memory: &Memory, elements: &'i [ImageElement]) -> Self {
        Self {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
            sectors: Vec::new(),
            room: Vec::new(),
            compare: false,
            unchecked: false,
            preserve: false,
            mass_erase: None,
            erase: Vec::new(),
            body: Stage::default(),
            head: None,
            look: Vec::new(),
            elements: Cow::Borrowed(elements),
            erased: erased_value(&memory.layout),
            settings: Settings::in_memory(&memory.layout),
            bad_vector_table: None,
        }
    }

    /// What memory should hold from `address` on: named bytes, erased ones elsewhere. Returns how many were named.
    pub fn contents(&self, address: u32, buffer: &mut [u8]) -> u64 {
        buffer.fill(self.erased);
        self.overlay(address, buffer)
    }

    /// Puts the named bytes from `address` on into `buffer` and leaves the others in it. Returns how many were named.
    pub fn overlay(&self, address: u32, buffer: &mut [u8]) -> u64 {
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

    /// Body and head, in the order in which they are carried out.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        [&self.body].into_iter().chain(&self.head)
    }

    /// Which of the sectors of the image have a byte of `range`.
    pub fn sector_indices(&self, range: AddressRange) -> std::ops::Range<usize> {
        let first = self
            .sectors
            .partition_point(|sector| sector.end() <= range.start());
        let behind = self
            .sectors
            .partition_point(|sector| u64::from(sector.address) < range.end);
        first..behind.max(first)
    }

    /// The sectors of the image that have a byte of `range`.
    pub fn sectors_in(&self, range: AddressRange) -> impl Iterator<Item = Sector> + '_ {
        self.sectors[self.sector_indices(range)].iter().copied()
    }

    /// How many bytes of the image lie in `range`.
    pub fn named_in(&self, range: AddressRange) -> u64 {
        let inside = |element: &ImageElement| element.range().overlap(range);
        self.elements
            .iter()
            .filter_map(inside)
            .map(AddressRange::size)
            .sum()
    }

    /// How many bytes of the image are written.
    fn named_bytes_to_write(&self) -> u64 {
        self.stages()
            .flat_map(|stage| &stage.write)
            .map(|range| self.named_in(*range))
            .sum()
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
        self.stages().any(|stage| !stage.verify.is_empty())
    }
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

impl ImageElement {
    /// Its addresses.
    pub(super) fn range(&self) -> AddressRange {
        AddressRange {
            address: self.address,
            end: self.end(),
        }
    }

    /// The first address, as a number that can be compared with [`ImageElement::end`].
    fn start(&self) -> u64 {
        u64::from(self.address)
    }

    /// The address behind the last byte, up to 2^32.
    fn end(&self) -> u64 {
        self.start() + self.data.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfuse::layout::MemoryLayout;

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

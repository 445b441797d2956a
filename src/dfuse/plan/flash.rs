//! Image + memories → plan: which sectors its bytes lie in, and what to do with each memory.

use std::borrow::Cow;

use crate::address::{AddressRange, joined};
use crate::chip::rom::has_vector_tables;
use crate::chip::vector_table::{self, BadVectorTable, Part};
use crate::dfuse::layout::{MemoryLayout, Sector};
use crate::dfuse::named::Named;
use crate::dfuse::plan::region::Region;
use crate::image::{Image, ImageElement};

use super::board_facts::{BoardFacts, Memory, sectors_with};
use super::choice::{Choice, plan_shares};
use super::error::{Access, NoPlan, PlanError};
use super::leave::Start;
use super::place::Place;
use super::too_small::or_too_small;
use super::write_ranges::{take_head, write_ranges};
use crate::chip::settings::Settings;

mod start;

pub use start::Suspicion;
use start::{linked_elsewhere, start_address};

/// What the user wants of a flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlashOptions {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
    /// Erase and write all of it, even what is there already.
    pub full: bool,
    /// Write from the first block to the last, and all of it.
    pub in_order: bool,
    /// Keep what is in partly covered sectors beyond the image.
    pub preserve: bool,
    /// Erase all of the memory first.
    pub mass_erase: bool,
    /// Read back and compare.
    pub verify: bool,
    /// Start the application afterwards.
    pub start: bool,
    /// Start it here.
    pub entry: Option<u32>,
    /// Pass over the ids in the file.
    pub any_id: bool,
    /// Take of the image what the board has a memory for.
    pub only_fitting: bool,
    /// Where the user has placed a raw file that is to start where it was linked for; `None` where that is not looked at.
    pub placed_at: Option<u32>,
}

impl FlashOptions {
    /// Those of a user who asks for nothing in particular.
    pub const PLAIN: Self = Self {
        alternate_setting: None,
        full: false,
        in_order: false,
        preserve: false,
        mass_erase: false,
        verify: true,
        start: true,
        entry: None,
        any_id: false,
        only_fitting: false,
        placed_at: None,
    };

    fn choice(self) -> Choice {
        Choice {
            alternate_setting: self.alternate_setting,
            any_id: self.any_id,
            only_fitting: self.only_fitting,
        }
    }

    /// Whether flash is to be read at all, before or after.
    fn reads(self) -> bool {
        let compares = !(self.full || self.in_order);
        compares || self.verify || self.preserve
    }
}

/// An image for one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashPlan<'i> {
    /// Memory by memory; at least one.
    pub memories: Vec<FlashMemory<'i>>,
    /// Where to start the application when all is done; `None` to stay in DFU mode.
    pub start: Option<Start>,
    /// Why the application can't be started from its vector table, if that is so.
    pub bad_vector_table: Option<BadVectorTable>,
    /// That a raw file looks linked for another address than the user has placed it at, unless what is on the board has
    /// its code.
    pub linked_elsewhere: Option<Suspicion>,
    /// What of the image is not written, because the board has no memory for it, or another one was chosen.
    pub left_out: Vec<Place>,
}

/// An image for one memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashMemory<'i> {
    /// The memory, with every sector that has a byte of the image: all that could be erased for it.
    pub region: Region,
    /// The image.
    elements: Cow<'i, [ImageElement]>,
    /// What to write, in whole program units, but for the head: without a gap each, ascending.
    pub body: Vec<AddressRange>,
    /// The block with the vector table, which is erased first and written last.
    pub head: Option<AddressRange>,
    /// How room is made for it.
    pub erase: Erase,
    /// Whether to look first what is there already, and to leave that out.
    pub compare: Compare,
    /// Whether it is read back and compared.
    pub check: Check,
    /// What becomes of what else is in its sectors.
    pub around: Around,
    /// Whether the memory can be read, and may be.
    pub reads: bool,
    /// Whether it is written from the first block to the last, and all of it.
    pub in_order: bool,
}

impl FlashMemory<'_> {
    /// The image.
    pub fn image(&self) -> Named<'_> {
        Named(&self.elements)
    }

    /// What is to be written, widened to whole blocks inside of its sectors, ascending.
    pub fn whole_blocks(&self, transfer_size: u16) -> Vec<AddressRange> {
        let ranges = self.ranges();
        let whole = ranges
            .iter()
            .map(|range| self.region.to_blocks(*range, transfer_size));
        joined(whole)
    }

    /// What is to be written, ascending.
    pub fn ranges(&self) -> Vec<AddressRange> {
        let mut ranges: Vec<AddressRange> = self.body.iter().chain(&self.head).copied().collect();
        ranges.sort_by_key(|range| range.address);
        ranges
    }
}

/// How room is made for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erase {
    /// Its sectors, one by one, as far as needed.
    Sectors,
    /// All of the memory first: every sector of it that can be erased.
    All(Region),
    /// All of the memory, under another of its alternate settings.
    AllUnderAnother,
}

/// What is looked at first, so that what is there already is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Nothing.
    Nothing,
    /// All of the image, as far as needed to know what differs.
    All,
    /// The same; but a large sector whose samples are blank is taken to be.
    Samples,
}

/// Whether what was written is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// All of it.
    ReadBack,
    /// It is not wanted.
    NotWanted,
    /// It is wanted, and the board can't be read.
    CantBeRead,
}

/// What becomes of what is in an image's sectors and not of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// It is looked at, and written back.
    Keep,
    /// It is looked at and counted.
    Count,
    /// All of it was to be erased.
    Expendable,
    /// Nobody looks at it.
    Unseen,
}

/// Plans to flash an image.
///
/// # Errors
/// Whatever of the image doesn't fit the board. Nothing has been sent to it by then.
pub fn plan_flash<'i>(
    image: &'i Image,
    board: BoardFacts<'_>,
    options: FlashOptions,
) -> Result<FlashPlan<'i>, NoPlan> {
    let mut planned: Vec<PlannedMemory> = Vec::new();
    let (memories, left_out) = plan_shares(image, board, options.choice(), |memory, elements| {
        check_settings(memory, options.alternate_setting)?;
        plan_memory(elements, memory, board, options, &mut planned)
    })?;
    let reads = memories.iter().any(|memory| memory.reads);
    let main = |memory: &&FlashMemory<'_>| is_main(memory, board);
    let first = memories.iter().find(main);
    let mut parts: Vec<Part<'_>> = memories.iter().filter(main).flat_map(parts).collect();
    parts.sort_by_key(|part| part.address);
    let start = match first.filter(|_| options.start) {
        Some(memory) => Some(Start {
            alternate_setting: memory.region.alternate_setting,
            address: start_address(&parts, board, options.entry)?,
        }),
        None => None,
    };
    let bad_vector_table = match has_vector_tables(board.ids) {
        true => vector_table::find_fault(&parts, options.entry),
        false => None,
    };
    let linked_elsewhere = match options.placed_at {
        Some(address) => linked_elsewhere(&parts, reads, board, address)?,
        None => None,
    };
    Ok(FlashPlan {
        memories,
        start,
        bad_vector_table,
        linked_elsewhere,
        left_out,
    })
}

/// One that holds settings has to be named.
fn check_settings(memory: &Memory, chosen: Option<u8>) -> Result<(), PlanError> {
    match memory.layout.settings() {
        Some(settings) if chosen.is_none() => Err(PlanError::NotNamed {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
            settings,
        }),
        _ => Ok(()),
    }
}

/// A memory that an earlier target of the image goes to.
struct PlannedMemory {
    layout: MemoryLayout,
    sectors: Vec<Sector>,
}

fn plan_memory<'i>(
    elements: Cow<'i, [ImageElement]>,
    memory: &Memory,
    board: BoardFacts<'_>,
    options: FlashOptions,
    planned: &mut Vec<PlannedMemory>,
) -> Result<FlashMemory<'i>, PlanError> {
    let ranges = elements.iter().map(ImageElement::range);
    let sectors = sectors_with(ranges, |address| memory.sector_for(Access::Write, address))
        .map_err(|error| or_too_small(error, &elements, memory, board))?;
    let region = Region::new(memory, sectors);
    check_option_bytes(&region, Named(&elements))?;
    let is_twin = check_twins(&region, memory, planned)?;
    let readable = board.can_upload && region.sectors.iter().all(|sector| sector.access.readable);
    if options.preserve && !readable {
        let (alternate_setting, name) = (memory.alternate_setting, memory.layout.name.clone());
        return Err(PlanError::CantPreserve {
            alternate_setting,
            name,
        });
    }
    let is_main = memory.layout == board.main_memory().layout;
    // The command for all of a memory has no address: in whatever memory it is sent, a ROM erases main flash.
    let erase = match is_main && options.mass_erase {
        false => Erase::Sectors,
        true if is_twin => Erase::AllUnderAnother,
        true => Erase::All(Region::new(memory, memory.erasable_sectors())),
    };
    let mut body = write_ranges(&elements, &region.sectors);
    let head = (is_main && !options.in_order).then(|| take_head(&mut body, board.transfer_size));
    let reads = readable && options.reads();
    planned.push(PlannedMemory {
        layout: memory.layout.clone(),
        sectors: region.sectors.clone(),
    });
    Ok(FlashMemory {
        elements,
        body,
        head: head.flatten(),
        compare: match reads && !options.full && !options.in_order && erase == Erase::Sectors {
            false => Compare::Nothing,
            true if options.verify && memory.layout.bears_programming_twice() => Compare::Samples,
            true => Compare::All,
        },
        check: match options.verify {
            false => Check::NotWanted,
            true if readable => Check::ReadBack,
            true => Check::CantBeRead,
        },
        around: match &erase {
            _ if options.preserve => Around::Keep,
            Erase::Sectors if reads => Around::Count,
            Erase::Sectors => Around::Unseen,
            Erase::All(_) | Erase::AllUnderAnother => Around::Expendable,
        },
        erase,
        reads,
        in_order: options.in_order,
        region,
    })
}

/// The bootloader erases all option bytes before it writes any, so that a part of them can't be written.
fn check_option_bytes(region: &Region, image: Named<'_>) -> Result<(), PlanError> {
    if region.settings != Some(Settings::OptionBytes) {
        return Ok(());
    }
    let whole = |sector: &Sector| image.bytes_in((*sector).into()) == u64::from(sector.size);
    match region.sectors.iter().find(|sector| !whole(sector)) {
        Some(sector) => Err(PlanError::PartOfOptionBytes { sector: *sector }),
        None => Ok(()),
    }
}

/// Two alternate settings can be one and the same memory (G0B1). What is there for the first target must not be erased
/// for the second. Returns whether there is a first.
fn check_twins(
    region: &Region,
    memory: &Memory,
    planned: &[PlannedMemory],
) -> Result<bool, PlanError> {
    let twins = || planned.iter().filter(|twin| twin.layout == memory.layout);
    let mut sectors = twins().flat_map(|twin| &twin.sectors);
    match sectors.find(|sector| region.sectors.contains(sector)) {
        Some(Sector { address, .. }) => Err(PlanError::SharedSector {
            address: *address,
            alternate_setting: memory.alternate_setting,
        }),
        None => Ok(twins().next().is_some()),
    }
}

fn parts<'m>(memory: &'m FlashMemory<'_>) -> impl Iterator<Item = Part<'m>> {
    memory.elements.iter().map(|element| Part {
        address: element.address,
        data: &element.data,
    })
}

fn is_main(memory: &FlashMemory<'_>, board: BoardFacts<'_>) -> bool {
    board
        .memory(memory.region.alternate_setting)
        .is_ok_and(|memory| memory.layout == board.main_memory().layout)
}

#[cfg(test)]
mod tests;

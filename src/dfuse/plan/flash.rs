//! Image + memories → plan: which sectors its bytes lie in, and what to do with each.

use crate::dfuse::layout::{MemoryLayout, Sector};
use crate::image::{Image, ImageElement, ImageTarget};

use super::error::PlanError;
use super::{
    AddressRange, BoardProfile, MassErase, Memory, Plan, Stage, Start, TargetPlan, joined,
};

/// In erasable memory, writes are widened to units of this many bytes, filled up with 0xFF, which changes nothing in
/// erased flash. It is the largest unit that an STM32 programs at once (H7: 256 bits; the others' are smaller powers
/// of two). A unit can be written once per erase, so two elements in one unit have to go out together, and L476/L486
/// ROMs corrupt flash where a block's length is no multiple of 8.
const PROGRAM_UNIT: u64 = 32;

/// What the user wants of a flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlashOptions {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
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
}

/// Plans to flash an image.
///
/// # Errors
/// Whatever of the image doesn't fit the board. Nothing has been sent to it by then.
pub fn plan_flash<'i>(
    image: &'i Image,
    board: BoardProfile<'_>,
    options: FlashOptions,
) -> Result<Plan<'i>, PlanError> {
    let (vendor_id, product_id) = board.ids;
    let ids = image.ids.filter(|_| !options.any_id);
    if let Some(ids) = ids.filter(|ids| !ids.accepts(vendor_id, product_id)) {
        let file = (ids.vendor_id, ids.product_id);
        return Err(PlanError::OtherDevice {
            file,
            board: board.ids,
        });
    }
    let mut targets: Vec<TargetPlan> = Vec::new();
    let mut planned: Vec<PlannedMemory> = Vec::new();
    for target in &image.targets {
        if let Some(memory) = memory_for(target, board, options.alternate_setting)? {
            targets.push(plan_target(target, memory, board, options, &mut planned)?);
        }
    }
    if targets.is_empty() {
        return Err(PlanError::NothingForMemory {
            alternate_setting: options.alternate_setting.unwrap_or_default(),
            in_file: image
                .targets
                .iter()
                .filter_map(|target| target.alternate_setting)
                .collect(),
        });
    }
    let start = if options.start {
        start(&targets, board, options.entry)?
    } else {
        None
    };
    Ok(Plan { targets, start })
}

/// The memory that a target of the image goes to; `None` where the user has chosen another one than the file says.
fn memory_for<'b>(
    target: &ImageTarget,
    board: BoardProfile<'b>,
    chosen: Option<u8>,
) -> Result<Option<&'b Memory>, PlanError> {
    let memory = match (target.alternate_setting, chosen) {
        (Some(number), Some(chosen)) if number != chosen => return Ok(None),
        (Some(number), _) | (None, Some(number)) => board.memory(number)?,
        (None, None) => board.memory_with(target.elements.iter().map(|element| element.address)),
    };
    if chosen.is_none() && holds_settings(&memory.layout.name) {
        let Memory {
            alternate_setting,
            layout,
        } = memory.clone();
        return Err(PlanError::NotNamed {
            alternate_setting,
            name: layout.name,
        });
    }
    Ok(Some(memory))
}

/// Whether a memory of this name holds settings rather than a program: option bytes, one-time programmable memory and
/// ST's device feature and engineering bytes. Names as ROMs spell them: "Option Bytes", "Option byte" (AT32), "OB
/// Bytes" (U083), "OTP Memory", "Device Feature", "ENGI Bytes".
fn holds_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["option", "ob bytes", "otp", "feature", "engi"];
    words.iter().any(|word| name.contains(word))
}

/// A memory that an earlier target of the image goes to.
struct PlannedMemory {
    layout: MemoryLayout,
    sectors: Vec<Sector>,
}

fn plan_target<'i>(
    target: &'i ImageTarget,
    memory: &Memory,
    board: BoardProfile<'_>,
    options: FlashOptions,
    planned: &mut Vec<PlannedMemory>,
) -> Result<TargetPlan<'i>, PlanError> {
    let sectors = touched_sectors(target, memory)?;
    let readable = sectors.iter().all(|sector| sector.access.readable);
    let mut plan = TargetPlan::new(memory, &target.elements);

    // Two alternate settings can be one and the same memory (G0B1). What is there for the first target must not be
    // erased for the second.
    let twins = || planned.iter().filter(|twin| twin.layout == memory.layout);
    let shared = twins()
        .flat_map(|twin| &twin.sectors)
        .find(|sector| sectors.contains(sector));
    if let Some(Sector { address, .. }) = shared {
        let (address, alternate_setting) = (*address, memory.alternate_setting);
        return Err(PlanError::SharedSector {
            address,
            alternate_setting,
        });
    }
    if !options.mass_erase {
        plan.erase = sectors
            .iter()
            .filter(|sector| sector.access.erasable)
            .copied()
            .collect();
    } else if twins().next().is_none() {
        let sectors = memory.erasable_sectors();
        let check = board.can_upload && sectors.iter().all(|sector| sector.access.readable);
        plan.mass_erase = Some(MassErase { sectors, check }).filter(|all| !all.sectors.is_empty());
    }

    let mut write = write_ranges(&target.elements, &sectors);
    let verify = options.verify && board.can_upload && readable;
    let stage = |write: Vec<AddressRange>| {
        let verify = if verify { write.clone() } else { Vec::new() };
        Stage { write, verify }
    };
    if memory.layout == board.main_memory().layout {
        plan.head = take_head(&mut write, board.transfer_size).map(|head| stage(vec![head]));
    }
    plan.body = stage(write);
    planned.push(PlannedMemory {
        layout: memory.layout.clone(),
        sectors,
    });
    Ok(plan)
}

/// Every sector that has a byte of the image, ascending.
fn touched_sectors(target: &ImageTarget, memory: &Memory) -> Result<Vec<Sector>, PlanError> {
    let mut sectors: Vec<Sector> = Vec::new();
    for element in &target.elements {
        let covered = sectors.last().map_or(0, Sector::end);
        let mut next = element.start().max(covered);
        while next < element.end() {
            let address = u32::try_from(next).expect("elements end at 2^32 at the latest");
            let sector = sector_to_write(address, memory)?;
            sectors.push(sector);
            next = sector.end();
        }
    }
    Ok(sectors)
}

fn sector_to_write(address: u32, memory: &Memory) -> Result<Sector, PlanError> {
    match memory.layout.sector_at(address) {
        Some(sector) if sector.access.writable => Ok(sector),
        Some(_) => Err(PlanError::NotWritable {
            address,
            memory: memory.describe(),
        }),
        None => Err(PlanError::Outside {
            address,
            memory: memory.describe(),
        }),
    }
}

/// The stretches to write for these elements, widened to whole program units where the sector is erasable.
fn write_ranges(elements: &[ImageElement], sectors: &[Sector]) -> Vec<AddressRange> {
    joined(elements.iter().flat_map(|element| {
        let first = sectors.partition_point(|sector| sector.end() <= element.start());
        let sectors = sectors[first..].iter();
        sectors
            .take_while(|sector| u64::from(sector.address) < element.end())
            .map(|sector| part_in_sector(element, *sector))
    }))
}

fn part_in_sector(element: &ImageElement, sector: Sector) -> AddressRange {
    let unit = if sector.access.erasable {
        PROGRAM_UNIT
    } else {
        1
    };
    let sector = AddressRange::from(sector);
    let start = (element.start().max(sector.start()) / unit * unit).max(sector.start());
    let end = (element.end().min(sector.end).div_ceil(unit) * unit).min(sector.end);
    let address = u32::try_from(start).expect("inside a sector");
    AddressRange { address, end }
}

/// Cuts off the first block, which has the vector table.
fn take_head(write: &mut Vec<AddressRange>, transfer_size: u16) -> Option<AddressRange> {
    let first = write.first_mut()?;
    let head = AddressRange {
        end: first.end.min(first.start() + u64::from(transfer_size)),
        ..*first
    };
    match u32::try_from(head.end) {
        Ok(address) if head.end < first.end => first.address = address,
        _ => {
            write.remove(0);
        }
    }
    Some(head)
}

/// Where to start the application, if main flash is written: at `entry`, else at the image's own vector table, else
/// at the beginning of main flash.
fn start(
    targets: &[TargetPlan],
    board: BoardProfile<'_>,
    entry: Option<u32>,
) -> Result<Option<Start>, PlanError> {
    let main = board.main_memory();
    let is_main = |target: &&TargetPlan| {
        board
            .memory(target.alternate_setting)
            .is_ok_and(|memory| memory.layout == main.layout)
    };
    let Some(target) = targets.iter().find(is_main) else {
        return Ok(None);
    };
    let address = entry
        .or_else(|| vector_table(target))
        .unwrap_or_else(|| main.start());
    if main.layout.sector_at(address).is_none() {
        return Err(PlanError::Outside {
            address,
            memory: main.describe(),
        });
    }
    Ok(Some(Start {
        alternate_setting: target.alternate_setting,
        address,
    }))
}

/// The image's first address, if what stands there can be a Cortex-M vector table: an initial stack pointer in RAM
/// and a reset vector inside the image, odd as the addresses of Thumb code are.
fn vector_table(target: &TargetPlan) -> Option<u32> {
    let element = target.elements.first()?;
    let (stack_pointer, rest) = element.data.split_first_chunk()?;
    let reset = u32::from_le_bytes(*rest.first_chunk()?);
    let in_ram = matches!(
        u32::from_le_bytes(*stack_pointer) >> 24,
        0x10 | 0x20 | 0x24 | 0x30 | 0x38
    );
    let code = u64::from(reset & !1);
    let in_image = target
        .elements
        .iter()
        .any(|element| (element.start()..element.end()).contains(&code));
    (in_ram && in_image && reset & 1 == 1).then_some(element.address)
}

//! Which ranges of memory are written for an image's elements.

use crate::address::{AddressRange, joined};
use crate::chip::map::PROGRAM_UNIT;
use crate::dfuse::layout::Sector;
use crate::image::ImageElement;

/// The ranges to write for these elements, widened to whole program units where the sector is erasable,
/// filled up with what erased flash holds, which changes nothing there.
pub fn write_ranges(elements: &[ImageElement], sectors: &[Sector]) -> Vec<AddressRange> {
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

/// Cuts off the first block, which has the vector table. Blocks end where addresses are multiples of their size.
pub fn take_head(write: &mut Vec<AddressRange>, transfer_size: u16) -> Option<AddressRange> {
    let first = write.first_mut()?;
    let head = first.blocks(transfer_size).next()?;
    match u32::try_from(head.end) {
        Ok(address) if head.end < first.end => first.address = address,
        _ => {
            write.remove(0);
        }
    }
    Some(head)
}

/// These ranges and those, but for what is in `except`.
pub fn merged(
    these: &[AddressRange],
    those: Vec<AddressRange>,
    except: &[AddressRange],
) -> Vec<AddressRange> {
    let mut all: Vec<AddressRange> = these.iter().copied().chain(those).collect();
    all.sort_by_key(|range| range.address);
    except.iter().fold(joined(all.into_iter()), |ranges, hole| {
        let around = |range: AddressRange| [range.below(hole.address), range.above(hole.end)];
        ranges.into_iter().flat_map(around).flatten().collect()
    })
}

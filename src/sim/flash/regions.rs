//! The runs of sectors without a gap between them, and where their bytes are kept.

use std::ops::Range;

use crate::dfuse::layout::MemoryLayout;

/// The regions of a memory, ascending, with gaps between them; their bytes are kept one after the other.
#[derive(Debug)]
pub struct Regions(Vec<Region>);

/// Memory without a gap: where it begins, and where its bytes are kept.
#[derive(Debug)]
struct Region {
    address: u32,
    kept: Range<usize>,
}

impl Regions {
    /// Those of a layout.
    pub fn of(layout: &MemoryLayout) -> Self {
        let mut regions: Vec<Region> = Vec::new();
        let mut next = None;
        let mut kept = 0;
        for sector in layout.sectors() {
            let begin = kept;
            kept += usize::try_from(sector.size).expect("the table's memories are small");
            match regions.last_mut() {
                Some(region) if next == Some(sector.address) => region.kept.end = kept,
                _ => regions.push(Region {
                    address: sector.address,
                    kept: begin..kept,
                }),
            }
            next = sector.address.checked_add(sector.size);
        }
        Self(regions)
    }

    /// How many bytes there are.
    pub fn size(&self) -> usize {
        self.0.last().map_or(0, |region| region.kept.end)
    }

    /// The lowest address.
    pub fn origin(&self) -> u32 {
        self.0.first().map_or(0, |region| region.address)
    }

    /// Where the bytes of the first region are kept.
    pub fn first(&self) -> Range<usize> {
        0..self.0.first().map_or(0, |region| region.kept.end)
    }

    /// The address of each region, and where its bytes are kept.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Range<usize>)> + '_ {
        self.0
            .iter()
            .map(|region| (region.address, region.kept.clone()))
    }

    /// Where the `length` bytes from `address` on are kept; `None` where they are not all there.
    pub fn range(&self, address: u32, length: usize) -> Option<Range<usize>> {
        self.0.iter().find_map(|region| {
            let offset = usize::try_from(address.checked_sub(region.address)?).ok()?;
            let start = region.kept.start.checked_add(offset)?;
            let end = start.checked_add(length)?;
            (start < region.kept.end && end <= region.kept.end).then_some(start..end)
        })
    }
}

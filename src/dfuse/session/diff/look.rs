//! One memory as far as it has been looked at: which blocks still have to be read, and what those that were have shown.

use crate::address::AddressRange;
use crate::dfuse::plan::flash::{Compare, FlashMemory};
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::Finding;

/// How far apart samples are, in bytes. Smaller sectors are read whole.
const SAMPLE_DISTANCE: u32 = 16 << 10;

pub(super) struct Look<'m> {
    memory: &'m FlashMemory<'m>,
    transfer_size: u16,
    /// What the plan writes, ascending.
    planned: Vec<AddressRange>,
    /// The same, widened to whole blocks.
    whole: Vec<AddressRange>,
    /// Of each sector.
    pub(super) findings: Vec<Finding>,
    /// The first sector that no block was in yet.
    next_sector: usize,
    /// The blocks of the sector at hand that were read ahead of their turn.
    seen: Vec<AddressRange>,
    /// What a block should hold.
    expected: Vec<u8>,
}

impl<'m> Look<'m> {
    pub(super) fn new(memory: &'m FlashMemory<'m>, transfer_size: u16) -> Self {
        Self {
            memory,
            transfer_size,
            planned: memory.ranges(),
            whole: memory.whole_blocks(transfer_size),
            findings: vec![Finding::NOTHING_ODD; memory.region.sectors.len()],
            next_sector: 0,
            seen: Vec::new(),
            expected: vec![0; transfer_size.into()],
        }
    }

    pub(super) fn region(&self) -> &'m Region {
        &self.memory.region
    }

    /// All blocks that the plan writes to, ascending.
    pub(super) fn blocks(&self) -> impl Iterator<Item = AddressRange> + use<> {
        let transfer_size = self.transfer_size;
        let whole = self.whole.clone().into_iter();
        whole.flat_map(move |range| range.blocks(transfer_size))
    }

    /// The bytes of the image in a block.
    pub(super) fn named_bytes(&self, block: AddressRange) -> u64 {
        let parts = parts_in(&self.planned, block);
        parts.map(|part| self.memory.image().bytes_in(part)).sum()
    }

    /// The sector that has its first block in `block`, once.
    pub(super) fn enter_sector(&mut self, block: AddressRange) -> Option<usize> {
        let sectors = self.region().sector_indices(block);
        let last = sectors.last().filter(|last| *last >= self.next_sector)?;
        self.next_sector = last + 1;
        self.seen.clear();
        Some(last)
    }

    /// The blocks of a sector that tell whether to take it for blank: the first, the last, and some between.
    pub(super) fn samples(&self, sector: usize) -> Vec<AddressRange> {
        let sector = self.region().sectors[sector];
        let size = u32::from(self.transfer_size);
        let has_whole_blocks = sector.address % size == 0 && sector.size % size == 0;
        if self.memory.compare != Compare::Samples
            || sector.size < SAMPLE_DISTANCE
            || !has_whole_blocks
        {
            return Vec::new();
        }
        let mut blocks = parts_in(&self.whole, sector.into())
            .flat_map(|part| part.blocks(self.transfer_size))
            .peekable();
        let mut samples: Vec<AddressRange> = Vec::new();
        while let Some(block) = blocks.next() {
            let is_far =
                |last: &AddressRange| block.start() >= last.start() + u64::from(SAMPLE_DISTANCE);
            if blocks.peek().is_none() || samples.last().is_none_or(is_far) {
                samples.push(block);
            }
        }
        samples
    }

    /// Whether a sector is still blank, as far as it was looked at.
    pub(super) fn is_blank(&self, sector: usize) -> bool {
        self.findings[sector].erased
    }

    /// Takes note of what came of a sector's samples: those of them that were read.
    pub(super) fn sampled(&mut self, sector: usize, read: &[AddressRange]) {
        self.seen = read.to_vec();
        let finding = &mut self.findings[sector];
        // Where the image is blank at all samples, too, the sector may hold it already.
        finding.guessed = finding.erased && !finding.same;
    }

    /// Whether a block has to be read to know what to do.
    pub(super) fn is_needed(&self, block: AddressRange) -> bool {
        let sectors = &self.findings[self.region().sector_indices(block)];
        !sectors.iter().all(|finding| finding.is_settled()) && !self.seen.contains(&block)
    }

    /// Takes note of what was found in a block.
    pub(super) fn saw(&mut self, block: AddressRange, address: u32, found: &[u8]) {
        let region = self.region();
        for index in region.sector_indices(block) {
            let Some(part) = block.overlap(region.sectors[index].into()) else {
                continue;
            };
            for part in parts_in(&self.planned, part) {
                let found = part.within(address, found);
                let expected = &mut self.expected[..found.len()];
                expected.copy_from_slice(found);
                self.memory.image().overlay(part.address, expected);
                self.findings[index].saw(found == expected, region.is_erased(found));
            }
        }
    }
}

/// What of these ascending ranges lies in `limits`.
fn parts_in(
    ranges: &[AddressRange],
    limits: AddressRange,
) -> impl Iterator<Item = AddressRange> + '_ {
    let first = ranges.partition_point(|range| range.end <= limits.start());
    ranges[first..]
        .iter()
        .map_while(move |range| range.overlap(limits))
}

//! The steps that are left in one memory, sector by sector.

use crate::address::{AddressRange, joined};
use crate::dfuse::layout::Sector;
use crate::dfuse::named::Named;
use crate::dfuse::plan::flash::{Around, Check, Erase, FlashMemory};
use crate::dfuse::plan::region::Region;
use crate::dfuse::plan::write_ranges::{merged, write_ranges};
use crate::image::ImageElement;

use super::sector::{Beyond, Finding, SectorSteps, Work};

/// What is left to do in one memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemorySteps<'i> {
    /// What is wanted in it.
    pub plan: FlashMemory<'i>,
    /// Every sector of the image, ascending: all that could be erased.
    pub sectors: Vec<SectorSteps>,
    /// What to write but for the head, without a gap each, ascending.
    pub body: Vec<AddressRange>,
    /// What to write last.
    pub head: Vec<AddressRange>,
    /// What is to be kept beyond the image, ascending.
    kept: Vec<ImageElement>,
    /// Where it lies, in whole blocks: they have a number each, and need no address pointer of their own.
    pub kept_blocks: Vec<AddressRange>,
}

impl<'i> MemorySteps<'i> {
    pub(super) fn new(plan: &FlashMemory<'i>, findings: &[Finding], changes: bool) -> Self {
        let is_erased_first = plan.erase != Erase::Sectors;
        let steps = |(sector, finding): (&Sector, &Finding)| SectorSteps {
            sector: *sector,
            work: match finding {
                Finding { same: true, .. } => Work::Nothing,
                Finding { erased: false, .. } if sector.access.erasable && !is_erased_first => {
                    Work::EraseAndWrite
                }
                _ => Work::Write,
            },
            beyond: match plan.around {
                Around::Expendable => Beyond::Holds(Vec::new()),
                Around::Keep | Around::Count | Around::Unseen => Beyond::Unseen,
            },
            erased_around: is_erased_first,
            is_guessed: finding.guessed,
            is_touched: false,
        };
        let sectors = plan.region.sectors.iter().zip(findings);
        let mut new = Self {
            plan: plan.clone(),
            sectors: sectors.map(steps).collect(),
            body: Vec::new(),
            head: Vec::new(),
            kept: Vec::new(),
            kept_blocks: Vec::new(),
        };
        if changes {
            new.give_up_head(|index| findings[index].erased);
        }
        new
    }

    /// The image.
    pub fn image(&self) -> Named<'_> {
        self.plan.image()
    }

    /// What is to be kept beyond the image.
    pub fn kept(&self) -> Named<'_> {
        Named(&self.kept)
    }

    /// All that is to be erased at once, before anything else.
    pub fn mass_erase(&self) -> Option<&Region> {
        match &self.plan.erase {
            Erase::All(region) => Some(region),
            Erase::Sectors | Erase::AllUnderAnother => None,
        }
    }

    /// Whether all of the image is read back.
    pub fn is_verified(&self) -> bool {
        self.plan.check == Check::ReadBack
    }

    /// Whether anything is to be erased or written.
    pub fn changes(&self) -> bool {
        self.mass_erase().is_some()
            || self
                .sectors
                .iter()
                .any(|sector| sector.work != Work::Nothing)
    }

    /// Whether there is, or ever was, something to do in it.
    pub(super) fn is_touched(&self) -> bool {
        self.sectors.iter().any(|steps| steps.is_touched)
    }

    /// The sectors to erase one by one, ascending.
    pub fn erased_sectors(&self) -> impl Iterator<Item = &SectorSteps> {
        let sectors = self.sectors.iter();
        sectors.filter(|sector| sector.work == Work::EraseAndWrite)
    }

    /// Where in these sectors there are bytes beyond the image that somebody should look at before anything is erased:
    /// in all that could be, if it is only because something goes wrong.
    pub fn unseen(&self) -> Vec<AddressRange> {
        if !self.looks_around() {
            return Vec::new();
        }
        let unseen = self
            .sectors
            .iter()
            .filter(|sector| sector.beyond == Beyond::Unseen && sector.sector.access.erasable);
        let beyond_image = |steps: &SectorSteps| {
            let sector = AddressRange::from(steps.sector);
            let named: Vec<AddressRange> = self.plan.image().parts_in(sector).collect();
            merged(&[sector], Vec::new(), &named)
        };
        unseen.flat_map(beyond_image).collect()
    }

    /// Whether anybody is to look beyond the image.
    pub fn looks_around(&self) -> bool {
        matches!(self.plan.around, Around::Keep | Around::Count) && self.plan.reads
    }

    /// Takes note of what was found beyond the image in all of the sectors, ascending.
    pub fn saw_beyond(&mut self, found: Vec<ImageElement>, transfer_size: u16) {
        let near = self.plan.whole_blocks(transfer_size);
        let is_near = |run: &ImageElement| {
            let index = near.partition_point(|range| range.end <= run.start());
            near.get(index)
                .is_some_and(|range| range.start() < run.end())
        };
        for steps in &mut self.sectors {
            // No run crosses the border of a sector: each sector is looked at by itself.
            let first = found.partition_point(|run| run.address < steps.sector.address);
            let after = found.partition_point(|run| run.start() < steps.sector.end());
            steps.erased_around |= !found[first..after].iter().any(is_near);
            steps.beyond = Beyond::Holds(found[first..after].to_vec());
        }
        if self.plan.around == Around::Keep {
            let region = &self.plan.region;
            let blocks = found
                .iter()
                .map(|run| region.to_blocks(run.range(), transfer_size));
            self.kept_blocks = joined(blocks);
            self.kept = found;
        }
    }

    /// Has only these sectors erased and written.
    pub(super) fn again(&mut self, is_bad: impl Fn(&Sector) -> bool) {
        self.plan.erase = Erase::Sectors;
        let starts_over = self.plan.in_order && self.sectors.iter().any(|s| is_bad(&s.sector));
        for steps in &mut self.sectors {
            let is_redone = is_bad(&steps.sector) || starts_over;
            steps.is_guessed &= !is_redone;
            steps.work = match is_redone {
                false => Work::Nothing,
                true if steps.sector.access.erasable => Work::EraseAndWrite,
                true => Work::Write,
            };
        }
    }

    /// Has the head erased and written. `is_erased` tells by a sector's index whether there is nothing to erase for it.
    pub(super) fn give_up_head(&mut self, is_erased: impl Fn(usize) -> bool) {
        let Some(head) = self.plan.head else {
            return;
        };
        for index in self.plan.region.sector_indices(head) {
            let steps = &mut self.sectors[index];
            if steps.work == Work::Nothing {
                steps.work = match steps.sector.access.erasable && !is_erased(index) {
                    true => Work::EraseAndWrite,
                    false => Work::Write,
                };
            }
        }
    }

    /// Settles what is written, once the work of each sector is known, and widens it to whole blocks, as far as there is
    /// nothing but erased memory: a short block costs an address pointer of its own, and an H723's ROM was seen to leave
    /// after one.
    pub fn arrange(&mut self, transfer_size: u16) {
        for steps in &mut self.sectors {
            steps.is_touched |= steps.work != Work::Nothing;
        }
        let head: Vec<AddressRange> = self.plan.head.into_iter().collect();
        let kept = write_ranges(&self.kept, &self.plan.region.sectors);
        let body = merged(
            &self.parts(&self.plan.body, |work| work != Work::Nothing),
            self.parts(&kept, |work| work == Work::EraseAndWrite),
            &head,
        );
        let head = self.parts(&head, |work| work != Work::Nothing);
        let mut all: Vec<AddressRange> = body.iter().chain(&head).copied().collect();
        all.sort_by_key(|range| range.address);
        let fill = |ranges: &[AddressRange]| {
            let filled = ranges
                .iter()
                .map(|range| self.filled(*range, &all, transfer_size));
            filled.collect()
        };
        (self.body, self.head) = (fill(&body), fill(&head));
    }

    /// Those parts of ascending ranges that lie in sectors with such work.
    fn parts(&self, ranges: &[AddressRange], is_due: impl Fn(Work) -> bool) -> Vec<AddressRange> {
        let parts = ranges.iter().flat_map(|range| {
            let sectors = &self.sectors[self.plan.region.sector_indices(*range)];
            sectors
                .iter()
                .filter(|steps| is_due(steps.work))
                .filter_map(|steps| range.overlap(steps.sector.into()))
        });
        joined(parts)
    }

    fn filled(
        &self,
        range: AddressRange,
        all: &[AddressRange],
        transfer_size: u16,
    ) -> AddressRange {
        let index = all.partition_point(|other| other.address < range.address);
        let before = index.checked_sub(1).map_or(0, |index| all[index].end);
        let after = all.get(index + 1).map_or(u64::MAX, |next| next.start());
        let first = self
            .erased_sector_at(range.start())
            .map_or(range.start(), |sector| sector.address.into());
        let end = self
            .erased_sector_at(range.end - 1)
            .map_or(range.end, |sector| sector.end())
            .min(after);
        let limits = u32::try_from(first.max(before)).map(|address| AddressRange { address, end });
        limits.map_or(range, |limits| range.to_blocks(transfer_size, limits))
    }

    /// The sector at this address, if nothing but erased memory is in it around what is written.
    fn erased_sector_at(&self, address: u64) -> Option<Sector> {
        let index = self
            .sectors
            .partition_point(|steps| steps.sector.end() <= address);
        let steps = self.sectors.get(index)?;
        let erased_around = match steps.work {
            Work::Nothing => false,
            Work::Write => steps.erased_around,
            Work::EraseAndWrite => true,
        };
        let is_inside = u64::from(steps.sector.address) <= address;
        (is_inside && erased_around && steps.sector.access.erasable).then_some(steps.sector)
    }

    /// What the memory should hold from `address` on where it is written: named bytes, erased ones elsewhere. Returns
    /// how many of them are of the image.
    pub fn contents(&self, address: u32, buffer: &mut [u8]) -> u64 {
        buffer.fill(self.plan.region.erased);
        self.kept().overlay(address, buffer);
        self.plan.image().overlay(address, buffer)
    }

    /// What the memory should hold where this was found: what was written now is known to the last byte; elsewhere it
    /// is the image's bytes that count. Returns how many of them are of the image.
    pub fn expected(&self, address: u32, found: &[u8], expected: &mut [u8]) -> u64 {
        expected.copy_from_slice(found);
        self.kept().overlay(address, expected);
        let range = AddressRange {
            address,
            end: u64::from(address) + found.len() as u64,
        };
        for part in self
            .body
            .iter()
            .chain(&self.head)
            .filter_map(|written| written.overlap(range))
        {
            let [from, to] = [part.start(), part.end]
                .map(|border| crate::address::index(border - range.start()));
            self.contents(part.address, &mut expected[from..to]);
        }
        self.plan.image().overlay(address, expected)
    }

    /// What is read after the last change: every byte of the image and all that was to be kept, changed or not.
    pub fn checked(&self) -> Vec<AddressRange> {
        let image = self.plan.body.iter().chain(&self.plan.head).copied();
        let kept = self.kept_blocks.iter().copied();
        let written = self.body.iter().chain(&self.head).copied();
        merged(&[], image.chain(kept).chain(written).collect(), &[])
    }

    /// Whether what happens in `other` may touch this memory: two alternate settings can be one and the same (G0B1).
    pub fn is_one_with(&self, other: &Self) -> bool {
        self.plan.region.name == other.plan.region.name
    }

    /// Bytes of the image in sectors that never needed any work.
    pub(super) fn skipped_bytes(&self) -> u64 {
        let sectors = self.sectors.iter();
        let untouched = sectors.filter(|steps| !steps.is_touched);
        untouched
            .map(|steps| self.plan.image().bytes_in(steps.sector.into()))
            .sum()
    }
}

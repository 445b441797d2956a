//! What is left of a plan when flash has been looked at: what is there already is left out, what is around is kept.

use crate::dfuse::layout::Sector;
use crate::dfuse::range::{AddressRange, joined};
use crate::image::ImageElement;

use super::{Stage, TargetPlan, stretches};

impl TargetPlan<'_> {
    /// Sees to it that the head is erased first and written last even where it is there already: with its vector
    /// table in place, a board whose flash ends early would start half an application.
    pub fn give_up_head(&self, findings: &mut [Finding]) {
        for range in self.head.iter().flat_map(|head| &head.write) {
            for finding in &mut findings[self.sector_indices(*range)] {
                finding.same = false;
            }
        }
    }

    /// Leaves out what is there already, and the erasing of what is erased. `findings` has one for each of the
    /// sectors. Returns how many bytes of the image are there.
    pub fn settle(&mut self, findings: &[Finding]) -> u64 {
        let found = || self.sectors.iter().zip(findings);
        let to_erase =
            found().filter(|(sector, finding)| sector.access.erasable && finding.is_different());
        self.erase = to_erase.map(|(sector, _)| *sector).collect();
        let with_room = found().filter(|(sector, finding)| {
            sector.access.erasable && (finding.is_different() || finding.erased && finding.room)
        });
        self.room = with_room.map(|(sector, _)| *sector).collect();
        let needs_work = |ranges: &[AddressRange]| {
            let parts = ranges.iter().flat_map(|range| {
                let found = self
                    .sector_indices(*range)
                    .map(|index| (self.sectors[index], findings[index]));
                found
                    .filter(|(_, finding)| !finding.same)
                    .filter_map(|(sector, _)| range.overlap(sector.into()))
            });
            joined(parts)
        };
        let left = |stage: &Stage| Stage {
            write: needs_work(&stage.write),
            verify: needs_work(&stage.verify),
        };
        let (body, head) = (left(&self.body), self.head.as_ref().map(left));
        let before = self.named_bytes_to_write();
        self.body = body;
        self.head = head.filter(|head| !head.write.is_empty());
        before - self.named_bytes_to_write()
    }

    /// Widens what is written to whole blocks, as far as there is nothing but erased memory: a short block costs an
    /// address pointer of its own, and an H723's ROM was seen to leave after one.
    pub fn fill_blocks(&mut self, transfer_size: u16) {
        let mut all: Vec<AddressRange> = self
            .stages()
            .flat_map(|stage| &stage.write)
            .copied()
            .collect();
        all.sort_by_key(|range| range.address);
        let room = |address: u64| {
            let sector = self
                .room
                .get(self.room.partition_point(|sector| sector.end() <= address));
            sector.filter(|sector| u64::from(sector.address) <= address)
        };
        let filled = |range: &AddressRange| {
            let index = all.partition_point(|other| other.address < range.address);
            let before = index.checked_sub(1).map_or(0, |index| all[index].end);
            let behind = all.get(index + 1).map_or(u64::MAX, |next| next.start());
            let first = room(range.start()).map_or(range.start(), |sector| sector.address.into());
            let end = room(range.end - 1)
                .map_or(range.end, Sector::end)
                .min(behind);
            let limits =
                u32::try_from(first.max(before)).map(|address| AddressRange { address, end });
            limits.map_or(*range, |limits| range.to_blocks(transfer_size, limits))
        };
        let fill = |stage: &Stage| {
            let write: Vec<AddressRange> = stage.write.iter().map(filled).collect();
            // What was written in one go is read back in one.
            let verify = match stage.verify == stage.write {
                true => write.clone(),
                false => stage.verify.clone(),
            };
            Stage { write, verify }
        };
        let (body, head) = (fill(&self.body), self.head.as_ref().map(fill));
        self.body = body;
        self.head = head;
    }

    /// What is erased with the sectors one by one, though the image has no byte for it.
    pub fn erased_beyond(&self) -> Vec<AddressRange> {
        let named: Vec<AddressRange> = self.elements.iter().map(ImageElement::range).collect();
        let beyond = |sector: &Sector| {
            let first = named.partition_point(|range| range.end <= u64::from(sector.address));
            let behind = named.partition_point(|range| range.start() < sector.end());
            stretches::merged(
                &[(*sector).into()],
                Vec::new(),
                &named[first..behind.max(first)],
            )
        };
        self.erase.iter().flat_map(beyond).collect()
    }

    /// Adds bytes that were found in sectors that are to be erased, ascending, to be written back.
    pub fn keep(&mut self, found: Vec<ImageElement>) {
        let head = self.head.as_ref().map_or(&[][..], |head| &head.write);
        let write = stretches::write_ranges(&found, &self.erase);
        let verify = if self.is_verified() {
            write.clone()
        } else {
            Vec::new()
        };
        self.body = Stage {
            write: stretches::merged(&self.body.write, write, head),
            verify: stretches::merged(&self.body.verify, verify, head),
        };
        let elements = self.elements.to_mut();
        elements.extend(found);
        elements.sort_by_key(|element| element.address);
    }
}

/// What was found in a sector, of the bytes that the plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Every byte that the image names is there already.
    pub same: bool,
    /// None was ever written.
    pub erased: bool,
    /// Nor was any around them, as far as a block reaches.
    pub room: bool,
}

/// As long as nothing was looked at, nothing contradicts.
impl Default for Finding {
    fn default() -> Self {
        Self {
            same: true,
            erased: true,
            room: true,
        }
    }
}

impl Finding {
    /// Adds what was found in a part of the sector.
    pub fn saw(&mut self, same: bool, erased: bool) {
        self.same &= same;
        self.erased &= erased;
    }

    /// Whether the sector has to be erased, whatever the rest of it holds.
    pub fn is_different(self) -> bool {
        !self.same && !self.erased
    }
}

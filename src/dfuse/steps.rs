//! The steps that are left of a flash when the board has been looked at. Only these are carried out.

mod memory;
mod sector;

use super::layout::Sector;
use super::plan::flash::{Around, FlashPlan};
use super::plan::leave::Start;

pub use memory::MemorySteps;
pub use sector::{Beyond, Finding, SectorSteps, Work};

/// What is left to do on one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps<'i> {
    /// Memory by memory.
    pub memories: Vec<MemorySteps<'i>>,
    /// Where to start the application when all is done; `None` to stay in DFU mode.
    pub start: Option<Start>,
}

impl<'i> Steps<'i> {
    /// What is left of a plan. `findings` has, for each of its memories, one for each of the sectors.
    ///
    /// As soon as anything is to change, the old application must not start again before all of it has: the head is
    /// erased and written even where it is there already.
    pub fn new(plan: &FlashPlan<'i>, findings: Vec<Vec<Finding>>) -> Self {
        let changes = findings.iter().flatten().any(|finding| !finding.same);
        let memories = plan.memories.iter().zip(findings);
        Self {
            memories: memories
                .map(|(plan, findings)| MemorySteps::new(plan, &findings, changes))
                .collect(),
            start: plan.start,
        }
    }

    /// Whether anything is to be erased or written.
    pub fn change_anything(&self) -> bool {
        self.memories.iter().any(MemorySteps::changes)
    }

    /// Whether nobody had looked at all of these sectors, by memory and address, before they were written.
    pub fn are_guessed(&self, sectors: &[(usize, u32)]) -> bool {
        let is_guessed = |(index, address): &(usize, u32)| {
            let mut sectors = self.memories[*index].sectors.iter();
            sectors.any(|steps| steps.sector.address == *address && steps.is_guessed)
        };
        sectors.iter().all(is_guessed)
    }

    /// What there is to do once more about sectors that are not as they should be, or that nobody is sure of.
    /// `is_bad` tells by memory and sector.
    pub fn again(&mut self, is_bad: impl Fn(usize, &Sector) -> bool) {
        for (index, memory) in self.memories.iter_mut().enumerate() {
            memory.again(|sector| is_bad(index, sector));
        }
        if !self.change_anything() {
            return;
        }
        for memory in &mut self.memories {
            memory.give_up_head(|_| false);
        }
    }

    /// Widens what is written to whole blocks; see [`MemorySteps::arrange`].
    pub fn arrange(&mut self, transfer_size: u16) {
        for memory in &mut self.memories {
            memory.arrange(transfer_size);
        }
    }

    /// Bytes beyond the image that are erased with its sectors, and not kept. `None` if nobody has looked.
    pub fn lost_bytes(&self) -> Option<u64> {
        let memories = self.memories.iter();
        memories
            .filter(|memory| memory.plan.around != Around::Keep)
            .flat_map(MemorySteps::erased_sectors)
            .map(|sector| sector.beyond.bytes())
            .sum()
    }

    /// Bytes beyond the image that are erased with its sectors, and written back.
    pub fn preserved_bytes(&self) -> u64 {
        let memories = self.memories.iter();
        let keeping = memories.filter(|memory| memory.plan.around == Around::Keep);
        let sectors = keeping.flat_map(MemorySteps::erased_sectors);
        sectors.filter_map(|sector| sector.beyond.bytes()).sum()
    }

    /// Bytes of the image that were there already.
    pub fn skipped_bytes(&self) -> u64 {
        self.memories.iter().map(MemorySteps::skipped_bytes).sum()
    }

    /// Bytes of the image that are written, or were.
    pub fn written_bytes(&self) -> u64 {
        let memories = self.memories.iter();
        let all: u64 = memories.map(|memory| memory.image().bytes()).sum();
        all - self.skipped_bytes()
    }

    /// Those of the memories in which something changes, or may.
    pub fn affected(&self) -> impl Iterator<Item = (usize, &MemorySteps<'i>)> {
        let changing = |memory: &MemorySteps<'_>| {
            let mut changed = self.memories.iter().filter(|other| other.is_touched());
            changed.any(|other| other.is_one_with(memory))
        };
        let memories = self.memories.iter().enumerate();
        memories.filter(move |(_, memory)| changing(memory))
    }
}

#[cfg(test)]
mod tests;

//! Looking at what is in flash already, so that only what differs is erased and written.

mod look;

use crate::address::AddressRange;
use crate::dfu::error::{Action, SessionError};
use crate::dfuse::plan::flash::{Compare, FlashMemory, FlashPlan};
use crate::dfuse::steps::Finding;

use super::{Phase, Session};
use look::Look;

impl Session<'_> {
    /// What is in each memory's sectors, as far as it is to be compared.
    pub(super) fn compare(
        &mut self,
        plan: &FlashPlan<'_>,
    ) -> Result<Vec<Vec<Finding>>, SessionError> {
        let compared = |memory: &&FlashMemory<'_>| memory.compare != Compare::Nothing;
        let memories = plan.memories.iter().filter(compared);
        self.begin(
            Phase::Compare,
            memories.map(|memory| memory.image().bytes()).sum(),
        )?;
        let mut findings = Vec::new();
        for memory in &plan.memories {
            findings.push(match memory.compare {
                Compare::Nothing => vec![Finding::UNSEEN; memory.region.sectors.len()],
                Compare::All | Compare::Samples => self.findings(memory)?,
            });
        }
        let pairs = plan.memories.iter().zip(&findings);
        let same = pairs
            .filter(|(memory, found)| compared(memory) && found.iter().all(|finding| finding.same));
        // Read just now; what is changed later on is read once more.
        self.tally.verified_bytes = same.map(|(memory, _)| memory.image().bytes()).sum();
        Ok(findings)
    }

    /// What is in each of the memory's sectors, read no further than needed to know.
    fn findings(&mut self, memory: &FlashMemory<'_>) -> Result<Vec<Finding>, SessionError> {
        let mut look = Look::new(memory, self.options.transfer_size);
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for block in look.blocks() {
            if let Some(sector) = look.enter_sector(block) {
                self.sample(&mut look, sector, &mut buffer)?;
            }
            if look.is_needed(block) {
                self.look_at(&mut look, block, &mut buffer)?;
            }
            self.advance(look.named_bytes(block), Action::Read(block.address))?;
        }
        Ok(look.findings)
    }

    /// Looks at a sector's samples until one is not blank.
    fn sample(
        &mut self,
        look: &mut Look<'_>,
        sector: usize,
        buffer: &mut [u8],
    ) -> Result<(), SessionError> {
        let samples = look.samples(sector);
        for (read, sample) in (1..).zip(&samples) {
            self.look_at(look, *sample, buffer)?;
            if read == samples.len() || !look.is_blank(sector) {
                look.sampled(sector, &samples[..read]);
                break;
            }
        }
        Ok(())
    }

    fn look_at(
        &mut self,
        look: &mut Look<'_>,
        block: AddressRange,
        buffer: &mut [u8],
    ) -> Result<(), SessionError> {
        self.read_block(look.region(), block, buffer, |address, found| {
            look.saw(block, address, found);
            Ok(())
        })
    }
}

//! What can be read of a board: which memory, and which of its sectors.

use crate::dfuse::layout::Sector;
use crate::dfuse::range::AddressRange;

use super::TargetPlan;
use super::error::PlanError;
use super::profile::{BoardProfile, Memory};

/// Refuses a board whose memory can't be read at all.
pub fn check_upload(board: BoardProfile<'_>) -> Result<(), PlanError> {
    if board.can_upload {
        Ok(())
    } else {
        Err(PlanError::CantUpload)
    }
}

impl TargetPlan<'_> {
    /// Looks at exactly these ranges, which are ascending, and don't overlap.
    pub(super) fn looks_at(
        mut self,
        ranges: Vec<AddressRange>,
        memory: &Memory,
    ) -> Result<Self, PlanError> {
        for range in &ranges {
            let covered = self.sectors.last().map_or(0, Sector::end);
            let mut next = range.start().max(covered);
            while next < range.end {
                let address = u32::try_from(next).expect("ranges end at 2^32 at the latest");
                let sector = sector_to_read(address, memory)?;
                self.sectors.push(sector);
                next = sector.end();
            }
        }
        self.look = ranges;
        Ok(self)
    }
}

/// The sector that this address lies in.
pub fn sector_to_read(address: u32, memory: &Memory) -> Result<Sector, PlanError> {
    match memory.layout.sector_at(address) {
        Some(sector) if sector.access.readable => Ok(sector),
        Some(Sector { address, .. }) => Err(PlanError::NotReadable {
            address,
            memory: memory.describe(),
        }),
        None => Err(PlanError::Outside {
            address,
            memory: memory.describe(),
        }),
    }
}

//! What can be read of a board: which memory, and which of its sectors.

use crate::dfuse::layout::Sector;
use crate::dfuse::range::AddressRange;

use super::TargetPlan;
use super::error::PlanError;
use super::profile::{BoardProfile, Memory, sectors_with};

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
        let wanted = ranges.iter().copied();
        self.sectors = sectors_with(wanted, |address| sector_to_read(address, memory))?;
        self.look = ranges;
        Ok(self)
    }
}

/// The sector that this address lies in.
pub fn sector_to_read(address: u32, memory: &Memory) -> Result<Sector, PlanError> {
    match memory.sector_at(address)? {
        sector if sector.access.readable => Ok(sector),
        Sector { address, .. } => Err(PlanError::NotReadable {
            address,
            memory: memory.describe(),
        }),
    }
}

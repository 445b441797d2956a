//! What can be read of a board: which memory, and which of its sectors.

use crate::address::AddressRange;
use crate::dfuse::plan::region::Region;

use super::board_facts::{BoardFacts, Memory, sectors_with};
use super::error::{Access, PlanError};

/// Refuses a board whose memory can't be read at all.
pub fn check_upload(board: BoardFacts<'_>) -> Result<(), PlanError> {
    if board.can_upload {
        Ok(())
    } else {
        Err(PlanError::CantUpload)
    }
}

/// Every sector that has a byte of these ranges, which are ascending and don't overlap.
pub fn readable_region(ranges: &[AddressRange], memory: &Memory) -> Result<Region, PlanError> {
    let wanted = ranges.iter().copied();
    let sectors = sectors_with(wanted, |address| memory.sector_for(Access::Read, address))?;
    Ok(Region::new(memory, sectors))
}

//! What can be read of a board: which memory, and which of its sectors.

use crate::address::AddressRange;
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::region::Region;

use super::board_facts::{BoardFacts, Memory, sectors_with};
use super::error::PlanError;

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
    let sectors = sectors_with(wanted, |address| sector_to_read(address, memory))?;
    Ok(Region::new(memory, sectors))
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

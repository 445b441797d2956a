//! Ranges + memories → plan: exactly the sectors that were asked for.

use crate::dfuse::layout::Sector;

use super::error::PlanError;
use super::{AddressRange, BoardProfile, MassErase, Memory, Plan, TargetPlan, joined};

/// What to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EraseRequest {
    /// All of the memory.
    All,
    /// Exactly the sectors of these.
    Ranges(Vec<EraseRange>),
}

/// One stretch to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EraseRange {
    /// The sector that this address lies in.
    SectorAt(u32),
    /// These addresses, which have to begin and end where sectors do.
    Exactly(AddressRange),
}

impl EraseRange {
    fn address(self) -> u32 {
        match self {
            Self::SectorAt(address) => address,
            Self::Exactly(range) => range.address,
        }
    }
}

/// Plans to erase.
///
/// # Errors
/// An address outside, a sector that can't be erased, a range that cuts a sector.
pub fn plan_erase(
    request: &EraseRequest,
    board: BoardProfile<'_>,
    alternate_setting: Option<u8>,
) -> Result<Plan<'static>, PlanError> {
    let memory = match (alternate_setting, request) {
        (Some(number), _) => board.memory(number)?,
        (None, EraseRequest::All) => board.main_memory(),
        (None, EraseRequest::Ranges(ranges)) => {
            board.memory_with(ranges.iter().map(|range| range.address()))
        }
    };
    let mut plan = TargetPlan::new(memory, &[]);
    match request {
        EraseRequest::All => {
            let sectors = memory.erasable_sectors();
            if sectors.is_empty() {
                let (address, memory) = (memory.start(), memory.describe());
                return Err(PlanError::NotErasable { address, memory });
            }
            let check = board.can_upload && sectors.iter().all(|sector| sector.access.readable);
            plan.mass_erase = Some(MassErase { sectors, check });
        }
        EraseRequest::Ranges(ranges) => {
            for range in ranges {
                plan.erase.extend(sectors_of(*range, memory)?);
            }
            plan.erase.sort_by_key(|sector| sector.address);
            plan.erase.dedup();
            let readable = plan
                .erase
                .iter()
                .filter(|sector| board.can_upload && sector.access.readable);
            plan.body.verify = joined(readable.copied().map(AddressRange::from));
        }
    }
    Ok(Plan {
        targets: vec![plan],
        start: None,
    })
}

fn sectors_of(range: EraseRange, memory: &Memory) -> Result<Vec<Sector>, PlanError> {
    let range = match range {
        EraseRange::SectorAt(address) => return Ok(vec![sector_to_erase(address, memory)?]),
        EraseRange::Exactly(range) => range,
    };
    let mut sectors = Vec::new();
    let mut next = range.start();
    while next < range.end {
        let address = u32::try_from(next).expect("ranges end at 2^32 at the latest");
        let sector = sector_to_erase(address, memory)?;
        for border in [next, range.end] {
            if u64::from(sector.address) < border && border < sector.end() {
                return Err(PlanError::CutsSector {
                    address: border,
                    sector,
                });
            }
        }
        sectors.push(sector);
        next = sector.end();
    }
    Ok(sectors)
}

fn sector_to_erase(address: u32, memory: &Memory) -> Result<Sector, PlanError> {
    match memory.layout.sector_at(address) {
        Some(sector) if sector.access.erasable => Ok(sector),
        Some(Sector { address, .. }) => Err(PlanError::NotErasable {
            address,
            memory: memory.describe(),
        }),
        None => Err(PlanError::Outside {
            address,
            memory: memory.describe(),
        }),
    }
}

//! Ranges + memories → plan: exactly the bytes that were asked for, or all of a memory.

use crate::dfuse::range::{AddressRange, RangeRequest, joined};

use super::error::PlanError;
use super::profile::{BoardProfile, Memory};
use super::reach::{check_upload, sector_to_read};
use super::{Plan, TargetPlan, Task};

/// Plans to read these ranges, or all of the memory where there are none. They need not begin or end where sectors do;
/// what several of them have is read once.
///
/// # Errors
/// A board that can't upload, a memory of no size, an address outside, a sector that can't be read.
pub fn plan_read(
    ranges: &[RangeRequest],
    board: BoardProfile<'_>,
    alternate_setting: Option<u8>,
) -> Result<Plan<'static>, PlanError> {
    let memory = match (alternate_setting, ranges) {
        (Some(number), _) => board.memory(number)?,
        (None, []) => board.main_memory(),
        (None, ranges) => board.memory_with(ranges.iter().map(|range| range.address())),
    };
    check_upload(board)?;
    let mut wanted = match ranges {
        [] => memory.layout.sectors().map(AddressRange::from).collect(),
        ranges => asked_for(ranges, memory)?,
    };
    if wanted.is_empty() {
        let (address, memory) = (memory.start(), memory.describe());
        return Err(PlanError::Outside { address, memory });
    }
    wanted.sort_by_key(|range| range.address);
    let target = TargetPlan::new(memory, &[]).looks_at(joined(wanted.into_iter()), memory)?;
    Ok(Plan {
        targets: vec![target],
        task: Task::Read,
        start: None,
    })
}

fn asked_for(ranges: &[RangeRequest], memory: &Memory) -> Result<Vec<AddressRange>, PlanError> {
    let range = |range: &RangeRequest| match *range {
        RangeRequest::SectorAt(address) => sector_to_read(address, memory).map(AddressRange::from),
        RangeRequest::Exactly(range) => Ok(range),
    };
    ranges.iter().map(range).collect()
}

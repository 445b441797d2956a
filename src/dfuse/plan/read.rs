//! Ranges + memories → plan: exactly the bytes that were asked for, or all of a memory.

use crate::address::{AddressRange, RangeRequest, joined};
use crate::dfuse::plan::region::Region;

use super::board_facts::{BoardFacts, Memory};
use super::error::{Access, NoPlan, PlanError};
use super::readable::{check_upload, readable_region};

/// What to read of one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlan {
    /// The memory, with every sector that has a byte of the ranges.
    pub region: Region,
    /// What to read: without a gap each, ascending, at least one.
    pub ranges: Vec<AddressRange>,
    /// Whether to read it twice, and compare.
    pub twice: bool,
}

/// Plans to read these ranges, or all of the memory where there are none. They need not begin or end where sectors do;
/// what several of them have is read once.
///
/// # Errors
/// A board that can't upload, a memory of no size, an address outside, a sector that can't be read.
pub fn plan_read(
    ranges: &[RangeRequest],
    board: BoardFacts<'_>,
    alternate_setting: Option<u8>,
    twice: bool,
) -> Result<ReadPlan, NoPlan> {
    let addresses = ranges.iter().map(|range| range.address());
    let memory = board.memory_for(alternate_setting, addresses)?;
    check_upload(board)?;
    let mut wanted = match ranges {
        [] => memory.layout.sectors().map(AddressRange::from).collect(),
        ranges => asked_for(ranges, memory)?,
    };
    if wanted.is_empty() {
        let (address, memory) = (memory.start(), memory.describe());
        return Err(PlanError::Outside { address, memory }.into());
    }
    wanted.sort_by_key(|range| range.address);
    let ranges = joined(wanted.into_iter());
    Ok(ReadPlan {
        region: readable_region(&ranges, memory)?,
        ranges,
        twice,
    })
}

fn asked_for(ranges: &[RangeRequest], memory: &Memory) -> Result<Vec<AddressRange>, PlanError> {
    let range = |range: &RangeRequest| match *range {
        RangeRequest::SectorAt(address) => memory
            .sector_for(Access::Read, address)
            .map(AddressRange::from),
        RangeRequest::Exactly(range) => Ok(range),
    };
    ranges.iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sectors of 16 KiB, the third write-only, the fifth after a gap; and a memory of 16 bytes.
    const BOARD: [&str; 3] = [
        "@Internal Flash  /0x08000000/02*016Kg,01*016Kf,01*016Ka/0x08020000/01*016Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
        "@Nothing  /0x10000000/0*8Ka",
    ];

    fn plan(ranges: &[RangeRequest], alternate_setting: Option<u8>) -> Result<ReadPlan, PlanError> {
        let memories = Memory::of_strings(&BOARD);
        let board = BoardFacts::of_st(&memories);
        plan_read(ranges, board, alternate_setting, false).map_err(NoPlan::reason)
    }

    fn exactly(address: u32, end: u64) -> RangeRequest {
        RangeRequest::Exactly(AddressRange { address, end })
    }

    #[track_caller]
    fn check(
        ranges: &[RangeRequest],
        alternate_setting: Option<u8>,
        looks: &[(u32, u64)],
        sectors: &[u32],
    ) {
        let plan = plan(ranges, alternate_setting).expect("fits");
        let found: Vec<(u32, u64)> = plan
            .ranges
            .iter()
            .map(|range| (range.address, range.end))
            .collect();
        assert_eq!(found, looks);
        let region = plan.region.sectors.iter();
        let found: Vec<u32> = region.map(|sector| sector.address).collect();
        assert_eq!(found, sectors);
    }

    fn refused(ranges: &[RangeRequest], alternate_setting: Option<u8>) -> String {
        let error = plan(ranges, alternate_setting).expect_err("must be refused");
        error.to_string()
    }

    #[test]
    fn exactly_the_bytes_that_were_asked_for_are_read_each_once() {
        check(
            &[exactly(0x0800_3FFF, 0x0800_4001)],
            None,
            &[(0x0800_3FFF, 0x0800_4001)],
            &[0x0800_0000, 0x0800_4000],
        );
        check(
            &[
                exactly(0x0802_0000, 0x0802_0001),
                exactly(0x0800_0010, 0x0800_0030),
                exactly(0x0800_0000, 0x0800_0020),
            ],
            None,
            &[(0x0800_0000, 0x0800_0030), (0x0802_0000, 0x0802_0001)],
            &[0x0800_0000, 0x0802_0000],
        );
        check(
            &[RangeRequest::SectorAt(0x0800_D123)],
            None,
            &[(0x0800_C000, 0x0801_0000)],
            &[0x0800_C000],
        );
    }

    #[test]
    fn without_a_range_it_is_all_of_the_memory() {
        check(&[], Some(1), &[(0x1FFF_C000, 0x1FFF_C010)], &[0x1FFF_C000]);
        // All, and not all but what can't be read.
        assert!(refused(&[], None).starts_with("the sector at 0x08008000 can't be read"));
        assert!(refused(&[], Some(2)).starts_with("0x10000000 is outside"));
    }

    #[test]
    fn the_memory_is_the_one_that_has_the_addresses() {
        check(
            &[exactly(0x1FFF_C004, 0x1FFF_C008)],
            None,
            &[(0x1FFF_C004, 0x1FFF_C008)],
            &[0x1FFF_C000],
        );
    }

    #[test]
    fn what_is_not_there_or_can_not_be_read_is_refused() {
        let check = |range, reason: &str| {
            let error = refused(&[range], None);
            assert!(error.starts_with(reason), "{error}");
        };
        let outside = "0x08010000 is outside of alternate setting 0";
        check(exactly(0x0800_C000, 0x0801_0001), outside);
        check(exactly(0x0800_C000, 0x0802_0001), outside);
        check(exactly(0xFFFF_FFFF, 1 << 32), "0xffffffff is outside");
        let unreadable = "the sector at 0x08008000 can't be read";
        check(exactly(0x0800_7FFF, 0x0800_8001), unreadable);
        check(RangeRequest::SectorAt(0x0800_9000), unreadable);
    }
}

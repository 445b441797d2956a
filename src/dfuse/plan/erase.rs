//! Ranges + memories → plan: exactly the sectors that were asked for.

use crate::address::RangeRequest;
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::region::Region;

use super::board_facts::{BoardFacts, Memory, sectors_with};
use super::error::{Access, NoPlan, PlanError};

/// What to erase of one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasePlan {
    /// The memory, with the sectors to erase: at least one.
    pub region: Region,
    /// By the one command for all of a memory, which has no address.
    pub at_once: bool,
}

/// What to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EraseRequest {
    /// All of the memory.
    All,
    /// Exactly the sectors of these.
    Ranges(Vec<RangeRequest>),
}

/// Plans to erase.
///
/// # Errors
/// An address outside, a sector that can't be erased, a range that cuts a sector.
pub fn plan_erase(
    request: &EraseRequest,
    board: BoardFacts<'_>,
    alternate_setting: Option<u8>,
) -> Result<ErasePlan, NoPlan> {
    let ranges = match request {
        EraseRequest::All => &[][..],
        EraseRequest::Ranges(ranges) => ranges,
    };
    let addresses = ranges.iter().map(|range| range.address());
    let memory = board.memory_for(alternate_setting, addresses)?;
    let sectors = match request {
        EraseRequest::All => memory.erasable_sectors(),
        EraseRequest::Ranges(ranges) => sectors_of_all(ranges, memory)?,
    };
    if sectors.is_empty() {
        let (address, memory) = (memory.start(), memory.describe());
        let wanted = Access::Erase;
        return Err(PlanError::NotAllowed {
            address,
            wanted,
            memory,
        }
        .into());
    }
    let region = Region::new(memory, sectors);
    if region.settings.is_some() && alternate_setting.is_none() {
        return Err(PlanError::SettingsNotNamed {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
        }
        .into());
    }
    // In whatever memory it is sent, a ROM erases main flash.
    let is_main = memory.layout == board.main_memory().layout;
    Ok(ErasePlan {
        at_once: *request == EraseRequest::All && is_main && region.settings.is_none(),
        region,
    })
}

fn sectors_of_all(ranges: &[RangeRequest], memory: &Memory) -> Result<Vec<Sector>, PlanError> {
    let mut sectors = Vec::new();
    for range in ranges {
        sectors.extend(sectors_of(*range, memory)?);
    }
    sectors.sort_by_key(|sector| sector.address);
    sectors.dedup();
    Ok(sectors)
}

fn sectors_of(range: RangeRequest, memory: &Memory) -> Result<Vec<Sector>, PlanError> {
    let range = match range {
        RangeRequest::SectorAt(address) => {
            return Ok(vec![memory.sector_for(Access::Erase, address)?]);
        }
        RangeRequest::Exactly(range) => range,
    };
    sectors_with([range].into_iter(), |address| {
        let sector = memory.sector_for(Access::Erase, address)?;
        let is_inside =
            |border: &u64| u64::from(sector.address) < *border && *border < sector.end();
        match [range.start(), range.end].into_iter().find(is_inside) {
            Some(address) => Err(PlanError::CutsSector { address, sector }),
            None => Ok(sector),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::AddressRange;

    fn plan(request: &EraseRequest, alternate_setting: Option<u8>) -> Result<ErasePlan, PlanError> {
        // The option bytes of the last are as an F407's old ROM gives them.
        let strings = [
            "@Internal Flash  /0x08000000/02*016Kg,01*016Ka,01*016Kg,01*064Kg,07*128Kg",
            "@Option Bytes  /0x1FFFC000/01*016 e",
            "@Option Bytes  /0x1FFEC000/01*016 g",
        ];
        let memories = Memory::of_strings(&strings);
        let board = BoardFacts::of_st(&memories);
        plan_erase(request, board, alternate_setting).map_err(NoPlan::reason)
    }

    fn exactly(address: u32, end: u64) -> RangeRequest {
        RangeRequest::Exactly(AddressRange { address, end })
    }

    fn check(ranges: &[RangeRequest], expected: &[u32]) {
        let plan = plan(&EraseRequest::Ranges(ranges.to_vec()), None).expect("fits");
        let sectors = plan.region.sectors.iter();
        let erased: Vec<u32> = sectors.map(|sector| sector.address).collect();
        assert_eq!(erased, expected);
        assert!(!plan.at_once);
    }

    fn refused(range: RangeRequest) -> String {
        plan(&EraseRequest::Ranges(vec![range]), None)
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn exactly_the_sectors_of_the_ranges_are_erased_each_once() {
        check(
            &[exactly(0x0800_0000, 0x0800_8000)],
            &[0x0800_0000, 0x0800_4000],
        );
        check(&[RangeRequest::SectorAt(0x0801_1234)], &[0x0801_0000]);
        check(
            &[
                RangeRequest::SectorAt(0x080F_FFFF),
                exactly(0x0800_C000, 0x0802_0000),
                RangeRequest::SectorAt(0x0801_0000),
            ],
            &[0x0800_C000, 0x0801_0000, 0x080E_0000],
        );
    }

    #[test]
    fn a_range_that_cuts_a_sector_is_refused_with_that_sectors_borders() {
        let inside = "is inside the sector from 0x08004000 to 0x08008000: a range has to begin and end where sectors do";
        assert_eq!(
            refused(exactly(0x0800_0000, 0x0800_5000)),
            format!("0x08005000 {inside}")
        );
        assert_eq!(
            refused(exactly(0x0800_4001, 0x0800_8000)),
            format!("0x08004001 {inside}")
        );
    }

    #[test]
    fn what_cannot_be_erased_or_is_not_there_is_refused() {
        assert!(refused(RangeRequest::SectorAt(0x0800_8000)).contains("can't be erased"));
        assert!(
            refused(exactly(0x0800_0000, 0x0801_0000))
                .contains("the sector at 0x08008000 can't be erased")
        );
        assert!(refused(RangeRequest::SectorAt(0x1FFF_C000)).contains("can't be erased"));
        assert!(refused(exactly(0x080E_0000, 0x0812_0000)).contains("0x08100000 is outside"));
        assert!(plan(&EraseRequest::All, Some(1)).is_err());
        assert!(plan(&EraseRequest::All, Some(7)).is_err());
    }

    /// A mass erase would be one of main flash.
    #[test]
    fn option_bytes_are_erased_one_by_one_and_only_where_they_are_named() {
        for request in [
            EraseRequest::All,
            EraseRequest::Ranges(vec![RangeRequest::SectorAt(0x1FFE_C000)]),
        ] {
            let plan = plan(&request, Some(2)).expect("fits");
            assert!(!plan.at_once);
            assert_eq!(plan.region.sectors[0].address, 0x1FFE_C000);
        }
        assert_eq!(
            refused(RangeRequest::SectorAt(0x1FFE_C000)),
            "alternate setting 2, \"Option Bytes\", holds the chip's settings: erasing them changes it, possibly permanently"
        );
    }

    #[test]
    fn erasing_all_covers_every_sector_that_can_be_erased() {
        let plan = plan(&EraseRequest::All, None).expect("fits");
        assert_eq!((plan.region.sectors.len(), plan.at_once), (11, true));
    }
}

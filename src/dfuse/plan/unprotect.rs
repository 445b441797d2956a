//! Lifting read protection, and where to look whether there is any.

use crate::chip::map::FLASH;
use crate::dfuse::layout::Sector;

use super::board_facts::BoardFacts;

/// What is erased, and where a read tells whether it is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnprotectPlan {
    /// The main memory.
    pub alternate_setting: u8,
    /// An address in it that can be read unless it is protected, as far as is known.
    pub address: u32,
    /// Those of its sectors that are erased; none where nobody knows them.
    pub sectors: Vec<Sector>,
}

/// Plans to lift read protection. A `board` that doesn't say what memories it has is taken for one of ST's.
pub fn plan_unprotect(board: Option<BoardFacts<'_>>) -> UnprotectPlan {
    let Some(main) = board.map(BoardFacts::main_memory) else {
        return UnprotectPlan {
            alternate_setting: 0,
            address: FLASH.address,
            sectors: Vec::new(),
        };
    };
    let mut sectors = main.layout.sectors();
    let readable = sectors.find(|sector| sector.access.readable);
    UnprotectPlan {
        alternate_setting: main.alternate_setting,
        address: readable.map_or(main.start(), |sector| sector.address),
        sectors: main.erasable_sectors(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::board_facts::Memory;
    use super::*;

    #[test]
    fn protection_is_looked_for_where_main_flash_can_be_read() {
        let check = |strings: &[&str], address, sectors| {
            let memories = Memory::of_strings(strings);
            let board = BoardFacts::of_st(&memories);
            let plan = plan_unprotect((!memories.is_empty()).then_some(board));
            assert_eq!(plan.alternate_setting, 0);
            assert_eq!(
                (plan.address, plan.sectors.len()),
                (address, sectors),
                "{strings:?}"
            );
        };
        let options = "@Option Bytes  /0x1FFFC000/01*016 e";
        let f405 = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg";
        check(&[f405, options], 0x0800_0000, 12);
        let written_only = "@Internal Flash  /0x08000000/1*16Kf,3*16Kg";
        check(&[written_only], 0x0800_4000, 4);
        check(&["@Internal Flash  /0x08004000/4*16Kf"], 0x0800_4000, 4);
        check(&[], 0x0800_0000, 0);
    }
}

//! Plans that leave flash as it is, or don't care: starting the application, lifting read protection.

use super::error::PlanError;
use super::profile::BoardProfile;
use super::{Plan, Start, Task};

/// Where main flash is on every STM32 (AN2606).
const ST_FLASH: u32 = 0x0800_0000;

/// Plans to start the application at `address`, or at the beginning of main flash.
///
/// # Errors
/// An address that the main memory doesn't have.
pub fn plan_leave(
    board: BoardProfile<'_>,
    address: Option<u32>,
) -> Result<Plan<'static>, PlanError> {
    let main = board.main_memory();
    let address = address.unwrap_or_else(|| main.start());
    if main.layout.sector_at(address).is_none() {
        return Err(PlanError::StartOutside {
            address,
            memory: main.describe(),
        });
    }
    let start = Some(Start {
        alternate_setting: main.alternate_setting,
        address,
    });
    Ok(Plan {
        targets: Vec::new(),
        task: Task::Change,
        start,
    })
}

/// Lifting read protection, and where to look whether there is any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unprotect {
    /// The main memory.
    pub alternate_setting: u8,
    /// An address in it that can be read unless it is protected, as far as is known.
    pub address: u32,
    /// How many of its sectors are erased; 0 where nobody knows.
    pub sectors: usize,
}

/// Plans to lift read protection. A `board` that doesn't say what memories it has is taken for one of ST's.
pub fn plan_unprotect(board: Option<BoardProfile<'_>>) -> Plan<'static> {
    let unprotect = board.map(BoardProfile::main_memory).map_or(
        Unprotect {
            alternate_setting: 0,
            address: ST_FLASH,
            sectors: 0,
        },
        |main| Unprotect {
            alternate_setting: main.alternate_setting,
            address: main
                .layout
                .sectors()
                .find(|sector| sector.access.readable)
                .map_or(main.start(), |sector| sector.address),
            sectors: main.erasable_sectors().len(),
        },
    );
    Plan {
        targets: Vec::new(),
        task: Task::Unprotect(unprotect),
        start: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Memory;
    use super::*;

    fn unprotect(strings: &[&str]) -> Task {
        let memories = Memory::of_strings(strings);
        let board = BoardProfile {
            memories: &memories,
            ids: (0x0483, 0xDF11),
            transfer_size: 2048,
            can_upload: true,
        };
        plan_unprotect((!memories.is_empty()).then_some(board)).task
    }

    #[test]
    fn protection_is_looked_for_where_main_flash_can_be_read() {
        let check = |strings: &[&str], address, sectors| {
            let expected = Unprotect {
                alternate_setting: 0,
                address,
                sectors,
            };
            assert_eq!(unprotect(strings), Task::Unprotect(expected), "{strings:?}");
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

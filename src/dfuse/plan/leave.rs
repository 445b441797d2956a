//! Where to start the application, if that is all there is to do.

use super::board_facts::BoardFacts;
use super::error::PlanError;

/// Leaving DFU mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The main memory's alternate setting.
    pub alternate_setting: u8,
    /// Of the vector table.
    pub address: u32,
}

/// Plans to start the application at `address`, or at the beginning of main flash.
///
/// # Errors
/// An address that the main memory doesn't have.
pub fn plan_leave(board: BoardFacts<'_>, address: Option<u32>) -> Result<Start, PlanError> {
    let main = board.main_memory();
    let address = address.unwrap_or_else(|| main.start());
    main.sector_at(address)?;
    Ok(Start {
        alternate_setting: main.alternate_setting,
        address,
    })
}

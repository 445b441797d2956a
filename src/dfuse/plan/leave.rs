//! Where to start the application, if that is all there is to do.

use super::Start;
use super::error::PlanError;
use super::profile::BoardProfile;

/// Plans to start the application at `address`, or at the beginning of main flash.
///
/// # Errors
/// An address that the main memory doesn't have.
pub fn plan_leave(board: BoardProfile<'_>, address: Option<u32>) -> Result<Start, PlanError> {
    let main = board.main_memory();
    let address = address.unwrap_or_else(|| main.start());
    if main.layout.sector_at(address).is_none() {
        return Err(PlanError::StartOutside {
            address,
            memory: main.describe(),
        });
    }
    Ok(Start {
        alternate_setting: main.alternate_setting,
        address,
    })
}

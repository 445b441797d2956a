//! Plans that leave flash as it is, or don't care: starting the application, lifting read protection.

use super::error::PlanError;
use super::profile::BoardProfile;
use super::{Plan, Start, Task};

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

/// Plans to lift read protection.
pub fn plan_unprotect() -> Plan<'static> {
    Plan {
        targets: Vec::new(),
        task: Task::Unprotect,
        start: None,
    }
}

//! What can be wanted of a board that speaks DfuSe, planned with what it says of its memories.

use crate::board::Board;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::erase::{EraseRequest, plan_erase};
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::flash::{FlashOptions, FlashPlan, plan_flash};
use crate::dfuse::plan::leave::plan_leave;
use crate::dfuse::plan::unprotect::plan_unprotect;
use crate::image::Image;

use super::args::alt::{AltChoice, memories_and_choice};
use super::error::CliError;
use super::suspicion;

/// A plan, or why there is none.
type Planned<'p> = Result<Plan<'p>, NoPlan<CliError>>;

/// Flashes an image into the memory that is chosen, whatever the `options` say of that; `finish` makes of the plan what is
/// wanted of it.
pub fn flash<'i>(
    image: &'i Image,
    alt: Option<&AltChoice>,
    board: &Board,
    options: FlashOptions,
    finish: impl FnOnce(FlashPlan<'i>) -> Result<Plan<'i>, NoPlan>,
) -> Planned<'i> {
    let (memories, alternate_setting) =
        memories_and_choice(alt, board).map_err(NoPlan::into_other)?;
    let options = FlashOptions {
        alternate_setting,
        ..options
    };
    let plan = plan_flash(image, board.facts(&memories), options).and_then(finish);
    suspicion::judge(image, plan.map_err(NoPlan::into_other))
}

/// Erases all of a memory, or some sectors.
pub fn erase(request: &EraseRequest, alt: Option<&AltChoice>, board: &Board) -> Planned<'static> {
    let (memories, alternate_setting) =
        memories_and_choice(alt, board).map_err(NoPlan::into_other)?;
    let plan = plan_erase(request, board.facts(&memories), alternate_setting);
    plan.map(Plan::Erase).map_err(NoPlan::into_other)
}

/// Starts the application, at this address or where main flash begins.
pub fn leave(address: Option<u32>, board: &Board) -> Planned<'static> {
    let (memories, _) = memories_and_choice(None, board).map_err(NoPlan::into_other)?;
    let start = plan_leave(board.facts(&memories), address).map_err(CliError::OnlyLooking)?;
    Ok(Plan::Leave(start))
}

/// Lifts read protection, also of a board that doesn't say what memories it has.
pub fn unprotect(board: &Board) -> Plan<'static> {
    let memories = board.memories_to_use(false).ok();
    let facts = memories.as_deref().map(|memories| board.facts(memories));
    Plan::Unprotect(plan_unprotect(facts))
}

//! Image + memories → plan to compare them: exactly the bytes that the image names, and nothing is changed.

use crate::dfuse::range::joined;
use crate::image::{Image, ImageElement};

use super::choice::{check_ids, memory_for, nothing_for_memory};
use super::error::PlanError;
use super::profile::BoardProfile;
use super::reach::check_upload;
use super::{Plan, TargetPlan, Task};

/// What the user wants of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyOptions {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
    /// Pass over the ids in the file.
    pub any_id: bool,
}

/// Plans to compare a board with an image.
///
/// # Errors
/// Whatever of the image the board doesn't have, or can't be read. What may be erased or written doesn't matter.
pub fn plan_verify<'i>(
    image: &'i Image,
    board: BoardProfile<'_>,
    options: VerifyOptions,
) -> Result<Plan<'i>, PlanError> {
    if !options.any_id {
        check_ids(image, board)?;
    }
    let mut targets: Vec<TargetPlan> = Vec::new();
    for target in &image.targets {
        if let Some(memory) = memory_for(target, board, options.alternate_setting)? {
            let ranges = joined(target.elements.iter().map(ImageElement::range));
            targets.push(TargetPlan::new(memory, &target.elements).looks_at(ranges, memory)?);
        }
    }
    if targets.is_empty() {
        return Err(nothing_for_memory(image, options.alternate_setting));
    }
    check_upload(board)?;
    Ok(Plan {
        targets,
        task: Task::Compare,
        start: None,
    })
}

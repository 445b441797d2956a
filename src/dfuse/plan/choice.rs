//! Which board an image is for, and which memory each of its targets.

use crate::image::{Image, ImageTarget};

use super::error::PlanError;
use super::family;
use super::profile::{BoardProfile, Memory};

/// Refuses an image for a device with other ids, or another chip.
pub fn check_ids(image: &Image, board: BoardProfile<'_>) -> Result<(), PlanError> {
    let (vendor_id, product_id) = board.ids;
    match image.ids {
        Some(ids) if !ids.accepts(vendor_id, product_id) => Err(PlanError::OtherDevice {
            file: (ids.vendor_id, ids.product_id),
            board: board.ids,
        }),
        _ => family::check(image, board),
    }
}

/// The memory that a target of the image is for; `None` where the user has chosen another one than the file says.
pub fn memory_for<'b>(
    target: &ImageTarget,
    board: BoardProfile<'b>,
    chosen: Option<u8>,
) -> Result<Option<&'b Memory>, PlanError> {
    let addresses = target.elements.iter().map(|element| element.address);
    match (target.alternate_setting, chosen) {
        (Some(number), Some(chosen)) if number != chosen => Ok(None),
        (Some(number), _) | (None, Some(number)) => board.memory(number).map(Some),
        (None, None) => Ok(Some(board.memory_with(addresses))),
    }
}

/// The error where none of the image's targets is for the memory that was chosen.
pub fn nothing_for_memory(image: &Image, chosen: Option<u8>) -> PlanError {
    let targets = image.targets.iter();
    PlanError::NothingForMemory {
        alternate_setting: chosen.unwrap_or_default(),
        in_file: targets
            .filter_map(|target| target.alternate_setting)
            .collect(),
    }
}

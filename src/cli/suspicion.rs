//! Files that are no firmware, where only the board can tell whether that matters.

use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;
use crate::image::{FilesError, Image, ImageError, Suspicion};

use super::error::CliError;

/// Refuses an image that is no firmware.
///
/// # Errors
/// [`FilesError::InFile`].
pub fn refuse(image: &Image) -> Result<(), FilesError> {
    match &image.suspicion {
        Some(suspicion) => Err(refusal(suspicion)),
        None => Ok(()),
    }
}

/// The plan, or the reason why there is none; for an image that is no firmware, that is the reason, unless all of it goes
/// to memory that programs and their data are in.
pub fn judge<'i>(
    image: &Image,
    plan: Result<Plan<'i>, NoPlan<CliError>>,
) -> Result<Plan<'i>, NoPlan<CliError>> {
    let takes_data = |plan: &Plan<'_>| plan.changed_settings().is_empty();
    match (&image.suspicion, plan) {
        (Some(_), Ok(plan)) if takes_data(&plan) => Ok(plan),
        (Some(_), Err(NoPlan::NeedsMoreMemories)) => Err(NoPlan::NeedsMoreMemories),
        (Some(suspicion), _) => Err(NoPlan::Refused(refusal(suspicion).into())),
        (None, plan) => plan,
    }
}

/// What to say where an image is no firmware, and a board takes it.
pub fn warning(image: &Image) -> Option<String> {
    let Suspicion { content, .. } = image.suspicion.as_ref()?;
    Some(format!(
        "The file is {content}, not firmware. It is taken byte for byte."
    ))
}

/// What is odd about the file for every board that takes it.
pub fn warnings(image: &Image) -> Vec<String> {
    let warnings = image.warnings.iter().cloned();
    warnings.chain(warning(image)).collect()
}

fn refusal(suspicion: &Suspicion) -> FilesError {
    FilesError::InFile {
        name: suspicion.file.clone(),
        error: ImageError::Unsupported(suspicion.content),
    }
}

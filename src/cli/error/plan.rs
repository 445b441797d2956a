//! Why a plan can't be made, as an exit code and the next step.

use crate::chip::vector_table::LinkedElsewhere;
use crate::dfuse::plan::error::PlanError;

use crate::cli::exit::Exit;

/// `reassurance` stands after the hint where there is reason to fear.
pub fn of_plan(error: &PlanError, reassurance: &str) -> (Exit, Option<String>) {
    let hint = match error {
        PlanError::OtherDevice { .. } | PlanError::OtherFamily { .. } => {
            "If the file is right for this board anyway, add --any-id.".to_owned()
        }
        PlanError::NotNamed {
            alternate_setting, ..
        }
        | PlanError::SettingsNotNamed {
            alternate_setting, ..
        } => {
            format!("If that is what you want, add --alt {alternate_setting}.")
        }
        PlanError::CutsSector { sector, .. } => format!(
            "The nearest borders are {:#010x} and {:#010x}.",
            sector.address,
            sector.end()
        ),
        PlanError::Scattered { places } => {
            let memories = places.iter().filter_map(|place| place.memory.as_ref());
            let choices: String = memories
                .map(|(number, name)| format!("--alt {number} takes what is for {name}.\n"))
                .collect();
            format!(
                "{choices}--only-fitting takes everything that the board has a memory for.{reassurance}"
            )
        }
        PlanError::LinkedElsewhere(found) => linked_elsewhere(found),
        PlanError::CantPreserve { .. } => {
            "If the other data may be lost, leave out --preserve.".to_owned()
        }
        PlanError::BadVectorTable(_) => {
            "Check --address, and which address the file was linked for.\n\
             Without --strict it is flashed anyway. Nothing was touched."
                .to_owned()
        }
        PlanError::PartOfOptionBytes { .. } => {
            "Read them with `stdfu read`, change what you want, and flash all of them.".to_owned()
        }
        PlanError::SharedSector { .. } => "Choose one of the file's targets with --alt.".to_owned(),
        PlanError::TooSmall { .. } => format!(
            "Check that the file is for this chip, and --address if you gave one.\n\
             `stdfu list` shows the memories of the board.{reassurance}"
        ),
        PlanError::NoSuchAlternateSetting { .. }
        | PlanError::NothingForMemory { .. }
        | PlanError::Outside { .. }
        | PlanError::NotAllowed { .. } => {
            format!("`stdfu list` shows the memories of the board.{reassurance}")
        }
        PlanError::CantUpload => {
            "Such a board can only be flashed; `stdfu flash` says that it could not check."
                .to_owned()
        }
    };
    (Exit::DoesNotFit, Some(hint))
}

pub fn linked_elsewhere(found: &LinkedElsewhere) -> String {
    let there = match found.guess {
        Some(guess) => format!("--address {guess:#010x} puts it there.\n"),
        None => "Check which address the file was linked for.\n".to_owned(),
    };
    format!(
        "{there}--as-is flashes it at {:#010x} anyway.",
        found.address
    )
}

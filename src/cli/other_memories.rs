//! The other memories of a device that refuses the first block for one.

use crate::board::Board;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::plain::Plan;
use crate::dfu::protocol::DfuStatus;

use super::diagnosis::Diagnosis;
use super::task::Task;

/// A memory's `bAlternateSetting`, and what the device calls it.
pub type Named = (u8, String);

/// The memories of a device, as they are called.
pub fn named(board: &Board) -> Vec<Named> {
    let named = board.memories().iter().map(|memory| {
        let name = memory.text.as_ref().map(ToString::to_string);
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        (memory.alternate_setting, name)
    });
    named.collect()
}

/// Adds the others to the hint, where a device without DfuSe has refused the first block: Zephyr's first slot is the one
/// that runs, and Maple's first memory is RAM.
pub fn hint_at_others(
    diagnosis: Diagnosis,
    error: &SessionError,
    task: &Task<'_>,
    memories: &[Named],
) -> Diagnosis {
    let (Task::Plain(Plan::Download(download)), Action::Download(0)) = (task, error.action) else {
        return diagnosis;
    };
    let Cause::Answered { status, .. } = error.cause else {
        return diagnosis;
    };
    let (meant, others): (Vec<&Named>, Vec<&Named>) = memories
        .iter()
        .partition(|(number, _)| *number == download.memory);
    let (Some((number, name)), false) = (meant.first(), others.is_empty()) else {
        return diagnosis;
    };
    let mut hint = format!(
        "The file was for alternate setting {number}: {name}\nThis device has other memories:"
    );
    for (number, name) in others {
        hint += &format!("\n  --alt {number}   {name}");
    }
    let is_about_file = matches!(
        status,
        DfuStatus::ErrTarget | DfuStatus::ErrFile | DfuStatus::ErrVerify | DfuStatus::ErrFirmware
    );
    let before = diagnosis.hint.filter(|_| is_about_file);
    Diagnosis {
        hint: Some(before.map_or_else(String::new, |before| before + "\n") + &hint),
        ..diagnosis
    }
}

//! What was to be kept on a board that is gone, in a file of its own, and the command that puts it back.

use std::path::{Path, PathBuf};

use crate::board::BoardName;
use crate::dfuse::named::Named;
use crate::dfuse::session::Unsaved;
use crate::image::{FileIds, ImageTarget, to_dfu};
use crate::printable::{self, Said};

use super::args::number::count;
use super::diagnosis::Diagnosis;
use super::error::CliError;
use super::save;
use super::shell;

/// Saves what was to be kept in the current directory, and says so with what went wrong.
pub fn keep(
    diagnosis: Diagnosis,
    unsaved: &[Unsaved],
    name: BoardName<'_>,
    ids: FileIds,
) -> Diagnosis {
    let bytes = unsaved.iter().map(|memory| Named(&memory.elements).bytes());
    let bytes = count(bytes.sum(), "byte");
    match save_all(unsaved, name, ids) {
        Ok(path) => Diagnosis {
            message: format!(
                "{}; the {bytes} to be preserved are saved in {}",
                diagnosis.message,
                printable::path(&path)
            ),
            hint: Some(format!(
                "Put the board into DFU mode again, and write those bytes back first:\n{}",
                command(&path, name)
            )),
            ..diagnosis
        },
        Err(error) => Diagnosis {
            message: format!(
                "{}; the {bytes} to be preserved are lost, because they could not be saved: {}",
                diagnosis.message,
                error.message()
            ),
            ..diagnosis
        },
    }
}

fn save_all(unsaved: &[Unsaved], name: BoardName<'_>, ids: FileIds) -> Result<PathBuf, CliError> {
    let targets: Vec<ImageTarget> = unsaved.iter().map(target).collect();
    let file = to_dfu(&targets, ids)?;
    let who = name.serial.map_or(name.path, Said::raw);
    let plain: String = who
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    save::fresh(&format!("stdfu-kept-{plain}"), "dfu", &file)
}

fn target(memory: &Unsaved) -> ImageTarget {
    ImageTarget {
        alternate_setting: Some(memory.alternate_setting),
        name: Some(memory.name.clone()),
        elements: memory.elements.clone(),
    }
}

/// It keeps what else is there, and starts nothing: the bytes alone are no application.
fn command(path: &Path, name: BoardName<'_>) -> String {
    format!(
        "stdfu flash {} --preserve --stay --path {}",
        shell::file(&path.to_string_lossy()),
        name.path
    )
}

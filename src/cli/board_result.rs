//! What the JSON of every command has of a board: which it is, and how the work on it ended.

use serde::Serialize;

use crate::printable::Said;

use super::board::BoardName;
use super::diagnosis::Diagnosis;
use super::exit::Exit;

/// The first fields of a board's entry: a contract with scripts.
#[derive(Serialize)]
pub struct BoardResult<'r> {
    serial: Option<&'r Said>,
    path: &'r str,
    exit: u8,
    error: Option<&'r str>,
    hint: Option<&'r str>,
}

impl<'r> BoardResult<'r> {
    /// Of a board, and of what went wrong with it.
    pub fn of(name: BoardName<'r>, error: Option<&'r Diagnosis>) -> Self {
        Self {
            serial: name.serial,
            path: name.path,
            exit: error.map_or(Exit::Done, |diagnosis| diagnosis.exit).code(),
            error: error.map(|diagnosis| diagnosis.message.as_str()),
            hint: error.and_then(|diagnosis| diagnosis.hint.as_deref()),
        }
    }

    /// The same, with what to do next where nothing else is said of that.
    pub fn or_hint(self, hint: Option<&'r str>) -> Self {
        Self {
            hint: self.hint.or(hint),
            ..self
        }
    }
}

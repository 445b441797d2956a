//! The lines of `--progress json`: a contract with scripts.

use serde::Serialize;

use crate::board::BoardName;
use crate::printable::Said;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::exit::Exit;

/// What a line says.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'e> {
    /// How far a phase of the work on a board is; at least once when it begins and once when it ends.
    Progress {
        serial: Option<&'e Said>,
        path: &'e str,
        phase: &'static str,
        /// Bytes.
        done: u64,
        /// Bytes; `None` where there is no telling how long it takes.
        total: Option<u64>,
        /// Whether this is the end of the phase.
        ended: bool,
        /// How often something went wrong on this board and was tried again, up to now.
        retries: u32,
    },
    /// Something went wrong, and is tried again.
    Retry {
        serial: Option<&'e Said>,
        path: &'e str,
        /// `None` before the first.
        phase: Option<&'static str>,
        /// With this one.
        retries: u32,
        reason: &'e str,
    },
    /// The work on a board has come to its end, good or bad. Where it is bad, an error of the board follows.
    End {
        serial: Option<&'e Said>,
        path: &'e str,
        exit: u8,
    },
    /// Something worth knowing.
    Note { message: &'e str },
    /// With `-v`: what is decided; with `-vv`: a control transfer.
    Detail { message: &'e str },
    /// Something that may be wrong, with a board or in general.
    Warning {
        serial: Option<&'e Said>,
        path: Option<&'e str>,
        message: &'e str,
    },
    /// Something that went wrong, on a board or before any board is known.
    Error {
        serial: Option<&'e Said>,
        path: Option<&'e str>,
        exit: u8,
        message: &'e str,
        hint: Option<&'e str>,
    },
}

impl<'e> Event<'e> {
    /// A warning, of a board or in general.
    pub fn warning(board: Option<BoardName<'e>>, message: &'e str) -> Self {
        Self::Warning {
            serial: board.and_then(|board| board.serial),
            path: board.map(|board| board.path),
            message,
        }
    }

    /// The end of the work on a board, and what went wrong with it.
    pub fn end(board: BoardName<'e>, error: Option<&Diagnosis>) -> Self {
        Self::End {
            serial: board.serial,
            path: board.path,
            exit: error.map_or(Exit::Done, |diagnosis| diagnosis.exit).code(),
        }
    }

    /// An error, of a board or in general.
    pub fn error(board: Option<BoardName<'e>>, diagnosis: &'e Diagnosis) -> Self {
        Self::Error {
            serial: board.and_then(|board| board.serial),
            path: board.map(|board| board.path),
            exit: diagnosis.exit.code(),
            message: &diagnosis.message,
            hint: diagnosis.hint.as_deref(),
        }
    }
}

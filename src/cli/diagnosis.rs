//! What to tell the user of something that went wrong.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::evidence;
use super::exit::Exit;

/// What to tell the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// The code to end with.
    #[serde(serialize_with = "as_code")]
    pub exit: Exit,
    /// What failed.
    pub message: String,
    /// What to do next, a step a line.
    pub hint: Option<String>,
}

impl Diagnosis {
    /// The same with how to show others what the board did, where it is the board's doing.
    pub fn reported(self) -> Self {
        if !matches!(self.exit, Exit::Board | Exit::Differs) {
            return self;
        }
        let steps = self.hint.into_iter().chain([evidence::advice()]);
        let hint = steps.collect::<Vec<_>>().join("\n");
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// The same, beginning with what it is about.
    pub fn about(self, what: impl Display) -> Self {
        Self {
            message: format!("{what}: {}", self.message),
            ..self
        }
    }
}

fn as_code<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

//! The environment variables that stdfu has for itself.

use std::env::{self, VarError};

use super::usage::UsageError;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// Stands for `--serial`.
    Serial,
    /// Stands for `--path`.
    Path,
    /// Stands for `--sim`, with `;` between several boards.
    Sim,
}

impl Variable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Serial, Self::Path, Self::Sim];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "STDFU_SERIAL",
            Self::Path => "STDFU_PATH",
            Self::Sim => "STDFU_SIM",
        }
    }
}

/// What a variable says; `None` where it isn't set, or empty: a script may pass on one that is.
pub fn value(variable: Variable) -> Option<String> {
    env::var(variable.name())
        .ok()
        .filter(|value| !value.is_empty())
}

/// Makes sure that every variable can be read: one that can't must not be taken for one that isn't set, lest another
/// board be worked on than the one that is meant.
///
/// # Errors
/// The first that is not UTF-8.
pub fn check() -> Result<(), UsageError> {
    let is_garbled =
        |variable: &Variable| matches!(env::var(variable.name()), Err(VarError::NotUnicode(_)));
    match Variable::ALL.into_iter().find(is_garbled) {
        None => Ok(()),
        Some(variable) => Err(UsageError {
            message: format!(
                "{} in the environment can't be read: it is not UTF-8",
                variable.name()
            ),
            hint: Some(format!("Set it again, or `unset {}`.", variable.name())),
        }),
    }
}

//! stdin in the place of a file.

use std::io::{self, StdinLock};

use super::interrupt;
use super::usage::UsageError;

/// What comes from stdin, to its end.
///
/// # Errors
/// Where its end is a request to stop.
pub fn file() -> Result<StdinLock<'static>, UsageError> {
    match interrupt::listens_to_stdin() {
        false => Ok(io::stdin().lock()),
        true => Err(UsageError {
            message: "with --stop-on-eof, no file can come from stdin".to_owned(),
            hint: Some("Name a file instead of -.".to_owned()),
        }),
    }
}

//! What shows others what a board did: a recording, and how to make one.

use std::path::Path;
use std::sync::OnceLock;

use super::shell;

/// The recording that is being made, as a shell takes its name.
static RECORDING: OnceLock<String> = OnceLock::new();

/// All that happens is recorded from now on.
pub fn is_recorded_in(path: &Path) {
    // There is one command, and it has one recording.
    let _ = RECORDING.set(shell::file(&path.to_string_lossy()));
}

/// What to do about trouble that others are to look at.
pub fn advice() -> String {
    match RECORDING.get() {
        Some(file) => format!("For a report, send {file}: it has all that passed over USB."),
        None => "If it happens again: --record FILE records it, for a report.".to_owned(),
    }
}

//! What is said in the words of another program, as it is.

use std::io;

use super::{stdout, to_stderr};

/// On stdout.
///
/// # Errors
/// Those of writing. A reader that has gone away has read enough, and is none.
pub fn stdout(text: &str) -> io::Result<()> {
    stdout::write(text.as_bytes())
}

/// On stderr. Where that can't be written, nobody can be told.
pub fn stderr(text: &str) {
    to_stderr(text);
}

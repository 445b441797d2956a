//! Somebody who tells what happens at a station.

use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::CliError;
use crate::cli::station::verdict::Judged;
use crate::cli::station::view::View;

/// Somebody who tells what happens at a station.
pub trait Teller {
    /// How things are, again and again.
    fn show(&mut self, view: &View) -> Told;
    /// A verdict on the board at this path.
    fn judged(&mut self, path: &str, judged: &Judged) -> Told;
    /// What is at this path can't be worked with: once for each board.
    fn trouble(&mut self, path: &str, trouble: &Diagnosis) -> Told;
}

/// Whether it was told.
pub type Told = Result<(), Untold>;

/// Why it could not be told.
#[derive(Debug)]
pub enum Untold {
    /// Whoever was to hear it has gone away.
    NobodyListens,
    /// It can't be written.
    Failed(CliError),
}

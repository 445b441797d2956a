//! Somebody who tells what happens at a station.

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::verdict::Judged;
use crate::cli::station::view::View;

/// Somebody who tells what happens at a station.
pub trait Teller {
    /// How things are, again and again.
    fn show(&mut self, view: &View);
    /// A verdict on the board at this path.
    fn judged(&mut self, path: &str, judged: &Judged);
    /// Why no board is begun any more.
    fn alarm(&mut self, trouble: &Diagnosis);
}

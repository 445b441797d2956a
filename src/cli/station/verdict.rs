//! What came of a board at a station.

use crate::cli::diagnosis::Diagnosis;
use crate::printable::Said;

/// How the work at a port has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With a verdict on the board.
    Judged(Judged),
    /// It is the board that was done with before.
    Same,
    /// The board was gone before anything was done with it.
    Gone,
    /// What is there can't be opened, and why.
    Unusable(String),
}

/// A board, and the verdict on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its serial number, if it is known.
    pub serial: Option<Said>,
    /// The family of its chip, where that is sure.
    pub chip: Option<&'static str>,
    /// How long it took, on the board's clock.
    pub seconds: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// The verdict on a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is flashed, and checked as far as it can be; what was done, and what is odd about that.
    Pass { done: String, odd: Vec<String> },
    /// It is not.
    Fail(Diagnosis),
    /// Nothing was done: it was flashed before, at this time, and is good.
    Refused { good_since: String },
}

/// How many boards came to which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub good: u64,
    pub failed: u64,
    pub refused: u64,
}

impl Counts {
    /// Counts one more.
    pub fn count(&mut self, verdict: &Verdict) {
        let number = match verdict {
            Verdict::Pass { .. } => &mut self.good,
            Verdict::Fail(_) => &mut self.failed,
            Verdict::Refused { .. } => &mut self.refused,
        };
        *number += 1;
    }
}

//! What came of a board at a station.

use std::sync::Arc;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::exit::Exit;
use crate::printable::Said;

/// How the work at a port has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With a verdict on the board.
    Judged(Box<Judged>),
    /// It is the board that was done with before.
    Same,
    /// The board was gone before anything was done with it.
    Gone,
    /// What is there can't be worked with, and why. Nothing was done to it.
    Unusable(Diagnosis),
}

/// A board, and the verdict on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its serial number, if it is known.
    pub serial: Option<Said>,
    /// The family of its chip, where that is sure.
    pub chip: Option<&'static str>,
    /// How long it took.
    pub seconds: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// The verdict on a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is flashed, and checked as far as it can be.
    Pass {
        /// What was done.
        done: String,
        /// What is odd about that, a sentence each.
        odd: Vec<String>,
        /// Whether all of the firmware was read back and compared.
        verified: bool,
    },
    /// It is not.
    Fail(Diagnosis),
    /// It is not, since somebody has stopped the work.
    Interrupted(Diagnosis),
    /// Nothing was done.
    Refused(Refusal),
    /// It has a verdict, which the log has not taken.
    Unlogged {
        /// The verdict.
        verdict: Box<Verdict>,
        /// Why not.
        error: Diagnosis,
    },
}

/// A board that is refused, since it was flashed before and is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// When it was flashed.
    pub since: String,
    /// The SHA-256 of the files that it was flashed with, where they are others than this station's.
    pub other_firmware: Option<Arc<[String]>>,
    /// Why it is not back in its application, from which it was called.
    pub stays: Option<Diagnosis>,
}

/// How many boards came to which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub good: u64,
    pub failed: u64,
    pub refused: u64,
    pub interrupted: u64,
    /// Those that the log lacks, whatever came of them.
    pub unlogged: u64,
}

impl Verdict {
    /// Of a board that was not flashed for this reason.
    pub fn of_failure(error: Diagnosis) -> Self {
        match error.exit {
            Exit::Interrupted => Self::Interrupted(error),
            _ => Self::Fail(error),
        }
    }

    /// The verdict, whether the log has it or not.
    pub fn itself(&self) -> &Self {
        match self {
            Self::Unlogged { verdict, .. } => verdict.itself(),
            verdict => verdict,
        }
    }

    /// Whether the board is good or not, in words.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "good",
            Self::Fail(_) => "not good",
            Self::Interrupted(_) => "interrupted",
            Self::Refused(_) => "refused",
            Self::Unlogged { verdict, .. } => verdict.in_words(),
        }
    }
}

impl Refusal {
    /// When it was flashed, and with what if that was another firmware, as a clause.
    pub fn in_words(&self) -> String {
        let since = format!("it is good since {}", self.since);
        match &self.other_firmware {
            Some(sha256) => {
                let short: Vec<&str> = sha256.iter().map(|sum| in_short(sum)).collect();
                format!(
                    "{since}, but with another firmware: SHA-256 {}",
                    short.join(", ")
                )
            }
            None => since,
        }
    }
}

/// What tells one firmware from another for people.
fn in_short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

impl Counts {
    /// Counts one more.
    pub fn count(&mut self, verdict: &Verdict) {
        let number = match verdict {
            Verdict::Pass { .. } => &mut self.good,
            Verdict::Fail(_) => &mut self.failed,
            Verdict::Interrupted(_) => &mut self.interrupted,
            Verdict::Refused(_) => &mut self.refused,
            Verdict::Unlogged { .. } => &mut self.unlogged,
        };
        *number += 1;
    }

    /// What there is beside good ones and failed ones, with its number.
    pub fn others(self) -> impl Iterator<Item = (u64, &'static str)> {
        let others = [
            (self.refused, "refused"),
            (self.interrupted, "interrupted"),
            (self.unlogged, "not in the log"),
        ];
        others.into_iter().filter(|(count, _)| *count > 0)
    }
}

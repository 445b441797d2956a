//! What is said at the end of the work on boards: what came of each, how many failed, and which.

use crate::board::BoardName;

use super::args::number::{amount, count, rate};
use super::diagnosis::Diagnosis;
use super::outcome::Outcome;
use super::output::Output;
use super::output::results::{ResultLine, Results};

/// What was done with a board, in few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What was done, separated by commas.
    pub done: Vec<String>,
    /// Bytes that went to the board or came from it, for the speed.
    pub bytes: u64,
    /// What has to be known beside it, a sentence each.
    pub notes: Vec<String>,
    /// What is said with `-v`, a sentence each.
    pub details: Vec<String>,
}

impl Summary {
    /// Of this much done.
    pub fn new(done: impl Into<String>) -> Self {
        Self {
            done: vec![done.into()],
            bytes: 0,
            notes: Vec::new(),
            details: Vec::new(),
        }
    }
}

/// A time too short for a speed to mean anything, in seconds.
const AT_ONCE: f64 = 0.5;
/// Bytes too few for that: what they take is mostly something else.
const FEW: u64 = 16 << 10;

/// What came of the work on each board. One that failed all alone has said so itself.
pub fn results(
    outcomes: &[Outcome<'_>],
    summary: impl Fn(&Outcome<'_>) -> Summary,
    output: &Output,
) -> Results {
    let line = |outcome: &Outcome<'_>| match &outcome.error {
        None => Some(good(outcome, summary(outcome), output)),
        Some(_) if outcomes.len() == 1 => None,
        Some(error) => Some(bad(outcome.name(), error)),
    };
    Results {
        boards: outcomes.iter().filter_map(line).collect(),
        total: outcomes.len(),
    }
}

fn good(outcome: &Outcome<'_>, summary: Summary, output: &Output) -> ResultLine {
    let Summary {
        done,
        bytes,
        notes,
        details,
    } = summary;
    let seconds = outcome.seconds;
    let speed = match bytes >= FEW && seconds >= AT_ONCE {
        true => format!(" ({})", rate(bytes as f64 / seconds)),
        false => String::new(),
    };
    let label = outcome.name().to_string();
    for detail in details.into_iter().chain([requests(outcome)]) {
        output.detail(&format!("{label}: {detail}"));
    }
    ResultLine {
        is_good: true,
        label,
        text: format!("{}  {seconds:.1} s{speed}", done.join(", ")),
        notes,
    }
}

fn requests(outcome: &Outcome<'_>) -> String {
    let requests = count(outcome.requests, "request");
    match outcome.tally.retries {
        0 => requests,
        1 => format!("{requests}; one was tried again"),
        retries => format!("{requests}; {retries} were tried again"),
    }
}

/// Why, each board has said itself, with all that belongs to it.
fn bad(name: BoardName<'_>, error: &Diagnosis) -> ResultLine {
    let first_line = error.message.lines().next().unwrap_or_default();
    let reason = first_line.split("; ").next().unwrap_or_default();
    ResultLine {
        is_good: false,
        label: name.to_string(),
        text: format!("exit {}: {reason}", error.exit.code()),
        notes: Vec::new(),
    }
}

/// How much of all there is: `12 of 300 KiB`.
pub fn part_of(part: u64, all: u64) -> String {
    let (part, all) = (amount(part), amount(all));
    match (part.split_once(' '), all.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} of {all}"),
        _ => format!("{part} of {all}"),
    }
}

/// Says how many of the boards failed, and which, where there are several. Why, each has said itself.
pub fn failures<'b>(boards: impl IntoIterator<Item = (BoardName<'b>, bool)>, output: &Output) {
    let boards: Vec<_> = boards.into_iter().collect();
    let failed: Vec<String> = boards
        .iter()
        .filter(|(_, failed)| *failed)
        .map(|(name, _)| name.to_string())
        .collect();
    if boards.len() > 1 && !failed.is_empty() {
        output.failures(&format!(
            "{} of {} failed: {}",
            failed.len(),
            boards.len(),
            failed.join(", ")
        ));
    }
}

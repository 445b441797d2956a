//! What is said at the end of the work on boards: what came of each, how many failed, and which.

use crate::board::BoardName;

use super::outcome::Outcome;
use super::output::Output;

/// What came of the work on each board, in a line.
pub fn results(outcomes: &[Outcome<'_>], summary: impl Fn(&Outcome<'_>) -> String) -> String {
    let result = |outcome: &Outcome<'_>| match &outcome.error {
        None => Some((outcome.name().to_string(), summary(outcome))),
        Some(_) if outcomes.len() == 1 => None,
        Some(error) => {
            let failed = format!("FAILED, exit {}", error.exit.code());
            Some((outcome.name().to_string(), failed))
        }
    };
    let results: Vec<(String, String)> = outcomes.iter().filter_map(result).collect();
    table(&results)
}

/// A line for each board, the results in a column.
fn table(results: &[(String, String)]) -> String {
    let widths = results.iter().map(|(name, _)| name.chars().count());
    let width = widths.max().unwrap_or(0) + 1;
    let line = |(name, result): &(String, String)| {
        let label = format!("{name}:");
        format!("{label:<width$} {result}\n")
    };
    results.iter().map(line).collect()
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

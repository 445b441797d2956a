//! What is said at the end of work on several boards: how many failed, and which.

use super::board::BoardName;
use super::output::Output;

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

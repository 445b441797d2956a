//! What came of the work, a line for each board, and the failed ones first.

use clap::builder::styling::AnsiColor;

use crate::cli::error::{CliError, Doing};
use crate::printable;

use super::ndjson::Event;
use super::style::Paint;
use super::wrap::{self, wrap};
use super::{Output, ProgressChoice, stdout, to_stderr};

/// What came of the work on the boards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// Board by board.
    pub boards: Vec<ResultLine>,
    /// How many boards there were; those that are not in `boards` have been told of already.
    pub total: usize,
}

/// What came of the work on one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// Whether it went well.
    pub is_good: bool,
    /// What the board is called.
    pub label: String,
    /// What was done, or what went wrong.
    pub text: String,
    /// What else has to be known, a sentence each.
    pub notes: Vec<String>,
}

/// How far to the right stands what belongs to a line.
const INDENT: usize = 4;

impl Results {
    /// As lines, each with its end, for a terminal of this many columns or for none.
    pub fn text(&self, paint: Paint, columns: Option<usize>) -> String {
        let widths = self.boards.iter().map(|board| board.label.chars().count());
        let label_width = widths.max().unwrap_or(0);
        let verdicts = self.boards.iter().map(|board| board.verdict().0.len());
        let verdict_width = verdicts.max().unwrap_or(0);
        let line = |board: &ResultLine| board.line(verdict_width, label_width, paint, columns);
        let (good, bad): (Vec<_>, Vec<_>) = self.boards.iter().partition(|board| board.is_good);
        let lines: String = bad.into_iter().chain(good).map(line).collect();
        lines + &self.count(paint)
    }

    /// How many boards went well, where there are several.
    fn count(&self, paint: Paint) -> String {
        if self.total < 2 {
            return String::new();
        }
        let good = self.boards.iter().filter(|board| board.is_good).count();
        let color = match good == self.total {
            true => AnsiColor::Green,
            false => AnsiColor::Red,
        };
        let text = format!("{good} of {} boards OK", self.total);
        paint.bold(color, &text) + "\n"
    }
}

impl ResultLine {
    fn verdict(&self) -> (&'static str, AnsiColor) {
        match self.is_good {
            true => ("OK", AnsiColor::Green),
            false => ("FAILED", AnsiColor::Red),
        }
    }

    fn line(
        &self,
        verdict_width: usize,
        label_width: usize,
        paint: Paint,
        columns: Option<usize>,
    ) -> String {
        let (verdict, color) = self.verdict();
        let line = format!(
            "{verdict:<verdict_width$}  {:<label_width$}  {}",
            self.label, self.text
        );
        let line = wrap(&printable::lines(&line), columns, INDENT);
        let line = line.strip_prefix(verdict).unwrap_or_default();
        let mut text = format!("{}{line}\n", paint.bold(color, verdict));
        let room = columns.map(|columns| columns.saturating_sub(INDENT));
        for note in &self.notes {
            let note = wrap(&printable::lines(note), room, 0);
            for line in note.lines() {
                text += &format!("{}{line}\n", " ".repeat(INDENT));
            }
        }
        text
    }
}

impl Output {
    /// What came of the work: like [`Output::summary`], and green or red.
    pub fn results(&self, results: &Results) -> Result<(), CliError> {
        if self.quiet || self.json {
            return Ok(());
        }
        let text = results.text(self.answer_paint, wrap::stdout_columns());
        stdout::write(text.as_bytes()).doing("writing the summary")
    }

    /// The same on stderr, for commands whose answer on stdout is a file.
    pub fn results_aside(&self, results: &Results) {
        if self.quiet {
        } else if self.progress == ProgressChoice::Json {
            let plain = Paint::off();
            let text = results.text(plain, None);
            text.lines()
                .for_each(|message| self.event(&Event::Note { message }));
        } else {
            to_stderr(&results.text(self.paint, wrap::stderr_columns()));
        }
    }

    /// Whether what came of the work is shown, as text.
    pub fn shows_results(&self) -> bool {
        !self.quiet && !self.json
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::style::ColorChoice;
    use super::*;

    fn board(is_good: bool, label: &str, text: &str, notes: &[&str]) -> ResultLine {
        ResultLine {
            is_good,
            label: label.to_owned(),
            text: text.to_owned(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        }
    }

    #[track_caller]
    fn check(boards: Vec<ResultLine>, choice: ColorChoice, columns: usize, expected: &str) {
        let results = Results {
            total: boards.len(),
            boards,
        };
        let paint = Paint::on(&io::stdout(), choice);
        assert_eq!(results.text(paint, Some(columns)), expected);
    }

    #[test]
    fn a_result_begins_with_whether_it_went_well() {
        let done = "300 KiB written, verified, started  2.5 s (117 KiB/s)";
        let boards = || {
            vec![board(
                true,
                "336133663433 at 1-1",
                done,
                &["lost: 11.0 KiB"],
            )]
        };
        check(
            boards(),
            ColorChoice::Never,
            80,
            "OK  336133663433 at 1-1  300 KiB written, verified, started  2.5 s (117 KiB/s)\n    lost: 11.0 KiB\n",
        );
        check(
            boards(),
            ColorChoice::Always,
            40,
            "\u{1b}[1m\u{1b}[32mOK\u{1b}[0m  336133663433 at 1-1  300 KiB\n    written, verified, started  2.5 s\n    \
             (117 KiB/s)\n    lost: 11.0 KiB\n",
        );
    }

    #[test]
    fn failed_boards_stand_first_and_the_count_last() {
        let boards = vec![
            board(true, "A at 1-1", "started  0.1 s", &[]),
            board(false, "LONG at 1-2", "exit 8: it was unplugged", &[]),
            board(true, "C at 1-10", "started  0.1 s", &[]),
        ];
        check(
            boards,
            ColorChoice::Never,
            80,
            "\
FAILED  LONG at 1-2  exit 8: it was unplugged
OK      A at 1-1     started  0.1 s
OK      C at 1-10    started  0.1 s
2 of 3 boards OK
",
        );
    }

    #[test]
    fn what_a_board_says_can_do_nothing_to_the_terminal() {
        check(
            vec![board(true, "A at 1-1", "\u{1b}[2J", &["\u{202e}"])],
            ColorChoice::Never,
            80,
            "OK  A at 1-1  \\u{1b}[2J\n    \\u{202e}\n",
        );
    }
}

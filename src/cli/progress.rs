//! How far the work is: a bar for each board on a terminal, a line for each phase elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::dfuse::session::{Event, Phase};

use super::number::amount;
use super::output::Output;

/// The progress of all boards.
pub struct Progress<'o> {
    output: &'o Output,
    bars: Option<MultiProgress>,
    several: bool,
}

/// The progress of one board.
pub struct BoardProgress<'o> {
    output: &'o Output,
    label: String,
    bar: Option<ProgressBar>,
}

impl<'o> Progress<'o> {
    /// For so many boards.
    pub fn new(output: &'o Output, boards: usize) -> Self {
        let bars =
            output.shows_progress() && !output.shows_transfers() && io::stderr().is_terminal();
        let bars = bars.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self {
            output,
            bars,
            several: boards > 1,
        }
    }

    /// For one of them.
    pub fn board(&self, label: &str) -> BoardProgress<'o> {
        BoardProgress {
            output: self.output,
            label: if self.several {
                format!("{label}: ")
            } else {
                String::new()
            },
            bar: self
                .bars
                .as_ref()
                .map(|bars| bars.add(ProgressBar::no_length())),
        }
    }
}

impl BoardProgress<'_> {
    /// Shows what a session tells.
    pub fn show(&self, event: Event<'_>) {
        match (event, &self.bar) {
            (Event::Begin(phase, total), None) => {
                let total = total
                    .map(|total| format!(" {}", amount(total)))
                    .unwrap_or_default();
                self.output
                    .note(&format!("{}{}{total}", self.label, doing(phase)));
            }
            (Event::Begin(phase, total), Some(bar)) => begin(bar, &self.label, phase, total),
            (Event::Advance(bytes), Some(bar)) => bar.inc(bytes),
            (Event::Advance(_), None) => {}
            (Event::Retry(error), bar) => {
                let say = || {
                    self.output
                        .note(&format!("{}{error}; trying again", self.label))
                };
                match bar {
                    Some(bar) => bar.suspend(say),
                    None => say(),
                }
            }
        }
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn begin(bar: &ProgressBar, label: &str, phase: Phase, total: Option<u64>) {
    let template = match total {
        Some(_) => "{prefix}{msg:24} [{wide_bar}] {bytes:>10} / {total_bytes:10}",
        None => "{prefix}{msg:24} {spinner} {elapsed}",
    };
    let style = ProgressStyle::with_template(template).expect("a template of ours");
    bar.reset();
    bar.set_style(style.progress_chars("#> "));
    bar.set_prefix(label.to_owned());
    bar.set_message(doing(phase));
    match total {
        Some(total) => bar.set_length(total),
        None => bar.unset_length(),
    }
    // It moves while a board is silent for as long as an erase takes.
    bar.enable_steady_tick(Duration::from_millis(100));
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Compare => "comparing",
        Phase::MassErase => "mass-erasing",
        Phase::BlankCheck => "checking for blank",
        Phase::Erase => "erasing",
        Phase::Write => "writing",
        Phase::Verify => "verifying",
        Phase::Head => "writing the first block",
        Phase::Leave => "starting the application",
    }
}

//! How far the work is: a bar for each board on a terminal, a line for each phase elsewhere, or JSON for programs.

mod json;

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::dfuse::session::{Event, Phase};

use super::board::BoardName;
use super::number::amount;
use super::output::{Output, ProgressChoice};
use json::JsonProgress;

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
    bars: Option<MultiProgress>,
    /// The phase that is on the screen.
    bar: Option<ProgressBar>,
    json: Option<JsonProgress<'o>>,
}

impl<'o> Progress<'o> {
    /// For so many boards.
    pub fn new(output: &'o Output, boards: usize) -> Self {
        // Bars need a terminal that can move its cursor.
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bars = output.progress() == ProgressChoice::Auto
            && !output.shows_transfers()
            && io::stderr().is_terminal()
            && !is_dumb;
        let bars = bars.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self {
            output,
            bars,
            several: boards > 1,
        }
    }

    /// For one of them.
    pub fn board(&self, name: BoardName<'_>) -> BoardProgress<'o> {
        let label = match self.several {
            true => format!("{name}: "),
            false => String::new(),
        };
        let is_json = self.output.progress() == ProgressChoice::Json;
        BoardProgress {
            output: self.output,
            label,
            bars: self.bars.clone(),
            bar: None,
            json: is_json.then(|| JsonProgress::new(self.output, name)),
        }
    }
}

impl BoardProgress<'_> {
    /// Shows what a session tells.
    pub fn show(&mut self, event: Event<'_>) {
        if let Some(json) = &mut self.json {
            return json.show(event);
        }
        match (event, &self.bars) {
            (Event::Begin(phase, total), None) => {
                let total = total
                    .map(|total| format!(" {}", amount(total)))
                    .unwrap_or_default();
                if self.output.progress() == ProgressChoice::Auto {
                    self.output
                        .note(&format!("{}{}{total}", self.label, doing(phase)));
                }
            }
            (Event::Begin(phase, total), Some(bars)) => {
                let next = bar(&self.label, phase, total);
                let next = match self.bar.take() {
                    Some(before) => {
                        let next = bars.insert_after(&before, next);
                        before.finish_and_clear();
                        bars.remove(&before);
                        next
                    }
                    None => bars.add(next),
                };
                // It moves while a board is silent for as long as an erase takes.
                next.enable_steady_tick(Duration::from_millis(100));
                self.bar = Some(next);
            }
            (Event::Settled(..), _) => {}
            (Event::Advance(bytes), _) => self.bar.iter().for_each(|bar| bar.inc(bytes)),
            (Event::Retry(error), _) => self.above_bars(|| {
                self.output
                    .note(&format!("{}{error}; trying again", self.label));
            }),
        }
    }

    /// Says what was decided, above the bars.
    pub fn detail(&self, text: &str) {
        self.above_bars(|| self.output.detail(text));
    }

    fn above_bars(&self, say: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(say),
            None => say(),
        }
    }

    /// The work has come to its end, good or not: takes the bar off the screen.
    pub fn end(&mut self, good: bool) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        if let Some(json) = &mut self.json {
            json.end(good);
        }
    }
}

/// A bar for a phase, not on the screen yet.
fn bar(label: &str, phase: Phase, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{prefix}{msg:24} [{wide_bar}] {bytes:>10} / {total_bytes:10}",
        None => "{prefix}{msg:24} {spinner} {elapsed}",
    };
    let style = ProgressStyle::with_template(template).expect("a template of ours");
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
        .with_style(style.progress_chars("#> "))
        .with_prefix(label.to_owned())
        .with_message(doing(phase))
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Compare => "comparing",
        Phase::Survey => "looking around the image",
        Phase::MassErase => "mass-erasing",
        Phase::BlankCheck => "checking for blank",
        Phase::Erase => "erasing",
        Phase::Write => "writing",
        Phase::Verify => "verifying",
        Phase::Head => "writing the first block",
        Phase::Read => "reading",
        Phase::Reset => "waiting for the chip's reset",
        Phase::Leave => "starting the application",
        Phase::Unprotect => "lifting read protection",
    }
}

//! How far the work is: a bar for each board on a terminal, a line for each phase elsewhere, or JSON for programs.

mod json;
mod screen;

use std::io::{self, IsTerminal};
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::board::BoardName;
use crate::dfu::error::SessionError;
use crate::dfu::event::{Event, Phase};

use crate::cli::args::number::amount;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::interrupt::Request;
use crate::cli::observer::Observer;
use crate::cli::output::{Output, ProgressChoice};
use json::JsonProgress;

/// What is said as soon as the work was asked to stop: it may take a while until it has.
const STOPPING: &str = "Stopping after this sector; asked once more, it ends at once.";

/// The progress of all boards.
pub struct Progress<'o> {
    output: &'o Output,
    bars: Option<MultiProgress>,
    /// Whether the terminal has room for more than a number.
    wide: bool,
    several: bool,
}

/// Columns that a line needs with a board's name, the phase, a bar and how many bytes of it are done.
const WIDE: u16 = 80;

/// The progress of one board.
pub struct BoardProgress<'o> {
    output: &'o Output,
    label: String,
    bars: Option<MultiProgress>,
    bar: Option<ProgressBar>,
    wide: bool,
    json: Option<JsonProgress<'o>>,
}

impl<'o> Progress<'o> {
    /// For this many boards.
    pub fn new(output: &'o Output, boards: usize) -> Self {
        // Bars need a terminal that can move its cursor.
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bars = output.progress() == ProgressChoice::Auto
            && !output.shows_transfers()
            && io::stderr().is_terminal()
            && !is_dumb;
        let (_, columns) = Term::stderr().size();
        let bars = bars.then(|| MultiProgress::with_draw_target(screen::screen()));
        Self {
            output,
            bars,
            wide: columns >= WIDE,
            several: boards > 1,
        }
    }

    /// Says that the work is about to stop.
    pub fn stopping(&self) -> impl Fn(Request) + Send + Sync + use<> {
        let (output, bars) = (self.output.clone(), self.bars.clone());
        move |request| {
            let text = match request {
                Request::Asked => STOPPING.to_owned(),
                Request::TimeIsUp(_) => format!("{request}: stopping after this sector"),
            };
            above(bars.as_ref(), || output.note(&text));
        }
    }

    /// For the next of them; the bars stand in this order.
    pub fn board(&self, name: BoardName<'_>) -> BoardProgress<'o> {
        let label = match self.several {
            true => format!("{name}: "),
            false => String::new(),
        };
        let is_json = self.output.progress() == ProgressChoice::Json;
        BoardProgress {
            output: self.output,
            label,
            bar: self.bars.as_ref().map(|bars| {
                let bar = bars.add(ProgressBar::no_length());
                bar.set_style(style(NOT_BEGUN));
                bar
            }),
            bars: self.bars.clone(),
            wide: self.wide,
            json: is_json.then(|| JsonProgress::new(self.output, name)),
        }
    }
}

impl Observer for BoardProgress<'_> {
    fn show(&mut self, event: Event<'_>) {
        if let Some(json) = &mut self.json {
            return json.show(event);
        }
        match (event, &self.bar) {
            (Event::Begin(phase, total), None) => {
                let total = total
                    .map(|total| format!(" {}", amount(total)))
                    .unwrap_or_default();
                if self.output.progress() == ProgressChoice::Auto {
                    self.output
                        .note(&format!("{}{}{total}", self.label, doing(phase)));
                }
            }
            (Event::Begin(phase, total), Some(bar)) => {
                match total {
                    Some(total) => bar.set_length(total),
                    None => bar.unset_length(),
                }
                bar.set_position(0);
                bar.reset_elapsed();
                bar.set_prefix(self.label.clone());
                bar.set_message(doing(phase));
                bar.set_style(style(template(total.is_some(), self.wide)));
                // It moves while a board is silent for as long as an erase takes.
                bar.enable_steady_tick(Duration::from_millis(100));
            }
            (Event::Advance(bytes), _) => self.bar.iter().for_each(|bar| bar.inc(bytes)),
            (Event::Retry(error), _) => self.note(error, "trying again"),
            (Event::Redo(error), _) => self.note(error, "erasing and writing that once more"),
        }
    }

    fn detail(&mut self, text: &str) {
        self.above_bars(|| self.output.detail(text));
    }
}

impl BoardProgress<'_> {
    fn note(&self, error: &SessionError, then: &str) {
        let text = format!("{}{error}; {then}", self.label);
        self.above_bars(|| self.output.note(&text));
    }

    fn above_bars(&self, say: impl FnOnce()) {
        above(self.bars.as_ref(), say);
    }

    /// The work on the board has come to its end: takes the bar off the screen, and says at once what is odd about it,
    /// what to do next and what went wrong. The other boards go on.
    pub fn end(
        &mut self,
        board: BoardName<'_>,
        odd: &[String],
        hint: Option<&str>,
        error: Option<&Diagnosis>,
    ) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        if let Some(json) = &mut self.json {
            json.end(error.is_none());
        }
        self.above_bars(|| {
            for warning in odd {
                self.output.warning_of(board, warning);
            }
            if let Some(hint) = hint {
                self.output.hint(hint);
            }
            self.output.ended(board, error);
        });
    }
}

fn above(bars: Option<&MultiProgress>, say: impl FnOnce()) {
    match bars {
        Some(bars) => bars.suspend(say),
        None => say(),
    }
}

/// Of a bar whose work has not begun: it takes its place, and no room.
const NOT_BEGUN: &str = "";

fn template(has_total: bool, wide: bool) -> &'static str {
    match (has_total, wide) {
        (true, true) => "{prefix}{msg:24} [{wide_bar}] {bytes:>10} / {total_bytes:10}",
        (true, false) => "{prefix}{msg} {percent}%",
        (false, _) => "{prefix}{msg} {spinner} {elapsed}",
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("a template of ours")
        .progress_chars("#> ")
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
        Phase::Restore => "writing back what is to be kept",
        Phase::Read => "reading",
        Phase::Reset => "waiting for the chip's reset",
        Phase::Manifest => "waiting for the device to finish",
        Phase::Leave => "starting the application",
        Phase::Unprotect => "lifting read protection",
    }
}

//! How far the work is: a bar for each board on a terminal, a line for each phase elsewhere, or JSON for programs.

pub mod course;
mod json;
mod line;
mod screen;

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::board::BoardName;
use crate::dfu::error::SessionError;
use crate::dfu::event::{Event, Phase};

use crate::cli::args::number::amount;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::interrupt::Request;
use crate::cli::observer::Observer;
use crate::cli::output::{Output, ProgressChoice};
use crate::cli::task::Task;
use course::Course;
use json::JsonProgress;
use line::Line;

/// What is said as soon as the work was asked to stop: it may take a while until it has.
const STOPPING: &str = "Stopping after this sector. Press Ctrl-C again to stop at once.";

/// The progress of all boards.
pub struct Progress<'o> {
    output: &'o Output,
    bars: Option<MultiProgress>,
    several: bool,
    /// The columns of the longest label; 0 where there is only one board.
    label_width: usize,
}

/// The progress of one board.
pub struct BoardProgress<'o> {
    output: &'o Output,
    label: String,
    bars: Option<MultiProgress>,
    bar: Option<Bar>,
    json: Option<JsonProgress<'o>>,
}

/// The bar of one board.
struct Bar {
    bar: ProgressBar,
    /// What it shows, also while nothing happens.
    view: Arc<Mutex<View>>,
}

/// What a bar shows.
struct View {
    label: String,
    label_width: usize,
    course: Course,
    began: Instant,
}

impl<'o> Progress<'o> {
    /// For boards that are called so.
    pub fn new(output: &'o Output, labels: &[String]) -> Self {
        let bars = output.progress() == ProgressChoice::Auto && output.has_screen();
        let bars = bars.then(|| MultiProgress::with_draw_target(screen::screen()));
        Self {
            output,
            bars,
            several: labels.len() > 1,
            label_width: match labels {
                [] | [_] => 0,
                labels => {
                    let widths = labels.iter().map(|label| label.chars().count());
                    widths.max().unwrap_or(0)
                }
            },
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

    /// For the next of them, of which this is wanted; the bars stand in this order.
    pub fn board(&self, name: BoardName<'_>, task: Option<&Task<'_>>) -> BoardProgress<'o> {
        let label = match self.several {
            true => format!("{name}: "),
            false => String::new(),
        };
        let is_json = self.output.progress() == ProgressChoice::Json;
        BoardProgress {
            output: self.output,
            label,
            bar: self.bars.as_ref().map(|bars| Bar {
                bar: bars.add(ProgressBar::no_length().with_style(style(NOT_BEGUN))),
                view: Arc::new(Mutex::new(View {
                    label: name.to_string(),
                    label_width: self.label_width,
                    course: Course::of(task),
                    began: Instant::now(),
                })),
            }),
            bars: self.bars.clone(),
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
            (Event::Begin(phase, total), Some(bar)) => bar.begin(phase, total),
            (Event::Advance(bytes), _) => self.bar.iter().for_each(|bar| bar.advance(bytes)),
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

    /// Takes the bar off the screen: what is left to do may write an answer where it stands.
    pub fn clear(&self) {
        self.bar.iter().for_each(|bar| bar.bar.finish_and_clear());
    }

    /// The work on the board has come to its end: says at once what is odd about it,
    /// what to do next and what went wrong. The other boards go on.
    pub fn end(
        &mut self,
        board: BoardName<'_>,
        odd: &[String],
        hint: Option<&str>,
        error: Option<&Diagnosis>,
    ) {
        self.clear();
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template of ours")
}

impl Bar {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        let is_first = self.with(|view| {
            let now = view.began.elapsed();
            let is_first = view.course.phase().is_none();
            view.course.begin(phase, total, now);
            is_first
        });
        if is_first {
            let view = self.view.clone();
            let line = move |_: &ProgressState, writer: &mut dyn Write| {
                let mut view = view.lock().unwrap_or_else(PoisonError::into_inner);
                // Where it can't be drawn, the next one is tried.
                let _ = writer.write_str(&view.line());
            };
            self.bar.set_style(style("{line}").with_key("line", line));
            // It moves while a board is silent for as long as an erase takes.
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
        self.bar.tick();
    }

    fn advance(&self, bytes: u64) {
        self.with(|view| view.course.advance(bytes));
        self.bar.inc(bytes);
    }

    fn with<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl View {
    /// For the terminal as wide as it is now.
    fn line(&mut self) -> String {
        let now = self.began.elapsed();
        let (_, columns) = Term::stderr().size();
        let line = Line {
            label: &self.label,
            label_width: self.label_width,
            doing: self.course.phase().map_or("", doing_in_short),
            fraction: self.course.fraction(),
            rate: self.course.rate(now),
            time_left: self.course.time_left(now),
        };
        line.text(columns.into())
    }
}

/// In one word, beside a bar.
pub fn doing_in_short(phase: Phase) -> &'static str {
    match phase {
        Phase::Compare => "comparing",
        Phase::Survey => "looking",
        Phase::MassErase | Phase::Erase => "erasing",
        Phase::BlankCheck => "checking",
        Phase::Write | Phase::Head => "writing",
        Phase::Verify => "verifying",
        Phase::Restore => "restoring",
        Phase::Read => "reading",
        Phase::Reset => "resetting",
        Phase::Manifest => "finishing",
        Phase::Leave => "starting",
        Phase::Unprotect => "unlocking",
    }
}

/// In a line of its own.
fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Compare => "comparing",
        Phase::Survey => "reading the rest of the sectors",
        Phase::MassErase => "mass-erasing",
        Phase::BlankCheck => "checking for blank",
        Phase::Erase => "erasing",
        Phase::Write => "writing",
        Phase::Verify => "verifying",
        Phase::Head => "writing the first block",
        Phase::Restore => "restoring what is to be kept",
        Phase::Read => "reading",
        Phase::Reset => "waiting for the chip's reset",
        Phase::Manifest => "waiting for the device to finish",
        Phase::Leave => "starting the application",
        Phase::Unprotect => "lifting read protection",
    }
}

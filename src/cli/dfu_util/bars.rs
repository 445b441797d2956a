//! Progress in dfu-util's shape: bars that are drawn over and over in one line.

use std::time::{Duration, Instant};

use crate::cli::observer::Observer;
use crate::cli::output::Output;
use crate::dfu::error::SessionError;
use crate::dfu::event::{Event, Phase};

use super::voice::Voice;

/// How wide a bar is, in characters.
const WIDTH: u64 = 25;
/// The least time between two drawings that look the same.
const PAUSE: Duration = Duration::from_secs(1);

/// The bars of a piece of work. None is full, and none called done, before all of the work is: what is written may have to
/// be written once more.
pub struct Bars<'v> {
    voice: &'v Voice,
    /// Where details go.
    output: &'v Output,
    /// From the first to the last.
    bars: Vec<Bar>,
    /// What is going on, and how much of it is done, of how much.
    stage: Option<(Stage, u64, u64)>,
    /// Whether the device was told to leave.
    leaves: bool,
}

/// A bar.
struct Bar {
    name: &'static str,
    /// How many bytes it stands for.
    total: u64,
    /// The thousandths of it that are done.
    done: u64,
    drawn: Option<(u64, Instant)>,
}

/// A part of the work, and the thousandths of a bar that it fills.
#[derive(Debug, Clone, Copy)]
struct Stage {
    bar: &'static str,
    from: u64,
    to: u64,
}

const ERASE: &str = "Erase   ";
const DOWNLOAD: &str = "Download";
const UPLOAD: &str = "Upload";

impl<'v> Bars<'v> {
    /// For a file of this many bytes for a DfuSe device.
    pub fn erase_and_download(voice: &'v Voice, output: &'v Output, bytes: u64) -> Self {
        Self::new(voice, output, &[ERASE, DOWNLOAD], bytes)
    }

    /// For a file of this many bytes for any other.
    pub fn download(voice: &'v Voice, output: &'v Output, bytes: u64) -> Self {
        Self::new(voice, output, &[DOWNLOAD], bytes)
    }

    /// For reading this many bytes, as far as that is known.
    pub fn upload(voice: &'v Voice, output: &'v Output, bytes: u64) -> Self {
        Self::new(voice, output, &[UPLOAD], bytes)
    }

    /// For what has none.
    pub fn none(voice: &'v Voice, output: &'v Output) -> Self {
        Self::new(voice, output, &[], 0)
    }

    fn new(voice: &'v Voice, output: &'v Output, names: &[&'static str], total: u64) -> Self {
        let bar = |name: &&'static str| Bar {
            name,
            total,
            done: 0,
            drawn: None,
        };
        Self {
            voice,
            output,
            bars: names.iter().map(bar).collect(),
            stage: None,
            leaves: false,
        }
    }

    /// Whether the device was told to leave.
    pub fn is_told_to_leave(&self) -> bool {
        self.leaves
    }

    /// The work is done: `bytes` are what it came to.
    pub fn finish(mut self, bytes: u64) {
        for bar in &mut self.bars {
            bar.total = bytes;
            bar.close(self.voice);
        }
    }

    /// The work has failed: what follows begins a line.
    pub fn give_up(self) {
        if self.bars.iter().any(Bar::is_begun) {
            self.voice.put("\n");
        }
    }

    fn advance(&mut self) {
        let Some((stage, done, total)) = self.stage else {
            return;
        };
        let part = (stage.to - stage.from) * done.min(total) / total.max(1);
        let thousandths = (stage.from + part).min(999);
        let mut before = true;
        for bar in &mut self.bars {
            if bar.name == stage.bar {
                bar.draw(thousandths, self.voice);
                before = false;
            } else if before {
                bar.close(self.voice);
            }
        }
    }

    fn tell(&self, error: &SessionError, then: &str) {
        if self.bars.iter().any(Bar::is_begun) {
            self.voice.put("\n");
        }
        self.voice.warn(&format!("{error}; {then}"));
    }
}

impl Observer for Bars<'_> {
    fn show(&mut self, event: Event<'_>) {
        match event {
            Event::Begin(Phase::Leave, _) => {
                self.stage = None;
                self.leaves = true;
            }
            Event::Begin(phase, total) => {
                self.stage = stage(phase, self.bars.first().map_or("", |bar| bar.name))
                    .map(|stage| (stage, 0, total.unwrap_or_default()));
                self.advance();
            }
            Event::Advance(bytes) => {
                if let Some((_, done, _)) = &mut self.stage {
                    *done += bytes;
                }
                self.advance();
            }
            Event::Retry(error) => self.tell(error, "trying again"),
            Event::Redo(error) => self.tell(error, "writing that once more"),
        }
    }

    fn detail(&mut self, text: &str) {
        self.output.detail(text);
    }
}

/// What a phase fills.
fn stage(phase: Phase, first: &str) -> Option<Stage> {
    let of = |bar, from, to| Some(Stage { bar, from, to });
    match phase {
        Phase::Compare | Phase::MassErase if first == ERASE => of(ERASE, 0, 500),
        Phase::Compare => of(DOWNLOAD, 0, 0),
        Phase::Survey => of(ERASE, 500, 550),
        Phase::BlankCheck => of(ERASE, 500, 600),
        Phase::Erase => of(ERASE, 550, 1000),
        Phase::Write => of(DOWNLOAD, 0, 500),
        Phase::Head => of(DOWNLOAD, 500, 500),
        Phase::Verify => of(DOWNLOAD, 500, 1000),
        Phase::Read => of(UPLOAD, 0, 1000),
        Phase::MassErase
        | Phase::Restore
        | Phase::Reset
        | Phase::Manifest
        | Phase::Leave
        | Phase::Unprotect => None,
    }
}

impl Bar {
    /// Whether it stands in the line that the cursor is in.
    fn is_begun(&self) -> bool {
        self.drawn.is_some() && self.done < 1000
    }

    /// Draws it where it looks other than before, or a second has passed. It never goes back.
    fn draw(&mut self, thousandths: u64, voice: &Voice) {
        if self.done >= 1000 {
            return;
        }
        self.done = self.done.max(thousandths);
        let steps = WIDTH * self.done / 1000;
        let now = Instant::now();
        let is_news = |(drawn, at): (u64, Instant)| drawn != steps || now - at >= PAUSE;
        if self.drawn.is_none_or(is_news) {
            self.drawn = Some((steps, now));
            voice.put(&self.text());
        }
    }

    /// Draws it full, once.
    fn close(&mut self, voice: &Voice) {
        if self.done < 1000 {
            self.done = 1000;
            voice.put(&self.text());
            voice.put(&format!("\n{} done.\n", self.name));
        }
    }

    fn text(&self) -> String {
        let steps = (WIDTH * self.done / 1000) as usize;
        let bytes = u128::from(self.total) * u128::from(self.done) / 1000;
        format!(
            "\r{}\t[{:<width$}] {:>3}% {bytes:>12} bytes",
            self.name,
            "=".repeat(steps),
            self.done / 10,
            width = WIDTH as usize,
        )
    }
}

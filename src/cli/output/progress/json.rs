//! The progress of one board as lines of JSON.

use std::time::{Duration, Instant};

use crate::board::BoardName;
use crate::dfu::event::{self, Phase};
use crate::printable::Said;

use crate::cli::output::Output;
use crate::cli::output::ndjson::Event;

/// The least time between two lines of a phase, its first and last apart.
const PAUSE: Duration = Duration::from_millis(100);

/// The progress of one board as lines of JSON.
pub struct JsonProgress<'o> {
    output: &'o Output,
    serial: Option<Said>,
    path: String,
    retries: u32,
    /// The phase that is going on.
    current: Option<Current>,
}

/// A phase that is going on.
#[derive(Debug, Clone, Copy)]
struct Current {
    phase: &'static str,
    done: u64,
    total: Option<u64>,
    /// When the last line about it was said, and how much was done then.
    said: (Instant, u64),
}

impl<'o> JsonProgress<'o> {
    /// For the board with this name.
    pub fn new(output: &'o Output, name: BoardName<'_>) -> Self {
        Self {
            output,
            serial: name.serial.cloned(),
            path: name.path.to_owned(),
            retries: 0,
            current: None,
        }
    }

    /// Says what a session tells, where enough time has passed.
    pub fn show(&mut self, event: event::Event<'_>) {
        match event {
            event::Event::Begin(phase, total) => {
                self.end(true);
                self.current = Some(Current {
                    phase: name(phase),
                    done: 0,
                    total,
                    said: (Instant::now(), 0),
                });
                self.say(false);
            }
            event::Event::Advance(bytes) => {
                let Some(current) = &mut self.current else {
                    return;
                };
                current.done += bytes;
                let (when, before) = current.said;
                if current.done > before && when.elapsed() >= PAUSE {
                    self.say(false);
                }
            }
            event::Event::Retry(error) | event::Event::Redo(error) => {
                self.retries += 1;
                self.output.event(&Event::Retry {
                    serial: self.serial.as_ref(),
                    path: &self.path,
                    phase: self.current.map(|current| current.phase),
                    retries: self.retries,
                    reason: &error.to_string(),
                });
            }
        }
    }

    /// Says how far the phase came, where that has not been said.
    pub fn end(&mut self, good: bool) {
        let is_news = |current: Current| good || current.done > current.said.1;
        if self.current.is_some_and(is_news) {
            self.say(good);
        }
        self.current = None;
    }

    fn say(&mut self, ended: bool) {
        let Some(current) = &mut self.current else {
            return;
        };
        current.said = (Instant::now(), current.done);
        self.output.event(&Event::Progress {
            serial: self.serial.as_ref(),
            path: &self.path,
            phase: current.phase,
            done: current.done,
            total: current.total,
            ended,
            retries: self.retries,
        });
    }
}

/// The name of a phase: a contract with scripts.
fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Compare => "compare",
        Phase::Survey => "survey",
        Phase::MassErase => "mass_erase",
        Phase::BlankCheck => "blank_check",
        Phase::Erase => "erase",
        Phase::Write => "write",
        Phase::Verify => "verify",
        Phase::Head => "head",
        Phase::Restore => "restore",
        Phase::Read => "read",
        Phase::Reset => "reset",
        Phase::Manifest => "manifest",
        Phase::Leave => "leave",
        Phase::Unprotect => "unprotect",
    }
}

//! What a station shows: a screen on a terminal, lines elsewhere, JSON for programs.

mod letters;
mod screen;

use std::io;

use console::Term;
use serde::Serialize;

use crate::board::BoardName;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::StationBoardDocument;
use crate::cli::error::{CliError, Doing};
use crate::cli::output::{ANSWERING, Output, ProgressChoice, json_line, stdout, versioned};
use crate::cli::station::teller::Teller;
use crate::cli::station::verdict::{Judged, Verdict};
use crate::cli::station::view::{Face, View};

impl Output {
    /// Somebody to tell what happens at a station.
    pub fn station(&self) -> Box<dyn Teller + '_> {
        match self.progress() == ProgressChoice::Auto && self.has_screen() && !self.json {
            true => Box::new(OnScreen {
                output: self,
                terminal: Term::buffered_stderr(),
                shown: String::new(),
            }),
            false => Box::new(InLines {
                output: self,
                is_waiting: false,
            }),
        }
    }

    /// A line of JSON of several, before the document that is the last. Not said without `--json`.
    fn line(&self, content: impl Serialize) -> Result<(), CliError> {
        if !self.json {
            return Ok(());
        }
        let line = json_line(&versioned(content)).map_err(io::Error::from);
        let written = line.and_then(|line| stdout::write(line.as_bytes()));
        written.doing(ANSWERING)
    }
}

/// A whole terminal.
struct OnScreen<'o> {
    output: &'o Output,
    terminal: Term,
    shown: String,
}

impl Teller for OnScreen<'_> {
    fn show(&mut self, view: &View) {
        let (rows, columns) = self.terminal.size();
        let text = screen::draw(view, columns.into(), rows.into(), self.output.paint);
        if text != self.shown {
            // A terminal that can't be written shows nothing, and the work goes on.
            let _ = self.draw(&text);
            self.shown = text;
        }
    }

    fn judged(&mut self, _: &str, _: &Judged) {}

    fn alarm(&mut self, _: &Diagnosis) {}
}

impl OnScreen<'_> {
    /// Every line of the terminal is drawn anew, so that there is nothing else on it.
    fn draw(&self, text: &str) -> io::Result<()> {
        self.terminal.move_cursor_to(0, 0)?;
        for line in text.split_inclusive('\n') {
            self.terminal.clear_line()?;
            self.terminal.write_str(line)?;
        }
        self.terminal.flush()
    }
}

/// What is said after it begins in a line of its own.
impl Drop for OnScreen<'_> {
    fn drop(&mut self) {
        // As above.
        let _ = self
            .terminal
            .write_line("")
            .and_then(|()| self.terminal.flush());
    }
}

/// A line for each board.
struct InLines<'o> {
    output: &'o Output,
    is_waiting: bool,
}

impl Teller for InLines<'_> {
    fn show(&mut self, view: &View) {
        let is_at_work = |face: Face| matches!(face, Face::Busy { .. });
        let is_waiting = !view.places.iter().any(|place| is_at_work(place.face));
        if is_waiting && !self.is_waiting && view.alarm.is_none() {
            self.output.note("waiting for a board");
        }
        self.is_waiting = is_waiting;
    }

    fn judged(&mut self, path: &str, judged: &Judged) {
        let name = BoardName {
            serial: judged.serial.as_ref(),
            path,
        };
        // Where stdout can't be written, the log has it.
        let _ = self.output.line(StationBoardDocument::of(name, judged));
        let _ = self.output.summary(&line(name, judged));
        if let Verdict::Fail(error) = &judged.verdict {
            self.output.ended(name, Some(error));
        }
    }

    fn alarm(&mut self, _: &Diagnosis) {}
}

fn line(name: BoardName<'_>, judged: &Judged) -> String {
    let seconds = judged.seconds;
    match &judged.verdict {
        Verdict::Pass { done, odd } => {
            let odd: String = odd.iter().map(|odd| format!("      {odd}\n")).collect();
            format!("PASS  {name}  {done}  {seconds:.1} s\n{odd}")
        }
        Verdict::Fail(error) => {
            let reason = error.message.lines().next().unwrap_or_default();
            format!("FAIL  {name}  exit {}: {reason}\n", error.exit.code())
        }
        Verdict::Refused { good_since } => {
            format!("SKIP  {name}  it is good since {good_since}; --again flashes it\n")
        }
    }
}

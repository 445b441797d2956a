//! What a station shows: a screen on a terminal, lines elsewhere, JSON for programs.

mod letters;
mod screen;

use std::io::{self, ErrorKind};

use console::Term;
use serde::Serialize;

use crate::board::BoardName;
use crate::printable;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{StationBoardDocument, StationHelpDocument};
use crate::cli::error::CliError;
use crate::cli::output::{ANSWERING, Output, ProgressChoice, json_line, stdout, versioned};
use crate::cli::sentence::sentence;
use crate::cli::station::teller::{Teller, Told, Untold};
use crate::cli::station::verdict::{Judged, Verdict};
use crate::cli::station::view::{Face, Place, Stage, View};

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
                said: "",
            }),
        }
    }

    /// A line of several for somebody who is there: as text, or as JSON before the document that is the last.
    fn line(&self, text: &str, content: impl Serialize) -> Told {
        let written = match (self.json, self.quiet) {
            (true, _) => json_line(&versioned(content))
                .map_err(io::Error::from)
                .and_then(|line| stdout::write_to_reader(line.as_bytes())),
            (false, true) => Ok(()),
            (false, false) => stdout::write_to_reader(printable::lines(text).as_bytes()),
        };
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Untold::NobodyListens,
            _ => Untold::Failed(CliError::While {
                what: ANSWERING.to_owned(),
                error: Box::new(error.into()),
            }),
        })
    }
}

/// A whole terminal.
struct OnScreen<'o> {
    output: &'o Output,
    terminal: Term,
    shown: String,
}

impl Teller for OnScreen<'_> {
    fn show(&mut self, view: &View) -> Told {
        let (rows, columns) = self.terminal.size();
        let text = screen::draw(view, columns.into(), rows.into(), self.output.paint);
        if text == self.shown {
            return Ok(());
        }
        let drawn = self.draw(&text);
        self.shown = text;
        // A terminal that can't be written has gone.
        drawn.map_err(|_| Untold::NobodyListens)
    }

    fn judged(&mut self, _: &str, _: &Judged) -> Told {
        Ok(())
    }

    fn trouble(&mut self, _: &str, _: &Diagnosis) -> Told {
        Ok(())
    }
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
        // Where it can't be written, it has gone.
        let _ = self
            .terminal
            .write_line("")
            .and_then(|()| self.terminal.flush());
    }
}

/// A line for each board.
struct InLines<'o> {
    output: &'o Output,
    /// What was said last that has to be done, or waited for.
    said: &'static str,
}

impl Teller for InLines<'_> {
    fn show(&mut self, view: &View) -> Told {
        let next = next_step(view);
        if next != self.said && !next.is_empty() {
            self.output.note(next);
        }
        self.said = next;
        Ok(())
    }

    fn judged(&mut self, path: &str, judged: &Judged) -> Told {
        let name = BoardName {
            serial: judged.serial.as_ref(),
            path,
        };
        let document = StationBoardDocument::of(name, judged);
        let told = self.output.line(&line(name, judged), document);
        match &judged.verdict {
            Verdict::Fail(error)
            | Verdict::Interrupted(error)
            | Verdict::Unlogged { error, .. } => self.output.ended(name, Some(error)),
            Verdict::Pass { .. } | Verdict::Refused(_) => {}
        }
        told
    }

    fn trouble(&mut self, path: &str, trouble: &Diagnosis) -> Told {
        let Diagnosis { message, hint, .. } = trouble;
        let steps = hint.iter().flat_map(|hint| hint.lines());
        let steps: String = steps.map(|step| format!("      {step}\n")).collect();
        let name = BoardName { serial: None, path };
        let text = format!("HELP  {name}  {message}\n{steps}");
        let document = StationHelpDocument::of(path, trouble);
        self.output.line(&text, document)
    }
}

/// What whoever stands before the station does next, if it is that none of the boards' lines tells.
fn next_step(view: &View) -> &'static str {
    let is_at_work = |place: &Place| matches!(place.face, Face::Busy { .. });
    let was_there = |place: &Place| !matches!(place.face, Face::Empty | Face::Help);
    match view.stage {
        Stage::Closing | Stage::Stopping if !view.places.iter().any(is_at_work) => "",
        Stage::Closing => "ending when the boards at work are done; Ctrl-C stops them",
        Stage::Stopping => "stopping the boards at work; Ctrl-C ends at once",
        Stage::Open if view.places.iter().any(is_at_work) => "",
        Stage::Open if view.places.iter().any(was_there) => {
            "waiting: take the board out, and plug in the next one"
        }
        Stage::Open => "waiting: plug in a board in DFU mode",
    }
}

fn line(name: BoardName<'_>, judged: &Judged) -> String {
    let seconds = judged.seconds;
    match &judged.verdict {
        Verdict::Pass { done, odd, .. } => {
            let odd: String = odd.iter().map(|odd| format!("      {odd}\n")).collect();
            format!("PASS  {name}  {done}  {seconds:.1} s\n{odd}")
        }
        Verdict::Fail(error) => {
            let reason = first_line(error);
            format!("FAIL  {name}  exit {}: {reason}\n", error.exit.code())
        }
        Verdict::Interrupted(error) => format!("STOP  {name}  {}\n", first_line(error)),
        Verdict::Refused(refusal) => {
            let stays = refusal.stays.as_ref();
            let stays = stays.map(|stays| {
                let hint = stays.hint.as_deref().unwrap_or_default();
                format!("      {}\n      {hint}\n", sentence(&stays.message))
            });
            let stays = stays.unwrap_or_default();
            format!(
                "SKIP  {name}  {}; --again flashes it\n{stays}",
                refusal.in_words()
            )
        }
        Verdict::Unlogged { verdict, error } => {
            let word = match verdict.itself() {
                Verdict::Fail(_) => "FAIL",
                Verdict::Interrupted(_) => "STOP",
                _ => "HELP",
            };
            format!("{word}  {name}  {}\n", first_line(error))
        }
    }
}

fn first_line(error: &Diagnosis) -> &str {
    error.message.lines().next().unwrap_or_default()
}

//! What one of the tools says: answers and progress on stdout, warnings and errors on stderr.

use std::cell::Cell;

use crate::cli::output::verbatim;
use crate::printable;

use super::banner;
use super::sysexit::Sysexit;

/// What one of the tools says.
pub struct Voice {
    /// The tool's name, which stands before its warnings.
    name: &'static str,
    /// Whether something that it said has not reached anybody.
    is_unheard: Cell<bool>,
}

impl Voice {
    /// Of the tool with this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            is_unheard: Cell::new(false),
        }
    }

    /// What the tool begins with, on stdout, and an empty line.
    pub fn introduce(&self) {
        self.say(&format!("{}\n", banner::of(self.name)));
    }

    /// The tool's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A line on stdout, or several. Control characters that a device or a file has said stay escaped.
    pub fn say(&self, text: &str) {
        self.put(&format!("{}\n", printable::lines(text)));
    }

    /// On stdout as it is: part of a line, or one that overwrites another.
    pub fn put(&self, text: &str) {
        if verbatim::stdout(text).is_err() {
            self.is_unheard.set(true);
        }
    }

    /// A line on stderr after the tool's name, or several.
    pub fn warn(&self, text: &str) {
        for line in text.lines() {
            verbatim::stderr(&format!("{}: {}\n", self.name, printable::lines(line)));
        }
    }

    /// What to do next, on stderr.
    pub fn hint(&self, text: &str) {
        self.warn(&format!("hint: {text}"));
    }

    /// On stderr without the tool's name: help.
    pub fn explain(&self, text: &str) {
        verbatim::stderr(text);
    }

    /// Whether all that was said on stdout got there, for those whose answer that is.
    pub fn is_heard(&self) -> Result<(), Sysexit> {
        match self.is_unheard.get() {
            false => Ok(()),
            true => Err(Sysexit::InputOutput),
        }
    }
}

//! The terminal that bars are drawn on, with the cursor left where an echoed ^C does no harm.

use std::io::{self, IsTerminal};

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

use crate::cli::output::Output;

/// How often bars are drawn anew, in Hz; as indicatif does it on a terminal.
const REFRESH_RATE: u8 = 20;

impl Output {
    /// Whether stderr is a terminal that can move its cursor, with nothing but progress on it.
    pub fn has_screen(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        !self.shows_transfers() && io::stderr().is_terminal() && !is_dumb
    }
}

/// Stderr as what bars are drawn on.
pub fn screen() -> ProgressDrawTarget {
    let screen = Screen(Term::buffered_stderr());
    ProgressDrawTarget::term_like_with_hz(Box::new(screen), REFRESH_RATE)
}

/// Bars fill their last line, and what a terminal echoes there would begin the next one: the bar drawn after it would
/// stand below the one before. So the cursor goes back to the beginning of the line.
#[derive(Debug)]
struct Screen(Term);

impl TermLike for Screen {
    fn width(&self) -> u16 {
        TermLike::width(&self.0)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}

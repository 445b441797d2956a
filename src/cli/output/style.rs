//! Colour, and who wants it.

use std::io::IsTerminal;

use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR, CLICOLOR=0 or TERM=dumb says otherwise
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// Puts text into colour, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// For a stream, by what the user chose, the environment, and whether it is a terminal.
    pub fn on(stream: &impl IsTerminal, choice: ColorChoice) -> Self {
        let is_on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => by_environment().unwrap_or(
                // Windows' console would show the codes themselves: it has to be asked first.
                stream.is_terminal() && !cfg!(windows),
            ),
        };
        Self { is_on }
    }

    /// Without any colour.
    pub fn off() -> Self {
        Self { is_on: false }
    }

    /// Whether there is any.
    pub fn is_on(self) -> bool {
        self.is_on
    }

    /// The text in bold and in this colour. It has to be printable, and without colour of its own.
    pub fn bold(self, color: AnsiColor, text: &str) -> String {
        match self.is_on {
            true => {
                let style = Style::new().bold().fg_color(Some(color.into()));
                format!("{style}{text}{style:#}")
            }
            false => text.to_owned(),
        }
    }
}

/// What the environment says about colour: <https://no-color.org>,
/// <https://bixense.com/clicolors>.
pub fn by_environment() -> Option<bool> {
    // Set is set, UTF-8 or not.
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if variable("NO_COLOR").is_some() {
        Some(false)
    } else if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        Some(true)
    } else if variable("CLICOLOR").is_some_and(|value| value == "0")
        || variable("TERM").is_some_and(|value| value == "dumb")
    {
        Some(false)
    } else {
        None
    }
}

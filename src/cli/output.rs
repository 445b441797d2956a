//! What the user sees: answers on stdout; notes, errors and hints on stderr. Nothing else prints.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use clap::error::ErrorKind as Refusal;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::diagnosis::Diagnosis;
use super::exit::Exit;

/// How to answer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Answer with one JSON document on stdout
    ///
    /// On failure too: the exit code and what went wrong are in it.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what is decided; -vv: show every USB request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour on stderr
    ///
    /// In the help, too.
    #[arg(long, global = true, hide_short_help = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// Where everything that is said goes through.
#[derive(Debug, Clone)]
pub struct Output {
    /// One JSON document instead of text on stdout.
    pub json: bool,
    quiet: bool,
    verbose: u8,
    color: bool,
}

/// The version of every JSON document: the field `schema`.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<T> {
    schema: u32,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: &'a Diagnosis,
}

impl From<&OutputArgs> for Output {
    fn from(args: &OutputArgs) -> Self {
        let color = match args.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                io::stderr().is_terminal() && !no_color
            }
        };
        Self {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
            color,
        }
    }
}

impl Output {
    /// The answer as text. Not said with `--json`, where [`Output::document`] has it.
    ///
    /// # Errors
    /// Those of writing to stdout. A reader that has gone away has read enough, and is none.
    pub fn answer(&self, text: &str) -> io::Result<()> {
        if self.json {
            Ok(())
        } else {
            to_stdout(text.as_bytes())
        }
    }

    /// The answer as the bytes of a file.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        to_stdout(bytes)
    }

    /// What has been done, as text: like [`Output::answer`], but `--quiet` silences it.
    pub fn summary(&self, text: &str) -> io::Result<()> {
        if self.quiet {
            Ok(())
        } else {
            self.answer(text)
        }
    }

    /// The answer as a JSON document. Not said without `--json`.
    pub fn document(&self, content: impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut text = serde_json::to_string(&Document {
            schema: SCHEMA,
            content,
        })?;
        text.push('\n');
        to_stdout(text.as_bytes())
    }

    /// Something worth knowing.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            to_stderr(&format!("{text}\n"));
        }
    }

    /// Something that has to be answered; the cursor stays behind it.
    pub fn question(&self, text: &str) {
        to_stderr(text);
    }

    /// What is decided, for those who want to know.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            to_stderr(&format!("{text}\n"));
        }
    }

    /// Whether every control transfer is to be shown.
    pub fn shows_transfers(&self) -> bool {
        self.verbose > 1
    }

    /// Whether progress is to be shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet
    }

    /// Something that may be wrong.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.labelled("warning", AnsiColor::Yellow, text);
        }
    }

    /// What went wrong, and what to do next.
    pub fn error(&self, diagnosis: &Diagnosis) {
        self.labelled("error", AnsiColor::Red, &diagnosis.message);
        if let Some(hint) = &diagnosis.hint {
            // What is to be copied into a file or a shell has to stand on a line of its own.
            self.labelled("hint", AnsiColor::Cyan, &hint.replace('\n', "\n      "));
        }
    }

    /// An error that ends the program, as text and, with `--json`, as the document.
    pub fn failure(&self, diagnosis: &Diagnosis) {
        self.error(diagnosis);
        // There is nowhere left to say that stdout can't be written either.
        let _ = self.document(Failed { error: diagnosis });
    }

    fn labelled(&self, label: &str, color: AnsiColor, text: &str) {
        let style = if self.color {
            Style::new().bold().fg_color(Some(color.into()))
        } else {
            Style::new()
        };
        to_stderr(&format!("{style}{label}:{style:#} {text}\n"));
    }
}

/// Whether clap is to use colour, looked up before the command line is understood.
pub fn color_choice(arguments: impl Iterator<Item = OsString>) -> clap::ColorChoice {
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let mut choice = clap::ColorChoice::Auto;
    while let Some(argument) = arguments.next() {
        let when = match argument.strip_prefix("--color=") {
            Some(when) => Some(when.to_owned()),
            None if argument == "--color" => arguments.next(),
            None => None,
        };
        choice = when.and_then(|when| when.parse().ok()).unwrap_or(choice);
    }
    choice
}

/// A command line that clap refuses, in its words; with `--json` as the document too.
pub fn refuse(error: &clap::Error, mut arguments: impl Iterator<Item = OsString>) -> Exit {
    // There is nowhere left to say that stderr can't be written.
    let _ = error.print();
    if arguments.any(|argument| argument == "--json") {
        let document = Document {
            schema: SCHEMA,
            content: Failed {
                error: &refusal(error),
            },
        };
        let _ =
            serde_json::to_string(&document).map(|text| to_stdout(format!("{text}\n").as_bytes()));
    }
    Exit::Usage
}

/// What clap says, up to the usage; its tips are hints.
fn refusal(error: &clap::Error) -> Diagnosis {
    if matches!(
        error.kind(),
        Refusal::DisplayHelpOnMissingArgumentOrSubcommand | Refusal::MissingSubcommand
    ) {
        return Diagnosis {
            exit: Exit::Usage,
            message: "a command is missing".to_owned(),
            hint: Some("`stdfu --help` lists the commands.".to_owned()),
        };
    }
    let text = error.render().to_string();
    let said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let (tips, message): (Vec<&str>, Vec<&str>) =
        said.into_iter().partition(|line| line.starts_with("tip:"));
    let tips: Vec<&str> = tips
        .iter()
        .map(|tip| tip.trim_start_matches("tip:").trim())
        .collect();
    Diagnosis {
        exit: Exit::Usage,
        message: message.join(" ").trim_start_matches("error: ").to_owned(),
        hint: Some(tips.join("\n")).filter(|hint| !hint.is_empty()),
    }
}

fn to_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Where stderr can't be written, nobody can be told.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

//! What the user sees: answers on stdout; notes, errors and hints on stderr. Nothing else prints.

mod args;
pub mod ndjson;
pub mod progress;
pub mod results;
mod station;
mod stdout;
pub mod style;
pub mod trace;
pub mod verbatim;
mod wrap;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use crate::board::BoardName;
use crate::printable;

use super::diagnosis::Diagnosis;
use super::document::Failed;
use super::error::{CliError, Doing};
use super::interrupt::Request;
use ndjson::Event;
use style::{ColorChoice, Paint};
use wrap::wrap;

pub use args::{OutputArgs, ProgressChoice};

/// Where everything that is said goes through.
#[derive(Debug, Clone)]
pub struct Output {
    /// One JSON document instead of text on stdout.
    pub json: bool,
    quiet: bool,
    verbose: u8,
    /// On stderr.
    paint: Paint,
    /// On stdout.
    answer_paint: Paint,
    progress: ProgressChoice,
}

/// Whether the one document has been said: a command ends with it, but Ctrl-C can come at any time. Locked until it is
/// out, so that the program doesn't end in the middle of it.
static ANSWERED: Mutex<bool> = Mutex::new(false);

/// The version of every JSON document and of every line of `--progress json`: the field `schema`.
const SCHEMA: u32 = 1;

/// What is being done when stdout can't be written.
const ANSWERING: &str = "writing the answer";
/// How far to the right stands what of a note goes on in the next line.
const NOTE_INDENT: usize = 2;
const TO_STDOUT: &str = "writing to stdout";

/// The one answer.
#[derive(Serialize)]
struct Document<T> {
    schema: u32,
    /// The version that has made it.
    stdfu: &'static str,
    #[serde(flatten)]
    content: T,
}

fn versioned<T>(content: T) -> Document<T> {
    Document {
        schema: SCHEMA,
        stdfu: env!("CARGO_PKG_VERSION"),
        content,
    }
}

/// A line of `--progress json`.
#[derive(Serialize)]
struct EventLine<'e> {
    schema: u32,
    #[serde(flatten)]
    event: &'e Event<'e>,
}

impl From<&OutputArgs> for Output {
    fn from(args: &OutputArgs) -> Self {
        Self {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
            paint: Paint::on(&io::stderr(), args.color),
            answer_paint: Paint::on(&io::stdout(), args.color),
            progress: args.progress,
        }
    }
}

impl Output {
    /// One that says only what was decided, and with a `level` of 2 every transfer.
    pub fn with_details(level: u8) -> Self {
        Self::from(&OutputArgs {
            json: false,
            quiet: false,
            verbose: level,
            color: ColorChoice::Never,
            progress: ProgressChoice::Auto,
        })
    }

    /// The answer as text. Not said with `--json`, where [`Output::document`] has it.
    ///
    /// # Errors
    /// Those of writing to stdout. A reader that has gone away has read enough, and is none.
    pub fn answer(&self, text: &str) -> Result<(), CliError> {
        self.text(text).doing(ANSWERING)
    }

    /// The answer as a list, each entry wrapped where a terminal has no room for it.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn listing(&self, text: &str) -> Result<(), CliError> {
        self.answer(&wrap::wrap_list(text, wrap::stdout_columns()))
    }

    /// How wide the terminal is that answers go to; `None` where there is none.
    pub fn answer_columns(&self) -> Option<usize> {
        wrap::stdout_columns()
    }

    /// The answer as the bytes of a file: as they are.
    ///
    /// # Errors
    /// As [`Output::answer`], and where stdout keeps nothing.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        check_that_it_keeps()?;
        stdout::write(bytes).doing(TO_STDOUT)
    }

    /// What has been done, as text: like [`Output::answer`], but `--quiet` silences it.
    pub fn summary(&self, text: &str) -> Result<(), CliError> {
        match self.quiet {
            true => Ok(()),
            false => self.text(text).doing("writing the summary"),
        }
    }

    fn text(&self, text: &str) -> io::Result<()> {
        match self.json {
            true => Ok(()),
            false => stdout::write(printable::lines(text).as_bytes()),
        }
    }

    /// The answer as a JSON document, the only one. Not said without `--json`.
    pub fn document(&self, content: impl Serialize) -> Result<(), CliError> {
        if !self.json {
            return Ok(());
        }
        let line = json_line(&versioned(content))
            .map_err(io::Error::from)
            .doing(ANSWERING)?;
        let mut answered = ANSWERED.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *answered, true) {
            true => Ok(()),
            false => stdout::write(line.as_bytes()).doing(ANSWERING),
        }
    }

    /// Something worth knowing.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let columns = wrap::stderr_columns();
            self.say(text, columns, |message| Event::Note { message });
        }
    }

    /// What to do next, though nothing went wrong.
    pub fn hint(&self, text: &str) {
        if self.quiet {
        } else if self.progress == ProgressChoice::Json {
            self.event(&Event::Note { message: text });
        } else {
            to_stderr(&self.hinted(text));
        }
    }

    /// Whether there is somebody at a terminal who can be asked.
    pub fn can_ask(&self) -> bool {
        self.progress != ProgressChoice::Json
            && io::stdin().is_terminal()
            && io::stderr().is_terminal()
    }

    /// Something that has to be answered; the cursor stays after it.
    pub fn question(&self, text: &str) {
        to_stderr(&printable::lines(text));
    }

    /// What is decided, for those who want to know.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            // Transfers are lines to be searched and counted.
            let columns = wrap::stderr_columns().filter(|_| !self.shows_transfers());
            self.say(text, columns, |message| Event::Detail { message });
        }
    }

    /// Whether to say more than what matters.
    pub fn shows_details(&self) -> bool {
        self.verbose > 0
    }

    /// Whether every control transfer is to be shown.
    pub fn shows_transfers(&self) -> bool {
        self.verbose > 1
    }

    /// How progress is to be shown.
    pub fn progress(&self) -> ProgressChoice {
        match self.quiet {
            true => ProgressChoice::None,
            false => self.progress,
        }
    }

    /// Something that may be wrong.
    pub fn warning(&self, text: &str) {
        self.warn(None, text);
    }

    /// Something that may be wrong with a board.
    pub fn warning_of(&self, board: BoardName<'_>, text: &str) {
        self.warn(Some(board), text);
    }

    fn warn(&self, board: Option<BoardName<'_>>, message: &str) {
        if self.quiet {
        } else if self.progress == ProgressChoice::Json {
            self.event(&Event::warning(board, message));
        } else {
            let text = board.map_or(message.to_owned(), |board| format!("{board}: {message}"));
            to_stderr(&self.labelled("warning", AnsiColor::Yellow, &text));
        }
    }

    /// What went wrong, and what to do next.
    pub fn error(&self, diagnosis: &Diagnosis) {
        self.err(None, diagnosis);
    }

    /// The work on a board has come to its end: well, or for a reason that is told with the next step.
    pub fn ended(&self, board: BoardName<'_>, error: Option<&Diagnosis>) {
        if self.progress == ProgressChoice::Json && !self.quiet {
            self.event(&Event::end(board, error));
        }
        if let Some(diagnosis) = error {
            self.err(Some(board), diagnosis);
        }
    }

    /// How many boards failed. Programs know: each board's end is an event.
    pub fn failures(&self, text: &str) {
        if self.progress != ProgressChoice::Json {
            to_stderr(&self.labelled("error", AnsiColor::Red, text));
        }
    }

    fn err(&self, board: Option<BoardName<'_>>, diagnosis: &Diagnosis) {
        if self.progress == ProgressChoice::Json {
            self.event(&Event::error(board, diagnosis));
            return;
        }
        let message = &diagnosis.message;
        let text = board.map_or(message.clone(), |board| format!("{board}: {message}"));
        let mut said = self.labelled("error", AnsiColor::Red, &text);
        if let Some(hint) = &diagnosis.hint {
            said += &self.hinted(hint);
        }
        // In one piece: other boards may have something to say at the same time.
        to_stderr(&said);
    }

    /// What is wrong with the command line, in the words of clap.
    pub fn refusal(&self, said: &clap::Error) {
        let styled = said.render();
        let text = match self.paint.is_on() {
            true => styled.ansi().to_string(),
            false => styled.to_string(),
        };
        to_stderr(&wrap(&text, wrap::stderr_columns(), "error: ".len()));
    }

    /// An error that ends the program, as text and, with `--json`, as the document.
    pub fn failure(&self, diagnosis: &Diagnosis) {
        self.error(diagnosis);
        self.failure_document(diagnosis);
    }

    /// An error that ends the program, for stdout.
    pub fn failure_document(&self, diagnosis: &Diagnosis) {
        // There is nowhere left to say that stdout can't be written either.
        let _ = self.document(Failed { error: diagnosis });
    }

    /// A request that ends the program here and now. People know that they have pressed Ctrl-C, programs have to be told.
    pub fn interrupted(&self, request: Request) {
        let diagnosis = Diagnosis {
            exit: request.exit(),
            message: request.to_string(),
            hint: None,
        };
        if self.progress == ProgressChoice::Json || request != Request::Asked {
            self.error(&diagnosis);
        } else if io::stderr().is_terminal() {
            // Behind a bar or a question, so that the shell's prompt gets a line of its own.
            to_stderr("\n");
        }
        self.failure_document(&diagnosis);
    }

    /// A line of `--progress json`.
    pub fn event(&self, event: &Event<'_>) {
        // Strings and numbers always have a JSON.
        let line = EventLine {
            schema: SCHEMA,
            event,
        };
        if let Ok(line) = json_line(&line) {
            to_stderr(&line);
        }
    }

    /// Text, or the event that it is.
    fn say<'t>(
        &self,
        text: &'t str,
        columns: Option<usize>,
        event: impl FnOnce(&'t str) -> Event<'t>,
    ) {
        match self.progress {
            ProgressChoice::Json => self.event(&event(text)),
            _ => to_stderr(&format!(
                "{}\n",
                wrap(&printable::lines(text), columns, NOTE_INDENT)
            )),
        }
    }

    /// A line after a label. Its colour is the only one there is: the text has none of its own.
    fn labelled(&self, label: &str, color: AnsiColor, text: &str) -> String {
        let label = format!("{label}:");
        let line = format!("{label} {}", printable::lines(text));
        let line = wrap(&line, wrap::stderr_columns(), label.len() + 1);
        let rest = line.strip_prefix(&label).unwrap_or_default();
        format!("{}{rest}\n", self.paint.bold(color, &label))
    }

    /// A next step, its lines below each other: what is to be copied into a file or a shell has one of its own.
    fn hinted(&self, text: &str) -> String {
        const LABEL: &str = "hint:";
        let indent = LABEL.len() + 1;
        let room = wrap::stderr_columns().map(|columns| columns.saturating_sub(indent));
        let text = wrap(&printable::lines(text), room, 0);
        let text = text.replace('\n', &format!("\n{}", " ".repeat(indent)));
        format!("{} {text}\n", self.paint.bold(AnsiColor::Cyan, LABEL))
    }
}

/// Help, or the version.
///
/// # Errors
/// Those of writing. A reader that has gone away has read enough, and is none.
pub fn in_words_of_clap(said: &clap::Error) -> Result<(), CliError> {
    let printed = said.print().and_then(|()| io::stdout().flush());
    stdout::unless_reader_left(printed).doing(ANSWERING)
}

/// Refuses a stdout that keeps nothing.
///
/// # Errors
/// It is closed, or leads nowhere.
pub fn check_that_it_keeps() -> Result<(), CliError> {
    stdout::check_that_it_keeps().doing(TO_STDOUT)
}

/// Characters that a terminal would act on are escaped there too: whoever shows it to people shows only what it says.
fn json_line(content: &impl Serialize) -> serde_json::Result<String> {
    let line = serde_json::to_string(content)?;
    Ok(format!("{}\n", printable::json(&line)))
}

/// Text that is made printable already. It goes out in one piece. Where stderr can't be written, nobody can be told.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

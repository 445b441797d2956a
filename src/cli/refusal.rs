//! A command line that clap refuses, and what has to be known of one that is not understood.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::printable::Printable;

use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::output::style::{self, ColorChoice};
use super::output::{Output, OutputArgs, ProgressChoice};

/// Whether clap is to use colour, looked up before the command line is understood. Left to itself it would use some in
/// CI, whatever the terminal is.
pub fn color_choice(arguments: impl Iterator<Item = OsString>) -> clap::ColorChoice {
    match output_args(arguments).color {
        ColorChoice::Auto => match style::by_environment() {
            Some(true) => clap::ColorChoice::Always,
            Some(false) => clap::ColorChoice::Never,
            None => clap::ColorChoice::Auto,
        },
        ColorChoice::Always => clap::ColorChoice::Always,
        ColorChoice::Never => clap::ColorChoice::Never,
    }
}

/// Tells of a command line that clap refuses, in its words; with `--json` as the document too.
pub fn refuse(error: clap::Error, arguments: impl Iterator<Item = OsString>) -> Exit {
    let error = &printable(error);
    let args = output_args(arguments);
    let output = Output::from(&args);
    if args.progress == ProgressChoice::Json {
        output.failure(&refusal(error));
    } else {
        output.refusal(error);
        output.failure_document(&refusal(error));
    }
    Exit::Usage
}

/// The same error, with the usage that the command's help begins with: clap's own has, of all options, one that came near.
pub fn with_whole_usage(mut error: clap::Error, command: &mut clap::Command) -> clap::Error {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else {
        return error;
    };
    let usage = usage.to_string();
    let mut words = usage.split_whitespace().skip(2);
    let mut about = command;
    while let Some(name) = words
        .next()
        .filter(|name| about.find_subcommand(name).is_some())
    {
        about = about
            .find_subcommand_mut(name)
            .expect("it has just been found");
    }
    let usage = about.render_usage();
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    error
}

/// The same error: what it repeats of the command line does nothing to a terminal.
fn printable(mut error: clap::Error) -> clap::Error {
    let shown = |text: &String| Printable(text).to_string();
    let said: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(shown(text)))),
            ContextValue::Strings(texts) => {
                let texts = texts.iter().map(shown).collect();
                Some((kind, ContextValue::Strings(texts)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in said {
        error.insert(kind, value);
    }
    error
}

/// What can be told of the options for output, whatever is wrong with the others.
pub fn output_args(arguments: impl Iterator<Item = OsString>) -> OutputArgs {
    let mut args = OutputArgs {
        json: false,
        quiet: false,
        verbose: 0,
        color: ColorChoice::Auto,
        progress: ProgressChoice::Auto,
    };
    let mut arguments = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match name {
            "--json" => args.json = true,
            "--color" => set(&mut args.color, value.or_else(|| arguments.next())),
            "--progress" => set(&mut args.progress, value.or_else(|| arguments.next())),
            _ => {}
        }
    }
    args
}

fn set<T: ValueEnum>(choice: &mut T, value: Option<String>) {
    if let Some(Ok(value)) = value.map(|value| T::from_str(&value, false)) {
        *choice = value;
    }
}

/// What clap says, up to the usage; its tips are hints.
fn refusal(error: &clap::Error) -> Diagnosis {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
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

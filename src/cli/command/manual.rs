//! `stdfu completions` and `stdfu man`: what shells and man want to know, made from the command line's definition.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::app::App;
use crate::cli::definition::built;
use crate::cli::document::TextDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::suggest::{self, nearest};
use crate::cli::usage::UsageError;

/// Prints completions for a shell
///
/// With them, the Tab key completes stdfu's commands and options.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu completions bash > ~/.local/share/bash-completion/completions/stdfu
  stdfu completions zsh > ~/.zfunc/_stdfu
  stdfu completions fish > ~/.config/fish/completions/stdfu.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints the man page of stdfu, or of one command
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu man | man -l -
  stdfu man flash > stdfu-flash.1")]
pub struct ManArgs {
    /// Which command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn completions(args: &CompletionsArgs, app: &App) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut (app.definition)(), "stdfu", &mut script);
    print(script, app)
}

pub fn man(args: &ManArgs, app: &App) -> Result<Exit, CliError> {
    // `stdfu help` says what these pages say.
    let all = built((app.definition)().disable_help_subcommand(true));
    let page = match &args.command {
        None => all,
        Some(name) => {
            let command: Option<&Command> = all.find_subcommand(name);
            command.cloned().ok_or_else(|| no_command(name, &all))?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .source(concat!("stdfu ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    print(text, app)
}

fn no_command(name: &str, all: &Command) -> UsageError {
    let near = nearest(name, all.get_subcommands().map(Command::get_name));
    let near: Vec<String> = near.into_iter().map(str::to_owned).collect();
    UsageError {
        message: format!("there is no command {name:?}"),
        hint: suggest::did_you_mean(&near)
            .or_else(|| Some("`stdfu --help` lists the commands.".to_owned())),
    }
}

fn print(text: Vec<u8>, app: &App) -> Result<Exit, CliError> {
    output::check_that_it_keeps()?;
    let text = String::from_utf8_lossy(&text);
    app.output.answer(&text)?;
    app.output.document(TextDocument { text: &text })?;
    Ok(Exit::Done)
}

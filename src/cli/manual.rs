//! `stdfu completions` and `stdfu man`: what shells and man want to know, made from the command line's definition.

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::diagnosis::UsageError;
use super::exit::Exit;
use super::{Cli, Context};

/// Prints completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stdfu completions bash > ~/.local/share/bash-completion/completions/stdfu
  stdfu completions zsh > ~/.zfunc/_stdfu
  stdfu completions fish > ~/.config/fish/completions/stdfu.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints the man page, of all of stdfu or of one command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stdfu man | man -l -
  stdfu man flash > stdfu-flash.1")]
pub struct ManArgs {
    /// Which command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn completions(args: &CompletionsArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stdfu", &mut script);
    print(script, context)
}

pub fn man(args: &ManArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    // `stdfu help` says what these pages say.
    let mut all = Cli::command().disable_help_subcommand(true);
    // Only then do the commands know of the options that all of them have.
    all.build();
    let page = match &args.command {
        None => all,
        Some(name) => {
            let command: Option<&Command> = all.find_subcommand(name);
            let command = command.ok_or_else(|| UsageError {
                message: format!("there is no command {name:?}"),
                hint: Some("`stdfu --help` lists the commands.".to_owned()),
            })?;
            command.clone()
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .source(concat!("stdfu ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    print(text, context)
}

fn print(text: Vec<u8>, context: &Context<'_>) -> anyhow::Result<Exit> {
    let text = String::from_utf8(text).context("a text that is none")?;
    context.output.answer(&text).context("writing the answer")?;
    context
        .output
        .document(serde_json::json!({ "text": text }))
        .context("writing the answer")?;
    Ok(Exit::Done)
}

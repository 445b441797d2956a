//! `stdfu serial`: one line, for scripts.

use clap::Args;

use crate::cli::app::App;
use crate::cli::document::SerialDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::select::Candidates;
use crate::cli::usage::UsageError;

/// Prints the serial number of the board
///
/// One line and nothing else, for scripts. If several boards are in DFU mode and none is chosen, the exit code is 4.
///
/// A character that would do something to a terminal is printed as \n or \u{1b}. --serial accepts it in this form, too;
/// --json has the serial number as it is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu serial
  stdfu serial --path 1-2
  export STDFU_SERIAL=$(stdfu serial)")]
pub struct SerialArgs {}

pub fn run(_: &SerialArgs, app: &App) -> Result<Exit, CliError> {
    let boards = app.select(Candidates::DfuseFirst)?;
    let [board] = &boards[..] else {
        return Err(UsageError {
            message: "`serial` prints one serial number, but several boards are chosen".to_owned(),
            hint: Some(
                "Choose one with --serial or --path.\n`stdfu list` shows them all.".to_owned(),
            ),
        }
        .into());
    };
    let Some(serial) = board.serial() else {
        return Err(CliError::Other(format!(
            "the {} has no serial number, or none that can be read",
            board.label()
        )));
    };
    app.output.answer(&format!("{serial}\n"))?;
    app.output.document(SerialDocument { serial })?;
    Ok(Exit::Done)
}

//! `stdfu detach`: ask an application to enter DFU mode.

use clap::Args;

use crate::board::Board;

use crate::cli::app::App;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{BoardResult, Boards};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::report;
use crate::cli::select::Candidates;

/// Asks a running application to enter DFU mode
///
/// The application needs a DFU runtime interface. stdfu waits until the board is back in DFU mode and can be opened, so
/// that the next command finds it. Nothing is erased or written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu detach
  stdfu detach --path 1-2 && stdfu flash firmware.dfu --path 1-2")]
pub struct DetachArgs {}

/// A board, and what went wrong with it.
type Asked = (Board, Option<Diagnosis>);

pub fn run(_: &DetachArgs, app: &App) -> Result<Exit, CliError> {
    let mut asked: Vec<Asked> = Vec::new();
    for mut board in app.running(Candidates::All)? {
        let result = app.detach(&mut board);
        let refusal = result.err().map(|error| Diagnosis::from(&error));
        app.output.ended(board.name(), refusal.as_ref());
        if refusal.is_none() {
            let summary = format!("{}: in DFU mode\n", board.name());
            app.output.summary(&summary)?;
        }
        asked.push((board, refusal));
    }
    let ends = asked
        .iter()
        .map(|(board, refusal)| (board.name(), refusal.is_some()));
    report::failures(ends, &app.output);
    app.output.document(Boards::of(&asked, |(board, refusal)| {
        BoardResult::of(board.name(), refusal.as_ref())
    }))?;
    let first = asked.iter().find_map(|(_, refusal)| refusal.as_ref());
    Ok(first.map_or(Exit::Done, |refusal| refusal.exit))
}

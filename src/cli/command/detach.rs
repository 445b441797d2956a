//! `stdfu detach`: ask an application to enter DFU mode.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::app::App;
use crate::cli::args::enter::{Asking, HowToEnter};
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{BoardResult, Boards};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::report;
use crate::cli::select::Application;

/// Asks a running application to enter DFU mode
///
/// By its DFU run-time interface if it has one, else by a touch: its serial port is opened at 1200 baud and closed again, as
/// Arduino does. stdfu waits until the board is back in DFU mode and can be opened, so that the next command finds it.
/// Nothing is erased or written, and nothing is sent to a serial port of any other device.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu detach
  stdfu detach --path 1-2 && stdfu flash firmware.dfu --path 1-2
  stdfu detach --enter-dfu=micropython")]
pub struct DetachArgs {
    /// How: detach, touch, or micropython (at its prompt)
    #[arg(
        long, value_enum, value_name = "HOW", hide_possible_values = true,
        num_args = 0..=1, require_equals = true
    )]
    enter_dfu: Option<Option<HowToEnter>>,
    /// The board's serial port, such as /dev/ttyACM0 or COM7
    ///
    /// By default: that of its first interface.
    #[arg(
        long, value_name = "PORT", conflicts_with = "every",
        value_parser = NonEmptyStringValueParser::new()
    )]
    port: Option<String>,
}

/// A board, and what went wrong with it.
type Asked<'a> = (&'a Application, Option<Diagnosis>);

pub fn run(args: &DetachArgs, app: &App) -> Result<Exit, CliError> {
    let mut applications = app.running(Asking {
        how: args.enter_dfu.flatten(),
        port: args.port.as_deref(),
    })?;
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for (application, ended) in app.ask_all(&mut applications)? {
        let name = application.name();
        let refusal = ended.err().map(|error| Diagnosis::from(&error).reported());
        app.output.ended(name, refusal.as_ref());
        if refusal.is_none() {
            app.output.summary(&format!("{name}: in DFU mode\n"))?;
        }
        asked.push((application, refusal));
    }
    let ends = asked
        .iter()
        .map(|(application, refusal)| (application.name(), refusal.is_some()));
    report::failures(ends, &app.output);
    app.output
        .document(Boards::of(&asked, |(application, refusal)| {
            BoardResult::of(application.name(), refusal.as_ref())
        }))?;
    let first = asked.iter().find_map(|(_, refusal)| refusal.as_ref());
    Ok(first.map_or(Exit::Done, |refusal| refusal.exit))
}

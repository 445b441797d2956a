//! The command line: which command, on which bus, and how its end is told.

mod alt;
mod board;
mod diagnosis;
mod dry_run;
mod erase;
mod exit;
mod flash;
mod interrupt;
mod list;
mod number;
mod output;
mod progress;
mod select;
mod serial;
mod sim;
mod trace;
mod work;

use std::ffi::OsStr;

use clap::{Parser, Subcommand};

use crate::sim::SimBus;
use crate::sim::spec::BoardSpec;
use crate::usb::Bus;
use crate::usb::libusb::LibusbBus;

use board::Board;
use diagnosis::Diagnosis;
use exit::Exit;
use output::{Output, OutputArgs};
use select::{SelectError, Selection};

/// Flashes STM32 boards in DFU mode, checks what it wrote, and says so only then.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    selection: Selection,
    /// A simulated board instead of USB, such as f405 or l476,flash=board.bin; repeat it for several
    #[arg(
        long,
        global = true,
        value_name = "BOARD",
        env = "STDFU_SIM",
        hide_env_values = true,
        value_delimiter = ';',
        help_heading = "Which board"
    )]
    sim: Vec<BoardSpec>,
    #[command(flatten)]
    output: OutputArgs,
}

const AFTER_HELP: &str = "\
Examples:
  stdfu list
  stdfu flash firmware.dfu
  stdfu flash firmware.bin --address 0x08000000 --serial 336133663433
  stdfu --sim f405 list

Exit codes:
    0  done, and checked            6  the file is damaged
    1  anything else                7  the file doesn't fit the board
    2  usage                        8  the board answered an error or went away
    3  no such board                9  what was read differs from the file
    4  several boards, none chosen  10 read protection is on
    5  the system won't let us      130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Serial(serial::SerialArgs),
    Flash(flash::FlashArgs),
    Erase(erase::EraseArgs),
    Sim(sim::SimArgs),
}

/// Runs the program and tells how it ended.
pub fn run() -> Exit {
    interrupt::install();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let output = Output::from(&cli.output);
    let context = Context {
        cli: &cli,
        output: &output,
    };
    let outcome = match &cli.command {
        Command::List(args) => list::run(args, &context),
        Command::Serial(args) => serial::run(args, &context),
        Command::Flash(args) => flash::run(args, &context),
        Command::Erase(args) => erase::run(args, &context),
        Command::Sim(args) => sim::run(args, &mut |line| output.note(line)).map(|()| Exit::Done),
    };
    outcome.unwrap_or_else(|error| {
        let diagnosis = Diagnosis::from(&error);
        output.failure(&diagnosis);
        diagnosis.exit
    })
}

/// What clap has to say: help and version, or what is wrong with the command line.
fn refuse(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // A reader that has gone away has read enough.
        let _ = error.print();
        return Exit::Done;
    }
    let json = std::env::args_os().any(|argument| argument == OsStr::new("--json"));
    output::refuse(error, json);
    Exit::Usage
}

/// What every command needs to know.
struct Context<'c> {
    cli: &'c Cli,
    output: &'c Output,
}

impl Context<'_> {
    /// The boards that are meant.
    fn select(&self) -> anyhow::Result<Vec<Board>> {
        let bus = self.bus()?;
        let selection = &self.cli.selection;
        let boards = selection.select(bus.as_ref(), &|info| trace::watch(self.output, info))?;
        for serial in selection.shared_serials() {
            self.output.warning(&format!(
                "many boards have the serial number {serial}; only --path picks exactly one"
            ));
        }
        Ok(boards)
    }

    /// All boards that match, and what stands in the way of a complete answer.
    fn list(&self) -> anyhow::Result<(Vec<Board>, Option<SelectError>)> {
        let bus = self.bus()?;
        let selection = &self.cli.selection;
        Ok(selection.list(bus.as_ref(), &|info| trace::watch(self.output, info))?)
    }

    fn bus(&self) -> anyhow::Result<Box<dyn Bus>> {
        if self.cli.sim.is_empty() {
            Ok(Box::new(LibusbBus::new()?))
        } else {
            Ok(Box::new(SimBus::new(&self.cli.sim)?))
        }
    }
}

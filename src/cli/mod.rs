//! The command line: which command, on which bus, and how its end is told.

mod alt;
mod board;
mod board_result;
mod consent;
mod convert;
mod detach;
mod diagnosis;
mod dry_run;
mod environment;
mod erase;
mod event;
mod exit;
mod firmware;
mod fit;
mod flash;
mod info;
mod interrupt;
mod keepsake;
mod leave;
mod list;
mod manual;
mod meant;
mod number;
mod output;
mod output_format;
mod progress;
mod read;
mod refusal;
mod report;
mod save;
mod select;
mod serial;
mod shell;
mod sim;
mod so_far;
mod suspicion;
mod trace;
mod udev;
mod unprotect;
mod usb_trouble;
mod verify;
mod work;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::sim::SimBus;
use crate::sim::spec::{BoardSpec, BoardSpecError};
use crate::usb::Bus;
use crate::usb::libusb::LibusbBus;

use board::Board;
use diagnosis::{Diagnosis, UsageError};
use environment::Variable;
use exit::Exit;
use output::{Output, OutputArgs};
use select::{Listing, SelectError, Selection};

/// Flashes STM32 boards in DFU mode, checks what it wrote, and says so only then.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    selection: Selection,
    /// A simulated board instead of USB [env: STDFU_SIM]
    ///
    /// Such as f405 or l476,flash=board.bin; `stdfu sim --help` lists boards and options. Repeat it for several boards;
    /// in the variable, put ; between them.
    #[arg(
        long,
        global = true,
        value_name = "BOARD",
        help_heading = select::HEADING
    )]
    sim: Vec<BoardSpec>,
    #[command(flatten)]
    output: OutputArgs,
}

const AFTER_HELP: &str = "\
Start with:
  stdfu list                see the boards
  stdfu flash firmware.dfu  program one, check it
  stdfu --sim f405 list     try without a board
  stdfu flash --help        all about a command";

const AFTER_LONG_HELP: &str = "\
Examples:
  stdfu list
  stdfu flash firmware.dfu
  stdfu flash firmware.bin --address 0x08000000
  stdfu flash firmware.elf --serial 336133663433
  stdfu --sim f405 flash firmware.dfu

Exit codes:
  0    done, and checked
  1    anything else
  2    usage
  3    no such board
  4    several boards, none chosen
  5    the system won't let us
  6    the file is damaged
  7    the file doesn't fit the board
  8    the board answered an error or went away
  9    what was read differs from the file
  10   read protection is on
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Serial(serial::SerialArgs),
    Flash(flash::FlashArgs),
    Erase(erase::EraseArgs),
    Read(read::ReadArgs),
    Verify(verify::VerifyArgs),
    Info(info::InfoArgs),
    Convert(convert::ConvertArgs),
    Leave(leave::LeaveArgs),
    Unprotect(unprotect::UnprotectArgs),
    Detach(detach::DetachArgs),
    Sim(sim::SimArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
    Udev(udev::UdevArgs),
}

/// Runs the program and tells how it ended.
pub fn run() -> Exit {
    let at_once = Output::from(&refusal::output_args(std::env::args_os()));
    interrupt::install(move || at_once.interrupted());
    let exit = answer();
    interrupt::end_is_near();
    exit
}

fn answer() -> Exit {
    let color = refusal::color_choice(std::env::args_os());
    let command = built(Cli::command().color(color));
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => Cli {
            selection: cli.selection.or_environment(),
            ..cli
        },
        Err(error) if error.use_stderr() => return refuse(error),
        Err(help) => return show(&help),
    };
    let output = Output::from(&cli.output);
    if let Err(error) = environment::check() {
        let diagnosis = Diagnosis::from(&error.into());
        output.failure(&diagnosis);
        return diagnosis.exit;
    }
    let context = Context {
        cli: &cli,
        output: &output,
    };
    let outcome = match &cli.command {
        Command::List(args) => list::run(args, &context),
        Command::Serial(args) => serial::run(args, &context),
        Command::Flash(args) => flash::run(args, &context),
        Command::Erase(args) => erase::run(args, &context),
        Command::Read(args) => read::run(args, &context),
        Command::Verify(args) => verify::run(args, &context),
        Command::Info(args) => info::run(args, &context),
        Command::Convert(args) => convert::run(args, &context),
        Command::Leave(args) => leave::run(args, &context),
        Command::Detach(args) => detach::run(args, &context),
        Command::Unprotect(args) => unprotect::run(args, &context),
        Command::Completions(args) => manual::completions(args, &context),
        Command::Man(args) => manual::man(args, &context),
        Command::Udev(args) => udev::run(args, &context),
        Command::Sim(args) => sim::run(args, &context),
    };
    outcome.unwrap_or_else(|error| {
        let diagnosis = Diagnosis::from(&error);
        output.failure(&diagnosis);
        diagnosis.exit
    })
}

/// Commands that have nothing to do with any board on the bus.
const WITHOUT_BOARDS: [&str; 5] = ["convert", "sim", "completions", "man", "udev"];

/// The command line's definition, ready to be shown. Options that mean nothing to a command don't show in its help.
fn built(mut command: clap::Command) -> clap::Command {
    // Only then do the commands know of the options that all of them have.
    command.build();
    let hide = |arg: clap::Arg| {
        let is_about_boards = arg.get_help_heading() == Some(select::HEADING);
        arg.hide(is_about_boards)
    };
    for name in WITHOUT_BOARDS {
        command = command.mut_subcommand(name, |command| command.mut_args(hide));
    }
    command
}

/// Shows help or the version.
fn show(help: &clap::Error) -> Exit {
    let Err(error) = output::in_words_of_clap(help) else {
        return Exit::Done;
    };
    let diagnosis = Diagnosis::from(&anyhow::Error::new(error).context("writing the answer"));
    Output::from(&refusal::output_args(std::env::args_os())).failure(&diagnosis);
    diagnosis.exit
}

/// Says what is wrong with the command line, and what may have been meant.
fn refuse(error: clap::Error) -> Exit {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let command = Cli::command();
    let commands: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    refusal::refuse(
        meant::with_tips(error, &arguments, &commands),
        std::env::args_os(),
    )
}

/// What every command needs to know.
struct Context<'c> {
    cli: &'c Cli,
    output: &'c Output,
}

impl Context<'_> {
    /// Says for what the user will have to wait.
    fn waiting(&self, error: &SelectError) {
        self.output.note(&format!("waiting: {error}"));
    }

    /// The boards that are meant.
    fn select(&self) -> anyhow::Result<Vec<Board>> {
        let bus = self.bus()?;
        let selection = &self.cli.selection;
        let boards = selection.select(
            bus.as_ref(),
            &|info| trace::watch(self.output, info),
            &|error| self.waiting(error),
        )?;
        for serial in selection.shared_serials() {
            self.output.warning(&format!(
                "many boards have the serial number {serial}; only --path picks exactly one"
            ));
        }
        Ok(boards)
    }

    /// The boards that are meant, where the user has said anything about boards; none otherwise.
    fn select_if_named(&self) -> anyhow::Result<Vec<Board>> {
        let is_simulated = !self.cli.sim.is_empty() || !simulated_by_environment()?.is_empty();
        if is_simulated || self.cli.selection.is_given() {
            self.select()
        } else {
            Ok(Vec::new())
        }
    }

    /// All boards that match, and the rest.
    fn list(&self) -> anyhow::Result<Listing> {
        let bus = self.bus()?;
        let selection = &self.cli.selection;
        Ok(selection.list(
            bus.as_ref(),
            &|info| trace::watch(self.output, info),
            &|error| self.waiting(error),
        )?)
    }

    /// The boards that are meant and run their application, and the bus that they are on.
    fn running(&self) -> anyhow::Result<(Box<dyn Bus>, Vec<Board>)> {
        let bus = self.bus()?;
        let selection = &self.cli.selection;
        let boards = selection.running(
            bus.as_ref(),
            &|info| trace::watch(self.output, info),
            &|error| self.waiting(error),
        )?;
        Ok((bus, boards))
    }

    fn bus(&self) -> anyhow::Result<Box<dyn Bus>> {
        let simulated = match &self.cli.sim[..] {
            [] => &simulated_by_environment()?,
            named => named,
        };
        if simulated.is_empty() {
            return Ok(Box::new(LibusbBus::new()));
        }
        let _held = interrupt::hold();
        Ok(Box::new(SimBus::new(simulated)?))
    }
}

/// The boards in `STDFU_SIM`, with `;` between them.
fn simulated_by_environment() -> anyhow::Result<Vec<BoardSpec>> {
    let variable = environment::value(Variable::Sim).unwrap_or_default();
    let boards = variable
        .split(';')
        .map(str::trim)
        .filter(|board| !board.is_empty());
    boards
        .map(|board| {
            board.parse().map_err(|error: BoardSpecError| {
                UsageError {
                    message: format!("STDFU_SIM: {error}"),
                    hint: meant::simulated_board(&error),
                }
                .into()
            })
        })
        .collect()
}

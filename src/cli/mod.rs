//! The command line: which command, on which bus, and how its end is told.

mod app;
mod args;
mod command;
mod compatibility;
mod definition;
mod dfu_util;
mod dfuse;
mod diagnosis;
mod distinct;
mod document;
mod enter;
mod environment;
mod error;
mod evidence;
mod exit;
mod getopt;
mod interrupt;
mod job;
mod keepsake;
mod machine;
mod observer;
mod other_memories;
mod outcome;
mod output;
mod plain;
mod plain_error;
mod preview;
mod progress_note;
mod record;
mod recorded;
mod refusal;
mod report;
mod save;
mod select;
mod sentence;
mod shell;
mod station;
mod stdin;
mod suggest;
mod suspicion;
mod task;
mod usage;
mod usb_trouble;

use std::ffi::OsString;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::usb::libusb;

use args::simulated::Simulated;

use app::App;
use command::Command;
use dfu_util::{Called, Tool};
use diagnosis::Diagnosis;
use error::CliError;
use exit::Exit;
use output::{Output, OutputArgs};
use record::RecordArgs;
use select::Selection;

/// Flashes boards in DFU mode and checks what it wrote.
#[derive(Debug, Parser)]
#[command(version, long_version = long_version(), max_term_width = 100, after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
struct Cli {
    #[command(subcommand)]
    command: AnyCommand,
    #[command(flatten)]
    selection: Selection,
    /// A simulated board instead of USB [env: STDFU_SIM]
    ///
    /// Such as f405 or l476,flash=board.bin; `stdfu sim --list` lists boards and options. Repeat it for several boards;
    /// in the variable, put ; between them. replay=FILE stands for the boards of a recording, and answers as they did.
    #[arg(
        long,
        global = true,
        value_name = "BOARD",
        help_heading = select::HEADING
    )]
    sim: Vec<Simulated>,
    /// Give up after N seconds, in good order
    ///
    /// Counted from the start, waiting included. What was begun ends as after Ctrl-C, and is told; the exit code is 1.
    #[arg(long, global = true, hide_short_help = true, value_name = "SECONDS", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Stop in good order when stdin ends
    ///
    /// For programs that start stdfu: to close its stdin is Ctrl-C for it, on every system, and so is their own end. A
    /// terminal is not listened to: it has Ctrl-C.
    #[arg(long, global = true, hide_short_help = true)]
    stop_on_eof: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    record: RecordArgs,
}

impl Cli {
    /// Sets what ends the program in good order, beside Ctrl-C.
    fn limit(&self) {
        self.timeout.into_iter().for_each(interrupt::limit);
        if self.stop_on_eof {
            interrupt::stop_on_eof();
        }
    }
}

/// A command, or a program that is understood as well.
#[derive(Debug, Subcommand)]
enum AnyCommand {
    #[command(flatten)]
    Ours(Command),
    #[command(flatten)]
    Theirs(Tool),
}

const AFTER_HELP: &str = "\
Start with:
  stdfu list                see the boards
  stdfu flash firmware.dfu  program one, check it
  stdfu --sim f405 list     try without a board";

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
  5    the system doesn't allow it
  6    the file is damaged
  7    the file doesn't fit the board
  8    the board answered an error or went away
  9    what was read differs from the file
  10   read protection is on
  130  interrupted";

/// Runs the program and returns the code to end with.
pub fn run() -> u8 {
    let at_once = Output::from(&refusal::output_args(std::env::args_os()));
    interrupt::install(move |request| at_once.interrupted(request));
    let code = as_another_program().unwrap_or_else(answer);
    interrupt::end_is_near();
    code
}

/// In the place of dfu-util and its like; `None` where it is called as itself.
fn as_another_program() -> Option<u8> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Called { ours, theirs } = Called::find(&arguments)?;
    // What is wrong with it is said where all of it is read.
    let cli = Cli::try_parse_from(ours).ok()?;
    match &cli.command {
        AnyCommand::Ours(_) => None,
        AnyCommand::Theirs(tool) => {
            cli.limit();
            let app = app(&cli);
            let code = match app.check_record(tool.talks()) {
                Ok(()) => tool.run(theirs, &app),
                Err(error) => fail(&error, &app).code(),
            };
            Some(app.recorded(code))
        }
    }
}

/// What `--version` prints after the program's name: which libusb it has is the first question about USB trouble.
fn long_version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (ours, libusb) = (env!("CARGO_PKG_VERSION"), libusb::version());
        format!("{ours}\nlibusb {libusb}")
    })
}

/// Does what the command line says, and returns the code to end with.
fn answer() -> u8 {
    let color = refusal::color_choice(std::env::args_os());
    let command = definition::built(Cli::command().color(color));
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return refuse(error).code(),
        Err(help) => return show(&help).code(),
    };
    cli.limit();
    let app = app(&cli);
    let outcome = match &cli.command {
        AnyCommand::Ours(command) => carry_out(command, &app),
        // Its help was asked for, and nothing else gets here.
        AnyCommand::Theirs(_) => Ok(Exit::Done),
    };
    let exit = outcome.unwrap_or_else(|error| fail(&error, &app));
    app.recorded(exit.code())
}

fn carry_out(command: &Command, app: &App) -> Result<Exit, CliError> {
    environment::check()?;
    app.check_record(command.talks())?;
    command.run(app)
}

/// Says what has ended the command.
fn fail(error: &CliError, app: &App) -> Exit {
    let diagnosis = interrupt::explained(Diagnosis::from(error)).reported();
    app.output.failure(&diagnosis);
    diagnosis.exit
}

/// Seconds, more than none.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number of seconds such as 60 or 2.5".to_owned())
}

fn app(cli: &Cli) -> App {
    let app = App::new(
        cli.selection.clone().or_environment(),
        cli.sim.clone(),
        cli.timeout,
        Output::from(&cli.output),
        cli.record.clone(),
        Cli::command,
    );
    let recording = app.recording.clone();
    interrupt::before_the_end(move |request| {
        // Nobody is left to be told what is wrong with it.
        let _ = recording.finish(request.exit().code());
    });
    app
}

/// Shows help or the version.
fn show(help: &clap::Error) -> Exit {
    let Err(error) = output::in_words_of_clap(help) else {
        return Exit::Done;
    };
    let diagnosis = Diagnosis::from(&error);
    Output::from(&refusal::output_args(std::env::args_os())).failure(&diagnosis);
    diagnosis.exit
}

/// Says what is wrong with the command line, and what may have been meant.
fn refuse(error: clap::Error) -> Exit {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let mut command = definition::built(Cli::command());
    let error = refusal::with_whole_usage(error, &mut command);
    let commands: Vec<&str> = command
        .get_subcommands()
        .flat_map(|command| std::iter::once(command.get_name()).chain(command.get_all_aliases()))
        .collect();
    refusal::refuse(
        suggest::with_tips(error, &arguments, &commands),
        std::env::args_os(),
    )
}

//! The command line.

mod sim;

use clap::Parser;

#[derive(clap::Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Sim(sim::SimArgs),
}

/// Parses and runs.
pub fn run() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Sim(args) => sim::run(&args, &mut |line| eprintln!("{line}")),
    }
}

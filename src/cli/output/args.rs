//! The options that say how to answer.

use clap::{Args, ValueEnum};

use super::style::ColorChoice;

/// How to answer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Answer with one JSON document on stdout
    ///
    /// On failure, too: then it has the exit code and the reason.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Explain decisions; -vv: show every USB request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    ///
    /// In the help, too.
    #[arg(long, global = true, hide_short_help = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// How to show progress on stderr
    #[arg(long, global = true, hide_short_help = true, value_enum, value_name = "HOW", default_value_t = ProgressChoice::Auto)]
    pub progress: ProgressChoice,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressChoice {
    /// Bars on a terminal, else a line for each phase
    Auto,
    /// One JSON object a line, for programs: progress, notes, warnings and errors, and nothing else
    Json,
    /// Not at all
    None,
}

//! The command lines of dfu-util, dfu-suffix and dfu-prefix, for everything that calls them.

mod banner;
mod bars;
mod carry_out;
mod command;
mod dfuse_address;
mod download;
mod entering;
mod filter;
mod manual;
mod number;
mod order;
mod prefix;
mod probe;
mod request;
mod suffix;
mod suffixed_file;
mod sysexit;
mod trouble;
mod upload;
mod util;
mod voice;
mod work;

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Subcommand};

use super::app::App;
use super::record::Talks;
use voice::Voice;

/// A program whose command line is understood.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Takes dfu-util's own options, and answers as it does
    ///
    /// For Makefiles, IDEs and test farms that call dfu-util. All options of dfu-util 0.11 mean here what they mean
    /// there, the lines that scripts look for are the same, and so are the exit codes: but 0 after what went well, and
    /// 74 after what didn't. Underneath is stdfu: it erases and writes only what differs, and reads it back.
    ///
    /// The same when the program is called dfu-util: by a link, or a copy.
    #[command(name = "dfu-util", after_long_help = manual::after_help())]
    Util(ToolArgs),
    /// Takes dfu-suffix's own options: adds a DFU suffix to a file, checks or removes it
    #[command(name = "dfu-suffix", hide = true)]
    Suffix(ToolArgs),
    /// Takes dfu-prefix's own options: adds a prefix for TI's or NXP's bootloaders to a file, checks or removes it
    #[command(name = "dfu-prefix", hide = true)]
    Prefix(ToolArgs),
}

/// The options of another program.
#[derive(Debug, Args)]
pub struct ToolArgs {
    /// Its options
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

/// Names of the programs.
pub const NAMES: [&str; 3] = ["dfu-util", "dfu-suffix", "dfu-prefix"];

/// A command line of one of the tools.
pub struct Called {
    /// What is ours of it: our name, our options, and the tool's name.
    pub ours: Vec<OsString>,
    /// The tool's options.
    pub theirs: Vec<OsString>,
}

impl Called {
    /// By the program's name, or by a command of ours; `None` where neither is a tool's. That it is a command, and not the
    /// value of an option, is for whoever reads `ours` to find out.
    pub fn find(arguments: &[OsString]) -> Option<Self> {
        let program = arguments.first()?;
        let stem = Path::new(program).file_stem();
        if let Some(name) = NAMES.into_iter().find(|name| stem == Some(name.as_ref())) {
            return Some(Self {
                ours: vec![program.clone(), name.into()],
                theirs: arguments[1..].to_vec(),
            });
        }
        let is_tool = |argument: &OsString| NAMES.iter().any(|name| argument == name);
        let at = arguments.iter().position(is_tool)?;
        Some(Self {
            ours: arguments[..=at].to_vec(),
            theirs: arguments[at + 1..].to_vec(),
        })
    }
}

impl Tool {
    /// Whether it talks to devices.
    pub fn talks(&self) -> Talks {
        match self {
            Self::Util(_) => Talks::Always,
            Self::Suffix(_) | Self::Prefix(_) => Talks::Never,
        }
    }

    /// Does what its options say, and returns the code to end with.
    pub fn run(&self, options: Vec<OsString>, app: &App) -> u8 {
        let voice = Voice::new(match self {
            Self::Util(_) => NAMES[0],
            Self::Suffix(_) => NAMES[1],
            Self::Prefix(_) => NAMES[2],
        });
        let ended = match self {
            Self::Util(_) => util::run(options, app, &voice),
            Self::Suffix(_) => suffix::run(options, &voice).and_then(|()| voice.is_heard()),
            Self::Prefix(_) => prefix::run(options, &voice).and_then(|()| voice.is_heard()),
        };
        ended.map_or_else(|sysexit| sysexit as u8, |()| 0)
    }
}

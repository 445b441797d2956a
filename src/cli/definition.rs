//! The definition of the command line, as help and man page show it.

use super::dfu_util;
use super::select;

/// Commands that have nothing to do with any board on the bus.
const WITHOUT_BOARDS: [&str; 5] = ["convert", "sim", "completions", "man", "udev"];

/// The only option that chooses a device of a recording.
const OF_RECORDINGS: &str = "path";

/// Commands that make no progress that could be shown, and say nothing in colour unless they fail.
const WITHOUT_PROGRESS: [&str; 5] = ["sim", "completions", "decode", "man", "udev"];

const RECORDED_PATH: &str = "\
The device with this path, or BUS.DEVICE

As the output names it. By default: every device that was asked something of DFU, or could not be opened.";

/// The command line's definition, ready to be shown. Options that mean nothing to a command don't show in its help.
pub fn built(mut command: clap::Command) -> clap::Command {
    // Only then do the commands know of the options that all of them have.
    command.build();
    // `--help` is what people type. A definition made for a man page has none.
    if command.find_subcommand("help").is_some() {
        command = command.mut_subcommand("help", |command| command.hide(true));
    }
    let hide = |arg: clap::Arg| {
        let is_about_boards = arg.get_help_heading() == Some(select::HEADING)
            || arg.get_id().as_str().starts_with("record");
        arg.hide(is_about_boards)
    };
    // Where every line counts, they need no heading of their own.
    for id in ["help", "version"] {
        command = command.mut_arg(id, |arg| arg.help_heading("Output"));
    }
    for name in WITHOUT_BOARDS {
        command = command.mut_subcommand(name, |command| command.mut_args(hide));
    }
    command = command.mut_subcommand("decode", |command| {
        command.mut_args(|arg| match arg.get_id() == OF_RECORDINGS {
            true => arg
                .help("The device with this path, or BUS.DEVICE")
                .long_help(RECORDED_PATH),
            false => hide(arg),
        })
    });
    for name in WITHOUT_PROGRESS {
        command = command.mut_subcommand(name, |command| {
            command.mut_args(
                |arg| match ["progress", "color"].contains(&arg.get_id().as_str()) {
                    true => arg.hide(true),
                    false => arg,
                },
            )
        });
    }
    // What stands after another program's name is that program's.
    let hide_ours = |arg: clap::Arg| {
        let is_theirs = arg.is_positional();
        arg.hide(!is_theirs)
    };
    for name in dfu_util::NAMES {
        command = command.mut_subcommand(name, |command| command.mut_args(hide_ours));
    }
    command
}

//! What somebody may have meant who typed something else: tips for a command line that is refused.

pub mod file;
mod nearest;
mod option;
mod other_tools;

use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::image::promised_by;
use crate::sim::board::BOARDS;
use crate::sim::fault::{FAULTS, FaultError};
use crate::sim::quirk::{QUIRKS, QuirkError, QuirkName};
use crate::sim::spec::BoardSpecError;

use super::shell;

pub use nearest::nearest;
use option::option_instead;
use other_tools::{command_instead, option_of_dfu_util};

/// The same error, with a tip where there is something to say that clap doesn't know. `arguments` are those of the
/// command line, without the program's name; `commands` the names of ours.
pub fn with_tips(mut error: clap::Error, arguments: &[String], commands: &[&str]) -> clap::Error {
    let tips = match error.kind() {
        ErrorKind::UnknownArgument => unknown_option(&error, arguments, commands),
        ErrorKind::InvalidSubcommand => unknown_command(&error, arguments, commands),
        ErrorKind::ValueValidation => std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref())
            .and_then(simulated_board)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    let tips: Vec<StyledStr> = if tips.is_empty() {
        said_by_clap(&error)
    } else {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        tips.into_iter().map(Into::into).collect()
    };
    error.remove(ContextKind::Suggested);
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// Without the advice to write `-- --option`: nobody has a file of that name.
fn said_by_clap(error: &clap::Error) -> Vec<StyledStr> {
    let tips = match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => &tips[..],
        _ => &[],
    };
    let is_wanted = |tip: &&StyledStr| !tip.to_string().starts_with("to pass ");
    tips.iter().filter(is_wanted).cloned().collect()
}

/// What stands in the error, such as the option that there is not.
fn found(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

fn unknown_option(error: &clap::Error, arguments: &[String], commands: &[&str]) -> Vec<String> {
    let option = found(error, ContextKind::InvalidArg).unwrap_or_default();
    let command = arguments
        .iter()
        .map(String::as_str)
        .find(|argument| commands.contains(argument));
    let single = option_instead(option, command);
    // A word after a command of ours is meant for that command; all else may be another tool's line as a whole.
    let ours = single.filter(|_| command.is_some() && option.starts_with("--"));
    if let Some(instead) = ours {
        return vec![instead.to_owned()];
    }
    let whole = command_instead(arguments, commands);
    if !whole.is_empty() {
        return whole;
    }
    let before = arguments.iter().take_while(|argument| *argument != option);
    if before.last().is_some_and(|before| before == "--wait") && option.parse::<f64>().is_ok() {
        return vec![format!("that is written --wait={option}")];
    }
    let single = single.or_else(|| option_of_dfu_util(option));
    single.map(str::to_owned).into_iter().collect()
}

/// What others call our commands.
const SYNONYMS: [(&[&str], &str); 11] = [
    (
        &[
            "program", "write", "download", "burn", "load", "deploy", "update", "upgrade",
        ],
        "stdfu flash",
    ),
    (&["ls", "devices", "boards", "probe", "scan"], "stdfu list"),
    (
        &["wipe", "mass-erase", "masserase", "clear", "format"],
        "stdfu erase --all",
    ),
    (
        &["start", "exit", "reset", "reboot", "go", "jump", "boot"],
        "stdfu leave",
    ),
    (&["unlock", "rdu"], "stdfu unprotect"),
    (&["dump", "save", "backup", "upload"], "stdfu read"),
    (&["check", "compare", "cmp", "diff"], "stdfu verify"),
    (&["dfu", "bootloader"], "stdfu detach"),
    (&["show", "inspect", "dump-file", "file"], "stdfu info"),
    (&["make", "pack", "merge", "objcopy"], "stdfu convert"),
    (&["version"], "stdfu --version"),
];

fn unknown_command(error: &clap::Error, arguments: &[String], commands: &[&str]) -> Vec<String> {
    let whole = command_instead(arguments, commands);
    if !whole.is_empty() {
        return whole;
    }
    let word = found(error, ContextKind::InvalidSubcommand).unwrap_or_default();
    if is_firmware(word) {
        let mut line = "stdfu flash".to_owned();
        for argument in arguments {
            line = line + " " + &shell::word(argument);
        }
        let has_address = arguments
            .iter()
            .any(|argument| argument.starts_with("--address"));
        if is_raw(word) && !has_address {
            line += " --address 0x08000000";
        }
        return vec![format!("to flash it: {line}")];
    }
    let synonym = SYNONYMS
        .iter()
        .find(|(words, _)| words.contains(&word.to_lowercase().as_str()));
    if let Some((_, ours)) = synonym {
        return vec![format!("here that is: {ours}")];
    }
    let near = match error.get(ContextKind::SuggestedSubcommand) {
        Some(_) => Vec::new(),
        None => nearest(word, commands.iter().copied()),
    };
    let near: Vec<String> = near.into_iter().map(str::to_owned).collect();
    did_you_mean(&near).into_iter().collect()
}

/// Whether a word is the name of a firmware file, there or not.
fn is_firmware(word: &str) -> bool {
    let path = Path::new(word);
    let unpacked = word.strip_suffix(".gz").unwrap_or(word);
    promised_by(Path::new(unpacked)).is_some() || is_raw(unpacked) || path.is_file()
}

fn is_raw(word: &str) -> bool {
    let extension = Path::new(word).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("bin"))
}

/// What was meant where there is no such simulated board, option, quirk or fault.
pub fn simulated_board(error: &BoardSpecError) -> Option<String> {
    let boards = BOARDS.iter().map(|board| board.name);
    let quirks = || QUIRKS.iter().map(|quirk| quirk.name);
    let faults = || FAULTS.iter().map(|fault| fault.name);
    let near: Vec<String> = match error {
        BoardSpecError::UnknownBoard { name } => {
            let name = name.to_lowercase();
            let short = name.strip_prefix("stm32").unwrap_or(&name);
            nearest(short, boards)
                .into_iter()
                .map(str::to_owned)
                .collect()
        }
        BoardSpecError::UnknownOption { option } => {
            let (key, _) = option.split_once(['=', '@']).unwrap_or((option, ""));
            let keys = ["serial", "string", "flash", "timing", "quirk", "fault"];
            if quirks().any(|name| name == option || name == key) {
                vec![format!("quirk={option}")]
            } else if faults().any(|name| name == key) {
                vec![format!("fault={option}")]
            } else {
                let near = nearest(key, keys.into_iter()).into_iter();
                near.map(|key| format!("{key}=")).collect()
            }
        }
        BoardSpecError::Quirk(QuirkError::Unknown { name }) => {
            let (bare, _) = name.split_once('=').unwrap_or((name, ""));
            let near = nearest(bare, quirks());
            let known = QUIRKS.iter().filter(|quirk| near.contains(&quirk.name));
            known.map(QuirkName::usage).collect()
        }
        BoardSpecError::Fault(FaultError { found }) => {
            let (kind, request) = found.split_once('@').unwrap_or((found, ""));
            let request = if request.is_empty() { "N" } else { request };
            let near = nearest(kind, faults()).into_iter();
            near.map(|kind| format!("{kind}@{request}")).collect()
        }
        _ => Vec::new(),
    };
    did_you_mean(&near)
}

/// The question, where there is something to be asked.
pub fn did_you_mean(near: &[String]) -> Option<String> {
    match near {
        [] => None,
        [only] => Some(format!("Did you mean {only}?")),
        [first @ .., last] => Some(format!("Did you mean {} or {last}?", first.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::BoardSpec;

    #[test]
    fn a_simulated_board_with_a_slip_is_met_with_what_there_is() {
        let check = |text: &str, expected: Option<&str>| {
            let error = text.parse::<BoardSpec>().expect_err("must be refused");
            assert_eq!(simulated_board(&error).as_deref(), expected, "{text}");
        };
        check("f999", None);
        check("F405", Some("Did you mean f405?"));
        check("STM32F405RG", Some("Did you mean f405?"));
        check("f407", Some("Did you mean f405 or f427?"));
        check("stm32h7", Some("Did you mean h723, h743 or h743v9?"));
        check("gd32", Some("Did you mean gd32vf103?"));
        check(
            "f405,read-protected",
            Some("Did you mean quirk=read-protected?"),
        );
        check("f405,unplug@40", Some("Did you mean fault=unplug@40?"));
        check("f405,quirks=wedge", Some("Did you mean quirk=?"));
        check("f405,quirk=wegde", Some("Did you mean wedge?"));
        check(
            "f405,quirk=write-protect=0x08000000",
            Some("Did you mean write-protected=ADDRESS?"),
        );
        check("f405,fault=unplugged@40", Some("Did you mean unplug@40?"));
        check("f405,quirk=haunted", None);
        // Nothing but what the error says itself.
        check("f405,timing=fast", None);
    }
}

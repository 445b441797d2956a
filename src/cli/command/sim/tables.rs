//! What simulated boards there are, and what can be wrong with them: short for `--help`, all of it for `--list`.

use crate::sim::app::APPS;
use crate::sim::board::{BOARDS, Board};
use crate::sim::fault::FAULTS;
use crate::sim::quirk::{NONE, QUIRKS, QuirkName};

use crate::cli::document::{SimListDocument, SimNameDocument, SimQuirkDocument};

/// The width of the narrowest terminal that the help has to be served on, in columns: clap would wrap longer lines below
/// the names.
const NARROW: usize = 50;
/// The usual width of a terminal, in columns.
const USUAL: usize = 80;

/// The options of a board.
const OPTIONS: [(&str, &str); 7] = [
    (
        "app=NAME",
        "runs this application, and starts it again when it is left",
    ),
    ("serial=TEXT", "another serial number"),
    (
        "string=N:TEXT",
        "another text in string N: 2 is the product, 4 the layout of the first memory, 32 what mboot says of an error",
    ),
    (
        "flash=FILE",
        "keeps its main flash in this file; without DfuSe, all of its memories",
    ),
    (
        "timing=real",
        "takes a data sheet's times and a full-speed bus; timing=none, the default, takes none",
    ),
    (
        "quirk=NAME",
        "misbehaves so, always; can be given several times",
    ),
    (
        "fault=KIND@N",
        "goes wrong so, once, at the Nth control transfer; can be given several times",
    ),
];

/// The end of the help: names alone.
pub fn help() -> String {
    let mut help = "\
Examples:
  stdfu sim f405
  stdfu sim f405 l476,flash=board.bin
  stdfu sim f405,timing=real --listen 0.0.0.0:3240
  stdfu sim --list

Boards:
"
    .to_owned();
    let words: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
    columns(&mut help, NARROW, 0, "", &words.join(" "));
    help.push_str("\nOptions of a board, each after a comma:\n");
    let options = OPTIONS.map(|(option, _)| option);
    columns(&mut help, NARROW, 0, "", &options.join(" "));
    help.push_str("\nKinds of fault:\n");
    let words: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    columns(&mut help, NARROW, 0, "", &words.join(" "));
    help
}

/// All there is, with a description each.
pub fn text() -> String {
    let mut text = "Boards:\n".to_owned();
    for board in BOARDS.iter() {
        columns(&mut text, USUAL, 14, board.name, board.description);
    }
    text.push_str("\nOptions of a board, each after a comma:\n");
    for (option, description) in OPTIONS {
        columns(&mut text, USUAL, 14, option, description);
    }
    text.push_str("\nApplications, with a serial port each, as in app=klipper:\n");
    for app in APPS {
        columns(&mut text, USUAL, 14, app.name, app.description);
    }
    text.push_str("\nKinds of fault:\n");
    for fault in FAULTS {
        columns(&mut text, USUAL, 14, fault.name, fault.description);
    }
    text.push_str("\nQuirks, with the boards that have them anyway:\n");
    for quirk in QUIRKS {
        columns(&mut text, USUAL, 0, &quirk.usage(), "");
        columns(&mut text, USUAL, 4, "", quirk.description);
        let boards = boards_with(quirk);
        if !boards.is_empty() {
            columns(&mut text, USUAL, 4, "", &format!("({})", boards.join(", ")));
        }
    }
    columns(&mut text, USUAL, 0, NONE, "");
    columns(
        &mut text,
        USUAL,
        4,
        "",
        "none of those that the board has anyway",
    );
    text
}

/// The same for programs.
pub fn document() -> SimListDocument {
    let named = |(name, description)| SimNameDocument { name, description };
    let boards = BOARDS.iter().map(|board| (board.name, board.description));
    let apps = APPS.iter().map(|app| (app.name, app.description));
    let faults = FAULTS.iter().map(|fault| (fault.name, fault.description));
    let quirks = QUIRKS.iter().map(|quirk| SimQuirkDocument {
        name: quirk.usage(),
        description: quirk.description,
        boards: boards_with(quirk),
    });
    SimListDocument {
        boards: boards.map(named).collect(),
        options: OPTIONS.into_iter().map(named).collect(),
        applications: apps.map(named).collect(),
        faults: faults.map(named).collect(),
        quirks: quirks.collect(),
    }
}

/// The names of the boards that have a quirk from the beginning, whatever its value.
fn boards_with(quirk: &QuirkName) -> Vec<&'static str> {
    let has_it = |board: &Board| {
        let mut had = board.quirks.iter();
        had.any(|had| QuirkName::about(*had).name == quirk.name)
    };
    let boards = BOARDS.iter().filter(|board| has_it(board));
    boards.map(|board| board.name).collect()
}

/// Appends a name and, `column` characters further right, what there is to say about it.
fn columns(to: &mut String, width: usize, column: usize, name: &str, text: &str) {
    let mut line = format!("  {name:<column$}");
    for word in text.split(' ') {
        let is_begun = line.trim().len() > name.len();
        if is_begun && line.chars().count() + word.chars().count() > width {
            push_line(to, &line);
            line = " ".repeat(2 + column);
        }
        line += word;
        line.push(' ');
    }
    push_line(to, &line);
}

fn push_line(to: &mut String, line: &str) {
    to.push_str(line.trim_end());
    to.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_board_option_quirk_and_fault() {
        let text = text();
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        for board in BOARDS.iter() {
            assert!(words.contains(board.description), "{}", board.name);
        }
        for line in text.lines() {
            assert!(line.chars().count() <= USUAL, "{line}");
        }
        for app in APPS {
            assert!(words.contains(app.description), "{}", app.name);
        }
        for quirk in QUIRKS {
            assert!(text.contains(&quirk.usage()), "{}", quirk.name);
        }
        for fault in FAULTS {
            assert!(text.contains(fault.name), "{}", fault.name);
        }
    }

    #[test]
    fn the_help_names_every_board_option_and_fault() {
        let help = help();
        for line in help.lines() {
            assert!(line.chars().count() <= NARROW, "{line}");
        }
        let words: Vec<&str> = help.split_whitespace().collect();
        let boards = BOARDS.iter().map(|board| board.name);
        let faults = FAULTS.iter().map(|fault| fault.name);
        let options = OPTIONS.iter().map(|(option, _)| *option);
        for name in boards.chain(faults).chain(options) {
            assert!(words.contains(&name), "{name}");
        }
    }
}

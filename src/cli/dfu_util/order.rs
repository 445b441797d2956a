//! What dfu-suffix and dfu-prefix can be asked for alike: to add, to check or to remove, on one file.

use std::ffi::OsString;
use std::path::PathBuf;

use super::getopt::{self, Given, Spec};
use super::sysexit::Sysexit;
use super::voice::Voice;

/// A wish that makes sense as far as both programs know.
pub struct Order {
    pub action: Action,
    /// The file to do it with.
    pub path: PathBuf,
    /// All options, in their order.
    pub given: Vec<Given>,
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `-a`
    Add,
    /// `-c`
    Check,
    /// `-D`
    Delete,
}

/// The options that both have.
pub const COMMON: [Spec; 5] = [
    option('h', &["help"]),
    option('V', &["version"]),
    option_with_value('c', &["check"]),
    option_with_value('a', &["add"]),
    option_with_value('D', &["delete"]),
];

/// An option without a value.
pub const fn option(letter: char, words: &'static [&'static str]) -> Spec {
    Spec {
        letter,
        words,
        takes_value: false,
    }
}

/// An option with a value.
pub const fn option_with_value(letter: char, words: &'static [&'static str]) -> Spec {
    Spec {
        letter,
        words,
        takes_value: true,
    }
}

/// Introduces the program, and reads a command line of the common options and these; `None` where help or the version was asked for, and has been given.
///
/// # Errors
/// One that isn't understood, that names no file, or more than one.
pub fn read(
    options: Vec<OsString>,
    specs: &[Spec],
    help: &str,
    voice: &Voice,
) -> Result<Option<Order>, Sysexit> {
    voice.introduce();
    let specs = [&COMMON, specs].concat();
    let given = getopt::read(options, &specs).map_err(|refusal| {
        voice.warn(&refusal.to_string());
        voice.explain(help);
        Sysexit::Usage
    })?;
    // The version was said at the beginning.
    match given
        .iter()
        .find(|given| ['h', 'V'].contains(&given.letter))
    {
        Some(Given { letter: 'h', .. }) => {
            voice.explain(help);
            return Ok(None);
        }
        Some(_) => return Ok(None),
        None => {}
    }
    let actions: Vec<(Action, PathBuf)> = given
        .iter()
        .filter_map(|given| Some((action(given.letter)?, PathBuf::from(&given.value))))
        .collect();
    match &actions[..] {
        [(action, path)] => Ok(Some(Order {
            action: *action,
            path: path.clone(),
            given,
        })),
        [] => {
            voice.explain("You need to specify a filename\n");
            voice.explain(help);
            Err(Sysexit::Usage)
        }
        _ => {
            voice.warn("Only one of -a, -c and -D can be done at a time, and with one file");
            Err(Sysexit::Usage)
        }
    }
}

fn action(letter: char) -> Option<Action> {
    match letter {
        'a' => Some(Action::Add),
        'c' => Some(Action::Check),
        'D' => Some(Action::Delete),
        _ => None,
    }
}

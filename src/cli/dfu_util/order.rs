//! What dfu-suffix and dfu-prefix can be asked for alike: to add, to check or to remove, on one file.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cli::getopt::{self, Given, Spec};
use crate::printable::Printable;

use super::sysexit::Sysexit;
use super::voice::Voice;

/// A wish that makes sense as far as both programs know.
pub struct Order {
    pub action: Action,
    /// The file to do it with.
    pub path: PathBuf,
    /// What else was given, in its order: letters and values.
    pub details: Vec<(char, String)>,
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
    Spec::flag('h', &["help"]),
    Spec::flag('V', &["version"]),
    Spec::with_value('c', &["check"]),
    Spec::with_value('a', &["add"]),
    Spec::with_value('D', &["delete"]),
];

/// Introduces the program, and reads a command line of the common options and these; `None` where help or the version was
/// asked for, and has been given.
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
    let refuse = |message: String| {
        voice.warn(&message);
        voice.explain(help);
        Sysexit::Usage
    };
    let specs = [&COMMON, specs].concat();
    let all = getopt::read(options, &specs).map_err(|refusal| refuse(refusal.to_string()))?;
    let mut actions = Vec::new();
    let mut details = Vec::new();
    for given in all {
        let (spec, value) = match given {
            Given::Option { spec, value, .. } => (spec, value),
            Given::Extra(word) => {
                let word = word.to_string_lossy();
                let word = Printable(&word);
                return Err(refuse(format!("Unexpected argument: {word}")));
            }
        };
        match spec.letter {
            'h' => {
                voice.explain(help);
                return Ok(None);
            }
            // It was said at the beginning.
            'V' => return Ok(None),
            'a' => actions.push((Action::Add, PathBuf::from(value))),
            'c' => actions.push((Action::Check, PathBuf::from(value))),
            'D' => actions.push((Action::Delete, PathBuf::from(value))),
            letter => details.push((letter, value.to_string_lossy().into_owned())),
        }
    }
    if actions.len() > 1 {
        voice.warn("Only one of -a, -c and -D can be done at a time, and with one file");
        return Err(Sysexit::Usage);
    }
    let Some((action, path)) = actions.pop() else {
        voice.explain("You need to specify a filename\n");
        voice.explain(help);
        return Err(Sysexit::Usage);
    };
    Ok(Some(Order {
        action,
        path,
        details,
    }))
}

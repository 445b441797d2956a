//! Options as getopt_long reads them: short, long or begun, joined or apart, in any order.

pub mod dfu_util;

use std::ffi::OsString;

use lexopt::Arg;

use crate::printable::Printable;

/// An option that a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Its letter, by which it is known.
    pub letter: char,
    /// Its words.
    pub words: &'static [&'static str],
    /// Whether a value follows.
    pub takes_value: bool,
}

impl Spec {
    /// An option without a value.
    pub const fn flag(letter: char, words: &'static [&'static str]) -> Self {
        Self {
            letter,
            words,
            takes_value: false,
        }
    }

    /// An option with a value.
    pub const fn with_value(letter: char, words: &'static [&'static str]) -> Self {
        Self {
            letter,
            words,
            takes_value: true,
        }
    }

    /// Whether an argument is this option, with all of its word.
    pub fn is_written(&self, argument: &str) -> bool {
        match argument.strip_prefix("--") {
            Some(word) => self.words.contains(&word),
            None => {
                let mut letters = argument.chars();
                [letters.next(), letters.next()] == [Some('-'), Some(self.letter)]
                    && letters.next().is_none()
            }
        }
    }
}

/// What stands in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// An option.
    Option {
        /// What is known of it.
        spec: Spec,
        /// Whether it was written as a word.
        is_word: bool,
        /// Its value; empty where it takes none.
        value: OsString,
    },
    /// No option, such as a file.
    Extra(OsString),
}

/// Why a command line isn't understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such option.
    #[error("there is no option {}", Printable(.0))]
    Unknown(String),
    /// A word that was only begun, and that several options begin with.
    #[error("option --{} is ambiguous: {}", Printable(word), candidates.join(", "))]
    Ambiguous {
        word: String,
        candidates: Vec<String>,
    },
    /// It needs a value.
    #[error("option {} needs a value", Printable(.0))]
    NoValue(String),
    /// It takes none.
    #[error("option {} takes no value", Printable(.0))]
    Value(String),
}

/// What stands in a command line, in its order.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    specs: &[Spec],
) -> Result<Vec<Given>, Refusal> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut all = Vec::new();
    while let Some(argument) = parser.next().map_err(|error| of_lexopt(&error))? {
        let is_word = matches!(argument, Arg::Long(_));
        let (spec, shown) = match argument {
            Arg::Short(letter) => {
                let shown = format!("-{letter}");
                let spec = specs.iter().find(|spec| spec.letter == letter);
                (spec.ok_or_else(|| Refusal::Unknown(shown.clone()))?, shown)
            }
            Arg::Long(word) => (find_word(word, specs)?, format!("--{word}")),
            Arg::Value(value) => {
                all.push(Given::Extra(value));
                continue;
            }
        };
        let value = match spec.takes_value {
            true => parser.value().map_err(|_| Refusal::NoValue(shown))?,
            false => OsString::new(),
        };
        all.push(Given::Option {
            spec: *spec,
            is_word,
            value,
        });
    }
    Ok(all)
}

/// The option with this word, or the only one that begins so.
fn find_word<'s>(word: &str, specs: &'s [Spec]) -> Result<&'s Spec, Refusal> {
    if let Some(spec) = specs.iter().find(|spec| spec.words.contains(&word)) {
        return Ok(spec);
    }
    let begins = |spec: &&Spec| spec.words.iter().any(|known| known.starts_with(word));
    let begun: Vec<&Spec> = specs.iter().filter(begins).collect();
    match begun[..] {
        [] => Err(Refusal::Unknown(format!("--{word}"))),
        [spec] => Ok(spec),
        _ => {
            let words = begun.iter().flat_map(|spec| spec.words);
            let words = words.filter(|known| known.starts_with(word));
            Err(Refusal::Ambiguous {
                word: word.to_owned(),
                candidates: words.map(|known| format!("--{known}")).collect(),
            })
        }
    }
}

fn of_lexopt(error: &lexopt::Error) -> Refusal {
    match error {
        lexopt::Error::UnexpectedValue { option, .. } => Refusal::Value(option.clone()),
        other => Refusal::Unknown(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: [Spec; 4] = [
        Spec::flag('l', &["list"]),
        Spec::with_value('a', &["altsetting", "alt"]),
        Spec::with_value('U', &["upload"]),
        Spec::with_value('Z', &["upload-size"]),
    ];

    fn check(line: &str, expected: Result<&str, &str>) {
        let arguments = line.split_whitespace().map(OsString::from);
        let found = read(arguments, &SPECS).map(|all| {
            let shown = all.iter().map(|given| match given {
                Given::Option { spec, value, .. } => {
                    format!("{}{}", spec.letter, value.to_string_lossy())
                }
                Given::Extra(value) => format!("+{}", value.to_string_lossy()),
            });
            shown.collect::<Vec<_>>().join(" ")
        });
        let found = found.map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{line}");
    }

    #[test]
    fn options_are_read_short_long_joined_and_begun() {
        check("", Ok(""));
        check("-l -a 0 -U-", Ok("l a0 U-"));
        check("-la0", Ok("l a0"));
        check("--list --alt=0 --altsetting 1", Ok("l a0 a1"));
        check("--li --al -1 --upload-s 3 --upload x", Ok("l a-1 Z3 Ux"));
        check("-a ,0483:df11 -a -", Ok("a,0483:df11 a-"));
        check("here -l there - -- -l", Ok("+here l +there +- +-l"));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        check("-x", Err("there is no option -x"));
        check("--frob", Err("there is no option --frob"));
        check(
            "--uplo x",
            Err("option --uplo is ambiguous: --upload, --upload-size"),
        );
        check("-a", Err("option -a needs a value"));
        check("--list=yes", Err("option --list takes no value"));
    }
}

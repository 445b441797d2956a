//! The formats that firmware is read from and written in, as options and names say them.

use std::io::{self, IsTerminal};
use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::image::{self, BIN, CODECS, Codec, Format, Write, to_bin};
use crate::printable;

use crate::cli::error::CliError;
use crate::cli::output::check_that_it_keeps;
use crate::cli::usage::UsageError;

/// Takes the name of a format that firmware is read from.
pub fn parser() -> impl TypedValueParser<Value = &'static Format> {
    one_of(|codec| Some((codec.format.help, codec.format)))
}

/// A format that firmware is written in.
#[derive(Debug, Clone, Copy)]
pub struct OutputFormat {
    pub format: &'static Format,
    pub write: Write,
}

impl OutputFormat {
    /// Raw bytes.
    pub const RAW: Self = Self {
        format: &BIN,
        write: Write::Elements(to_bin),
    };

    /// Takes its name.
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        one_of(Self::with_help)
    }

    fn with_help(codec: &'static Codec) -> Option<(&'static str, Self)> {
        let writer = codec.writer.as_ref()?;
        let format = Self {
            format: codec.format,
            write: writer.write,
        };
        Some((writer.help, format))
    }

    /// What a file with this name is; `option` is what says it otherwise.
    ///
    /// # Errors
    /// A name that promises nothing, or something that can't be written.
    pub fn promised_by(name: &Path, option: &str) -> Result<Self, UsageError> {
        let promised = image::named(name).and_then(Self::with_help);
        promised.map(|(_, format)| format).ok_or_else(|| {
            let written = CODECS.iter().filter(|codec| codec.writer.is_some());
            let mut names: Vec<_> = written.map(|codec| codec.format.short_name).collect();
            let last = names.pop().unwrap_or_default();
            UsageError {
                message: match name == Path::new("-") {
                    true => "stdout has no name that tells the format".to_owned(),
                    false => format!(
                        "{}: the name doesn't tell which format to write",
                        printable::path(name)
                    ),
                },
                hint: Some(format!(
                    "Say which with {option}: {} or {last}.",
                    names.join(", ")
                )),
            }
        })
    }

    /// Refuses a stdout that keeps nothing, and for raw bytes a terminal; `otherwise` is what makes text of them.
    pub fn check_stdout(self, otherwise: Option<&str>) -> Result<(), CliError> {
        check_that_it_keeps()?;
        if self.format.is_text || !io::stdout().is_terminal() {
            return Ok(());
        }
        Err(UsageError {
            message: "raw bytes would garble the terminal".to_owned(),
            hint: Some(match otherwise {
                Some(text) => {
                    format!("Name a file, pipe it into a program with |, or add {text}.")
                }
                None => "Name a file, or pipe it into a program with |.".to_owned(),
            }),
        }
        .into())
    }
}

/// Takes the short name of a format that `offer` makes something of, with a line of help.
fn one_of<T: Clone + Send + Sync + 'static>(
    offer: fn(&'static Codec) -> Option<(&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let offered = CODECS
        .iter()
        .filter_map(|codec| Some((codec.format.short_name, offer(codec)?.0)));
    let values = offered.map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(move |value| {
        let named = CODECS.iter().find(|codec| codec.format.short_name == value);
        let (_, meant) = named
            .and_then(|codec| offer(codec))
            .expect("one of the values");
        meant
    })
}

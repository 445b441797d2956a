//! The formats that firmware is written in: what a name promises, or an option says.

use crate::cli::error::CliError;
use std::io::{self, IsTerminal};
use std::path::Path;

use clap::ValueEnum;

use crate::image::Format;

use crate::printable;

use crate::cli::output::check_that_it_keeps;
use crate::cli::usage::UsageError;

/// What can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Raw bytes from the first address to the last
    Bin,
    /// ST's DfuSe file
    Dfu,
    /// Intel HEX
    Hex,
    /// Motorola S-records
    Srec,
}

impl OutputFormat {
    /// What a file with this name is; `option` is what says it otherwise.
    ///
    /// # Errors
    /// A name that promises nothing, or something that can't be written.
    pub fn promised_by(name: &Path, option: &str) -> Result<Self, UsageError> {
        let is_bin = || {
            name.extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("bin"))
        };
        let promised = match Format::promised_by(name) {
            Some(Format::Dfu) => Some(Self::Dfu),
            Some(Format::Hex) => Some(Self::Hex),
            Some(Format::Srec) => Some(Self::Srec),
            None if is_bin() => Some(Self::Bin),
            _ => None,
        };
        promised.ok_or_else(|| UsageError {
            message: match name == Path::new("-") {
                true => "stdout has no name that tells the format".to_owned(),
                false => format!(
                    "{}: the name tells no format that can be written",
                    printable::path(name)
                ),
            },
            hint: Some(format!("Say which with {option}: bin, dfu, hex or srec.")),
        })
    }
}

impl OutputFormat {
    /// Refuses a stdout that keeps nothing, and for raw bytes a terminal; `option` is what names another format.
    pub fn check_stdout(self, option: &str) -> Result<(), CliError> {
        check_that_it_keeps()?;
        let is_text = matches!(self, Self::Hex | Self::Srec);
        if is_text || !io::stdout().is_terminal() {
            return Ok(());
        }
        Err(UsageError {
            message: "raw bytes would garble the terminal".to_owned(),
            hint: Some(format!(
                "Name a file, put a program behind it with |, or add {option} hex."
            )),
        }
        .into())
    }
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Bin => Self::Bin,
            OutputFormat::Dfu => Self::Dfu,
            OutputFormat::Hex => Self::Hex,
            OutputFormat::Srec => Self::Srec,
        }
    }
}

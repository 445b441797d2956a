//! The firmware files of a command line: read, told apart, put together.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::image::{BIN, Format, ImageError, LoadOptions, MOST_BYTES, NamedFile};
use crate::printable;

use crate::cli::args::format;
use crate::cli::args::number::parse_address;
use crate::cli::error::{CliError, Doing};
use crate::cli::stdin;
use crate::cli::suggest::file::mistake;

/// Firmware files, and what they don't say themselves.
#[derive(Debug, Args)]
pub struct FirmwareArgs {
    /// The firmware: .dfu, .hex, .elf, .srec, .uf2 or .bin
    ///
    /// The content tells the format, whatever the name, and files can be compressed with gzip. - is stdin.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// What a firmware file doesn't say itself.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// Where a raw binary belongs, such as 0x08000000
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    pub address: Option<u32>,
    /// The format of the file, when its content misleads
    ///
    /// Text, archives, pictures and PC programs are refused (exit code 6), unless the whole file is for external memory. With
    /// bin, any file is taken byte for byte.
    #[arg(long, value_name = "FORMAT", value_parser = format::parser())]
    format: Option<&'static Format>,
}

impl FirmwareArgs {
    /// One file; a raw one belongs at the `address`. With `as_bin` it is taken byte for byte, whatever it is.
    pub fn of_one(file: PathBuf, address: Option<u32>, as_bin: bool) -> Self {
        Self {
            files: vec![file],
            reading: ReadingArgs {
                address,
                format: as_bin.then_some(&BIN),
            },
        }
    }
}

impl ReadingArgs {
    /// Whether the format that is named has addresses.
    pub fn names_addresses(&self) -> bool {
        self.format.is_some_and(|format| format != &BIN)
    }

    /// Whether a format is named.
    pub fn names_format(&self) -> bool {
        self.format.is_some()
    }

    /// The same for the reader.
    pub fn options(&self) -> LoadOptions<'static> {
        LoadOptions {
            file_name: None,
            format: self.format,
            address: self.address,
        }
    }
}

/// A file's bytes, for the memory that was named, if one was; `-` is stdin.
pub fn read(path: &Path, alternate_setting: Option<u8>) -> Result<NamedFile, CliError> {
    let (name, bytes) = if path == Path::new("-") {
        let bytes = read_all(stdin::file()?, 0, MOST_BYTES);
        ("stdin".to_owned(), bytes)
    } else {
        (printable::path(path), read_file(path))
    };
    let bytes = bytes.doing(&name)?;
    Ok(NamedFile {
        name,
        bytes,
        alternate_setting,
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => CliError::NoSuchFile {
            error,
            mistake: mistake(path),
        },
        _ => error.into(),
    })?;
    let size = file.metadata()?.len();
    read_all(file, size, MOST_BYTES)
}

/// Reads to the end, which has to come: a pipe or a device may have none. `size` is what is expected, in bytes.
fn read_all(reader: impl Read, size: u64, most: u64) -> Result<Vec<u8>, CliError> {
    let too_large = ImageError::TooLarge { most };
    if size > most {
        return Err(too_large.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    reader.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_large.into()),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_for_ever() {
        let check = |bytes: &[u8], size, expected: Result<&[u8], &str>| {
            let found = read_all(bytes, size, 3).map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        };
        let too_large = "the file has more than 3 bytes, and no firmware is that large";
        check(b"abc", 3, Ok(b"abc"));
        check(b"abc", 0, Ok(b"abc"));
        check(b"abcd", 0, Err(too_large));
        check(b"", 4, Err(too_large));
        let endless = read_all(std::io::repeat(0), 0, 3).map_err(|error| error.to_string());
        assert_eq!(endless, Err(too_large.to_owned()));
    }
}

//! The firmware files of a command line: read, told apart, put together.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::image::{self, Format, Image, ImageError, LoadOptions, MOST_BYTES, NamedFile};

use crate::printable;

use crate::cli::args::format;
use crate::cli::args::number::parse_address;
use crate::cli::suggest::nearest;

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
    /// What the file is, when its content misleads
    ///
    /// Text, archives, pictures and programs for a PC are no firmware, and refused (exit code 6), unless all of it is for
    /// external memory. With bin, any file is taken byte for byte.
    #[arg(long, value_name = "FORMAT", value_parser = format::parser())]
    format: Option<&'static Format>,
}

impl FirmwareArgs {
    /// What is in all of the files.
    pub fn load(&self) -> anyhow::Result<Image> {
        let files: anyhow::Result<Vec<NamedFile>> =
            self.files.iter().map(|path| read(path, None)).collect();
        Ok(image::load_several(files?, &self.reading.options())?)
    }
}

impl ReadingArgs {
    /// The same for the reader.
    pub fn options(&self) -> LoadOptions<'static> {
        LoadOptions {
            file_name: None,
            format: self.format,
            address: self.address,
        }
    }
}

/// A file that isn't there.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct NoSuchFile {
    error: io::Error,
    /// What may have been meant by it.
    pub mistake: Option<Mistake>,
}

/// What may have been meant by a file that isn't there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// It is where a raw binary belongs.
    Address(String),
    /// It is how long to wait.
    Seconds(String),
    /// One of these, beside it, with nearly the same name.
    Name(Vec<String>),
}

impl NoSuchFile {
    fn new(path: &Path, error: io::Error) -> Self {
        let name = path.display().to_string();
        let mistake = if name.starts_with("0x") && parse_address(&name).is_ok() {
            Some(Mistake::Address(name))
        } else if name.parse::<f64>().is_ok() {
            Some(Mistake::Seconds(name))
        } else {
            Some(beside(path))
                .filter(|near| !near.is_empty())
                .map(Mistake::Name)
        };
        Self { error, mistake }
    }
}

/// The files beside a path with nearly the same name.
fn beside(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let entries = fs::read_dir(directory.unwrap_or(Path::new(".")));
    let there: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let near = nearest(&name, there.iter().map(String::as_str));
    let in_directory = |name: &str| match directory {
        Some(directory) => directory.join(name).to_str().map(str::to_owned),
        None => Some(name.to_owned()),
    };
    near.into_iter().filter_map(in_directory).collect()
}

/// A file's bytes, for the memory that was named, if one was; `-` is stdin.
pub fn read(path: &Path, alternate_setting: Option<u8>) -> anyhow::Result<NamedFile> {
    let (name, bytes) = if path == Path::new("-") {
        let bytes = read_all(io::stdin().lock(), 0, MOST_BYTES);
        ("stdin".to_owned(), bytes)
    } else {
        (printable::path(path), read_file(path))
    };
    let bytes = bytes.with_context(|| name.clone())?;
    Ok(NamedFile {
        name,
        bytes,
        alternate_setting,
    })
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::Error::new(NoSuchFile::new(path, error)),
        _ => error.into(),
    })?;
    let size = file.metadata()?.len();
    read_all(file, size, MOST_BYTES)
}

/// Reads to the end, which has to come: a pipe or a device may have none. `size` is what is expected, in bytes.
fn read_all(reader: impl Read, size: u64, most: u64) -> anyhow::Result<Vec<u8>> {
    let too_large = ImageError::TooLarge { most };
    if size > most {
        return Err(too_large.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size)?);
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
        let endless = read_all(io::repeat(0), 0, 3).map_err(|error| error.to_string());
        assert_eq!(endless, Err(too_large.to_owned()));
    }
}

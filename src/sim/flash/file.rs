//! A file that keeps what is in a board's memory, from one run to the next.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use tempfile::Builder;
use thiserror::Error;

use crate::dfu::protocol::DfuStatus;
use crate::printable;

/// The file behind a memory, which is this board's alone for as long as it is open.
#[derive(Debug)]
pub struct FlashFile {
    pub(super) file: File,
    path: PathBuf,
    /// Why a change could not be kept, the first time that happened.
    failure: Option<String>,
}

impl FlashFile {
    /// Opens the file and reads `bytes` from it, or makes it of them.
    pub fn open(path: &Path, bytes: &mut [u8]) -> Result<Self, FlashFileError> {
        let failed = |source| FlashFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = open_or_make(path, bytes)?;
        let found = file.metadata().map_err(failed)?.len();
        let expected = bytes.len() as u64;
        if found != expected {
            return Err(FlashFileError::Size {
                path: path.to_owned(),
                found,
                expected,
            });
        }
        file.rewind().map_err(failed)?;
        file.read_exact(bytes).map_err(failed)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            failure: None,
        })
    }

    /// Keeps `bytes`, which begin at `start`. Where that fails, they become what the file holds, and the failure stays
    /// known.
    pub fn keep(&mut self, start: usize, bytes: &mut [u8]) -> Result<(), DfuStatus> {
        let start = SeekFrom::Start(start as u64);
        let written = self.file.seek(start);
        let Err(error) = written.and_then(|_| self.file.write_all(bytes)) else {
            return Ok(());
        };
        let failure = format!("{}: {error}", unusable(&self.path));
        self.failure.get_or_insert(failure);
        // A file that can't be read either has been told of just as well.
        let _ = self
            .file
            .seek(start)
            .and_then(|_| self.file.read_exact(bytes));
        Err(DfuStatus::ErrWrite)
    }

    /// Why a change could not be kept, if there was such a one.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl Drop for FlashFile {
    /// A process that was forked meanwhile has the file, too, and must not keep it locked.
    fn drop(&mut self) {
        // Where that fails, the system does it, later.
        let _ = FileExt::unlock(&self.file);
    }
}

/// The file, locked; with these bytes, where it is new.
fn open_or_make(path: &Path, bytes: &[u8]) -> Result<File, FlashFileError> {
    let failed = |source| FlashFileError::Io {
        path: path.to_owned(),
        source,
    };
    let open = || OpenOptions::new().read(true).write(true).open(path);
    let file = match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            match make(path, bytes).map_err(failed)? {
                Some(file) => return Ok(file),
                None => open(),
            }
        }
        opened => opened,
    };
    let file = file.map_err(failed)?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FlashFileError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A new file, locked before it has a name and named only when all of it is there; `None` where somebody else was
/// quicker.
fn make(path: &Path, bytes: &[u8]) -> io::Result<Option<File>> {
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let mut file = Builder::new()
        .prefix(".stdfu-")
        .suffix(".part")
        .make_in(directory, |path| options.open(path))?;
    FileExt::try_lock(file.as_file()).map_err(io::Error::from)?;
    file.write_all(bytes)?;
    match file.persist_noclobber(path) {
        Ok(file) => Ok(Some(file)),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(failed) => Err(failed.error),
    }
}

fn unusable(path: &Path) -> String {
    format!("the flash file {} can't be used", printable::path(path))
}

/// Why a file can't keep a board's memory.
#[derive(Debug, Error)]
pub enum FlashFileError {
    /// It can't be opened, made, read or written.
    #[error("{}", unusable(path))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another board has it, of this program or of another.
    #[error(
        "the flash file {} is in use by another simulated board",
        printable::path(path)
    )]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It has another size than the memory.
    #[error(
        "the flash file {} has {found} bytes, but this board's memory has {expected}",
        printable::path(path)
    )]
    Size {
        /// Which file.
        path: PathBuf,
        /// Its size, in bytes.
        found: u64,
        /// The memory's size, in bytes.
        expected: u64,
    },
}

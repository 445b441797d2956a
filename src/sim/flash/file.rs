//! A file that keeps what is in a board's memory, from one run to the next.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use tempfile::Builder;
use thiserror::Error;

use super::MemoryContents;
use crate::dfu::protocol::DfuStatus;
use crate::printable;

/// The file behind a memory, which is this board's alone for as long as it is open.
#[derive(Debug)]
pub(super) struct FlashFile {
    pub(super) file: File,
    path: PathBuf,
    /// Why a change could not be kept, the first time that happened.
    failure: Option<String>,
}

impl MemoryContents {
    /// Keeps a change. Where that fails, the memory holds what the file holds, and the failure stays known.
    pub(super) fn write_through(&mut self, range: Range<usize>) -> Result<(), DfuStatus> {
        let Some(kept) = &mut self.file else {
            return Ok(());
        };
        let start = SeekFrom::Start(range.start as u64);
        let bytes = &mut self.bytes[range];
        let written = kept.file.seek(start);
        let Err(error) = written.and_then(|_| kept.file.write_all(bytes)) else {
            return Ok(());
        };
        let failure = format!("{}: {error}", unusable(&kept.path));
        kept.failure.get_or_insert(failure);
        // A file that can't be read either has been told of just as well.
        let _ = kept
            .file
            .seek(start)
            .and_then(|_| kept.file.read_exact(bytes));
        Err(DfuStatus::ErrWrite)
    }

    /// Why a change could not be kept, if there was such a one.
    pub fn file_failure(&self) -> Option<&str> {
        self.file.as_ref()?.failure.as_deref()
    }

    pub(super) fn keep_in_file(&mut self, path: &Path) -> Result<(), FlashFileError> {
        let failed = |source| FlashFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = self.open_or_make(path)?;
        let found = file.metadata().map_err(failed)?.len();
        let expected = self.bytes.len() as u64;
        if found != expected {
            return Err(FlashFileError::Size {
                path: path.to_owned(),
                found,
                expected,
            });
        }
        file.rewind().map_err(failed)?;
        file.read_exact(&mut self.bytes).map_err(failed)?;
        self.file = Some(FlashFile {
            file,
            path: path.to_owned(),
            failure: None,
        });
        self.see_true_size();
        Ok(())
    }

    /// The file, locked; with what the memory holds, where it is new.
    fn open_or_make(&self, path: &Path) -> Result<File, FlashFileError> {
        let failed = |source| FlashFileError::Io {
            path: path.to_owned(),
            source,
        };
        let open = || OpenOptions::new().read(true).write(true).open(path);
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match self.make(path).map_err(failed)? {
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
    fn make(&self, path: &Path) -> io::Result<Option<File>> {
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
        file.write_all(&self.bytes)?;
        match file.persist_noclobber(path) {
            Ok(file) => Ok(Some(file)),
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(failed) => Err(failed.error),
        }
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

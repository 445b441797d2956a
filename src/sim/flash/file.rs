//! A file that keeps what is in a board's memory, from one run to the next.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::MemoryContents;
use crate::dfuse::protocol::DfuStatus;
use crate::printable;

impl MemoryContents {
    pub(super) fn write_through(&mut self, range: Range<usize>) -> Result<(), DfuStatus> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(range.start as u64))
            .and_then(|_| file.write_all(&self.bytes[range]))
            .map_err(|_| DfuStatus::ErrWrite)
    }

    pub(super) fn keep_in_file(&mut self, path: &Path) -> Result<(), FlashFileError> {
        let failed = |source| FlashFileError::Io {
            path: path.to_owned(),
            source,
        };
        let options = || OpenOptions::new().read(true).write(true).clone();
        let mut file = match options().create_new(true).open(path) {
            Ok(mut file) => {
                file.write_all(&self.bytes).map_err(failed)?;
                file
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                options().open(path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
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
        self.file = Some(file);
        self.see_true_size();
        Ok(())
    }
}

/// Why a file can't keep a board's memory.
#[derive(Debug, Error)]
pub enum FlashFileError {
    /// It can't be opened, made, read or written.
    #[error("the flash file {} can't be used", printable::path(path))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
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

//! A station's log: a line for each board, on the disk before the next one begins, and which boards it has as good.

mod entry;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs4::{FileExt, TryLockError};

use crate::chip::rom::is_shared_serial;
use crate::printable;

pub use entry::{Entry, Form, Mark};

/// What came of all boards so far.
#[derive(Debug, Default)]
pub struct Log {
    /// Where it is kept; `None` where it is only remembered.
    file: Option<LogFile>,
    /// The boards that were good when they were flashed last, by their serial number in lower case.
    good: HashMap<String, Good>,
    /// What they were flashed with: there are few different ones.
    firmware: Vec<Arc<[String]>>,
}

/// A board that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    /// When it was flashed.
    pub since: String,
    /// The SHA-256 of each file that it was flashed with.
    pub sha256: Arc<[String]>,
}

/// The file, which is this station's alone.
#[derive(Debug)]
struct LogFile {
    file: File,
    path: PathBuf,
    form: Form,
    /// In bytes.
    size: u64,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Another station has it.
    #[error("the log {} is in use by another station", printable::path(path))]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error(
        "{} is no log of a station: line {line} is none of its lines",
        printable::path(path)
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// From 1 on.
        line: usize,
    },
    /// It can't be opened, read or written.
    #[error("the log {} can't be used", printable::path(path))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Log {
    /// Opens the file, or makes it, and learns from it which boards are good. Returns also a last line that was cut
    /// short, by a power failure perhaps, and was taken out.
    ///
    /// # Errors
    /// [`LogError`]; nothing was changed then.
    pub fn open(path: &Path) -> Result<(Self, Option<String>), LogError> {
        let failed = |source| LogError::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LogError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no file")));
        }
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        let mut log = Self::default();
        match read {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let path = path.to_owned();
                return Err(LogError::Foreign { path, line: 1 });
            }
            read => read.map_err(failed)?,
        };
        let form = Form::of(path).as_begun(&text);
        let torn = log.learn(&text, form).map_err(|line| LogError::Foreign {
            path: path.to_owned(),
            line,
        })?;
        let mut file = LogFile {
            file,
            path: path.to_owned(),
            form,
            size: text.len() as u64,
        };
        let torn = file.mend(&text, torn).map_err(failed)?;
        log.file = Some(file);
        Ok((log, torn))
    }

    /// Of a board that is good, if it is; never of a serial number that many boards have.
    pub fn good(&self, serial: &str) -> Option<&Good> {
        let is_its_own = !is_shared_serial(serial);
        let good = self.good.get(&serial.to_lowercase());
        good.filter(|_| is_its_own)
    }

    /// Adds a line, and has the disk take it.
    ///
    /// # Errors
    /// [`LogError::Io`]; the line is not there then, nor is a part of it.
    pub fn append(&mut self, entry: &Entry) -> Result<(), LogError> {
        if let Some(file) = &mut self.file {
            file.append(entry).map_err(|source| LogError::Io {
                path: file.path.clone(),
                source,
            })?;
        }
        self.note(entry);
        Ok(())
    }

    /// Learns from what is there. Returns the last line, if it has no end; or the number of a line that is none.
    fn learn<'t>(&mut self, text: &'t str, form: Form) -> Result<Option<&'t str>, usize> {
        let mut torn = None;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let whole = line
                .strip_suffix('\n')
                .map(|line| line.trim_end_matches('\r'));
            let is_header =
                number == 1 && whole.is_some_and(|line| form.header().trim_end() == line);
            match (whole, form.read(whole.unwrap_or(line))) {
                _ if is_header || whole == Some("") => {}
                (Some(_), Some(entry)) => self.note(&entry),
                (Some(_), None) => return Err(number),
                (None, _) => {
                    let whole = form.read_unended(line);
                    whole.iter().for_each(|entry| self.note(entry));
                    let begins_well = match form {
                        Form::Json => line.starts_with('{') || line.starts_with('\0'),
                        Form::Csv | Form::CsvWithoutVerified => {
                            number > 1 || form.header().starts_with(line)
                        }
                    };
                    if !begins_well {
                        return Err(number);
                    }
                    torn = Some(line);
                }
            }
        }
        Ok(torn)
    }

    fn note(&mut self, entry: &Entry) {
        let Some(serial) = entry.serial.as_ref().map(|serial| serial.to_lowercase()) else {
            return;
        };
        match entry.result {
            Mark::Pass => {
                let sha256 = self.shared(&entry.sha256);
                let since = entry.time.clone();
                self.good.insert(serial, Good { since, sha256 })
            }
            Mark::Fail | Mark::Interrupted => self.good.remove(&serial),
        };
    }

    /// The same sums, once for all boards.
    fn shared(&mut self, sha256: &[String]) -> Arc<[String]> {
        let mut known = self.firmware.iter();
        if let Some(known) = known.find(|known| ***known == *sha256) {
            return Arc::clone(known);
        }
        let new: Arc<[String]> = sha256.into();
        self.firmware.push(Arc::clone(&new));
        new
    }
}

impl LogFile {
    /// Gives the file its header where it has none, and its last line an end: where only that is missing, it gets it;
    /// elsewhere the line is taken out, and returned.
    fn mend(&mut self, text: &str, torn: Option<&str>) -> io::Result<Option<String>> {
        let cut = torn.filter(|line| self.form.read_unended(line).is_none());
        match (torn, cut) {
            (Some(_), Some(line)) => self.cut((text.len() - line.len()) as u64)?,
            (Some(_), None) => self.write("\n")?,
            (None, _) => {}
        }
        if self.size == 0 {
            self.write(self.form.header())?;
        }
        Ok(cut.map(str::to_owned))
    }

    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        // Somebody may have moved it away, and what is written would be nowhere.
        let there = fs::metadata(&self.path)?.len();
        if there != self.size {
            return Err(io::Error::other("something else has changed it"));
        }
        let line = self.form.line(entry)?;
        self.write(&line)
    }

    /// Writes all of it, or nothing.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let written = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.size += text.len() as u64,
            Err(error) => {
                // A part of a line is worse than none; where it can't be taken out, the next start does.
                let _ = self.cut(self.size);
                return Err(error);
            }
        }
        Ok(())
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.file.sync_data()?;
        self.size = size;
        Ok(())
    }
}

impl Drop for LogFile {
    /// A process that was forked meanwhile has the file, too, and must not keep it locked.
    fn drop(&mut self) {
        // Where that fails, the system does it, later.
        let _ = FileExt::unlock(&self.file);
    }
}

#[cfg(test)]
mod tests;

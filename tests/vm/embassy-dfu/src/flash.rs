//! Flash memory in a file, in three partitions, as strict as the STM32WB's.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Bytes of a page, which is erased as a whole.
pub const PAGE: usize = 4096;
/// Bytes of a double word, the least that is programmed.
pub const DOUBLE_WORD: usize = 8;

/// Bytes of the application that runs.
const ACTIVE: usize = 64 * PAGE;
/// Bytes for what is downloaded: embassy-boot's swap wants a page more.
const DOWNLOAD: usize = ACTIVE + PAGE;
const STATE: usize = PAGE;

/// The whole memory.
pub struct Flash {
    file: Rc<File>,
}

/// A part of it.
pub struct Partition {
    file: Rc<File>,
    start: usize,
    size: usize,
}

impl Flash {
    /// Opens a file, and makes it as large as the memory, the new part blank.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let size = (ACTIVE + DOWNLOAD + STATE) as u64;
        let before = file.metadata()?.len();
        let missing = size
            .checked_sub(before)
            .ok_or_else(|| io::Error::other("the flash file is too large"))?;
        file.write_all_at(&vec![0xFF; missing as usize], before)?;
        Ok(Self {
            file: Rc::new(file),
        })
    }

    /// What runs.
    pub fn active(&self) -> Partition {
        self.partition(0, ACTIVE)
    }

    /// Where a download goes.
    pub fn download(&self) -> Partition {
        self.partition(ACTIVE, DOWNLOAD)
    }

    /// What embassy-boot remembers.
    pub fn state(&self) -> Partition {
        self.partition(ACTIVE + DOWNLOAD, STATE)
    }

    fn partition(&self, start: usize, size: usize) -> Partition {
        Partition {
            file: Rc::clone(&self.file),
            start,
            size,
        }
    }
}

impl Partition {
    fn position(&self, offset: u32) -> u64 {
        self.start as u64 + u64::from(offset)
    }

    fn write_at(&self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.file
            .write_all_at(bytes, self.position(offset))
            .map_err(|_| NorFlashErrorKind::Other)
    }
}

impl ErrorType for Partition {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Partition {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        self.file
            .read_exact_at(bytes, self.position(offset))
            .map_err(|_| NorFlashErrorKind::Other)
    }

    fn capacity(&self) -> usize {
        self.size
    }
}

impl NorFlash for Partition {
    const WRITE_SIZE: usize = DOUBLE_WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.write_at(from, &vec![0xFF; (to - from) as usize])
    }

    /// What is not blank can't be programmed: the STM32WB's PROGERR.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let mut before = vec![0; bytes.len()];
        self.read(offset, &mut before)?;
        if before.iter().any(|byte| *byte != 0xFF) {
            return Err(NorFlashErrorKind::Other);
        }
        self.write_at(offset, bytes)
    }
}

//! A file for plain DFU in its parts: the prefix, the firmware, the suffix.

use super::error::ImageError;
use super::ids::FileIds;
use super::prefix::{NoPrefix, Prefix, lpc_header};
use super::suffix::{self, Suffix};

/// The parts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Whom the prefix is for, where there is one.
    pub prefix: Option<Prefix>,
    /// The prefix as it stands in the file; empty where there is none.
    head: Vec<u8>,
    firmware: Vec<u8>,
    /// What the suffix says, where there is one that can be relied on.
    pub suffix: Result<Suffix, NoSuffix>,
}

/// Why there is no suffix that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSuffix {
    /// The file has no room for one.
    TooShort,
    /// The file ends in something else.
    Missing,
    /// The file ends in one that can't be as long as it says, in bytes.
    #[doc(alias = "bLength")]
    Length(u8),
    /// The file ends in one whose CRC isn't that of the file.
    Checksum,
}

/// What a suffix that is to be made says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSuffix {
    /// `bcdDFU`
    pub dfu_version: u16,
    /// The devices that the file is meant for.
    pub ids: FileIds,
}

impl From<Suffix> for NewSuffix {
    fn from(suffix: Suffix) -> Self {
        Self {
            dfu_version: suffix.dfu_version,
            ids: suffix.ids,
        }
    }
}

impl NoSuffix {
    /// Whether there is one, though a wrong one.
    pub fn is_damage(self) -> bool {
        match self {
            Self::TooShort | Self::Missing => false,
            Self::Length(_) | Self::Checksum => true,
        }
    }
}

impl Parts {
    /// Takes a file apart.
    pub fn of(file: &[u8]) -> Self {
        let suffix = read_suffix(file);
        let end = file.len() - suffix.map_or(0, |suffix| suffix.length);
        let (prefix, start) = read_prefix(&file[..end]);
        Self {
            prefix,
            head: file[..start].to_vec(),
            firmware: file[start..end].to_vec(),
            suffix,
        }
    }

    /// Whether there is nothing in the file.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.firmware.is_empty() && self.suffix.is_err()
    }

    /// How much NXP's header says that there is, in KiB, rounded down; `None` of any other prefix.
    pub fn lpc_size(&self) -> Option<u16> {
        let header = lpc_header(&self.head)?;
        Some(u16::from_le_bytes([header[2], header[3]]) / 2)
    }

    /// The file with this prefix in the place of the one that it has.
    ///
    /// # Errors
    /// Where the prefix has no room for the address, or for the length of the firmware.
    pub fn with_prefix(self, prefix: Prefix) -> Result<Self, NoPrefix> {
        Ok(Self {
            head: prefix.before(self.firmware.len())?,
            prefix: Some(prefix),
            ..self
        })
    }

    /// The file without its prefix.
    pub fn without_prefix(self) -> Self {
        Self {
            prefix: None,
            head: Vec::new(),
            ..self
        }
    }

    /// The file with its prefix made anew, as dfu-suffix of dfu-util 0.11 does whenever it writes a file: what NXP's header
    /// counts is then the header, too. One with a hash in it, or something else that couldn't be made anew, stays.
    pub fn with_prefix_again(self) -> Self {
        let is_plain = || {
            let made = Prefix::Lpc.before(0).unwrap_or_default();
            made.get(..2) == self.head.get(..2) && made.get(4..) == self.head.get(4..)
        };
        let head = match self.prefix {
            Some(Prefix::Lpc) if is_plain() => {
                let length = self.head.len() + self.firmware.len();
                Prefix::Lpc.before(length).unwrap_or(self.head)
            }
            _ => self.head,
        };
        Self { head, ..self }
    }

    /// All of it, with this suffix or none.
    pub fn file(&self, suffix: Option<NewSuffix>) -> Vec<u8> {
        let mut file = [&self.head[..], &self.firmware].concat();
        if let Some(NewSuffix { dfu_version, ids }) = suffix {
            suffix::append(&mut file, dfu_version, ids);
        }
        file
    }
}

fn read_suffix(file: &[u8]) -> Result<Suffix, NoSuffix> {
    suffix::check(file).map_err(|error| match (error, suffix::stated_length(file)) {
        (ImageError::Checksum { .. }, _) => NoSuffix::Checksum,
        (_, Some(length)) => NoSuffix::Length(length),
        (_, None) if file.len() < suffix::LENGTH => NoSuffix::TooShort,
        (_, None) => NoSuffix::Missing,
    })
}

/// The prefix that these bytes begin with, and how long it is.
fn read_prefix(bytes: &[u8]) -> (Option<Prefix>, usize) {
    let of_lpc = lpc_header(bytes).map(|_| Prefix::Lpc);
    let prefix = of_lpc.or_else(|| Prefix::of(bytes));
    (prefix, prefix.map_or(0, Prefix::length))
}

#[cfg(test)]
mod tests;

//! What a device that speaks plain DFU is sent: a file's bytes as they are, but for its suffix.

use super::bin::take_suffix;
use super::error::ImageError;
use super::ids::FileIds;
use super::prefix::Prefix;
use super::suffix::{self, DFU_1_1, DFUSE};

/// Bytes without addresses, of whatever content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// At least one. A prefix is among them.
    pub bytes: Vec<u8>,
    /// Those of the suffix, where there was one.
    pub ids: Option<FileIds>,
    pub prefix: Option<Prefix>,
}

impl Stream {
    /// Takes a file for what a device without addresses is sent. Nothing is unpacked or decoded: U-Boot's memories take
    /// environments, file systems and programs, compressed or not.
    ///
    /// # Errors
    /// A suffix that is damaged, a file that names addresses ([`ImageError::NotPlain`]), and one without a byte to send.
    pub fn load(mut bytes: Vec<u8>) -> Result<Self, ImageError> {
        if bytes.is_empty() {
            return Err(ImageError::Empty);
        }
        if bytes.starts_with(b"DfuSe\x01") {
            return Err(ImageError::NotPlain);
        }
        let suffix = take_suffix(&mut bytes)?;
        if suffix.is_some_and(|suffix| suffix.dfu_version == DFUSE) {
            return Err(ImageError::NotPlain);
        }
        if bytes.is_empty() {
            return Err(ImageError::NothingToWrite);
        }
        Ok(Self {
            ids: suffix.map(|suffix| suffix.ids),
            ..Self::of(bytes)
        })
    }

    /// These bytes, and no ids.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self {
            ids: None,
            prefix: Prefix::of(&bytes),
            bytes,
        }
    }

    /// A file of these bytes, with a suffix, for a device with these ids.
    pub fn into_file(mut self, ids: FileIds) -> Vec<u8> {
        suffix::append(&mut self.bytes, DFU_1_1, ids);
        self.bytes
    }
}

#[cfg(test)]
mod tests;

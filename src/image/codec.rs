//! How firmware is read from a format, and written in it.

use super::error::ImageError;
use super::format::Format;
use super::ids::FileIds;
use super::model::{Image, ImageElement, ImageTarget};

/// A format with what reads it, and what writes it.
#[derive(Debug)]
pub struct Codec {
    pub format: &'static Format,
    pub read: Read,
    /// `None` where it is only read.
    pub writer: Option<Writer>,
}

/// What a file in a format becomes an image by.
#[derive(Debug, Clone, Copy)]
pub enum Read {
    /// The caller says where its bytes belong.
    Raw,
    /// It says so itself.
    Addressed(fn(&[u8]) -> Result<Image, ImageError>),
}

/// What an image becomes a file in a format by.
#[derive(Debug)]
pub struct Writer {
    /// What is written, on a line of help.
    pub help: &'static str,
    pub write: Write,
}

/// What the bytes of a file are made of.
#[derive(Debug, Clone, Copy)]
pub enum Write {
    /// The format keeps memories apart, and says which devices it is for.
    Targets(fn(&[ImageTarget], FileIds) -> Result<Vec<u8>, WriteError>),
    /// It is for one memory. Elements are ordered by address and don't overlap.
    Elements(fn(&[ImageElement]) -> Result<Vec<u8>, WriteError>),
}

/// Why an image has no file in some format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A raw binary that would be nearly nothing but filling.
    #[error(
        "a raw binary from {start:#010x} to {end:#010x} would need {filling} bytes of filling, which is more than {most}"
    )]
    TooManyGaps {
        /// The first address.
        start: u32,
        /// The address after the last.
        end: u64,
        /// Bytes in gaps.
        filling: u64,
        /// As many may be.
        most: u64,
    },
    /// Two targets of a DfuSe file that would be for the same memory.
    #[error("two targets would be for alternate setting {alternate_setting}")]
    TargetTwice {
        /// `bAlternateSetting` of both.
        alternate_setting: u8,
    },
    /// One for each of the 256 alternate settings, which `bTargets` can't count.
    #[error("a DfuSe file can't hold 256 targets")]
    TooManyTargets,
    /// More than the sizes in a DfuSe file can say.
    #[error("a DfuSe file can't hold {length} bytes")]
    TooLarge {
        /// What would have to be in it.
        length: u64,
    },
}

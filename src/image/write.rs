//! Firmware files, written: the same bytes at the same addresses, in another format.

mod bin;
mod dfu;
mod hex;
mod srec;

pub use bin::to_bin;
pub use dfu::to_dfu;
pub use hex::to_hex;
pub use srec::to_srec;

/// Why an image has no file in some format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A raw binary that would be nearly nothing but filling.
    #[error(
        "a raw binary from {start:#010x} to {end:#010x} would have {filling} bytes that nobody named, which is more than {most}"
    )]
    TooManyGaps {
        /// The first address.
        start: u32,
        /// The address behind the last.
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

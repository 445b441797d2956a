//! Why something can't be had of a device without DfuSe.

use crate::image::ImageError;

/// Why something can't be had of a device without DfuSe.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlainError {
    /// The file.
    #[error(transparent)]
    NoStream(#[from] NoStream),
    /// An option that is about addresses or sectors.
    #[error(
        "{0} means nothing to a device that speaks plain DFU: it has no addresses and no sectors"
    )]
    Option(&'static str),
    /// A format that has addresses.
    #[error("a {0} file needs addresses, and a device that speaks plain DFU has none")]
    Format(&'static str),
    /// It says that it takes nothing.
    #[error("this device takes no firmware: its descriptor says so (bitCanDnload)")]
    CantDownload,
    /// It says that it gives back what it has taken, and hasn't.
    #[error("the device accepted the file, but could not be read after that: nothing is verified")]
    NotVerified,
    /// It has given nothing.
    #[error("the device sent nothing: it ended the upload with its first block")]
    GaveNothing,
    /// It says that it gives nothing back.
    #[error("this device can't be read back")]
    CantBeRead,
    /// It gives nothing back after a download.
    #[error(
        "this device can't be read back: it leaves DFU mode as soon as it has taken the firmware"
    )]
    GoneByThen,
}

/// Why firmware is nothing for a device without DfuSe.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoStream {
    /// Several files.
    #[error("a device that speaks plain DFU takes one file")]
    Several,
    /// An option that is about addresses.
    #[error("{0} is about addresses, and a device that speaks plain DFU has none")]
    Option(&'static str),
    /// A file whose name promises a DFU suffix.
    #[error(
        "{0}: the file has no DFU suffix, though it is named .dfu: it is cut short, or in another format"
    )]
    NoSuffix(String),
    /// The file itself.
    #[error("{name}: {error}")]
    File {
        /// What messages call it.
        name: String,
        /// Why not.
        error: ImageError,
    },
}

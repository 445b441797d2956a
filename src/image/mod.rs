//! Firmware files: read, recognised and written.

mod bin;
mod codec;
mod content;
mod conversion;
mod dfu;
mod elf;
mod error;
mod files;
mod format;
mod formats;
mod gzip;
mod hex;
mod ids;
mod lines;
mod load;
mod model;
mod parts;
mod pieces;
mod prefix;
mod recognise;
mod srec;
mod stream;
mod suffix;
mod uf2;

pub use bin::{BIN, to_bin};
pub use codec::{Codec, Write, WriteError};
pub use content::{Content, Foreign, TextKind};
pub use dfu::to_dfu;
pub use error::ImageError;
pub use files::{FilesError, NamedFile, load_several};
pub use format::Format;
pub use formats::{CODECS, named, promised_by};
pub use ids::FileIds;
pub use load::{Description, LoadOptions, describe};
pub use model::{Image, ImageElement, ImageTarget, MOST_BYTES, Suspicion};

pub use parts::{NewSuffix, NoSuffix, Parts};
pub use prefix::Prefix;
pub use stream::Stream;

pub use dfu::DFU;
#[cfg(test)]
pub use load::load;

#[cfg(test)]
mod tests;

//! The formats that there are: a line each.

use std::path::Path;

use super::codec::{Codec, Read};
use super::format::Format;
use super::{bin, dfu, elf, hex, srec, uf2};

/// In the order of `--format`'s help.
pub static CODECS: [&Codec; 6] = [
    &bin::CODEC,
    &dfu::CODEC,
    &hex::CODEC,
    &elf::CODEC,
    &srec::CODEC,
    &uf2::CODEC,
];

/// What a file with such a name is; `None` where the name promises nothing. A raw binary has names of all kinds.
pub fn promised_by(file_name: &Path) -> Option<&'static Format> {
    let named = named(file_name)?;
    matches!(named.read, Read::Addressed(_)).then_some(named.format)
}

/// The format whose files have such names.
pub fn named(file_name: &Path) -> Option<&'static Codec> {
    let extension = file_name.extension()?.to_str()?.to_ascii_lowercase();
    let is_named = |codec: &&Codec| codec.format.extensions.contains(&extension.as_str());
    CODECS.into_iter().find(is_named)
}

/// What reads a format.
pub fn reader_of(format: &Format) -> Read {
    let codec = CODECS.iter().find(|codec| codec.format == format);
    codec.map_or(Read::Raw, |codec| codec.read)
}

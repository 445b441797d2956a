//! Firmware, whatever file it came from: which bytes belong at which address of which memory.

mod bin;
mod content;
mod conversion;
mod dfu;
mod elf;
mod error;
mod extent;
mod files;
mod format;
mod gzip;
mod hex;
mod lines;
mod pieces;
mod srec;
mod suffix;
mod uf2;
pub mod write;

use std::path::Path;

pub use content::Content;
pub use conversion::Conversion;
pub use error::{ImageError, Place};
pub use files::{FilesError, NamedFile, load_several};
pub use format::Format;
pub use suffix::FileIds;

/// What is read of a file at most, and unpacked at most, in bytes: far more than the flash of any chip, as text too, and
/// little enough for a PC.
pub const MOST_BYTES: u64 = 256 << 20;

/// A firmware file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which format the file was in; of several files, the first.
    pub format: Format,
    /// What is meant for which memory; at least one, no two for the same alternate setting.
    pub targets: Vec<ImageTarget>,
    /// The device ids of a DFU suffix.
    pub ids: Option<FileIds>,
    /// What is odd about the file, but no reason to refuse it: a sentence each.
    pub warnings: Vec<String>,
}

/// What is meant for one memory. *Target* is ST's word for an alternate setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTarget {
    /// `bAlternateSetting`, where the format names one.
    pub alternate_setting: Option<u8>,
    /// `szTargetName`, where there is one.
    pub name: Option<String>,
    /// Ordered by address, not empty, none overlapping.
    pub elements: Vec<ImageElement>,
}

/// Bytes without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageElement {
    /// `dwElementAddress`: where the first byte belongs.
    pub address: u32,
    /// At least one byte, the last at or below 0xFFFFFFFF.
    pub data: Vec<u8>,
}

/// What the caller knows about a file beyond its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// The file's name: one that ends in `.dfu` is a promise that the content must keep; others that name a format are
    /// one where the content is in no known format.
    pub file_name: Option<&'a Path>,
    /// Overrules what the content looks like.
    pub format: Option<Format>,
    /// Where the first byte of a raw binary belongs.
    pub address: Option<u32>,
}

/// Reads a firmware file, gzip-compressed or not. Its format is told from the content, unless the caller names one; raw
/// is what is in no known format.
///
/// # Errors
///
/// [`ImageError`], whose variants tell a damaged file from one that is something else and from a missing address.
pub fn load(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    let image = read(bytes, options)?;
    match options.address {
        Some(address) if image.format != Format::Bin => Err(ImageError::UnexpectedAddress {
            address,
            format: image.format,
        }),
        _ => Ok(image),
    }
}

/// What a gzip-compressed file holds; `None` where the file is not compressed.
///
/// # Errors
///
/// What is gzip-compressed, and damaged, or far more than firmware is.
pub fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>, ImageError> {
    match Content::of(bytes) {
        Content::Gzip => gzip::unpack(bytes).map(Some),
        _ => Ok(None),
    }
}

/// `dwCRC` of the DFU suffix that a file which was read without an error ends in.
pub fn suffix_crc(bytes: &[u8]) -> Option<u32> {
    suffix::check(bytes).ok().map(|suffix| suffix.crc)
}

/// Reads a firmware file. An address is for raw binaries, and passed over in other formats.
fn read(mut bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    if options.format == Some(Format::Bin) {
        return read_as_raw(bytes, options.address);
    }
    let mut name = options.file_name.map(Path::to_owned);
    if let Some(unpacked) = unpack(&bytes)? {
        bytes = unpacked;
        name = name.map(|name| name.with_extension(""));
    }
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let content = Content::of(&bytes);
    let promised = name.as_deref().and_then(Format::promised_by);
    let format = tell(&bytes, content, options.format, promised)?;
    let parse = match format {
        Format::Bin => {
            let mut image = bin::parse(bytes, options.address)?;
            image.warnings.extend(odd_as_guessed(content));
            return Ok(image);
        }
        Format::Dfu => dfu::parse,
        Format::Hex => hex::parse,
        Format::Elf => elf::parse,
        Format::Srec => srec::parse,
        Format::Uf2 => uf2::parse,
    };
    parse(&bytes).map_err(|error| Conversion::of(&bytes).map_or(error, ImageError::Converted))
}

/// The format that a file with this content is in, if that is what the caller or the file's name says it is.
fn tell(
    bytes: &[u8],
    content: Content,
    asked: Option<Format>,
    promised: Option<Format>,
) -> Result<Format, ImageError> {
    if let Some(format) = content.format() {
        // A plain DFU 1.1 file has the right to the name .dfu, and every other kind is better known by its content.
        let kept = content == Content::PlainDfu || promised != Some(Format::Dfu);
        let expected = asked.or(promised.filter(|_| !kept)).unwrap_or(format);
        return match expected == format {
            true => Ok(format),
            false => Err(not_in_format(expected, bytes, content)),
        };
    }
    let is_unknown = matches!(content, Content::Raw | Content::VectorTable | Content::Text);
    if let Some(conversion) = Conversion::of(bytes).filter(|_| is_unknown) {
        return Err(ImageError::Converted(conversion));
    }
    match (asked.or(promised), content) {
        // It may be the first line that is damaged: then the line is what to tell.
        (Some(format @ (Format::Hex | Format::Srec)), Content::Text) => Ok(format),
        (Some(expected), _) => Err(not_in_format(expected, bytes, content)),
        (None, _) if is_unknown => Ok(Format::Bin),
        (None, Content::Gzip) => Err(ImageError::GzipTwice),
        (None, _) => Err(ImageError::Unsupported(content)),
    }
}

/// Bytes as they are, whatever they look like.
fn read_as_raw(bytes: Vec<u8>, address: Option<u32>) -> Result<Image, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let warning = odd_as_raw(&bytes, Content::of(&bytes));
    let mut image = bin::parse(bytes, address)?;
    image.warnings.extend(warning);
    Ok(image)
}

/// A warning where the caller wants bytes flashed as they are that look like something else.
fn odd_as_raw(bytes: &[u8], content: Content) -> Option<String> {
    if let Some(conversion) = Conversion::of(bytes) {
        return Some(format!(
            "Taken byte for byte, as asked, although it looks damaged: {conversion}."
        ));
    }
    match content {
        Content::Raw | Content::VectorTable | Content::PlainDfu | Content::Text => None,
        other => Some(format!(
            "Taken byte for byte, as asked, although it is {other}."
        )),
    }
}

/// A warning where bytes of no known format are taken for a raw binary.
fn odd_as_guessed(content: Content) -> Option<String> {
    (content == Content::Text)
        .then(|| "The file holds nothing but text, which firmware seldom is.".to_owned())
}

fn not_in_format(expected: Format, bytes: &[u8], content: Content) -> ImageError {
    ImageError::NotInFormat {
        expected,
        found: bytes.iter().take(5).copied().collect(),
        content,
    }
}

#[cfg(test)]
mod tests;

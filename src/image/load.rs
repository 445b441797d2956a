//! Reading one firmware file: unpacked, its format told, then parsed.

use std::path::{Path, PathBuf};

use super::bin::{self, BIN};
use super::codec::Read;
use super::content::{Content, TextKind};
use super::dfu::DFU;
use super::error::{Conversion, ImageError};
use super::format::Format;
use super::formats::{promised_by, reader_of};
use super::gzip;
use super::model::{Image, Suspicion};
use super::prefix::Prefix;
use super::suffix;

/// The same for what is unpacked in a format whose data is copied out of it: with the copy, it is as little.
const MOST_BYTES_TO_COPY: u64 = 192 << 20;

/// What a file is, whether or not somebody has said where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub image: Image,
    /// Whether the addresses are those that the file, or the caller, says.
    pub has_addresses: bool,
    /// What was in the file, in bytes, where it is compressed.
    pub unpacked_size: Option<u64>,
    /// `dwCRC` of its DFU suffix.
    pub suffix_crc: Option<u32>,
    /// What its bytes begin with, of a raw binary.
    pub prefix: Option<Prefix>,
}

/// What the caller knows about a file beyond its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// The file's name: one that ends in `.dfu` is a promise that the content must keep; others that name a format are
    /// one where the content is in no known format.
    pub file_name: Option<&'a Path>,
    /// Overrules what the content looks like.
    pub format: Option<&'static Format>,
    /// Where the first byte of a raw binary belongs.
    pub address: Option<u32>,
}

/// Reads a firmware file, gzip-compressed or not. Its format is told from the content, unless the caller names one; raw
/// is what is in no known format.
#[cfg(test)]
pub fn load(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    check_address(read(bytes, options)?, options)
}

/// Describes a firmware file. A raw binary is what it is, wherever it belongs.
pub fn describe(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Description, ImageError> {
    let unpacked = Unpacked::new(bytes, options)?;
    let unpacked_size = unpacked
        .is_compressed
        .then_some(unpacked.bytes.len() as u64);
    let suffix =
        suffix::dfu_version(&unpacked.bytes).and_then(|_| suffix::check(&unpacked.bytes).ok());
    let somewhere = LoadOptions {
        address: options.address.or(Some(0)),
        ..*options
    };
    let image = check_address(unpacked.read(&somewhere)?, options)?;
    match image.suspicion {
        Some(Suspicion { content, .. }) if options.address.is_none() => {
            Err(ImageError::Unsupported(content))
        }
        _ => Ok(Description {
            has_addresses: image.format != &BIN || options.address.is_some(),
            suffix_crc: suffix
                .map(|suffix| suffix.crc)
                .filter(|_| image.ids.is_some()),
            unpacked_size,
            prefix: prefix(&image),
            image,
        }),
    }
}

/// What a raw binary begins with, which is part of it.
fn prefix(image: &Image) -> Option<Prefix> {
    let mut elements = image.targets.iter().flat_map(|target| &target.elements);
    let first = elements.next().filter(|_| image.format == &BIN)?;
    Prefix::of(&first.data)
}

/// An address is for raw binaries only.
fn check_address(image: Image, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    match options.address {
        Some(address) if image.format != &BIN => Err(ImageError::UnexpectedAddress {
            address,
            format: image.format,
        }),
        _ => Ok(image),
    }
}

/// Reads a firmware file. An address is for raw binaries, and passed over in other formats.
pub(super) fn read(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    Unpacked::new(bytes, options)?.read(options)
}

/// A file as it was before something compressed it.
struct Unpacked {
    /// At least one.
    bytes: Vec<u8>,
    name: Option<PathBuf>,
    is_compressed: bool,
}

impl Unpacked {
    fn new(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Self, ImageError> {
        let name = options.file_name.map(Path::to_owned);
        let is_compressed = options.format != Some(&BIN) && Content::of(&bytes) == Content::Gzip;
        let (bytes, name) = match is_compressed {
            true => {
                let name = name.map(|name| name.with_extension(""));
                (gzip::unpack(&bytes)?, name)
            }
            false => (bytes, name),
        };
        if bytes.is_empty() {
            return Err(ImageError::Empty);
        }
        Ok(Self {
            bytes,
            name,
            is_compressed,
        })
    }

    fn read(self, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
        if options.format == Some(&BIN) {
            return read_as_raw(self.bytes, options.address);
        }
        let bytes = self.bytes;
        let content = Content::of(&bytes);
        let promised = self.name.as_deref().and_then(promised_by);
        let format = tell(&bytes, content, options.format, promised)?;
        let Read::Addressed(parse) = reader_of(format) else {
            return read_guessed(bytes, content, options.address);
        };
        // Of text, the data is less than half.
        if !format.is_text && self.is_compressed && bytes.len() as u64 > MOST_BYTES_TO_COPY {
            return Err(ImageError::GzipTooLarge {
                most: MOST_BYTES_TO_COPY,
            });
        }
        parse(&bytes).map_err(|error| Conversion::of(&bytes).map_or(error, ImageError::Converted))
    }
}

/// The format that a file with this content is in, if that is what the caller or the file's name says it is.
fn tell(
    bytes: &[u8],
    content: Content,
    asked: Option<&'static Format>,
    promised: Option<&'static Format>,
) -> Result<&'static Format, ImageError> {
    if let Some(format) = content.format() {
        // A plain DFU 1.1 file has the right to the name .dfu, and every other kind is better known by its content.
        let kept = content == Content::PlainDfu || promised != Some(&DFU);
        let expected = asked.or(promised.filter(|_| !kept)).unwrap_or(format);
        return match expected == format {
            true => Ok(format),
            false => Err(not_in_format(expected, bytes, content)),
        };
    }
    if let Some(conversion) = Conversion::of(bytes).filter(|_| !content.is_no_firmware()) {
        return Err(ImageError::Converted(conversion));
    }
    match (asked.or(promised), content) {
        // It may be the first line that is damaged: then the line is what to tell.
        (Some(format), Content::Text(TextKind::Plain | TextKind::ServerError))
            if format.is_text =>
        {
            Ok(format)
        }
        (Some(expected), _) => Err(not_in_format(expected, bytes, content)),
        (None, Content::Gzip) => Err(ImageError::GzipTwice),
        (None, _) => Ok(&BIN),
    }
}

/// Bytes that nothing says to be in another format; `content` is what they look like. What is surely no firmware goes to
/// external memory at most: assets and file systems are nothing that a chip starts from.
fn read_guessed(
    bytes: Vec<u8>,
    content: Content,
    address: Option<u32>,
) -> Result<Image, ImageError> {
    let content = match content {
        // What the suffix follows.
        Content::PlainDfu => {
            let length = suffix::check(&bytes).map_or(0, |suffix| suffix.length);
            Content::of(&bytes[..bytes.len() - length])
        }
        content => content,
    };
    if !content.is_no_firmware() {
        return bin::parse(bytes, address);
    }
    match address {
        Some(address) if is_external(address) => {
            let mut image = bin::parse(bytes, Some(address))?;
            image.warnings.push(format!(
                "The file is {content}: that is no firmware, and goes to external memory byte for byte."
            ));
            Ok(image)
        }
        Some(address) if address < LOWEST_OF_FLASH => {
            let mut image = bin::parse(bytes, Some(address))?;
            image.suspicion = Some(Suspicion {
                file: String::new(),
                content,
            });
            Ok(image)
        }
        _ => Err(ImageError::Unsupported(content)),
    }
}

/// Where the chip's own flash begins, on every chip whose bootloader speaks DfuSe.
const LOWEST_OF_FLASH: u32 = 0x0800_0000;

/// Whether external memory is there, on every Cortex-M of ST's: its FMC, QUADSPI or OCTOSPI (RM0433 §2.3.2).
fn is_external(address: u32) -> bool {
    matches!(address >> 28, 0x6..=0x9 | 0xC..=0xD)
}

/// Bytes as they are, whatever they look like.
fn read_as_raw(bytes: Vec<u8>, address: Option<u32>) -> Result<Image, ImageError> {
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
        Content::Raw | Content::VectorTable | Content::PlainDfu => None,
        Content::Text(TextKind::Plain) => None,
        other => Some(format!(
            "Taken byte for byte, as asked, although it is {other}."
        )),
    }
}

fn not_in_format(expected: &'static Format, bytes: &[u8], content: Content) -> ImageError {
    ImageError::NotInFormat {
        expected,
        found: bytes.iter().take(5).copied().collect(),
        content,
    }
}

//! DfuSe files (`.dfu`; ST UM0391): a prefix, targets of elements, a suffix.

mod reader;
mod target;
mod write;

use byteorder::{ByteOrder, LittleEndian};

use self::reader::Reader;
use self::target::Target;
use super::codec::{Codec, Read, Write, Writer};
use super::error::ImageError;
use super::format::Format;
use super::model::{Image, ImageTarget, MOST_ELEMENTS};
use super::suffix;

pub use self::write::to_dfu;

pub static DFU: Format = Format {
    short_name: "dfu",
    help: HELP,
    article: "a DfuSe file",
    content: "a DfuSe file",
    beginning: "\"DfuSe\"",
    begins: |bytes| bytes.starts_with(b"DfuSe"),
    extensions: &["dfu"],
    is_text: false,
};

pub static CODEC: Codec = Codec {
    format: &DFU,
    read: Read::Addressed(parse),
    writer: Some(Writer {
        help: HELP,
        write: Write::Targets(to_dfu),
    }),
};

const HELP: &str = "ST's DfuSe file";

/// Bytes of a DFU prefix.
const PREFIX_LENGTH: usize = 11;
const IMAGE_SIZE_OFFSET: usize = 6;
const TARGET_COUNT_OFFSET: usize = 10;

/// Reads a DfuSe file, and checks all that can be checked without a board.
///
/// # Errors
/// The first thing that is wrong, outermost first: the frame, the CRC, the file's size, the targets, their elements.
fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    let prefix = Prefix::read(&mut Reader::new(bytes, "the end of the file"))?;
    if let Some(error) = wrong_end(bytes, prefix.image_size) {
        return Err(error);
    }
    let suffix = suffix::check(bytes)?;
    if suffix.dfu_version != suffix::DFUSE {
        return Err(suffix::wrong_version(bytes, "0x011a", suffix.dfu_version));
    }
    let body = &bytes[..bytes.len() - suffix.length];
    let mut warnings: Vec<String> = check_image_size(prefix.image_size, body.len(), bytes.len())?
        .into_iter()
        .chain(suffix.ids.warning())
        .collect();
    let targets = read_targets(Reader::new(body, "the suffix"), &mut warnings)?;
    if targets.is_empty() {
        return Err(ImageError::NothingToWrite);
    }
    Ok(Image {
        ids: Some(suffix.ids),
        warnings,
        ..Image::of_targets(&DFU, targets)
    })
}

/// The DFU prefix (UM0391 §2.1).
struct Prefix {
    /// `DFUImageSize`, in bytes: the file without its suffix, or, with some packers, the whole file.
    image_size: u32,
    /// `bTargets`
    target_count: u8,
}

impl Prefix {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ImageError> {
        let prefix: &[u8; PREFIX_LENGTH] = reader.array(format_args!("a DfuSe prefix"))?;
        if !prefix.starts_with(b"DfuSe") {
            return Err(ImageError::malformed(
                0,
                "\"DfuSe\"",
                format!("\"{}\"", prefix[..5].escape_ascii()),
            ));
        }
        if prefix[5] != 1 {
            let found = prefix[5].to_string();
            return Err(ImageError::malformed(5, "version 1 (bVersion)", found));
        }
        Ok(Self {
            image_size: LittleEndian::read_u32(&prefix[IMAGE_SIZE_OFFSET..]),
            target_count: prefix[TARGET_COUNT_OFFSET],
        })
    }
}

/// Where no suffix stands at the end, because the rest is missing or more follows: that.
fn wrong_end(bytes: &[u8], image_size: u32) -> Option<ImageError> {
    if suffix::dfu_version(bytes).is_some() {
        return None;
    }
    let length = bytes.len() as u64;
    let image_size = u64::from(image_size);
    let whole = image_size + suffix::LENGTH as u64;
    // DFUImageSize has two readings: without the suffix, and with it.
    for end in [whole, image_size] {
        let before = usize::try_from(end).ok().and_then(|end| bytes.get(..end));
        if let Some(before) = before.filter(|before| suffix::dfu_version(before).is_some()) {
            return Some(ImageError::malformed(
                before.len(),
                "the end of the file",
                format!("more bytes after the suffix: {}", length - end),
            ));
        }
    }
    (length < whole && length != image_size).then_some(ImageError::Truncated {
        expected: whole,
        found: length,
    })
}

/// A warning where `DFUImageSize` is the length of the whole file.
///
/// UM0391 words it so, but ST's own tools leave out the suffix, and most packers do as they do.
fn check_image_size(
    image_size: u32,
    body: usize,
    whole: usize,
) -> Result<Option<String>, ImageError> {
    let found = u64::from(image_size);
    let expected = body as u64;
    if found == expected {
        Ok(None)
    } else if found == whole as u64 {
        Ok(Some(format!(
            "DFUImageSize is {found}, the length of the whole file: ST's tools leave out the suffix."
        )))
    } else {
        Err(ImageError::WrongImageSize {
            offset: IMAGE_SIZE_OFFSET as u64,
            expected,
            found,
        })
    }
}

/// The targets between prefix and suffix, in the file's order; those that name no byte are left out.
fn read_targets(
    mut reader: Reader<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<ImageTarget>, ImageError> {
    // Once more, now that the suffix is known: in a tiny file the two can overlap.
    let count = Prefix::read(&mut reader)?.target_count;
    if count == 0 {
        return Err(ImageError::malformed(
            TARGET_COUNT_OFFSET,
            "at least one target (bTargets)",
            "0",
        ));
    }
    let mut first_offsets = [None; 256];
    let mut targets = Vec::new();
    let mut elements = 0;
    for number in 1..=count {
        let target = Target::read(&mut reader, number, count)?;
        let first_offset = &mut first_offsets[usize::from(target.alternate_setting)];
        if let Some(first_offset) = *first_offset {
            return Err(ImageError::TargetTwice {
                offset: target.offset as u64,
                alternate_setting: target.alternate_setting,
                first_offset,
            });
        }
        *first_offset = Some(target.offset as u64);
        let target = target.to_image(warnings)?;
        elements += target.as_ref().map_or(0, |target| target.elements.len());
        if elements > MOST_ELEMENTS {
            return Err(ImageError::TooManyElements);
        }
        targets.extend(target);
    }
    if reader.left() != 0 {
        return Err(ImageError::malformed(
            reader.offset(),
            format!("the suffix after the last target (bTargets is {count})"),
            format!("more bytes before it: {}", reader.left()),
        ));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests;

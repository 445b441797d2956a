//! Firmware, whatever file it came from: which bytes belong at which address of which memory.

mod bin;
mod content;
mod conversion;
mod dfu;
mod error;
mod suffix;

use std::path::Path;

pub use content::Content;
pub use conversion::Conversion;
pub use error::ImageError;
pub use suffix::FileIds;

/// A firmware file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which format the file was in.
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

/// A format that firmware is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Bytes without an address; a DFU 1.1 suffix may follow them.
    Bin,
    /// DfuSe (ST UM0391): names the memory and the address of each element.
    Dfu,
}

/// What the caller knows about a file beyond its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// The file's name: one that ends in `.dfu` is a promise that the content must keep.
    pub file_name: Option<&'a Path>,
    /// Overrules what the content looks like.
    pub format: Option<Format>,
    /// Where the first byte of a raw binary belongs.
    pub address: Option<u32>,
}

/// Reads a firmware file. Its format is told from the content, unless the caller names one; raw is what is in no known format.
///
/// # Errors
///
/// [`ImageError`], whose variants tell a damaged file from one that is something else and from a missing address.
pub fn load(bytes: Vec<u8>, options: &LoadOptions<'_>) -> Result<Image, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let content = Content::of(&bytes);
    match (options.format, content) {
        (Some(Format::Bin), _) => {
            let warning = odd_as_raw(&bytes, content);
            let mut image = bin::parse(bytes, options.address)?;
            image.warnings.extend(warning);
            Ok(image)
        }
        (_, Content::DfuSe) => {
            let image = dfu::parse(&bytes)
                .map_err(|error| Conversion::of(&bytes).map_or(error, ImageError::Converted))?;
            match options.address {
                Some(address) => Err(ImageError::UnexpectedAddress { address }),
                None => Ok(image),
            }
        }
        (None, Content::PlainDfu) => bin::parse(bytes, options.address),
        (None, Content::Raw | Content::VectorTable | Content::Text) => {
            if let Some(conversion) = Conversion::of(&bytes) {
                return Err(ImageError::Converted(conversion));
            }
            if is_named_dfu(options.file_name) {
                return Err(not_dfu(&bytes, content));
            }
            let mut image = bin::parse(bytes, options.address)?;
            if content == Content::Text {
                image
                    .warnings
                    .push("The file holds nothing but text, which firmware seldom is.".to_owned());
            }
            Ok(image)
        }
        (None, _) if !is_named_dfu(options.file_name) => Err(ImageError::Unsupported(content)),
        (None | Some(Format::Dfu), _) => Err(not_dfu(&bytes, content)),
    }
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

fn not_dfu(bytes: &[u8], content: Content) -> ImageError {
    ImageError::NotDfu {
        found: bytes.iter().take(5).copied().collect(),
        content,
    }
}

fn is_named_dfu(file_name: Option<&Path>) -> bool {
    file_name
        .and_then(Path::extension)
        .is_some_and(|extension| extension.eq_ignore_ascii_case("dfu"))
}

#[cfg(test)]
mod tests;

//! One target of a DfuSe file (ST UM0391 §2.3): a prefix, and elements of an address and data each.

use byteorder::{ByteOrder, LittleEndian};

use super::reader::Reader;
use crate::address::ADDRESS_SPACE;
use crate::image::error::{ImageError, Place};
use crate::image::model::{ImageElement, ImageTarget, MOST_ELEMENTS};
use crate::image::pieces::Piece;

/// Bytes of a target prefix.
const PREFIX_LENGTH: usize = 274;
const TARGET_SIZE_OFFSET: usize = 266;
const ELEMENT_COUNT_OFFSET: usize = 270;
/// Bytes before an element's data.
const ELEMENT_HEADER_LENGTH: usize = 8;

/// A target as it stands in the file.
pub struct Target<'a> {
    /// Where it begins in the file.
    pub offset: usize,
    /// `bAlternateSetting`
    pub alternate_setting: u8,
    /// `szTargetName`, where `bTargetNamed` says that there is one.
    name: Option<&'a [u8]>,
    /// `dwNbElements`
    element_count: u32,
    /// The elements with their headers: `dwTargetSize` bytes.
    elements: Reader<'a>,
}

impl<'a> Target<'a> {
    /// Takes the target that begins here, the `number`th of `count`, elements and all.
    pub fn read(reader: &mut Reader<'a>, number: u8, count: u8) -> Result<Self, ImageError> {
        let offset = reader.offset();
        let prefix: &[u8; PREFIX_LENGTH] =
            reader.array(format_args!("target {number} of {count}"))?;
        if !prefix.starts_with(b"Target") {
            return Err(ImageError::malformed(
                offset,
                format!("\"Target\", the signature of target {number} of {count}"),
                format!("\"{}\"", prefix[..6].escape_ascii()),
            ));
        }
        let size = LittleEndian::read_u32(&prefix[TARGET_SIZE_OFFSET..]);
        let element_count = LittleEndian::read_u32(&prefix[ELEMENT_COUNT_OFFSET..]);
        let left = reader.left();
        let Some(elements) = reader.split(size, "the end of the target") else {
            return Err(ImageError::malformed(
                offset + TARGET_SIZE_OFFSET,
                format!("a target size of at most {left}, up to the suffix (dwTargetSize)"),
                size.to_string(),
            ));
        };
        let most = size / ELEMENT_HEADER_LENGTH as u32;
        if element_count > most {
            return Err(ImageError::malformed(
                offset + ELEMENT_COUNT_OFFSET,
                format!("at most {most} elements in {size} bytes (dwNbElements)"),
                element_count.to_string(),
            ));
        }
        Ok(Self {
            offset,
            alternate_setting: prefix[6],
            name: (LittleEndian::read_u32(&prefix[7..]) != 0)
                .then_some(&prefix[11..TARGET_SIZE_OFFSET]),
            element_count,
            elements,
        })
    }

    /// What the target holds, with a warning for all that is odd; `None` where it names no byte.
    pub fn to_image(&self, warnings: &mut Vec<String>) -> Result<Option<ImageTarget>, ImageError> {
        let elements = self.read_elements()?;
        let named = "The target for alternate setting";
        let empty = self.element_count as usize - elements.len();
        if elements.is_empty() {
            warnings.push(format!(
                "{named} {} has no bytes: left out.",
                self.alternate_setting
            ));
            return Ok(None);
        }
        if empty != 0 {
            warnings.push(format!(
                "{named} {} has elements of size 0 ({empty} of {}): left out.",
                self.alternate_setting, self.element_count
            ));
        }
        Ok(Some(ImageTarget {
            alternate_setting: Some(self.alternate_setting),
            name: self.read_name(warnings),
            elements: elements
                .into_iter()
                .map(|element| ImageElement {
                    address: element.address,
                    data: element.data.to_vec(),
                })
                .collect(),
        }))
    }

    /// The elements that have data, ordered by address.
    fn read_elements(&self) -> Result<Vec<Piece<'a>>, ImageError> {
        let mut reader = self.elements.clone();
        let mut elements: Vec<Piece<'_>> = Vec::new();
        for number in 1..=self.element_count {
            let element = read_element(&mut reader, number, self.element_count)?;
            if !element.data.is_empty() {
                elements.push(element);
            }
            if elements.len() > MOST_ELEMENTS {
                return Err(ImageError::TooManyElements);
            }
        }
        if reader.left() != 0 {
            return Err(ImageError::malformed(
                self.offset + TARGET_SIZE_OFFSET,
                format!(
                    "a target size of {}, the sum of its elements (dwTargetSize)",
                    self.elements.left() - reader.left()
                ),
                self.elements.left().to_string(),
            ));
        }
        elements.sort_unstable_by_key(|element| (element.address, element.at));
        check_overlap(&elements)?;
        Ok(elements)
    }

    /// The name up to its NUL: ST's own tool leaves after it what was in its memory before.
    fn read_name(&self, warnings: &mut Vec<String>) -> Option<String> {
        let field = self.name?;
        let named = "The name of the target for alternate setting";
        let end = field.iter().position(|&byte| byte == 0);
        if end.is_none() {
            warnings.push(format!(
                "{named} {} has no NUL at its end.",
                self.alternate_setting
            ));
        }
        let name = &field[..end.unwrap_or(field.len())];
        let is_text = std::str::from_utf8(name).is_ok_and(|name| !name.contains(char::is_control));
        if !is_text {
            warnings.push(format!(
                "{named} {} is not text: \"{}\".",
                self.alternate_setting,
                name.escape_ascii()
            ));
        }
        let printable = String::from_utf8_lossy(name).replace(char::is_control, "\u{FFFD}");
        (!printable.is_empty()).then_some(printable)
    }
}

/// The image element (UM0391 §2.3.3) that begins here, its data still in the file.
fn read_element<'a>(
    reader: &mut Reader<'a>,
    number: u32,
    count: u32,
) -> Result<Piece<'a>, ImageError> {
    let offset = reader.offset();
    let header: &[u8; ELEMENT_HEADER_LENGTH] =
        reader.array(format_args!("element {number} of {count}"))?;
    let address = LittleEndian::read_u32(header);
    let size = LittleEndian::read_u32(&header[4..]);
    let left = reader.left();
    let Some(data) = reader.take(size) else {
        return Err(ImageError::malformed(
            offset + 4,
            format!(
                "an element size of at most {left}, up to the end of the target (dwElementSize)"
            ),
            size.to_string(),
        ));
    };
    let element = Piece {
        at: Place::Offset(offset as u64),
        address,
        data,
    };
    match element.range().end > ADDRESS_SPACE {
        true => Err(ImageError::malformed(
            offset,
            "an element that ends at or below 0xffffffff",
            format!("{size} bytes at {address:#010x}"),
        )),
        false => Ok(element),
    }
}

/// Of elements that are ordered by address and not empty, some overlap only where two neighbours do.
fn check_overlap(elements: &[Piece<'_>]) -> Result<(), ImageError> {
    for (lower, higher) in elements.iter().zip(elements.iter().skip(1)) {
        if higher.range().start < lower.range().end {
            return Err(ImageError::Overlap {
                at: higher.at,
                range: higher.range(),
                other: lower.at,
                other_range: lower.range(),
            });
        }
    }
    Ok(())
}

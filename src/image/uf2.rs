//! UF2 files (microsoft/uf2, README): blocks of 512 bytes, each with its address and the family of chips it is for.

mod family;

use byteorder::{ByteOrder, LittleEndian};

use self::family::Family;
use super::pieces::{self, Piece};
use super::{Format, Image, ImageError, Place};

/// Bytes of a block.
const BLOCK_LENGTH: usize = 512;
/// Where `data` stands in a block.
const DATA_OFFSET: usize = 32;
/// Most bytes of `data`.
const DATA_LENGTH: usize = 476;
/// `magicStart0` and `magicStart1`
const START: &[u8; 8] = b"UF2\n\x57\x51\x5D\x9E";
/// `magicEnd`
const END: &[u8; 4] = b"\x30\x6F\xB1\x0A";
/// Where the fields of a block stand.
const FLAGS_OFFSET: usize = 8;
const PAYLOAD_SIZE_OFFSET: usize = 16;
const BLOCK_NUMBER_OFFSET: usize = 20;
const BLOCK_COUNT_OFFSET: usize = 24;
const FAMILY_OFFSET: usize = 28;
const END_OFFSET: usize = 508;
/// Bits of `flags`.
const NOT_MAIN_FLASH: u32 = 0x0000_0001;
const FILE_CONTAINER: u32 = 0x0000_1000;
const FAMILY_ID_PRESENT: u32 = 0x0000_2000;

/// Reads a UF2 file. Blocks may come in any order; those for chips of others than ST are passed over, if there are some
/// for an STM32.
///
/// # Errors
///
/// A block that breaks the format's rules, a file for none or for several families of STM32, and one that lacks a block
/// or has one twice.
pub fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    let mut blocks = Vec::new();
    let mut chunks = bytes.chunks_exact(BLOCK_LENGTH);
    for (offset, chunk) in (0..).step_by(BLOCK_LENGTH).zip(&mut chunks) {
        blocks.push(Block::read(offset, chunk)?);
    }
    if !chunks.remainder().is_empty() {
        return Err(ImageError::malformed(
            bytes.len() - chunks.remainder().len(),
            format!("a block of {BLOCK_LENGTH} bytes"),
            format!("{}, then the end of the file", chunks.remainder().len()),
        ));
    }
    let (mut blocks, warning) = for_one_family(blocks)?;
    blocks.sort_unstable_by_key(|block| (block.number, block.offset));
    check_numbers(&blocks)?;
    let pieces = blocks.iter().filter(|block| block.is_for_main_flash);
    let mut image = pieces::image(Format::Uf2, pieces.map(Block::piece).collect())?;
    image.warnings.extend(warning);
    Ok(image)
}

/// A block whose frame is right.
struct Block<'a> {
    /// Where it stands in the file.
    offset: usize,
    /// `familyID`
    family: Option<Family>,
    /// `blockNo`
    number: u32,
    /// `numBlocks`
    count: u32,
    /// Not a comment.
    is_for_main_flash: bool,
    /// `targetAddr`
    address: u32,
    data: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads the block of 512 bytes that stands at this offset.
    fn read(offset: usize, bytes: &'a [u8]) -> Result<Self, ImageError> {
        for (magic, at) in [(&START[..], 0), (&END[..], END_OFFSET)] {
            let found = &bytes[at..at + magic.len()];
            if found != magic {
                return Err(ImageError::malformed(
                    offset + at,
                    format!("\"{}\", the signature of a block", magic.escape_ascii()),
                    format!("\"{}\"", found.escape_ascii()),
                ));
            }
        }
        let field = |at: usize| LittleEndian::read_u32(&bytes[at..]);
        let flags = field(FLAGS_OFFSET);
        if flags & FILE_CONTAINER != 0 {
            return Err(ImageError::malformed(
                offset + FLAGS_OFFSET,
                "a block of firmware",
                format!("a block of a file for a file system (flags {flags:#010x})"),
            ));
        }
        let size = field(PAYLOAD_SIZE_OFFSET);
        let Some(data) = bytes[DATA_OFFSET..][..DATA_LENGTH].get(..size as usize) else {
            return Err(ImageError::malformed(
                offset + PAYLOAD_SIZE_OFFSET,
                format!("at most {DATA_LENGTH} bytes of data (payloadSize)"),
                size.to_string(),
            ));
        };
        Ok(Self {
            offset,
            family: (flags & FAMILY_ID_PRESENT != 0).then(|| Family(field(FAMILY_OFFSET))),
            number: field(BLOCK_NUMBER_OFFSET),
            count: field(BLOCK_COUNT_OFFSET),
            is_for_main_flash: flags & NOT_MAIN_FLASH == 0,
            address: field(12),
            data,
        })
    }

    fn piece(&self) -> Piece<'a> {
        Piece {
            at: Place::Offset(self.offset as u64),
            address: self.address,
            data: self.data,
        }
    }
}

/// The blocks for the one family of STM32 that the file is for, with a warning where that is not all of it. Files for
/// several chips are made by putting one behind the other; each numbers its own blocks.
fn for_one_family(blocks: Vec<Block<'_>>) -> Result<(Vec<Block<'_>>, Option<String>), ImageError> {
    if blocks.iter().all(|block| block.family.is_none()) {
        let warning = "The file doesn't say which family of chips it is for.".to_owned();
        return Ok((blocks, Some(warning)));
    }
    let is_wanted = |block: &Block<'_>| block.family.is_some_and(Family::is_stm32);
    let wanted = blocks.iter().find(|block| is_wanted(block));
    let unwanted = blocks.iter().find(|block| !is_wanted(block));
    let (Some(wanted), other) = (wanted, unwanted) else {
        return Err(wrong_family(unwanted, "the family of an STM32 (familyID)"));
    };
    let family = wanted.family;
    let expected = format!("blocks for {} only", named(family));
    let second = blocks
        .iter()
        .find(|block| is_wanted(block) && block.family != family);
    if second.is_some() {
        return Err(wrong_family(second, expected));
    }
    let warning = other.map(|other| {
        format!(
            "The file is for {} too: only its blocks for {} are used.",
            named(other.family),
            named(family)
        )
    });
    let blocks = blocks.into_iter().filter(is_wanted).collect();
    Ok((blocks, warning))
}

fn wrong_family(block: Option<&Block<'_>>, expected: impl Into<String>) -> ImageError {
    ImageError::malformed(
        block.map_or(0, |block| block.offset) + FAMILY_OFFSET,
        expected,
        named(block.and_then(|block| block.family)),
    )
}

fn named(family: Option<Family>) -> String {
    family.map_or("chips of no family".to_owned(), |family| family.to_string())
}

/// Checks that each of the blocks, which are ordered by number, is there, and once.
fn check_numbers(blocks: &[Block<'_>]) -> Result<(), ImageError> {
    for (expected, block) in (0..).zip(blocks) {
        if block.count as usize != blocks.len() {
            return Err(ImageError::malformed(
                block.offset + BLOCK_COUNT_OFFSET,
                format!(
                    "a count of {}, the blocks in the file (numBlocks)",
                    blocks.len()
                ),
                block.count.to_string(),
            ));
        }
        if block.number != expected {
            return Err(ImageError::malformed(
                block.offset + BLOCK_NUMBER_OFFSET,
                format!("block {expected} of {} (blockNo)", block.count),
                block.number.to_string(),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! UF2 files (microsoft/uf2, README): blocks of 512 bytes, each with its address and the family of chips it is for.

use byteorder::{ByteOrder, LittleEndian};

use crate::chip::family::Family;

use super::codec::{Codec, Read};
use super::error::{ImageError, Place};
use super::format::Format;
use super::model::Image;
use super::pieces::{self, Piece, Repetition};

pub static UF2: Format = Format {
    short_name: "uf2",
    help: "UF2, for a chip that speaks DfuSe",
    article: "a UF2 file",
    content: "a UF2 file",
    beginning: "\"UF2\\n\"",
    begins: |bytes| bytes.starts_with(START),
    extensions: &["uf2"],
    is_text: false,
};

pub static CODEC: Codec = Codec {
    format: &UF2,
    read: Read::Addressed(parse),
    writer: None,
};

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

/// Reads a UF2 file. Blocks may come in any order; those for chips that don't speak DfuSe are passed over, if there are
/// some for one that does.
///
/// # Errors
/// A block that breaks the format's rules, a file for several families to choose from, and one that lacks a block or has
/// one twice.
fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
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
    let OneFamily {
        mut blocks,
        family,
        warning,
    } = for_one_family(blocks)?;
    blocks.sort_unstable_by_key(|block| (block.number, block.offset));
    check_numbers(&blocks)?;
    let mut image = pieces::image(&UF2, Repetition::Refused, |visit| {
        let mut blocks = blocks.iter().filter(|block| block.is_for_main_flash);
        blocks.try_for_each(|block| visit(block.piece()))
    })?;
    image.family = family;
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

/// The blocks for one family, with a warning where that is not all of the file.
struct OneFamily<'a> {
    blocks: Vec<Block<'a>>,
    family: Option<Family>,
    warning: Option<String>,
}

/// The blocks for the one family that the file is for. Files for several chips are made by putting one after the other,
/// each with numbers of its own: of those, the part is taken that a board which speaks DfuSe can be meant by.
fn for_one_family(blocks: Vec<Block<'_>>) -> Result<OneFamily<'_>, ImageError> {
    let speaks_dfuse =
        |block: &Block<'_>| block.family.is_some_and(|family| family.maker().is_some());
    let wanted = blocks.iter().find(|block| speaks_dfuse(block));
    let Some(family) = wanted.or(blocks.first()).map(|block| block.family) else {
        return Err(ImageError::NothingToWrite);
    };
    let other = blocks.iter().find(|block| block.family != family);
    let mut others = blocks.iter().filter(|block| block.family != family);
    let rival = match wanted {
        Some(_) => others.find(|block| speaks_dfuse(block)),
        None => other,
    };
    if let Some(rival) = rival {
        return Err(ImageError::malformed(
            rival.offset + FAMILY_OFFSET,
            format!("blocks for {} only", named(family)),
            named(rival.family),
        ));
    }
    let warning = match (family, other) {
        (None, _) => Some("The file doesn't say which family of chips it is for.".to_owned()),
        (_, None) => None,
        (_, Some(other)) => Some(format!(
            "The file is for {} too: only its blocks for {} are used.",
            named(other.family),
            named(family)
        )),
    };
    let blocks = blocks
        .into_iter()
        .filter(|block| block.family == family)
        .collect();
    Ok(OneFamily {
        blocks,
        family,
        warning,
    })
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

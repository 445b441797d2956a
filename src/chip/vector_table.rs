//! The vector table that a Cortex-M starts from: whether what an image has in its place can be one.
//!
//! The core loads its first word into the stack pointer and jumps to its second (ARMv7-M Architecture Reference Manual
//! §B1.5.5, ARMv6-M §B1.5.5). Whatever the rest of the image is: if these two are wrong, it doesn't start.

use std::fmt;

use crate::address::AddressRange;

use super::map::{FLASH, FLASH_ALIASES, is_stack_top};

/// A vector table that no application can start from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadVectorTable {
    /// Where it is.
    address: u32,
    /// The initial stack pointer, if it is wrong.
    stack_pointer: Option<u32>,
    /// The reset vector, if it is wrong.
    reset: Option<u32>,
    /// What the image has, from its first byte to its last.
    image: AddressRange,
}

impl fmt::Display for BadVectorTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, image, .. } = self;
        write!(
            f,
            "nothing can start from the vector table at {address:#010x}: "
        )?;
        if let Some(found) = self.stack_pointer {
            write!(
                f,
                "the initial stack pointer is {found:#010x}, expected an address in RAM"
            )?;
        }
        if self.stack_pointer.is_some() && self.reset.is_some() {
            f.write_str("; ")?;
        }
        match self.reset {
            Some(found) if found & 1 == 0 => write!(
                f,
                "the reset vector is {found:#010x}, expected an odd address"
            ),
            Some(found) => write!(
                f,
                "the reset vector is {found:#010x}, expected an address in the file, {:#010x}..{:#010x}",
                image.address, image.end
            ),
            None => Ok(()),
        }
    }
}

/// Bytes of an image without a gap.
#[derive(Debug, Clone, Copy)]
pub struct Part<'b> {
    /// Of the first byte.
    pub address: u32,
    /// At least one.
    pub data: &'b [u8],
}

impl Part<'_> {
    fn range(self) -> AddressRange {
        AddressRange {
            address: self.address,
            end: u64::from(self.address) + self.data.len() as u64,
        }
    }
}

/// Whether the image can be started from a vector table at `address`. `image` is all of it, ascending.
pub fn is_sound(image: &[Part<'_>], address: u32) -> bool {
    Table::at(image, address).is_some_and(|table| table.in_ram() && table.is_inside(image))
}

/// What is wrong with the vector table that the application will be started from, as far as it is in the image.
///
/// It is expected where the user wants the application to be started (`entry`), or where the chip starts by itself, at
/// the beginning of its flash. Elsewhere only what looks like one is taken for one: what a bootloader expects in front
/// of an application, nobody knows.
pub fn find_fault(image: &[Part<'_>], entry: Option<u32>) -> Option<BadVectorTable> {
    let first = image.first()?.address;
    let looks_like_one =
        |address: &u32| Table::at(image, *address).is_some_and(Table::is_plausible);
    let address = entry
        .or_else(|| Some(first).filter(looks_like_one))
        .unwrap_or(FLASH.address);
    let table = Table::at(image, address)?;
    let stack_pointer = Some(table.stack_pointer).filter(|_| !table.in_ram());
    let reset = Some(table.reset).filter(|_| !table.is_inside(image));
    let end = image.last().map_or(0, |last| last.range().end);
    (stack_pointer.is_some() || reset.is_some()).then_some(BadVectorTable {
        address,
        stack_pointer,
        reset,
        image: AddressRange {
            address: first,
            end,
        },
    })
}

/// What the address of a vector table is a multiple of, in bytes (ARMv7-M Architecture Reference Manual §B3.2.5, VTOR).
const TABLE_ALIGNMENT: u32 = 128;

/// An image that was placed by its user, and whose code jumps to elsewhere in flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedElsewhere {
    /// Where it was placed.
    pub address: u32,
    /// Whether a vector table can be there.
    pub is_aligned: bool,
    /// Its reset vector, without the Thumb bit.
    pub reset: u32,
    /// Where it was linked for, if that can be told.
    pub guess: Option<u32>,
}

impl fmt::Display for LinkedElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.guess {
            Some(guess) => write!(f, "it looks linked for {guess:#010x}")?,
            None => write!(f, "it looks linked for another address")?,
        }
        let Self { address, reset, .. } = self;
        if !self.is_aligned {
            return write!(
                f,
                ", and no vector table can be at {address:#010x}, which is no multiple of {TABLE_ALIGNMENT}"
            );
        }
        write!(
            f,
            ", not for {address:#010x}: its code starts at {reset:#010x}, which is not in the file"
        )
    }
}

/// Whether the image at `address` looks linked for another one: a stack in RAM, and a reset vector in flash, but not in
/// `image`, which is all that is to be written, ascending. `borders` are where it may belong, ascending.
pub fn linked_elsewhere(
    image: &[Part<'_>],
    address: u32,
    borders: impl Iterator<Item = u32>,
) -> Option<LinkedElsewhere> {
    let placed = image.iter().find(|part| part.address == address)?;
    let table = Table::at(image, address)?;
    let is_aligned = address % TABLE_ALIGNMENT == 0;
    if !table.is_plausible() || is_aligned && table.is_inside(image) {
        return None;
    }
    Some(LinkedElsewhere {
        address,
        is_aligned,
        reset: table.reset & !1,
        guess: guess_address(placed.data, table.reset, borders),
    })
}

/// Whether these are the first bytes of a vector table that something in flash starts from.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    Table::of(bytes).is_some_and(Table::is_plausible)
}

/// Where most of what looks like an address in flash would lie in the image itself.
fn guess_address(image: &[u8], reset: u32, borders: impl Iterator<Item = u32>) -> Option<u32> {
    let words = image.chunks_exact(4);
    let mut pointers: Vec<u64> = words
        .filter_map(|word| Some(u32::from_le_bytes(word.try_into().ok()?)))
        .filter(|word| FLASH.contains(*word))
        .map(u64::from)
        .collect();
    pointers.sort_unstable();
    let range = |address: u32| AddressRange {
        address,
        end: u64::from(address) + image.len() as u64,
    };
    let inside = |address: &u32| {
        let AddressRange { address, end } = range(*address);
        let first = pointers.partition_point(|pointer| *pointer < u64::from(address));
        pointers.partition_point(|pointer| *pointer < end) - first
    };
    borders
        .filter(|address| range(*address).contains(reset & !1))
        .max_by_key(inside)
}

/// The first two words of a vector table.
#[derive(Debug, Clone, Copy)]
struct Table {
    stack_pointer: u32,
    reset: u32,
}

impl Table {
    /// The words at `address`, if the image has them.
    fn at(image: &[Part<'_>], address: u32) -> Option<Self> {
        let part = image.iter().rfind(|part| part.address <= address)?;
        let offset = usize::try_from(address - part.address).ok()?;
        Self::of(part.data.get(offset..)?)
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let (stack_pointer, rest) = bytes.split_first_chunk()?;
        let reset = rest.first_chunk()?;
        Some(Self {
            stack_pointer: u32::from_le_bytes(*stack_pointer),
            reset: u32::from_le_bytes(*reset),
        })
    }

    fn in_ram(self) -> bool {
        is_stack_top(self.stack_pointer)
    }

    /// Whether something in flash may start from it.
    fn is_plausible(self) -> bool {
        self.in_ram() && self.is_for_flash()
    }

    /// Whether it jumps to Thumb code in the chip's own flash.
    fn is_for_flash(self) -> bool {
        self.reset & 1 == 1 && FLASH.contains(self.reset)
    }

    /// Whether it jumps to Thumb code in the image.
    fn is_inside(self, image: &[Part<'_>]) -> bool {
        let code = self.reset & !1;
        let aliases = FLASH_ALIASES
            .iter()
            .filter(|alias| alias.contains(code))
            .map(|alias| FLASH.address + (code - alias.address));
        let mut places = [code].into_iter().chain(aliases);
        let has = |address: u32| {
            let mut ranges = image.iter().map(|part| part.range());
            ranges.any(|range| range.contains(address))
        };
        self.reset & 1 == 1 && places.any(has)
    }
}

#[cfg(test)]
mod tests;

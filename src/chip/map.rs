//! The memory of STM32s and their relatives: where it is, what it is when it is erased, how much is written at once.
//!
//! The simulator has figures of its own, from data sheets (`sim`): a figure that is wrong here has to fail there.

use crate::address::AddressRange;

/// Where STM32s and their relatives have RAM: the largest of each kind (reference manuals, "Memory map"). A stack pointer
/// may point at the end, since the first push comes before the first write.
const RAM: &[AddressRange] = &[
    // CCM of F3, F4 (64K) and G4; SRAM2 of L4 (RM0090 §2.3.1, RM0432 §2.2).
    range(0x1000_0000, 64 << 10),
    // SRAM, with the DTCM of F7 and H7 in front; U5Gx has 3008K (RM0456 §2.2).
    range(0x2000_0000, 3 << 20),
    // AXI SRAM of H7; H7A3 has 1M (RM0455 §2.3.2).
    range(0x2400_0000, 1 << 20),
    // SRAM4 of U5 (RM0456 §2.2).
    range(0x2800_0000, 16 << 10),
    // SRAM1 to 3 of H7; with TrustZone, the SRAM of L5, H5 and U5 once more (RM0433 §2.3.2, RM0456 §2.2).
    range(0x3000_0000, 3 << 20),
    // SRAM4 of H7 (RM0433 §2.3.2), and U5's once more.
    range(0x3800_0000, 64 << 10),
];

/// Where the chip's own flash is, and where it begins when it starts (RM0090 §2.4 and all others).
pub const FLASH: AddressRange = range(0x0800_0000, 16 << 20);

/// Where code in flash can be addressed, too, by its offset: where the core boots from, F7's ITCM (RM0385 §2.2.2), and
/// flash with TrustZone (RM0456 §2.2).
pub const FLASH_ALIASES: &[AddressRange] = &[
    range(0x0000_0000, 2 << 20),
    range(0x0020_0000, 2 << 20),
    range(0x0C00_0000, 16 << 20),
];

/// The largest unit that an STM32 programs at once, in bytes (L1: half a page; others are smaller powers of two). A unit
/// can be written once per erase, so what lies in one unit has to go out together, and L476/L486 ROMs corrupt flash where
/// a block's length is no multiple of 8.
pub const PROGRAM_UNIT: u64 = 128;

const fn range(address: u32, size: u64) -> AddressRange {
    // `u64::from` is not const.
    let end = address as u64 + size;
    AddressRange { address, end }
}

/// Whether a stack can begin there. The core takes no notice of the two lowest bits, and linker scripts of ST's had
/// `_estack = 0x2001FFFF`.
pub fn is_stack_top(address: u32) -> bool {
    let top = u64::from(address & !3);
    RAM.iter().any(|ram| ram.start() < top && top <= ram.end)
}

/// Whether this is an address of the chip's flash or data EEPROM, of RAM or of external memory, as every Cortex-M has
/// them; what else there is on a STM32 are its system memory, its registers and its own peripherals.
pub fn is_for_programs(address: u32) -> bool {
    matches!(address >> 24, 0x08 | 0x10 | 0x20..=0x3F | 0x60..=0x9F | 0xC0..=0xDF)
}

/// What erased memory reads as, by the sizes of its pages in bytes.
///
/// On STM32L0 and L1 it is 0x00 (RM0367 and RM0038, embedded flash memory), elsewhere 0xFF. These two have pages of 128
/// and of 256 bytes, as no other STM32 has; nothing else tells them apart over USB.
pub fn erased_value(page_sizes: impl Iterator<Item = u32>) -> u8 {
    let mut page_sizes = page_sizes.peekable();
    let is_small = page_sizes.peek().is_some() && page_sizes.all(|size| matches!(size, 128 | 256));
    if is_small { 0x00 } else { 0xFF }
}

/// Whether programming what is not blank leaves words that can't even be read, by the sizes of a memory's sectors in bytes.
///
/// An H7 takes a flash word a second time without an error; its error correction code is wrong then, and reading it is a
/// bus error (RM0433, embedded flash memory, error management). It has nothing but sectors of 128 KiB, as no other STM32
/// has; an H7A3 has nothing but sectors of 8 KiB.
pub fn is_spoiled_by_programming_twice(mut sector_sizes: impl Iterator<Item = u32>) -> bool {
    sector_sizes.all(|size| matches!(size, 0x2000 | 0x20000))
}

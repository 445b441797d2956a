//! The vector table that a Cortex-M starts from: whether what an image has in its place can be one.
//!
//! The core loads its first word into the stack pointer and jumps to its second (ARMv7-M Architecture Reference Manual
//! §B1.5.5, ARMv6-M §B1.5.5). Whatever the rest of the image is: if these two are wrong, it doesn't start.

use std::fmt;

use crate::dfuse::range::AddressRange;
use crate::image::ImageElement;

/// Where STM32s and their relatives have RAM: the largest of each kind (reference manuals, "Memory map"). A stack pointer
/// may point behind the end, since the first push comes before the first write.
const RAM: &[AddressRange] = &[
    // CCM of F3, F4 (64K) and G4; SRAM2 of L4 (RM0090 §2.3.1, RM0432 §2.2).
    stretch(0x1000_0000, 64 << 10),
    // SRAM, with the DTCM of F7 and H7 in front; U5Gx has 3008K (RM0456 §2.2).
    stretch(0x2000_0000, 3 << 20),
    // AXI SRAM of H7; H7A3 has 1M (RM0455 §2.3.2).
    stretch(0x2400_0000, 1 << 20),
    // SRAM4 of U5 (RM0456 §2.2).
    stretch(0x2800_0000, 16 << 10),
    // SRAM1 to 3 of H7; behind TrustZone, the SRAM of L5, H5 and U5 once more (RM0433 §2.3.2, RM0456 §2.2).
    stretch(0x3000_0000, 3 << 20),
    // SRAM4 of H7 (RM0433 §2.3.2), and U5's once more.
    stretch(0x3800_0000, 64 << 10),
];

/// Where the chip's own flash is, and where it begins when it starts (RM0090 §2.4 and all others).
const FLASH: AddressRange = stretch(0x0800_0000, 16 << 20);

/// Where code in flash can be addressed, too, by its offset: where the core boots from, F7's ITCM (RM0385 §2.2.2), and
/// flash behind TrustZone (RM0456 §2.2).
const FLASH_ALIASES: &[AddressRange] = &[
    stretch(0x0000_0000, 2 << 20),
    stretch(0x0020_0000, 2 << 20),
    stretch(0x0C00_0000, 16 << 20),
];

const fn stretch(address: u32, size: u64) -> AddressRange {
    // `u64::from` is not const.
    let end = address as u64 + size;
    AddressRange { address, end }
}

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

/// Whether the image can be started from a vector table at `address`. `elements` are all of it, ascending.
pub fn is_sound(elements: &[&ImageElement], address: u32) -> bool {
    Table::at(elements, address).is_some_and(|table| table.in_ram() && table.is_inside(elements))
}

/// What is wrong with the vector table that the application will be started from, as far as it is in the image.
///
/// It is expected where the user wants the application to be started (`entry`), or where the chip starts by itself, at
/// the beginning of its flash. Elsewhere only what looks like one is taken for one: what a bootloader expects in front
/// of an application, nobody knows.
pub fn find_fault(elements: &[&ImageElement], entry: Option<u32>) -> Option<BadVectorTable> {
    let first = elements.first()?.address;
    let looks_like_one = |address: &u32| {
        Table::at(elements, *address).is_some_and(|table| table.in_ram() && table.is_for_flash())
    };
    let address = entry
        .or_else(|| Some(first).filter(looks_like_one))
        .unwrap_or(FLASH.address);
    let table = Table::at(elements, address)?;
    let stack_pointer = Some(table.stack_pointer).filter(|_| !table.in_ram());
    let reset = Some(table.reset).filter(|_| !table.is_inside(elements));
    let end = elements.last().map_or(0, |last| last.range().end);
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

/// The first two words of a vector table.
#[derive(Debug, Clone, Copy)]
struct Table {
    stack_pointer: u32,
    reset: u32,
}

impl Table {
    /// The words at `address`, if the image has them.
    fn at(elements: &[&ImageElement], address: u32) -> Option<Self> {
        let element = elements
            .iter()
            .rfind(|element| element.address <= address)?;
        let offset = usize::try_from(address - element.address).ok()?;
        let (stack_pointer, rest) = element.data.get(offset..)?.split_first_chunk()?;
        let reset = rest.first_chunk()?;
        Some(Self {
            stack_pointer: u32::from_le_bytes(*stack_pointer),
            reset: u32::from_le_bytes(*reset),
        })
    }

    /// Whether the stack is in RAM. The core takes no notice of the two lowest bits, and linker scripts of ST's had
    /// `_estack = 0x2001FFFF`.
    fn in_ram(self) -> bool {
        let top = u64::from(self.stack_pointer & !3);
        RAM.iter()
            .any(|ram| u64::from(ram.address) < top && top <= ram.end)
    }

    /// Whether it jumps to Thumb code in the chip's own flash.
    fn is_for_flash(self) -> bool {
        self.reset & 1 == 1 && FLASH.contains(self.reset)
    }

    /// Whether it jumps to Thumb code in the image.
    fn is_inside(self, elements: &[&ImageElement]) -> bool {
        let code = self.reset & !1;
        let aliases = FLASH_ALIASES
            .iter()
            .filter(|alias| alias.contains(code))
            .map(|alias| FLASH.address + (code - alias.address));
        let mut places = [code].into_iter().chain(aliases);
        let has = |address: u32| {
            let mut ranges = elements.iter().map(|element| element.range());
            ranges.any(|range| range.contains(address))
        };
        self.reset & 1 == 1 && places.any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of 4 KiB that begins with these two words.
    fn image(address: u32, stack_pointer: u32, reset: u32) -> ImageElement {
        let mut data = stack_pointer.to_le_bytes().to_vec();
        data.extend(reset.to_le_bytes());
        data.resize(4 << 10, 0x5A);
        ImageElement { address, data }
    }

    fn fault(elements: &[&ImageElement], entry: Option<u32>) -> Option<String> {
        find_fault(elements, entry).map(|fault| fault.to_string())
    }

    #[track_caller]
    fn check(address: u32, words: [u32; 2], expected: Option<&str>) {
        let image = image(address, words[0], words[1]);
        assert_eq!(fault(&[&image], None).as_deref(), expected);
        // Where it looks like none, it is not where the application is started, either.
        assert!(expected.is_none() || !is_sound(&[&image], address));
    }

    #[test]
    fn the_heads_of_real_firmware_are_sound() {
        let check = |words: [u32; 2]| check(0x0800_0000, words, None);
        // tests/data/blinky.bin.
        check([0x2002_0000, 0x0800_01C1]);
        // What ST's linker scripts of an F407 had for the end of its RAM.
        check([0x2001_FFFF, 0x0800_01C1]);
        // In F4's CCM, G4's, H7's AXI SRAM and SRAM1; at the end of each and below.
        check([0x1001_0000, 0x0800_01C1]);
        check([0x1000_8000, 0x0800_01C1]);
        check([0x2408_0000, 0x0800_01C1]);
        check([0x3004_8000, 0x0800_01C1]);
        // flip-link puts the stack below everything else.
        check([0x2000_0400, 0x0800_01C1]);
        // A U5 with 3008K.
        check([0x202F_0000, 0x0800_01C1]);
        // Linked for where the core boots from, for an F7's ITCM, for flash behind TrustZone.
        check([0x2002_0000, 0x0000_01C1]);
        check([0x2002_0000, 0x0020_01C1]);
        check([0x2002_0000, 0x0C00_01C1]);
        // Its last instruction.
        check([0x2002_0000, 0x0800_0FFF]);
    }

    #[test]
    fn a_stack_that_is_not_in_ram_is_told() {
        for found in [
            0x0000_0000,
            0x0800_0000,
            0x1001_0004,
            0x2000_0000,
            0x2030_0004,
            0x4000_0000,
            0xFFFF_FFFF,
        ] {
            check(
                0x0800_0000,
                [found, 0x0800_01C1],
                Some(&format!(
                    "nothing can start from the vector table at 0x08000000: \
                     the initial stack pointer is {found:#010x}, expected an address in RAM"
                )),
            );
        }
    }

    #[test]
    fn a_reset_vector_that_is_even_or_elsewhere_is_told() {
        check(
            0x0800_0000,
            [0x2002_0000, 0x0800_01C0],
            Some(
                "nothing can start from the vector table at 0x08000000: \
                 the reset vector is 0x080001c0, expected an odd address",
            ),
        );
        for found in [0x0800_1001, 0x0000_1001, 0x0800_41C1, 0x2000_0001] {
            check(
                0x0800_0000,
                [0x2002_0000, found],
                Some(&format!(
                    "nothing can start from the vector table at 0x08000000: \
                     the reset vector is {found:#010x}, expected an address in the file, 0x08000000..0x08001000"
                )),
            );
        }
    }

    #[test]
    fn both_are_told_in_one_sentence() {
        check(
            0x0800_0000,
            [0xFFFF_FFFF, 0xFFFF_FFFF],
            Some(
                "nothing can start from the vector table at 0x08000000: \
                 the initial stack pointer is 0xffffffff, expected an address in RAM; \
                 the reset vector is 0xffffffff, expected an address in the file, 0x08000000..0x08001000",
            ),
        );
    }

    /// The commonest mistake there is: another `--address` than the linker had.
    #[test]
    fn an_application_that_is_linked_for_another_address_is_told_wherever_it_goes() {
        check(
            0x0800_8000,
            [0x2002_0000, 0x0800_01C1],
            Some(
                "nothing can start from the vector table at 0x08008000: \
                 the reset vector is 0x080001c1, expected an address in the file, 0x08008000..0x08009000",
            ),
        );
        check(0x0800_8000, [0x2002_0000, 0x0800_81C1], None);
    }

    #[test]
    fn where_no_vector_table_has_to_be_none_is_looked_for() {
        let check = |address, words| check(address, words, None);
        // MCUboot's header, in front of an application.
        check(0x0802_0000, [0x96F3_B83D, 0]);
        // Data in the middle of flash, and in a QSPI flash.
        check(0x0804_0000, [0xFFFF_FFFF, 0xFFFF_FFFF]);
        check(0x9000_0000, [0xFFFF_FFFF, 0xFFFF_FFFF]);
        // An application that a bootloader copies from QSPI flash into RAM.
        check(0x9000_0000, [0x2408_0000, 0x2401_0401]);
        // A patch of a word.
        let patch = ImageElement {
            address: 0x0800_0000,
            data: vec![0xFF; 4],
        };
        assert_eq!(fault(&[&patch], None), None);
        assert_eq!(fault(&[], None), None);
    }

    #[test]
    fn the_code_may_be_in_another_element_than_the_table() {
        let vectors = image(0x0800_0000, 0x2002_0000, 0x0802_0101);
        let code = image(0x0802_0000, 0, 0);
        assert_eq!(fault(&[&vectors, &code], None), None);
        assert!(fault(&[&vectors], None).is_some());
    }

    #[test]
    fn a_vector_table_is_expected_where_the_application_is_to_be_started() {
        let bootloader = image(0x0800_0000, 0x2002_0000, 0x0800_0101);
        let application = image(0x0800_8000, 0xFFFF_FFFF, 0x0800_8101);
        let both = [&bootloader, &application];
        assert_eq!(fault(&both, None), None);
        assert_eq!(
            fault(&both, Some(0x0800_8000)).as_deref(),
            Some(
                "nothing can start from the vector table at 0x08008000: \
                 the initial stack pointer is 0xffffffff, expected an address in RAM"
            )
        );
        // It is in flash already, perhaps.
        assert_eq!(fault(&both, Some(0x0801_0000)), None);
    }
}

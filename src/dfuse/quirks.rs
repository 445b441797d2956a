//! What particular bootloaders do differently, each with its device and source.

use super::command::DfuseCommand;
use super::layout::MemoryLayout;

/// Whether a bootloader with these commands can lift read protection, and means read protection by errVENDOR.
///
/// On a ST ROM it does (AN3156 §4.2, §5). On devices built on ST's class sample errVENDOR means that a write or an erase
/// failed. The ROMs know READ_UNPROTECT, the sample doesn't: its list of commands is `00 21 41`.
pub fn can_lift_read_protection(commands: &[u8]) -> bool {
    commands.contains(&DfuseCommand::READ_UNPROTECT)
}

/// What erased memory reads as.
///
/// On STM32L0 and L1 it is 0x00 (RM0367 and RM0038, embedded flash memory), elsewhere 0xFF. These two have pages of 128
/// and of 256 bytes, as no other STM32 has; nothing else tells them apart over USB.
pub fn erased_value(layout: &MemoryLayout) -> u8 {
    let mut pages = layout
        .segments
        .iter()
        .filter(|segment| segment.access.erasable)
        .peekable();
    let small =
        pages.peek().is_some() && pages.all(|segment| matches!(segment.sector_size, 128 | 256));
    if small { 0x00 } else { 0xFF }
}

/// The memory that a board really has, where its layout is known to be wrong.
///
/// One ROM of the GD32VF103 claims 512 pages of 2 KiB on every chip. The pages have 1 KiB, and how many there are
/// follows from the third character of the serial number: B 128, 8 64, 6 32, 4 16.
pub fn true_layout(
    ids: (u16, u16),
    serial: Option<&str>,
    mut layout: MemoryLayout,
) -> MemoryLayout {
    let pages = match serial.and_then(|serial| serial.chars().nth(2)) {
        Some('B') => 128,
        Some('8') => 64,
        Some('6') => 32,
        Some('4') => 16,
        _ => return layout,
    };
    if let ([segment], GD32) = (&mut layout.segments[..], ids) {
        if (segment.sectors, segment.sector_size) == (512, 2048) {
            (segment.sectors, segment.sector_size) = (pages, 1024);
        }
    }
    layout
}

/// Whether the chip starts from a vector table, as a Cortex-M does. GigaDevice's bootloader has the same ids in a
/// GD32VF103, which is a RISC-V and starts with an instruction, and in GD32s with a Cortex-M.
pub fn has_vector_tables(ids: (u16, u16)) -> bool {
    ids != GD32
}

/// GigaDevice's.
const GD32: (u16, u16) = (0x28E9, 0x0189);

/// Whether many boards are known to have this serial number, so that it can't tell them apart. Case is ignored.
pub fn is_shared_serial(serial: &str) -> bool {
    SHARED_SERIALS
        .iter()
        .any(|shared| shared.eq_ignore_ascii_case(serial))
}

/// Constants that were seen in the field, each with the parts that have it.
const SHARED_SERIALS: &[&str] = &[
    "STM32",        // F105, F107
    "FFFFFFFEFFFF", // F042, F072, H7B3
    "STM32FxSTM32", // some F4 and F72x
    "200364500000", // H743, H745, H750
    "AT32",         // AT32
    "0448",         // APM32
    "3CBJ",         // GD32
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gd32vf103_that_claims_512_pages_has_as_many_as_its_serial_says() {
        let check = |ids, serial, claimed, sectors, sector_size| {
            let layout = MemoryLayout::parse(claimed).expect("a real string");
            let [segment] = true_layout(ids, serial, layout).segments[..] else {
                panic!("one segment");
            };
            assert_eq!(
                (segment.sectors, segment.sector_size),
                (sectors, sector_size),
                "{serial:?}"
            );
        };
        let gd32 = (0x28E9, 0x0189);
        let claimed = "@Internal Flash  /0x08000000/512*002Kg";
        for (serial, pages) in [("3CBJ", 128), ("3C8J", 64), ("3C6J", 32), ("3C4J", 16)] {
            check(gd32, Some(serial), claimed, pages, 1024);
        }
        check(gd32, Some("3CXJ"), claimed, 512, 2048);
        check(gd32, None, claimed, 512, 2048);
        check((0x0483, 0xDF11), Some("3CBJ"), claimed, 512, 2048);
        check(
            gd32,
            Some("3CBJ"),
            "@Internal Flash  /0x08000000/128*001Kg",
            128,
            1024,
        );
    }

    #[test]
    fn serial_numbers_that_are_constants_are_known() {
        for serial in [
            "STM32",
            "FFFFFFFEFFFF",
            "STM32FxSTM32",
            "200364500000",
            "AT32",
            "0448",
            "3CBJ",
        ] {
            assert!(is_shared_serial(serial), "{serial}");
        }
        assert!(!is_shared_serial("336133663433"));
    }

    #[test]
    fn erased_flash_of_an_l072_and_an_l152_is_0x00_and_of_others_0xff() {
        let check = |string, expected| {
            let layout = MemoryLayout::parse(string).expect("a real string");
            assert_eq!(erased_value(&layout), expected, "{string}");
        };
        check("@Internal Flash  /0x08000000/1536*128g", 0x00);
        check("@Internal Flash   /0x08000000/120*128Ba,1416*128Bg", 0x00);
        check("@Internal Flash  /0x08000000/1024*256 g", 0x00);
        check(
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            0xFF,
        );
        check("@Internal Flash  /0x08000000/0256*0002Kg", 0xFF);
        check("@Option Bytes  /0x1FFFC000/01*016 e", 0xFF);
    }

    #[test]
    fn only_a_bootloader_that_can_lift_read_protection_has_it() {
        assert!(can_lift_read_protection(&[0x00, 0x21, 0x41, 0x92]));
        assert!(!can_lift_read_protection(&[0x00, 0x21, 0x41]));
        assert!(!can_lift_read_protection(&[]));
    }
}

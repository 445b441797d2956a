//! What particular bootloaders do differently, each with its device and source.

use super::layout::MemoryLayout;
use super::protocol::DfuseCommand;

/// Whether errVENDOR means that read protection is on.
///
/// On a ST ROM it does (AN3156 §4.2, §5). On devices built on ST's class sample it means that a write or an erase
/// failed. The ROMs know READ_UNPROTECT, the sample doesn't: its list of commands is `00 21 41`.
pub fn vendor_error_means_read_protection(commands: &[u8]) -> bool {
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
        assert!(vendor_error_means_read_protection(&[
            0x00, 0x21, 0x41, 0x92
        ]));
        assert!(!vendor_error_means_read_protection(&[0x00, 0x21, 0x41]));
        assert!(!vendor_error_means_read_protection(&[]));
    }
}

//! What the bootloaders of particular chips do differently, each with its device and source.
//!
//! What is data stands here; what is a way of asking stands where it is asked. A device and all that it does:
//!
//! | bootloader of | does | where it is met |
//! |---|---|---|
//! | F405 | takes up to 32 s for a mass erase, and says 100 ms | [`MASS_ERASE_DEADLINE`], [`UNPROTECT_TIMEOUT`] |
//! | F4, F7 | begins in dfuERROR/errFIRMWARE | [`dfu::link`](crate::dfu::link) |
//! | F411, L4 | STALLs GETSTATUS while it is busy | [`STALLS_WHILE_BUSY`] |
//! | F42x, F43x | sends strings that are shorter than they say | [`usb::descriptor`](crate::usb::descriptor) |
//! | F767 | accepts a mass erase and does nothing | [`session`](crate::dfuse::session) |
//! | H743, H745, H750 | has the same serial number in every chip | [`is_shared_serial`] |
//! | H743 V9.0 | stays in dfuDNBUSY for ever after an erase in bank 2 | [`dfu::link`](crate::dfu::link) |
//! | H74x V13.3 | accepts a mass erase and does nothing | [`session`](crate::dfuse::session) |
//! | H7, all | needs up to 2.2 s for a sector of 128 KiB | [`SECTOR_DEADLINE`] |
//! | H723 | leaves after the last data block | [`steps`](crate::dfuse::steps) |
//! | C071 | refuses to leave unless SET_ADDRESS came right before | [`session`](crate::dfuse::session) |
//! | G0B1 | shows one memory as several | [`steps`](crate::dfuse::steps) |
//! | L0, L1 | has flash that reads as 0x00 when it is erased | [`erased_value`](super::map::erased_value) |
//! | L476, L486 | corrupts flash where a block's length is no multiple of 8 | [`PROGRAM_UNIT`](super::map::PROGRAM_UNIT) |
//! | STM32MP1 | takes the table of its partitions, and no firmware | [`FlashLayout`](super::settings::Settings::FlashLayout) |
//! | ST's class sample | says errVENDOR where a write or an erase has failed | [`can_lift_read_protection`](crate::dfuse::command::can_lift_read_protection) |
//! | GD32 | doesn't acknowledge that it is to leave | [`leave`](crate::dfu::link::Link::leave) |
//! | GD32 | sends its serial number in eight-bit characters | [`usb::descriptor`](crate::usb::descriptor) |
//! | GD32VF103 | claims 512 pages of 2 KiB, and has no vector table | [`true_pages`], [`has_vector_tables`] |
//! | AT32 | answers a read unprotect as any other command | [`read_unprotect`](crate::dfu::link::Link::read_unprotect) |
//! | mboot | always says `bwPollTimeout` 0 | [`SHORTEST_POLL`] |
//! | Openmoko, SIMtrace and others | says nonsense as `bwPollTimeout` | [`has_false_poll_timeout`] |
//! | Openmoko | has no functional descriptor in its configuration, and gives one when it is asked | [`ask_functional`](crate::dfu::plain::ask_functional) |
//! | Maple | ends a download where it is asked in dfuDNLOAD-IDLE, and leaves whatever it is told | [`plain`](crate::dfu::plain) |
//! | U-Boot | leaves its transaction open at an ABORT, and quits where it can't write | [`plain`](crate::dfu::plain) |
//! | embassy | stays in dfuMANIFEST until a reset, or goes inside the GETSTATUS | [`plain`](crate::dfu::plain) |
//! | TinyUSB | STALLs in dfuDNBUSY (older ones), and comes back in the same shape | [`plain`](crate::dfu::plain) |
//! | Tomu, Fomu | says that it is manifestation tolerant, and starts what it was given | [`starts_what_it_is_given`] |
//! | LPC43xx (1FC9:000C) | says protocol 1 in DFU mode | [`DfuMode`](crate::usb::DfuMode) |
//!
//! Serial numbers that are constants are many parts': [`is_shared_serial`].

use std::time::Duration;

/// How long a sector's erase or a block's write may take. An H7 was seen to need 2.2 s for 128 KiB.
pub const SECTOR_DEADLINE: Duration = Duration::from_secs(20);
/// How long a mass erase may take. An F405's data sheet allows 32 s; some parts are larger.
pub const MASS_ERASE_DEADLINE: Duration = Duration::from_secs(120);
/// How long to wait for the answer to a GETSTATUS of a read unprotect: some bootloaders erase before they answer, and an
/// F405's data sheet allows 32 s for that. It is shorter than the deadline, so that a lost request can be asked again.
pub const UNPROTECT_TIMEOUT: Duration = Duration::from_secs(40);
/// mboot always says `bwPollTimeout` 0; asking without a pause would only keep it from its work.
pub const SHORTEST_POLL: Duration = Duration::from_millis(1);
/// How long to wait between two GETSTATUS where `bwPollTimeout` is nonsense: [`has_false_poll_timeout`].
pub const POLL_INSTEAD: Duration = Duration::from_millis(5);
/// L4 and F411 ROMs STALL the GETSTATUS after the wait while they are still busy.
pub const STALLS_WHILE_BUSY: u32 = 5;

/// The pages that a board really has, where those that it claims are known to be wrong: how many, and of how many bytes.
///
/// One ROM of the GD32VF103 claims 512 pages of 2 KiB on every chip. The pages have 1 KiB, and how many there are
/// follows from the third character of the serial number: B 128, 8 64, 6 32, 4 16.
pub fn true_pages(ids: (u16, u16), serial: Option<&str>, claimed: (u32, u32)) -> (u32, u32) {
    if (ids, claimed) != (GD32, (512, 2048)) {
        return claimed;
    }
    match serial.and_then(|serial| serial.chars().nth(2)) {
        Some('B') => (128, 1024),
        Some('8') => (64, 1024),
        Some('6') => (32, 1024),
        Some('4') => (16, 1024),
        _ => claimed,
    }
}

/// Whether `bwPollTimeout` is nonsense: bytes that were never set, mostly. Siemens' was seen in release 0000.
pub fn has_false_poll_timeout((vendor, product): (u16, u16)) -> bool {
    match vendor {
        // Openmoko, under the ids of its makers and of its heirs.
        0x1457 | 0x1D50 => (0x5117..=0x5126).contains(&product),
        // SIMtrace, OpenPCD, OpenPICC.
        0x16C0 => matches!(product, 0x0762 | 0x076B | 0x076C),
        // Siemens PXM 40, 50.
        0x0908 => matches!(product, 0x02C4 | 0x02C5),
        // M-Audio Transit.
        0x0763 => product == 0x2806,
        _ => false,
    }
}

/// Whether it starts what it was given at the end of a download, though it says that it is manifestation tolerant: Tomu
/// and Fomu (foboot), whose applications need not have any USB.
pub fn starts_what_it_is_given(ids: (u16, u16)) -> bool {
    matches!(ids, (0x1209, 0x70B1 | 0x5BF0 | 0x5BF2))
}

/// Whether the chip starts from a vector table, as a Cortex-M does. GigaDevice's bootloader has the same ids in a
/// GD32VF103, which is a RISC-V and starts with an instruction, and in GD32s with a Cortex-M.
pub fn has_vector_tables(ids: (u16, u16)) -> bool {
    ids != GD32
}

/// `idProduct` of ST's ROMs, and of bootloaders that pass for one.
pub const ST_ROM: u16 = 0xDF11;
/// ST's ROMs, and bootloaders that pass for one.
pub const ST_DFU: (u16, u16) = (0x0483, ST_ROM);
/// GigaDevice's bootloader.
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
    fn devices_whose_poll_timeout_is_nonsense_are_known_by_their_ids() {
        let nonsense = [
            (0x1D50, 0x5117),
            (0x1D50, 0x5126),
            (0x1457, 0x5120),
            (0x16C0, 0x0762),
            (0x16C0, 0x076B),
            (0x16C0, 0x076C),
            (0x0908, 0x02C4),
            (0x0763, 0x2806),
        ];
        for ids in nonsense {
            assert!(has_false_poll_timeout(ids), "{ids:04x?}");
        }
        for ids in [(0x1D50, 0x5116), (0x1D50, 0x6003), (0x16C0, 0x0763)] {
            assert!(!has_false_poll_timeout(ids), "{ids:04x?}");
        }
    }
}

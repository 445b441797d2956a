//! The boards the simulator knows: one table entry each.
//!
//! To add a board, copy an entry of [`BOARDS`], change what differs, and take the strings from a dump of a real one
//! (`dfu-util -l`, `lsusb -v`). What its flash does stands in `flash_kinds.rs`.

mod strangers;

use super::flash_kinds::{
    F4_FLASH, F7_FLASH, F072_FLASH, F103_FLASH, F429_FLASH, F767_FLASH, G0_FLASH, G4_FLASH,
    GD32_FLASH, H7_FLASH, L0_FLASH, L4_FLASH, M25P64_FLASH, NorFlash, U5_FLASH, WB_FLASH,
};
use super::quirk::Quirk::{self, *};
use crate::dfuse::command::DFUSE_VERSION;

/// A board as it stands on the bus in DFU mode.
#[derive(Debug)]
pub struct Board {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub description: &'static str,
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bcdUSB`.
    pub usb_release: u16,
    /// `bcdDevice`.
    pub device_release: u16,
    /// The string of `iManufacturer`.
    pub manufacturer: &'static str,
    /// The string of `iProduct`.
    pub product: &'static str,
    /// The string of `iSerialNumber`, unless another is asked for. At most 126 characters.
    pub serial: &'static str,
    /// `bMaxPacketSize0`.
    pub max_packet_size0: u8,
    /// `bInterfaceProtocol` of the bootloader's interface: 2 unless a board says otherwise (DFU 1.1 §4.2.3).
    pub interface_protocol: u8,
    /// `bcdDFUVersion`.
    pub dfu_version: u16,
    /// `wTransferSize`, in bytes.
    pub transfer_size: u16,
    /// `bmAttributes` of the functional descriptor.
    pub attributes: u8,
    /// What it does that the specification doesn't tell.
    pub quirks: &'static [Quirk],
    /// First bytes of the commands it has; 0x00 is "get commands" itself (AN3156 §4.2).
    pub commands: &'static [u8],
    /// One per alternate setting. Equal layouts are one and the same memory.
    pub memories: &'static [Memory],
}

/// One alternate setting's memory.
#[derive(Debug)]
pub struct Memory {
    /// The alternate setting's string, byte for byte: its layout, or any other name on boards that speak no DfuSe.
    pub layout: &'static str,
    /// What it is made of.
    pub cells: Cells,
}

/// What a memory is made of: what erasing and writing do to it.
#[derive(Debug, Clone, Copy)]
pub enum Cells {
    /// Programming moves bits one way, erasing brings them back.
    Nor(&'static NorFlash),
    /// Programming moves bits one way, for ever.
    OneTime(&'static NorFlash),
    /// Overwritten like RAM, as EEPROM and registers are.
    Overwritable,
    /// Overwritten, and the chip resets at once.
    OptionBytes,
}

/// The board called `name`.
pub fn find(name: &str) -> Option<&'static Board> {
    BOARDS.iter().find(|board| board.name == name)
}

/// The older ROMs: F0 to F4, F7, L0, L1, L4.
const OLDER_ROM: Board = Board {
    name: "",
    description: "",
    vendor_id: 0x0483,
    product_id: 0xDF11,
    usb_release: 0x0100,
    device_release: 0x2200,
    manufacturer: "STMicroelectronics",
    product: "STM32  BOOTLOADER",
    serial: "",
    max_packet_size0: 64,
    interface_protocol: 2,
    dfu_version: DFUSE_VERSION,
    transfer_size: 2048,
    attributes: 0x0B,
    quirks: &[ClearStatusError],
    commands: &[0x00, 0x21, 0x41, 0x92],
    memories: &[],
};

/// The newer ROMs: G0, G4, H5, H7, U5, WB.
const NEWER_ROM: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0200,
    product: "DFU in FS Mode",
    transfer_size: 1024,
    quirks: &[],
    ..OLDER_ROM
};

/// GigaDevice's bootloader in a GD32VF103.
const GD32VF103: Board = Board {
    vendor_id: 0x28E9,
    product_id: 0x0189,
    usb_release: 0x0200,
    device_release: 0x1000,
    manufacturer: "GDMicroelectronics",
    product: "GD32 DFU Bootloader (Longan Nano)",
    // The third character tells the size of the flash: B is 128 KiB.
    serial: "3CBJ",
    // No dump tells where the functional descriptor stands; behind each, so that both places are met.
    quirks: &[
        ClearStatusError,
        StringsEightBit,
        FunctionalDescriptorEach,
        LeaveUnanswered,
    ],
    commands: &[0x00, 0x21, 0x41],
    memories: &[
        flash("@Internal Flash  /0x08000000/128*001Kg", &GD32_FLASH),
        option_bytes("@Option Bytes  /0x1FFFF800/01*016Be"),
    ],
    ..OLDER_ROM
};

/// MicroPython's bootloader.
const MBOOT: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0300,
    manufacturer: "MicroPython",
    product: "Pyboard DFU",
    quirks: &[
        ClearStatusError,
        PollTimeoutZero,
        BlockingNext,
        ExplainsErrors,
        ErrorWithOk,
    ],
    commands: &[0x21, 0x41],
    memories: &[flash(
        "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg",
        &F767_FLASH,
    )],
    ..OLDER_ROM
};

/// Every board, by name. Layouts and serials are from dumps of real boards, except where a line says "inferred".
pub static BOARDS: &[Board] = &[
    Board {
        name: "at32",
        description: "AT32, 256 KiB in pages of 2 KiB; the serial that all of its kind have",
        vendor_id: 0x2E3C,
        // Inferred.
        device_release: 0x0200,
        manufacturer: "Artery-Tech",
        product: "AT32 Bootloader DFU",
        serial: "AT32",
        quirks: &[ClearStatusError, WrongStateAfterUnprotect],
        // No data sheet was at hand: the flash of an F072, whose pages are as large.
        memories: &[flash(
            "@Internal Flash   /0x08000000/128*002Kg",
            &F072_FLASH,
        )],
        ..OLDER_ROM
    },
    strangers::ATMEGA32U4,
    Board {
        name: "c5",
        description: "STM32C5, 512 KiB: its functional descriptor can't be asked for by itself",
        // Inferred, as is the layout. No data sheet was at hand: the flash of a U575.
        serial: "2031335A4C30",
        quirks: &[ClearStatusStall, FunctionalDescriptorIndirect],
        memories: &[flash("@Internal Flash   /0x08000000/64*08Kg", &U5_FLASH)],
        ..NEWER_ROM
    },
    Board {
        name: "class-sample",
        description: "ST's sample of the DFU class on an STM32F407, behind its own read-only sectors",
        usb_release: 0x0200,
        device_release: 0x0200,
        product: "DFU in FS Mode",
        // Inferred.
        serial: "206F358B4D42",
        transfer_size: 1024,
        quirks: &[
            ClearStatusError,
            NoMassErase,
            FailuresAreVendor,
            NoReadUnprotect,
        ],
        memories: &[flash(
            "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
            &F4_FLASH,
        )],
        ..OLDER_ROM
    },
    strangers::DAPBOOT,
    Board {
        name: "f072",
        description: "STM32F072, 128 KiB; the serial that all of its kind have",
        serial: "FFFFFFFEFFFF",
        memories: &[
            flash("@Internal Flash  /0x08000000/064*0002Kg", &F072_FLASH),
            option_bytes("@Option Bytes  /0x1FFFF800/01*016 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f103",
        description: "DSO Nano (STM32F103, 128 KiB): own bootloader in read-only sectors, and SPI flash",
        // Inferred from ST's demonstration for this family.
        device_release: 0x0200,
        product: "STM32 DFU",
        serial: "001",
        // dfu-util's list of exceptions: the DSO Nano says 0 in DFU mode.
        interface_protocol: 0,
        transfer_size: 1024,
        commands: &[0x00, 0x21, 0x41],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/12*001Ka,116*001Kg",
                &F103_FLASH,
            ),
            flash(
                "@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg",
                &M25P64_FLASH,
            ),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f405",
        description: "STM32F405, 1 MiB in sectors of 16, 64 and 128 KiB",
        serial: "336133663433",
        quirks: &[ErrFirmware, ClearStatusError, MassErase100Ms],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                &F4_FLASH,
            ),
            option_bytes("@Option Bytes  /0x1FFFC000/01*016 e"),
            one_time("@OTP Memory /0x1FFF7800/01*512 e,01*016 e", &F4_FLASH),
            overwritable("@Device Feature/0xFFFF0000/01*004 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f411",
        description: "STM32F411, 512 KiB: refuses a GETSTATUS while it erases",
        // Inferred.
        serial: "357236543131",
        quirks: &[ErrFirmware, ClearStatusError, StallAfterWait(1)],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
                &F4_FLASH,
            ),
            option_bytes("@Option Bytes  /0x1FFFC000/01*016 e"),
            one_time("@OTP Memory /0x1FFF7800/01*512 e,01*016 e", &F4_FLASH),
            overwritable("@Device Feature/0xFFFF0000/01*004 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f427",
        description: "STM32F427, 1 MiB: its layouts are shorter than they say",
        // Inferred.
        serial: "325E36543131",
        quirks: &[ErrFirmware, ClearStatusError, StringsShort],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                &F4_FLASH,
            ),
            option_bytes("@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e"),
            one_time("@OTP Memory /0x1FFF7800/01*512 e,01*016 e", &F4_FLASH),
            overwritable("@Device Feature/0xFFFF0000/01*004 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f429",
        description: "STM32F429, 2 MiB in two banks, sectors of 16, 64 and 128 KiB in each",
        serial: "326433593336",
        quirks: &[ErrFirmware, ClearStatusError, StringsGarbled],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
                &F429_FLASH,
            ),
            option_bytes("@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e"),
            one_time("@OTP Memory /0x1FFF7800/01*512 e,01*016 e", &F429_FLASH),
            overwritable("@Device Feature/0xFFFF0000/01*004 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f746",
        description: "STM32F746, 1 MiB in sectors of 32, 128 and 256 KiB",
        // Inferred.
        serial: "377034673038",
        quirks: &[ErrFirmware, ClearStatusError],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
                &F7_FLASH,
            ),
            // Inferred from RM0385 and RM0410: where these memories are, and how large.
            option_bytes("@Option Bytes  /0x1FFF0000/01*032 e"),
            one_time("@OTP Memory /0x1FF0F000/01*1024 e", &F7_FLASH),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "f767",
        description: "STM32F767, 2 MiB in sectors of 32, 128 and 256 KiB",
        // Inferred.
        serial: "206438814D53",
        quirks: &[ErrFirmware, ClearStatusError, NoMassErase],
        memories: &[
            flash(
                "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg",
                &F767_FLASH,
            ),
            // Inferred from RM0385 and RM0410: where these memories are, and how large.
            option_bytes("@Option Bytes  /0x1FFF0000/01*032 e"),
            one_time("@OTP Memory /0x1FF0F000/01*1024 e", &F767_FLASH),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "g0b1",
        description: "STM32G0B1, 128 KiB: the same flash behind all three alternate settings",
        serial: "20653172574B",
        memories: &[
            flash("@Internal Flash   /0x08000000/64*02Kg", &G0_FLASH),
            flash("@Internal Flash   /0x08000000/64*02Kg", &G0_FLASH),
            flash("@Internal Flash   /0x08000000/64*02Kg", &G0_FLASH),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "g474",
        description: "STM32G474, 512 KiB in pages of 2 KiB",
        serial: "205939885533",
        memories: &[
            flash("@Internal Flash   /0x08000000/256*02Kg", &G4_FLASH),
            option_bytes("@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e"),
            one_time("@OTP Memory   /0x1FFF7000/01*1024 e", &G4_FLASH),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "gd32vf103",
        description: "GD32VF103 (Pinecil), 128 KiB: leaves without an answer",
        ..GD32VF103
    },
    Board {
        name: "h723",
        description: "STM32H723, 1 MiB in sectors of 128 KiB: gone after the last data block",
        // Inferred.
        serial: "205A376D3233",
        quirks: &[BlockingErase, GoneOnLastBlock],
        memories: &[
            // Inferred from the H743.
            flash("@Internal Flash   /0x08000000/8*128Kg", &H7_FLASH),
            option_bytes("@Option Bytes   /0x5200201C/01*88 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "h743",
        description: "STM32H743, 2 MiB in sectors of 128 KiB; a serial that many have",
        serial: "200364500000",
        quirks: &[BlockingErase, NoMassErase],
        memories: &[
            flash("@Internal Flash   /0x08000000/16*128Kg", &H7_FLASH),
            option_bytes("@Option Bytes   /0x5200201C/01*128 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "h743v9",
        description: "STM32H743 with an older ROM, V9.0: wedges when the second bank is erased",
        serial: "200364500000",
        quirks: &[BlockingErase, Wedge],
        memories: &[
            flash("@Internal Flash   /0x08000000/16*128Kg", &H7_FLASH),
            option_bytes("@Option Bytes   /0x5200201C/01*128 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "l072",
        description: "STM32L072, 192 KiB in pages of 128 bytes, EEPROM; erased flash reads 0x00",
        serial: "7FB4A4356231",
        memories: &[
            flash("@Internal Flash  /0x08000000/1536*128g", &L0_FLASH),
            option_bytes("@Option Bytes  /0x1FF80000/01*032 e"),
            overwritable("@DATA Memory /0x08080000/2*3Ke"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "l476",
        description: "STM32L476, 1 MiB in pages of 2 KiB",
        serial: "205834865852",
        quirks: &[ClearStatusError, StallAfterWait(1), CorruptLengths],
        memories: &[
            // Inferred from the half as large L4 of the dumps.
            flash("@Internal Flash  /0x08000000/0512*0002Kg", &L4_FLASH),
            option_bytes("@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e"),
            one_time("@OTP Memory /0x1FFF7000/01*0001Ke", &L4_FLASH),
            overwritable("@Device Feature/0xFFFF0000/01*004 e"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "longan",
        description: "GD32VF103 (Longan Nano), 128 KiB: claims 512 pages of 2 KiB",
        quirks: &[
            ClearStatusError,
            StringsEightBit,
            FunctionalDescriptorEach,
            LeaveUnanswered,
            Claims512Pages,
        ],
        ..GD32VF103
    },
    strangers::LPC,
    Board {
        name: "mboot",
        description: "MicroPython's mboot on an STM32F767, 2 MiB",
        // Inferred.
        serial: "3254335D3037",
        ..MBOOT
    },
    Board {
        name: "mboot-packed",
        description: "mboot built for packed images on an STM32F767: first block first, and nothing to read",
        // Inferred, as is where the image begins: behind mboot's own sector.
        serial: "3254335D3138",
        quirks: &[
            ClearStatusError,
            PollTimeoutZero,
            BlockingNext,
            ExplainsErrors,
            Packed(0x0800_8000),
        ],
        ..MBOOT
    },
    strangers::NUMWORKS,
    Board {
        name: "pybd",
        description: "MicroPython's mboot on a PYBD-SF6: external flash behind the internal one",
        // Inferred.
        serial: "2055335D3137",
        quirks: &[
            ClearStatusError,
            PollTimeoutZero,
            BlockingNext,
            ExplainsErrors,
            ErrorWithOk,
            ExternalFlash,
        ],
        ..MBOOT
    },
    Board {
        name: "u575",
        description: "STM32U575, 2 MiB in pages of 8 KiB",
        serial: "207136863530",
        memories: &[
            flash("@Internal Flash   /0x08000000/256*08Kg", &U5_FLASH),
            option_bytes("@Option Bytes   /0x40022040/01*64 e"),
            one_time("@OTP Memory   /0x0BFA0000/01*512 e", &U5_FLASH),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "wb55",
        description: "STM32WB55, 1 MiB in pages of 4 KiB",
        // Inferred.
        serial: "206D377A4D42",
        memories: &[
            flash("@Internal Flash   /0x08000000/256*04Kg", &WB_FLASH),
            // Inferred from RM0434: where these memories are, and how large.
            option_bytes("@Option Bytes   /0x58004020/01*128 e"),
            one_time("@OTP Memory   /0x1FFF7000/01*1024 e", &WB_FLASH),
        ],
        ..NEWER_ROM
    },
    strangers::ZEPHYR,
];

const fn flash(layout: &'static str, kind: &'static NorFlash) -> Memory {
    Memory {
        layout,
        cells: Cells::Nor(kind),
    }
}

const fn one_time(layout: &'static str, kind: &'static NorFlash) -> Memory {
    Memory {
        layout,
        cells: Cells::OneTime(kind),
    }
}

const fn option_bytes(layout: &'static str) -> Memory {
    Memory {
        layout,
        cells: Cells::OptionBytes,
    }
}

const fn overwritable(layout: &'static str) -> Memory {
    Memory {
        layout,
        cells: Cells::Overwritable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boards_are_those_that_were_promised_in_order() {
        let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
        assert_eq!(
            names,
            [
                "at32",
                "atmega32u4",
                "c5",
                "class-sample",
                "dapboot",
                "f072",
                "f103",
                "f405",
                "f411",
                "f427",
                "f429",
                "f746",
                "f767",
                "g0b1",
                "g474",
                "gd32vf103",
                "h723",
                "h743",
                "h743v9",
                "l072",
                "l476",
                "longan",
                "lpc",
                "mboot",
                "mboot-packed",
                "numworks",
                "pybd",
                "u575",
                "wb55",
                "zephyr"
            ]
        );
        for name in names {
            assert_eq!(find(name).map(|board| board.name), Some(name));
        }
        assert!(find("").is_none());
    }

    #[test]
    fn every_string_fits_a_descriptor() {
        for board in BOARDS {
            let strings = [board.manufacturer, board.product, board.serial];
            let layouts = board.memories.iter().map(|memory| memory.layout);
            for string in strings.into_iter().chain(layouts) {
                assert!((1..=126).contains(&string.len()), "{string}");
                assert!(
                    string.bytes().all(|byte| matches!(byte, 0x20..=0x7E)),
                    "{string}"
                );
            }
            assert!(!board.memories.is_empty(), "{}", board.name);
            assert!(!board.description.is_empty(), "{}", board.name);
        }
    }
}

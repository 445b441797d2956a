//! Boards whose bootloader speaks DfuSe and is not a ROM of ST's.

use super::model::{Board, option_bytes};
use super::older_rom::OLDER_ROM;
use crate::sim::flash_kinds::{
    F4_FLASH, F072_FLASH, F103_FLASH, F767_UNDER_MBOOT, GD32_FLASH, M25P64_FLASH,
};
use crate::sim::quirk::Quirk::*;

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
    // No dump tells where the functional descriptor stands; after each, so that both places are met.
    quirks: &[
        ClearStatusError,
        StringsEightBit,
        FunctionalDescriptorEach,
        LeaveUnanswered,
    ],
    commands: &[0x00, 0x21, 0x41],
    memories: &[
        GD32_FLASH.memory("@Internal Flash  /0x08000000/128*001Kg"),
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
    memories: &[F767_UNDER_MBOOT.memory("@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg")],
    ..OLDER_ROM
};

pub const BOARDS: &[Board] = &[
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
        memories: &[F072_FLASH.memory("@Internal Flash   /0x08000000/128*002Kg")],
        ..OLDER_ROM
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
        memories: &[
            F4_FLASH.memory("@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg")
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
            F103_FLASH.memory("@Internal Flash  /0x08000000/12*001Ka,116*001Kg"),
            M25P64_FLASH.memory("@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg"),
        ],
        ..OLDER_ROM
    },
    Board {
        name: "gd32vf103",
        description: "GD32VF103 (Pinecil), 128 KiB: leaves without an answer",
        ..GD32VF103
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
        // Inferred, as is where the image begins: after mboot's own sector.
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
    // A calculator with its own bootloader for DfuSe (Epsilon's `calculator.h`, model N0100).
    Board {
        name: "numworks",
        description: "NumWorks N0100 (STM32F412), 1 MiB: DfuSe that says DFU 1.0",
        vendor_id: 0x0483,
        product_id: 0xA291,
        usb_release: 0x0210,
        device_release: 0x0100,
        manufacturer: "NumWorks",
        product: "NumWorks Calculator",
        serial: "BwAjAAhRNjE4NzU3",
        dfu_version: 0x0100,
        attributes: 0x03,
        quirks: &[],
        commands: &[0x00, 0x21, 0x41],
        memories: &[F4_FLASH.memory("@Flash/0x08000000/04*016Kg,01*064Kg,07*128Kg")],
        ..OLDER_ROM
    },
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
];

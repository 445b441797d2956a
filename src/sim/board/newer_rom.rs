//! Boards with one of ST's newer ROMs: C5, G0, G4, H5, H7, U5, WB.

use super::model::{Board, option_bytes};
use super::older_rom::OLDER_ROM;
use crate::sim::flash_kinds::{G0_FLASH, G4_FLASH, H7_FLASH, U5_FLASH, WB_FLASH};
use crate::sim::quirk::Quirk::*;

/// The newer ROMs: G0, G4, H5, H7, U5, WB.
const NEWER_ROM: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0200,
    product: "DFU in FS Mode",
    transfer_size: 1024,
    quirks: &[],
    ..OLDER_ROM
};

pub const BOARDS: &[Board] = &[
    Board {
        name: "c5",
        description: "STM32C5, 512 KiB: its functional descriptor can't be asked for by itself",
        // Inferred, as is the layout. No data sheet was at hand: the flash of a U575.
        serial: "2031335A4C30",
        quirks: &[ClearStatusStall, FunctionalDescriptorIndirect],
        memories: &[U5_FLASH.memory("@Internal Flash   /0x08000000/64*08Kg")],
        ..NEWER_ROM
    },
    Board {
        name: "g0b1",
        description: "STM32G0B1, 128 KiB: the same flash behind all three alternate settings",
        serial: "20653172574B",
        memories: &[
            G0_FLASH.memory("@Internal Flash   /0x08000000/64*02Kg"),
            G0_FLASH.memory("@Internal Flash   /0x08000000/64*02Kg"),
            G0_FLASH.memory("@Internal Flash   /0x08000000/64*02Kg"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "g474",
        description: "STM32G474, 512 KiB in pages of 2 KiB",
        serial: "205939885533",
        memories: &[
            G4_FLASH.memory("@Internal Flash   /0x08000000/256*02Kg"),
            option_bytes("@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e"),
            G4_FLASH.one_time("@OTP Memory   /0x1FFF7000/01*1024 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "h723",
        description: "STM32H723, 1 MiB in sectors of 128 KiB: gone after the last data block",
        // Inferred.
        serial: "205A376D3233",
        quirks: &[BlockingErase, GoneOnLastBlock],
        memories: &[
            // Inferred from the H743.
            H7_FLASH.memory("@Internal Flash   /0x08000000/8*128Kg"),
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
            H7_FLASH.memory("@Internal Flash   /0x08000000/16*128Kg"),
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
            H7_FLASH.memory("@Internal Flash   /0x08000000/16*128Kg"),
            option_bytes("@Option Bytes   /0x5200201C/01*128 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "u575",
        description: "STM32U575, 2 MiB in pages of 8 KiB",
        serial: "207136863530",
        memories: &[
            U5_FLASH.memory("@Internal Flash   /0x08000000/256*08Kg"),
            option_bytes("@Option Bytes   /0x40022040/01*64 e"),
            U5_FLASH.one_time("@OTP Memory   /0x0BFA0000/01*512 e"),
        ],
        ..NEWER_ROM
    },
    Board {
        name: "wb55",
        description: "STM32WB55, 1 MiB in pages of 4 KiB",
        // Inferred.
        serial: "206D377A4D42",
        memories: &[
            WB_FLASH.memory("@Internal Flash   /0x08000000/256*04Kg"),
            // Inferred from RM0434: where these memories are, and how large.
            option_bytes("@Option Bytes   /0x58004020/01*128 e"),
            WB_FLASH.one_time("@OTP Memory   /0x1FFF7000/01*1024 e"),
        ],
        ..NEWER_ROM
    },
];

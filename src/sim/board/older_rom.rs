//! Boards with one of ST's older ROMs: F0 to F4, F7, L0, L1, L4.

use super::model::{Board, Memory, flash, one_time, option_bytes, overwritable};
use crate::dfuse::command::DFUSE_VERSION;
use crate::sim::flash_kinds::{
    F4_FLASH, F7_FLASH, F072_FLASH, F429_FLASH, F767_FLASH, L0_FLASH, L4_FLASH,
};
use crate::sim::quirk::Quirk::*;

/// The older ROMs: F0 to F4, F7, L0, L1, L4.
pub const OLDER_ROM: Board = Board {
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
    detach_timeout: 255,
    plain: None,
    runtime: None,
    quirks: &[ClearStatusError],
    commands: &[0x00, 0x21, 0x41, 0x92],
    memories: &[],
};

const F4_OTP: Memory = one_time("@OTP Memory /0x1FFF7800/01*512 e,01*016 e", &F4_FLASH);
const DEVICE_FEATURE: Memory = overwritable("@Device Feature/0xFFFF0000/01*004 e");

pub const BOARDS: &[Board] = &[
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
            F4_OTP,
            DEVICE_FEATURE,
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
            F4_OTP,
            DEVICE_FEATURE,
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
            F4_OTP,
            DEVICE_FEATURE,
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
            DEVICE_FEATURE,
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
            DEVICE_FEATURE,
        ],
        ..OLDER_ROM
    },
];

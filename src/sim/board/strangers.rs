//! Boards whose descriptors are not those of ST's ROMs: some speak DfuSe all the same, most don't.

use super::{Board, Cells, Memory, OLDER_ROM, flash};
use crate::sim::flash_kinds::F4_FLASH;

/// Another bootloader's beginning: no command of DfuSe, and no vendor's name.
const STRANGER: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0100,
    quirks: &[],
    commands: &[],
    ..OLDER_ROM
};

/// A memory with a name and no layout. What it holds is the device's own affair.
const fn named(name: &'static str) -> Memory {
    Memory {
        layout: name,
        cells: Cells::Overwritable,
    }
}

/// Atmel's bootloader, which speaks FLIP under the class of DFU.
pub const ATMEGA32U4: Board = Board {
    name: "atmega32u4",
    description: "ATmega32U4: its bootloader speaks FLIP, which is not DFU",
    vendor_id: 0x03EB,
    product_id: 0x2FF4,
    manufacturer: "ATMEL",
    product: "ATm32U4DFU",
    serial: "1.0.0",
    // Inferred, as is that its interface has a string.
    interface_protocol: 0,
    dfu_version: 0x0100,
    memories: &[named("Flash")],
    ..STRANGER
};

/// From dapboot's source (`usb_conf.c`, `dfu.c`). Builds of it were seen with a string that begins with '@' and is no
/// layout.
pub const DAPBOOT: Board = Board {
    name: "dapboot",
    description: "dapboot on an STM32F103: plain DFU 1.1, though its string begins with '@'",
    vendor_id: 0x1209,
    product_id: 0xDB42,
    usb_release: 0x0210,
    device_release: 0x0111,
    manufacturer: "Devanarchy",
    product: "DAPBoot DFU Bootloader",
    // Inferred.
    serial: "0668FF515055",
    dfu_version: 0x0110,
    transfer_size: 1024,
    memories: &[named("@DAPBoot DFU")],
    ..STRANGER
};

/// The ROM of NXP's LPC43xx, which HackRF and GreatFET show when nothing else starts (dmesg of a HackRF One).
pub const LPC: Board = Board {
    name: "lpc",
    description: "LPC4320's ROM, as in a HackRF: plain DFU 1.0 that says it is an application",
    vendor_id: 0x1FC9,
    product_id: 0x000C,
    manufacturer: "NXP",
    product: "LPC",
    serial: "ABCD",
    interface_protocol: 1,
    dfu_version: 0x0100,
    // Inferred.
    attributes: 0x01,
    memories: &[named("DFU")],
    ..STRANGER
};

/// A calculator with its own bootloader for DfuSe (Epsilon's `calculator.h`, model N0100).
pub const NUMWORKS: Board = Board {
    name: "numworks",
    description: "NumWorks N0100 (STM32F412), 1 MiB: DfuSe that says DFU 1.0",
    vendor_id: 0x0483,
    product_id: 0xA291,
    usb_release: 0x0210,
    manufacturer: "NumWorks",
    product: "NumWorks Calculator",
    serial: "BwAjAAhRNjE4NzU3",
    dfu_version: 0x0100,
    attributes: 0x03,
    commands: &[0x00, 0x21, 0x41],
    memories: &[flash(
        "@Flash/0x08000000/04*016Kg,01*064Kg,07*128Kg",
        &F4_FLASH,
    )],
    ..STRANGER
};

/// Zephyr's DFU class in MCUboot. Blocks and serial number are inferred.
pub const ZEPHYR: Board = Board {
    name: "zephyr",
    description: "Zephyr's MCUboot: plain DFU 1.1 with two slots",
    vendor_id: 0x2FE3,
    product_id: 0xFFFF,
    manufacturer: "ZEPHYR",
    product: "MCUBOOT",
    serial: "3539361234567890",
    dfu_version: 0x0110,
    transfer_size: 128,
    attributes: 0x07,
    memories: &[named("image_0"), named("image_1")],
    ..STRANGER
};

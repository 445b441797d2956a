//! Boards whose bootloader has the class of DFU and does not speak DfuSe.

use super::model::{Board, overwritable};
use super::older_rom::OLDER_ROM;

/// Another bootloader's beginning: no command of DfuSe, and no vendor's name.
const STRANGER: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0100,
    quirks: &[],
    commands: &[],
    ..OLDER_ROM
};

pub const BOARDS: &[Board] = &[
    // Atmel's bootloader, which speaks FLIP under the class of DFU.
    Board {
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
        memories: &[overwritable("Flash")],
        ..STRANGER
    },
    // From dapboot's source (`usb_conf.c`, `dfu.c`). Builds of it were seen with a string that begins with '@' and is no
    // layout.
    Board {
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
        memories: &[overwritable("@DAPBoot DFU")],
        ..STRANGER
    },
    // The ROM of NXP's LPC43xx, which HackRF and GreatFET show when nothing else starts (dmesg of a HackRF One).
    Board {
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
        memories: &[overwritable("DFU")],
        ..STRANGER
    },
    // Zephyr's DFU class in MCUboot. Blocks and serial number are inferred.
    Board {
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
        memories: &[overwritable("image_0"), overwritable("image_1")],
        ..STRANGER
    },
];

//! Boards whose bootloader has the class of DFU and does not speak DfuSe: those that take firmware from a computer.

use std::time::Duration;

use super::model::{Blocks, Board, Runtime, overwritable, slot};
use super::older_rom::OLDER_ROM;
use crate::sim::quirk::Quirk::*;

/// Another bootloader's beginning: no command of DfuSe, and no vendor's name.
pub const STRANGER: Board = Board {
    usb_release: 0x0200,
    device_release: 0x0100,
    dfu_version: 0x0110,
    quirks: &[],
    commands: &[],
    ..OLDER_ROM
};

/// One that speaks DFU 1.1. How long a block takes is inferred.
pub const PLAIN: Board = Board {
    plain: Some(Blocks::Busy(Duration::from_millis(20))),
    ..STRANGER
};

/// U-Boot's gadget (`f_dfu.c`, `dfu.c`): it writes what it has at the end, and goes on waiting for more.
const U_BOOT: Board = Board {
    transfer_size: 4096,
    attributes: 0x0F,
    detach_timeout: 0,
    plain: Some(Blocks::AtOnce(Duration::from_millis(1))),
    quirks: &[
        ChecksSequence,
        OpenTransaction,
        CommitsAtManifest,
        ManifestTakes(3),
        ManifestDeaf,
        ResetIgnored,
        DfuDetachLeaves,
    ],
    ..PLAIN
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
    // layout. Its flash holds 64 KiB without its own 8.
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
        transfer_size: 1024,
        // The 100 ms that it claims.
        plain: Some(Blocks::Busy(Duration::from_millis(100))),
        quirks: &[ChecksVectorTable, ManifestLast, ResetIgnored],
        memories: &[slot("@DAPBoot DFU", 0, 56 << 10)],
        ..PLAIN
    },
    // STM32duino-bootloader (`dfu.c`, `usb_descriptor.c`; that of release 0200 by dfu-util's list of exceptions): flash
    // at 0x08005000 and 0x08002000 overlap. The application's DFU interface is inferred.
    Board {
        name: "maple",
        description: "Maple with stm32duino's bootloader: DFU 1.0 by its word; RAM refuses",
        vendor_id: 0x1EAF,
        product_id: 0x0003,
        usb_release: 0x0100,
        device_release: 0x0200,
        manufacturer: "LeafLabs",
        product: "Maple 003",
        serial: "LLM 003",
        dfu_version: 0x0100,
        transfer_size: 1024,
        attributes: 0x03,
        plain: Some(Blocks::AtOnce(Duration::from_millis(40))),
        runtime: Some(Runtime {
            vendor_id: 0x1EAF,
            product_id: 0x0004,
            product: "Maple",
            interface: 2,
            attributes: 0x09,
        }),
        quirks: &[
            LosesPlace,
            StallsMemory(0),
            ErrorWithOk,
            ManifestWaitReset,
            ResetIgnoredInIdle,
            LeavesByItself,
        ],
        memories: &[
            slot(
                "STM32duino bootloader v1.0  ERROR. Upload to RAM not supported.",
                128 << 10,
                20 << 10,
            ),
            slot(
                "STM32duino bootloader v1.0  Upload to Flash 0x8005000",
                20 << 10,
                108 << 10,
            ),
            slot(
                "STM32duino bootloader v1.0  Upload to Flash 0x8002000",
                8 << 10,
                120 << 10,
            ),
        ],
        ..PLAIN
    },
    // Zephyr's DFU class (`usb_dfu.c`) in MCUboot, built with USB_DFU_REBOOT and for one slot. Blocks, slot and serial
    // number are inferred.
    Board {
        name: "mcuboot",
        description: "MCUboot with one slot, built with USB_DFU_REBOOT: restarts after a download",
        vendor_id: 0x2FE3,
        product_id: 0x0100,
        manufacturer: "ZEPHYR",
        product: "MCUBOOT",
        serial: "3539361234567891",
        transfer_size: 128,
        attributes: 0x03,
        runtime: Some(Runtime {
            vendor_id: 0x2FE3,
            product_id: 0x0100,
            product: "Zephyr DFU sample",
            interface: 0,
            attributes: 0x03,
        }),
        quirks: &[PollTimeoutAlways(256), ManifestRestarts, ResetIgnored],
        memories: &[slot("image_0", 0, 256 << 10)],
        ..PLAIN
    },
    // An ADALM-Pluto in DFU mode is U-Boot on SPI flash (plutosdr-fw: `zynq_common.h`). Sizes, but for the environment's,
    // are small ones; the application's interface is inferred.
    Board {
        name: "pluto",
        description: "ADALM-Pluto: U-Boot with four memories, and an application with other ids",
        vendor_id: 0x0456,
        product_id: 0xB674,
        // Inferred, as is the serial number.
        device_release: 0x0221,
        manufacturer: "Analog Devices Inc.",
        product: "PlutoSDR (ADALM-PLUTO) DFU",
        serial: "104473541196000618001900241F1E6931",
        runtime: Some(Runtime {
            vendor_id: 0x0456,
            product_id: 0xB673,
            product: "PlutoSDR (ADALM-PLUTO)",
            interface: 6,
            attributes: 0x0F,
        }),
        memories: &[
            slot("firmware.dfu", 1 << 20, 2 << 20),
            slot("boot.dfu", 0, 896 << 10),
            slot("uboot-env.dfu", 896 << 10, 128 << 10),
            slot("spare.dfu", 3 << 20, 1 << 20),
        ],
        ..U_BOOT
    },
    // U-Boot on a board of Texas Instruments' (`dfu_alt_info_emmc` of its am335x_evm). Names are those, sizes are small
    // ones, the serial number is inferred.
    Board {
        name: "uboot",
        description: "U-Boot on an eMMC: memories by name, seconds of manifestation, more after it",
        vendor_id: 0x0451,
        product_id: 0xD022,
        device_release: 0x0224,
        manufacturer: "Texas Instruments",
        product: "USB download gadget",
        serial: "0123456789ABCDEF",
        memories: &[
            slot("u-boot.img.raw", 0, 1 << 20),
            slot("u-boot.env.raw", 1 << 20, 128 << 10),
            slot("rootfs", 2 << 20, 2 << 20),
        ],
        ..U_BOOT
    },
    // Zephyr's DFU class (`usb_dfu.c`). Blocks, slots and serial number are inferred.
    Board {
        name: "zephyr",
        description: "Zephyr's MCUboot: plain DFU 1.1 with two slots, of which the second can be written",
        vendor_id: 0x2FE3,
        product_id: 0xFFFF,
        manufacturer: "ZEPHYR",
        product: "MCUBOOT",
        serial: "3539361234567890",
        transfer_size: 128,
        attributes: 0x07,
        runtime: Some(Runtime {
            vendor_id: 0x2FE3,
            product_id: 0x0100,
            product: "Zephyr DFU sample",
            interface: 0,
            attributes: 0x07,
        }),
        quirks: &[
            PollTimeoutAlways(256),
            ManifestIdle,
            RefusesMemory(0),
            DefaultMemory(1),
            ResetIgnored,
        ],
        memories: &[
            slot("image_0", 0, 256 << 10),
            slot("image_1", 256 << 10, 256 << 10),
        ],
        ..PLAIN
    },
];

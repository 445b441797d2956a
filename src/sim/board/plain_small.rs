//! Small devices and audio that speak plain DFU, and what they make of it.

use std::time::Duration;

use super::model::{Blocks, Board, Runtime, slot};
use super::plain::PLAIN;
use crate::sim::quirk::Quirk::*;

pub const BOARDS: &[Board] = &[
    // embassy-usb-dfu 0.3 (`dfu.rs`): its interface has no string. Ids and strings are those of its examples.
    Board {
        name: "embassy",
        description: "embassy-usb-dfu 0.3: dfuMANIFEST until a reset; its memory has no name",
        vendor_id: 0xC0DE,
        product_id: 0xCAFE,
        // Inferred.
        device_release: 0x0010,
        manufacturer: "Embassy",
        product: "USB-DFU Bootloader example",
        serial: "1235678",
        transfer_size: 4096,
        attributes: 0x01,
        detach_timeout: 2500,
        plain: Some(Blocks::AtOnce(Duration::from_millis(50))),
        runtime: Some(Runtime {
            vendor_id: 0xC0DE,
            product_id: 0xCAFE,
            product: "USB-DFU Runtime example",
            interface: 0,
            attributes: 0x09,
        }),
        quirks: &[
            PollTimeoutAlways(50),
            ManifestStays,
            ResetAfterManifest,
            DfuDetachAccepted,
            StringsNoLayout,
        ],
        memories: &[slot("Firmware", 0, 64 << 10)],
        ..PLAIN
    },
    // embassy-usb-dfu 0.2.
    Board {
        name: "embassy-0.2",
        description: "embassy-usb-dfu 0.2: says that it will detach, and is gone in the manifestation",
        vendor_id: 0xC0DE,
        product_id: 0xCAFE,
        // Inferred.
        device_release: 0x0010,
        manufacturer: "Embassy",
        product: "USB-DFU Bootloader example",
        serial: "1235679",
        transfer_size: 4096,
        attributes: 0x09,
        detach_timeout: 2500,
        plain: Some(Blocks::AtOnce(Duration::from_millis(50))),
        runtime: Some(Runtime {
            vendor_id: 0xC0DE,
            product_id: 0xCAFE,
            product: "USB-DFU Runtime example",
            interface: 0,
            attributes: 0x09,
        }),
        quirks: &[
            PollTimeoutAlways(50),
            ManifestGone,
            ResetAfterManifest,
            DfuDetachAccepted,
            StringsNoLayout,
        ],
        memories: &[slot("Firmware", 0, 64 << 10)],
        ..PLAIN
    },
    // The ROM of an ESP32-S2. But for the ids all of it is inferred.
    Board {
        name: "esp32s2",
        description: "ESP32-S2's ROM: takes a cpio archive, and restarts at the end",
        vendor_id: 0x303A,
        product_id: 0x0002,
        manufacturer: "Espressif",
        product: "ESP32-S2",
        serial: "0",
        transfer_size: 4096,
        attributes: 0x09,
        quirks: &[ManifestGone, ResetIgnored],
        memories: &[slot("flash", 0, 1 << 20)],
        ..PLAIN
    },
    // foboot (`usb-desc.c`, `dfu.c`): its interface has no string, and it says that it is tolerant and restarts.
    Board {
        name: "fomu",
        description: "Fomu: starts what it was given, after a download or after a second",
        vendor_id: 0x1209,
        product_id: 0x5BF0,
        usb_release: 0x0201,
        device_release: 0x0101,
        manufacturer: "Foosn",
        product: "Fomu PVT running DFU Bootloader v2.0.4",
        // Inferred: it has none.
        serial: "0",
        dfu_version: 0x0101,
        transfer_size: 1024,
        attributes: 0x0D,
        quirks: &[
            PollTimeoutAlways(100),
            PlacesByNumber,
            ManifestLast,
            LeavesByItself,
            ResetIgnored,
            StringsNoLayout,
        ],
        memories: &[slot("Fomu PVT DFU Bootloader", 0, 128 << 10)],
        ..PLAIN
    },
    // Jabra's headsets keep their ids in both modes (dfu-util's list of exceptions). All the rest is inferred.
    Board {
        name: "jabra",
        description: "Jabra headset: protocol 0 in DFU mode, and the same ids in both modes",
        vendor_id: 0x0B0E,
        product_id: 0x0411,
        manufacturer: "GN Netcom A/S",
        product: "Jabra UC VOICE 550",
        serial: "00A0C9",
        interface_protocol: 0,
        dfu_version: 0x0100,
        transfer_size: 64,
        attributes: 0x01,
        quirks: &[ManifestWaitReset],
        runtime: Some(Runtime {
            vendor_id: 0x0B0E,
            product_id: 0x0411,
            product: "Jabra UC VOICE 550",
            interface: 4,
            attributes: 0x01,
        }),
        memories: &[slot("Firmware", 0, 128 << 10)],
        ..PLAIN
    },
    // The ROM of NXP's LPC43xx, which HackRF and GreatFET show when nothing else starts (dmesg of a HackRF One). What it
    // is given goes into RAM and starts at once.
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
        transfer_size: 2048,
        // Inferred.
        attributes: 0x01,
        quirks: &[ManifestGone],
        memories: &[slot("DFU", 0, 96 << 10)],
        ..PLAIN
    },
    // Openmoko's U-Boot of 2007 (`usbdfu.c`). Names of the memories are those of a Neo FreeRunner, sizes are small ones.
    Board {
        name: "openmoko",
        description: "Neo FreeRunner: no functional descriptor, and nonsense for bwPollTimeout",
        vendor_id: 0x1D50,
        product_id: 0x5119,
        // Inferred.
        device_release: 0x0350,
        manufacturer: "OpenMoko, Inc",
        product: "Neo1973 Bootloader U-Boot",
        serial: "0000000",
        dfu_version: 0x0100,
        transfer_size: 1024,
        attributes: 0x01,
        quirks: &[
            FunctionalDescriptorMissing,
            PollTimeoutAlways(0xFF_FFFF),
            ManifestIdle,
            ResetIgnored,
        ],
        memories: &[
            slot("RAM 0x32000000", 3 << 20, 64 << 10),
            slot("u-boot", 0, 256 << 10),
            slot("u-boot_env", 256 << 10, 256 << 10),
            slot("kernel", 512 << 10, 1 << 20),
            slot("splash", 1536 << 10, 512 << 10),
            slot("rootfs", 2 << 20, 1 << 20),
        ],
        ..PLAIN
    },
    // SIMtrace's SAM7DFU. Strings and sizes are inferred.
    Board {
        name: "simtrace",
        description: "SIMtrace: no functional descriptor at all, and dfuMANIFEST-SYNC until a reset",
        vendor_id: 0x16C0,
        product_id: 0x0762,
        manufacturer: "sysmocom - systems for mobile communications GmbH",
        product: "SimTrace DFU",
        serial: "0000001",
        dfu_version: 0x0100,
        // What has to be assumed.
        transfer_size: 1024,
        attributes: 0x01,
        quirks: &[
            FunctionalDescriptorUnknown,
            PollTimeoutAlways(0xFF_FFFF),
            ManifestSync,
        ],
        memories: &[slot("DFU Application", 0, 64 << 10)],
        ..PLAIN
    },
    // TinyUSB's example (`examples/device/dfu`), with the timeouts of its callback. Block numbers tell places.
    Board {
        name: "tinyusb",
        description: "TinyUSB's DFU example: two memories, and gone in the manifestation",
        vendor_id: 0xCAFE,
        product_id: 0x4000,
        manufacturer: "TinyUSB",
        product: "TinyUSB Device",
        serial: "123456",
        transfer_size: 512,
        // As the older example has it, which is not tolerant.
        attributes: 0x03,
        detach_timeout: 1000,
        plain: Some(Blocks::Busy(Duration::from_millis(10))),
        quirks: &[PlacesByNumber, ManifestGone, ResetIdle],
        memories: &[
            slot("FLASH", 0, 64 << 10),
            slot("EEPROM", 64 << 10, 16 << 10),
        ],
        runtime: Some(Runtime {
            vendor_id: 0xCAFE,
            product_id: 0x4000,
            product: "TinyUSB Device",
            interface: 0,
            attributes: 0x09,
        }),
        ..PLAIN
    },
    // Ubertooth's bootloader (`usbapi`-based). Strings and sizes are inferred.
    Board {
        name: "ubertooth",
        description: "Ubertooth One: DFU 1.0, and an application with other ids",
        vendor_id: 0x1D50,
        product_id: 0x6003,
        manufacturer: "Great Scott Gadgets",
        product: "Ubertooth One bootloader",
        serial: "08F00003",
        dfu_version: 0x0100,
        transfer_size: 256,
        attributes: 0x07,
        runtime: Some(Runtime {
            vendor_id: 0x1D50,
            product_id: 0x6002,
            product: "Ubertooth One",
            interface: 1,
            attributes: 0x09,
        }),
        memories: &[slot("Flash", 0, 496 << 10)],
        ..PLAIN
    },
    // XMOS' USB audio reference design. Strings, block size and slots are inferred.
    Board {
        name: "xmos",
        description: "XMOS audio: the same ids in both modes, and an upload of the factory image",
        vendor_id: 0x20B1,
        product_id: 0x0008,
        manufacturer: "XMOS",
        product: "XMOS xCORE-200 MC (UAC2.0)",
        serial: "X200001",
        transfer_size: 64,
        attributes: 0x07,
        runtime: Some(Runtime {
            vendor_id: 0x20B1,
            product_id: 0x0008,
            product: "XMOS xCORE-200 MC (UAC2.0)",
            interface: 3,
            attributes: 0x07,
        }),
        quirks: &[UploadImage],
        memories: &[
            slot("DFU Factory", 0, 128 << 10),
            slot("DFU Upgrade", 128 << 10, 128 << 10),
        ],
        ..PLAIN
    },
];

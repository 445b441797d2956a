//! Command lines for dfu-util that other projects have, each with its source, their placeholders filled in: file names,
//! ids of the simulated board, addresses.

use std::ops::Range;

use crate::firmware::Firmware;
use crate::run::bytes;

/// How a project calls dfu-util.
#[derive(Debug)]
pub struct Call {
    pub project: &'static str,
    /// The repository, and the file in it.
    pub source: &'static str,
    /// The simulated board.
    pub board: &'static str,
    pub arguments: &'static str,
    pub image: Image,
    /// Where in the file that keeps the board's flash the image is afterwards.
    pub offset: usize,
    /// What is erased there, apart from the image.
    pub erased: Range<usize>,
    /// Lines on stdout, in this order, among others.
    pub says: &'static [&'static str],
}

impl Call {
    /// The file that it flashes.
    pub fn file(&self) -> &'static str {
        let mut words = self.arguments.split(' ');
        let is_download = |word: &&str| ["-D", "--download"].contains(word);
        words.find(is_download).expect("a download");
        words.next().expect("a file")
    }
}

/// What is flashed.
#[derive(Debug)]
pub enum Image {
    /// Any bytes, for a device without DfuSe.
    Raw,
    /// An application for this address.
    Linked(u32),
    /// The same, in a DfuSe file.
    DfuSe(u32),
}

impl Image {
    /// What comes into flash.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Raw => raw(),
            Self::Linked(address) | Self::DfuSe(address) => linked_at(*address),
        }
    }

    /// What is in the file.
    pub fn file(&self) -> Vec<u8> {
        match self {
            Self::Raw | Self::Linked(_) => self.bytes(),
            Self::DfuSe(address) => Firmware::dfuse(&[(0, *address, &self.bytes())]).bytes,
        }
    }
}

pub fn raw() -> Vec<u8> {
    bytes(5000, 0x4450)
}

/// With an initial stack pointer in every chip's RAM, and a reset vector after the address.
pub fn linked_at(address: u32) -> Vec<u8> {
    let mut bytes = raw();
    bytes[..4].copy_from_slice(&0x2000_1000_u32.to_le_bytes());
    bytes[4..8].copy_from_slice(&(address + 0x1C1).to_le_bytes());
    bytes
}

/// The length of the file that keeps a board's flash.
pub fn flash_size(board: &str) -> usize {
    let kibibytes = match board {
        "gd32vf103" => 128,
        "maple" => 148,
        "zephyr" => 512,
        "esp32s2" | "f405" | "l476" => 1 << 10,
        "f767" | "h743" => 2 << 10,
        "uboot" => 4 << 10,
        other => panic!("how large is the flash of {other}?"),
    };
    kibibytes * KIB
}

const KIB: usize = 1 << 10;

/// A raw file with DfuSe, without `:leave` and with it.
const WRITTEN: &[&str] = &["Download done.", "File downloaded successfully"];
const WRITTEN_AND_LEFT: &[&str] = &[
    "Download done.",
    "File downloaded successfully",
    "Transitioning to dfuMANIFEST state",
];
/// A DfuSe file.
const PARSED: &[&str] = &["Download done.", "Done parsing DfuSe file"];
/// A device without DfuSe that goes on listening, and one that doesn't.
const DONE: &[&str] = &["Download done.", "Done!"];
const SENT: &[&str] = &["Download done."];

pub const CALLS: &[Call] = &[
    Call {
        project: "Arduino_Core_STM32, the boards with Maple's bootloader",
        source: "stm32duino/Arduino_Tools: maple_upload.sh",
        board: "maple",
        arguments: "-d 1EAF:0003 -a 2 -D Blink.ino.bin -R",
        image: Image::Raw,
        offset: 8 * KIB,
        erased: 0..0,
        says: SENT,
    },
    Call {
        project: "Arduino's core for mbed",
        source: "arduino/ArduinoCore-mbed: platform.txt, tools.dfu-util.upload.pattern",
        board: "h743",
        arguments: "--device 0x0483:0xdf11 -D Blink.ino.bin -a0 --dfuse-address=0x08040000:leave",
        image: Image::Linked(0x0804_0000),
        offset: 256 * KIB,
        erased: 256 * KIB..384 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "QMK, make flash",
        source: "qmk/qmk_firmware: platforms/chibios/flash.mk, and DFU_ARGS in bootloader.mk",
        board: "f405",
        arguments: "-d 0483:DF11 -a 0 -s 0x08000000:leave -D .build/planck_rev6_default.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "QMK, make flash SERIAL=…",
        source: "qmk/qmk_firmware: platforms/chibios/flash.mk",
        board: "l476",
        arguments: "-d 0483:DF11 -a 0 -s 0x08000000:leave -S 205834865852 -D .build/a_keyboard.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..6 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "qmk flash, STM32",
        source: "qmk/qmk_firmware: lib/python/qmk/flashers.py",
        board: "f405",
        arguments: "-a 0 -d 0483:df11 -s 0x08000000:leave -D a_keyboard.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "qmk flash, GD32V",
        source: "qmk/qmk_firmware: lib/python/qmk/flashers.py",
        board: "gd32vf103",
        arguments: "-a 0 -d 28e9:0189 -s 0x08000000:leave -D a_keyboard.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..5 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "qmk flash, STM32duino",
        source: "qmk/qmk_firmware: lib/python/qmk/flashers.py",
        board: "maple",
        arguments: "-a 2 -d 1eaf:0003 -R -D a_keyboard.bin",
        image: Image::Raw,
        offset: 8 * KIB,
        erased: 0..0,
        says: SENT,
    },
    Call {
        project: "Klipper, by ids",
        source: "Klipper3d/klipper: scripts/flash_usb.py, flash_stm32f4",
        board: "f405",
        arguments: "-d ,0483:df11 -R -a 0 -s 0x8008000:leave -D out/klipper.bin",
        image: Image::Linked(0x0800_8000),
        offset: 32 * KIB,
        erased: 32 * KIB..48 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Klipper, by the port of a serial device that was there before",
        source: "Klipper3d/klipper: scripts/flash_usb.py, flash_stm32f4",
        board: "f405",
        arguments: "-p 1-1 -R -a 0 -s 0x8000000:leave -D out/klipper.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Klipper, STM32F103 with STM32duino's bootloader",
        source: "Klipper3d/klipper: scripts/flash_usb.py, flash_stm32f1",
        board: "maple",
        arguments: "-d ,1eaf:0003 -R -a 2 -D out/klipper.bin",
        image: Image::Raw,
        offset: 8 * KIB,
        erased: 0..0,
        says: SENT,
    },
    Call {
        project: "libDaisy, make program-dfu",
        source: "electro-smith/libDaisy: core/Makefile",
        board: "h743",
        arguments: "-a 0 -s 0x08000000:leave -D build/Blink.bin -d ,0483:df11",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..128 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "ESP-IDF, idf.py dfu-flash",
        source: "espressif/esp-idf: tools/cmake/run_dfu_util.cmake",
        board: "esp32s2",
        arguments: "-d 303a:2 -D build/dfu.bin",
        image: Image::Raw,
        offset: 0,
        erased: 0..0,
        says: SENT,
    },
    Call {
        project: "ESP-IDF, idf.py dfu-flash --path",
        source: "espressif/esp-idf: tools/cmake/run_dfu_util.cmake",
        board: "esp32s2",
        arguments: "-d 303a:2 --path 1-1 -D build/dfu.bin",
        image: Image::Raw,
        offset: 0,
        erased: 0..0,
        says: SENT,
    },
    Call {
        project: "OpenMV IDE",
        source: "openmv/qt-creator: src/plugins/openmv/tools/dfu-util.cpp, downloadFirmware",
        board: "h743",
        arguments: "-w -d ,0483:df11 -a 0 -s 0x08040000:leave -S 200364500000 -D firmware.bin",
        image: Image::Linked(0x0804_0000),
        offset: 256 * KIB,
        erased: 256 * KIB..384 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Crazyflie, make flash_dfu",
        source: "bitcraze/crazyflie-firmware: Makefile",
        board: "f405",
        arguments: "-d 0483:df11 -a 0 -s 0x08004000:leave -D cf2.bin",
        image: Image::Linked(0x0800_4000),
        offset: 16 * KIB,
        erased: 16 * KIB..32 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Crazyflie, make flash_dfu of earlier years",
        source: "bitcraze/crazyflie-firmware: Makefile",
        board: "f405",
        arguments: "-a 0 -D cf2.dfu",
        image: Image::DfuSe(0x0800_4000),
        offset: 16 * KIB,
        erased: 16 * KIB..32 * KIB,
        says: PARSED,
    },
    Call {
        project: "micro-ROS for the Crazyflie",
        source: "micro-ROS/micro_ros_setup: config/freertos/crazyflie21/flash.sh",
        board: "f405",
        arguments: "-d 0483:df11 -a 0 -s 0x08000000 -D cf2.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN,
    },
    Call {
        project: "Zephyr's west flash, a DfuSe board",
        source: "zephyrproject-rtos/zephyr: scripts/west_commands/runners/dfu.py",
        board: "f405",
        arguments: "-d,0483:df11 -s 0x8000000:leave -a 0 -D build/zephyr/zephyr.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Zephyr's west flash, another board",
        source: "zephyrproject-rtos/zephyr: scripts/west_commands/runners/dfu.py",
        board: "zephyr",
        arguments: "-d,2fe3:ffff -a image_1 -D build/zephyr/zephyr.bin",
        image: Image::Raw,
        offset: 256 * KIB,
        erased: 0..0,
        says: DONE,
    },
    Call {
        project: "PlatformIO, upload_protocol = dfu",
        source: "platformio/platform-ststm32: builder/main.py",
        board: "f405",
        arguments: "-d 0x0483:0xDF11 -a 0 -s 0x08000000:leave -D .pio/build/f4/firmware.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "MicroPython, make USE_PYDFU=0 deploy",
        source: "micropython/micropython: ports/stm32/Makefile",
        board: "f405",
        arguments: "-a 0 -d 0x0483:0xDF11 -D build-PYBV11/firmware.dfu",
        image: Image::DfuSe(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: PARSED,
    },
    Call {
        project: "Betaflight, make dfu_flash",
        source: "betaflight/betaflight: Makefile",
        board: "f405",
        arguments: "-a 0 -D obj/betaflight_STM32F405.dfu -s :leave",
        image: Image::DfuSe(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: PARSED,
    },
    Call {
        project: "labgrid's DFUDriver, download",
        source: "labgrid-project/labgrid: labgrid/driver/dfudriver.py",
        board: "f405",
        arguments: "-p 1-1 --alt 0 --download app.dfu",
        image: Image::DfuSe(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: PARSED,
    },
    Call {
        project: "LAVA, boot method dfu",
        source: "Linaro/lava: lava_dispatcher/actions/boot/dfu.py",
        board: "uboot",
        arguments: "--serial 0123456789ABCDEF --device 0451:d022 --alt u-boot.env.raw --download env.bin --reset",
        image: Image::Raw,
        offset: 1024 * KIB,
        erased: 0..0,
        says: DONE,
    },
    Call {
        project: "jumpstarter's DFU driver",
        source: "jumpstarter-dev/jumpstarter: jumpstarter_driver_dfu/driver.py",
        board: "l476",
        arguments: "-D jumpstarter-dfu-1 -a 0 -d 0483:df11 -S 205834865852 -i 0 -s 0x08000000:leave -t 2048",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..6 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "RIOT, make flash PROGRAMMER=dfu-util",
        source: "RIOT-OS/RIOT: makefiles/tools/dfu-util.inc.mk",
        board: "f405",
        arguments: "--device 0483:df11 --alt 0 --download hello.bin --dfuse-address 0x08000000:leave --serial 336133663433",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "particle-cli",
        source: "particle-iot/particle-cli: src/lib/dfu.js, writeDfu",
        board: "f405",
        arguments: "-d 0483:df11 -a 0 -i 0 -s 0x080A0000:leave -D tinker.bin",
        image: Image::Linked(0x080A_0000),
        offset: 640 * KIB,
        erased: 640 * KIB..768 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Meadow.CLI",
        source: "WildernessLabs/Meadow.CLI: DfuUtils.cs",
        board: "f767",
        arguments: "-a 0 -S 206438814D53 -D Meadow.OS.bin -s 0x08000000:leave",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..32 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "Digit 360, whose address is a decimal number",
        source: "facebookresearch/digit360: its firmware update",
        board: "h743",
        arguments: "-d 0483:df11 -a 0 --dfuse-address 134217728:leave -R -D digit360.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..128 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "NumWorks' Epsilon",
        source: "numworks/epsilon: build/platform.device.mak",
        board: "f405",
        arguments: "-i 0 -a 0 -s 0x08000000:leave -D epsilon.bin",
        image: Image::Linked(0x0800_0000),
        offset: 0,
        erased: 0..16 * KIB,
        says: WRITTEN_AND_LEFT,
    },
    Call {
        project: "ArduPilot on boards with its F4Light bootloader",
        source: "ArduPilot/ardupilot: libraries/AP_HAL_F4Light/boards/f4light_Revolution/support/UPLOAD-DFU.sh",
        board: "f405",
        arguments: "-a 0 --dfuse-address 0x08010000:leave -D ArduPlane/f4light_Revolution.bin -R",
        image: Image::Linked(0x0801_0000),
        offset: 64 * KIB,
        erased: 64 * KIB..128 * KIB,
        says: WRITTEN_AND_LEFT,
    },
];

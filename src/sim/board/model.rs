//! What a simulated board is described by.

use std::time::Duration;

use crate::sim::flash_kinds::NorFlash;
use crate::sim::quirk::Quirk;

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
    /// `wDetachTimeOut`, in milliseconds.
    pub detach_timeout: u16,
    /// How it takes a block, where it speaks no DfuSe.
    pub plain: Option<Blocks>,
    /// What its application shows, where that is something else than the bootloader does.
    pub runtime: Option<Runtime>,
    /// What it does that the specification doesn't tell.
    pub quirks: &'static [Quirk],
    /// First bytes of the commands it has; 0x00 is "get commands" itself (AN3156 §4.2).
    pub commands: &'static [u8],
    /// One per alternate setting. Equal layouts are one and the same memory.
    pub memories: &'static [Memory],
}

/// When a bootloader without DfuSe writes a block, and how long that takes with real timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// In dfuDNBUSY, after the GETSTATUS that comes after it.
    Busy(Duration),
    /// Before that GETSTATUS is answered, with dfuDNLOAD-IDLE.
    AtOnce(Duration),
}

/// An application with a DFU run-time interface, as far as it differs from its bootloader.
#[derive(Debug, Clone, Copy)]
pub struct Runtime {
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// The string of `iProduct`.
    pub product: &'static str,
    /// `bInterfaceNumber` of its DFU interface.
    pub interface: u8,
    /// `bmAttributes` of its functional descriptor.
    pub attributes: u8,
}

/// Where a memory without addresses lies in its device's flash, in bytes from the beginning of that; both are multiples
/// of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Where it begins.
    pub start: u32,
    /// How large it is.
    pub size: u32,
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
    /// A part of the device's flash that the device erases by itself.
    Slot(Slot),
}

/// Flash of this kind.
pub const fn flash(layout: &'static str, kind: &'static NorFlash) -> Memory {
    Memory {
        layout,
        cells: Cells::Nor(kind),
    }
}

/// Flash of this kind that can be programmed once.
pub const fn one_time(layout: &'static str, kind: &'static NorFlash) -> Memory {
    Memory {
        layout,
        cells: Cells::OneTime(kind),
    }
}

/// Option bytes.
pub const fn option_bytes(layout: &'static str) -> Memory {
    Memory {
        layout,
        cells: Cells::OptionBytes,
    }
}

/// Memory that is overwritten like RAM.
pub const fn overwritable(layout: &'static str) -> Memory {
    Memory {
        layout,
        cells: Cells::Overwritable,
    }
}

/// A memory with a name and no layout. What it holds is the device's own affair.
pub const fn named(name: &'static str) -> Memory {
    Memory {
        layout: name,
        cells: Cells::Overwritable,
    }
}

/// A memory with a name and no addresses, in its device's flash.
pub const fn slot(name: &'static str, start: u32, size: u32) -> Memory {
    Memory {
        layout: name,
        cells: Cells::Slot(Slot { start, size }),
    }
}

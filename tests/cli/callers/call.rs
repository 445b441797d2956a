//! How another project calls dfu-util: its command line, the board it is for, and what comes of it.

use std::ops::Range;

use crate::firmware::Firmware;
use crate::run::bytes;

pub const KIB: usize = 1 << 10;

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

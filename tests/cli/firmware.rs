//! Firmware files that are not among the samples.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::bytes;

/// A firmware file in a directory of its own.
pub struct Firmware {
    _directory: TempDir,
    path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Firmware {
    /// A raw binary of so many bytes without a pattern.
    pub fn raw(length: usize) -> Self {
        Self::of(bytes(length, 0x4449), "firmware.bin")
    }

    /// The same with a vector table in front that an application at 0x08000000 can start from.
    pub fn application(length: usize) -> Self {
        let mut bytes = bytes(length, 0x4449);
        bytes[..8].copy_from_slice(b"\x00\x00\x02\x20\xC1\x01\x00\x08");
        Self::of(bytes, "firmware.bin")
    }

    /// A target with one element for each of these alternate settings, addresses and data (ST UM0391).
    pub fn dfuse(targets: &[(u8, u32, &[u8])]) -> Self {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("short").to_le_bytes();
        let mut body = Vec::new();
        for (alternate_setting, address, data) in targets {
            let mut element = address.to_le_bytes().to_vec();
            element.extend(length(data));
            element.extend(*data);
            body.extend(b"Target");
            body.push(*alternate_setting);
            body.extend([0; 4 + 255]);
            body.extend(length(&element));
            body.extend(1_u32.to_le_bytes());
            body.extend(element);
        }
        let mut bytes = b"DfuSe\x01".to_vec();
        let image_size = u32::try_from(11 + body.len()).expect("short");
        bytes.extend(image_size.to_le_bytes());
        bytes.push(u8::try_from(targets.len()).expect("few"));
        bytes.extend(body);
        // bcdDevice 0, idProduct df11, idVendor 0483, bcdDFU 011A.
        bytes.extend(b"\x00\x00\x11\xdf\x83\x04\x1a\x01UFD\x10\x00\x00\x00\x00");
        Self::of(with_crc(bytes), "made.dfu")
    }

    /// Any bytes, under any name.
    pub fn of(bytes: Vec<u8>, name: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join(name);
        fs::write(&path, &bytes).expect("a new file");
        Self {
            _directory: directory,
            path,
            bytes,
        }
    }

    /// Its name, for the command line.
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }
}

/// The same with a `dwCRC` that fits: CRC-32 without the final xor.
pub fn with_crc(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 4;
    let crc = !crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

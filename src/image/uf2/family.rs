//! Families of chips as UF2 files number them (microsoft/uf2, utils/uf2families.json).

use std::fmt;

/// `familyID`; as text, its number, and its name where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family(pub u32);

/// Every family of STM32.
const STM32: [(u32, &str); 20] = [
    (0x647824B6, "STM32F0"),
    (0x5EE21072, "STM32F1"),
    (0x5D1A0A2E, "STM32F2"),
    (0x6B846188, "STM32F3"),
    (0x57755A57, "STM32F4"),
    (0x6D0922FA, "STM32F407"),
    (0x8FB060FE, "STM32F407VG"),
    (0x06D1097B, "STM32F411xC"),
    (0x2DC309C5, "STM32F411xE"),
    (0x53B80F00, "STM32F7"),
    (0x300F5633, "STM32G0"),
    (0x4C71240A, "STM32G4"),
    (0x4E8F1C5D, "STM32H5"),
    (0x6DB66082, "STM32H7"),
    (0x202E3A91, "STM32L0"),
    (0x1E1F432D, "STM32L1"),
    (0x00FF6919, "STM32L4"),
    (0x04240BDF, "STM32L5"),
    (0x70D16653, "STM32WB"),
    (0x21460FF0, "STM32WL"),
];

/// The chips of others for which most UF2 files are.
const OTHERS: [(u32, &str); 14] = [
    (0x68ED2B88, "SAMD21"),
    (0x55114460, "SAMD51"),
    (0x1B57745F, "nRF52"),
    (0xADA52840, "nRF52840"),
    (0x621E937A, "nRF52833"),
    (0x1C5F21B0, "ESP32"),
    (0xBFDD4EEE, "ESP32-S2"),
    (0xC47E5767, "ESP32-S3"),
    (0xE48BFF56, "RP2040"),
    (0xE48BFF59, "RP2350"),
    (0x4FB2D5BD, "i.MX RT10xx"),
    (0x2ABC77EC, "LPC55"),
    (0x9AF03E33, "GD32VF103"),
    (0x31D228C6, "GD32F350"),
];

impl Family {
    pub fn is_stm32(self) -> bool {
        STM32.iter().any(|(id, _)| *id == self.0)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id) = self;
        match STM32.iter().chain(&OTHERS).find(|(known, _)| known == id) {
            Some((_, name)) => write!(f, "{name} ({id:#010x})"),
            None => write!(f, "family {id:#010x}"),
        }
    }
}

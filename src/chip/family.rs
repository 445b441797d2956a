//! Families of chips as UF2 files number them.

use std::fmt;

/// `familyID`; as text, its number, and its name where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family(pub u32);

/// Whose chips a family is of, as far as they have bootloaders that speak DfuSe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// ST: STM32.
    St,
    /// GigaDevice: GD32.
    GigaDevice,
    /// Artery: AT32.
    Artery,
}

/// The size of the sector that flash begins with, in bytes, in every chip of a family (reference manuals, "Flash main
/// memory organization"). What begins with the name is of the family.
const FIRST_SECTORS: [(&str, &[u32]); 16] = [
    ("STM32F0", &[1 << 10, 2 << 10]),
    ("STM32F1", &[1 << 10, 2 << 10]),
    ("STM32F2", &[16 << 10]),
    ("STM32F3", &[2 << 10]),
    ("STM32F4", &[16 << 10]),
    // F72x and F73x as F4.
    ("STM32F7", &[16 << 10, 32 << 10]),
    ("STM32G0", &[2 << 10]),
    ("STM32G4", &[2 << 10, 4 << 10]),
    ("STM32H5", &[8 << 10]),
    // H7Ax and H7Bx have 8K.
    ("STM32H7", &[8 << 10, 128 << 10]),
    ("STM32L0", &[128]),
    ("STM32L1", &[256]),
    ("STM32L4", &[2 << 10, 4 << 10, 8 << 10]),
    ("STM32L5", &[2 << 10, 4 << 10]),
    ("STM32WB", &[2 << 10, 4 << 10]),
    ("STM32WL", &[2 << 10]),
];

impl Maker {
    /// By the `idVendor` of their bootloaders.
    pub fn of_vendor(vendor_id: u16) -> Option<Self> {
        match vendor_id {
            0x0483 => Some(Self::St),
            0x28E9 => Some(Self::GigaDevice),
            0x2E3C => Some(Self::Artery),
            _ => None,
        }
    }
}

/// microsoft/uf2, utils/uf2families.json and utils/uf2conv.py; AT32F405's is tinyuf2's.
const FAMILIES: [(u32, &str); 58] = [
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
    (0x31D228C6, "GD32F350"),
    (0x9AF03E33, "GD32VF103"),
    (0xA0C97B8E, "AT32F415"),
    (0x6B1F405C, "AT32F405"),
    (0x699B62EC, "CH32V"),
    (0x16573617, "ATmega32"),
    (0x68ED2B88, "SAMD21"),
    (0x55114460, "SAMD51"),
    (0x1851780A, "SAML21"),
    (0x1B57745F, "nRF52"),
    (0x72721D4E, "nRF52832xxAA"),
    (0x6F752678, "nRF52832xxAB"),
    (0x621E937A, "nRF52833"),
    (0xADA52840, "nRF52840"),
    (0x7EAB61ED, "ESP8266"),
    (0x1C5F21B0, "ESP32"),
    (0xBFDD4EEE, "ESP32-S2"),
    (0xC47E5767, "ESP32-S3"),
    (0x2B88D29C, "ESP32-C2"),
    (0xD42BA06C, "ESP32-C3"),
    (0x540DDF62, "ESP32-C6"),
    (0x332726F6, "ESP32-H2"),
    (0x3D308E94, "ESP32-P4"),
    (0xE48BFF56, "RP2040"),
    (0xE48BFF57, "RP2xxx, at any address"),
    (0xE48BFF59, "RP2350"),
    (0xE48BFF5A, "RP2350, RISC-V"),
    (0xE48BFF5B, "RP2350, non-secure"),
    (0x4FB2D5BD, "i.MX RT10xx"),
    (0x2ABC77EC, "LPC55"),
    (0x7F83E793, "KL32L2"),
    (0x5A18069B, "FX2"),
    (0x4F6ACE52, "CSK4"),
    (0x6E7348A8, "CSK6"),
    (0x11DE784A, "M0SENSE"),
    (0x4B684D71, "MaixPlay-U4"),
    (0x9517422F, "RZ/A1LU"),
    (0x7BE8976D, "RA4M1"),
];

impl Family {
    /// What it is called; `None` where it is not in the list.
    pub fn name(self) -> Option<&'static str> {
        let mut families = FAMILIES.iter();
        families
            .find(|(id, _)| *id == self.0)
            .map(|(_, name)| *name)
    }

    /// Whether flash of these chips can begin with a sector of `size` bytes, as far as that is known.
    pub fn can_begin_with(self, size: u32) -> bool {
        let name = self.name().unwrap_or_default();
        let mut families = FIRST_SECTORS.iter();
        let known = families.find(|(prefix, _)| name.starts_with(prefix));
        known.is_none_or(|(_, sizes)| sizes.contains(&size))
    }

    /// Whose chips these are; `None` where no such chip has a bootloader that speaks DfuSe, or that isn't known.
    pub fn maker(self) -> Option<Maker> {
        let name = self.name()?;
        let makers = [
            ("STM32", Maker::St),
            ("GD32", Maker::GigaDevice),
            ("AT32", Maker::Artery),
        ];
        let mut makers = makers.into_iter();
        makers
            .find(|(prefix, _)| name.starts_with(prefix))
            .map(|(_, maker)| maker)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id) = self;
        match self.name() {
            Some(name) => write!(f, "{name} ({id:#010x})"),
            None => write!(f, "family {id:#010x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_of_stm32_has_its_sectors_in_the_table() {
        for (id, name) in FAMILIES {
            let in_table = FIRST_SECTORS
                .iter()
                .filter(|(prefix, _)| name.starts_with(prefix))
                .count();
            assert_eq!(in_table, usize::from(name.starts_with("STM32")), "{id:#x}");
        }
    }
}

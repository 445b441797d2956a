//! Memories that hold the chip's settings rather than a program: what is at stake when they are written.

use std::fmt;

use crate::dfuse::layout::MemoryLayout;

/// What an STM32MP1's first alternate setting is for.
pub const FLASH_LAYOUT: &str =
    "an STM32MP1 takes the table of its partitions there, and no firmware";

/// What kind of settings a memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settings {
    /// Option bytes: read and write protection, where the chip starts. Writing them resets it.
    OptionBytes,
    /// One-time programmable memory.
    OneTime,
    /// Where an STM32MP1 takes the table of its partitions, before it shows any memory that firmware could go to.
    FlashLayout,
    /// Something else that no application is written to: device features, engineering bytes, partition tables.
    Other,
}

impl Settings {
    /// The settings that a memory holds; `None` for one that programs and their data go to.
    ///
    /// Names are as ROMs spell them: "Option Bytes", "Option byte" (AT32), "OB Bytes" (U083), "OTP Memory", "Device
    /// Feature", "ENGI Bytes". Without such a name it is settings where nothing can be erased and no address is one of
    /// RAM, flash or EEPROM.
    pub fn in_memory(layout: &MemoryLayout) -> Option<Self> {
        let name = layout.name.to_ascii_lowercase();
        let has_one_of = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has_one_of(&["option", "ob bytes"]) {
            return Some(Self::OptionBytes);
        }
        if has_one_of(&["otp"]) {
            return Some(Self::OneTime);
        }
        if has_one_of(&["flashlayout"]) {
            return Some(Self::FlashLayout);
        }
        let plain = layout
            .segments
            .iter()
            .any(|segment| segment.access.erasable || is_for_programs(segment.address));
        (has_one_of(&["feature", "engi"]) || !plain).then_some(Self::Other)
    }

    /// Whether the chip resets as soon as these were written (AN3156 §5.1).
    pub fn reset_the_chip(self) -> bool {
        self == Self::OptionBytes
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OptionBytes => {
                "writing option bytes resets the chip, and wrong ones can lock it for ever"
            }
            Self::OneTime => "writing one-time programmable memory can never be undone",
            Self::FlashLayout => FLASH_LAYOUT,
            Self::Other => {
                "this memory holds the chip's settings, and what is written may stay for ever"
            }
        })
    }
}

/// Whether this is an address of the chip's flash or data EEPROM, of RAM or of external memory, as every Cortex-M has
/// them; what else there is on a STM32 are its system memory, its registers and its own peripherals.
fn is_for_programs(address: u32) -> bool {
    matches!(address >> 24, 0x08 | 0x10 | 0x20..=0x3F | 0x60..=0x9F | 0xC0..=0xDF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layout: &str, expected: Option<Settings>) {
        let parsed = MemoryLayout::parse(layout).expect("a real string");
        assert_eq!(Settings::in_memory(&parsed), expected, "{layout}");
    }

    #[test]
    fn option_bytes_are_told_by_their_name_whatever_may_be_done_with_them() {
        let check = |layout| check(layout, Some(Settings::OptionBytes));
        check("@Option Bytes  /0x1FFFC000/01*016 e");
        check("@Option Bytes  /0x1FFFC000/01*016 g");
        check("@Option Bytes   /0x5200201C/01*128 e");
        check("@Option Bytes   /0x40022040/01*64 e");
        check("@Option byte   /0x1FFFF800/01*512g");
        check("@OB Bytes          /0x40022020/01*136 e");
    }

    #[test]
    fn one_time_programmable_memory_is_told_by_its_name() {
        let check = |layout| check(layout, Some(Settings::OneTime));
        check("@OTP Memory /0x1FFF7800/01*512 e,01*016 e");
        check("@OTP Memory   /0x0BFA0000/01*512 e");
        check("@OTP Memory   /0x08FFF000/01*01Ke");
    }

    #[test]
    fn an_stm32mp1_s_table_of_partitions_is_called_what_it_is() {
        check("@FlashLayout/0x00/1*256Ke", Some(Settings::FlashLayout));
    }

    #[test]
    fn other_settings_are_told_by_name_or_address() {
        let check = |layout| check(layout, Some(Settings::Other));
        check("@Device Feature/0xFFFF0000/01*004 e");
        check("@Device Feature/0xFFFF0000/01*004 g");
        check("@ENGI Bytes        /0x1FFF7500/01*768 e");
        check("@virtual/0xf1/1*512Be");
        check("@PMIC/0xf4/1*8Be");
    }

    #[test]
    fn what_programs_and_data_go_to_is_no_settings() {
        let check = |layout| check(layout, None);
        check("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
        check("@Internal Flash  /0x08000000/12*001Ka,116*001Kg");
        check("@DATA Memory /0x08080000/2*3Ke");
        check("@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg");
        check("@DCT Flash   /0x00000000/01*016Kg");
        check("@External Flash /0x90000000/1001*128Kg,3*128Kg,20*128Ka");
        check("@Flash/0x08020000/15*128Ke");
        check("@SRAM/0x24000000/01*252Ke");
        check("@NOR Flash : M29W128F/0x64000000/0256*64Kg");
    }
}

//! Memories that hold the chip's settings rather than a program: what is at stake when they are written.

use std::fmt;

use super::map::is_for_programs;

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
    /// The settings that a memory holds; `None` for one that programs and their data go to. `parts` are its addresses, and
    /// whether they can be erased.
    ///
    /// Names are as ROMs spell them: "Option Bytes", "Option byte" (AT32), "OB Bytes" (U083), "OTP Memory", "Device
    /// Feature", "ENGI Bytes". Without such a name it is settings where nothing can be erased and no address is one of
    /// RAM, flash or EEPROM.
    pub fn in_memory(name: &str, mut parts: impl Iterator<Item = (u32, bool)>) -> Option<Self> {
        let name = name.to_ascii_lowercase();
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
        let is_plain = parts.any(|(address, is_erasable)| is_erasable || is_for_programs(address));
        (has_one_of(&["feature", "engi"]) || !is_plain).then_some(Self::Other)
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
                "writing option bytes resets the chip, and wrong ones can lock it permanently"
            }
            Self::OneTime => "writing one-time programmable memory can never be undone",
            Self::FlashLayout => FLASH_LAYOUT,
            Self::Other => {
                "this memory holds the chip's settings, and what is written may be permanent"
            }
        })
    }
}

//! What the flash of each family does and how long it takes: the data sheets' typical figures.
//!
//! What happens to flash that is not blank differs, and so does what blank means; a host that takes either for granted
//! fails on some of these.
//!
//! Each entry names the table its times belong to. Only the F405's were compared with a second source: before a time
//! of another family is relied on, compare it with the data sheet.

use std::time::Duration;

/// How a kind of flash behaves, and how long it takes: the data sheet's typical figures.
#[derive(Debug)]
pub struct NorFlash {
    /// What an erased byte reads as.
    pub erased: u8,
    /// How many bytes are programmed at once; aligned to that.
    pub program_unit: u32,
    /// Time to program one unit.
    pub program_time: Duration,
    /// What happens to a unit that is not blank.
    pub overwrite: Overwrite,
    /// Time to erase a sector, by its size in bytes.
    pub erase_times: &'static [(u32, Duration)],
    /// Time to erase all of it at once; `None` where that goes sector by sector.
    pub mass_erase_time: Option<Duration>,
}

/// What programming does to a unit that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Bits move on, without an error.
    Combines,
    /// The unit stays as it is and an error flag rises, except when programmed with zeros only.
    RefusesUnlessZero,
    /// The unit stays as it is and an error flag rises.
    Refuses,
}

impl NorFlash {
    /// What a byte is after `new` was programmed over it.
    pub fn combine(&self, old: u8, new: u8) -> u8 {
        if self.erased == 0xFF {
            old & new
        } else {
            old | new
        }
    }

    /// Whether a unit that holds `old` is left as it is when `new` is to be programmed.
    pub fn refuses(&self, old: &[u8], new: &[u8]) -> bool {
        let blank = old.iter().all(|byte| *byte == self.erased);
        match self.overwrite {
            Overwrite::Combines => false,
            Overwrite::RefusesUnlessZero => !blank && new.iter().any(|byte| *byte != 0),
            Overwrite::Refuses => !blank,
        }
    }

    /// Time to erase a sector of `size` bytes.
    pub fn erase_time(&self, size: u32) -> Duration {
        self.erase_times
            .iter()
            .find(|(sector_size, _)| *sector_size == size)
            .expect("the table has a time for each sector size")
            .1
    }
}

/// DS9826, "Flash memory characteristics": 53.5 µs a half-word; for erasing only 20…40 ms is said, so the middle.
/// RM0091: a half-word that is not 0xFFFF is not programmed and raises PGERR, except with 0x0000.
pub static F072_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 2,
    program_time: Duration::from_nanos(53_500),
    overwrite: Overwrite::RefusesUnlessZero,
    erase_times: &[(2 << 10, Duration::from_millis(30))],
    mass_erase_time: Some(Duration::from_millis(30)),
};

/// DS5319, "Flash memory characteristics": 52.5 µs a half-word, erasing 20…40 ms. The bootloader erases all by pages.
/// PM0075: PGERR as on the F072.
pub static F103_FLASH: NorFlash = NorFlash {
    program_time: Duration::from_nanos(52_500),
    erase_times: &[(1 << 10, Duration::from_millis(30))],
    mass_erase_time: None,
    ..F072_FLASH
};

/// M25P64 data sheet, "AC characteristics": 1.4 ms for a page of 256 bytes, 1 s a sector, 68 s for all.
pub static M25P64_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 256,
    program_time: Duration::from_micros(1400),
    overwrite: Overwrite::Combines,
    erase_times: &[(64 << 10, Duration::from_secs(1))],
    mass_erase_time: Some(Duration::from_secs(68)),
};

/// A usual SPI flash, W25Q16: 45 ms a sector of 4 KiB, 0.4 ms a page of 256 bytes.
pub static SPI_FLASH: NorFlash = NorFlash {
    program_time: Duration::from_micros(400),
    erase_times: &[(4 << 10, Duration::from_millis(45))],
    mass_erase_time: None,
    ..M25P64_FLASH
};

/// DS8626, "Flash memory programming", ×32: 16 µs a word; 250 ms, 550 ms, 1 s a sector; 8 s for all.
/// RM0090 §3.6.3: clearing more bits without erasing is allowed.
pub static F4_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 4,
    program_time: Duration::from_micros(16),
    overwrite: Overwrite::Combines,
    erase_times: &[
        (16 << 10, Duration::from_millis(250)),
        (64 << 10, Duration::from_millis(550)),
        (128 << 10, Duration::from_secs(1)),
    ],
    mass_erase_time: Some(Duration::from_secs(8)),
};

/// DS9405, "Flash memory programming", ×32: as the F405, and 8 s a bank.
pub static F429_FLASH: NorFlash = NorFlash {
    mass_erase_time: Some(Duration::from_secs(16)),
    ..F4_FLASH
};

/// DS10916, "Flash memory programming", ×32: 16 µs a word; 250 ms, 550 ms, 1 s a sector; 8 s for all.
pub static F7_FLASH: NorFlash = NorFlash {
    erase_times: &[
        (32 << 10, Duration::from_millis(250)),
        (128 << 10, Duration::from_millis(550)),
        (256 << 10, Duration::from_secs(1)),
    ],
    ..F4_FLASH
};

/// DS11532, "Flash memory programming (single bank configuration)", ×32: as the F746, and 16 s for twice as much.
pub static F767_FLASH: NorFlash = NorFlash {
    mass_erase_time: Some(Duration::from_secs(16)),
    ..F7_FLASH
};

/// The same under mboot, which erases all sector by sector: 8 to 10 s were seen (micropython pull request 5730).
pub static F767_UNDER_MBOOT: NorFlash = NorFlash {
    mass_erase_time: None,
    ..F767_FLASH
};

/// DS10198, "Flash memory characteristics": 81.69 µs a double word, 22.02 ms a page, 22.13 ms a bank.
/// RM0351 §3.3.7: a double word that is not blank is not programmed and raises PROGERR, except with zeros.
pub static L4_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 8,
    program_time: Duration::from_nanos(81_690),
    overwrite: Overwrite::RefusesUnlessZero,
    erase_times: &[(2 << 10, Duration::from_micros(22_020))],
    mass_erase_time: Some(Duration::from_micros(2 * 22_130)),
};

/// DS13560, "Flash memory characteristics": 85 µs a double word, 22 ms a page, 22.1 ms for all. RM0444: as the L4.
pub static G0_FLASH: NorFlash = NorFlash {
    program_time: Duration::from_micros(85),
    erase_times: &[(2 << 10, Duration::from_millis(22))],
    mass_erase_time: Some(Duration::from_micros(22_100)),
    ..L4_FLASH
};

/// DS12288, "Flash memory characteristics": 81.7 µs a double word, 22.02 ms a page, 22.13 ms a bank. RM0440: as the L4.
pub static G4_FLASH: NorFlash = NorFlash {
    program_time: Duration::from_nanos(81_700),
    ..L4_FLASH
};

/// DS11929, "Flash memory characteristics": 81.7 µs a double word, 22.02 ms a page of 4 KiB, 22.13 ms for all.
/// RM0434: as the L4.
pub static WB_FLASH: NorFlash = NorFlash {
    program_time: Duration::from_nanos(81_700),
    erase_times: &[(4 << 10, Duration::from_micros(22_020))],
    mass_erase_time: Some(Duration::from_micros(22_130)),
    ..L4_FLASH
};

/// DS13737, "Flash memory characteristics": 118 µs a quad word, 1.5 ms a page, 195 ms a bank. RM0456: PROGERR as on
/// the L4.
pub static U5_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 16,
    program_time: Duration::from_micros(118),
    overwrite: Overwrite::RefusesUnlessZero,
    erase_times: &[(8 << 10, Duration::from_micros(1500))],
    mass_erase_time: Some(Duration::from_millis(390)),
};

/// DS12110, "Flash memory programming", ×64: 100 µs a flash word of 256 bits, 1 s a sector, 5 s a bank.
/// RM0433 §4.3.9: programming a flash word again raises no flag, only its error correction code is wrong then.
pub static H7_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 32,
    program_time: Duration::from_micros(100),
    overwrite: Overwrite::Combines,
    erase_times: &[(128 << 10, Duration::from_secs(1))],
    mass_erase_time: Some(Duration::from_secs(10)),
};

/// DS10685, "Flash memory and data EEPROM characteristics": 3.28 ms to erase a page, as much to program half of one.
/// RM0376 §3.3: erased words are 0, and programming one that is not raises NOTZEROERR.
pub static L0_FLASH: NorFlash = NorFlash {
    erased: 0x00,
    program_unit: 64,
    program_time: Duration::from_micros(3280),
    overwrite: Overwrite::Refuses,
    erase_times: &[(128, Duration::from_micros(3280))],
    mass_erase_time: None,
};

/// GD32VF103 data sheet, "Flash memory characteristics": 200 µs a word, 60 ms a page, 3.2 s for all.
/// Its manual: a word that is not blank is not programmed and raises PGERR.
pub static GD32_FLASH: NorFlash = NorFlash {
    erased: 0xFF,
    program_unit: 4,
    program_time: Duration::from_micros(200),
    overwrite: Overwrite::Refuses,
    erase_times: &[(1 << 10, Duration::from_millis(60))],
    mass_erase_time: Some(Duration::from_millis(3200)),
};

//! Why a file, or a wish, doesn't fit the board at hand.

use std::fmt;

use crate::chip::family::Family;
use crate::chip::settings::{FLASH_LAYOUT, Settings};
use crate::dfuse::layout::Sector;

use super::place::Place;
use crate::chip::vector_table::{BadVectorTable, LinkedElsewhere};

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlan<E = PlanError> {
    /// It hangs on memories of the board whose layouts nobody has read yet. Who reads them can plan again.
    NeedsMoreMemories,
    /// It can't be done, whatever else the board has.
    Refused(E),
}

impl<E> From<E> for NoPlan<E> {
    fn from(error: E) -> Self {
        Self::Refused(error)
    }
}

impl<R> NoPlan<R> {
    /// The same, with what `error` makes of the reason.
    pub fn map<E>(self, error: impl FnOnce(R) -> E) -> NoPlan<E> {
        match self {
            Self::NeedsMoreMemories => NoPlan::NeedsMoreMemories,
            Self::Refused(reason) => NoPlan::Refused(error(reason)),
        }
    }

    /// The same, as an error that has room for this one.
    pub fn into_other<E: From<R>>(self) -> NoPlan<E> {
        self.map(E::from)
    }
}

/// Why a file, or a wish, doesn't fit the board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The file is for another device.
    #[error(
        "the file is for a device with ids {:04x}:{:04x}, this board has {:04x}:{:04x}",
        file.0, file.1, board.0, board.1
    )]
    OtherDevice {
        /// `idVendor` and `idProduct` of the file's suffix.
        file: (u16, u16),
        board: (u16, u16),
    },
    /// The file is for another chip.
    #[error("the file is for {family}, but this board seems to have another chip")]
    OtherFamily { family: Family },
    /// The board has no such memory.
    #[error(
        "the board has no alternate setting {number}; it has {}",
        list(available)
    )]
    NoSuchAlternateSetting { number: u8, available: Vec<u8> },
    /// The file has nothing for the memory that was chosen.
    #[error(
        "the file has nothing for alternate setting {alternate_setting}; it has data for {}",
        list(in_file)
    )]
    NothingForMemory {
        alternate_setting: u8,
        /// What the file is for.
        in_file: Vec<u8>,
    },
    /// An address that the layout doesn't have.
    #[error("{address:#010x} is outside of {memory}")]
    Outside {
        /// The first such address.
        address: u32,
        /// The memory and its layout.
        memory: String,
    },
    /// Data in several places, of which one memory has only a part.
    #[error("the file has data in several places: {}", several(places))]
    Scattered { places: Vec<Place> },
    /// An image that begins in main flash and goes on after its end.
    #[error(
        "the image ends at {image_end:#010x}, but this board's flash ends at {flash_end:#010x}"
    )]
    TooSmall {
        /// The address after the image's last byte.
        image_end: u64,
        /// The address after the last byte of flash.
        flash_end: u64,
    },
    /// A sector that may not be used so.
    #[error("the sector at {address:#010x} can't be {wanted}: {memory}")]
    NotAllowed {
        /// Of the sector.
        address: u32,
        wanted: Access,
        /// The memory and its layout.
        memory: String,
    },
    /// A board that only takes, and gives nothing back (bitCanUpload 0).
    #[error("this board can't be read: its bootloader has no upload")]
    CantUpload,
    /// A range that begins or ends inside a sector.
    #[error(
        "{address:#010x} is inside the sector from {:#010x} to {:#010x}: a range has to begin and end where sectors do",
        sector.address, sector.end()
    )]
    CutsSector {
        /// Where the range begins or ends.
        address: u64,
        sector: Sector,
    },
    /// Option bytes or the like, which only an explicit wish may change.
    #[error(
        "the file has data for alternate setting {alternate_setting}, {name:?}: {}",
        match settings {
            Settings::FlashLayout => FLASH_LAYOUT,
            _ => "that changes the chip's settings, possibly permanently",
        }
    )]
    NotNamed {
        alternate_setting: u8,
        name: String,
        settings: Settings,
    },
    /// The same, where they would be erased.
    #[error(
        "alternate setting {alternate_setting}, {name:?}, holds the chip's settings: \
         erasing them changes it, possibly permanently"
    )]
    SettingsNotNamed { alternate_setting: u8, name: String },
    /// The bootloader erases all option bytes before it writes any (AN3156 §5.1).
    #[error(
        "option bytes can only be written as a whole, here from {:#010x} to {:#010x}, but the file has only a part of them",
        sector.address, sector.end()
    )]
    PartOfOptionBytes { sector: Sector },
    /// What can't be read can't be kept.
    #[error(
        "alternate setting {alternate_setting}, {name:?}, can't be read back, so nothing there can be preserved"
    )]
    CantPreserve { alternate_setting: u8, name: String },
    /// Nothing can be started from the image, and the user wants that to be an error.
    #[error(transparent)]
    BadVectorTable(#[from] BadVectorTable),
    /// The file would not start where the user has placed it.
    #[error("{0}")]
    LinkedElsewhere(LinkedElsewhere),
    /// Two targets of the file end in one sector of one memory that the board shows twice.
    #[error(
        "alternate setting {alternate_setting} is a memory that another target of the file is for too, \
         and both need the sector at {address:#010x}"
    )]
    SharedSector {
        /// Of the sector.
        address: u32,
        /// The second one's.
        alternate_setting: u8,
    },
}

/// What a sector is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Erase,
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Erase => "erased",
            Self::Write => "written",
        })
    }
}

fn several(places: &[Place]) -> String {
    let places: Vec<String> = places.iter().map(Place::to_string).collect();
    places.join("; ")
}

fn list(numbers: &[u8]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
    numbers.join(", ")
}

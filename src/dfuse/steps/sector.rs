//! The steps that are left in one sector, and what was found there.

use crate::dfuse::layout::Sector;
use crate::dfuse::named::Named;
use crate::image::ImageElement;

/// What is left to do in one sector, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectorSteps {
    /// The sector.
    pub sector: Sector,
    /// What is to be done.
    pub work: Work,
    /// What was found in it that is not of the image, run by run: what it loses when it is erased.
    pub beyond: Beyond,
    /// Whether there is nothing around the image, as far as a block reaches.
    pub(super) erased_around: bool,
    /// Whether nobody has looked at all of it, and it is written as if it were blank.
    pub(super) is_guessed: bool,
    /// Whether there is, or ever was, something to do in it.
    pub(super) is_touched: bool,
}

/// What is to be done in a sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The bytes of the image are there.
    Nothing,
    /// Write it: there is room.
    Write,
    /// Erase it, then write it.
    EraseAndWrite,
}

/// What a sector holds beyond the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// Nobody has looked.
    Unseen,
    /// These bytes, and erased ones.
    Holds(Vec<ImageElement>),
}

impl Beyond {
    /// How many bytes were ever written, as far as that is known.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Unseen => None,
            Self::Holds(elements) => Some(Named(elements).bytes()),
        }
    }
}

/// What was found in a sector, of the bytes that the plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Every byte that the image names is there already.
    pub same: bool,
    /// None was ever written.
    pub erased: bool,
    /// That is told by samples: the others were not read.
    pub guessed: bool,
}

impl Finding {
    /// As long as nothing was looked at, nothing contradicts.
    pub const NOTHING_ODD: Self = Self {
        same: true,
        erased: true,
        guessed: false,
    };
    /// Of a sector that is to be erased and written whatever it holds.
    pub const UNSEEN: Self = Self {
        same: false,
        erased: false,
        guessed: false,
    };

    /// Adds what was found in a part of the sector.
    pub fn saw(&mut self, same: bool, erased: bool) {
        self.same &= same;
        self.erased &= erased;
    }

    /// Whether it is known what to do, whatever the rest of the sector holds.
    pub fn is_settled(self) -> bool {
        self.guessed || !(self.same || self.erased)
    }
}

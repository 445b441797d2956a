//! The plan: what is wanted of a board, decided and checked whole before the first byte goes out.

pub mod board_facts;
pub mod choice;
pub mod erase;
pub mod error;
mod family;
pub mod flash;
pub mod leave;
pub mod place;
pub mod read;
mod readable;
pub mod region;
mod too_small;
pub mod unprotect;
pub mod verify;
pub mod write_ranges;

use crate::chip::settings::Settings;

use erase::ErasePlan;
use flash::FlashPlan;
use place::Place;
use read::ReadPlan;
use region::Region;
use unprotect::UnprotectPlan;
use verify::VerifyPlan;

pub use leave::Start;

/// What is wanted of one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan<'i> {
    /// Program an image, check it, and start it if that is wanted.
    Flash(FlashPlan<'i>),
    /// Look what programming it would come to, and change nothing.
    Rehearse(FlashPlan<'i>),
    /// Erase sectors, or all of a memory, and make sure of it.
    Erase(ErasePlan),
    /// Compare an image with flash.
    Verify(VerifyPlan<'i>),
    /// Read flash.
    Read(ReadPlan),
    /// Start the application.
    Leave(Start),
    /// Lift read protection, if there is any, which erases everything and resets the board.
    Unprotect(UnprotectPlan),
}

impl<'i> Plan<'i> {
    /// What is to be programmed, if that is what it is for.
    pub fn flash(&self) -> Option<&FlashPlan<'i>> {
        match self {
            Self::Flash(plan) | Self::Rehearse(plan) => Some(plan),
            Self::Erase(_)
            | Self::Verify(_)
            | Self::Read(_)
            | Self::Leave(_)
            | Self::Unprotect(_) => None,
        }
    }

    /// What of the image it leaves out.
    pub fn left_out(&self) -> &[Place] {
        match self {
            Self::Flash(plan) | Self::Rehearse(plan) => &plan.left_out,
            Self::Verify(plan) => &plan.left_out,
            Self::Erase(_) | Self::Read(_) | Self::Leave(_) | Self::Unprotect(_) => &[],
        }
    }

    /// The settings of the chip that it changes.
    pub fn changed_settings(&self) -> Vec<Settings> {
        match self {
            Self::Flash(_) | Self::Rehearse(_) | Self::Erase(_) => {
                let regions = self.regions().into_iter();
                regions.filter_map(|region| region.settings).collect()
            }
            Self::Verify(_) | Self::Read(_) | Self::Leave(_) | Self::Unprotect(_) => Vec::new(),
        }
    }

    /// The sectors that it reads or changes, memory by memory.
    pub fn regions(&self) -> Vec<&Region> {
        match self {
            Self::Flash(plan) | Self::Rehearse(plan) => {
                plan.memories.iter().map(|memory| &memory.region).collect()
            }
            Self::Erase(plan) => vec![&plan.region],
            Self::Verify(plan) => plan.memories.iter().map(|memory| &memory.region).collect(),
            Self::Read(plan) => vec![&plan.region],
            Self::Leave(_) | Self::Unprotect(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;

//! What is wanted of a device, whichever protocol it speaks.

use crate::dfu::plain;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::NoPlan;

use super::error::CliError;

/// What is wanted of a device.
#[derive(Debug, Clone)]
pub enum Task<'w> {
    /// Of one that speaks DfuSe.
    Dfuse(Plan<'w>),
    /// Of one that speaks USB DFU and nothing more.
    Plain(plain::Plan<'w>),
}

/// What is wanted, or why that can't be.
pub type Planned<'w> = Result<Task<'w>, NoPlan<CliError>>;

impl<'w> Task<'w> {
    /// The plan, where it is one for DfuSe.
    pub fn dfuse(&self) -> Option<&Plan<'w>> {
        match self {
            Self::Dfuse(plan) => Some(plan),
            Self::Plain(_) => None,
        }
    }
}

impl<'w> From<Plan<'w>> for Task<'w> {
    fn from(plan: Plan<'w>) -> Self {
        Self::Dfuse(plan)
    }
}

//! What has to be done once more.

use crate::dfu::error::SessionError;

/// Sectors that have to be erased and written once more.
pub(super) struct Redo {
    /// Why: the first of it.
    pub error: SessionError,
    /// The sectors it is in: the memory's index among the steps, and the sector's address.
    pub sectors: Vec<(usize, u32)>,
    /// Whether they may be erased and written once more.
    pub is_allowed: bool,
}

impl Redo {
    /// Of no sector yet.
    pub fn because_of(error: SessionError) -> Self {
        Self {
            error,
            sectors: Vec::new(),
            is_allowed: true,
        }
    }
}

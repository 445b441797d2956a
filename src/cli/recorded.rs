//! Why a recording can't be told.

use crate::recording::extract::ExtractError;
use crate::recording::session::RecordingError;

/// What is wrong with a recording, or with what is asked of it.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// Nothing can be had of it.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// There is no firmware in it.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The device that was named is not in it.
    #[error("the recording has no device {path}")]
    NoSuchDevice { path: String, devices: Vec<String> },
    /// None of its devices, or of those that were named, has DFU.
    #[error("there is no device with DFU in the recording")]
    NoDfu { devices: Vec<String> },
}

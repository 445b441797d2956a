//! A command line that clap can't find fault with, and that makes no sense all the same.

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

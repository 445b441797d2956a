//! A board's memories: what they hold, what changes it, and the file that keeps it.

mod contents;
mod file;
mod memories;
mod regions;
mod truth;

pub use contents::MemoryContents;
pub use file::FlashFileError;
pub use memories::Memories;

//! What a session tells of while it is at work.

use super::error::SessionError;

/// What is happening.
#[derive(Debug, Clone, Copy)]
pub enum Event<'e> {
    /// A part of the work begins, of this many bytes; `None` where there is no telling how long it takes.
    Begin(Phase, Option<u64>),
    /// That many bytes more of it are done.
    Advance(u64),
    /// This went wrong, and is tried again.
    Retry(&'e SessionError),
    /// This was found, and what is not as it should be is written once more.
    Redo(&'e SessionError),
}

/// The parts of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looking at what is there already.
    Compare,
    /// Looking at what is to be erased beyond the image.
    Survey,
    /// Erasing all of a memory.
    MassErase,
    /// Looking whether that erased everything.
    BlankCheck,
    /// Erasing sectors.
    Erase,
    /// Downloading; on DfuSe all but the heads.
    Write,
    /// Downloading the heads: what makes the application bootable.
    Head,
    /// Reading back and comparing.
    Verify,
    /// Writing back what was to be kept, because the work ends early.
    Restore,
    /// Reading out what was asked for.
    Read,
    /// Waiting for a chip that resets because its option bytes were written.
    Reset,
    /// Waiting while the device makes of a download what it is for.
    Manifest,
    /// Starting the application.
    Leave,
    /// Lifting read protection.
    Unprotect,
}

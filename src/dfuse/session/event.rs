//! What a session tells of while it is at work.

use crate::dfu::event::Event;
use crate::dfuse::steps::Steps;

/// What a session tells.
#[derive(Debug, Clone, Copy)]
pub enum Told<'t> {
    /// How far it is, or what went wrong.
    Event(Event<'t>),
    /// What is in flash has been looked at. This is left to do.
    Steps(&'t Steps<'t>),
}

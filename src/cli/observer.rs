//! Somebody who is told what a job does, as it does it.

use crate::dfu::event::Event;

/// Somebody who is told what a job does, as it does it.
pub trait Observer {
    /// What a session tells.
    fn show(&mut self, event: Event<'_>);
    /// What was decided.
    fn detail(&mut self, text: &str);
}

//! Whether a board is read-protected, by a look that changes nothing.

use std::ops::ControlFlow;

use crate::board::Board;
use crate::board::protocol::Protocol;
use crate::dfuse::plan::unprotect::plan_unprotect;
use crate::dfuse::session::Session;

/// Whether it is; `None` where that can't be told. It erases nothing, restarts nothing, and leaves the board in dfuIDLE.
pub fn is_read_protected(board: &mut Board) -> Option<bool> {
    if board.protocol() != Protocol::Dfuse {
        return None;
    }
    let memories = board.memories_to_use(false).ok()?;
    let plan = plan_unprotect(Some(board.facts(&memories)));
    let options = board.session_options();
    let opened = board.opened.as_mut().ok()?;
    let mut on_event = |_: crate::dfuse::session::Told<'_>| ControlFlow::Continue(());
    let mut session = Session::open(&mut opened.transport, options, &mut on_event).ok()?;
    session.is_read_protected(&plan).ok()?
}

//! Ctrl-C: the first asks the work to stop in good order, the second ends the program at once.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exit::Exit;

static PRESSED: AtomicUsize = AtomicUsize::new(0);
static WATCHED: AtomicUsize = AtomicUsize::new(0);

/// Takes over Ctrl-C. While nobody [`watch`]es, it ends the program, as without us.
pub fn install() {
    let handler = || {
        let again = PRESSED.fetch_add(1, Ordering::SeqCst) > 0;
        if again || WATCHED.load(Ordering::SeqCst) == 0 {
            process::exit(Exit::Interrupted.code().into());
        }
    };
    // Without a handler Ctrl-C ends the program as ever, only less gently.
    let _ = ctrlc::set_handler(handler);
}

/// Promises to look at [`requested`] until the guard is dropped.
pub fn watch() -> Watched {
    WATCHED.fetch_add(1, Ordering::SeqCst);
    Watched(())
}

/// Whether the user has asked to stop.
pub fn requested() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}

/// Somebody is looking.
pub struct Watched(());

impl Drop for Watched {
    fn drop(&mut self) {
        WATCHED.fetch_sub(1, Ordering::SeqCst);
    }
}

//! Ctrl-C: the first asks the work to stop in good order, the second ends the program at once.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use super::exit::Exit;

/// What to do before the program is ended.
static LAST_WORDS: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();
static PRESSED: AtomicUsize = AtomicUsize::new(0);
static WATCHED: AtomicUsize = AtomicUsize::new(0);

/// Takes over Ctrl-C. While nobody [`watch`]es, it ends the program, as without us.
pub fn install() {
    let handler = || {
        let again = PRESSED.fetch_add(1, Ordering::SeqCst) > 0;
        if again || WATCHED.load(Ordering::SeqCst) == 0 {
            say_last_words();
            process::exit(Exit::Interrupted.code().into());
        }
    };
    // Without a handler Ctrl-C ends the program as ever, only less gently.
    let _ = ctrlc::set_handler(handler);
}

/// A reader who has stopped reading must not keep the program from ending.
fn say_last_words() {
    const AT_MOST: Duration = Duration::from_millis(200);
    let Some(say) = LAST_WORDS.get() else {
        return;
    };
    let (said, end) = mpsc::channel();
    thread::spawn(move || {
        say();
        // Nobody listens any more where it took too long.
        let _ = said.send(());
    });
    let _ = end.recv_timeout(AT_MOST);
}

/// What to do when Ctrl-C is about to end the program at once.
pub fn when_ended_by_it(last_words: impl Fn() + Send + Sync + 'static) {
    // There is one program, and it says this once.
    let _ = LAST_WORDS.set(Box::new(last_words));
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

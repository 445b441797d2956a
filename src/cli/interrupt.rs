//! Being asked to end, by Ctrl-C or by another program: the first time in good order, the second time at once.

mod signals;

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::exit::Exit;

/// Something to say. It runs on a thread of its own.
type Words = Arc<dyn Fn() + Send + Sync>;

/// Signals this soon after the first are the same request: `timeout` sends each to the program and to its group, a
/// terminal that closes lets both the kernel and the shell tell.
const SAME_REQUEST: Duration = Duration::from_millis(150);
/// How long a reader who has stopped reading may keep the program from its end. On a busy machine others need it, too.
const TO_SAY_IT: Duration = Duration::from_millis(500);

static LAST_WORDS: OnceLock<Words> = OnceLock::new();
/// How many [`Exposed`] there are. Not in the state, which is locked while the last words are said.
static EXPOSED: AtomicUsize = AtomicUsize::new(0);
static REQUESTED: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State {
    guards: 0,
    acknowledge: None,
    requested_at: None,
});

struct State {
    /// How many [`Watched`] and [`Held`] there are.
    guards: usize,
    /// What those who carry out work want to be said at once.
    acknowledge: Option<Words>,
    requested_at: Option<Instant>,
}

/// Takes over Ctrl-C and its like. While nobody watches or holds, the first ends the program, after the last words.
pub fn install(last_words: impl Fn() + Send + Sync + 'static) {
    // There is one program, and it installs this once.
    let _ = LAST_WORDS.set(Arc::new(last_words));
    // Without a handler signals end the program as ever, only less gently.
    let _ = signals::listen(react);
}

/// Promises to look at [`requested`] until the guard is dropped.
pub fn watch() -> Watched {
    lock().guards += 1;
    Watched {
        acknowledges: false,
    }
}

/// The same, and has the request acknowledged as soon as it is made: it may take a while until somebody looks.
pub fn watch_and_acknowledge(acknowledge: impl Fn() + Send + Sync + 'static) -> Watched {
    let mut state = lock();
    state.guards += 1;
    state.acknowledge = Some(Arc::new(acknowledge));
    Watched { acknowledges: true }
}

/// Puts off the end until the guard is dropped: for what takes no time, and would be left half done.
pub fn hold() -> Held {
    let mut state = lock();
    state.guards += 1;
    Held {
        requested_before: state.requested_at.is_some(),
    }
}

/// Lets the first request end the program at once until the guard is dropped, whoever watches: for what may never come to
/// its end.
pub fn expose() -> Exposed {
    EXPOSED.fetch_add(1, Ordering::SeqCst);
    Exposed(())
}

/// From here on the program comes to its own end. One that is ending by request already does not come back from this, so
/// that its exit code is that of its last words.
pub fn end_is_near() {
    lock().guards += 1;
}

/// Whether the program has been asked to end.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Somebody is looking.
pub struct Watched {
    acknowledges: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut state = lock();
        state.guards -= 1;
        if self.acknowledges {
            state.acknowledge = None;
        }
    }
}

/// Somebody must not be stopped just now.
pub struct Held {
    requested_before: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = lock();
        state.guards -= 1;
        if state.guards == 0 && state.requested_at.is_some() && !self.requested_before {
            end(state);
        }
    }
}

/// Nobody can look.
pub struct Exposed(());

impl Drop for Exposed {
    fn drop(&mut self) {
        EXPOSED.fetch_sub(1, Ordering::SeqCst);
    }
}

fn react() {
    let mut state = lock();
    match state.requested_at {
        Some(first) if first.elapsed() < SAME_REQUEST => {}
        None if state.guards > 0 && EXPOSED.load(Ordering::SeqCst) == 0 => {
            state.requested_at = Some(Instant::now());
            let acknowledge = state.acknowledge.clone();
            // On a thread of its own: whoever asks once more is heard meanwhile.
            let request = move || {
                // Before anybody can act on it, so that what they say of it comes after.
                acknowledge.into_iter().for_each(say);
                REQUESTED.store(true, Ordering::SeqCst);
            };
            if thread::Builder::new().spawn(request).is_err() {
                REQUESTED.store(true, Ordering::SeqCst);
            }
        }
        _ => end(state),
    }
}

/// Ends the program. Whoever wants a guard now waits for the lock, and so begins nothing that would be cut short.
fn end(_state: MutexGuard<'_, State>) -> ! {
    LAST_WORDS.get().cloned().into_iter().for_each(say);
    process::exit(Exit::Interrupted.code().into())
}

fn say(words: Words) {
    let (said, heard) = mpsc::channel();
    let speaker = thread::Builder::new().spawn(move || {
        words();
        // Nobody listens any more where it took too long.
        let _ = said.send(());
    });
    if speaker.is_ok() {
        // It is said, or nobody reads it.
        let _ = heard.recv_timeout(TO_SAY_IT);
    }
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

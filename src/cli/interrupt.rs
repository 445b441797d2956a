//! Being asked to end, by Ctrl-C or by another program, or because the time is up: the first time in good order, the second
//! time at once. Work without end comes to its end first: see [`watch_and_finish`].

mod signals;

use std::fmt;
use std::io::{self, IsTerminal};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::diagnosis::Diagnosis;
use super::exit::Exit;

/// Something to say of a request. It runs on a thread of its own.
type Words = Arc<dyn Fn(Request) + Send + Sync>;

/// Why the program is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Somebody has asked for it.
    Asked,
    /// It has taken as long as it may.
    TimeIsUp(Duration),
}

impl Request {
    /// The code to end with.
    pub fn exit(self) -> Exit {
        match self {
            Self::Asked => Exit::Interrupted,
            Self::TimeIsUp(_) => Exit::Other,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("interrupted"),
            Self::TimeIsUp(limit) => {
                write!(f, "timed out after {} s (--timeout)", limit.as_secs_f64())
            }
        }
    }
}

/// Signals this soon after the last are the same request: `timeout` sends each to the program and to its group, a
/// terminal that closes lets both the kernel and the shell tell.
const SAME_REQUEST: Duration = Duration::from_millis(150);
/// How long a reader who has stopped reading, or a slow disk, may keep the program from its end. On a busy machine others need
/// it, too.
const TO_SAY_IT: Duration = Duration::from_millis(500);

static LAST_WORDS: OnceLock<Words> = OnceLock::new();
static LAST_DEED: OnceLock<Words> = OnceLock::new();
/// How many [`Exposed`] there are. Not in the state, which is locked while the last words are said.
static EXPOSED: AtomicUsize = AtomicUsize::new(0);
/// Whether work at hand is to stop.
static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Whether no work is to be begun any more.
static CLOSING: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State {
    guards: 0,
    lets_finish: false,
    acknowledge: None,
    request: None,
});
static LIMIT: OnceLock<Duration> = OnceLock::new();
/// Whether the end of stdin is a request.
static LISTENING: AtomicBool = AtomicBool::new(false);

struct State {
    /// How many [`Watched`] and [`Held`] there are.
    guards: usize,
    /// Whether the first request lets work at hand come to its end.
    lets_finish: bool,
    /// What those who carry out work want to be said at once.
    acknowledge: Option<Words>,
    /// The one that counts, and when it was made.
    request: Option<(Request, Instant)>,
}

/// Takes over Ctrl-C and its like. While nobody watches or holds, the first ends the program, after the last words. A limit
/// to the size of files ends it no more.
pub fn install(last_words: impl Fn(Request) + Send + Sync + 'static) {
    signals::outlive_file_size_limit();
    // There is one program, and it installs this once.
    let _ = LAST_WORDS.set(Arc::new(last_words));
    // Without a handler signals end the program as ever, only less gently.
    let _ = signals::listen(react);
}

/// Has this done before the program ends by request at once, after the last words, as far as it takes no long time.
pub fn before_the_end(deed: impl Fn(Request) + Send + Sync + 'static) {
    // There is one command, and it does this once.
    let _ = LAST_DEED.set(Arc::new(deed));
}

/// Has the program end in good order after this time, as if it had been asked to then.
pub fn limit(limit: Duration) {
    // There is one command, and it has one limit.
    let _ = LIMIT.set(limit);
    let timer = move || {
        thread::sleep(limit);
        time_is_up();
    };
    // Without a thread, a bus with a clock of its own is left to tell.
    let _ = thread::Builder::new().spawn(timer);
}

/// The limit is reached, by whatever clock.
pub fn time_is_up() {
    let Some(limit) = LIMIT.get() else {
        return;
    };
    ask_once(Request::TimeIsUp(*limit));
}

/// Has the program end in good order when stdin comes to its end. What is sent there is not looked at.
pub fn stop_on_eof() {
    if io::stdin().is_terminal() {
        return;
    }
    LISTENING.store(true, Ordering::SeqCst);
    let listen = || {
        // One that can't be read has come to its end, too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        ask_once(Request::Asked);
    };
    // Without a thread, signals are left.
    let _ = thread::Builder::new().spawn(listen);
}

/// Whether stdin is there to end the program, and for nothing else.
pub fn listens_to_stdin() -> bool {
    LISTENING.load(Ordering::SeqCst)
}

/// Asks in good order; whoever has asked before is not hurried.
fn ask_once(request: Request) {
    let mut state = lock();
    if state.request.is_some() {
        return;
    }
    if state.lets_finish {
        state.request = Some((request, Instant::now()));
        CLOSING.store(true, Ordering::SeqCst);
        return;
    }
    if !is_put_off(&state) {
        end(state, request);
    }
    state.request = Some((request, Instant::now()));
    let acknowledge = state.acknowledge.clone();
    drop(state);
    acknowledge_and_store(acknowledge, request);
}

/// Tells what it was that has interrupted, where that was not somebody who knows.
pub fn explained(diagnosis: Diagnosis) -> Diagnosis {
    match lock().request {
        Some((request @ Request::TimeIsUp(_), _)) if diagnosis.exit == Exit::Interrupted => {
            Diagnosis {
                exit: request.exit(),
                ..diagnosis.about(request)
            }
        }
        _ => diagnosis,
    }
}

/// Promises to look at [`requested`] until the guard is dropped.
pub fn watch() -> Watched {
    lock().guards += 1;
    Watched {
        acknowledges: false,
        lets_finish: false,
    }
}

/// Promises to begin no work that is not begun once it [`is_closing`], until the guard is dropped. The first request lets
/// work at hand come to its end, the second stops it in good order, the third ends the program.
pub fn watch_and_finish() -> Watched {
    let mut state = lock();
    state.guards += 1;
    state.lets_finish = true;
    Watched {
        acknowledges: false,
        lets_finish: true,
    }
}

/// The same, and has the request acknowledged as soon as it is made: it may take a while until somebody looks.
pub fn watch_and_acknowledge(acknowledge: impl Fn(Request) + Send + Sync + 'static) -> Watched {
    let mut state = lock();
    state.guards += 1;
    state.acknowledge = Some(Arc::new(acknowledge));
    Watched {
        acknowledges: true,
        lets_finish: false,
    }
}

/// Puts off the end until the guard is dropped: for what takes no time, and would be left half done.
pub fn hold() -> Held {
    let mut state = lock();
    state.guards += 1;
    Held {
        requested_before: state.request.is_some(),
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

/// Whether work at hand is to stop, since the program has been asked to end.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Whether no work is to be begun any more, since the program has been asked to end.
pub fn is_closing() -> bool {
    CLOSING.load(Ordering::SeqCst) || requested()
}

/// Somebody is looking.
pub struct Watched {
    acknowledges: bool,
    lets_finish: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut state = lock();
        state.guards -= 1;
        if self.acknowledges {
            state.acknowledge = None;
        }
        if self.lets_finish {
            state.lets_finish = false;
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
        let request = state.request.filter(|_| !self.requested_before);
        if let Some((request, _)) = request.filter(|_| state.guards == 0) {
            end(state, request);
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
    match state.request {
        Some((Request::Asked, last)) if last.elapsed() < SAME_REQUEST => {}
        // Whatever is being said just now, others are at work.
        None if state.lets_finish => {
            state.request = Some((Request::Asked, Instant::now()));
            CLOSING.store(true, Ordering::SeqCst);
        }
        Some(_) if state.lets_finish && !requested() && is_put_off(&state) => {
            state.request = Some((Request::Asked, Instant::now()));
            REQUESTED.store(true, Ordering::SeqCst);
        }
        None if is_put_off(&state) => {
            state.request = Some((Request::Asked, Instant::now()));
            let acknowledge = state.acknowledge.clone();
            // On a thread of its own: whoever asks once more is heard meanwhile.
            let request = move || acknowledge_and_store(acknowledge, Request::Asked);
            if thread::Builder::new().spawn(request).is_err() {
                REQUESTED.store(true, Ordering::SeqCst);
            }
        }
        _ => end(state, Request::Asked),
    }
}

/// Whether somebody looks, or holds, and nobody is where that may never end.
fn is_put_off(state: &State) -> bool {
    state.guards > 0 && EXPOSED.load(Ordering::SeqCst) == 0
}

/// Says it before anybody can act on it, so that what they say of it comes after.
fn acknowledge_and_store(acknowledge: Option<Words>, request: Request) {
    acknowledge
        .into_iter()
        .for_each(|words| say(words, request));
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Ends the program. Whoever wants a guard now waits for the lock, and so begins nothing that would be cut short.
fn end(_state: MutexGuard<'_, State>, request: Request) -> ! {
    let last = [&LAST_WORDS, &LAST_DEED]
        .into_iter()
        .filter_map(OnceLock::get);
    last.for_each(|last| say(last.clone(), request));
    process::exit(request.exit().code().into())
}

fn say(words: Words, request: Request) {
    let (said, heard) = mpsc::channel();
    let speaker = thread::Builder::new().spawn(move || {
        words(request);
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

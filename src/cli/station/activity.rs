//! How far the work at a port is, for whoever shows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::dfu::event::Event;
use crate::printable::Said;

use crate::cli::observer::Observer;
use crate::cli::output::Output;
use crate::cli::output::progress::course::Course;
use crate::cli::output::progress::doing_in_short;
use crate::cli::station::work::Watcher;
use crate::cli::task::Task;

/// How far the work at a port is.
#[derive(Debug, Clone)]
pub struct Activity {
    /// The board's serial number, as soon as it is known.
    pub serial: Option<Said>,
    /// What went wrong and is tried again.
    pub trouble: Option<String>,
    course: Course,
    began: Instant,
}

impl Activity {
    fn new() -> Self {
        Self {
            serial: None,
            trouble: None,
            course: Course::default(),
            began: Instant::now(),
        }
    }

    /// What is being done, in one word.
    pub fn doing(&self) -> &'static str {
        self.course.phase().map_or("opening", doing_in_short)
    }

    /// How much of it is done, from 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        self.course.fraction()
    }

    /// How long it has taken up to now.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The work at a port, as it is shared by the one who does it and the one who shows it.
#[derive(Debug, Clone)]
pub struct Shared {
    activity: Arc<Mutex<Activity>>,
    output: Output,
}

impl Shared {
    /// Of work that begins now.
    pub fn new(output: Output) -> Self {
        Self {
            activity: Arc::new(Mutex::new(Activity::new())),
            output,
        }
    }

    /// How far it is.
    pub fn look(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Shared {
    fn show(&mut self, event: Event<'_>) {
        let mut activity = self.look();
        match event {
            Event::Begin(phase, total) => {
                let now = activity.now();
                activity.course.begin(phase, total, now);
            }
            Event::Advance(bytes) => activity.course.advance(bytes),
            Event::Retry(error) | Event::Redo(error) => activity.trouble = Some(error.to_string()),
        }
    }

    fn detail(&mut self, text: &str) {
        self.output.detail(text);
    }
}

impl Watcher for Shared {
    fn begin(&mut self, serial: Option<&Said>, task: Option<&Task<'_>>) {
        let mut activity = self.look();
        activity.serial = serial.cloned();
        activity.course = Course::of(task);
    }
}

//! `--wait`: looking again and again.

use std::thread;
use std::time::{Duration, Instant};

use crate::cli::interrupt;

use super::{SelectError, Selection};

/// Hears once why there is need to wait.
pub type OnWait<'w> = dyn Fn(&SelectError) + 'w;

impl Selection {
    /// Looks again and again, as long as `--wait` says.
    pub(super) fn patiently<T>(
        &self,
        waiting: &OnWait<'_>,
        look: impl Fn() -> Result<T, SelectError>,
    ) -> Result<T, SelectError> {
        const PAUSE: Duration = Duration::from_millis(200);
        /// Linux shows a board a moment before its udev rules have said who may open it.
        const UNTIL_OPENED: Duration = Duration::from_secs(2);
        let Some(patience) = self.wait else {
            return look();
        };
        let _watched = interrupt::watch();
        let start = Instant::now();
        let mut closed_since = None;
        let mut said = false;
        loop {
            let waited = start.elapsed().as_secs_f64() >= patience;
            match look() {
                Err(
                    error @ (SelectError::NoBoard { .. }
                    | SelectError::NoneRunning { .. }
                    | SelectError::TooFewBoards { .. }),
                ) if !waited => {
                    closed_since = None;
                    if !std::mem::replace(&mut said, true) {
                        waiting(&error);
                    }
                }
                Err(SelectError::CantOpen { .. })
                    if !waited
                        && closed_since.get_or_insert_with(Instant::now).elapsed()
                            < UNTIL_OPENED => {}
                other => return other,
            }
            if interrupt::requested() {
                return Err(SelectError::Interrupted);
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Seconds, zero or more.
pub fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds >= 0.0);
    seconds.ok_or_else(|| "expected a number of seconds such as 10 or 2.5".to_owned())
}

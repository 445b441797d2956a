//! `--wait`: looking again and again.

use std::time::Duration;

use crate::usb::Bus;

use super::{SelectError, Selection};
use crate::cli::interrupt;

/// Hears once why there is need to wait.
pub type OnWait<'w> = dyn Fn(&SelectError) + 'w;

/// How long opening is tried: Linux shows a board a moment before its udev rules have said who may open it.
pub const UNTIL_OPENED: Duration = Duration::from_millis(2500);

impl Selection {
    /// Looks again and again: for what is missing as long as `--wait` says, and in any case for a moment while something
    /// is not `is_final`, or can't be opened yet.
    pub(super) fn patiently<T>(
        &self,
        bus: &dyn Bus,
        waiting: &OnWait<'_>,
        is_final: impl Fn(&T) -> bool,
        look: impl Fn() -> Result<T, SelectError>,
    ) -> Result<T, SelectError> {
        const PAUSE: Duration = Duration::from_millis(200);
        let mut watched = self.wait.map(|_| interrupt::watch());
        let start = bus.now();
        let mut closed_since = None;
        let mut said = false;
        loop {
            let outcome = look();
            let now = bus.now();
            let waits = self.waits_for(now - start);
            let mut may_open = || now - *closed_since.get_or_insert(now) < UNTIL_OPENED;
            let (goes_on, is_worth_saying) = match &outcome {
                Ok(found) => (!is_final(found) && may_open(), false),
                Err(error) if error.may_pass() => {
                    let is_moment = may_open();
                    (is_moment || waits, !is_moment)
                }
                Err(error) if error.is_missing() => {
                    closed_since = None;
                    (waits, true)
                }
                Err(_) => (false, false),
            };
            match outcome {
                Err(error) if goes_on && is_worth_saying && !said => {
                    said = true;
                    waiting(&error);
                }
                _ if goes_on => {}
                outcome => return outcome,
            }
            watched.get_or_insert_with(interrupt::watch);
            if interrupt::requested() {
                return Err(SelectError::Interrupted);
            }
            bus.wait(PAUSE);
        }
    }

    /// Whether `--wait` is not over after this time.
    fn waits_for(&self, waited: Duration) -> bool {
        self.wait
            .is_some_and(|patience| waited.as_secs_f64() < patience)
    }

    /// How long opening a board is tried that is there.
    pub fn patience_to_open(&self) -> Duration {
        let wait = self
            .wait
            .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        wait.unwrap_or_default().max(UNTIL_OPENED)
    }
}

/// Seconds, zero or more.
pub fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds >= 0.0);
    seconds.ok_or_else(|| "expected a number of seconds such as 10 or 2.5".to_owned())
}

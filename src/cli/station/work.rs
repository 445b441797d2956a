//! What a station does with one board, from opening it to the verdict.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::board::Board;
use crate::chip::rom::is_shared_serial;
use crate::printable::Said;
use crate::usb::tap::Watch;
use crate::usb::{Bus, DeviceInfo, UsbError};

use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::{CliError, of_closed};
use crate::cli::job::{Finish, Job, plan};
use crate::cli::observer::Observer;
use crate::cli::outcome::Outcome;
use crate::cli::report::Summary;
use crate::cli::select::UNTIL_OPENED;
use crate::cli::station::log::Log;
use crate::cli::station::port::Order;
use crate::cli::station::verdict::{Ended, Judged, Verdict};
use crate::cli::task::{Planned, Task};

/// How often to try to open a board that can't be opened yet.
const PAUSE: Duration = Duration::from_millis(200);

/// What all boards of a station get.
pub struct Work<'w> {
    /// The bus that they are on.
    pub bus: &'w dyn Bus,
    /// Gives a board's transfers somebody to watch them.
    pub watch: &'w (dyn Fn(&DeviceInfo) -> Option<Watch> + Sync),
    /// Puts the board at a path into DFU mode, which runs its application.
    pub enter: &'w (dyn Fn(&str) -> Result<(), CliError> + Sync),
    /// Why a board isn't meant, now that its serial number is known.
    pub leaves_out: &'w (dyn Fn(&Board) -> Option<&'static str> + Sync),
    /// What is wanted of a board.
    pub plan: &'w (dyn Fn(&Board) -> Planned<'w> + Sync),
    /// What is left to do for a board.
    pub finish: &'w Finish<'w>,
    /// What was done with it.
    pub summary: fn(&Outcome<'_>) -> Summary,
    /// What came of all boards so far.
    pub log: &'w Mutex<Log>,
    /// Whether a board that is good is flashed all the same.
    pub again: bool,
}

/// Somebody who is told what happens at a port.
pub trait Watcher: Observer + Send {
    /// The work on this board begins.
    fn begin(&mut self, serial: Option<&Said>, task: Option<&Task<'_>>);
}

impl Work<'_> {
    /// Does it with what is at a path.
    pub fn run(&self, path: &str, order: &Order, watcher: &mut impl Watcher) -> Ended {
        match self.try_run(path, order, watcher) {
            Ok(ended) | Err(ended) => ended,
        }
    }

    fn try_run(
        &self,
        path: &str,
        order: &Order,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, Ended> {
        let mut board = match self.find(path)? {
            Some(info) => {
                let board = self.open(info)?;
                if let Some(option) = (self.leaves_out)(&board) {
                    return Err(Ended::Unusable(format!("It is left out by {option}.")));
                }
                board
            }
            // Its port is followed from here on, whatever its ids and its serial number become.
            None => {
                (self.enter)(path).map_err(|error| failed(&error))?;
                self.open(self.find(path)?.ok_or(Ended::Gone)?)?
            }
        };
        // All of them tell which chip it is.
        board.read_all_memories();
        if board.is_gone() {
            return Err(Ended::Gone);
        }
        let serial = board.serial().cloned();
        if let Order::FlashUnless(other) = order {
            if !is_another(serial.as_ref(), other.as_deref()) {
                return Ok(Ended::Same);
            }
        }
        let chip = board.chip();
        if let Some(good_since) = self.good_since(serial.as_ref()) {
            return Ok(Ended::Judged(Judged {
                serial,
                chip,
                seconds: 0.0,
                verdict: Verdict::Refused { good_since },
            }));
        }
        let task = plan(&mut board, self.plan);
        watcher.begin(serial.as_ref(), task.as_ref().ok());
        let job = Job { board, task };
        let mut outcome = job.run(watcher);
        if outcome.error.is_none() {
            outcome.error = (self.finish)(&mut outcome)
                .err()
                .map(|error| Diagnosis::from(&error));
        }
        let verdict = match outcome.error.take() {
            Some(error) => Verdict::Fail(error.reported()),
            None => Verdict::Pass {
                done: (self.summary)(&outcome).done.join(", "),
                odd: outcome.warnings(),
            },
        };
        Ok(Ended::Judged(Judged {
            serial,
            chip,
            seconds: outcome.seconds,
            verdict,
        }))
    }

    /// Opens a device, as soon as the system lets us.
    fn open(&self, info: DeviceInfo) -> Result<Board, Ended> {
        let start = self.bus.now();
        loop {
            let board = Board::open(self.bus, info.clone(), (self.watch)(&info));
            match &board.opened {
                Ok(_) => return Ok(board),
                Err(UsbError::NoDevice) => return Err(Ended::Gone),
                Err(error) if error.may_pass() && self.bus.now() - start < UNTIL_OPENED => {
                    self.bus.wait(PAUSE);
                }
                Err(error) => {
                    let Diagnosis { message, hint, .. } = of_closed(error);
                    let hint = hint.map(|hint| format!("\n{hint}")).unwrap_or_default();
                    return Err(Ended::Unusable(format!("It {message}.{hint}")));
                }
            }
        }
    }

    /// The device in DFU mode at a path.
    fn find(&self, path: &str) -> Result<Option<DeviceInfo>, Ended> {
        let devices = self.bus.devices().map_err(|error| failed(&error.into()))?;
        let is_it = |info: &DeviceInfo| info.path == path && info.is_in_dfu_mode();
        Ok(devices.into_iter().find(is_it))
    }

    fn good_since(&self, serial: Option<&Said>) -> Option<String> {
        let serial = serial.filter(|_| !self.again)?;
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.good_since(serial.raw()).map(str::to_owned)
    }
}

/// Of a board that was never opened in DFU mode.
fn failed(error: &CliError) -> Ended {
    Ended::Judged(Judged {
        serial: None,
        chip: None,
        seconds: 0.0,
        verdict: Verdict::Fail(Diagnosis::from(error).reported()),
    })
}

/// Whether this serial number shows that it is another board than the one with that.
fn is_another(serial: Option<&Said>, other: Option<&str>) -> bool {
    match (serial.map(Said::raw), other) {
        (Some(serial), Some(other)) => {
            let is_shared = is_shared_serial(serial) && is_shared_serial(other);
            !is_shared && !serial.eq_ignore_ascii_case(other)
        }
        _ => false,
    }
}

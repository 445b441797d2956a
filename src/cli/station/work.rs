//! What a station does with one board, from calling it out of its application to the verdict.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::board::Board;
use crate::chip::rom::is_shared_serial;
use crate::dfu::enter::{AtPort, EnterError};
use crate::printable::Said;
use crate::usb::tap::Watch;
use crate::usb::{Bus, DeviceInfo, UsbError};

use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::{CliError, of_closed};
use crate::cli::job::{Finish, Job, plan};
use crate::cli::observer::Observer;
use crate::cli::outcome::Outcome;
use crate::cli::report::Summary;
use crate::cli::select::{Application, SelectError, UNTIL_OPENED};
use crate::cli::station::log::Log;
use crate::cli::station::port::Order;
use crate::cli::station::remedy;
use crate::cli::station::verdict::{Ended, Judged, Refusal, Verdict};
use crate::cli::task::{Planned, Task};

/// How often to try to open a board that can't be opened yet.
const PAUSE: Duration = Duration::from_millis(200);

/// What all boards of a station get.
pub struct Work<'w> {
    /// The bus that they are on.
    pub bus: &'w dyn Bus,
    /// Gives a board's transfers somebody to watch them.
    pub watch: &'w (dyn Fn(&DeviceInfo) -> Option<Watch> + Sync),
    /// The board at a path, which runs its application, and how it can be called out of that.
    pub running: &'w (dyn Fn(&str) -> Result<Vec<Application>, CliError> + Sync),
    /// Puts it into DFU mode.
    pub call: &'w (dyn Fn(&mut [Application]) -> Result<(), CliError> + Sync),
    /// Takes a board back to its application that was called out of that, and is not to be flashed.
    pub leave: &'w (dyn Fn(&Board) -> Planned<'w> + Sync),
    /// Why a board isn't meant, now that its serial number is known.
    pub leaves_out: &'w (dyn Fn(&Board) -> Option<&'static str> + Sync),
    /// What is wanted of a board.
    pub plan: &'w (dyn Fn(&Board) -> Planned<'w> + Sync),
    /// What is left to do for a board.
    pub finish: &'w Finish<'w>,
    /// What is odd about the files for a board, a sentence each.
    pub odd: &'w (dyn Fn(&Outcome<'_>) -> Vec<String> + Sync),
    /// What was done with it.
    pub summary: fn(&Outcome<'_>) -> Summary,
    /// The SHA-256 of each file, in hexadecimal.
    pub sha256: &'w [String],
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

/// The work on one board.
struct Visit<'v, 'w> {
    work: &'v Work<'w>,
    path: &'v str,
    /// When it began, on the bus's clock.
    start: Duration,
    /// The board's serial number, as soon as it is known.
    serial: Option<Said>,
    /// The family of its chip, where that is sure.
    chip: Option<&'static str>,
    /// Whether the board was called out of its application.
    was_called: bool,
}

impl Work<'_> {
    /// Does it with what is at a path.
    pub fn run(&self, path: &str, order: &Order, watcher: &mut impl Watcher) -> Ended {
        let visit = Visit {
            work: self,
            path,
            start: self.bus.now(),
            serial: None,
            chip: None,
            was_called: false,
        };
        match visit.run(order, watcher) {
            Ok(ended) | Err(ended) => ended,
        }
    }

    /// Why a board with this serial number isn't flashed, if it is good.
    fn refusal(&self, serial: Option<&Said>) -> Option<Refusal> {
        let serial = serial.filter(|_| !self.again)?;
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let good = log.good(serial.raw())?;
        let is_other = *good.sha256 != *self.sha256;
        Some(Refusal {
            since: good.since.clone(),
            other_firmware: is_other.then(|| good.sha256.clone()),
            stays: None,
        })
    }
}

impl Visit<'_, '_> {
    fn run(mut self, order: &Order, watcher: &mut impl Watcher) -> Result<Ended, Ended> {
        let mut found = self.find()?;
        if found.is_none() && *order == Order::Call {
            // Its port is followed from here on, whatever its ids and its serial number become.
            self.call()?;
            found = self.find()?;
        }
        let mut board = self.open(found.ok_or_else(|| self.gone())?)?;
        let left_out = (self.work.leaves_out)(&board).filter(|_| !self.was_called);
        if let Some(option) = left_out {
            return Err(Ended::Unusable(remedy::left_out(option)));
        }
        // All of them tell which chip it is.
        board.read_all_memories();
        if board.is_gone() {
            return Err(self.gone());
        }
        self.serial = board.serial().cloned().or(self.serial);
        self.chip = board.chip();
        if let Order::FlashUnless(other) = order {
            check_that_it_is_another(self.serial.as_ref(), other.as_deref())?;
        }
        if let Some(refusal) = self.work.refusal(self.serial.as_ref()) {
            let stays = self.send_back(board, watcher);
            return Ok(self.judged(Verdict::Refused(Refusal { stays, ..refusal })));
        }
        match plan(&mut board, self.work.plan) {
            Ok(task) => Ok(self.flash(board, task, watcher)),
            Err(error) => {
                let error = Diagnosis::from(&error);
                let error = match self.send_back(board, watcher) {
                    Some(stays) => Diagnosis {
                        message: format!("{}; {}", error.message, stays.message),
                        ..error
                    },
                    None => error,
                };
                Ok(self.judged(Verdict::of_failure(error)))
            }
        }
    }

    fn flash(&self, board: Board, task: Task<'_>, watcher: &mut impl Watcher) -> Ended {
        watcher.begin(self.serial.as_ref(), Some(&task));
        let before = self.seconds();
        let job = Job {
            board,
            task: Ok(task),
        };
        let mut outcome = job.run(watcher);
        if outcome.error.is_none() {
            let finished = (self.work.finish)(&mut outcome);
            outcome.error = finished.err().map(|error| Diagnosis::from(&error));
        }
        let verdict = match outcome.error.take() {
            Some(error) => Verdict::of_failure(error.reported()),
            None => Verdict::Pass {
                done: (self.work.summary)(&outcome).done.join(", "),
                odd: outcome.document(&(self.work.odd)(&outcome)).warnings,
                verified: outcome.is_verified(),
            },
        };
        Ended::Judged(Box::new(Judged {
            serial: self.serial.clone(),
            chip: self.chip,
            // A board's clock need not be the bus's.
            seconds: before + outcome.seconds,
            verdict,
        }))
    }

    /// Calls a board out of its application, unless it can be told already that it is refused.
    fn call(&mut self) -> Result<(), Ended> {
        let mut applications =
            (self.work.running)(self.path).map_err(|error| self.not_called(&error))?;
        let application = applications.first();
        self.serial = application.and_then(|application| application.identity.serial.clone());
        if let Some(refusal) = self.work.refusal(self.serial.as_ref()) {
            return Err(self.judged(Verdict::Refused(refusal)));
        }
        (self.work.call)(&mut applications).map_err(|error| self.not_called(&error))?;
        self.was_called = true;
        Ok(())
    }

    /// Of a board that is not in DFU mode for this reason: one that runs its application as before is none that has failed.
    fn not_called(&self, error: &CliError) -> Ended {
        let diagnosis = remedy::not_called(self.path, error);
        let is_as_before = match error {
            CliError::Select(SelectError::Interrupted) => false,
            CliError::Select(_) | CliError::Usb(_) => true,
            CliError::Enter(error) => runs_as_before(error),
            _ => false,
        };
        match is_as_before {
            true => Ended::Unusable(diagnosis),
            false => self.judged(Verdict::of_failure(diagnosis.reported())),
        }
    }

    /// Takes a board back to its application, if it was called out of that. Returns why it is not there.
    fn send_back(&self, mut board: Board, watcher: &mut impl Watcher) -> Option<Diagnosis> {
        if !self.was_called {
            return None;
        }
        let task = plan(&mut board, self.work.leave);
        let outcome = Job { board, task }.run(watcher);
        let stays = outcome.error.is_some() || outcome.tally.left == Some(false);
        stays.then(remedy::stays_in_dfu_mode)
    }

    /// Opens a device, as soon as the system lets us.
    fn open(&self, info: DeviceInfo) -> Result<Board, Ended> {
        let bus = self.work.bus;
        let start = bus.now();
        loop {
            let board = Board::open(bus, info.clone(), (self.work.watch)(&info));
            match &board.opened {
                Ok(_) => return Ok(board),
                Err(UsbError::NoDevice) => return Err(self.gone()),
                Err(error) if error.may_pass() && bus.now() - start < UNTIL_OPENED => {
                    bus.wait(PAUSE);
                }
                Err(error) => return Err(Ended::Unusable(of_closed(error))),
            }
        }
    }

    /// The device in DFU mode at the path.
    fn find(&self) -> Result<Option<DeviceInfo>, Ended> {
        let devices = self.work.bus.devices();
        let devices = devices
            .map_err(|error| self.judged(Verdict::of_failure((&CliError::from(error)).into())))?;
        let is_it = |info: &DeviceInfo| info.path == self.path && info.is_in_dfu_mode();
        Ok(devices.into_iter().find(is_it))
    }

    /// Of a board that has gone before it was to be flashed.
    fn gone(&self) -> Ended {
        match self.was_called {
            true => self.judged(Verdict::Fail(of_closed(&UsbError::NoDevice))),
            false => Ended::Gone,
        }
    }

    fn judged(&self, verdict: Verdict) -> Ended {
        Ended::Judged(Box::new(Judged {
            serial: self.serial.clone(),
            chip: self.chip,
            seconds: self.seconds(),
            verdict,
        }))
    }

    /// How long it has taken up to now, on the bus's clock.
    fn seconds(&self) -> f64 {
        let now = self.work.bus.now();
        now.saturating_sub(self.start).as_secs_f64()
    }
}

/// Whether a board that was to be called out of its application has gone nowhere.
fn runs_as_before(error: &EnterError) -> bool {
    match error {
        EnterError::Asking(_)
        | EnterError::Port { .. }
        | EnterError::NoPrompt(_)
        | EnterError::Refuses(_)
        | EnterError::NotBack(AtPort::Itself) => true,
        EnterError::StaysAway
        | EnterError::NotBack(AtPort::Nothing | AtPort::Other(_))
        | EnterError::Closed(_) => false,
    }
}

/// Makes sure that the board with this serial number is another one than the one before with that.
///
/// # Errors
/// It is the same; or there is no telling.
fn check_that_it_is_another(serial: Option<&Said>, other: Option<&str>) -> Result<(), Ended> {
    let (Some(serial), Some(other)) = (serial.map(Said::raw), other) else {
        return Err(Ended::Unusable(remedy::no_telling()));
    };
    match (serial.eq_ignore_ascii_case(other), is_shared_serial(serial)) {
        (false, _) => Ok(()),
        (true, false) => Err(Ended::Same),
        (true, true) => Err(Ended::Unusable(remedy::no_telling())),
    }
}

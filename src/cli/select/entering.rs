//! Which boards are to be in DFU mode, of those that are and those that run their application.

use super::applications::{Application, Running};
use super::candidates::Candidates;
use super::choose::options_for;
use super::other::{Other, Reason, not_left_out, telling};
use super::{OnTransfer, OnWait, SelectError, Selection, at, says_serial, with_serial};
use crate::board::{Board, BoardName};
use crate::cli::args::enter::Asking;
use crate::cli::machine::Machine;
use crate::usb::UsbError;

/// The boards that are meant, in either mode.
pub struct Entering {
    /// Where those are that are in DFU mode.
    pub ready: Vec<String>,
    /// Those that have to be asked.
    pub applications: Vec<Application>,
}

impl Selection {
    /// The boards that are meant and run their application.
    ///
    /// # Errors
    /// [`SelectError`], as for boards in DFU mode.
    pub fn running(
        &self,
        machine: &Machine,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
        asking: Asking<'_>,
    ) -> Result<Vec<Application>, SelectError> {
        let is_final = |applications: &Vec<Application>| all_open(applications);
        self.patiently(machine.bus.as_ref(), waiting, is_final, || {
            let found = self.applications(machine, watch, Candidates::All, asking)?;
            let none = |wanted, others| SelectError::NoneRunning { wanted, others };
            let Entering { applications, .. } = self.meant(Vec::new(), found, None, none)?;
            Ok(applications)
        })
    }

    /// The boards that are meant, in DFU mode or to be put there. Neither, where there is none to be asked: then a command
    /// finds its boards or its error without this.
    ///
    /// # Errors
    /// [`SelectError`], as for boards in DFU mode.
    pub fn entering(
        &self,
        machine: &Machine,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
        candidates: Candidates,
        asking: Asking<'_>,
    ) -> Result<Entering, SelectError> {
        let bus = machine.bus.as_ref();
        let is_final = |entering: &Entering| all_open(&entering.applications);
        self.patiently(bus, waiting, is_final, || {
            let found = self.in_dfu_mode(bus, watch, candidates)?;
            let closed = found.closed();
            let any_ready = !found.boards.is_empty() || closed.is_some();
            let running = self.applications(machine, watch, candidates, asking);
            let mut running = match running {
                // What has entered DFU mode has no serial port any more.
                Err(SelectError::NoPort { .. }) if any_ready => Running::nothing(),
                running => running?,
            };
            let is_chosen = self.is_named() || self.every;
            let names_port = asking.port.is_some() && !running.applications.is_empty();
            if any_ready && !is_chosen && running.applications.is_empty() {
                return Ok(Entering::nobody());
            }
            running
                .others
                .retain(|other| other.reason != Reason::InDfuMode);
            let others = found.others.into_iter();
            let others = others.filter(|other| other.reason != Reason::Application);
            running.others.extend(others);
            let ready = match names_port && !is_chosen {
                true => Vec::new(),
                false => found.boards,
            };
            let none = |wanted, others| SelectError::NoneToEnter { wanted, others };
            self.meant(ready, running, closed, none)
        })
    }

    /// Those that are meant, of those that were found, `ready` in DFU mode or `running` their application. `closed`: the
    /// error where something in DFU mode that may be meant can't be opened. `none`: that where something is missing.
    fn meant(
        &self,
        mut ready: Vec<Board>,
        running: Running,
        closed: Option<SelectError>,
        none: fn(String, Vec<Other>) -> SelectError,
    ) -> Result<Entering, SelectError> {
        let Running {
            mut applications,
            others,
        } = running;
        let closed = closed.or_else(|| cant_open(&applications));
        if !self.serial.is_empty() {
            ready.retain(|board| board.opened.is_ok());
            applications.retain(|application| application.closed().is_none());
        }
        let names: Vec<BoardName<'_>> = ready
            .iter()
            .map(Board::name)
            .chain(applications.iter().map(Application::name))
            .collect();
        if let Some(wanted) = self.missing(&names) {
            return Err(closed.unwrap_or_else(|| none(wanted, telling(others))));
        }
        self.check_names(&names, others)?;
        match (&names[..], closed) {
            ([_], Some(closed)) => Err(closed),
            _ => Ok(Entering {
                ready: ready.into_iter().map(|board| board.info.path).collect(),
                applications,
            }),
        }
    }

    /// What was asked for and is not among these, to be put after "board".
    fn missing(&self, names: &[BoardName<'_>]) -> Option<String> {
        let has = |serial: &str| names.iter().any(|name| says_serial(name.serial, serial));
        if let Some(serial) = self.serial.iter().find(|serial| !has(serial)) {
            return Some(with_serial(serial) + &self.paths());
        }
        let is_there = |path: &str| names.iter().any(|name| name.path == path);
        if let Some(path) = self.path.iter().find(|path| !is_there(path)) {
            return Some(at(path));
        }
        names.is_empty().then(|| self.wanted())
    }

    /// Refuses more boards than are meant, and fewer.
    fn check_names(&self, names: &[BoardName<'_>], others: Vec<Other>) -> Result<(), SelectError> {
        if !self.every && self.is_ambiguous(names) {
            return Err(SelectError::SeveralBoards {
                wanted: self.wanted(),
                candidates: options_for(names),
            });
        }
        let is_short = |count: &u16| names.len() < usize::from(*count);
        match self.count.filter(is_short) {
            None => Ok(()),
            Some(count) => Err(SelectError::TooFewBoards {
                wanted: format!(" or in their application{}", self.wanted()),
                found: names.len(),
                count,
                others: not_left_out(others),
            }),
        }
    }
}

impl Entering {
    /// How many boards are meant; 0 where a command has yet to find them.
    pub fn count(&self) -> usize {
        self.ready.len() + self.applications.len()
    }

    fn nobody() -> Self {
        Self {
            ready: Vec::new(),
            applications: Vec::new(),
        }
    }
}

/// The error where an application that may be meant can't be opened.
fn cant_open(applications: &[Application]) -> Option<SelectError> {
    let boards = applications.iter().filter_map(|application| {
        let error = application.closed()?.clone();
        let identity = application.identity.clone();
        Some(identity.other(Reason::Closed(error)))
    });
    let boards: Vec<Other> = boards.collect();
    (!boards.is_empty()).then_some(SelectError::CantOpen { boards })
}

/// Whether there is no application that may be opened in a moment.
fn all_open(applications: &[Application]) -> bool {
    let mut closed = applications.iter().filter_map(Application::closed);
    !closed.any(UsbError::may_pass)
}

#[cfg(test)]
mod tests;

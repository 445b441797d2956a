//! A station: boards come, are flashed, and go, at several ports and without end.

pub mod activity;
pub mod core;
pub mod log;
pub mod port;
pub mod remedy;
pub mod teller;
pub mod verdict;
pub mod view;
pub mod work;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, mpsc};
use std::thread::{self, Scope};
use std::time::Duration;

use crate::board::BoardName;
use crate::usb::{DeviceInfo, Occupant, UsbError};

use super::diagnosis::Diagnosis;
use super::error::{CliError, Doing};
use super::exit::Exit;
use super::output::Output;
use activity::Shared;
use core::Core;
use log::Entry;
use port::{Fitness, Order, Visitor};
use teller::{Teller, Told, Untold};
use verdict::{Counts, Ended, Judged, Verdict};
use view::{Stage, View};
use work::Work;

/// How often to look at the bus.
const PAUSE: Duration = Duration::from_millis(200);

/// A station, and what its boards get.
pub struct Station<'s> {
    /// What is done with each board.
    pub work: Work<'s>,
    /// What can be done with a device that has a DFU interface.
    pub fitness: &'s dyn Fn(&DeviceInfo) -> Fitness,
    /// What can be done with what has none, by its path.
    pub fitness_without: &'s dyn Fn(&str, Occupant) -> Fitness,
    /// Which firmware the boards get.
    pub title: String,
    /// Where details go.
    pub output: Output,
}

/// A station at work.
struct Shift<'s, 't> {
    station: &'s Station<'s>,
    core: Core,
    teller: &'t mut dyn Teller,
    activities: BTreeMap<String, Shared>,
    /// Whether nobody hears any more what comes of the boards.
    is_unheard: bool,
    /// The boards that the log lacks, each with its verdict.
    unlogged: Vec<String>,
    /// Why no board is begun any more.
    trouble: Option<CliError>,
}

/// Why a station has ended that has had no trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was to.
    Asked,
    /// Nobody hears any more what comes of the boards.
    Unheard,
}

/// The end of the work at a path.
type Report = (String, Ended);

impl<'s> Station<'s> {
    /// Works until it is not [`Stage::Open`] any more, or until there is trouble that concerns all boards. Boards at work
    /// come to their end.
    pub fn run(
        &'s self,
        core: Core,
        teller: &mut dyn Teller,
        stage: &dyn Fn() -> Stage,
    ) -> (Counts, Result<Ending, CliError>) {
        let mut shift = Shift {
            station: self,
            core,
            teller,
            activities: BTreeMap::new(),
            is_unheard: false,
            unlogged: Vec::new(),
            trouble: None,
        };
        thread::scope(|scope| shift.work(scope, stage));
        let ending = match shift.is_unheard {
            true => Ending::Unheard,
            false => Ending::Asked,
        };
        let unlogged = shift.unlogged.join("; ");
        let ended = match shift.trouble {
            None => Ok(ending),
            Some(error) if unlogged.is_empty() => Err(error),
            Some(error) => Err(error).doing(unlogged),
        };
        (shift.core.counts(), ended)
    }
}

impl<'s> Shift<'s, '_> {
    fn work<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, stage: &dyn Fn() -> Stage)
    where
        's: 'scope,
    {
        let (sender, reports) = mpsc::channel::<Report>();
        loop {
            for (path, ended) in reports.try_iter() {
                self.end(&path, ended);
            }
            let stage = match stage() {
                Stage::Open if self.is_unheard || self.trouble.is_some() => Stage::Closing,
                stage => stage,
            };
            if stage != Stage::Open {
                self.core.close();
                if !self.core.is_working() {
                    self.show(stage);
                    return;
                }
            }
            for (path, order) in self.look() {
                let shared = Shared::new(self.station.output.clone());
                self.activities.insert(path.clone(), shared.clone());
                let (work, sender) = (&self.station.work, sender.clone());
                scope.spawn(move || carry_out(work, path, &order, shared, &sender));
            }
            for (path, trouble) in self.core.take_troubles() {
                let told = self.teller.trouble(&path, &trouble);
                self.note(told);
            }
            self.show(stage);
            self.station.work.bus.wait(PAUSE);
        }
    }

    /// Looks at the bus. Returns at which path to do what.
    fn look(&mut self) -> Vec<(String, Order)> {
        match self.visitors() {
            Ok(visitors) => self.core.look(&visitors, self.station.work.bus.now()),
            Err(error) => {
                self.trouble.get_or_insert(error.into());
                Vec::new()
            }
        }
    }

    /// What is on the bus, by its path.
    fn visitors(&self) -> Result<BTreeMap<String, Visitor>, UsbError> {
        let Station {
            work,
            fitness,
            fitness_without,
            ..
        } = self.station;
        let others = work.bus.occupants()?.into_iter();
        let others = others.map(|(path, occupant)| {
            let visitor = Visitor {
                number: None,
                fitness: fitness_without(&path, occupant),
            };
            (path, visitor)
        });
        let mut visitors: BTreeMap<String, Visitor> = others.collect();
        visitors.extend(work.bus.devices()?.into_iter().map(|info| {
            let visitor = Visitor {
                number: Some((info.bus, info.address)),
                fitness: fitness(&info),
            };
            (info.path, visitor)
        }));
        Ok(visitors)
    }

    fn end(&mut self, path: &str, ended: Ended) {
        self.activities.remove(path);
        let ended = match ended {
            Ended::Judged(judged) => {
                let judged = self.log(path, *judged);
                let told = self.teller.judged(path, &judged);
                self.note(told);
                Ended::Judged(Box::new(judged))
            }
            ended => ended,
        };
        self.core.ended(path, &ended);
    }

    /// Puts a board into the log. Where that can't be, it is the verdict that it isn't there.
    fn log(&mut self, path: &str, judged: Judged) -> Judged {
        let Work { log, sha256, .. } = &self.station.work;
        let Some(entry) = Entry::of(path, &judged, sha256) else {
            return judged;
        };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = log.append(&entry) else {
            return judged;
        };
        let name = BoardName {
            serial: judged.serial.as_ref(),
            path,
        };
        let is_missing = format!(
            "is {}, and is missing in the log",
            judged.verdict.in_words()
        );
        self.unlogged.push(format!("{name} {is_missing}"));
        let error = CliError::from(error);
        let verdict = Verdict::Unlogged {
            verdict: Box::new(judged.verdict),
            error: Diagnosis::from(&error).about(format_args!("it {is_missing}")),
        };
        self.trouble.get_or_insert(error);
        Judged { verdict, ..judged }
    }

    /// Begins no board any more where it could not be told what comes of them.
    fn note(&mut self, told: Told) {
        match told {
            Ok(()) => {}
            Err(Untold::NobodyListens) => self.is_unheard = true,
            Err(Untold::Failed(error)) => {
                self.trouble.get_or_insert(error);
            }
        }
    }

    fn show(&mut self, stage: Stage) {
        let alarm = self.trouble.as_ref().map(|trouble| {
            let message = trouble.message();
            match &self.unlogged[..] {
                [] => message,
                unlogged => format!("{}: {message}", unlogged.join("; ")),
            }
        });
        let Self {
            station,
            core,
            activities,
            ..
        } = self;
        let view = View::of(&station.title, core, activities, alarm, stage);
        let told = self.teller.show(&view);
        self.note(told);
    }
}

/// Does the work at a port, and reports its end whatever happens.
fn carry_out(
    work: &Work<'_>,
    path: String,
    order: &Order,
    mut shared: Shared,
    reports: &mpsc::Sender<Report>,
) {
    let ended = catch_unwind(AssertUnwindSafe(|| work.run(&path, order, &mut shared)));
    let ended = ended.unwrap_or_else(|_| broken_off(&shared));
    // The station is there until all work has ended.
    let _ = reports.send((path, ended));
}

/// Of work that a bug of ours has ended.
fn broken_off(shared: &Shared) -> Ended {
    let activity = shared.look();
    Ended::Judged(Box::new(Judged {
        serial: activity.serial.clone(),
        chip: None,
        seconds: activity.now().as_secs_f64(),
        verdict: Verdict::Fail(Diagnosis {
            exit: Exit::Other,
            message: "stdfu has a bug, and the work broke off".to_owned(),
            hint: Some("Flash it once more before you trust it.".to_owned()),
        }),
    }))
}

#[cfg(test)]
mod tests;

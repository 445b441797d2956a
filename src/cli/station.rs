//! A station: boards come, are flashed, and go, at several ports and without end.

pub mod activity;
pub mod core;
pub mod log;
pub mod port;
pub mod teller;
pub mod verdict;
pub mod view;
pub mod work;

use std::collections::{BTreeMap, BTreeSet};
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
use port::{Fitness, Number, Order, Visitor};
use teller::Teller;
use verdict::{Counts, Ended, Judged, Verdict};
use view::View;
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
    /// Of each file, in hexadecimal.
    pub sha256: Vec<String>,
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
    /// What was there from the beginning and can't be worked with: parts of the computer, for example.
    furniture: Option<BTreeSet<Number>>,
    /// Why no board is begun any more.
    trouble: Option<CliError>,
}

/// The end of the work at a path.
type Report = (String, Ended);

impl<'s> Station<'s> {
    /// Works until it `is_over`, or until there is trouble that concerns all boards. Boards at work come to their end.
    pub fn run(
        &'s self,
        core: Core,
        teller: &mut dyn Teller,
        is_over: &dyn Fn() -> bool,
    ) -> (Counts, Result<(), CliError>) {
        let mut shift = Shift {
            station: self,
            core,
            teller,
            activities: BTreeMap::new(),
            furniture: None,
            trouble: None,
        };
        thread::scope(|scope| shift.work(scope, is_over));
        let counts = shift.core.counts();
        (counts, shift.trouble.map_or(Ok(()), Err))
    }
}

impl<'s> Shift<'s, '_> {
    fn work<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, is_over: &dyn Fn() -> bool)
    where
        's: 'scope,
    {
        let (sender, reports) = mpsc::channel::<Report>();
        loop {
            for (path, ended) in reports.try_iter() {
                self.end(&path, &ended);
            }
            if is_over() || self.trouble.is_some() {
                self.core.close();
                if !self.core.is_working() {
                    return;
                }
            }
            for (path, order) in self.look() {
                let shared = Shared::new(self.station.output.clone());
                self.activities.insert(path.clone(), shared.clone());
                let (work, sender) = (&self.station.work, sender.clone());
                scope.spawn(move || carry_out(work, path, &order, shared, &sender));
            }
            self.show();
            self.station.work.bus.wait(PAUSE);
        }
    }

    /// Looks at the bus. Returns at which path to do what.
    fn look(&mut self) -> Vec<(String, Order)> {
        let mut visitors = match self.visitors() {
            Ok(visitors) => visitors,
            Err(error) => {
                self.stop(error.into());
                return Vec::new();
            }
        };
        let is_useless = |visitor: &Visitor| matches!(visitor.fitness, Fitness::Unusable(_));
        let furniture = self.furniture.get_or_insert_with(|| {
            let useless = visitors.values().filter(|visitor| is_useless(visitor));
            useless.map(|visitor| visitor.number).collect()
        });
        visitors.retain(|_, visitor| !(is_useless(visitor) && furniture.contains(&visitor.number)));
        self.core.look(&visitors, self.station.work.bus.now())
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

    fn end(&mut self, path: &str, ended: &Ended) {
        self.activities.remove(path);
        if let Ended::Judged(judged) = ended {
            let entry = Entry::of(path, judged, &self.station.sha256);
            let mut log = self
                .station
                .work
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let kept = entry.map_or(Ok(()), |entry| log.append(&entry));
            drop(log);
            if let Err(error) = kept.doing(missing(path, judged)) {
                self.stop(error);
            }
            self.teller.judged(path, judged);
        }
        self.core.ended(path, ended);
    }

    /// Begins no board any more.
    fn stop(&mut self, trouble: CliError) {
        self.teller.alarm(&Diagnosis::from(&trouble));
        self.trouble.get_or_insert(trouble);
    }

    fn show(&mut self) {
        let alarm = self.trouble.as_ref().map(CliError::message);
        let view = View::of(
            &self.station.title,
            &self.core,
            &self.activities,
            alarm.as_deref(),
        );
        self.teller.show(&view);
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
    let ended = ended.unwrap_or_else(|_| {
        Ended::Judged(Judged {
            serial: shared.look().serial.clone(),
            chip: None,
            seconds: 0.0,
            verdict: Verdict::Fail(Diagnosis {
                exit: Exit::Other,
                message: "stdfu has a bug, and the work broke off".to_owned(),
                hint: Some("Flash it once more before you trust it.".to_owned()),
            }),
        })
    });
    // The station is there until all work has ended.
    let _ = reports.send((path, ended));
}

/// Of a board that is not in the log.
fn missing(path: &str, judged: &Judged) -> String {
    let name = BoardName {
        serial: judged.serial.as_ref(),
        path,
    };
    let result = match judged.verdict {
        Verdict::Pass { .. } => "good",
        Verdict::Fail(_) => "not good",
        Verdict::Refused { .. } => "refused",
    };
    format!("{name} is {result}, and is missing in the log")
}

#[cfg(test)]
mod tests;

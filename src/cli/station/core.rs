//! All ports of a station: what is on the bus and what time it is → what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::port::{Fitness, Order, Port, State, Visitor};
use crate::cli::station::verdict::{Counts, Ended};

/// A port's path, in the order in which people count: `1-2` before `1-10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    numbers: Vec<u32>,
    path: String,
}

/// The ports of a station, and what came of all boards.
#[derive(Debug, Default)]
pub struct Core {
    ports: BTreeMap<Place, Port>,
    counts: Counts,
    /// Whether no board is begun any more.
    is_closing: bool,
}

impl Core {
    /// With places for these ports, whether anything was there yet or not.
    pub fn with_ports<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let ports = paths.into_iter().map(|path| (Place::of(path), Port::new()));
        Self {
            ports: ports.collect(),
            ..Self::default()
        }
    }

    /// Takes note of what is at which path. Returns at which of them to do what.
    pub fn look(
        &mut self,
        visitors: &BTreeMap<String, Visitor>,
        now: Duration,
    ) -> Vec<(String, Order)> {
        if self.is_closing {
            return Vec::new();
        }
        let boards = visitors.iter();
        let boards = boards.filter(|(_, visitor)| visitor.fitness != Fitness::Other);
        for (path, _) in boards {
            self.ports.entry(Place::of(path)).or_insert_with(Port::new);
        }
        let orders = self.ports.iter_mut().filter_map(|(place, port)| {
            let order = port.look(visitors.get(&place.path), now)?;
            Some((place.path.clone(), order))
        });
        orders.collect()
    }

    /// What can't be worked with and nobody was told of yet: at which path, and why. Each is told once while it stays.
    pub fn take_troubles(&mut self) -> Vec<(String, Diagnosis)> {
        let ports = self.ports.iter_mut();
        let troubles =
            ports.filter_map(|(place, port)| Some((place.path.clone(), port.take_trouble()?)));
        troubles.collect()
    }

    /// The work at a path has ended.
    pub fn ended(&mut self, path: &str, ended: &Ended) {
        if let Ended::Judged(judged) = ended {
            self.counts.count(&judged.verdict);
        }
        if let Some(port) = self.ports.get_mut(&Place::of(path)) {
            port.ended(ended);
        }
    }

    /// Begins no board any more.
    pub fn close(&mut self) {
        self.is_closing = true;
    }

    /// Whether a board is at work.
    pub fn is_working(&self) -> bool {
        let mut ports = self.ports.values();
        ports.any(|port| matches!(port.state, State::Working(_)))
    }

    /// How many boards came to which verdict.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Path by path.
    pub fn ports(&self) -> impl Iterator<Item = (&str, &Port)> {
        let ports = self.ports.iter();
        ports.map(|(place, port)| (place.path.as_str(), port))
    }
}

impl Place {
    fn of(path: &str) -> Self {
        let numbers = path.split(['-', '.']).filter_map(|part| part.parse().ok());
        Self {
            numbers: numbers.collect(),
            path: path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

//! One port of a station: what is at it, what came of the last board, and what to do next.

use std::time::Duration;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::verdict::{Ended, Judged};

/// How long nothing may be at a port until it is free: an application that starts, or a chip that resets, is away for a
/// moment, and is still the same board.
pub const FREE_AFTER: Duration = Duration::from_secs(3);

/// A device with a DFU interface, as its bus numbers it: another number with every enumeration. `None` of one without.
pub type Number = Option<(u8, u8)>;

/// What is at a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Its number.
    pub number: Number,
    /// What can be done with it.
    pub fitness: Fitness,
}

/// What can be done with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fitness {
    /// It is in DFU mode.
    Ready,
    /// It runs its application, and can be asked for DFU mode.
    Running,
    /// It can't, and why.
    Unusable(Diagnosis),
    /// It is something else, the application of the board that was flashed perhaps.
    Other,
}

/// What is to be done about a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Flash the board, which is in DFU mode.
    Flash,
    /// Call the board out of its application, and flash it.
    Call,
    /// Flash the board if its serial number shows that it is another one than this.
    FlashUnless(Option<String>),
}

/// Where a port is in the life of its boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing is there, or what was done with is away for long enough.
    Free,
    /// A board is at work.
    Working(Number),
    /// What is there can't be worked with.
    Unusable {
        /// Which device it is.
        number: Number,
        /// Why not.
        trouble: Diagnosis,
        /// Since when nothing is there, on the bus's clock.
        away_since: Option<Duration>,
    },
    /// What is there was done with, and has to go first.
    Done {
        /// Which device was looked at last.
        number: Number,
        /// Since when nothing is there, on the bus's clock.
        away_since: Option<Duration>,
    },
}

/// A port.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// Where it is.
    pub state: State,
    /// What came of its last board.
    pub last: Option<Judged>,
    /// What was told of what can't be worked with here, and is there still.
    told: Option<Diagnosis>,
}

impl Port {
    /// One at which nothing was yet.
    pub fn new() -> Self {
        Self {
            state: State::Free,
            last: None,
            told: None,
        }
    }

    /// Why what is there can't be worked with, if nobody was told of it yet.
    pub fn take_trouble(&mut self) -> Option<Diagnosis> {
        match &self.state {
            State::Unusable { trouble, .. } if self.told.as_ref() != Some(trouble) => {
                self.told = Some(trouble.clone());
                self.told.clone()
            }
            _ => None,
        }
    }

    /// Takes note of what is there at this time on the bus's clock. Returns what to do.
    pub fn look(&mut self, visitor: Option<&Visitor>, now: Duration) -> Option<Order> {
        match (&mut self.state, visitor) {
            (State::Working(_), _) | (State::Free, None) => None,
            (State::Free, Some(visitor)) => self.receive(visitor),
            (State::Unusable { away_since, .. } | State::Done { away_since, .. }, None) => {
                let since = *away_since.get_or_insert(now);
                if now.saturating_sub(since) >= FREE_AFTER {
                    self.state = State::Free;
                    self.told = None;
                }
                None
            }
            (
                State::Unusable {
                    number, away_since, ..
                },
                Some(visitor),
            ) => {
                *away_since = None;
                let is_news = *number != visitor.number;
                is_news.then(|| self.receive(visitor)).flatten()
            }
            (State::Done { number, away_since }, Some(visitor)) => {
                *away_since = None;
                let is_news = *number != visitor.number && visitor.fitness == Fitness::Ready;
                if !is_news {
                    return None;
                }
                self.state = State::Working(visitor.number);
                let serial = self.last.as_ref().and_then(|last| last.serial.clone());
                Some(Order::FlashUnless(
                    serial.map(|serial| serial.raw().to_owned()),
                ))
            }
        }
    }

    /// The work on its board has ended, at this time on the bus's clock.
    pub fn ended(&mut self, ended: &Ended) {
        let State::Working(number) = self.state else {
            return;
        };
        let done = State::Done {
            number,
            away_since: None,
        };
        self.state = match ended {
            Ended::Judged(judged) => {
                self.last = Some(Judged::clone(judged));
                self.told = None;
                done
            }
            Ended::Same => done,
            // Nothing was done with it: whatever comes next is another one, unless it comes and goes.
            Ended::Gone => match &self.told {
                Some(trouble) => State::unusable(number, trouble),
                None => State::Free,
            },
            Ended::Unusable(trouble) => State::unusable(number, trouble),
        };
    }

    fn receive(&mut self, visitor: &Visitor) -> Option<Order> {
        let (state, order) = match &visitor.fitness {
            Fitness::Ready => (State::Working(visitor.number), Some(Order::Flash)),
            Fitness::Running => (State::Working(visitor.number), Some(Order::Call)),
            Fitness::Unusable(trouble) => (State::unusable(visitor.number, trouble), None),
            Fitness::Other => {
                self.told = None;
                (State::Free, None)
            }
        };
        self.state = state;
        order
    }
}

impl State {
    fn unusable(number: Number, trouble: &Diagnosis) -> Self {
        Self::Unusable {
            number,
            trouble: trouble.clone(),
            away_since: None,
        }
    }
}

//! What a station shows: what is at each port, and what the person before it does next.

use std::collections::BTreeMap;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::station::activity::Shared;
use crate::cli::station::core::Core;
use crate::cli::station::port::{Port, State};
use crate::cli::station::verdict::{Counts, Judged, Verdict};

/// All that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Which firmware the boards get.
    pub title: String,
    /// How many boards came to which verdict.
    pub counts: Counts,
    /// Why no board is begun any more.
    pub alarm: Option<String>,
    /// Whether the station ends as soon as no board is at work.
    pub is_closing: bool,
    /// Port by port.
    pub places: Vec<Place>,
}

/// What is shown of a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its path.
    pub path: String,
    /// The board's serial number, as far as it is known.
    pub serial: Option<String>,
    /// What has to be seen from far away.
    pub face: Face,
    /// What else there is to know, a thing a line.
    pub text: Vec<String>,
    /// What to do next.
    pub next: &'static str,
}

/// What has to be seen from far away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Face {
    /// No board was here yet.
    Empty,
    /// A board is at work.
    Busy {
        /// In one word.
        doing: &'static str,
        /// How much of it is done, from 0 to 1.
        fraction: f64,
    },
    /// The board is good.
    Pass,
    /// It isn't.
    Fail,
    /// It was good before.
    Refused,
    /// What is there can't be worked with.
    Unusable,
}

impl View {
    /// Of all ports.
    pub fn of(
        title: &str,
        core: &Core,
        activities: &BTreeMap<String, Shared>,
        alarm: Option<&str>,
    ) -> Self {
        let ports = core.ports();
        let places = ports.map(|(path, port)| Place::of(path, port, activities.get(path)));
        Self {
            title: title.to_owned(),
            counts: core.counts(),
            alarm: alarm.map(str::to_owned),
            is_closing: core.is_closing(),
            places: places.collect(),
        }
    }
}

impl Place {
    fn of(path: &str, port: &Port, activity: Option<&Shared>) -> Self {
        let blank = Self {
            path: path.to_owned(),
            serial: None,
            face: Face::Empty,
            text: Vec::new(),
            next: "Plug in a board in DFU mode.",
        };
        match (&port.state, &port.last) {
            (State::Working(_), _) => blank.working(activity),
            (State::Unusable(_, reason), _) => Self {
                face: Face::Unusable,
                text: reason.lines().map(str::to_owned).collect(),
                next: "Put that right, or take it out.",
                ..blank
            },
            (State::Free, None) | (State::Done { .. }, None) => blank,
            (state, Some(judged)) => blank.judged(judged, *state == State::Free),
        }
    }

    fn working(self, activity: Option<&Shared>) -> Self {
        let (mut doing, mut fraction) = ("opening", 0.0);
        let (mut serial, mut text) = (None, Vec::new());
        if let Some(activity) = activity {
            let mut activity = activity.look();
            (doing, fraction) = (activity.doing(), activity.fraction());
            serial = activity.serial.as_ref().map(ToString::to_string);
            let trouble = activity.trouble.iter();
            text.extend(trouble.map(|trouble| format!("trying again: {trouble}")));
        }
        Self {
            serial,
            face: Face::Busy { doing, fraction },
            text,
            next: "Leave it plugged in.",
            ..self
        }
    }

    /// `is_free`: another board may come. The one before may be there all the same, with an application that has no USB.
    fn judged(self, judged: &Judged, is_free: bool) -> Self {
        let (face, text, next) = match (&judged.verdict, is_free) {
            (Verdict::Pass { done, odd }, _) => {
                let first = format!("{done}  {:.1} s", judged.seconds);
                let text = std::iter::once(first).chain(odd.iter().cloned()).collect();
                let next = match is_free {
                    true => "Take it out. Plug in the next board.",
                    false => "Take it out.",
                };
                (Face::Pass, text, next)
            }
            // The hint is for whoever has typed the command.
            (Verdict::Fail(Diagnosis { message, .. }), _) => {
                let text = message.lines().map(str::to_owned).collect();
                let next = match is_free {
                    true => "Put it aside. Plug in the next board.",
                    false => "Take it out, and put it aside.",
                };
                (Face::Fail, text, next)
            }
            (Verdict::Refused { good_since }, _) => {
                let next = match is_free {
                    true => "Take it out. Plug in the next board.",
                    false => "Take it out.",
                };
                (
                    Face::Refused,
                    vec![format!("It is good since {good_since}.")],
                    next,
                )
            }
        };
        Self {
            serial: judged.serial.as_ref().map(ToString::to_string),
            face,
            text,
            next,
            ..self
        }
    }
}

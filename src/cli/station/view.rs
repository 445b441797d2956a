//! What a station shows: what is at each port, and what the person before it does next.

use std::collections::BTreeMap;
use std::iter;

use crate::cli::diagnosis::Diagnosis;
use crate::cli::sentence::sentence;
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
    /// How far the station is from its end.
    pub stage: Stage,
    /// Port by port.
    pub places: Vec<Place>,
}

/// How far a station is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Boards may come.
    Open,
    /// The boards at work come to their end, and no other is begun.
    Closing,
    /// The boards at work are being stopped.
    Stopping,
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
    /// What to do next, the most important first, a step a line.
    pub next: String,
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
    /// The work on it was stopped.
    Stopped,
    /// It was good before.
    Refused,
    /// Somebody has to see to it: it can't be worked with, or is not in the log.
    Help,
}

/// What is known of whether a port is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// Something is there that was done with.
    Taken,
    /// It has just gone, for a moment perhaps.
    Leaving,
    /// Another board may come. The one before may be there all the same, with an application that has no USB.
    Free,
    /// No other board is begun.
    Closed,
}

impl View {
    /// Of all ports.
    pub fn of(
        title: &str,
        core: &Core,
        activities: &BTreeMap<String, Shared>,
        alarm: Option<String>,
        stage: Stage,
    ) -> Self {
        let ports = core.ports();
        let places = ports.map(|(path, port)| Place::of(path, port, activities.get(path), stage));
        Self {
            title: title.to_owned(),
            counts: core.counts(),
            alarm,
            stage,
            places: places.collect(),
        }
    }
}

impl Place {
    fn of(path: &str, port: &Port, activity: Option<&Shared>, stage: Stage) -> Self {
        let is_open = stage == Stage::Open;
        let next = match is_open {
            true => "Plug in a board in DFU mode.",
            false => "",
        };
        let blank = Self {
            path: path.to_owned(),
            serial: None,
            face: Face::Empty,
            text: Vec::new(),
            next: next.to_owned(),
        };
        let space = match &port.state {
            _ if !is_open => Space::Closed,
            State::Free => Space::Free,
            State::Done {
                away_since: Some(_),
                ..
            } => Space::Leaving,
            _ => Space::Taken,
        };
        match (&port.state, &port.last) {
            (State::Working(_), _) => blank.working(activity),
            (State::Unusable { trouble, .. }, _) => blank.unusable(trouble),
            (State::Free, None) | (State::Done { .. }, None) => blank,
            (_, Some(judged)) => blank.judged(judged, space),
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
            next: "Leave it plugged in.".to_owned(),
            ..self
        }
    }

    fn unusable(self, trouble: &Diagnosis) -> Self {
        let hint = trouble.hint.as_deref();
        Self {
            face: Face::Help,
            text: lines(&sentence(&trouble.message)),
            next: hint.unwrap_or("Put that right, or take it out.").to_owned(),
            ..self
        }
    }

    fn judged(self, judged: &Judged, space: Space) -> Self {
        let take_out = match space {
            Space::Taken | Space::Closed => "Take it out.",
            Space::Leaving => "Wait a moment.",
            Space::Free => "Take it out. Plug in the next board.",
        };
        // The hint is for whoever has typed the command.
        let put_aside = match space {
            Space::Taken | Space::Closed => "Take it out. Put it aside.",
            Space::Leaving => "Put it aside. Wait a moment.",
            Space::Free => "Put it aside. Plug in the next board.",
        };
        let (face, text, next) = match &judged.verdict {
            Verdict::Pass { done, odd, .. } => {
                let first = format!("{done}  {:.1} s", judged.seconds);
                let odd = odd.iter().map(|odd| sentence(odd));
                (Face::Pass, iter::once(first).chain(odd).collect(), take_out)
            }
            Verdict::Fail(error) => (Face::Fail, lines(&sentence(&error.message)), put_aside),
            Verdict::Interrupted(error) => {
                (Face::Stopped, lines(&sentence(&error.message)), put_aside)
            }
            Verdict::Refused(refusal) => {
                let (mut text, mut next) = (vec![sentence(&refusal.in_words())], take_out);
                if let Some(Diagnosis { message, hint, .. }) = &refusal.stays {
                    text.push(sentence(message));
                    next = hint.as_deref().unwrap_or(next);
                }
                (Face::Refused, text, next)
            }
            Verdict::Unlogged { verdict, error } => {
                let face = match verdict.itself() {
                    Verdict::Fail(_) => Face::Fail,
                    Verdict::Interrupted(_) => Face::Stopped,
                    _ => Face::Help,
                };
                (face, lines(&sentence(&error.message)), put_aside)
            }
        };
        Self {
            serial: judged.serial.as_ref().map(ToString::to_string),
            face,
            text,
            next: next.to_owned(),
            ..self
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

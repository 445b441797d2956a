//! Being on the bus or not: how a board leaves it, and what it is when it is back.

use std::time::Duration;

use super::super::app::App;
use super::super::application::{Application, Leaving};
use super::super::bootloader::{Bootloader, Departure};
use super::super::descriptor::Program;
use super::super::quirk::{Quirk, Quirks};
use super::Device;

/// A board off the bus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Away {
    since: Duration,
    /// After how long it is back by itself, and what is running then.
    back: Option<(Duration, Program)>,
}

impl Device {
    /// How long the power is off when it was cut.
    const POWER_CUT: Duration = Duration::from_secs(1);

    /// Whether it is off the bus and will be back by itself.
    pub fn is_coming_back(&self) -> bool {
        self.away.is_some_and(|away| away.back.is_some())
    }

    /// Comes back by itself if it is off the bus and its time has come. Whether it has.
    pub fn comes_back(&mut self, now: Duration) -> bool {
        match self.away {
            Some(Away {
                since,
                back: Some((after, program)),
            }) if now.saturating_sub(since) >= after => {
                self.start(program);
                true
            }
            _ => false,
        }
    }

    /// Lets the time come to `now`. Whether it has left the bus by itself meanwhile.
    pub fn passes(&mut self, now: Duration) -> bool {
        match self.program {
            _ if !self.is_present() => false,
            Program::Bootloader => {
                let departure = self.bootloader.departure(now);
                if let Some(departure) = departure {
                    self.goes_away(departure, now);
                }
                departure.is_some()
            }
            Program::Application => {
                let leaving = self.application.leaving();
                let due = leaving.filter(|leaving| leaving.at <= now);
                if let Some(leaving) = due {
                    self.leaves_application(leaving);
                }
                due.is_some()
            }
            Program::Other => false,
        }
    }

    /// When it will leave the bus by itself unless something is asked.
    pub fn leaves_at(&self) -> Option<Duration> {
        match self.program {
            _ if !self.is_present() => None,
            Program::Bootloader => self.bootloader.leaves_at(),
            Program::Application => self.application.leaving().map(|leaving| leaving.at),
            Program::Other => None,
        }
    }

    /// The port is reset. Whether the board has left the bus by that; where it has not, the host configures it anew.
    pub fn reset(&mut self, now: Duration) -> bool {
        if !self.is_present() {
            return true;
        }
        self.configuration = 0;
        match self.program {
            Program::Application => self.application.reset(now),
            Program::Bootloader => self.bootloader.reset(),
            Program::Other => {}
        }
        self.passes(now);
        !self.is_present()
    }

    /// Plugs it in again, with BOOT0 held unless it is known for running its application. Whether it is on the bus
    /// then: a board that comes back by itself takes its time.
    pub fn plug_in(&mut self, now: Duration) -> bool {
        match self.away {
            Some(Away { back: Some(_), .. }) => self.comes_back(now),
            Some(Away { back: None, .. }) | None => {
                self.start(first_program(self.app, &self.quirks));
                true
            }
        }
    }

    /// The cable is pulled.
    pub(super) fn is_pulled_out(&mut self, now: Duration) {
        self.away = Some(Away {
            since: now,
            back: None,
        });
    }

    /// The power fails for a moment.
    pub(super) fn is_without_power(&mut self, now: Duration) {
        self.away = Some(Away {
            since: now,
            back: Some((Self::POWER_CUT, Program::Bootloader)),
        });
    }

    /// Leaves the bus out of DFU mode, and comes back as what there is to be started, where it shows itself.
    fn goes_away(&mut self, departure: Departure, now: Duration) {
        let program = match self.bootloader.has_nothing_to_start(&self.memories) {
            true => Program::Bootloader,
            false => Program::Application,
        };
        let shown = self.board.runtime.map(|_| (Quirks::CHANGE_OVER, program));
        let is_shown = self.app.map(|_| Quirks::CHANGE_OVER);
        let asked_for = self.quirks.comes_back_after().or(is_shown);
        let first = first_program(self.app, &self.quirks);
        let asked_for = asked_for.map(|after| (after, first));
        let back = match departure {
            Departure::Starts => asked_for.or(shown),
            Departure::Quits => None,
        };
        self.away = Some(Away { since: now, back });
    }

    /// Leaves the bus on the way from the application to its bootloader, or wherever that leads on this board.
    fn leaves_application(&mut self, leaving: Leaving) {
        let after = self.quirks.detach_time();
        let back = match (leaving.to, self.quirks.enters()) {
            (Program::Bootloader, Some(Quirk::EntersNothing)) => None,
            (Program::Bootloader, Some(Quirk::EntersOther)) => Some((after, Program::Other)),
            (Program::Bootloader, Some(Quirk::EntersItself)) => Some((after, Program::Application)),
            (Program::Bootloader, _) => Some((after, Program::Bootloader)),
            (program, _) => Some((Quirks::CHANGE_OVER, program)),
        };
        self.away = Some(Away {
            since: leaving.at,
            back,
        });
    }

    fn start(&mut self, program: Program) {
        self.bootloader = Bootloader::new(self.board, &self.quirks, self.timing, &self.memories);
        self.program = program;
        self.application = Application::new(&self.description());
        self.configuration = 0;
        self.away = None;
    }
}

/// What is running when power comes on.
pub(super) fn first_program(app: Option<&App>, quirks: &Quirks) -> Program {
    if app.is_some() || quirks.has(Quirk::Application) {
        Program::Application
    } else {
        Program::Bootloader
    }
}

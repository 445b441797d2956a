//! Where boards are: on a bus, and behind serial ports.

use std::sync::{Arc, Mutex, PoisonError};

use crate::board::BoardName;
use crate::printable::{self, Said};
use crate::sim::SimBus;
use crate::sim::replay::{Notice, ReplayBus, ReplaySpec, Tell, Untold};
use crate::sim::spec::BoardSpec;
use crate::usb::Bus;
use crate::usb::libusb::LibusbBus;
use crate::usb::serial::{SerialPorts, SystemPorts};

use super::args::simulated::Simulated;
use super::error::{CliError, Doing};
use super::interrupt;
use super::output::Output;
use super::usage::UsageError;

/// This machine's, or that of simulated boards.
#[derive(Clone)]
pub struct Machine {
    /// Where its USB devices are.
    pub bus: Arc<dyn Bus>,
    /// Where its serial ports are.
    pub serial_ports: Arc<dyn SerialPorts>,
}

/// What is worth knowing of replayed boards. It is said when the command is over: before, bars may be on the screen.
#[derive(Debug, Default)]
pub struct Later {
    kept: Mutex<Vec<Kept>>,
}

/// A [`Notice`].
#[derive(Debug)]
struct Kept {
    serial: Option<Said>,
    path: String,
    text: String,
}

impl Later {
    fn keep(&self, notice: &Notice<'_>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Kept {
            serial: notice.serial.map(|serial| Said::from(serial.to_owned())),
            path: notice.path.to_owned(),
            text: notice.text.to_owned(),
        });
    }

    /// Says all of it, once.
    pub fn say(&self, output: &Output) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for Kept { serial, path, text } in kept.drain(..) {
            let board = BoardName {
                serial: serial.as_ref(),
                path: &path,
            };
            output.warning_of(board, &text);
        }
    }
}

impl Machine {
    /// What is plugged in here.
    pub fn of_this_system() -> Self {
        Self {
            bus: Arc::new(LibusbBus::new()),
            serial_ports: Arc::new(SystemPorts),
        }
    }

    /// Simulated boards, or those of a recording. What is to be said of that is said.
    ///
    /// # Errors
    /// A board or a recording that can't be had; a recording beside other boards.
    pub fn simulated(
        simulated: &[Simulated],
        untold: Untold,
        output: &Output,
        later: &Arc<Later>,
    ) -> Result<Self, CliError> {
        if let [Simulated::Replay(spec)] = simulated {
            return Self::replayed(spec, untold, output, later);
        }
        let boards = simulated.iter().map(|simulated| match simulated {
            Simulated::Board(spec) => Ok(spec.clone()),
            Simulated::Replay(_) => Err(UsageError {
                message: "a recording is replayed alone, without other boards".to_owned(),
                hint: None,
            }),
        });
        let boards: Result<Vec<BoardSpec>, UsageError> = boards.collect();
        let _held = interrupt::hold();
        let bus = SimBus::new(&boards?)?;
        Ok(Self {
            bus: Arc::new(bus.clone()),
            serial_ports: Arc::new(bus),
        })
    }

    /// The boards of a recording, which tells of no serial ports.
    fn replayed(
        spec: &ReplaySpec,
        untold: Untold,
        output: &Output,
        later: &Arc<Later>,
    ) -> Result<Self, CliError> {
        let name = printable::path(&spec.path);
        let later = Arc::clone(later);
        let tell: Tell = Arc::new(move |notice: &Notice<'_>| later.keep(notice));
        let bus = ReplayBus::new(spec, untold, tell).doing(&name)?;
        if let Some(broken) = bus.broken() {
            output.warning(&format!("{name}: {broken}. What comes before is replayed."));
        }
        Ok(Self {
            bus: Arc::new(bus),
            serial_ports: Arc::new(SimBus::new(&[])?),
        })
    }
}

//! Where boards are: on a bus, and behind serial ports.

use std::sync::Arc;

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
    ) -> Result<Self, CliError> {
        if let [Simulated::Replay(spec)] = simulated {
            return Self::replayed(spec, untold, output);
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
    fn replayed(spec: &ReplaySpec, untold: Untold, output: &Output) -> Result<Self, CliError> {
        let name = printable::path(&spec.path);
        let teller = output.clone();
        let tell: Tell = Arc::new(move |notice: &Notice<'_>| {
            let serial = notice.serial.map(|serial| Said::from(serial.to_owned()));
            let board = BoardName {
                serial: serial.as_ref(),
                path: notice.path,
            };
            teller.warning_of(board, notice.text);
        });
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

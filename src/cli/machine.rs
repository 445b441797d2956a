//! Where boards are: on a bus, and behind serial ports.

use std::sync::Arc;

use crate::printable;
use crate::sim::SimBus;
use crate::sim::replay::ReplayBus;
use crate::sim::spec::BoardSpec;
use crate::usb::Bus;
use crate::usb::libusb::LibusbBus;
use crate::usb::serial::{SerialPorts, SystemPorts};

use super::args::simulated::Simulated;
use super::error::{CliError, Doing};
use super::interrupt;
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

    /// Simulated boards, or those of a recording, which tells of no serial ports.
    ///
    /// # Errors
    /// A board or a recording that can't be had; a recording beside other boards.
    pub fn simulated(simulated: &[Simulated]) -> Result<Self, CliError> {
        if let [Simulated::Replay(spec)] = simulated {
            let name = printable::path(&spec.path);
            return Ok(Self {
                bus: Arc::new(ReplayBus::new(spec).doing(name)?),
                serial_ports: Arc::new(SimBus::new(&[])?),
            });
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
}

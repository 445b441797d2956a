//! What every command needs: which boards are meant, on which bus, and where answers go.

use crate::board::Board;
use crate::sim::SimBus;
use crate::sim::spec::{BoardSpec, BoardSpecError};
use crate::usb::Bus;
use crate::usb::libusb::LibusbBus;

use super::environment::{self, Variable};
use super::error::CliError;
use super::output::{Output, trace};
use super::select::{Listing, SelectError, Selection};
use super::usage::UsageError;
use super::{interrupt, suggest};

/// What every command needs to know.
pub struct App {
    /// Which boards are meant.
    pub selection: Selection,
    /// Simulated boards in place of USB, as the command line names them.
    pub sim: Vec<BoardSpec>,
    /// Where answers go.
    pub output: Output,
    /// The command line as it is defined, for those who tell of it.
    pub definition: clap::Command,
}

impl App {
    /// Says for what the user will have to wait.
    fn waiting(&self, error: &SelectError) {
        self.output.note(&format!("waiting: {error}"));
    }

    /// The boards that are meant.
    pub fn select(&self) -> Result<Vec<Board>, CliError> {
        let bus = self.bus()?;
        let boards = self.selection.select(
            bus.as_ref(),
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
        )?;
        for serial in self.selection.shared_serials() {
            self.output.warning(&format!(
                "many boards have the serial number {serial}; only --path picks exactly one"
            ));
        }
        Ok(boards)
    }

    /// The boards that are meant, where the user has said anything about boards; none otherwise.
    pub fn select_if_named(&self) -> Result<Vec<Board>, CliError> {
        let is_simulated = !self.sim.is_empty() || !simulated_by_environment()?.is_empty();
        if is_simulated || self.selection.is_given() {
            self.select()
        } else {
            Ok(Vec::new())
        }
    }

    /// All boards that match, and the rest.
    pub fn list(&self) -> Result<Listing, CliError> {
        let bus = self.bus()?;
        Ok(self.selection.list(
            bus.as_ref(),
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
        )?)
    }

    /// The boards that are meant and run their application, and the bus that they are on.
    pub fn running(&self) -> Result<(Box<dyn Bus>, Vec<Board>), CliError> {
        let bus = self.bus()?;
        let boards = self.selection.running(
            bus.as_ref(),
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
        )?;
        Ok((bus, boards))
    }

    fn bus(&self) -> Result<Box<dyn Bus>, CliError> {
        let simulated = match &self.sim[..] {
            [] => &simulated_by_environment()?,
            named => named,
        };
        if simulated.is_empty() {
            return Ok(Box::new(LibusbBus::new()));
        }
        let _held = interrupt::hold();
        Ok(Box::new(SimBus::new(simulated)?))
    }
}

/// The boards in `STDFU_SIM`, with `;` between them.
fn simulated_by_environment() -> Result<Vec<BoardSpec>, CliError> {
    let variable = environment::value(Variable::Sim).unwrap_or_default();
    let boards = variable
        .split(';')
        .map(str::trim)
        .filter(|board| !board.is_empty());
    boards
        .map(|board| {
            board.parse().map_err(|error: BoardSpecError| {
                UsageError {
                    message: format!("STDFU_SIM: {error}"),
                    hint: suggest::simulated_board(&error),
                }
                .into()
            })
        })
        .collect()
}

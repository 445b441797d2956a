//! What every command needs: which boards are meant, on which bus, and where answers go.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::board::{Board, Opened};
use crate::dfu::enter::{Patience, detach_and_wait};
use crate::sim::replay::Untold;
use crate::sim::spec::BoardSpecError;
use crate::usb::Bus;
use crate::usb::limited::LimitedBus;

use super::args::simulated::Simulated;
use super::distinct::{self, Given};
use super::environment::{self, Variable};
use super::error::CliError;
use super::machine::{Later, Machine};
use super::output::{Output, trace};
use super::record::{RecordArgs, Recording, Talks};
use super::select::{Candidates, Listing, SelectError, Selection, known_by_serial_port, telling};
use super::usage::UsageError;
use super::{interrupt, suggest};

/// What every command needs to know.
#[derive(Clone)]
pub struct App {
    /// Which boards are meant.
    pub selection: Selection,
    /// Simulated boards in place of USB, as the command line names them.
    pub sim: Vec<Simulated>,
    /// How long the command may take.
    timeout: Option<Duration>,
    /// Where answers go.
    pub output: Output,
    /// What is recorded of all this.
    pub recording: Arc<Recording>,
    /// Makes the definition of the command line, for those who tell of it.
    pub definition: fn() -> clap::Command,
    /// Where the boards are, once somebody has looked.
    machine: OnceLock<Machine>,
    /// Whether bytes that a recording in the place of a board doesn't tell can be read.
    untold: Untold,
    /// What is to be said of such a board.
    later: Arc<Later>,
}

impl App {
    /// Of a command line.
    pub fn new(
        selection: Selection,
        sim: Vec<Simulated>,
        timeout: Option<Duration>,
        output: Output,
        record: RecordArgs,
        definition: fn() -> clap::Command,
    ) -> Self {
        Self {
            selection,
            sim,
            timeout,
            output,
            recording: Arc::new(Recording::new(record)),
            definition,
            machine: OnceLock::new(),
            untold: Untold::TakenForErased,
            later: Arc::default(),
        }
    }

    /// The same for a command whose answer is what boards hold.
    pub fn for_contents(&self) -> Self {
        Self {
            untold: Untold::Refused,
            ..self.clone()
        }
    }

    /// Ends the recording, with the code that the command ends with, and passes that on.
    pub fn recorded(&self, exit_code: u8) -> u8 {
        self.later.say(&self.output);
        if let Some(trouble) = self.recording.finish(exit_code) {
            self.output.warning(&trouble);
        }
        exit_code
    }

    /// Says for what the user will have to wait.
    pub fn waiting(&self, error: &SelectError) {
        self.output.note(&format!("waiting: {error}"));
    }

    /// The boards that are meant, of those that a command can be for.
    pub fn select(&self, candidates: Candidates) -> Result<Vec<Board>, CliError> {
        self.select_by(&self.selection, candidates)
    }

    /// The same, without waiting for any.
    pub fn select_at_once(&self, candidates: Candidates) -> Result<Vec<Board>, CliError> {
        self.select_by(&self.selection.at_once(), candidates)
    }

    fn select_by(
        &self,
        selection: &Selection,
        candidates: Candidates,
    ) -> Result<Vec<Board>, CliError> {
        let bus = self.bus()?;
        let boards = selection.select(
            bus.as_ref(),
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
            candidates,
        );
        let boards = boards.map_err(|error| self.with_serial_ports(error))?;
        for serial in selection.shared_serials() {
            self.output.warning(&format!(
                "many boards have the serial number {serial}: --path chooses exactly one"
            ));
        }
        Ok(boards)
    }

    /// The same error, with what is known by its serial port and could be put into DFU mode.
    fn with_serial_ports(&self, error: SelectError) -> SelectError {
        match (error, self.machine()) {
            (
                SelectError::NoBoard {
                    wanted,
                    mut others,
                    near,
                },
                Ok(machine),
            ) => {
                let known = known_by_serial_port(&self.selection, machine);
                others.extend(known);
                SelectError::NoBoard {
                    wanted,
                    others: telling(others),
                    near,
                }
            }
            (error, _) => error,
        }
    }

    /// The boards that are meant, where the user has said anything about boards; none otherwise.
    pub fn select_if_named(&self, candidates: Candidates) -> Result<Vec<Board>, CliError> {
        match self.names_boards()? {
            true => self.select(candidates),
            false => Ok(Vec::new()),
        }
    }

    /// Whether the user has said anything about boards.
    pub fn names_boards(&self) -> Result<bool, CliError> {
        Ok(self.is_simulated()? || self.selection.is_given())
    }

    /// Refuses a recording that can't be made of this command.
    ///
    /// # Errors
    /// There is nothing to record, or the file is one that stands for boards.
    pub fn check_record(&self, talks: Talks) -> Result<(), CliError> {
        let Some(recording) = self.recording.given()? else {
            return Ok(());
        };
        let talks = match talks {
            Talks::IfChosen if self.names_boards()? => Talks::Always,
            other => other,
        };
        talks.check()?;
        let simulated = self.simulated()?;
        let mut files = simulated.iter().filter_map(Simulated::file);
        Ok(files.try_for_each(|file| distinct::check(recording, file))?)
    }

    /// Refuses to write a file that the command line names otherwise: the recording, or one that stands for boards.
    ///
    /// # Errors
    /// It does.
    pub fn check_written(&self, written: Given<'_>) -> Result<(), CliError> {
        let simulated = self.simulated()?;
        let simulated = simulated.iter().filter_map(Simulated::file);
        let mut files = self.recording.given()?.into_iter().chain(simulated);
        Ok(files.try_for_each(|file| distinct::check(written, file))?)
    }

    /// Every device with a DFU interface, opened where that can be, whichever are meant.
    pub fn look(&self) -> Result<Vec<Board>, CliError> {
        let bus = self.bus()?;
        let open = |info| {
            let watch = trace::watch(&self.output, &info);
            let mut board = Board::open(bus.as_ref(), info, watch);
            if board.info.is_in_dfu_mode() {
                board.read_first_memory();
            }
            board
        };
        let mut boards: Vec<Board> = bus.devices()?.into_iter().map(open).collect();
        boards.retain(|board| !board.is_gone());
        Ok(boards)
    }

    /// What stands in the place of USB, by the command line or by the environment.
    fn simulated(&self) -> Result<Cow<'_, [Simulated]>, CliError> {
        Ok(match &self.sim[..] {
            [] => Cow::Owned(simulated_by_environment()?),
            named => Cow::Borrowed(named),
        })
    }

    /// Whether the boards are simulated.
    pub fn is_simulated(&self) -> Result<bool, CliError> {
        Ok(!self.simulated()?.is_empty())
    }

    /// All boards that match, and the rest.
    pub fn list(&self) -> Result<Listing, CliError> {
        let bus = self.bus()?;
        let listing = self.selection.list(
            bus.as_ref(),
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
        );
        Ok(listing.map_err(|error| self.with_serial_ports(error))?)
    }

    /// Asks a board that runs its application to enter DFU mode, and waits until it is back there, which may take so long.
    pub fn detach_within(&self, board: &mut Board, comes_back: Duration) -> Result<(), CliError> {
        let patience = Patience {
            comes_back,
            opens: self.selection.patience_to_open(),
        };
        match &mut board.opened {
            Ok(Opened { transport, .. }) => Ok(detach_and_wait(
                self.bus()?.as_ref(),
                transport,
                &board.info,
                patience,
            )?),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// The bus that the boards are on.
    pub fn bus(&self) -> Result<Arc<dyn Bus>, CliError> {
        Ok(self.machine()?.bus.clone())
    }

    /// Where the boards are.
    pub fn machine(&self) -> Result<&Machine, CliError> {
        if let Some(machine) = self.machine.get() {
            return Ok(machine);
        }
        let simulated = self.simulated()?;
        let machine = if simulated.is_empty() {
            Machine::of_this_system()
        } else {
            let machine = Machine::simulated(&simulated, self.untold, &self.output, &self.later)?;
            match self.timeout {
                // Its clock is another than ours.
                Some(limit) => Machine {
                    bus: Arc::new(LimitedBus::new(machine.bus, limit, interrupt::time_is_up)),
                    ..machine
                },
                None => machine,
            }
        };
        let machine = Machine {
            bus: self.recording.around(machine.bus)?,
            serial_ports: machine.serial_ports,
        };
        Ok(self.machine.get_or_init(|| machine))
    }
}

/// The boards in `STDFU_SIM`, with `;` between them.
fn simulated_by_environment() -> Result<Vec<Simulated>, CliError> {
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

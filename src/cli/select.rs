//! `--serial`, `--path`, `--id`: exactly the boards that are meant, or an error that shows the choice.

mod applications;
mod candidates;
mod choose;
mod entering;
mod error;
mod found;
mod other;
mod wait;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::board::Board;
use crate::chip::rom::is_shared_serial;
use crate::printable::{Printable, Said};
use crate::usb::tap::Watch;
use crate::usb::{Bus, DeviceInfo, UsbError};

use super::args::ids::Ids;
use super::environment::{self, Variable};
use super::shell;
use super::suggest::nearest;
pub use applications::{Application, Identity, Ports, Way, known_by_serial_port};
pub use candidates::Candidates;
pub use entering::Entering;
pub use error::SelectError;
pub use other::{Other, Reason, hints, not_left_out, telling};
use wait::parse_seconds;
pub use wait::{OnWait, UNTIL_OPENED};

/// What stands above the options of [`Selection`] in the help.
pub const HEADING: &str = "Which board";

/// Which boards are meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = HEADING)]
pub struct Selection {
    /// The board with this serial number [env: STDFU_SERIAL]
    ///
    /// The whole number as `stdfu list` shows it, in upper or lower case. Repeat the option for several boards.
    #[arg(long, global = true, value_name = "SERIAL", value_parser = NonEmptyStringValueParser::new())]
    serial: Vec<String>,
    /// The board plugged in here [env: STDFU_PATH]
    ///
    /// As `stdfu list` shows it, such as 1-1.4. Repeat the option for several boards.
    #[arg(long, global = true, value_name = "BUS-PORT", value_parser = NonEmptyStringValueParser::new())]
    path: Vec<String>,
    /// Boards with these ids, such as 0483:df11
    ///
    /// In hexadecimal. By default: every device in DFU mode that the command and the file can be for.
    #[arg(long, global = true, value_name = "VID:PID")]
    id: Option<Ids>,
    /// All boards that match, at the same time
    #[arg(long, global = true)]
    every: bool,
    /// With --every: at least N boards
    ///
    /// If there are fewer, none is touched (exit code 3); with --wait, stdfu waits for the others.
    #[arg(long, global = true, hide_short_help = true, value_name = "N", requires = "every", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,
    /// Wait for the board: for ever, or N seconds
    ///
    /// --wait=10 waits for at most ten seconds. With --every --count N, until N boards are there.
    #[arg(
        long, global = true, value_name = "SECONDS",
        num_args = 0..=1, require_equals = true, default_missing_value = "inf", value_parser = parse_seconds
    )]
    wait: Option<f64>,
    /// Whether `serial` and `path` are from the environment.
    #[arg(skip)]
    from_environment: bool,
}

/// What is on the bus, for the list.
pub struct Listing {
    /// The boards that match.
    pub boards: Vec<Board>,
    /// What was not left out by the user, and can't be worked with.
    pub others: Vec<Other>,
    /// What stands in the way of a complete answer.
    pub error: Option<SelectError>,
}

impl Selection {
    /// Takes what the environment says, unless the command line says which board.
    pub fn or_environment(mut self) -> Self {
        if self.serial.is_empty() && self.path.is_empty() {
            self.serial.extend(environment::value(Variable::Serial));
            self.path.extend(environment::value(Variable::Path));
            self.from_environment = true;
        }
        self
    }

    /// Whether anything is said about which board, here or in the environment.
    pub fn is_given(&self) -> bool {
        self.is_named() || self.id.is_some() || self.every || self.wait.is_some()
    }

    /// Whether it is said which board, by a name that is its own.
    pub fn is_named(&self) -> bool {
        !self.serial.is_empty() || !self.path.is_empty()
    }

    /// Whether it is said which devices, by names or by ids.
    pub fn names_devices(&self) -> bool {
        self.is_named() || self.id.is_some()
    }

    /// What `--path` says, on the command line alone.
    pub fn named_paths(&self) -> &[String] {
        match self.from_environment {
            true => &[],
            false => &self.path,
        }
    }

    /// The boards that are plugged in there.
    pub fn at(paths: Vec<String>) -> Self {
        Self {
            serial: Vec::new(),
            path: paths,
            id: None,
            every: false,
            count: None,
            wait: None,
            from_environment: false,
        }
    }

    /// The same boards, without waiting for any.
    pub fn at_once(&self) -> Self {
        Self {
            wait: None,
            ..self.clone()
        }
    }

    /// Whether to wait for what isn't there yet, and has a name or ids.
    pub fn waits_for_a_named_device(&self) -> bool {
        self.waits() && (self.is_named() || self.id.is_some())
    }

    /// Whether all boards that match are meant, at the same time.
    pub fn is_every(&self) -> bool {
        self.every
    }

    /// Whether to wait for what isn't there yet.
    pub fn waits(&self) -> bool {
        self.wait.is_some()
    }

    /// The boards that are meant: one, or more where the user has named or allowed more.
    ///
    /// # Errors
    /// [`SelectError`]; nothing has been sent to any board then but questions for its strings.
    pub fn select(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
        candidates: Candidates,
    ) -> Result<Vec<Board>, SelectError> {
        self.patiently(
            bus,
            waiting,
            |boards: &Vec<Board>| all_open(boards),
            || self.choose(self.in_dfu_mode(bus, watch, candidates)?, candidates),
        )
    }

    /// All boards that match, and the rest, also where there are fewer than there have to be.
    ///
    /// # Errors
    /// [`SelectError`], where there is no board and none that may be one.
    pub fn list(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
    ) -> Result<Listing, SelectError> {
        let is_final = |listing: &Listing| {
            let error = listing.error.as_ref();
            all_open(&listing.boards) && !error.is_some_and(SelectError::may_pass)
        };
        let listing = self.patiently(bus, waiting, is_final, || {
            let mut found = self.in_dfu_mode(bus, watch, Candidates::All)?;
            found.ask_applications(bus, watch)?;
            let closed = found.closed();
            if found.boards.is_empty() && closed.is_none() {
                let near = self.serial.iter();
                let near = near.flat_map(|serial| near_ones(serial, &found.serials));
                return Err(SelectError::NoBoard {
                    wanted: self.wanted(),
                    near: near.collect(),
                    others: telling(found.others),
                });
            }
            // The list names the others itself.
            self.check_count(&found.boards, Vec::new())?;
            let none_opened = found.boards.iter().all(|board| board.opened.is_err());
            Ok(Listing {
                boards: found.boards,
                others: not_left_out(found.others),
                error: closed.filter(|_| none_opened),
            })
        });
        match listing {
            Err(too_few @ SelectError::TooFewBoards { .. }) => {
                let there = Self {
                    count: None,
                    ..self.at_once()
                };
                let listing = there.list(bus, watch, waiting)?;
                Ok(Listing {
                    error: Some(too_few),
                    ..listing
                })
            }
            listing => listing,
        }
    }

    /// Serial numbers that were asked for and that many boards have, unless a path says which of them is meant.
    pub fn shared_serials(&self) -> impl Iterator<Item = &str> {
        self.serial
            .iter()
            .map(String::as_str)
            .filter(|serial| self.path.is_empty() && is_shared_serial(serial))
    }

    /// The option or variable that leaves a board out.
    pub fn leaves_out(&self, board: &Board) -> Option<&'static str> {
        let by_serial = (!self.accepts_serial(board)).then(|| self.serial_option());
        self.leaves_out_device(&board.info).or(by_serial)
    }

    /// The same, before it is opened.
    fn leaves_out_device(&self, info: &DeviceInfo) -> Option<&'static str> {
        self.leaves_out_place(&info.path, (info.vendor_id, info.product_id))
    }

    /// The same, of what is plugged in there and has these ids.
    pub fn leaves_out_place(
        &self,
        path: &String,
        (vendor_id, product_id): (u16, u16),
    ) -> Option<&'static str> {
        let ids = Ids {
            vendor_id,
            product_id,
        };
        if !self.path.is_empty() && !self.path.contains(path) {
            Some(match self.from_environment {
                true => Variable::Path.name(),
                false => "--path",
            })
        } else {
            self.id.is_some_and(|id| id != ids).then_some("--id")
        }
    }

    /// The option or variable that a serial number is from.
    fn serial_option(&self) -> &'static str {
        match self.from_environment {
            true => Variable::Serial.name(),
            false => "--serial",
        }
    }

    /// Boards that can't be opened keep their serial number to themselves, so they may be the one.
    fn accepts_serial(&self, board: &Board) -> bool {
        self.serial.is_empty()
            || board.opened.is_err()
            || self.serial.iter().any(|serial| is_serial(board, serial))
    }

    /// What was asked for, to be put after "board".
    fn wanted(&self) -> String {
        let ids = self
            .id
            .map(|id| format!(" with ids {id}"))
            .unwrap_or_default();
        let serials: Vec<&str> = self.serial.iter().map(String::as_str).collect();
        let serials = if serials.is_empty() {
            String::new()
        } else {
            with_serial(&serials.join(", "))
        };
        ids + &serials + &self.paths()
    }

    fn paths(&self) -> String {
        if self.path.is_empty() {
            String::new()
        } else {
            at(&self.path.join(", "))
        }
    }
}

fn with_serial(serial: &str) -> String {
    format!(" with serial number {}", Printable(serial))
}

fn at(path: &str) -> String {
    format!(" at {}", Printable(path))
}

/// Gives a board's transfers somebody to watch them.
pub type OnTransfer<'w> = dyn Fn(&DeviceInfo) -> Option<Watch> + 'w;

/// Whether there is no board that may be opened in a moment.
fn all_open(boards: &[Board]) -> bool {
    let may_pass = |board: &Board| board.opened.as_ref().is_err_and(UsbError::may_pass);
    !boards.iter().any(may_pass)
}

/// The options for boards whose serial number is nearly this one.
fn near_ones(serial: &str, others: &[Said]) -> Vec<String> {
    let near = nearest(serial, others.iter().map(Said::raw));
    near.into_iter().map(serial_option).collect()
}

/// The option that names this serial number. What can't be typed is written as it is shown.
fn serial_option(serial: &str) -> String {
    shell::option("--serial", &Printable(serial).to_string())
}

/// Whether a board has this serial number, or shows it so.
fn is_serial(board: &Board, serial: &str) -> bool {
    says_serial(board.serial(), serial)
}

/// The same, of what a board says.
fn says_serial(found: Option<&Said>, serial: &str) -> bool {
    let is_it = |found: &str| found.eq_ignore_ascii_case(serial);
    found.is_some_and(|found| is_it(found.raw()) || is_it(&found.to_string()))
}

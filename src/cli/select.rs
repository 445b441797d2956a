//! `--serial`, `--path`, `--id`: exactly the boards that are meant, or an error that shows the choice.

mod error;
mod ids;
mod wait;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::dfuse::quirks::is_shared_serial;
use crate::usb::trace::Watch;
use crate::usb::{Bus, DeviceInfo, DfuMode, UsbError};

use super::board::Board;
use super::meant::nearest;
use error::Candidate;
pub use error::SelectError;
pub use ids::Ids;
pub use wait::OnWait;
use wait::parse_seconds;

/// What stands above the options of [`Selection`] in the help.
pub const HEADING: &str = "Which board";

/// Which boards are meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = HEADING)]
pub struct Selection {
    /// The board with this serial number [env: STDFU_SERIAL]
    ///
    /// All of it, in any case. Repeat it for several boards.
    #[arg(long, global = true, value_name = "SERIAL", value_parser = NonEmptyStringValueParser::new())]
    serial: Vec<String>,
    /// The board plugged in here [env: STDFU_PATH]
    ///
    /// As `stdfu list` shows it, such as 1-1.4. Repeat it for several boards.
    #[arg(long, global = true, value_name = "BUS-PORT", value_parser = NonEmptyStringValueParser::new())]
    path: Vec<String>,
    /// Boards with these ids, such as 0483:df11
    ///
    /// In hexadecimal. Without it: every board in DFU mode that speaks DfuSe.
    #[arg(long, global = true, value_name = "VID:PID")]
    id: Option<Ids>,
    /// All boards that match, at the same time
    #[arg(long, global = true)]
    every: bool,
    /// With --every: so many boards, no fewer
    ///
    /// Where there are fewer, none is touched (exit code 3), or --wait waits for the others.
    #[arg(long, global = true, hide_short_help = true, value_name = "N", requires = "every", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,
    /// Wait for the board: for ever, or so many seconds
    ///
    /// --wait=10 waits for ten seconds at most. With --every --count N, until so many are there.
    #[arg(
        long, global = true, value_name = "SECONDS",
        num_args = 0..=1, require_equals = true, default_missing_value = "inf", value_parser = parse_seconds
    )]
    wait: Option<f64>,
}

impl Selection {
    /// Takes what the environment says, unless the command line says which board.
    pub fn or_environment(mut self) -> Self {
        if self.serial.is_empty() && self.path.is_empty() {
            let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            self.serial.extend(variable("STDFU_SERIAL"));
            self.path.extend(variable("STDFU_PATH"));
        }
        self
    }

    /// Whether anything is said about which board, here or in the environment.
    pub fn is_given(&self) -> bool {
        let names = !self.serial.is_empty() || !self.path.is_empty();
        names || self.id.is_some() || self.every || self.wait.is_some()
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
    ) -> Result<Vec<Board>, SelectError> {
        self.patiently(waiting, || self.choose(self.matching(bus, watch)?))
    }

    /// All boards that match, and the error where none can be opened.
    ///
    /// # Errors
    /// [`SelectError`], where none matches.
    pub fn list(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
    ) -> Result<(Vec<Board>, Option<SelectError>), SelectError> {
        self.patiently(waiting, || {
            let Matching {
                boards,
                runtime,
                others,
            } = self.matching(bus, watch)?;
            if boards.is_empty() {
                return Err(SelectError::NoBoard {
                    wanted: self.wanted(),
                    runtime,
                    near: self
                        .serial
                        .iter()
                        .flat_map(|serial| near(serial, &others))
                        .collect(),
                });
            }
            let none_opened = boards.iter().all(|board| board.opened.is_err());
            let error = cant_open(&boards).filter(|_| none_opened);
            Ok((boards, error))
        })
    }

    /// The boards that are meant and run their application.
    ///
    /// # Errors
    /// [`SelectError`], as for boards in DFU mode.
    pub fn running(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
        waiting: &OnWait<'_>,
    ) -> Result<Vec<Board>, SelectError> {
        self.patiently(waiting, || self.look_for_running(bus, watch))
    }

    fn look_for_running(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
    ) -> Result<Vec<Board>, SelectError> {
        let there = bus
            .devices()?
            .into_iter()
            .filter(|info| self.accepts(info) && !info.is_in_dfu_mode());
        let open = |info: DeviceInfo| {
            let watch = watch(&info);
            Board::open(bus, info, watch)
        };
        let boards: Vec<Board> = there
            .map(open)
            .filter(|board| !board.is_gone() && self.accepts_serial(board))
            .collect();
        if boards.is_empty() {
            return Err(SelectError::NoneRunning {
                wanted: self.wanted(),
            });
        }
        self.choose(Matching {
            boards,
            runtime: Vec::new(),
            others: Vec::new(),
        })
    }

    /// Serial numbers that were asked for and that many boards have, unless a path says which of them is meant.
    pub fn shared_serials(&self) -> impl Iterator<Item = &str> {
        self.serial
            .iter()
            .map(String::as_str)
            .filter(|serial| self.path.is_empty() && is_shared_serial(serial))
    }

    fn matching(&self, bus: &dyn Bus, watch: &OnTransfer<'_>) -> Result<Matching, UsbError> {
        let (there, runtime): (Vec<_>, Vec<_>) = bus
            .devices()?
            .into_iter()
            .filter(|info| self.accepts(info))
            .partition(|info| info.mode == DfuMode::Dfu);
        let (mut boards, others): (Vec<Board>, Vec<Board>) = there
            .into_iter()
            .map(|info| {
                let watch = watch(&info);
                Board::open(bus, info, watch)
            })
            .partition(|board| self.accepts_serial(board));
        let others = others.iter().filter_map(Board::serial);
        let others = others.map(str::to_owned).collect();
        boards.iter_mut().for_each(Board::read_first_memory);
        boards.retain(|board| !board.is_gone() && (self.id.is_some() || board.speaks_dfuse()));
        Ok(Matching {
            boards,
            runtime,
            others,
        })
    }

    fn accepts(&self, info: &DeviceInfo) -> bool {
        let DeviceInfo {
            vendor_id,
            product_id,
            ..
        } = *info;
        let here = self.path.is_empty() || self.path.contains(&info.path);
        here && self.id.is_none_or(|id| {
            id == Ids {
                vendor_id,
                product_id,
            }
        })
    }

    /// Boards that can't be opened keep their serial number to themselves, so they may be the one.
    fn accepts_serial(&self, board: &Board) -> bool {
        self.serial.is_empty()
            || board.opened.is_err()
            || self.serial.iter().any(|serial| is_serial(board, serial))
    }

    fn choose(&self, matching: Matching) -> Result<Vec<Board>, SelectError> {
        let Matching {
            mut boards,
            runtime,
            mut others,
        } = matching;
        others.extend(boards.iter().filter_map(Board::serial).map(str::to_owned));
        let missing = |wanted, near| {
            Err(SelectError::NoBoard {
                wanted,
                runtime: runtime.clone(),
                near,
            })
        };
        for serial in &self.serial {
            if !boards.iter().any(|board| is_serial(board, serial)) {
                let wanted = with_serial(serial) + &self.paths();
                return cant_open(&boards)
                    .map_or_else(|| missing(wanted, near(serial, &others)), Err);
            }
        }
        if !self.serial.is_empty() {
            boards.retain(|board| board.opened.is_ok());
        }
        for path in &self.path {
            if !boards.iter().any(|board| board.info.path == *path) {
                return missing(at(path), Vec::new());
            }
        }
        if boards.is_empty() {
            return missing(self.wanted(), Vec::new());
        }
        if !self.every && self.is_ambiguous(&boards) {
            let candidates = candidates(&boards);
            return Err(SelectError::SeveralBoards {
                wanted: self.wanted(),
                candidates,
            });
        }
        if let Some(count) = self
            .count
            .filter(|count| boards.len() < usize::from(*count))
        {
            return Err(SelectError::TooFewBoards {
                wanted: self.wanted(),
                found: boards.len(),
                count,
            });
        }
        match cant_open(&boards) {
            Some(error) if boards.len() == 1 => Err(error),
            _ => Ok(boards),
        }
    }

    /// Whether one name, or the lack of any, stands for more than one board. Paths never do.
    fn is_ambiguous(&self, boards: &[Board]) -> bool {
        let boards_with = |serial: &String| {
            boards
                .iter()
                .filter(|board| is_serial(board, serial))
                .count()
        };
        match (&self.path[..], &self.serial[..]) {
            ([], []) => boards.len() > 1,
            ([], serials) => serials.iter().any(|serial| boards_with(serial) > 1),
            _ => false,
        }
    }

    /// What was asked for, to be put behind "board".
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
    format!(" with serial number {serial}")
}

fn at(path: &str) -> String {
    format!(" at {path}")
}

/// Gives a board's transfers somebody to watch them.
pub type OnTransfer<'w> = dyn Fn(&DeviceInfo) -> Option<Watch> + 'w;

/// What was found on the bus.
struct Matching {
    /// In DFU mode, and as asked for.
    boards: Vec<Board>,
    /// With a DFU interface, but running their application.
    runtime: Vec<DeviceInfo>,
    /// The serial numbers of boards in DFU mode that were not asked for.
    others: Vec<String>,
}

/// The options for boards whose serial number is nearly this one.
fn near(serial: &str, others: &[String]) -> Vec<String> {
    let near = nearest(serial, others.iter().map(String::as_str));
    near.iter()
        .map(|serial| format!("--serial {serial}"))
        .collect()
}

fn is_serial(board: &Board, serial: &str) -> bool {
    board
        .serial()
        .is_some_and(|found| found.eq_ignore_ascii_case(serial))
}

fn cant_open(boards: &[Board]) -> Option<SelectError> {
    boards.iter().find_map(|board| {
        let error = board.opened.as_ref().err()?.clone();
        let DeviceInfo {
            path,
            vendor_id,
            product_id,
            ..
        } = board.info.clone();
        Some(SelectError::CantOpen {
            path,
            vendor_id,
            product_id,
            error,
        })
    })
}

/// Serial numbers pick a board only where no two share one.
fn candidates(boards: &[Board]) -> Vec<Candidate> {
    let alone = |serial: &&str| {
        boards
            .iter()
            .filter(|board| is_serial(board, serial))
            .count()
            == 1
    };
    boards
        .iter()
        .map(|board| {
            let serial = board
                .serial()
                .filter(alone)
                .map(|serial| format!("--serial {serial}"));
            let path = format!("--path {}", board.info.path);
            Candidate {
                label: board.label(),
                options: serial.into_iter().chain([path]).collect(),
            }
        })
        .collect()
}

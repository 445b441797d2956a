//! `--serial`, `--path`, `--id`: exactly the boards that are meant, or an error that shows the choice.

use std::fmt;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use crate::dfuse::quirks::is_shared_serial;
use crate::usb::trace::Watch;
use crate::usb::{Bus, DeviceInfo, DfuMode, UsbError};

use super::board::Board;
use super::interrupt;

/// Which boards are meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which board")]
pub struct Selection {
    /// The board with this serial number; repeat it for several boards
    #[arg(
        long,
        global = true,
        value_name = "SERIAL",
        env = "STDFU_SERIAL",
        hide_env_values = true
    )]
    pub serial: Vec<String>,
    /// The board plugged in here, as `stdfu list` shows it; repeat it for several boards
    #[arg(
        long,
        global = true,
        value_name = "BUS-PORT",
        env = "STDFU_PATH",
        hide_env_values = true
    )]
    pub path: Vec<String>,
    /// Boards with these ids, in hexadecimal, even if they don't speak DfuSe
    #[arg(long, global = true, value_name = "VID:PID")]
    pub id: Option<Ids>,
    /// All boards that match, at the same time
    #[arg(long, global = true)]
    pub every: bool,
    /// Wait until the board appears, for so many seconds or for ever
    #[arg(
        long, global = true, value_name = "SECONDS",
        num_args = 0..=1, require_equals = true, default_missing_value = "inf", value_parser = parse_seconds
    )]
    pub wait: Option<f64>,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds >= 0.0);
    seconds.ok_or_else(|| "expected a number of seconds such as 10 or 2.5".to_owned())
}

/// `idVendor` and `idProduct`, as in `0483:df11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    vendor_id: u16,
    product_id: u16,
}

impl FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(vendor_id, product_id)| {
            Some(Self {
                vendor_id: hexadecimal(vendor_id)?,
                product_id: hexadecimal(product_id)?,
            })
        });
        parsed.ok_or_else(|| "expected two hexadecimal numbers such as 0483:df11".to_owned())
    }
}

fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let valid = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| valid)
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor_id, self.product_id)
    }
}

/// Why there is no board to work with.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// None matches.
    #[error("{}", no_board(wanted, runtime))]
    NoBoard {
        /// What was asked for, in words; empty where anything would have done.
        wanted: String,
        /// Boards with a DFU interface that are running their application.
        runtime: Vec<DeviceInfo>,
    },
    /// More than one matches.
    #[error("{}", several(wanted, candidates))]
    SeveralBoards {
        /// What was asked for, in words.
        wanted: String,
        /// Each of them.
        candidates: Vec<Candidate>,
    },
    /// A board that may be the one can't be opened, so that its serial number is not known.
    #[error("the board at {path} can't be opened: {error}")]
    CantOpen {
        /// Where it is plugged in.
        path: String,
        /// `idVendor`
        vendor_id: u16,
        /// `idProduct`
        product_id: u16,
        /// Why.
        error: UsbError,
    },
    /// The user has stopped waiting.
    #[error("interrupted while waiting for a board")]
    Interrupted,
    /// No bus to look on.
    #[error(transparent)]
    Usb(#[from] UsbError),
}

/// One of several boards that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the board is.
    label: String,
    /// The options that pick it and no other.
    options: Vec<String>,
}

fn no_board(wanted: &str, runtime: &[DeviceInfo]) -> String {
    let mut text = format!("there is no board{wanted} in DFU mode");
    for DeviceInfo {
        path,
        vendor_id,
        product_id,
        ..
    } in runtime
    {
        text += &format!(
            "\nthe board at {path} ({vendor_id:04x}:{product_id:04x}) is running its application"
        );
    }
    text
}

fn several(wanted: &str, candidates: &[Candidate]) -> String {
    let mut text = format!(
        "there are {} boards{wanted}, and none is chosen:",
        candidates.len()
    );
    for Candidate { label, options } in candidates {
        text += &format!("\n  {label}: {}", options.join(" or "));
    }
    text
}

impl Selection {
    /// The boards that are meant: one, or more where the user has named or allowed more.
    ///
    /// # Errors
    /// [`SelectError`]; nothing has been sent to any board then but questions for its strings.
    pub fn select(&self, bus: &dyn Bus, watch: &OnTransfer<'_>) -> Result<Vec<Board>, SelectError> {
        const PAUSE: Duration = Duration::from_millis(200);
        let Some(patience) = self.wait else {
            return self.choose(self.matching(bus, watch)?);
        };
        let _watched = interrupt::watch();
        let start = Instant::now();
        loop {
            match self.choose(self.matching(bus, watch)?) {
                Err(SelectError::NoBoard { .. }) if start.elapsed().as_secs_f64() < patience => {}
                other => return other,
            }
            if interrupt::requested() {
                return Err(SelectError::Interrupted);
            }
            thread::sleep(PAUSE);
        }
    }

    /// All boards that match, and the error if there are none, or none that can be opened.
    pub fn list(
        &self,
        bus: &dyn Bus,
        watch: &OnTransfer<'_>,
    ) -> Result<(Vec<Board>, Option<SelectError>), SelectError> {
        let matching = self.matching(bus, watch)?;
        let error = if matching.boards.is_empty() {
            Some(self.none(matching.runtime))
        } else if matching.boards.iter().all(|board| board.opened.is_err()) {
            cant_open(&matching.boards)
        } else {
            None
        };
        Ok((matching.boards, error))
    }

    /// Serial numbers that were asked for and that many boards have.
    pub fn shared_serials(&self) -> impl Iterator<Item = &str> {
        names(&self.serial).filter(|serial| is_shared_serial(serial))
    }

    fn matching(&self, bus: &dyn Bus, watch: &OnTransfer<'_>) -> Result<Matching, UsbError> {
        let (there, runtime): (Vec<_>, Vec<_>) = bus
            .devices()?
            .into_iter()
            .filter(|info| self.accepts(info))
            .partition(|info| info.mode == DfuMode::Dfu);
        let mut boards: Vec<Board> = there
            .into_iter()
            .map(|info| {
                let watch = watch(&info);
                Board::open(bus, info, watch)
            })
            // It was unplugged between listing and opening.
            .filter(|board| !matches!(board.opened, Err(UsbError::NoDevice)))
            .filter(|board| self.accepts_serial(board))
            .collect();
        boards.iter_mut().for_each(Board::read_memories);
        boards.retain(|board| self.id.is_some() || board.speaks_dfuse());
        Ok(Matching { boards, runtime })
    }

    fn accepts(&self, info: &DeviceInfo) -> bool {
        let DeviceInfo {
            vendor_id,
            product_id,
            ..
        } = *info;
        let mut paths = names(&self.path).peekable();
        let here = paths.peek().is_none() || paths.any(|path| path == info.path);
        here && self.id.is_none_or(|id| {
            id == Ids {
                vendor_id,
                product_id,
            }
        })
    }

    /// Boards that can't be opened keep their serial number to themselves, so they may be the one.
    fn accepts_serial(&self, board: &Board) -> bool {
        let mut serials = names(&self.serial).peekable();
        serials.peek().is_none()
            || board.opened.is_err()
            || serials.any(|serial| is_serial(board, serial))
    }

    fn choose(&self, matching: Matching) -> Result<Vec<Board>, SelectError> {
        let Matching {
            mut boards,
            runtime,
        } = matching;
        for serial in names(&self.serial) {
            if !boards.iter().any(|board| is_serial(board, serial)) {
                return Err(cant_open(&boards).unwrap_or_else(|| self.none(runtime)));
            }
        }
        if names(&self.serial).next().is_some() {
            boards.retain(|board| board.opened.is_ok());
        }
        let everywhere = |path: &str| boards.iter().any(|board| board.info.path == path);
        if boards.is_empty() || !names(&self.path).all(everywhere) {
            return Err(self.none(runtime));
        }
        if !self.every && self.is_ambiguous(&boards) {
            let candidates = candidates(&boards);
            return Err(SelectError::SeveralBoards {
                wanted: self.wanted(),
                candidates,
            });
        }
        match cant_open(&boards) {
            Some(error) if boards.len() == 1 => Err(error),
            _ => Ok(boards),
        }
    }

    /// Whether one name, or the lack of any, stands for more than one board. Paths never do.
    fn is_ambiguous(&self, boards: &[Board]) -> bool {
        if names(&self.path).next().is_some() {
            return false;
        }
        let mut serials = names(&self.serial).peekable();
        if serials.peek().is_none() {
            return boards.len() > 1;
        }
        serials.any(|serial| {
            boards
                .iter()
                .filter(|board| is_serial(board, serial))
                .count()
                > 1
        })
    }

    fn none(&self, runtime: Vec<DeviceInfo>) -> SelectError {
        SelectError::NoBoard {
            wanted: self.wanted(),
            runtime,
        }
    }

    /// What was asked for, to be put behind "board".
    fn wanted(&self) -> String {
        let mut wanted = Vec::new();
        let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
        if let Some(id) = self.id {
            wanted.push(format!("with ids {id}"));
        }
        if names(&self.serial).next().is_some() {
            wanted.push(format!(
                "with serial number {}",
                list(&mut names(&self.serial))
            ));
        }
        if names(&self.path).next().is_some() {
            wanted.push(format!("at {}", list(&mut names(&self.path))));
        }
        wanted.iter().map(|part| format!(" {part}")).collect()
    }
}

/// Gives a board's transfers somebody to watch them.
pub type OnTransfer<'w> = dyn Fn(&DeviceInfo) -> Option<Watch> + 'w;

/// What was found on the bus.
struct Matching {
    /// In DFU mode, and as asked for.
    boards: Vec<Board>,
    /// With a DFU interface, but running their application.
    runtime: Vec<DeviceInfo>,
}

/// What was given; an environment variable that is set to nothing gives nothing.
fn names(given: &[String]) -> impl Iterator<Item = &str> {
    given
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
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

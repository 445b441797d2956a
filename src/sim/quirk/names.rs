//! What quirks are called on the command line, as in `quirk=write-protected=0x08004000`.

use thiserror::Error;

use super::super::board::{BOARDS, Board};
use super::layout::{self, GD32};
pub use super::list::QUIRKS;
use super::{Quirk, Quirks};

/// How a quirk is asked for.
#[derive(Debug)]
pub struct QuirkName {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
    pub(super) value: Value,
}

/// What stands behind a quirk's name.
#[derive(Debug)]
pub(super) enum Value {
    /// No value.
    No(Quirk),
    Address(fn(u32) -> Quirk),
    /// A number.
    Number(fn(u32) -> Quirk),
    /// A number of bytes, not 0.
    Bytes(fn(u32) -> Quirk),
    /// A number of 16 bits.
    Size(fn(u16) -> Quirk),
}

/// The word for a board without any quirk.
pub const NONE: &str = "none";

impl QuirkName {
    /// How it is written, with what it takes: `write-protected=ADDRESS`.
    pub fn usage(&self) -> String {
        let value = match self.value {
            Value::No(_) => return self.name.to_owned(),
            Value::Address(_) => "ADDRESS",
            Value::Number(_) => "N",
            Value::Bytes(_) | Value::Size(_) => "SIZE",
        };
        format!("{}={value}", self.name)
    }

    /// The boards that have it from the beginning, whatever its value.
    pub fn boards(&self) -> impl Iterator<Item = &'static Board> + '_ {
        BOARDS.iter().filter(|board| {
            let mut names = board.quirks.iter().copied().map(Self::of);
            names.any(|name| name == self.name || name.starts_with(&format!("{}=", self.name)))
        })
    }

    /// How the quirk is asked for.
    pub fn of(quirk: Quirk) -> String {
        let known = QUIRKS.iter().find_map(|known| match (&known.value, quirk) {
            (Value::No(plain), _) => (*plain == quirk).then(|| known.name.to_owned()),
            (Value::Number(make), Quirk::StallAfterWait(value) | Quirk::ComesBack(value)) => {
                (make(value) == quirk).then(|| format!("{}={value}", known.name))
            }
            (Value::Size(_), Quirk::TransferSize(value)) => Some(format!("{}={value}", known.name)),
            (Value::Bytes(make), Quirk::EraseUnit(value) | Quirk::TrueSize(value)) => {
                (make(value) == quirk).then(|| format!("{}={value:#x}", known.name))
            }
            (
                Value::Address(make),
                Quirk::WriteProtected(value) | Quirk::FlippedBit(value) | Quirk::Packed(value),
            ) => (make(value) == quirk).then(|| format!("{}={value:#010x}", known.name)),
            _ => None,
        });
        known.expect("every quirk has a name")
    }

    fn read(&self, value: Option<&str>) -> Option<Quirk> {
        match (&self.value, value) {
            (Value::No(quirk), None) => Some(*quirk),
            (Value::Address(make) | Value::Number(make), Some(value)) => number(value).map(make),
            (Value::Bytes(make), Some(value)) => number(value).filter(|size| *size > 0).map(make),
            (Value::Size(make), Some(value)) => number(value)
                .and_then(|size| size.try_into().ok())
                .map(make),
            _ => None,
        }
    }
}

impl Quirks {
    /// Adds the quirk that is written so, as in `write-protected=0x08004000`; `none` takes all of them away, so that
    /// what stands behind it is all there is.
    ///
    /// # Errors
    /// [`QuirkError`] where there is none, or its value can't be read.
    pub fn ask_for(&mut self, text: &str) -> Result<(), QuirkError> {
        if text == NONE {
            self.clear();
            return Ok(());
        }
        let (name, value) = match text.split_once('=') {
            _ if QUIRKS.iter().any(|known| known.name == text) => (text, None),
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let known = QUIRKS.iter().find(|known| known.name == name);
        let Some(known) = known else {
            return Err(QuirkError::Unknown {
                name: text.to_owned(),
            });
        };
        self.add(known.read(value).ok_or_else(|| QuirkError::Value {
            usage: known.usage(),
            found: text.to_owned(),
        })?);
        Ok(())
    }

    /// Whether the quirks can be had on this board.
    ///
    /// # Errors
    /// [`QuirkError`] where a quirk is about something that this board does not have.
    pub fn check(&self, board: &'static Board, serial: &str) -> Result<(), QuirkError> {
        if self.has(Quirk::Claims512Pages) && board.vendor_id != GD32 {
            return Err(QuirkError::Unsuitable {
                quirk: QuirkName::of(Quirk::Claims512Pages),
                board: board.name,
            });
        }
        let layouts = layout::real_layouts(board, self, serial);
        let addresses = self.write_protected().chain(self.flipped_bits());
        for address in addresses.chain(self.packed()) {
            let mut sectors = layouts.iter().map(|layout| layout.sector_at(address));
            if sectors.all(|sector| sector.is_none()) {
                return Err(QuirkError::NothingThere {
                    address,
                    board: board.name,
                });
            }
        }
        Ok(())
    }
}

/// A number, decimal or hexadecimal behind `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Why a quirk can't be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuirkError {
    /// None is called so.
    #[error("there is no quirk {name:?}; there are {NONE}, {}", usages())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// It takes another value, or none.
    #[error("{found:?} can't be read; the quirk is written {usage}")]
    Value {
        /// How the quirk is written.
        usage: String,
        /// What was asked for.
        found: String,
    },
    /// It is about something that this board does not have.
    #[error("the quirk {quirk} can't be had on {board}")]
    Unsuitable {
        /// Which quirk.
        quirk: String,
        /// Which board.
        board: &'static str,
    },
    /// It is about an address where this board has no memory.
    #[error("{board} has no memory at {address:#010x}")]
    NothingThere {
        /// Which address.
        address: u32,
        /// Which board.
        board: &'static str,
    },
}

fn usages() -> String {
    let usages: Vec<String> = QUIRKS.iter().map(QuirkName::usage).collect();
    usages.join(", ")
}

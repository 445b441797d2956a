//! The quirks of one board: what it does that the specification doesn't tell.
//!
//! [`table`] has each of them with its name on the command line, as in `quirk=write-protected=0x08004000`; the table of
//! boards says which board has which from the beginning.

mod name;
mod plain;
mod table;

use std::time::Duration;

use thiserror::Error;

use name::Takes;
pub use table::{QUIRKS, Quirk, QuirkName};

impl QuirkName {
    /// The name of a quirk, whatever its value.
    pub fn about(quirk: Quirk) -> &'static Self {
        let value = quirk.value().unwrap_or_default();
        let mut known = QUIRKS.iter();
        known
            .find(|known| (known.make)(value) == Some(quirk))
            .expect("every quirk is made by an entry of the table")
    }

    /// How the quirk is asked for.
    pub fn of(quirk: Quirk) -> String {
        let known = Self::about(quirk);
        match (known.takes, quirk.value()) {
            (Some(Takes::Address), Some(value)) => format!("{}={value:#010x}", known.name),
            (Some(Takes::Bytes), Some(value)) => format!("{}={value:#x}", known.name),
            (_, Some(value)) => format!("{}={value}", known.name),
            (_, None) => known.name.to_owned(),
        }
    }
}

/// The word for a board without any quirk.
pub const NONE: &str = "none";

/// The quirks of one board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks {
    list: Vec<Quirk>,
}

impl Quirks {
    /// How long a board in its application's hands needs to change over to DFU mode or back.
    pub const CHANGE_OVER: Duration = Duration::from_secs(1);

    /// These quirks.
    pub fn new(list: &[Quirk]) -> Self {
        Self {
            list: list.to_vec(),
        }
    }

    /// Adds the quirk that is written so, as in `write-protected=0x08004000`; `none` takes all of them away, so that
    /// what comes after it is all there is.
    ///
    /// # Errors
    /// [`QuirkError`] where there is none, or its value can't be read.
    pub fn ask_for(&mut self, text: &str) -> Result<(), QuirkError> {
        if text == NONE {
            self.list.clear();
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
        self.list
            .push(known.read(value).ok_or_else(|| QuirkError::Value {
                usage: known.usage(),
                found: text.to_owned(),
            })?);
        Ok(())
    }

    /// Whether the board has a quirk that has no value and that nothing contradicts.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.list.contains(&quirk)
    }

    /// Whether a CLRSTATUS outside dfuERROR is acknowledged and leads into it.
    pub fn clear_status_is_an_error(&self) -> bool {
        self.either(Quirk::ClearStatusError, Quirk::ClearStatusStall)
    }

    /// Whether a block's address counts by the length of the request.
    pub fn block_address_by_length(&self) -> bool {
        self.either(Quirk::BlockAddressByLength, Quirk::BlockAddressBySize)
    }

    /// Whether the functional descriptor stands after each alternate setting.
    pub fn functional_descriptor_after_each(&self) -> bool {
        self.either(
            Quirk::FunctionalDescriptorEach,
            Quirk::FunctionalDescriptorLast,
        )
    }

    /// What is odd about how the board leaves, if anything is.
    pub fn leave(&self) -> Option<Quirk> {
        use Quirk::{LeaveNeedsAddress, LeaveStall, LeaveStays, LeaveUnanswered};
        let leaves = [LeaveUnanswered, LeaveStays, LeaveNeedsAddress, LeaveStall];
        self.last(|quirk| leaves.contains(&quirk).then_some(quirk))
    }

    /// What the board says for `bwPollTimeout` where it has so long to work yet.
    pub fn claimed_wait(&self, left: Duration) -> Duration {
        let claim = self.last(|quirk| match quirk {
            Quirk::PollTimeoutZero => Some(Duration::ZERO),
            Quirk::PollTimeoutShort => Some(left / 10),
            Quirk::PollTimeoutLong => Some(left * 3 + Duration::from_millis(50)),
            Quirk::PollTimeoutAlways(milliseconds) => {
                Some(Duration::from_millis(milliseconds.into()))
            }
            _ => None,
        });
        claim.unwrap_or(left)
    }

    /// What the board says for `bwPollTimeout` where it has nothing to do.
    pub fn claimed_idle_wait(&self) -> Duration {
        let claim = self.last(|quirk| match quirk {
            Quirk::PollTimeoutAlways(milliseconds) => {
                Some(Duration::from_millis(milliseconds.into()))
            }
            _ => None,
        });
        claim.unwrap_or_default()
    }

    /// How many GETSTATUS are refused after the wait.
    pub fn stalls_after_wait(&self) -> u32 {
        self.value_of(Quirk::StallAfterWait).unwrap_or(0)
    }

    /// `wTransferSize` as the board says it, where that is not the usual one.
    pub fn transfer_size(&self) -> Option<u16> {
        self.last(|quirk| match quirk {
            Quirk::TransferSize(size) => Some(size),
            _ => None,
        })
    }

    /// How many bytes an erase takes at least.
    pub fn erase_unit(&self) -> Option<u32> {
        self.value_of(Quirk::EraseUnit)
    }

    /// How many bytes of main flash there are, where that is fewer than claimed.
    pub fn true_size(&self) -> Option<u32> {
        self.value_of(Quirk::TrueSize)
    }

    /// Where an image has to begin that is taken only in order.
    pub fn packed(&self) -> Option<u32> {
        self.value_of(Quirk::Packed)
    }

    /// How long the board stays away after leaving or resetting; `None` for ever, unless it has an application to show.
    pub fn comes_back_after(&self) -> Option<Duration> {
        self.last(|quirk| match quirk {
            Quirk::ComesBack(seconds) => Some(Duration::from_secs(seconds.into())),
            Quirk::Application => Some(Self::CHANGE_OVER),
            _ => None,
        })
    }

    /// The addresses of write-protected sectors.
    pub fn write_protected(&self) -> impl Iterator<Item = u32> + '_ {
        self.values_of(Quirk::WriteProtected)
    }

    /// The addresses of worn bits.
    pub fn flipped_bits(&self) -> impl Iterator<Item = u32> + '_ {
        self.values_of(Quirk::FlippedBit)
    }

    fn value_of(&self, quirk: fn(u32) -> Quirk) -> Option<u32> {
        self.values_of(quirk).next_back()
    }

    /// With what values the board has a quirk, in the order in which it got them.
    fn values_of(&self, quirk: fn(u32) -> Quirk) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.list.iter().filter_map(move |had| {
            let value = had.value()?;
            (quirk(value) == *had).then_some(value)
        })
    }

    /// Whether the board has the one quirk, and not after that the other, which contradicts it.
    fn either(&self, one: Quirk, other: Quirk) -> bool {
        self.last(|quirk| [one, other].contains(&quirk).then_some(quirk)) == Some(one)
    }

    fn last<T>(&self, pick: impl Fn(Quirk) -> Option<T>) -> Option<T> {
        self.list.iter().rev().find_map(|quirk| pick(*quirk))
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
    #[error("{board} can't have the quirk {quirk}")]
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

#[cfg(test)]
mod tests;

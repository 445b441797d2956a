//! `--alt`: a memory by number or by name.

use std::convert::Infallible;
use std::str::FromStr;

use crate::board::{Board, NoLayout};
use crate::dfuse::plan::board_facts::Memory;
use crate::dfuse::plan::error::NoPlan;

/// A memory as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AltChoice {
    /// `bAlternateSetting`
    Number(u8),
    /// The name in its layout, case ignored.
    Name(String),
}

impl FromStr for AltChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

/// A name that doesn't tell the memory.
#[derive(Debug, thiserror::Error)]
pub enum AltError {
    /// No memory has it.
    #[error("the board has no memory called {name:?}; it has {}", quoted(names))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
    /// Several have it.
    #[error("several memories of the board are called {name:?}: alternate settings {numbers}")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Which.
        numbers: String,
    },
    /// The board tells of none.
    #[error(transparent)]
    NoLayout(#[from] NoLayout),
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

/// The memories of a board to plan with, and the number of the one that the user has chosen.
pub fn memories_and_choice(
    alt: Option<&AltChoice>,
    board: &Board,
) -> Result<(Vec<Memory>, Option<u8>), NoPlan<AltError>> {
    let chosen = board.memories_to_use(alt.is_some());
    let chosen = chosen.map_err(AltError::from).and_then(|memories| {
        let number = alt.map(|alt| alt.number(&memories)).transpose()?;
        Ok((memories, number))
    });
    chosen.map_err(|error| match board.has_more_memories() {
        true => NoPlan::NeedsMoreMemories,
        false => NoPlan::Refused(error),
    })
}

impl AltChoice {
    /// The memory's number. One that the board doesn't have is for the plan to refuse.
    pub fn number(&self, memories: &[Memory]) -> Result<u8, AltError> {
        let name = match self {
            Self::Number(number) => return Ok(*number),
            Self::Name(name) => name,
        };
        let named: Vec<&Memory> = memories
            .iter()
            .filter(|memory| memory.layout.name.eq_ignore_ascii_case(name.trim()))
            .collect();
        match named[..] {
            [memory] => Ok(memory.alternate_setting),
            [] => {
                let names = memories.iter().map(|memory| memory.layout.name.clone());
                Err(AltError::Unknown {
                    name: name.clone(),
                    names: names.collect(),
                })
            }
            _ => {
                let numbers: Vec<String> = named
                    .iter()
                    .map(|memory| memory.alternate_setting.to_string())
                    .collect();
                Err(AltError::Ambiguous {
                    name: name.clone(),
                    numbers: numbers.join(", "),
                })
            }
        }
    }
}

//! `--alt`: a memory by number or by name.

use std::convert::Infallible;
use std::str::FromStr;

use crate::board::{Board, MemoryString, NoLayout};
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
    #[error("the board has no memory called {name:?}; {}", quoted(names))]
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
    /// None has this number.
    #[error(
        "the board has no alternate setting {number}; it has {}",
        list(available)
    )]
    NoNumber {
        /// What was asked for.
        number: u8,
        /// What there is.
        available: Vec<u8>,
    },
    /// It has this one, but what is in it is not known.
    #[error("alternate setting {number} can't be used: {reason}")]
    Unusable {
        /// What was asked for.
        number: u8,
        /// Why.
        reason: String,
    },
    /// The board tells of none.
    #[error(transparent)]
    NoLayout(#[from] NoLayout),
}

fn list(numbers: &[u8]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "none of its memories has a name, so choose by number".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("it has {}", quoted.join(", "))
}

/// The memories of a board to plan with, and the number of the one that the user has chosen.
pub fn memories_and_choice(
    alt: Option<&AltChoice>,
    board: &Board,
) -> Result<(Vec<Memory>, Option<u8>), NoPlan<AltError>> {
    let chosen = board.memories_to_use(alt.is_some());
    let chosen = chosen.map_err(AltError::from).and_then(|memories| {
        let names: Vec<(u8, String)> = memories
            .iter()
            .map(|memory| (memory.alternate_setting, memory.layout.name.clone()))
            .collect();
        let number = alt.map(|alt| alt.number(&names)).transpose()?;
        let mut strings = board.memories().iter();
        let chosen = strings.find(|memory| Some(memory.alternate_setting) == number);
        if let Some((number, reason)) = number.zip(chosen.and_then(MemoryString::trouble)) {
            return Err(AltError::Unusable { number, reason });
        }
        Ok((memories, number))
    });
    chosen.map_err(|error| match board.has_more_memories() {
        true => NoPlan::NeedsMoreMemories,
        false => NoPlan::Refused(error),
    })
}

impl AltChoice {
    /// The number of the memory among these, with their numbers and names. A number that the board doesn't have is for the
    /// plan to refuse.
    pub fn number(&self, memories: &[(u8, String)]) -> Result<u8, AltError> {
        let name = match self {
            Self::Number(number) => return Ok(*number),
            Self::Name(name) => name,
        };
        let is_named = |(_, known): &&(u8, String)| known.eq_ignore_ascii_case(name.trim());
        let named: Vec<&(u8, String)> = memories.iter().filter(is_named).collect();
        match named[..] {
            [(number, _)] => Ok(*number),
            [] => Err(AltError::Unknown {
                name: name.clone(),
                names: memories.iter().map(|(_, known)| known.clone()).collect(),
            }),
            _ => {
                let numbers: Vec<String> =
                    named.iter().map(|(number, _)| number.to_string()).collect();
                Err(AltError::Ambiguous {
                    name: name.clone(),
                    numbers: numbers.join(", "),
                })
            }
        }
    }
}

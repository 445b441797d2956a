//! What particular boards do that the specification doesn't tell: each behaviour with its name, device and source.

use thiserror::Error;

/// One behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// The system denies access: Linux without an udev rule.
    NoAccess,
    /// Another program has claimed the interface.
    Busy,
    /// Read protection (RDP) is on: errVENDOR for everything but READ_UNPROTECT (AN3156 §4, §5).
    ReadProtected,
    /// The sector at this address is write-protected, and neither erasing nor writing it is an error: AN3156, "no
    /// error is returned when erasing or writing write-protected sectors".
    WriteProtected(u32),
    /// A worn bit at this address takes the wrong value whenever it is programmed.
    FlippedBit(u32),
}

/// How a quirk is asked for.
#[derive(Debug)]
pub struct QuirkName {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
    value: Value,
}

/// What stands behind a quirk's name.
#[derive(Debug)]
enum Value {
    None(Quirk),
    Address(fn(u32) -> Quirk),
}

impl QuirkName {
    /// How it is written, with what it takes: `write-protected=ADDRESS`.
    pub fn usage(&self) -> String {
        match self.value {
            Value::None(_) => self.name.to_owned(),
            Value::Address(_) => format!("{}=ADDRESS", self.name),
        }
    }
}

/// Every quirk there is.
pub static QUIRKS: &[QuirkName] = &[
    QuirkName {
        name: "no-access",
        description: "the system denies access to the board (not over USB/IP)",
        value: Value::None(Quirk::NoAccess),
    },
    QuirkName {
        name: "busy",
        description: "another program holds the board (not over USB/IP)",
        value: Value::None(Quirk::Busy),
    },
    QuirkName {
        name: "read-protected",
        description: "errVENDOR for everything, until read unprotect has erased all of it",
        value: Value::None(Quirk::ReadProtected),
    },
    QuirkName {
        name: "write-protected",
        description: "erasing and writing this sector report success and change nothing",
        value: Value::Address(Quirk::WriteProtected),
    },
    QuirkName {
        name: "flipped-bit",
        description: "a bit of the byte here is wrong whenever it was programmed",
        value: Value::Address(Quirk::FlippedBit),
    },
];

/// The quirks of one board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks {
    list: Vec<Quirk>,
}

impl Quirks {
    /// Adds the quirk that is written so, as in `write-protected=0x08004000`.
    ///
    /// # Errors
    /// [`QuirkError`] where there is none, or its value can't be read.
    pub fn ask_for(&mut self, text: &str) -> Result<(), QuirkError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let known = QUIRKS
            .iter()
            .find(|known| known.name == name)
            .ok_or_else(|| QuirkError::Unknown {
                name: name.to_owned(),
            })?;
        let quirk = match (&known.value, value) {
            (Value::None(quirk), None) => Some(*quirk),
            (Value::Address(quirk), Some(value)) => number(value).map(quirk),
            _ => None,
        };
        self.list.push(quirk.ok_or(QuirkError::Value {
            known,
            found: text.to_owned(),
        })?);
        Ok(())
    }

    /// Whether the board has a quirk that has no value.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.list.contains(&quirk)
    }

    /// The addresses of write-protected sectors.
    pub fn write_protected(&self) -> impl Iterator<Item = u32> {
        self.list.iter().filter_map(|quirk| match quirk {
            Quirk::WriteProtected(address) => Some(*address),
            _ => None,
        })
    }

    /// The addresses of worn bits.
    pub fn flipped_bits(&self) -> impl Iterator<Item = u32> {
        self.list.iter().filter_map(|quirk| match quirk {
            Quirk::FlippedBit(address) => Some(*address),
            _ => None,
        })
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
    #[error("there is no quirk {name:?}; there are {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// It takes another value, or none.
    #[error("{found:?} can't be read; the quirk is written {}", known.usage())]
    Value {
        /// Which quirk.
        known: &'static QuirkName,
        /// What was asked for.
        found: String,
    },
}

fn names() -> String {
    let names: Vec<&str> = QUIRKS.iter().map(|quirk| quirk.name).collect();
    names.join(", ")
}

/// A quirk's name stands for all of it.
impl PartialEq for QuirkName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for QuirkName {}

#[cfg(test)]
mod tests;

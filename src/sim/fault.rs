//! What goes wrong once, at a chosen control transfer.
//!
//! Transfers are counted from 1 as a host counts its own: from the moment the board was configured, standard requests
//! included, SET_CONFIGURATION excepted. Over USB/IP the kernel's own questions after that count, too. Plugging in again
//! does not begin anew, so each fault is met once.

use std::fmt::Write;
use std::str::FromStr;

use thiserror::Error;

use super::transfer::Answer;
use crate::dfu::protocol::DfuStatus;

/// Something that goes wrong at one control transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// At which control transfer, from 1.
    pub request: u32,
}

/// How a kind of fault is asked for.
#[derive(Debug)]
pub struct FaultName {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What happens, in a line.
    pub description: &'static str,
    kind: FaultKind,
}

/// From each entry, which is `Kind(type = the usual one) = "name", "description";`, a variant of [`FaultKind`] and a
/// line of [`FAULTS`].
macro_rules! faults {
    ($($(#[$doc:meta])* $kind:ident $(($type:ty = $usual:expr))? = $name:literal, $description:literal;)*) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FaultKind {
            $($(#[$doc])* $kind $(($type))?,)*
        }

        /// Every kind there is, but for the errors that are called by their name in DFU 1.1.
        pub static FAULTS: &[FaultName] = &[
            $(FaultName {
                name: $name,
                description: $description,
                kind: FaultKind::$kind $(($usual))?,
            },)*
        ];
    };
}

faults! {
    /// The board refuses the request and stays in the state it is in.
    Stall = "stall", "the request is refused and not carried out";
    /// No answer: the board has never seen the request.
    LostRequest = "lost-request", "no answer, and the request is not carried out";
    /// No answer: the board has done what was asked.
    LostAnswer = "lost-answer", "no answer, but the request is carried out";
    /// The last byte but one of the answer has a wrong bit: in GETSTATUS that is `bState`. A request without an answer
    /// passes unharmed.
    Corrupt = "corrupt", "a wrong bit in the last byte but one of the answer";
    /// The second half of the answer is missing. A request without an answer passes unharmed.
    Short = "short", "half of the answer is missing";
    /// The board enters dfuERROR with this status as the request comes in, and forgets what it was to do.
    Error(DfuStatus = DfuStatus::ErrUnknown) = "error",
        "dfuERROR/errUNKNOWN; errWRITE, errPROG and so on for another status";
    /// The cable is pulled.
    Unplug = "unplug", "the board is gone from here on";
    /// The power fails, in the middle of the work in flash if there is any: half a sector is erased, half a block
    /// written. It is back a second later, and the board with it, in DFU mode.
    PowerCut = "power-cut", "the work in flash stops halfway; the board is back in DFU mode a second later";
    /// A bit flips in what was programmed last.
    Flip = "flip", "a bit flips in what was programmed last";
}

/// `KIND@N`, as in `unplug@12` or `errPROG@30`.
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('@').and_then(|(name, request)| {
            let kind = kind(name)?;
            let request = request.parse().ok().filter(|request| *request > 0)?;
            Some(Self { kind, request })
        });
        parsed.ok_or_else(|| FaultError {
            found: text.to_owned(),
        })
    }
}

fn kind(name: &str) -> Option<FaultKind> {
    let known = FAULTS.iter().find(|known| known.name == name);
    let status = || {
        (0x01..=0x0F)
            .map(DfuStatus::from_byte)
            .find(|status| status.to_string() == name)
    };
    known
        .map(|known| known.kind)
        .or_else(|| status().map(FaultKind::Error))
}

/// The faults that a board will meet, and how many control transfers it has seen.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    list: Vec<Fault>,
    requests: u32,
}

impl Faults {
    /// These faults.
    pub fn new(list: &[Fault]) -> Self {
        Self {
            list: list.to_vec(),
            requests: 0,
        }
    }

    /// Counts a control transfer. Returns what goes wrong with it: where several faults are due, the first.
    pub fn next(&mut self) -> Option<FaultKind> {
        self.requests = self.requests.saturating_add(1);
        let requests = self.requests;
        self.list
            .iter()
            .find(|fault| fault.request == requests)
            .map(|fault| fault.kind)
    }
}

impl FaultKind {
    /// What becomes of an answer on its way to the host.
    pub fn distort(self, answer: Answer) -> Answer {
        match (self, answer) {
            (Self::LostAnswer, Answer::Data(_) | Answer::Acknowledged | Answer::Stall) => {
                Answer::Silent
            }
            (Self::Corrupt, Answer::Data(mut bytes)) => {
                let index = bytes.len().saturating_sub(2);
                if let Some(byte) = bytes.get_mut(index) {
                    *byte ^= 1;
                }
                Answer::Data(bytes)
            }
            (Self::Short, Answer::Data(mut bytes)) => {
                bytes.truncate(bytes.len() / 2);
                Answer::Data(bytes)
            }
            (_, answer) => answer,
        }
    }
}

/// There is no such fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "there is no fault {found:?}; a fault is KIND@N, N from 1, and KIND one of {}",
    names()
)]
pub struct FaultError {
    /// What was asked for.
    pub found: String,
}

fn names() -> String {
    let mut names = String::new();
    for fault in FAULTS {
        write!(names, "{}, ", fault.name).expect("writing to a string never fails");
    }
    names + "errTARGET, errWRITE and so on"
}

#[cfg(test)]
mod tests;

//! What goes wrong once, at a chosen control transfer.

use thiserror::Error;

/// Something that goes wrong at one control transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// At which control transfer, from 1.
    pub request: u32,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The cable is pulled.
    Unplug,
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

/// Every kind there is.
pub static FAULTS: &[FaultName] = &[FaultName {
    name: "unplug",
    description: "the board is gone from here on",
    kind: FaultKind::Unplug,
}];

/// `KIND@N`, as in `unplug@12`.
impl std::str::FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('@').and_then(|(name, request)| {
            let kind = FAULTS.iter().find(|known| known.name == name)?.kind;
            let request = request.parse().ok().filter(|request| *request > 0)?;
            Some(Self { kind, request })
        });
        parsed.ok_or_else(|| FaultError {
            found: text.to_owned(),
        })
    }
}

/// The faults that a board will meet, and how many control transfers it has seen.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    list: Vec<Fault>,
    requests: u32,
}

impl Faults {
    /// These faults, each once.
    pub fn new(list: Vec<Fault>) -> Self {
        Self { list, requests: 0 }
    }

    /// Counts a control transfer. Returns what goes wrong with it.
    pub fn next(&mut self) -> Option<FaultKind> {
        self.requests = self.requests.saturating_add(1);
        let requests = self.requests;
        self.list
            .iter()
            .find(|fault| fault.request == requests)
            .map(|fault| fault.kind)
    }
}

/// There is no such fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "there is no fault {found:?}; a fault is KIND@N, N from 1, and KIND one of {}",
    names()
)]
pub struct FaultError {
    found: String,
}

fn names() -> String {
    let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;

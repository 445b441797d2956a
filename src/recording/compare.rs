//! Where a recorded device and another board differ: what it says of itself, what it refuses, how long it takes.

use std::time::Duration;

use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::printable::Said;

use super::device::Identity;
use super::operation::{End, Operation, What};
use super::rerun::Rerun;

/// As many differences are kept, and as many times: nobody reads more.
const MOST: usize = 100;

/// Something in which both differ, as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub about: String,
    /// What the recorded device says or does.
    pub recorded: String,
    /// What the other one does.
    pub other: String,
    /// How often.
    pub times: u32,
}

/// How long both take for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// What for.
    pub about: String,
    /// The quickest and the slowest.
    pub recorded: (Duration, Duration),
    pub other: (Duration, Duration),
}

/// All of it.
pub struct Comparison {
    pub differences: Vec<Difference>,
    pub times: Vec<Times>,
}

impl Times {
    /// Whether one takes more than twice as long as the other, and that is worth telling.
    pub fn differ(&self) -> bool {
        const GRAIN: Duration = Duration::from_millis(5);
        let far =
            |one: Duration, other: Duration| one > other.saturating_mul(2).saturating_add(GRAIN);
        far(self.recorded.0, self.other.1) || far(self.other.0, self.recorded.1)
    }
}

/// Compares a recorded device with a board that was asked the same.
pub fn compare(identity: &Identity, operations: &[Operation], other: &Rerun) -> Comparison {
    let mut comparison = Comparison {
        differences: Vec::new(),
        times: Vec::new(),
    };
    comparison.descriptors(identity, &other.identity);
    comparison.first_status(operations, other.operations());
    for (index, operation) in operations.iter().enumerate() {
        if let Some(counterpart) = other.counterpart(index) {
            comparison.operation(identity, operation, counterpart);
            comparison.time(identity, operation, counterpart);
        }
    }
    comparison
}

impl Comparison {
    fn add(&mut self, about: String, recorded: String, other: String) {
        if recorded == other {
            return;
        }
        let is_full = self.differences.len() >= MOST;
        let known = self.differences.iter_mut().find(|known| {
            (&known.about, &known.recorded, &known.other) == (&about, &recorded, &other)
        });
        match known {
            Some(known) => known.times += 1,
            None if is_full => {}
            None => self.differences.push(Difference {
                about,
                recorded,
                other,
                times: 1,
            }),
        }
    }

    /// What nobody has asked for is no difference.
    fn descriptors(&mut self, one: &Identity, other: &Identity) {
        let ids = |identity: &Identity| {
            let ids = identity.ids;
            ids.map(|(vendor, product)| format!("{vendor:04x}:{product:04x}"))
        };
        if let (Some(one), Some(other)) = (ids(one), ids(other)) {
            self.add("ids".to_owned(), one, other);
        }
        if let (Some(one), Some(other)) = (one.functional, other.functional) {
            let pairs = [
                ("wTransferSize", one.transfer_size, other.transfer_size),
                ("wDetachTimeOut", one.detach_timeout, other.detach_timeout),
            ];
            for (name, one, other) in pairs {
                self.add(name.to_owned(), one.to_string(), other.to_string());
            }
            let bits = |byte: u8| format!("{byte:#04x}");
            let about = "bmAttributes".to_owned();
            self.add(about, bits(one.attributes), bits(other.attributes));
            let version = |version: u16| format!("{version:04x}");
            let about = "bcdDFUVersion".to_owned();
            self.add(about, version(one.dfu_version), version(other.dfu_version));
        }
        if let (Some(one), Some(other)) = (&one.product, &other.product) {
            self.add("product".to_owned(), one.to_string(), other.to_string());
        }
        if !one.is_guess {
            let count = |identity: &Identity| identity.memories.len().to_string();
            self.add("memories".to_owned(), count(one), count(other));
        }
        for memory in &one.memories {
            let number = memory.alternate_setting;
            let mut others = other.memories.iter();
            let same = others.find(|other| other.alternate_setting == number);
            if let (Some(text), Some(same)) = (&memory.text, same) {
                let found = same.text.as_ref().map(Said::to_string);
                let about = format!("memory {number}");
                self.add(about, text.to_string(), found.unwrap_or_default());
            }
        }
    }

    fn first_status(&mut self, one: &[Operation], other: &[Operation]) {
        let first = |operations: &[Operation]| {
            operations
                .iter()
                .find_map(|operation| match &operation.what {
                    What::Status(Some(report)) => Some(state(report.state, report.status)),
                    _ => None,
                })
        };
        if let (Some(one), Some(other)) = (first(one), first(other)) {
            self.add("first status".to_owned(), one, other);
        }
    }

    fn operation(&mut self, identity: &Identity, one: &Operation, other: &Operation) {
        let (Some(found), Some(expected)) = (ending(one), ending(other)) else {
            return;
        };
        self.add(name(&one.what, identity), found, expected);
        if let (Some(found), Some(expected)) = (one.polls.said, other.polls.said) {
            let about = format!("bwPollTimeout, {}", name(&one.what, identity));
            self.add(about, format!("{found} ms"), format!("{expected} ms"));
        }
        if let (What::GetCommands(found), What::GetCommands(expected)) = (&one.what, &other.what) {
            let bytes = |bytes: &[u8]| {
                let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                bytes.join(" ")
            };
            self.add("commands".to_owned(), bytes(found), bytes(expected));
        }
    }

    fn time(&mut self, identity: &Identity, one: &Operation, other: &Operation) {
        let takes_time = matches!(
            one.what,
            What::Erase(_) | What::MassErase | What::Write(_) | What::Read(_) | What::End
        );
        if !takes_time || one.end != End::Done && one.what != What::End {
            return;
        }
        let about = name(&one.what, identity);
        let widen = |times: &mut (Duration, Duration), took: Duration| {
            times.0 = times.0.min(took);
            times.1 = times.1.max(took);
        };
        let is_full = self.times.len() >= MOST;
        match self.times.iter_mut().find(|known| known.about == about) {
            Some(known) => {
                widen(&mut known.recorded, one.took);
                widen(&mut known.other, other.took);
            }
            None if is_full => {}
            None => self.times.push(Times {
                about,
                recorded: (one.took, one.took),
                other: (other.took, other.took),
            }),
        }
    }
}

/// What was done, with its size.
fn name(what: &What, identity: &Identity) -> String {
    match what {
        What::ChooseMemory(memory) => format!("SET_INTERFACE {memory}"),
        What::GetCommands(_) => "UPLOAD of the commands".to_owned(),
        What::SetAddress(_) => "SET_ADDRESS".to_owned(),
        What::Erase(address) => {
            let mut memories = identity.memories.iter();
            let sector = memories.find_map(|memory| {
                let layout = memory.layout.as_ref()?.as_ref().ok()?;
                layout.sector_at(*address)
            });
            sector.map_or("erase".to_owned(), |sector| {
                format!("erase of {} bytes", sector.size)
            })
        }
        What::MassErase => "mass erase".to_owned(),
        What::ReadUnprotect => "lifting read protection".to_owned(),
        What::UnknownCommand => "an unknown command".to_owned(),
        What::Write(block) => format!("write of {} bytes", block.length),
        What::Read(block) => format!("read of {} bytes", block.length),
        What::End => "leaving".to_owned(),
        What::Status(_) => "GETSTATUS".to_owned(),
        What::State(_) => "GETSTATE".to_owned(),
        What::ClearStatus => "CLRSTATUS".to_owned(),
        What::Abort => "ABORT".to_owned(),
        What::Detach => "DETACH".to_owned(),
        What::Identify | What::Other => "another request".to_owned(),
    }
}

/// How it ended, as far as the device's side shows; `None` where the recording or the host ended it.
fn ending(operation: &Operation) -> Option<String> {
    Some(match &operation.end {
        End::Done => "done".to_owned(),
        End::Failed(report) => state(report.state, report.status),
        End::Refused => "refused (STALL)".to_owned(),
        End::Lost(error) => error.to_string(),
        End::Left(Some(report)) => state(report.state, report.status),
        End::Left(None) | End::Unknown => return None,
    })
}

fn state(state: DfuState, status: DfuStatus) -> String {
    format!("{state}, {status}")
}

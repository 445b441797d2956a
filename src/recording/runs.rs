//! What a host did, summed up: equal things after each other are one.

use std::ops::Range;
use std::time::Duration;

use super::decode::span;
use super::device::Identity;
use super::operation::{Block, End, Operation, What};

/// What a part of a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// From the application into DFU mode.
    Enter,
    /// Who the device is.
    Identify,
    /// On the way to something: states, errors, memories, addresses.
    Prepare,
    Erase,
    Write,
    Read,
    Leave,
    Unprotect,
    /// Something that is no DFU.
    Other,
}

/// Things of one kind, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub at: Duration,
    /// From the first request to the last answer.
    pub took: Duration,
    pub kind: RunKind,
    /// How long the quickest and the slowest of them took.
    pub each: (Duration, Duration),
    /// Which of the operations they are.
    pub operations: Range<usize>,
    /// How the last one ended.
    pub end: End,
}

/// What a run consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    Identify,
    /// What is small and leads to something else, or stands by itself.
    Steps,
    /// Erased sectors that touch.
    Erase {
        start: u64,
        end: u64,
        /// In bytes, where the layout is known.
        sector_size: Option<u32>,
        count: u32,
    },
    MassErase,
    ReadUnprotect,
    /// Blocks that touch.
    Write(Blocks),
    Read(Blocks),
    /// DNLOAD of nothing.
    End,
    Detach {
        /// Whether it leads into DFU mode; in DFU mode, U-Boot and others take it for the end.
        is_entering: bool,
    },
    Other,
}

/// Blocks of a memory that touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// The alternate setting.
    pub memory: u8,
    /// Where the first begins: an address, or a place in the stream; `None` where the recording doesn't tell.
    pub start: Option<u64>,
    /// All together, in bytes.
    pub bytes: u64,
    pub count: u32,
    /// The largest, in bytes.
    pub block: u32,
}

impl Run {
    pub fn phase(&self) -> Phase {
        match self.kind {
            RunKind::Identify => Phase::Identify,
            RunKind::Steps => Phase::Prepare,
            RunKind::Erase { .. } | RunKind::MassErase => Phase::Erase,
            RunKind::ReadUnprotect => Phase::Unprotect,
            RunKind::Write(_) => Phase::Write,
            RunKind::Read(_) => Phase::Read,
            RunKind::Detach { is_entering: true } => Phase::Enter,
            RunKind::End | RunKind::Detach { is_entering: false } => Phase::Leave,
            RunKind::Other => Phase::Other,
        }
    }
}

/// Sums operations up.
pub fn runs(operations: &[Operation], identity: &Identity) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // An address between two blocks that touch doesn't part them.
    let mut waiting: Option<Run> = None;
    let mut memory = 0;
    for (index, operation) in operations.iter().enumerate() {
        if let (What::ChooseMemory(chosen), End::Done) = (&operation.what, &operation.end) {
            memory = *chosen;
        }
        let next = run(index, operation, identity, memory);
        if next.kind == RunKind::Steps {
            match &mut waiting {
                Some(steps) => join(steps, &next, operations),
                None => waiting = Some(next),
            }
            continue;
        }
        let parts = waiting.as_ref().is_some_and(|steps| {
            let between = &operations[steps.operations.clone()];
            !between.iter().all(is_on_the_way)
        });
        if let Some(last) = runs.last_mut().filter(|_| !parts) {
            if continues(last, &next) {
                join(last, &next, operations);
                waiting = None;
                continue;
            }
        }
        runs.extend(waiting.take());
        runs.push(next);
    }
    runs.extend(waiting);
    runs
}

/// What every host does between two blocks or sectors, and went well.
fn is_on_the_way(operation: &Operation) -> bool {
    let is_usual = matches!(
        operation.what,
        What::SetAddress(_) | What::Abort | What::Status(_) | What::State(_)
    );
    is_usual && matches!(operation.end, End::Done)
}

fn run(index: usize, operation: &Operation, identity: &Identity, memory: u8) -> Run {
    let kind = match &operation.what {
        What::Identify => RunKind::Identify,
        What::Erase(address) => {
            let layout = identity.layout(memory);
            let sector = layout.and_then(|layout| layout.sector_at(*address));
            let start = sector.map_or(*address, |sector| sector.address);
            RunKind::Erase {
                start: start.into(),
                end: sector.map_or(u64::from(*address) + 1, |sector| sector.end()),
                sector_size: sector.map(|sector| sector.size),
                count: 1,
            }
        }
        What::MassErase => RunKind::MassErase,
        What::ReadUnprotect => RunKind::ReadUnprotect,
        What::Write(block) => RunKind::Write(blocks(block)),
        What::Read(block) => RunKind::Read(blocks(block)),
        What::End => RunKind::End,
        What::Detach => RunKind::Detach {
            is_entering: identity.is_application,
        },
        What::Other => RunKind::Other,
        What::ChooseMemory(_)
        | What::GetCommands(_)
        | What::SetAddress(_)
        | What::UnknownCommand
        | What::Status(_)
        | What::State(_)
        | What::ClearStatus
        | What::Abort => RunKind::Steps,
    };
    Run {
        at: operation.at,
        took: operation.took,
        kind,
        each: (operation.took, operation.took),
        operations: index..index + 1,
        end: operation.end.clone(),
    }
}

fn blocks(block: &Block) -> Blocks {
    Blocks {
        memory: block.memory,
        start: block.position,
        bytes: block.length.into(),
        count: 1,
        block: block.length,
    }
}

/// Whether a run goes on with the next one.
fn continues(last: &Run, next: &Run) -> bool {
    if last.end != End::Done {
        return false;
    }
    match (&last.kind, &next.kind) {
        (RunKind::Identify, RunKind::Identify) | (RunKind::Other, RunKind::Other) => true,
        (
            RunKind::Erase {
                end, sector_size, ..
            },
            RunKind::Erase {
                start,
                sector_size: other,
                ..
            },
        ) => end == start && sector_size == other && sector_size.is_some(),
        (RunKind::Write(one), RunKind::Write(other))
        | (RunKind::Read(one), RunKind::Read(other)) => {
            one.memory == other.memory && one.start.map(|start| start + one.bytes) == other.start
        }
        _ => false,
    }
}

/// Makes one of two runs that belong together.
fn join(run: &mut Run, next: &Run, operations: &[Operation]) {
    match (&mut run.kind, &next.kind) {
        (
            RunKind::Erase { end, count, .. },
            RunKind::Erase {
                end: next_end,
                count: more,
                ..
            },
        ) => {
            *end = *next_end;
            *count += more;
        }
        (RunKind::Write(blocks), RunKind::Write(more))
        | (RunKind::Read(blocks), RunKind::Read(more)) => {
            blocks.bytes += more.bytes;
            blocks.count += more.count;
            blocks.block = blocks.block.max(more.block);
        }
        _ => {}
    }
    run.operations.end = next.operations.end;
    run.took = span(&operations[run.operations.clone()]);
    run.each = (run.each.0.min(next.each.0), run.each.1.max(next.each.1));
    run.end = next.end.clone();
}

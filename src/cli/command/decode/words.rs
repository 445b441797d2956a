//! What was done, in words.

use std::fmt::Write;
use std::time::Duration;

use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};
use crate::recording::operation::{End, Operation, What};
use crate::recording::runs::{Blocks, Phase, Run, RunKind};

use crate::cli::args::number::{amount, count};

use super::Decoded;

/// What a part of a session is for, in a word.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Enter => "enter",
        Phase::Identify => "identify",
        Phase::Prepare => "prepare",
        Phase::Erase => "erase",
        Phase::Write => "write",
        Phase::Read => "read",
        Phase::Leave => "leave",
        Phase::Unprotect => "unprotect",
        Phase::Other => "other",
    }
}

/// What a run did, and how it ended if that is not well.
pub fn words(decoded: &Decoded<'_>, run: &Run) -> String {
    let transfers: usize = decoded.operations[run.operations.clone()]
        .iter()
        .map(|operation| operation.transfers.len())
        .sum();
    let requests = count(transfers as u64, "request");
    let took = duration(run.took);
    let text = match &run.kind {
        RunKind::Identify => format!("{requests}, {took}"),
        RunKind::Other => format!("{requests} that are not of DFU"),
        RunKind::Erase {
            start,
            end,
            sector_size,
            count: sectors,
        } => {
            let each = each(run, *sectors);
            match sector_size {
                Some(size) => format!(
                    "{}: {} of {}, {took}{each}",
                    range(*start, end - start),
                    count((*sectors).into(), "sector"),
                    amount((*size).into())
                ),
                None => format!("the sector at {start:#010x}, {took}"),
            }
        }
        RunKind::MassErase => format!("all of it, {took}"),
        RunKind::ReadUnprotect => format!("lifts read protection, {took}"),
        RunKind::Write(blocks) | RunKind::Read(blocks) => blocks_text(decoded, run, blocks),
        RunKind::Detach { .. } => "DETACH".to_owned(),
        RunKind::End if decoded.identity.is_dfuse() => "told to leave".to_owned(),
        RunKind::End => "told that all was sent".to_owned(),
        RunKind::Steps => String::new(),
    };
    match ending(&run.end) {
        Some(ending) => format!("{text}: {ending}"),
        None => text,
    }
}

fn blocks_text(decoded: &Decoded<'_>, run: &Run, blocks: &Blocks) -> String {
    let place = match blocks.start {
        Some(start) if decoded.identity.is_dfuse() => range(start, blocks.bytes),
        Some(0) => amount(blocks.bytes),
        Some(start) => format!("{} from byte {start} on", amount(blocks.bytes)),
        None => format!("{}, nobody knows where", amount(blocks.bytes)),
    };
    let place = match (blocks.memory, decoded.identity.memories.len()) {
        (0, _) | (_, ..2) => place,
        (memory, _) => format!("memory {memory}, {place}"),
    };
    format!(
        "{place}: {}, {}{}",
        count(blocks.count.into(), "block"),
        duration(run.took),
        each(run, blocks.count)
    )
}

/// How long each of several took.
fn each(run: &Run, number: u32) -> String {
    let (quickest, slowest) = (duration(run.each.0), duration(run.each.1));
    match number {
        ..2 => String::new(),
        _ if quickest == slowest => format!(", {quickest} each"),
        _ => format!(", {quickest} to {slowest} each"),
    }
}

/// How something ended, unless that is well.
pub fn ending(end: &End) -> Option<String> {
    match end {
        End::Done => None,
        End::Failed(report) => Some(format!("{}, {}", report.state, report.status)),
        End::Refused => Some("refused (STALL)".to_owned()),
        End::Lost(error) => Some(error.to_string()),
        End::Left(Some(report)) => Some(format!("{}, {}", report.state, report.status)),
        End::Left(None) => Some("nobody asks what came of it".to_owned()),
        End::Unknown => Some("the recording ends before the answer".to_owned()),
    }
}

/// The same for programs. Told to leave, a device that says so and is asked no more is one that has left.
pub fn error(end: &End) -> Option<String> {
    match end {
        End::Left(Some(report)) if is_leaving(report) => None,
        end => ending(end),
    }
}

fn is_leaving(report: &StatusReport) -> bool {
    report.status == DfuStatus::Ok && report.state == DfuState::DfuManifest
}

/// Small steps, one after the other.
pub fn steps(operations: &[Operation]) -> String {
    const MOST: usize = 8;
    let step = |operation: &Operation| {
        let name = match &operation.what {
            What::ChooseMemory(memory) => format!("chooses memory {memory}"),
            What::GetCommands(commands) => {
                let bytes = commands.iter().take(MOST);
                let bytes: Vec<String> = bytes.map(|byte| format!("{byte:02x}")).collect();
                format!("commands {}", bytes.join(" "))
            }
            What::SetAddress(address) => format!("address {address:#010x}"),
            What::UnknownCommand => "an unknown command".to_owned(),
            What::Status(Some(report)) => format!("{}, {}", report.state, report.status),
            What::Status(None) => "GETSTATUS".to_owned(),
            What::State(Some(state)) => state.to_string(),
            What::State(None) => "GETSTATE".to_owned(),
            What::ClearStatus => "CLRSTATUS".to_owned(),
            What::Abort => "ABORT".to_owned(),
            _ => String::new(),
        };
        match ending(&operation.end) {
            Some(ending) => format!("{name}: {ending}"),
            None => name,
        }
    };
    let shown: Vec<String> = operations.iter().take(MOST).map(step).collect();
    let more = operations.len().saturating_sub(MOST);
    let mut text = shown.join("; ");
    if more > 0 {
        // Strings take whatever is written.
        let _ = write!(text, "; and {more} more");
    }
    text
}

/// As ranges are named on the command line.
fn range(start: u64, bytes: u64) -> String {
    match bytes % 1024 {
        0 if bytes > 0 => format!("{start:#010x}+{}K", bytes / 1024),
        _ => format!("{start:#010x}+{bytes}"),
    }
}

/// Since the recording began.
pub fn clock(at: Duration) -> String {
    format!("{:.3}", at.as_secs_f64())
}

/// How long something took.
pub fn duration(took: Duration) -> String {
    match took.as_millis() {
        ..10 => format!("{:.1} ms", took.as_secs_f64() * 1e3),
        milliseconds @ ..1000 => format!("{milliseconds} ms"),
        _ => seconds(took),
    }
}

pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

//! A decoded recording for people.

use std::fmt::Write;
use std::time::Duration;

use crate::board::protocol::Protocol;
use crate::dfu::protocol::DfuStatus;
use crate::printable::Printable;
use crate::recording::device::Remark;
use crate::recording::finding::Party;
use crate::recording::note::Note;
use crate::recording::operation::{End, Operation, What};
use crate::recording::review::known;
use crate::recording::runs::{Blocks, Phase, Run, RunKind};
use crate::recording::session::Recording;
use crate::recording::summary::{Ended, Summary};

use crate::cli::args::number::{amount, count};
use crate::cli::output::trace;

use super::Decoded;

/// The recording, then each device: what it is, what was done, what came of it. With `details`, each transfer.
pub fn text(name: &str, recording: &Recording, decoded: &[Decoded<'_>], details: bool) -> String {
    let mut text = format!("{name}: {}", seconds(recording.length));
    if let Some(program) = &recording.section.program {
        text += &format!(", recorded by {}", Printable(program));
    }
    text.push('\n');
    for comment in &recording.section.comments {
        for line in comment.lines() {
            text += &format!("  {}\n", Printable(line));
        }
    }
    for device in decoded {
        text.push('\n');
        text += &heading(device);
        let mut remarks = device.device.remarks.iter().peekable();
        for run in &device.runs {
            while let Some(remark) = remarks.next_if(|remark| remark.at <= run.at) {
                text += &remark_text(remark, details);
            }
            text += &run_text(device, run, details);
        }
        for remark in remarks {
            text += &remark_text(remark, details);
        }
        text += &format!("  {}\n", outcome(device));
        text += &findings_text(device);
    }
    text
}

/// What the device is.
fn heading(decoded: &Decoded<'_>) -> String {
    let identity = &decoded.identity;
    let mut line = decoded.name();
    if let Some((vendor, product)) = identity.ids {
        line += &format!("  {vendor:04x}:{product:04x}");
    }
    if let Some(chip) = identity.chip {
        line += &format!("  {chip}");
    } else if let Some(product) = &identity.product {
        line += &format!("  {product}");
    }
    if let Some(serial) = &identity.serial {
        line += &format!("  serial {serial}");
    }
    let mut text = line + "\n";
    if identity.is_guess {
        text += "  Nobody asks what it is: this is guessed from its requests.\n";
    }
    let protocol = match identity.protocol {
        Protocol::Plain => "plain DFU",
        Protocol::Dfuse | Protocol::WithoutLayouts => "DfuSe",
    };
    text += &format!(
        "  {protocol}, blocks of up to {}\n",
        count(identity.transfer_size.into(), "byte")
    );
    for memory in &identity.memories {
        if let Some(said) = &memory.text {
            text += &format!("  {} {said}\n", memory.alternate_setting);
        }
    }
    text
}

/// What was noted, unless it is nothing to tell.
fn remark_text(remark: &Remark, details: bool) -> String {
    let is_usual = matches!(
        remark.text.parse(),
        Ok(Note::Opened(_) | Note::FromCache | Note::Claimed(Ok(())) | Note::LeftOut { .. })
    );
    match is_usual && !details {
        true => String::new(),
        false => format!(
            "  {:>9}  {:<9} {}\n",
            clock(remark.at),
            "note",
            Printable(&remark.text)
        ),
    }
}

fn run_text(decoded: &Decoded<'_>, run: &Run, details: bool) -> String {
    let operations = &decoded.operations[run.operations.clone()];
    if !details && run.kind == RunKind::Steps && !operations.iter().any(is_worth_telling) {
        return String::new();
    }
    let words = match &run.kind {
        RunKind::Steps => steps(operations),
        _ => words(decoded, run),
    };
    let mut text = format!(
        "  {:>9}  {:<9} {words}\n",
        clock(run.at),
        phase(run.phase())
    );
    if details {
        for operation in operations {
            for transfer in &decoded.device.transfers[operation.transfers.clone()] {
                let took = transfer.took.map_or_else(|| "no end".to_owned(), duration);
                text += &format!(
                    "  {:>9}    {} ({took})\n",
                    clock(transfer.at),
                    trace::line(&transfer.seen())
                );
            }
        }
    }
    text
}

/// Whether a small step tells something by itself.
fn is_worth_telling(operation: &Operation) -> bool {
    match &operation.what {
        What::SetAddress(_) | What::Abort | What::State(_) => operation.end != End::Done,
        What::Status(report) => {
            operation.end != End::Done || report.is_none_or(|report| report.status != DfuStatus::Ok)
        }
        _ => true,
    }
}

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
fn words(decoded: &Decoded<'_>, run: &Run) -> String {
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
        RunKind::Detach => "DETACH".to_owned(),
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

/// Small steps, one after the other.
fn steps(operations: &[Operation]) -> String {
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

/// What came of it all.
fn outcome(decoded: &Decoded<'_>) -> String {
    let Summary {
        downloaded,
        uploaded,
        erased,
        mass_erased,
        ended,
    } = &decoded.summary;
    let mut parts = Vec::new();
    if *downloaded > 0 {
        parts.push(format!("{} sent", amount(*downloaded)));
    }
    if *uploaded > 0 {
        parts.push(format!("{} read", amount(*uploaded)));
    }
    let sectors: u64 = erased.values().map(|erased| u64::from(erased.count)).sum();
    if sectors > 0 {
        parts.push(format!("{} erased", count(sectors, "sector")));
    }
    if !mass_erased.is_empty() {
        parts.push("all erased".to_owned());
    }
    parts.push(match ended {
        Ended::Open => "not told to leave".to_owned(),
        Ended::Left(End::Refused) => "leaving was refused".to_owned(),
        Ended::Left(End::Failed(report)) => format!("leaving failed: {}", report.status),
        Ended::Left(_) => match decoded.identity.is_dfuse() {
            true => "told to leave".to_owned(),
            false => "told that all was sent".to_owned(),
        },
        Ended::Failed(end) => format!("failed: {}", ending(end).unwrap_or_default()),
    });
    let text = parts.join(", ");
    // Each sentence begins with a capital, or with a number.
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// What is not as specified, and what is known of such a device.
fn findings_text(decoded: &Decoded<'_>) -> String {
    let mut text = String::new();
    if !decoded.findings.is_empty() {
        text += "  Not as specified:\n";
    }
    for finding in &decoded.findings {
        let who = match finding.deviation.party() {
            Party::Host => "the host",
            Party::Device => "the device",
        };
        text += &format!(
            "      {:.3}  {who} {}",
            finding.first.as_secs_f64(),
            finding.deviation
        );
        if finding.times > 1 {
            text += &format!(", {} times", finding.times);
        }
        if let Some(known) = known(&finding.deviation) {
            text += &format!(" ({known})");
        }
        text.push('\n');
    }
    for sentence in &decoded.knowledge {
        text += &format!("  {sentence}\n");
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
fn clock(at: Duration) -> String {
    format!("{:.3}", at.as_secs_f64())
}

/// How long something took.
fn duration(took: Duration) -> String {
    match took.as_millis() {
        ..10 => format!("{:.1} ms", took.as_secs_f64() * 1e3),
        milliseconds @ ..1000 => format!("{milliseconds} ms"),
        _ => seconds(took),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

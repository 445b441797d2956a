//! A decoded recording for people.

use crate::board::protocol::Protocol;
use crate::dfu::protocol::DfuStatus;
use crate::printable::Printable;
use crate::recording::device::Remark;
use crate::recording::finding::Party;
use crate::recording::note::Note;
use crate::recording::operation::{End, Operation, What};
use crate::recording::review::known;
use crate::recording::runs::{Run, RunKind};
use crate::recording::session::Recording;
use crate::recording::summary::{Ended, Summary};
use crate::recording::transfer::Transfer;

use crate::cli::args::number::{amount, count};
use crate::cli::output::trace;
use crate::cli::sentence::capitalized;

use super::words::{clock, duration, ending, phase, seconds, steps, words};
use super::{Decoded, against};

/// The recording, then each device: what it is, what was done, what came of it. With `details`, each transfer.
pub fn text(name: &str, recording: &Recording, decoded: &[Decoded<'_>], details: bool) -> String {
    let mut text = format!("{name}: {}", seconds(recording.length));
    if let Some(program) = &recording.section.program {
        text += &format!(", recorded by {}", Printable(program));
    }
    text.push('\n');
    for comment in &recording.section.comments {
        for line in comment.lines() {
            text += &format!("  {}\n", Printable(line.trim_end()));
        }
    }
    if recording.devices.is_empty() {
        text += "\nNo device was asked for anything over USB.\n";
    }
    for device in decoded {
        text.push('\n');
        text += &heading(device);
        text += &session_text(device, details);
        text += &format!("  {}\n", outcome(device));
        text += &findings_text(device);
        if let Some((board, comparison)) = &device.against {
            text += &against::text(board, comparison);
        }
    }
    text
}

/// What was done, run by run, and what was noted meanwhile.
fn session_text(decoded: &Decoded<'_>, details: bool) -> String {
    let mut text = String::new();
    let mut remarks = decoded.device.remarks().into_iter().peekable();
    let mut remarks_before = |transfer: usize| {
        let next = || remarks.next_if(|(number, _)| *number <= transfer);
        let texts = std::iter::from_fn(next).map(|(_, remark)| remark_text(&remark, details));
        texts.collect::<String>()
    };
    for run in &decoded.runs {
        let operations = &decoded.operations[run.operations.clone()];
        let first = operations.first();
        text += &remarks_before(first.map_or(0, |first| first.transfers.start));
        text += &run_text(decoded, run, details);
        if details {
            for number in operations
                .iter()
                .flat_map(|operation| operation.transfers.clone())
            {
                text += &remarks_before(number);
                text += &transfer_text(&decoded.device.transfers[number]);
            }
        }
    }
    text + &remarks_before(usize::MAX)
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
        _ if identity.is_application => "an application",
        Protocol::Plain => "plain DFU",
        Protocol::Dfuse | Protocol::WithoutLayouts => "DfuSe",
    };
    text += &match identity.is_application {
        true => format!("  {protocol}\n"),
        false => format!(
            "  {protocol}, blocks of up to {}\n",
            count(identity.transfer_size.into(), "byte")
        ),
    };
    for memory in &identity.memories {
        if let Some(said) = &memory.text {
            text += &format!("  {} {said}\n", memory.alternate_setting);
        }
    }
    text
}

/// What was noted, unless it is nothing to tell.
fn remark_text(remark: &Remark, details: bool) -> String {
    let is_told = match remark.text.parse() {
        // The transfer itself tells it.
        Ok(Note::LeftOut { .. }) => false,
        Ok(Note::Opened(_) | Note::FromCache | Note::Claimed(Ok(()))) => details,
        _ => true,
    };
    match is_told {
        false => String::new(),
        true => format!(
            "  {:>7}  {:<9} {}\n",
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
    format!(
        "  {:>7}  {:<9} {words}\n",
        clock(run.at),
        phase(run.phase())
    )
}

/// A transfer, as `-vv` shows it while it happens, with what the recording doesn't have of it, and how long it took.
fn transfer_text(transfer: &Transfer) -> String {
    let took = transfer.took.map_or_else(|| "no end".to_owned(), duration);
    let missing = match (left_out(transfer), transfer.cut) {
        (Some(sha256), cut) => format!(", {cut} bytes left out, SHA-256 {sha256}"),
        (None, 0) => String::new(),
        (None, cut) => format!(", {} missing", count(cut as u64, "byte")),
    };
    format!(
        "  {:>7}    {}{missing} ({took})\n",
        clock(transfer.at),
        trace::line(&transfer.seen())
    )
}

/// The SHA-256 of what was left out of a transfer's data.
fn left_out(transfer: &Transfer) -> Option<String> {
    let mut notes = transfer.noted_before().iter().chain(transfer.noted_after());
    notes.find_map(|note| match note.parse() {
        Ok(Note::LeftOut { sha256, .. }) => Some(sha256),
        _ => None,
    })
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
        Ended::Detached => "told to enter DFU mode".to_owned(),
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
    capitalized(&text)
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
            "    {:>7}  {who} {}",
            clock(finding.first),
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
    if decoded
        .device
        .transfers
        .iter()
        .any(|transfer| transfer.cut > 0)
    {
        text += "  Bytes are left out of the recording: -v shows how many of each transfer.\n";
    }
    text
}

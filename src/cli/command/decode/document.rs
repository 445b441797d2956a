//! A decoded recording for programs.

use crate::board::protocol::Protocol;
use crate::cli::document::{
    DecodeDocument, DeviationDocument, MemoryDocument, RecordedDocument, RunDocument,
};
use crate::recording::finding::{Finding, Party};
use crate::recording::review::known;
use crate::recording::runs::{Run, RunKind};
use crate::recording::session::Recording;
use crate::recording::summary::Ended;

use super::words::{error, phase};
use super::{Decoded, against};

/// All that is told of it.
pub fn document<'d>(
    name: &'d str,
    recording: &'d Recording,
    decoded: &'d [Decoded<'d>],
) -> DecodeDocument<'d> {
    DecodeDocument {
        file: name,
        program: recording.section.program.as_deref(),
        comments: &recording.section.comments,
        seconds: recording.length.as_secs_f64(),
        broken: recording.broken.as_deref(),
        devices: decoded.iter().map(device).collect(),
    }
}

fn device<'d>(decoded: &'d Decoded<'d>) -> RecordedDocument<'d> {
    let Decoded {
        device,
        identity,
        runs,
        findings,
        knowledge,
        against,
        summary,
        ..
    } = decoded;
    let (bus, address) = device.place;
    RecordedDocument {
        path: device.name(),
        bus,
        device: address,
        vendor_id: identity.ids.map(|(vendor, _)| vendor),
        product_id: identity.ids.map(|(_, product)| product),
        serial: identity.serial.as_ref(),
        product: identity.product.as_ref(),
        chip: identity.chip,
        protocol: match identity.protocol {
            Protocol::Plain => "dfu",
            Protocol::Dfuse | Protocol::WithoutLayouts => "dfuse",
        },
        guessed: identity.is_guess,
        transfer_size: identity.transfer_size,
        memories: identity
            .memories
            .iter()
            .map(|memory| MemoryDocument::of(memory, identity.protocol))
            .collect(),
        runs: runs.iter().map(run).collect(),
        findings: findings.iter().map(deviation).collect(),
        knowledge,
        against: against
            .as_ref()
            .map(|(board, comparison)| against::document(board, comparison)),
        requests: device.transfers.len(),
        downloaded_bytes: summary.downloaded,
        uploaded_bytes: summary.uploaded,
        erased_sectors: summary
            .erased
            .values()
            .map(|erased| u64::from(erased.count))
            .sum(),
        mass_erases: summary.mass_erased.len(),
        told_to_leave: matches!(summary.ended, Ended::Left(_)),
    }
}

fn run(run: &Run) -> RunDocument {
    let (alt, address, bytes, count) = match &run.kind {
        RunKind::Erase {
            start, end, count, ..
        } => (None, Some(*start), Some(end - start), (*count).into()),
        RunKind::Write(blocks) | RunKind::Read(blocks) => (
            Some(blocks.memory),
            blocks.start,
            Some(blocks.bytes),
            blocks.count.into(),
        ),
        _ => (None, None, None, run.operations.len() as u64),
    };
    RunDocument {
        phase: phase(run.phase()),
        at: run.at.as_secs_f64(),
        seconds: run.took.as_secs_f64(),
        quickest: run.each.0.as_secs_f64(),
        slowest: run.each.1.as_secs_f64(),
        count,
        alt,
        address,
        bytes,
        error: error(&run.end),
    }
}

fn deviation(finding: &Finding) -> DeviationDocument {
    DeviationDocument {
        party: match finding.deviation.party() {
            Party::Host => "host",
            Party::Device => "device",
        },
        message: finding.deviation.to_string(),
        at: finding.first.as_secs_f64(),
        times: finding.times,
        known: known(&finding.deviation),
    }
}

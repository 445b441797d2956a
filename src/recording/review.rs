//! What is to be said of a session: where it is not as specified, and what is known of such devices.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chip::rom;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::dfuse::command::can_lift_read_protection;
use crate::usb::descriptor::{GET_DESCRIPTOR, STRING};

use super::contents::Contents;
use super::device::{Identity, RecordedDevice};
use super::finding::{Deviation, Finding, Findings, Work};
use super::machine;
use super::operation::{Block, End, Operation, What};

/// An answer that takes longer is one of a device that works meanwhile.
const LATE: Duration = Duration::from_millis(50);
/// How much longer than it says a device may be busy: a host that asks a little later has done nothing wrong.
const SLACK: Duration = Duration::from_millis(200);

/// All that is not as specified, in the order in which it was first seen.
pub fn findings(
    device: &RecordedDevice,
    identity: &Identity,
    operations: &[Operation],
) -> Vec<Finding> {
    let mut findings = Findings::default();
    machine::check(device, identity, &mut findings);
    for operation in operations {
        check_times(operation, &mut findings);
    }
    check_strings(device, &mut findings);
    check_contents(device, identity, operations, &mut findings);
    findings.0.sort_by_key(|finding| finding.first);
    findings.0
}

fn work(what: &What) -> Work {
    match what {
        What::SetAddress(_) => Work::SetAddress,
        What::Erase(_) => Work::Erase,
        What::MassErase => Work::MassErase,
        What::Write(_) => Work::Write,
        What::ReadUnprotect => Work::Unprotect,
        What::End => Work::Leave,
        _ => Work::Other,
    }
}

fn check_times(operation: &Operation, findings: &mut Findings) {
    let work = work(&operation.what);
    if let (Some(said), End::Done | End::Failed(_)) = (operation.polls.said, &operation.end) {
        let allowed = Duration::from_millis(said.into()) * 2 + SLACK;
        // What blocks in an answer is told as that.
        let took = operation.took.saturating_sub(operation.polls.slowest);
        if took > allowed {
            let took = operation.took;
            findings.add(operation.at, Deviation::BusyLonger { work, said, took });
        }
    }
    let takes_time = matches!(work, Work::Erase | Work::MassErase | Work::Write);
    if takes_time && operation.polls.said == Some(0) {
        findings.add(operation.at, Deviation::NoPollTimeout);
    }
    if operation.polls.slowest > LATE {
        let took = operation.polls.slowest;
        findings.add(operation.at, Deviation::AnswersLate { work, took });
    }
}

fn check_strings(device: &RecordedDevice, findings: &mut Findings) {
    for transfer in &device.transfers {
        let [kind, index] = transfer.request.value.to_be_bytes();
        let is_string = (transfer.request.request_type, transfer.request.request)
            == (0x80, GET_DESCRIPTOR)
            && kind == STRING
            && index > 0;
        let found = transfer.bytes();
        if let (true, Some(said)) = (is_string && transfer.is_done(), transfer.data.first()) {
            if usize::from(*said) > found && found < usize::from(transfer.length) {
                findings.add(transfer.at, Deviation::ShortString { said: *said, found });
            }
        }
    }
}

/// What was read beside what was written and erased before, on DfuSe: elsewhere a device gives back what it likes.
fn check_contents(
    device: &RecordedDevice,
    identity: &Identity,
    operations: &[Operation],
    findings: &mut Findings,
) {
    if !identity.is_dfuse() {
        return;
    }
    let mut memories: BTreeMap<u8, Contents<'_>> = BTreeMap::new();
    follow(
        device,
        identity,
        operations,
        &mut memories,
        |contents, operation, block, bytes| {
            let Some(position) = block.position else {
                return;
            };
            if let Some(address) = contents.differs(position, bytes) {
                findings.add(operation.at, Deviation::ReadsOtherwise { address });
            }
            let layout = identity.layout(block.memory);
            let erased_value = layout.map_or(0xFF, |layout| layout.erased_value());
            if let Some(address) = contents.is_not_blank(position, bytes, erased_value) {
                findings.add(operation.at, Deviation::NotErased { address });
            }
        },
    );
}

/// Keeps track of what the memories hold. `on_read` sees each block that was read before it counts.
pub fn follow<'d, 'o>(
    device: &'d RecordedDevice,
    identity: &Identity,
    operations: impl IntoIterator<Item = &'o Operation>,
    memories: &mut BTreeMap<u8, Contents<'d>>,
    mut on_read: impl FnMut(&Contents<'d>, &Operation, &Block, &[u8]),
) {
    let mut memory = 0;
    for operation in operations {
        let first = device.transfers.get(operation.transfers.start);
        let data = first.map_or(&[][..], |transfer| &transfer.data);
        let is_cut = first.is_some_and(|transfer| transfer.cut > 0);
        let is_done = operation.end == End::Done;
        match &operation.what {
            What::ChooseMemory(chosen) if is_done => memory = *chosen,
            // Nobody knows what is there then.
            What::Write(block) if is_cut => {
                erase(memories.entry(block.memory).or_default(), None);
            }
            What::Write(block) => {
                if let (true, Some(position)) = (is_done, block.position) {
                    memories
                        .entry(block.memory)
                        .or_default()
                        .put(position, data);
                }
            }
            What::Read(block) if is_done => {
                let contents = memories.entry(block.memory).or_default();
                on_read(contents, operation, block, data);
                if let Some(position) = block.position {
                    contents.put(position, data);
                }
            }
            What::Erase(address) => {
                let layout = identity.layout(memory);
                let sector = layout.and_then(|layout| layout.sector_at(*address));
                let range = sector.map(|sector| (u64::from(sector.address), sector.end()));
                erase(memories.entry(memory).or_default(), range);
            }
            What::MassErase => {
                let layout = identity.layout(memory);
                let segments = layout.map_or(&[][..], |layout| &layout.segments);
                let contents = memories.entry(memory).or_default();
                if segments.is_empty() {
                    erase(contents, None);
                }
                for segment in segments {
                    erase(contents, Some((segment.address.into(), segment.end())));
                }
            }
            What::ReadUnprotect => memories.clear(),
            _ => {}
        }
    }
}

/// Without a range, nothing is known any more.
fn erase(contents: &mut Contents<'_>, range: Option<(u64, u64)>) {
    match range {
        Some((start, end)) => contents.erase(start, end),
        None => *contents = Contents::default(),
    }
}

/// Of which devices a deviation is known.
pub fn known(deviation: &Deviation) -> Option<&'static str> {
    use crate::dfu::protocol::DfuRequest;
    Some(match deviation {
        Deviation::NoPollTimeout | Deviation::ErrorWithOk => "known of mboot",
        Deviation::BusyLonger {
            work: Work::MassErase,
            ..
        } => "known of the F405",
        Deviation::AnswersLate { .. } => "known of H7 and mboot",
        Deviation::RefusesWhileBusy => "known of F411, L4 and older TinyUSB",
        Deviation::Accepts {
            request: DfuRequest::ClrStatus,
            ..
        } => "ST's device library enters dfuERROR then",
        Deviation::Accepts {
            request: DfuRequest::Abort,
            ..
        } => "ST's device library does nothing then",
        Deviation::NotAllowed {
            request: DfuRequest::Detach,
            ..
        } => "U-Boot and others leave so",
        Deviation::ShortString { .. } => "known of F42x and F43x",
        Deviation::NotErased { .. } => "known of mass erases of F767 and H74x V13.3",
        Deviation::ReadsOtherwise { .. } => {
            "known of write-protected sectors, and of WB55's secure pages"
        }
        _ => return None,
    })
}

/// What stdfu knows of such a device, a sentence each.
pub fn knowledge(identity: &Identity, operations: &[Operation]) -> Vec<String> {
    let mut notes = Vec::new();
    let reports = || operations.iter().filter_map(report);
    if reports().next() == Some((DfuState::DfuError, DfuStatus::ErrFirmware)) {
        notes.push(
            "It begins in dfuERROR with errFIRMWARE, as the ROMs of F4 and F7 do.".to_owned(),
        );
    }
    let lists = operations
        .iter()
        .find_map(|operation| match &operation.what {
            What::GetCommands(commands) if operation.end == End::Done => Some(commands),
            _ => None,
        });
    if reports().any(|(_, status)| status == DfuStatus::ErrVendor) {
        notes.push(match lists {
            Some(commands) if can_lift_read_protection(commands) => {
                "errVENDOR: its read protection is on.".to_owned()
            }
            Some(_) => "errVENDOR: a write or an erase failed; it has no read protection to lift."
                .to_owned(),
            None => "errVENDOR: on a ROM of ST, read protection is on.".to_owned(),
        });
    }
    if let Some(serial) = &identity.serial {
        if rom::is_shared_serial(serial.raw()) {
            notes.push(format!("Many boards have the serial number {serial}."));
        }
    }
    let Some(ids) = identity.ids else {
        return notes;
    };
    if rom::has_false_poll_timeout(ids) {
        notes.push("Its bwPollTimeout is known to be nonsense.".to_owned());
    }
    let slowest = |is_it: fn(&What) -> bool| {
        let of_it = operations.iter().filter(|operation| is_it(&operation.what));
        of_it
            .map(|operation| operation.took)
            .max()
            .unwrap_or_default()
    };
    if slowest(|what| matches!(what, What::Erase(_) | What::Write(_))) > rom::SECTOR_DEADLINE
        || slowest(|what| *what == What::MassErase) > rom::MASS_ERASE_DEADLINE
    {
        notes.push("It takes longer than stdfu waits.".to_owned());
    }
    notes
}

/// What a device says at the end of something.
fn report(operation: &Operation) -> Option<(DfuState, DfuStatus)> {
    let report = match (&operation.what, &operation.end) {
        (What::Status(report), _) => *report,
        (_, End::Failed(report)) => Some(*report),
        (_, End::Left(report)) => *report,
        _ => None,
    };
    report.map(|report| (report.state, report.status))
}

#[cfg(test)]
mod tests;

//! The firmware that was sent in a session, or read in one.

use std::collections::BTreeMap;

use crate::image::{ImageElement, ImageTarget};

use super::contents::Contents;
use super::device::{Identity, RecordedDevice};
use super::operation::{Block, End, Operation, What};
use super::review::follow;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Extracted {
    pub firmware: Firmware,
    /// Whether it was sent; else, it was read.
    pub is_sent: bool,
    /// Why it may not be all, a sentence each.
    pub doubts: Vec<String>,
}

/// Bytes with addresses, or without.
#[derive(Debug, PartialEq, Eq)]
pub enum Firmware {
    /// By memory, ascending.
    Placed(Vec<ImageTarget>),
    Stream(Vec<u8>),
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// Nothing was sent or read, or nobody knows where it belongs.
    #[error("no firmware was sent or read in the recording")]
    Nothing,
    /// It was recorded without its bytes.
    #[error("the recording leaves out bytes of the firmware")]
    LeftOut,
}

/// Of the memories that were written: what was sent, and what was read after the last block was sent. Where nothing was
/// sent, what was read.
///
/// A host that skips what is there already compares in the end, so both belong to it. What was erased and not written again
/// does not.
///
/// # Errors
/// [`ExtractError`]
pub fn extract(
    device: &RecordedDevice,
    identity: &Identity,
    operations: &[Operation],
) -> Result<Extracted, ExtractError> {
    let blocks = || {
        operations
            .iter()
            .filter_map(|operation| Some((operation, block(operation)?)))
    };
    let writes = |(operation, _): &(&Operation, &Block)| matches!(operation.what, What::Write(_));
    let is_sent = blocks().any(|each| writes(&each));
    let mut meant = blocks().filter(|each| writes(each) == is_sent);
    let is_left_out = |(operation, _): (&Operation, &Block)| {
        let transfer = device.transfers.get(operation.transfers.start);
        transfer.is_some_and(|transfer| transfer.cut > 0)
    };
    if meant.any(is_left_out) {
        return Err(ExtractError::LeftOut);
    }
    let firmware = match identity.is_dfuse() {
        true => placed(device, identity, operations, is_sent),
        false => stream(device, operations, is_sent),
    };
    Ok(Extracted {
        firmware: firmware.ok_or(ExtractError::Nothing)?,
        is_sent,
        doubts: doubts(identity, operations, is_sent),
    })
}

fn block(operation: &Operation) -> Option<&Block> {
    match &operation.what {
        What::Write(block) | What::Read(block) => Some(block),
        _ => None,
    }
}

fn placed(
    device: &RecordedDevice,
    identity: &Identity,
    operations: &[Operation],
    is_sent: bool,
) -> Option<Firmware> {
    let mut memories: BTreeMap<u8, Contents<'_>> = BTreeMap::new();
    let is_write = |operation: &Operation| matches!(operation.what, What::Write(_));
    let last_write = operations.iter().rposition(is_write).unwrap_or_default();
    // What is read before was what the host looked for, and more.
    let counted = operations.iter().enumerate().filter(|(index, operation)| {
        !matches!(operation.what, What::Read(_)) || !is_sent || *index > last_write
    });
    let counted = counted.map(|(_, operation)| operation);
    follow(device, identity, counted, &mut memories, |_, _, _, _| {});
    let is_written = |memory: u8| {
        operations.iter().any(
            |operation| matches!(&operation.what, What::Write(block) if block.memory == memory),
        )
    };
    let meant = memories
        .into_iter()
        .filter(|(memory, _)| !is_sent || is_written(*memory));
    let target = |(memory, contents): (u8, Contents<'_>)| {
        let pieces = contents.pieces().into_iter();
        let elements: Vec<ImageElement> = pieces
            .filter_map(|(position, data)| {
                let address = u32::try_from(position).ok()?;
                Some(ImageElement { address, data })
            })
            .collect();
        (!elements.is_empty()).then(|| ImageTarget {
            alternate_setting: Some(memory),
            name: identity.layout(memory).map(|layout| layout.name.clone()),
            elements,
        })
    };
    let targets: Vec<ImageTarget> = meant.filter_map(target).collect();
    (!targets.is_empty()).then_some(Firmware::Placed(targets))
}

/// The last download, or upload, from its first block on.
fn stream(device: &RecordedDevice, operations: &[Operation], is_sent: bool) -> Option<Firmware> {
    let mut bytes = Vec::new();
    for operation in operations {
        let block = match &operation.what {
            What::Write(block) if is_sent && operation.end == End::Done => block,
            What::Read(block) if !is_sent && operation.end == End::Done => block,
            _ => continue,
        };
        // A download that failed begins anew.
        bytes.truncate(usize::try_from(block.position?).ok()?);
        bytes.extend(&device.transfers.get(operation.transfers.start)?.data[..]);
    }
    (!bytes.is_empty()).then_some(Firmware::Stream(bytes))
}

fn doubts(identity: &Identity, operations: &[Operation], is_sent: bool) -> Vec<String> {
    let mut doubts = Vec::new();
    let last = operations
        .iter()
        .rev()
        .find(|operation| block(operation).is_some() || matches!(operation.what, What::End));
    let is_over = last.is_some_and(|last| last.what == What::End);
    if is_sent && !identity.is_dfuse() && !is_over {
        doubts.push("The download was not ended, so that this may not be all of it.".to_owned());
    }
    let failed = operations
        .iter()
        .filter(|operation| matches!(operation.what, What::Write(_)) && operation.end != End::Done);
    match failed.count() {
        0 => {}
        1 => doubts.push("One block was not written, or nobody asked whether it was.".to_owned()),
        count => doubts.push(format!(
            "{count} blocks were not written, or nobody asked whether they were."
        )),
    }
    let nowhere = operations
        .iter()
        .filter_map(block)
        .any(|block| block.position.is_none());
    if nowhere {
        doubts.push("Of some blocks nobody knows where they belong: they are left out.".to_owned());
    }
    doubts
}

#[cfg(test)]
mod tests;

//! Blocks on their way out of a slot.

use super::Bootloader;
use crate::dfu::protocol::DfuState;
use crate::sim::board::Slot;
use crate::sim::descriptor::CAN_UPLOAD;
use crate::sim::flash::Memories;
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

impl Bootloader {
    /// The slot, block by block; a short block ends it, an empty one too (DFU 1.1 §6.2).
    pub(super) fn upload(&mut self, number: u16, length: u16, memories: &Memories) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuUploadIdle)
            || self.attributes & CAN_UPLOAD == 0
            || self.quirks.has(Quirk::NoUpload)
            || self.quirks.has(Quirk::UploadStall)
            || length > self.transfer_size
        {
            return self.stall();
        }
        let Some(slot) = self.slot() else {
            return self.stall();
        };
        self.begin_transfer();
        if self.count(number).is_err() {
            // U-Boot refuses it, and has no error to tell.
            self.state = DfuState::DfuUploadIdle;
            return Answer::Stall;
        }
        let size = self.uploaded_size(slot, memories);
        let left = size.saturating_sub(self.position).min(length.into());
        let at = slot.start.saturating_add(self.position);
        let bytes = memories
            .get(0)
            .and_then(|flash| flash.read(at, left as usize));
        let bytes = match left {
            0 => &[][..],
            _ => bytes.unwrap_or_default(),
        };
        self.position = self.position.saturating_add(left);
        if bytes.len() < usize::from(length) || length == 0 {
            self.next_number = None;
            self.state = DfuState::DfuIdle;
        } else {
            self.state = DfuState::DfuUploadIdle;
        }
        Answer::Data(bytes.to_vec())
    }

    /// How many bytes an upload has.
    fn uploaded_size(&self, slot: Slot, memories: &Memories) -> u32 {
        match self.quirks.upload() {
            Some(Quirk::UploadNothing) => 0,
            Some(Quirk::UploadImage) => {
                let flash = memories.get(0);
                let bytes = flash.and_then(|flash| flash.read(slot.start, slot.size as usize));
                let last = bytes
                    .unwrap_or_default()
                    .iter()
                    .rposition(|byte| *byte != 0xFF);
                last.map_or(0, |last| u32::try_from(last + 1).unwrap_or(slot.size))
            }
            _ => slot.size,
        }
    }
}

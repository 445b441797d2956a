//! Which bytes of a device's memories are told: by a recording of it, or by the host that has changed them since.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::dfuse::layout::MemoryLayout;
use crate::recording::decode::Decoder;
use crate::recording::device::Identity;
use crate::recording::operation::{End, What};
use crate::recording::transfer::Transfer;

/// Where a memory's bytes are: its alternate setting, and addresses, or places in the stream.
pub type Place = (u8, Range<u64>);

/// What is known of the memories of a device.
pub struct Told {
    decoder: Decoder,
    /// How many transfers it has heard.
    heard: usize,
    layouts: BTreeMap<u8, MemoryLayout>,
    /// By memory, where it begins and where it ends.
    known: BTreeMap<u8, BTreeMap<u64, u64>>,
}

impl Told {
    /// Nothing, of this device.
    pub fn of(identity: &Identity) -> Self {
        let layout = |alternate_setting: u8| {
            let layout = identity.layout(alternate_setting)?.clone();
            Some((alternate_setting, layout))
        };
        let memories = identity.memories.iter();
        Self {
            decoder: Decoder::of(identity),
            heard: 0,
            layouts: memories
                .filter_map(|memory| layout(memory.alternate_setting))
                .collect(),
            known: BTreeMap::new(),
        }
    }

    /// Takes note of a transfer; of what it has read only where that is the truth.
    pub fn hear(&mut self, transfer: &Transfer, is_true: bool) {
        self.decoder.take(self.heard, transfer);
        self.heard += 1;
        let Some(last) = self.decoder.last().filter(|last| last.end == End::Done) else {
            return;
        };
        let memory = self.decoder.memory();
        let layout = || self.layouts.get(&memory);
        let told: Vec<Place> = match &last.what {
            What::Read(_) if !is_true => Vec::new(),
            What::Write(block) | What::Read(block) => {
                let position = block.position.into_iter();
                position
                    .map(|at| (block.memory, at..at + u64::from(block.length)))
                    .collect()
            }
            What::Erase(address) => {
                let sector = layout().and_then(|layout| layout.sector_at(*address));
                let sector = sector.into_iter();
                sector
                    .map(|sector| (memory, sector.address.into()..sector.end()))
                    .collect()
            }
            What::MassErase => layout().map_or_else(Vec::new, |layout| all_of(memory, layout)),
            What::ReadUnprotect => {
                let all = self.layouts.iter();
                all.flat_map(|(memory, layout)| all_of(*memory, layout))
                    .collect()
            }
            _ => Vec::new(),
        };
        told.into_iter().for_each(|place| self.add(place));
    }

    /// Where an UPLOAD that comes next reads so many bytes; `None` of one that reads no memory.
    pub fn place(&self, transfer: &Transfer, bytes: usize) -> Option<Place> {
        let (memory, at) = self.decoder.reads_at(transfer.request, transfer.length)?;
        Some((memory, at..at + bytes as u64))
    }

    /// Takes a place for known.
    pub fn add(&mut self, (memory, range): Place) {
        let known = self.known.entry(memory).or_default();
        let (mut start, mut end) = (range.start, range.end);
        // What touches it becomes one with it.
        while let Some((from, to)) = known
            .range(..=end)
            .next_back()
            .map(|(from, to)| (*from, *to))
        {
            if to < start {
                break;
            }
            known.remove(&from);
            (start, end) = (start.min(from), end.max(to));
        }
        known.insert(start, end);
    }

    /// The first place of a range that nobody knows.
    pub fn first_untold(&self, (memory, range): &Place) -> Option<u64> {
        let known = self.known.get(memory).and_then(|known| {
            let (_, end) = known.range(..=range.start).next_back()?;
            (*end > range.start).then_some(*end)
        });
        match known {
            None => (!range.is_empty()).then_some(range.start),
            Some(end) => (end < range.end).then_some(end),
        }
    }
}

fn all_of(memory: u8, layout: &MemoryLayout) -> Vec<Place> {
    let segments = layout.segments.iter();
    segments
        .map(|segment| (memory, segment.address.into()..segment.end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::sample::{Form, f405};
    use crate::recording::session::Recording;

    fn nothing() -> Told {
        let recording = Recording::read(&f405(Form::Pcapng).bytes[..]).expect("a recording");
        Told::of(&recording.devices[0].identity().expect("with DFU"))
    }

    #[test]
    fn what_touches_is_known_as_one_and_a_gap_is_not() {
        let mut told = nothing();
        told.add((0, 10..20));
        told.add((0, 30..40));
        assert_eq!(told.first_untold(&(0, 10..20)), None);
        assert_eq!(told.first_untold(&(0, 12..31)), Some(20));
        assert_eq!(told.first_untold(&(0, 5..12)), Some(5));
        assert_eq!(told.first_untold(&(1, 10..20)), Some(10));
        told.add((0, 20..30));
        assert_eq!(told.first_untold(&(0, 10..40)), None);
        assert_eq!(told.first_untold(&(0, 10..41)), Some(40));
        told.add((0, 0..100));
        assert_eq!(told.first_untold(&(0, 0..100)), None);
    }

    #[test]
    fn what_was_erased_written_and_read_is_known() {
        let recording = Recording::read(&f405(Form::Pcapng).bytes[..]).expect("a recording");
        let mut told = nothing();
        for transfer in &recording.devices[0].transfers {
            told.hear(transfer, true);
        }
        // A sector of 16 KiB was erased, and 3000 bytes of it written.
        assert_eq!(told.first_untold(&(0, 0x0800_0000..0x0800_4000)), None);
        let after = 0x0800_4000;
        assert_eq!(told.first_untold(&(0, after..after + 1)), Some(after));
    }
}

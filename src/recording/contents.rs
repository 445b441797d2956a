//! What a memory holds, as far as a recording tells: what was written, erased and read.

use std::collections::BTreeMap;

/// A memory, or a stream, of which some bytes are known. They stay where they were recorded.
#[derive(Debug, Clone, Default)]
pub struct Contents<'d> {
    /// By where they begin; none over another.
    known: BTreeMap<u64, &'d [u8]>,
    /// From where to where it was erased, and not written since: those that `known` doesn't have.
    erased: BTreeMap<u64, u64>,
}

impl<'d> Contents<'d> {
    /// Takes the bytes that are at this place from now on.
    pub fn put(&mut self, position: u64, bytes: &'d [u8]) {
        if bytes.is_empty() {
            return;
        }
        self.forget(position, position + bytes.len() as u64);
        self.known.insert(position, bytes);
    }

    /// Takes note that a range was erased.
    pub fn erase(&mut self, start: u64, end: u64) {
        self.forget(start, end);
        let inside: Vec<u64> = self
            .erased
            .range(start..end)
            .map(|(from, _)| *from)
            .collect();
        for from in inside {
            self.erased.remove(&from);
        }
        self.erased.insert(start, end);
    }

    /// Nothing is known of a range any more.
    fn forget(&mut self, start: u64, end: u64) {
        let before = self.known.range(..start).next_back();
        let first = before
            .filter(|(from, data)| *from + data.len() as u64 > start)
            .map_or(start, |(from, _)| *from);
        let touched = self.known.range(first..end).map(|(from, _)| *from);
        let touched: Vec<u64> = touched.collect();
        for from in touched {
            let Some(data) = self.known.remove(&from) else {
                continue;
            };
            if from + data.len() as u64 > end {
                self.known.insert(end, &data[offset(end - from)..]);
            }
            if from < start {
                self.known.insert(from, &data[..offset(start - from)]);
            }
        }
    }

    /// Where the first byte stands that is another than what is known of it.
    pub fn differs(&self, position: u64, bytes: &[u8]) -> Option<u64> {
        let end = position + bytes.len() as u64;
        let before = self.known.range(..position).next_back();
        let all = before.into_iter().chain(self.known.range(position..end));
        for (start, data) in all {
            let from = position.max(*start);
            let to = end.min(*start + data.len() as u64);
            if from >= to {
                continue;
            }
            let found = &bytes[offset(from - position)..offset(to - position)];
            let known = &data[offset(from - start)..offset(to - start)];
            let mut pairs = found.iter().zip(known);
            if let Some(place) = pairs.position(|(one, other)| one != other) {
                return Some(from + place as u64);
            }
        }
        None
    }

    /// Where the first byte stands that was erased, is not known otherwise, and is something else than an erased one.
    pub fn is_not_blank(&self, position: u64, bytes: &[u8], erased_value: u8) -> Option<u64> {
        let (_, end) = self.erased.range(..=position).next_back()?;
        let inside = offset(end.saturating_sub(position)).min(bytes.len());
        let mut found = bytes[..inside].iter().zip(position..);
        let (_, at) = found.find(|(byte, at)| **byte != erased_value && !self.has(*at))?;
        Some(at)
    }

    fn has(&self, position: u64) -> bool {
        let before = self.known.range(..=position).next_back();
        before.is_some_and(|(start, data)| position < start + data.len() as u64)
    }

    /// All that is known, in order, what touches in one piece.
    pub fn pieces(&self) -> Vec<(u64, Vec<u8>)> {
        let mut pieces: Vec<(u64, Vec<u8>)> = Vec::new();
        for (start, data) in &self.known {
            match pieces.last_mut() {
                Some((first, joined)) if *first + joined.len() as u64 == *start => {
                    joined.extend(*data);
                }
                _ => pieces.push((*start, data.to_vec())),
            }
        }
        pieces
    }
}

/// A place in bytes that are in memory.
fn offset(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_last_counts_wherever_it_begins() {
        let mut contents = Contents::default();
        contents.put(10, &[1, 1, 1, 1]);
        contents.put(16, &[3, 3]);
        contents.put(12, &[2, 2, 2, 2, 2]);
        assert_eq!(contents.pieces(), [(10, vec![1, 1, 2, 2, 2, 2, 2, 3])]);
        assert_eq!(contents.differs(9, &[0, 1, 1, 2]), None);
        assert_eq!(contents.differs(9, &[0, 1, 1, 3]), Some(12));
    }

    #[test]
    fn an_erase_takes_what_was_known_and_what_is_blank_then_is_nothing_to_tell() {
        let mut contents = Contents::default();
        contents.put(0, &[1; 10]);
        contents.erase(2, 6);
        assert_eq!(contents.pieces(), [(0, vec![1; 2]), (6, vec![1; 4])]);
        let read = [0xFF, 0xFF, 0xFF, 0];
        assert_eq!(contents.is_not_blank(2, &read, 0xFF), Some(5));
        contents.put(5, &[0]);
        assert_eq!(contents.is_not_blank(2, &read, 0xFF), None);
    }
}

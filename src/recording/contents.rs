//! What a memory holds, as far as a recording tells: what was written, erased and read.

use std::collections::BTreeMap;

/// A memory, or a stream, of which some bytes are known.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// By where they begin; none over another.
    known: BTreeMap<u64, Vec<u8>>,
    /// From where to where it was erased, and not written since: those that `known` doesn't have.
    erased: BTreeMap<u64, u64>,
}

impl Contents {
    /// Takes the bytes that are at this place from now on.
    pub fn put(&mut self, position: u64, bytes: &[u8]) {
        let end = position + bytes.len() as u64;
        let mut at = position;
        while at < end {
            let rest = &bytes[offset(at - position)..];
            // One that is there already takes what is its own.
            let before = self.known.range_mut(..=at).next_back();
            let here = before.filter(|(start, data)| at < *start + data.len() as u64);
            if let Some((start, data)) = here {
                let from = offset(at - start);
                let count = rest.len().min(data.len() - from);
                data[from..from + count].copy_from_slice(&rest[..count]);
                at += count as u64;
                continue;
            }
            let next = self.known.range(at..end).next().map(|(start, _)| *start);
            let count = offset(next.unwrap_or(end) - at);
            self.known.insert(at, rest[..count].to_vec());
            at += count as u64;
        }
    }

    /// Takes note that a range was erased.
    pub fn erase(&mut self, start: u64, end: u64) {
        let before = self.known.range(..start).next_back();
        let first = before
            .filter(|(from, data)| *from + data.len() as u64 > start)
            .map_or(start, |(from, _)| *from);
        let touched: Vec<u64> = self
            .known
            .range(first..end)
            .map(|(from, _)| *from)
            .collect();
        for from in touched {
            let Some(mut data) = self.known.remove(&from) else {
                continue;
            };
            if from + data.len() as u64 > end {
                let after = data.split_off(offset(end - from));
                self.known.insert(end, after);
            }
            if from < start {
                data.truncate(offset(start - from));
                self.known.insert(from, data);
            }
        }
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
            if let Some(place) = found
                .iter()
                .zip(known)
                .position(|(one, other)| one != other)
            {
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
                    joined.extend(data);
                }
                _ => pieces.push((*start, data.clone())),
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
        assert_eq!(
            contents.is_not_blank(2, &[0xFF, 0xFF, 0xFF, 0], 0xFF),
            Some(5)
        );
        contents.put(5, &[0]);
        assert_eq!(contents.is_not_blank(2, &[0xFF, 0xFF, 0xFF, 0], 0xFF), None);
    }
}

//! Which addresses have a byte.

use std::collections::BTreeMap;

use crate::image::model::ImageElement;

/// As many runs there may be before all is known. Records may come in any order: what is in pieces halfway can be whole
/// in the end. Of firmware of 64 MiB in records of 16 bytes, shuffled, it is a quarter of that.
const MOST_RUNS: usize = 1 << 22;

/// Which addresses have a byte: runs that don't touch.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The first address of each run, and its last.
    runs: BTreeMap<u32, u32>,
}

impl Coverage {
    /// Adds the addresses from `first` to `last`. Returns whether one of them was there already.
    pub fn add(&mut self, first: u32, last: u32) -> bool {
        let mut start = first;
        let mut end = last;
        let mut is_repeated = false;
        // The run that begins below may reach up to here, or beyond.
        if let Some((&lower, lower_end)) = self.runs.range_mut(..=first).next_back() {
            if u64::from(*lower_end) + 1 >= u64::from(first) {
                is_repeated = *lower_end >= first;
                start = lower;
                end = end.max(*lower_end);
            }
        }
        while let Some((&higher, &higher_end)) = self.next_run(first) {
            if u64::from(higher) > u64::from(last) + 1 {
                break;
            }
            is_repeated |= higher <= last;
            end = end.max(higher_end);
            self.runs.remove(&higher);
        }
        self.runs.insert(start, end);
        is_repeated
    }

    /// The first run that begins above an address.
    fn next_run(&self, address: u32) -> Option<(&u32, &u32)> {
        let above = address.checked_add(1)?;
        self.runs.range(above..).next()
    }

    /// What of the addresses from `first` to `last` is there already: the first address and the last of each run.
    pub fn overlaps(&self, first: u32, last: u32) -> Vec<(u32, u32)> {
        let lower = self.runs.range(..=first).next_back();
        let higher = first
            .checked_add(1)
            .filter(|above| *above <= last)
            .map(|above| self.runs.range(above..=last));
        let runs = lower.into_iter().chain(higher.into_iter().flatten());
        runs.map(|(start, end)| (first.max(*start), last.min(*end)))
            .filter(|(start, end)| start <= end)
            .collect()
    }

    /// How many runs there are.
    pub fn count(&self) -> usize {
        self.runs.len()
    }

    /// Whether there are more runs than whole firmware is ever in, whatever is still to come.
    pub fn is_scattered(&self) -> bool {
        self.runs.len() > MOST_RUNS
    }

    /// An element for each run, its bytes still zeros.
    pub fn elements(self) -> Vec<ImageElement> {
        let element = |(first, last): (u32, u32)| ImageElement {
            address: first,
            data: vec![0; (last - first) as usize + 1],
        };
        self.runs.into_iter().map(element).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds ranges one after the other: whether each repeats something, and the runs in the end.
    fn added(ranges: &[(u32, u32)]) -> (Vec<bool>, Vec<(u32, u32)>) {
        let mut coverage = Coverage::default();
        let repeated = ranges
            .iter()
            .map(|(first, last)| coverage.add(*first, *last))
            .collect();
        (repeated, coverage.runs.into_iter().collect())
    }

    #[test]
    fn runs_are_joined_where_they_touch_in_whatever_order_they_come() {
        let check = |ranges: &[(u32, u32)], runs: &[(u32, u32)]| {
            let (repeated, found) = added(ranges);
            assert_eq!(found, runs, "{ranges:?}");
            assert!(!repeated.contains(&true), "{ranges:?}");
        };
        check(&[(0, 1), (2, 3)], &[(0, 3)]);
        check(&[(2, 3), (0, 1)], &[(0, 3)]);
        check(&[(0, 0), (4, 4), (2, 2), (3, 3), (1, 1)], &[(0, 4)]);
        check(&[(0, 1), (3, 3)], &[(0, 1), (3, 3)]);
        check(
            &[(u32::MAX, u32::MAX), (0, 0)],
            &[(0, 0), (u32::MAX, u32::MAX)],
        );
        check(&[(0, u32::MAX - 1), (u32::MAX, u32::MAX)], &[(0, u32::MAX)]);
    }

    #[test]
    fn what_is_there_already_is_noticed() {
        let check = |ranges: &[(u32, u32)], runs: &[(u32, u32)]| {
            let (repeated, found) = added(ranges);
            assert_eq!(found, runs, "{ranges:?}");
            assert_eq!(repeated.last(), Some(&true), "{ranges:?}");
        };
        check(&[(4, 7), (4, 7)], &[(4, 7)]);
        check(&[(4, 7), (7, 9)], &[(4, 9)]);
        check(&[(4, 7), (2, 4)], &[(2, 7)]);
        check(&[(4, 7), (5, 6)], &[(4, 7)]);
        check(&[(4, 4), (6, 6), (0, 9)], &[(0, 9)]);
        check(&[(0, u32::MAX), (u32::MAX, u32::MAX)], &[(0, u32::MAX)]);
    }

    #[test]
    fn overlaps_are_cut_to_what_was_asked_for() {
        let mut coverage = Coverage::default();
        for (first, last) in [(2, 4), (8, 9), (20, 30)] {
            coverage.add(first, last);
        }
        let check = |first, last, expected: &[(u32, u32)]| {
            assert_eq!(coverage.overlaps(first, last), expected);
        };
        check(0, 40, &[(2, 4), (8, 9), (20, 30)]);
        check(3, 8, &[(3, 4), (8, 8)]);
        check(5, 7, &[]);
        check(25, 25, &[(25, 25)]);
        check(31, u32::MAX, &[]);
    }
}

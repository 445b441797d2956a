//! Main flash that is not what its layout says: larger erase units, fewer bytes than claimed, banks erased together.

use std::ops::Range;

use crate::sim::quirk::{Quirk, Quirks};

/// What main flash really is, where that is not what its layout says. All numbers are offsets in main flash, in bytes.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// How many bytes there are by the layout.
    claimed_size: usize,
    /// How many there are: after them come the same bytes again.
    true_size: Option<usize>,
    /// What one erase takes at least, aligned to that.
    erase_unit: Option<usize>,
    banks_together: bool,
}

impl Truth {
    /// That of a board whose layout claims main flash of `claimed_size` bytes.
    pub fn new(quirks: &Quirks, claimed_size: usize) -> Self {
        let size = |size: u32| usize::try_from(size).ok();
        Self {
            claimed_size,
            true_size: quirks
                .true_size()
                .and_then(size)
                .filter(|size| *size < claimed_size),
            erase_unit: quirks.erase_unit().and_then(size),
            banks_together: quirks.has(Quirk::EraseHitsOtherBank),
        }
    }

    /// The bytes that there are, if that is fewer than claimed.
    pub fn there(&self) -> Option<Range<usize>> {
        self.true_size.map(|size| 0..size)
    }

    /// What is erased with a sector.
    pub fn erased_with(&self, sector: Range<usize>) -> Vec<Range<usize>> {
        if sector.end > self.claimed_size {
            return vec![sector];
        }
        let units = match self.erase_unit {
            Some(unit) => {
                let end = sector.end.next_multiple_of(unit).min(self.claimed_size);
                sector.start / unit * unit..end
            }
            None => sector,
        };
        let half = self.claimed_size / 2;
        let other = |offset: usize| if offset < half { half } else { 0 };
        let twin = self.banks_together.then(|| {
            let start = other(units.start) + units.start % half;
            start..(start + units.len()).min(self.claimed_size)
        });
        [units].into_iter().chain(twin).collect()
    }

    /// After a change in `range`, makes the same change wherever the same bytes are seen again. Returns where that is,
    /// the range itself included.
    pub fn mirror(&self, bytes: &mut [u8], range: Range<usize>) -> Vec<Range<usize>> {
        let Some(size) = self.true_size.filter(|_| range.end <= self.claimed_size) else {
            return vec![range];
        };
        let mut changed = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min((start / size + 1) * size);
            let first = start % size;
            for copy in (first..self.claimed_size).step_by(size) {
                let length = (end - start).min(self.claimed_size - copy);
                bytes.copy_within(start..start + length, copy);
                changed.push(copy..copy + length);
            }
            start = end;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(quirks: &[Quirk]) -> Truth {
        Truth::new(&Quirks::new(quirks), 0x8000)
    }

    #[test]
    fn an_erase_takes_whole_units_and_as_much_of_the_other_bank() {
        let unit = Quirk::EraseUnit(0x800);
        let both = Quirk::EraseHitsOtherBank;
        let check = |quirks: &[Quirk], start: usize, end: usize, expected: &[(usize, usize)]| {
            let erased = truth(quirks).erased_with(start..end);
            let erased: Vec<_> = erased
                .iter()
                .map(|range| (range.start, range.end))
                .collect();
            assert_eq!(erased, expected, "{quirks:?}");
        };
        check(&[], 0x400, 0x800, &[(0x400, 0x800)]);
        check(&[unit], 0x400, 0x800, &[(0x000, 0x800)]);
        check(&[unit], 0x800, 0xC00, &[(0x800, 0x1000)]);
        check(&[unit], 0x0, 0x4000, &[(0x0, 0x4000)]);
        check(&[both], 0x400, 0x800, &[(0x400, 0x800), (0x4400, 0x4800)]);
        check(&[both], 0x4000, 0x4400, &[(0x4000, 0x4400), (0x0, 0x400)]);
        check(
            &[both, unit],
            0x4400,
            0x4800,
            &[(0x4000, 0x4800), (0x0, 0x800)],
        );
        check(
            &[Quirk::EraseUnit(0x6000)],
            0x7C00,
            0x8000,
            &[(0x6000, 0x8000)],
        );
        // External flash, after main flash.
        check(&[both, unit], 0x8000, 0x8400, &[(0x8000, 0x8400)]);
    }

    #[test]
    fn a_change_shows_wherever_the_same_byte_is_seen() {
        let truth = truth(&[Quirk::TrueSize(0x3000)]);
        let mut bytes = vec![0; 0x9000];
        bytes[0x2FFF..0x3001].copy_from_slice(&[7, 8]);
        let changed = truth.mirror(&mut bytes, 0x2FFF..0x3001);
        let expected = [
            0x2FFF..0x3000,
            0x5FFF..0x6000,
            0x0..1,
            0x3000..0x3001,
            0x6000..0x6001,
        ];
        assert_eq!(changed, expected);
        for index in [0x2FFF, 0x5FFF] {
            assert_eq!(bytes[index], 7);
        }
        for index in [0, 0x3000, 0x6000] {
            assert_eq!(bytes[index], 8);
        }
        assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 5);
        // After main flash there is nothing to be seen twice.
        assert_eq!(truth.mirror(&mut bytes, 0x8000..0x8001).len(), 1);
    }
}

//! Ranges of addresses, which end at 2^32 at the latest.

/// The first address past the last.
pub const ADDRESS_SPACE: u64 = 1 << 32;

/// Addresses from `address` up to, but without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// The first address.
    pub address: u32,
    /// The address after the last, up to 2^32; more than `address`.
    pub end: u64,
}

impl AddressRange {
    /// Its first address, as a number that can be compared with `end`.
    pub fn start(self) -> u64 {
        u64::from(self.address)
    }

    /// In bytes, up to 2^32.
    pub fn size(self) -> u64 {
        self.end - self.start()
    }
}

impl AddressRange {
    /// From `start` to `end`, unless that is nothing.
    fn between(start: u64, end: u64) -> Option<Self> {
        let address = u32::try_from(start).ok()?;
        (start < end).then_some(Self { address, end })
    }

    /// Whether `address` is one of its own.
    pub fn contains(self, address: u32) -> bool {
        self.address <= address && u64::from(address) < self.end
    }

    /// What is left of it after its first `bytes`.
    pub fn after(self, bytes: u64) -> Option<Self> {
        Self::between(self.start() + bytes, self.end)
    }

    /// Cut wherever an address is a multiple of `size`: blocks of that many bytes, but for the ends.
    pub fn blocks(self, size: u16) -> impl Iterator<Item = Self> {
        let size = u64::from(size);
        let first = self.start() / size;
        (first..self.end.div_ceil(size)).filter_map(move |index| {
            Self::between(
                self.start().max(index * size),
                self.end.min((index + 1) * size),
            )
        })
    }

    /// Cut every `size` bytes from its beginning on; the last piece may be shorter.
    pub fn pieces(self, size: u16) -> impl Iterator<Item = Self> {
        let size = u64::from(size);
        (0..self.size().div_ceil(size)).filter_map(move |index| {
            let start = self.start() + index * size;
            Self::between(start, self.end.min(start + size))
        })
    }

    /// Widened to where addresses are multiples of `size`, but not out of `limits`.
    pub fn to_blocks(self, size: u16, limits: Self) -> Self {
        let size = u64::from(size);
        let start = (self.start() / size * size)
            .max(limits.start())
            .min(self.start());
        let end = (self.end.div_ceil(size) * size)
            .min(limits.end)
            .max(self.end);
        Self::between(start, end).unwrap_or(self)
    }

    /// Those of the bytes that begin at `address` which stand in this range.
    pub fn within(self, address: u32, bytes: &[u8]) -> &[u8] {
        let offset =
            |position: u64| index(position.saturating_sub(address.into())).min(bytes.len());
        &bytes[offset(self.start())..offset(self.end)]
    }

    /// What of it lies below an address.
    pub fn below(self, address: u32) -> Option<Self> {
        Self::between(self.start(), self.end.min(address.into()))
    }

    /// What of it lies at or above an address.
    pub fn above(self, address: u64) -> Option<Self> {
        Self::between(self.start().max(address), self.end)
    }

    /// What both have.
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::between(self.start().max(other.start()), self.end.min(other.end))
    }
}

/// A range as the user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRequest {
    /// The sector that this address lies in.
    SectorAt(u32),
    /// These addresses.
    Exactly(AddressRange),
}

impl RangeRequest {
    /// An address that lies in it.
    pub fn address(self) -> u32 {
        match self {
            Self::SectorAt(address) => address,
            Self::Exactly(range) => range.address,
        }
    }
}

/// Joins ascending ranges that touch or overlap.
pub fn joined(ranges: impl Iterator<Item = AddressRange>) -> Vec<AddressRange> {
    let mut joined: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start() <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Offsets within a buffer are below its length, which is a `usize`.
pub fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("an offset into a buffer in memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(address: u32, end: u64) -> AddressRange {
        AddressRange { address, end }
    }

    #[test]
    fn pieces_count_from_the_beginning_wherever_that_is() {
        let pieces: Vec<AddressRange> = range(6, 27).pieces(8).collect();
        assert_eq!(pieces, [range(6, 14), range(14, 22), range(22, 27)]);
        let last = range(0xFFFF_FFFC, 1 << 32);
        assert_eq!(last.pieces(8).collect::<Vec<_>>(), [last]);
    }

    #[test]
    fn ranges_that_touch_or_overlap_are_joined() {
        let ranges = [range(0, 16), range(16, 32), range(24, 28), range(40, 48)];
        assert_eq!(joined(ranges.into_iter()), [range(0, 32), range(40, 48)]);
    }
}

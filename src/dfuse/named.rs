//! Bytes that are named with their addresses, and where they lie in a piece of memory.

use crate::image::ImageElement;

use crate::address::{AddressRange, index};

/// Elements of an image, ascending, none over another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'e>(pub &'e [ImageElement]);

impl Named<'_> {
    /// Puts the named bytes from `address` on into `buffer` and leaves the others in it. Returns how many were named.
    pub fn overlay(self, address: u32, buffer: &mut [u8]) -> u64 {
        let start = u64::from(address);
        let end = start + buffer.len() as u64;
        let first = self.0.partition_point(|element| element.end() <= start);
        let mut named = 0;
        for element in &self.0[first..] {
            let from = element.start().max(start);
            let to = element.end().min(end);
            if from >= to {
                break;
            }
            let bytes = &element.data[index(from - element.start())..index(to - element.start())];
            buffer[index(from - start)..index(to - start)].copy_from_slice(bytes);
            named += to - from;
        }
        named
    }

    /// How many of them lie in `range`.
    pub fn bytes_in(self, range: AddressRange) -> u64 {
        self.parts_in(range).map(AddressRange::size).sum()
    }

    /// Where in `range` they lie.
    pub fn parts_in(self, range: AddressRange) -> impl Iterator<Item = AddressRange> {
        let first = self
            .0
            .partition_point(|element| element.end() <= range.start());
        let after = self
            .0
            .partition_point(|element| element.start() < range.end);
        let inside = &self.0[first..after.max(first)];
        inside
            .iter()
            .filter_map(move |element| element.range().overlap(range))
    }

    /// How many there are.
    pub fn bytes(self) -> u64 {
        let lengths = self.0.iter().map(|element| element.data.len() as u64);
        lengths.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(address: u32, data: &[u8]) -> ImageElement {
        ImageElement {
            address,
            data: data.to_vec(),
        }
    }

    #[test]
    fn a_block_gets_the_named_bytes_and_keeps_the_others_around_them() {
        let elements = [
            element(0x0800_0002, &[1, 2, 3]),
            element(0x0800_0007, &[4, 5]),
        ];
        let check = |address, expected: &[u8], named| {
            let mut block = vec![0xFF; expected.len()];
            assert_eq!(Named(&elements).overlay(address, &mut block), named);
            assert_eq!(block, expected, "{address:#010x}");
            let end = u64::from(address) + expected.len() as u64;
            let range = AddressRange { address, end };
            assert_eq!(Named(&elements).bytes_in(range), named, "{address:#010x}");
        };
        check(
            0x0800_0000,
            &[0xFF, 0xFF, 1, 2, 3, 0xFF, 0xFF, 4, 5, 0xFF],
            5,
        );
        check(0x0800_0003, &[2, 3, 0xFF, 0xFF, 4], 3);
        check(0x0800_0009, &[0xFF; 4], 0);
        check(0x07FF_FFFE, &[0xFF, 0xFF, 0xFF, 0xFF, 1], 1);
    }

    #[test]
    fn the_last_bytes_of_the_address_space_are_within_reach() {
        let elements = [element(0xFFFF_FFFE, &[7, 8])];
        let mut block = [0xFF; 4];
        assert_eq!(Named(&elements).overlay(0xFFFF_FFFC, &mut block), 2);
        assert_eq!(block, [0xFF, 0xFF, 7, 8]);
    }
}

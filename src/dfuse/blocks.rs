//! A range of addresses cut into the blocks that go over the wire.

use super::protocol::FIRST_DATA_BLOCK;
use super::range::AddressRange;

/// Blocks of one length that follow one setting of the address pointer.
///
/// The device reckons a block's address as (`wValue` − 2) × length + address pointer. ST's document takes the length
/// of the block asked for, ST's code takes `wTransferSize`. With full blocks only, or with a single block behind a
/// pointer of its own, both come to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Where the address pointer has to be.
    pub address: u32,
    /// Of each block, in bytes: `wTransferSize`, or less where `count` is 1.
    pub length: u16,
    /// How many blocks: `wValue` runs from 2 and has 16 bits.
    pub count: u16,
}

impl Burst {
    const LONGEST: u64 = (u16::MAX - FIRST_DATA_BLOCK) as u64 + 1;

    /// Each block's `wValue` and address.
    pub fn blocks(self) -> impl Iterator<Item = (u16, u32)> {
        (0..self.count).map(move |index| {
            // The burst was cut out of a range of 32-bit addresses, so its blocks are inside.
            (
                FIRST_DATA_BLOCK + index,
                self.address + u32::from(index) * u32::from(self.length),
            )
        })
    }
}

/// Cuts a range into as few bursts as possible.
pub fn bursts(range: AddressRange, transfer_size: u16) -> impl Iterator<Item = Burst> {
    let mut next = range.start();
    std::iter::from_fn(move || {
        let left = range.end.checked_sub(next).filter(|left| *left > 0)?;
        let address = u32::try_from(next).ok()?;
        let full = (left / u64::from(transfer_size)).min(Burst::LONGEST);
        let burst = match u16::try_from(full) {
            Ok(0) => Burst {
                address,
                length: u16::try_from(left).ok()?,
                count: 1,
            },
            Ok(count) => Burst {
                address,
                length: transfer_size,
                count,
            },
            Err(_) => return None,
        };
        next += u64::from(burst.length) * u64::from(burst.count);
        Some(burst)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: u32, size: u64, transfer_size: u16, expected: &[(u32, u16, u16)]) {
        let range = AddressRange {
            address,
            end: u64::from(address) + size,
        };
        let found: Vec<_> = bursts(range, transfer_size)
            .map(|burst| (burst.address, burst.length, burst.count))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn full_blocks_share_one_address_pointer() {
        check(0x0800_0000, 393_216, 2048, &[(0x0800_0000, 2048, 192)]);
    }

    #[test]
    fn a_short_tail_has_an_address_pointer_of_its_own() {
        check(
            0x0800_0000,
            5000,
            2048,
            &[(0x0800_0000, 2048, 2), (0x0800_1000, 904, 1)],
        );
        check(0x0800_0000, 100, 2048, &[(0x0800_0000, 100, 1)]);
    }

    #[test]
    fn the_block_number_never_passes_sixteen_bits() {
        check(
            0x9000_0000,
            65_534 * 256 + 300,
            256,
            &[
                (0x9000_0000, 256, 65_534),
                (0x90FF_FE00, 256, 1),
                (0x90FF_FF00, 44, 1),
            ],
        );
        let burst = Burst {
            address: 0x9000_0000,
            length: 256,
            count: 65_534,
        };
        assert_eq!(burst.blocks().next(), Some((2, 0x9000_0000)));
        assert_eq!(burst.blocks().last(), Some((u16::MAX, 0x90FF_FD00)));
    }

    #[test]
    fn the_last_bytes_of_the_address_space_are_reached() {
        check(0xFFFF_0000, 0x1_0000, 2048, &[(0xFFFF_0000, 2048, 32)]);
        check(0xFFFF_FFF0, 16, 2048, &[(0xFFFF_FFF0, 16, 1)]);
    }
}

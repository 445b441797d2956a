//! Block numbers: `wValue` of a DNLOAD or UPLOAD of data.

use super::command::FIRST_DATA_BLOCK;

/// The number of the block at `address` while the address pointer is at `pointer`; `None` where there is none, so that
/// the pointer has to be moved.
///
/// The device reckons a block's address as (`wValue` − 2) × length + address pointer. ST's document takes the length
/// of the block asked for, ST's code takes `wTransferSize`. For full blocks, and for the one at the pointer itself,
/// both come to the same; others have no number here. `wValue` has 16 bits.
pub fn block_number(pointer: u32, address: u32, length: usize, transfer_size: u16) -> Option<u16> {
    let offset = address.checked_sub(pointer)?;
    let size = u32::from(transfer_size);
    if offset != 0 && (length != usize::from(transfer_size) || offset % size != 0) {
        return None;
    }
    u16::try_from(offset / size)
        .ok()?
        .checked_add(FIRST_DATA_BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pointer: u32, address: u32, length: usize, expected: Option<u16>) {
        assert_eq!(
            block_number(pointer, address, length, 2048),
            expected,
            "{address:#010x}"
        );
    }

    #[test]
    fn full_blocks_count_up_from_2_at_the_pointer() {
        check(0x0800_0000, 0x0800_0000, 2048, Some(2));
        check(0x0800_0000, 0x0800_0800, 2048, Some(3));
        check(0x0800_0000, 0x0806_0000, 2048, Some(194));
    }

    #[test]
    fn a_short_block_stands_at_the_pointer_or_nowhere() {
        check(0x0800_0000, 0x0800_0000, 904, Some(2));
        check(0x0800_0000, 0x0800_0800, 904, None);
    }

    #[test]
    fn what_lies_before_the_pointer_or_between_two_blocks_has_no_number() {
        check(0x0800_0800, 0x0800_0000, 2048, None);
        check(0x0800_0000, 0x0800_0400, 2048, None);
    }

    #[test]
    fn the_number_never_passes_sixteen_bits() {
        check(0x9000_0000, 0x9000_0000 + 65_533 * 2048, 2048, Some(65_535));
        check(0x9000_0000, 0x9000_0000 + 65_534 * 2048, 2048, None);
        check(0, 0xFFFF_F800, 2048, None);
    }
}

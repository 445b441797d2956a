//! An image that begins in main flash and goes on after its end: the board is too small for it.

use crate::dfuse::layout::{MemoryLayout, MemorySegment};
use crate::image::ImageElement;

use super::board_facts::{BoardFacts, Memory};
use super::error::PlanError;

/// Parts of an image that are no further apart belong together: linkers leave out at most what is left of a sector, and
/// the largest have 128 KiB.
pub const LARGEST_GAP: u64 = 128 << 10;

/// The same error, or the reason for it where that is the size of main flash. `elements` are what goes to the memory,
/// ascending.
pub fn or_too_small(
    error: PlanError,
    elements: &[ImageElement],
    memory: &Memory,
    board: BoardFacts<'_>,
) -> PlanError {
    let address = match error {
        PlanError::Outside { address, .. } if memory.layout == board.main_memory().layout => {
            u64::from(address)
        }
        _ => return error,
    };
    let in_memory = |element: &&ImageElement| memory.layout.sector_at(element.address).is_some();
    let before = elements
        .iter()
        .take_while(|element| element.start() < address);
    let flash_end = before
        .filter(in_memory)
        .last()
        .map(|element| contiguous_end(&memory.layout, element.start()))
        .filter(|end| *end <= address);
    match flash_end.map(|flash_end| (image_end(elements, flash_end), flash_end)) {
        Some((image_end, flash_end)) if image_end > flash_end => PlanError::TooSmall {
            image_end,
            flash_end,
        },
        _ => error,
    }
}

/// Where the segments end that follow one another without a gap from the one with this address on.
fn contiguous_end(layout: &MemoryLayout, address: u64) -> u64 {
    let mut ascending: Vec<&MemorySegment> = layout.segments.iter().collect();
    ascending.sort_by_key(|segment| segment.address);
    ascending.iter().fold(address, |end, segment| {
        match u64::from(segment.address) <= end && end < segment.end() {
            true => segment.end(),
            false => end,
        }
    })
}

/// Where the part of an image ends that lies around this address.
fn image_end(elements: &[ImageElement], around: u64) -> u64 {
    let mut end = 0;
    for element in elements {
        if element.start() < around || element.start() <= end + LARGEST_GAP {
            end = element.end();
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 128 KiB of flash in two segments, and a memory after a gap.
    const BOARD: [&str; 2] = [
        "@Internal Flash  /0x08000000/64*1Kg,64*1Kg/0x90000000/16*4Kg",
        "@Data  /0x08080000/2*3Kg",
    ];

    fn told(memory: usize, address: u32, elements: &[(u32, usize)]) -> String {
        let memories = Memory::of_strings(&BOARD);
        let board = BoardFacts::of_st(&memories);
        let elements: Vec<ImageElement> = elements
            .iter()
            .map(|&(address, length)| ImageElement {
                address,
                data: vec![0; length],
            })
            .collect();
        let error = PlanError::Outside {
            address,
            memory: "nowhere".to_owned(),
        };
        or_too_small(error, &elements, &memories[memory], board).to_string()
    }

    #[test]
    fn an_image_that_goes_on_after_the_memory_tells_both_ends() {
        let too_small = "the image ends at 0x08049400, but this board's flash ends at 0x08020000";
        let check = |address, elements: &[(u32, usize)]| {
            assert_eq!(told(0, address, elements), too_small);
        };
        check(0x0802_0000, &[(0x0800_0000, 0x49400)]);
        check(0x0802_0000, &[(0x0800_0000, 0x100), (0x0801_0000, 0x39400)]);
        check(
            0x0802_1000,
            &[(0x0800_0000, 0x1FF00), (0x0802_1000, 0x28400)],
        );
        // What is somewhere else is no part of it.
        check(
            0x0802_0000,
            &[(0x0800_0000, 0x49400), (0x2000_0000, 132), (0x9000_0000, 4)],
        );
    }

    #[test]
    fn what_is_somewhere_else_is_outside() {
        let check = |address, elements: &[(u32, usize)]| {
            let outside = format!("{address:#010x} is outside of nowhere");
            assert_eq!(told(0, address, elements), outside);
        };
        check(0x2000_0000, &[(0x0800_0000, 0x100), (0x2000_0000, 132)]);
        check(0x0808_0000, &[(0x0800_0000, 0x20000), (0x0808_0000, 6)]);
        check(0x07FF_FFFF, &[(0x07FF_FFFF, 2)]);
        check(0x0802_0000, &[(0x0802_0000, 0x100)]);
        assert_eq!(
            told(1, 0x0808_1800, &[(0x0808_0000, 0x1801)]),
            "0x08081800 is outside of nowhere"
        );
    }
}

//! Image + memories → plan to compare them: exactly the bytes that the image names, and nothing is changed.

use std::borrow::Cow;

use crate::address::{AddressRange, joined};
use crate::dfuse::named::Named;
use crate::dfuse::plan::region::Region;
use crate::image::{Image, ImageElement};

use super::board_facts::BoardFacts;
use super::choice::{Choice, plan_shares};
use super::error::NoPlan;
use super::place::Place;
use super::readable::{check_upload, readable_region};
use super::too_small::or_too_small;

/// An image to compare one board with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyPlan<'i> {
    /// Memory by memory; at least one.
    pub memories: Vec<VerifyMemory<'i>>,
    /// What of the image is not compared, because the board has no memory for it, or another one was chosen.
    pub left_out: Vec<Place>,
}

/// An image to compare one memory with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyMemory<'i> {
    /// The memory, with every sector that has a byte of the image.
    pub region: Region,
    /// The image.
    elements: Cow<'i, [ImageElement]>,
    /// Where its bytes are: without a gap each, ascending.
    pub ranges: Vec<AddressRange>,
}

impl VerifyMemory<'_> {
    /// The image.
    pub fn image(&self) -> Named<'_> {
        Named(&self.elements)
    }
}

/// Plans to compare a board with an image.
///
/// # Errors
/// Whatever of the image the board doesn't have, or can't be read. What may be erased or written doesn't matter.
pub fn plan_verify<'i>(
    image: &'i Image,
    board: BoardFacts<'_>,
    choice: Choice,
) -> Result<VerifyPlan<'i>, NoPlan> {
    let (memories, left_out) = plan_shares(image, board, choice, |memory, elements| {
        let ranges = joined(elements.iter().map(ImageElement::range));
        let region = readable_region(&ranges, memory)
            .map_err(|error| or_too_small(error, &elements, memory, board))?;
        Ok(VerifyMemory {
            region,
            elements,
            ranges,
        })
    })?;
    check_upload(board)?;
    Ok(VerifyPlan { memories, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfuse::plan::board_facts::Memory;
    use crate::dfuse::plan::error::PlanError;
    use crate::image::{DFU, FileIds, ImageTarget};

    const OPTIONS: Choice = Choice {
        alternate_setting: None,
        any_id: false,
        only_fitting: false,
    };

    /// Main flash whose first sectors are read-only, one that is write-only, and a second memory.
    const BOARD: [&str; 2] = [
        "@Internal Flash  /0x08000000/02*016Ka,01*016Kg,01*016Kf",
        "@Option Bytes  /0x1FFFC000/01*016 e",
    ];

    /// Alternate setting, and address and length of each element.
    type Target<'t> = (Option<u8>, &'t [(u32, usize)]);

    fn image(targets: &[Target<'_>]) -> Image {
        let target = |&(alternate_setting, elements): &Target<'_>| ImageTarget {
            alternate_setting,
            name: None,
            elements: elements
                .iter()
                .map(|&(address, length)| ImageElement {
                    address,
                    data: vec![0x5A; length],
                })
                .collect(),
        };
        Image {
            format: &DFU,
            targets: targets.iter().map(target).collect(),
            ids: Some(FileIds {
                vendor_id: 0x0483,
                product_id: 0xDF11,
                device_release: 0,
            }),
            family: None,
            suspicion: None,
            warnings: Vec::new(),
        }
    }

    fn plan<'i>(
        image: &'i Image,
        options: Choice,
        ids: (u16, u16),
        can_upload: bool,
    ) -> Result<VerifyPlan<'i>, PlanError> {
        let memories = Memory::of_strings(&BOARD);
        let board = BoardFacts {
            ids,
            can_upload,
            ..BoardFacts::of_st(&memories)
        };
        plan_verify(image, board, options).map_err(NoPlan::reason)
    }

    const ST: (u16, u16) = (0x0483, 0xDF11);

    #[track_caller]
    fn check(image: &Image, options: Choice, expected: &[(u8, u32, u64)]) {
        let plan = plan(image, options, ST, true).expect("fits");
        let mut found = Vec::new();
        for memory in &plan.memories {
            let number = memory.region.alternate_setting;
            found.extend(
                memory
                    .ranges
                    .iter()
                    .map(|range| (number, range.address, range.end)),
            );
        }
        assert_eq!(found, expected);
    }

    fn refused(image: &Image, options: Choice) -> String {
        let error = plan(image, options, ST, true).expect_err("must be refused");
        error.to_string()
    }

    #[test]
    fn exactly_the_bytes_of_the_image_are_compared_wherever_they_can_be_read() {
        check(
            &image(&[
                (
                    Some(0),
                    &[(0x0800_0001, 3), (0x0800_7FFF, 2), (0x0800_8001, 1)],
                ),
                (Some(1), &[(0x1FFF_C000, 16)]),
            ]),
            OPTIONS,
            &[
                (0, 0x0800_0001, 0x0800_0004),
                (0, 0x0800_7FFF, 0x0800_8002),
                (1, 0x1FFF_C000, 0x1FFF_C010),
            ],
        );
        // Where the file names no memory, it is the one that has the addresses, settings or not.
        check(
            &image(&[(None, &[(0x1FFF_C008, 8)])]),
            OPTIONS,
            &[(1, 0x1FFF_C008, 0x1FFF_C010)],
        );
    }

    #[test]
    fn of_a_file_for_several_memories_only_the_chosen_one_is_compared() {
        let both = image(&[
            (Some(0), &[(0x0800_0000, 4)]),
            (Some(1), &[(0x1FFF_C000, 4)]),
        ]);
        let chosen = |number| Choice {
            alternate_setting: Some(number),
            ..OPTIONS
        };
        check(&both, chosen(1), &[(1, 0x1FFF_C000, 0x1FFF_C004)]);
        assert!(
            refused(&both, chosen(2)).starts_with("the file has nothing for alternate setting 2")
        );
    }

    #[test]
    fn what_is_not_there_or_can_not_be_read_is_refused() {
        let check = |address, reason: &str| {
            let error = refused(&image(&[(None, &[(address, 4)])]), OPTIONS);
            assert!(error.starts_with(reason), "{error}");
        };
        check(0x0800_BFFE, "the sector at 0x0800c000 can't be read");
        check(0x0800_FFFE, "the sector at 0x0800c000 can't be read");
        check(0x2000_0000, "0x20000000 is outside of alternate setting 0");
        check(0x1FFF_C00E, "0x1fffc010 is outside of alternate setting 1");
    }

    #[test]
    fn a_file_for_another_device_or_a_board_without_upload_is_refused() {
        let image = image(&[(None, &[(0x0800_0000, 4)])]);
        let other = (0x28E9, 0x0189);
        let error = |options, ids, can_upload| plan(&image, options, ids, can_upload).err();
        assert_eq!(
            error(OPTIONS, other, true),
            Some(PlanError::OtherDevice {
                file: ST,
                board: other
            })
        );
        let any_id = Choice {
            any_id: true,
            ..OPTIONS
        };
        assert_eq!(error(any_id, other, true), None);
        assert_eq!(error(OPTIONS, ST, false), Some(PlanError::CantUpload));
    }
}

//! Image + memories → plan to compare them: exactly the bytes that the image names, and nothing is changed.

use crate::dfuse::range::joined;
use crate::image::{Image, ImageElement};

use super::choice::{check_ids, memory_for, nothing_for_memory};
use super::error::PlanError;
use super::profile::BoardProfile;
use super::reach::check_upload;
use super::{Plan, TargetPlan, Task};

/// What the user wants of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyOptions {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
    /// Pass over the ids in the file.
    pub any_id: bool,
}

/// Plans to compare a board with an image.
///
/// # Errors
/// Whatever of the image the board doesn't have, or can't be read. What may be erased or written doesn't matter.
pub fn plan_verify<'i>(
    image: &'i Image,
    board: BoardProfile<'_>,
    options: VerifyOptions,
) -> Result<Plan<'i>, PlanError> {
    if !options.any_id {
        check_ids(image, board)?;
    }
    let mut targets: Vec<TargetPlan> = Vec::new();
    for target in &image.targets {
        if let Some(memory) = memory_for(target, board, options.alternate_setting)? {
            let ranges = joined(target.elements.iter().map(ImageElement::range));
            targets.push(TargetPlan::new(memory, &target.elements).looks_at(ranges, memory)?);
        }
    }
    if targets.is_empty() {
        return Err(nothing_for_memory(image, options.alternate_setting));
    }
    check_upload(board)?;
    Ok(Plan {
        targets,
        task: Task::Compare,
        start: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfuse::plan::profile::Memory;
    use crate::image::{FileIds, Format, ImageTarget};

    const OPTIONS: VerifyOptions = VerifyOptions {
        alternate_setting: None,
        any_id: false,
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
            format: Format::Dfu,
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
        options: VerifyOptions,
        ids: (u16, u16),
        can_upload: bool,
    ) -> Result<Plan<'i>, PlanError> {
        let memories = Memory::of_strings(&BOARD);
        let board = BoardProfile {
            memories: &memories,
            ids,
            transfer_size: 2048,
            can_upload,
        };
        plan_verify(image, board, options)
    }

    const ST: (u16, u16) = (0x0483, 0xDF11);

    #[track_caller]
    fn check(image: &Image, options: VerifyOptions, expected: &[(u8, u32, u64)]) {
        let plan = plan(image, options, ST, true).expect("fits");
        assert_eq!((plan.task, plan.start), (Task::Compare, None));
        let mut found = Vec::new();
        for target in &plan.targets {
            assert_eq!((target.erase.len(), target.body.write.len()), (0, 0));
            let number = target.alternate_setting;
            found.extend(
                target
                    .look
                    .iter()
                    .map(|range| (number, range.address, range.end)),
            );
        }
        assert_eq!(found, expected);
    }

    fn refused(image: &Image, options: VerifyOptions) -> String {
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
        let chosen = |number| VerifyOptions {
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
        let any_id = VerifyOptions {
            any_id: true,
            ..OPTIONS
        };
        assert_eq!(error(any_id, other, true), None);
        assert_eq!(error(OPTIONS, ST, false), Some(PlanError::CantUpload));
    }
}

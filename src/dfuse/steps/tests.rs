use super::*;
use crate::address::AddressRange;
use crate::dfuse::plan::board_facts::{BoardFacts, Memory};
use crate::dfuse::plan::flash::{FlashOptions, plan_flash};
use crate::image::{BIN, Image, ImageElement, ImageTarget};

/// Four sectors of 16 KiB, one of 64 KiB.
const F405: &str = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg";

const SAME: Finding = Finding {
    same: true,
    erased: false,
    guessed: false,
};
const BLANK: Finding = Finding {
    same: false,
    erased: true,
    guessed: false,
};
const OTHER: Finding = Finding::UNSEEN;

fn image(elements: &[(u32, usize)]) -> Image {
    let element = |(address, length): &(u32, usize)| ImageElement {
        address: *address,
        data: vec![0x5A; *length],
    };
    Image {
        format: &BIN,
        targets: vec![ImageTarget {
            alternate_setting: None,
            name: None,
            elements: elements.iter().map(element).collect(),
        }],
        ids: None,
        family: None,
        suspicion: None,
        warnings: Vec::new(),
    }
}

/// What is left of an image, which has a finding for each of its sectors, in few words.
#[track_caller]
fn check(image: &Image, options: FlashOptions, findings: &[Finding], expected: &str) {
    check_around(image, options, findings, Vec::new(), expected);
}

/// The same, with this found beyond the image.
#[track_caller]
fn check_around(
    image: &Image,
    options: FlashOptions,
    findings: &[Finding],
    around: Vec<ImageElement>,
    expected: &str,
) {
    with_steps(image, options, findings, |steps| {
        let memory = &mut steps.memories[0];
        if memory.looks_around() {
            memory.saw_beyond(around.clone(), 2048);
        }
        steps.arrange(2048);
        assert_eq!(text(steps), expected);
    });
}

fn with_steps(
    image: &Image,
    options: FlashOptions,
    findings: &[Finding],
    look: impl FnOnce(&mut Steps<'_>),
) {
    let memories = Memory::of_strings(&[F405]);
    let board = BoardFacts::of_st(&memories);
    let plan = plan_flash(image, board, options).expect("fits");
    let mut steps = Steps::new(&plan, vec![findings.to_vec()]);
    steps.arrange(2048);
    look(&mut steps);
}

fn text(steps: &Steps<'_>) -> String {
    let memory = &steps.memories[0];
    let line = |word: &str, range: &AddressRange| {
        format!("{word} {:#x}..{:#x}\n", range.address, range.end)
    };
    let mut text = String::new();
    for sector in memory.erased_sectors() {
        text += &line("erase", &sector.sector.into());
    }
    text.extend(memory.body.iter().map(|range| line("write", range)));
    text.extend(memory.head.iter().map(|range| line("head", range)));
    text
}

const PLAIN: FlashOptions = FlashOptions::PLAIN;

#[test]
fn what_is_there_needs_no_work_and_nothing_is_erased() {
    let image = image(&[(0x0800_0000, 0xA000)]);
    check(&image, PLAIN, &[SAME, SAME, SAME], "");
}

#[test]
fn one_sector_that_differs_costs_itself_and_the_one_with_the_head() {
    let image = image(&[(0x0800_0000, 0xA000)]);
    check(
        &image,
        PLAIN,
        &[SAME, SAME, OTHER],
        "erase 0x8000000..0x8004000\nerase 0x8008000..0x800c000\n\
         write 0x8000800..0x8004000\nwrite 0x8008000..0x800a000\nhead 0x8000000..0x8000800\n",
    );
}

#[test]
fn blank_sectors_are_written_and_not_erased() {
    let image = image(&[(0x0800_0000, 0x4100)]);
    check(
        &image,
        PLAIN,
        &[BLANK, BLANK],
        "write 0x8000800..0x8004800\nhead 0x8000000..0x8000800\n",
    );
}

#[test]
fn blocks_are_filled_up_only_where_nothing_else_is() {
    let image = image(&[(0x0800_0000, 0x4100)]);
    let check = |address, expected| {
        let around = vec![ImageElement {
            address,
            data: vec![1],
        }];
        check_around(&image, PLAIN, &[BLANK, BLANK], around, expected);
    };
    check(
        0x0800_47FF,
        "write 0x8000800..0x8004100\nhead 0x8000000..0x8000800\n",
    );
    check(
        0x0800_4800,
        "write 0x8000800..0x8004800\nhead 0x8000000..0x8000800\n",
    );
}

#[test]
fn in_order_there_is_no_head() {
    let image = image(&[(0x0800_0000, 0x2000)]);
    let options = FlashOptions {
        in_order: true,
        ..PLAIN
    };
    check(
        &image,
        options,
        &[OTHER],
        "erase 0x8000000..0x8004000\nwrite 0x8000000..0x8002000\n",
    );
}

#[test]
fn every_sector_of_the_image_says_what_it_would_lose() {
    let image = image(&[(0x0800_1000, 0x3000), (0x0800_8000, 0x1000)]);
    with_steps(&image, PLAIN, &[BLANK, OTHER], |steps| {
        let memory = &mut steps.memories[0];
        let unseen = memory.unseen();
        let found: Vec<(u32, u64)> = unseen
            .iter()
            .map(|range| (range.address, range.end))
            .collect();
        assert_eq!(
            found,
            [(0x0800_0000, 0x0800_1000), (0x0800_9000, 0x0800_C000)]
        );
        let found = vec![
            ImageElement {
                address: 0x0800_0010,
                data: vec![1; 7],
            },
            ImageElement {
                address: 0x0800_9000,
                data: vec![2; 30],
            },
        ];
        memory.saw_beyond(found, 2048);
        let held: Vec<Option<u64>> = memory
            .sectors
            .iter()
            .map(|sector| sector.beyond.bytes())
            .collect();
        assert_eq!(held, [Some(7), Some(30)]);
        assert!(memory.unseen().is_empty());
        // Only the second is to be erased.
        assert_eq!(steps.lost_bytes(), Some(30));
        steps.again(|_, sector| sector.address == 0x0800_0000);
        assert_eq!(steps.lost_bytes(), Some(7));
    });
}

#[test]
fn what_is_kept_is_written_with_the_sector_that_is_erased_and_no_other() {
    let image = image(&[(0x0800_1000, 0x3000), (0x0800_8000, 0x1000)]);
    let options = FlashOptions {
        preserve: true,
        ..PLAIN
    };
    with_steps(&image, options, &[BLANK, OTHER], |steps| {
        let found = vec![
            ImageElement {
                address: 0x0800_0010,
                data: vec![1; 7],
            },
            ImageElement {
                address: 0x0800_A000,
                data: vec![2; 30],
            },
        ];
        steps.memories[0].saw_beyond(found, 2048);
        steps.arrange(2048);
        assert_eq!((steps.lost_bytes(), steps.preserved_bytes()), (Some(0), 30));
        assert_eq!(
            text(steps),
            "erase 0x8008000..0x800c000\nwrite 0x8001800..0x8004000\nwrite 0x8008000..0x8009000\n\
             write 0x800a000..0x800a800\nhead 0x8001000..0x8001800\n"
        );
        // All that was to be kept is checked in the end, in whatever sector.
        let checked = steps.memories[0].checked();
        assert!(checked.iter().any(|range| range.contains(0x0800_0010)));
        assert!(checked.iter().any(|range| range.contains(0x0800_A01D)));
    });
}

#[test]
fn what_is_done_again_takes_the_head_with_it() {
    let image = image(&[(0x0800_0000, 0xA000)]);
    with_steps(&image, PLAIN, &[SAME, OTHER, OTHER], |steps| {
        assert_eq!(steps.skipped_bytes(), 0);
        steps.again(|index, sector| index == 0 && sector.address == 0x0800_8000);
        steps.arrange(2048);
        assert_eq!(
            text(steps),
            "erase 0x8000000..0x8004000\nerase 0x8008000..0x800c000\n\
             write 0x8000800..0x8004000\nwrite 0x8008000..0x800a000\nhead 0x8000000..0x8000800\n"
        );
        assert_eq!(steps.written_bytes(), 0xA000);
    });
}

#[test]
fn what_was_written_is_expected_to_the_last_byte_and_elsewhere_the_image_counts() {
    let image = image(&[(0x0800_0000, 0x10), (0x0800_4000, 0x10)]);
    with_steps(&image, PLAIN, &[SAME, OTHER], |steps| {
        let memory = &steps.memories[0];
        let mut expected = [0; 0x20];
        // Both sectors are written: the second because it differs, the first because of the head.
        let named = memory.expected(0x0800_4000, &[7; 0x20], &mut expected);
        assert_eq!((named, expected[0xF], expected[0x10]), (0x10, 0x5A, 0xFF));
        let named = memory.expected(0x0800_2000, &[7; 0x20], &mut expected);
        assert_eq!((named, expected), (0, [7; 0x20]));
    });
}

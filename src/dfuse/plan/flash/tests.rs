use super::*;
use crate::address::joined;
use crate::image::{DFU, FileIds, ImageTarget};

const F405: &[&str] = &[
    "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
    "@Option Bytes  /0x1FFFC000/01*016 e",
    "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
    "@Device Feature/0xFFFF0000/01*004 e",
];
const F439: &[&str] =
    &["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"];
const G0B1: &[&str] = &["@Internal Flash   /0x08000000/64*02Kg"; 3];
const PARTICLE: &[&str] = &[
    "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
    "@DCT Flash   /0x00000000/01*016Kg",
];
const L072: &[&str] = &[
    "@Internal Flash  /0x08000000/1536*128g",
    "@DATA Memory /0x08080000/2*3Ke",
];

const OPTIONS: FlashOptions = FlashOptions::PLAIN;

fn target(alternate_setting: Option<u8>, elements: &[(u32, usize)]) -> ImageTarget {
    let elements = elements
        .iter()
        .map(|(address, length)| ImageElement {
            address: *address,
            data: vec![0x5A; *length],
        })
        .collect();
    ImageTarget {
        alternate_setting,
        name: None,
        elements,
    }
}

fn image(targets: Vec<ImageTarget>) -> Image {
    Image {
        format: &DFU,
        targets,
        ids: None,
        family: None,
        suspicion: None,
        warnings: Vec::new(),
    }
}

/// A plan in few words: erased sectors, written ranges (the last one is the head), start.
fn outline(image: &Image, strings: &[&str], options: FlashOptions) -> Result<String, PlanError> {
    let memories = Memory::of_strings(strings);
    let board = BoardFacts::of_st(&memories);
    let plan = plan_flash(image, board, options).map_err(NoPlan::reason)?;
    let mut text = String::new();
    let line = |word: &str, range: AddressRange| {
        format!("{word} {:#x}..{:#x}\n", range.address, range.end)
    };
    for memory in &plan.memories {
        text += &format!("alt {}\n", memory.region.alternate_setting);
        if let Erase::All(all) = &memory.erase {
            text += &format!("mass erase {} sectors\n", all.sectors.len());
        }
        let sectors = memory.region.sectors.iter().copied();
        let erasable = sectors.filter(|sector| sector.access.erasable);
        if memory.erase == Erase::Sectors {
            text.extend(
                joined(erasable.map(AddressRange::from))
                    .into_iter()
                    .map(|range| line("erase", range)),
            );
        }
        text.extend(memory.body.iter().map(|range| line("write", *range)));
        text.extend(memory.head.iter().map(|range| line("head", *range)));
    }
    text.extend(
        plan.start
            .map(|start| format!("start {:#x}\n", start.address)),
    );
    Ok(text)
}

fn check(image: &Image, strings: &[&str], expected: &str) {
    assert_eq!(outline(image, strings, OPTIONS).as_deref(), Ok(expected));
}

fn refused(image: &Image, strings: &[&str], options: FlashOptions) -> String {
    outline(image, strings, options)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn two_hundred_kib_at_the_64k_sector_of_an_f405_erase_that_sector_and_two_after_it() {
    check(
        &image(vec![target(None, &[(0x0801_0000, 200 * 1024)])]),
        F405,
        "alt 0\nerase 0x8010000..0x8060000\nwrite 0x8010800..0x8042000\nhead 0x8010000..0x8010800\nstart 0x8000000\n",
    );
}

#[test]
fn the_small_sectors_of_an_f439s_second_bank_are_found_by_address() {
    check(
        &image(vec![target(Some(0), &[(0x0810_4000, 100)])]),
        F439,
        "alt 0\nerase 0x8104000..0x8108000\nhead 0x8104000..0x8104080\nstart 0x8000000\n",
    );
}

#[test]
fn two_elements_in_one_program_unit_go_out_together_and_their_sector_is_erased_once() {
    check(
        &image(vec![target(
            None,
            &[(0x0800_0000, 0x401), (0x0800_0404, 0x203)],
        )]),
        F405,
        "alt 0\nerase 0x8000000..0x8004000\nhead 0x8000000..0x8000680\nstart 0x8000000\n",
    );
}

#[test]
fn a_gap_between_elements_is_neither_erased_nor_written() {
    check(
        &image(vec![target(None, &[(0x0800_0000, 16), (0x0800_8000, 40)])]),
        F405,
        "alt 0\nerase 0x8000000..0x8004000\nerase 0x8008000..0x800c000\nwrite 0x8008000..0x8008080\nhead 0x8000000..0x8000080\nstart 0x8000000\n",
    );
}

#[test]
fn memory_that_is_not_erasable_is_written_to_the_byte() {
    check(
        &image(vec![target(None, &[(0x0808_0001, 3)])]),
        L072,
        "alt 1\nwrite 0x8080001..0x8080004\n",
    );
}

#[test]
fn the_application_starts_at_the_images_own_vector_table() {
    let mut with_vectors = target(None, &[(0x0800_8000, 4096)]);
    with_vectors.elements[0].data[..8]
        .copy_from_slice(&[0x00, 0x00, 0x02, 0x20, 0x01, 0x81, 0x00, 0x08]);
    let started = |image: &Image, options| {
        outline(image, F405, options).map(|text| text.lines().last().map(str::to_owned))
    };
    let image = image(vec![with_vectors]);
    assert_eq!(
        started(&image, OPTIONS),
        Ok(Some("start 0x8008000".to_owned()))
    );
    let options = FlashOptions {
        entry: Some(0x0802_0000),
        ..OPTIONS
    };
    assert_eq!(
        started(&image, options),
        Ok(Some("start 0x8020000".to_owned()))
    );
    let options = FlashOptions {
        entry: Some(0x2000_0000),
        ..OPTIONS
    };
    assert!(started(&image, options).is_err());
    let options = FlashOptions {
        start: false,
        ..OPTIONS
    };
    assert_eq!(
        started(&image, options),
        Ok(Some("head 0x8008000..0x8008800".to_owned()))
    );
}

#[test]
fn only_writing_main_flash_starts_the_application() {
    check(
        &image(vec![target(Some(1), &[(0x0000_0100, 64)])]),
        PARTICLE,
        "alt 1\nerase 0x0..0x4000\nwrite 0x100..0x180\n",
    );
}

#[test]
fn a_mass_erase_covers_all_that_can_be_erased_and_is_looked_at() {
    let options = FlashOptions {
        mass_erase: true,
        ..OPTIONS
    };
    let expected = "alt 0\nmass erase 12 sectors\nhead 0x8000000..0x8000080\nstart 0x8000000\n";
    let image = image(vec![target(None, &[(0x0800_0000, 64)])]);
    assert_eq!(outline(&image, F405, options).as_deref(), Ok(expected));
}

#[test]
fn what_the_board_cannot_read_back_is_not_verified() {
    let memories = Memory::of_strings(F405);
    let image = image(vec![target(None, &[(0x0800_0000, 5000)])]);
    let verified = |can_upload, options| {
        let board = BoardFacts {
            can_upload,
            ..BoardFacts::of_st(&memories)
        };
        plan_flash(&image, board, options).expect("fits").memories[0].check == Check::ReadBack
    };
    assert!(verified(true, OPTIONS));
    assert!(!verified(false, OPTIONS));
    assert!(!verified(
        true,
        FlashOptions {
            verify: false,
            ..OPTIONS
        }
    ));
}

#[test]
fn bytes_outside_of_the_layout_are_refused() {
    let check = |address, length, outside: &str| {
        let image = image(vec![target(Some(0), &[(address, length)])]);
        let message = refused(&image, F405, OPTIONS);
        assert!(
            message.starts_with(&format!("{outside} is outside of alternate setting 0")),
            "{message}"
        );
    };
    check(0x2000_0000, 16, "0x20000000");
    check(0x07FF_FFF0, 32, "0x07fffff0");
    check(0xFFFF_FFF0, 16, "0xfffffff0");
    let image = image(vec![target(Some(0), &[(0x080F_FFF0, 32)])]);
    assert_eq!(
        refused(&image, F405, OPTIONS),
        "the image ends at 0x08100010, but this board's flash ends at 0x08100000"
    );
}

#[test]
fn only_what_hangs_on_memories_that_nobody_has_read_has_to_wait_for_them() {
    let known = &Memory::of_strings(PARTICLE)[..1];
    let board = BoardFacts {
        has_more_memories: true,
        ..BoardFacts::of_st(known)
    };
    let planned = |targets, options| match plan_flash(&image(targets), board, options) {
        Ok(_) => "fits".to_owned(),
        Err(NoPlan::NeedsMoreMemories) => "needs more memories".to_owned(),
        Err(NoPlan::Refused(error)) => error.to_string(),
    };
    let fitting = FlashOptions {
        only_fitting: true,
        ..OPTIONS
    };
    let chosen = FlashOptions {
        alternate_setting: Some(2),
        ..OPTIONS
    };
    let needs_more = "needs more memories";
    let (here, there) = ((0x0800_C000, 16), (0x0000_0100, 16));
    assert_eq!(planned(vec![target(None, &[here])], OPTIONS), "fits");
    assert_eq!(planned(vec![target(Some(0), &[here])], fitting), "fits");
    for targets in [
        vec![target(None, &[there])],
        vec![target(None, &[here, there])],
        vec![target(Some(0), &[here, there])],
        vec![target(Some(0), &[here]), target(Some(1), &[there])],
        // It may go on in another memory.
        vec![target(None, &[(0x080F_0000, 16), (0x0810_0000, 16)])],
    ] {
        assert_eq!(planned(targets.clone(), OPTIONS), needs_more);
        assert_eq!(planned(targets, fitting), needs_more);
    }
    assert_eq!(planned(vec![target(None, &[here])], chosen), needs_more);
    // No other memory would change anything about these.
    let too_large = planned(vec![target(None, &[(0x080F_FFF0, 32)])], OPTIONS);
    assert!(too_large.starts_with("the image ends at 0x08100010"));
    let read_only = planned(vec![target(None, &[(0x0800_0000, 16)])], OPTIONS);
    assert!(read_only.contains("can't be written"), "{read_only}");
    let absent = planned(vec![target(Some(0), &[here])], chosen);
    assert!(absent.starts_with("the file has nothing for alternate setting 2"));
}

#[test]
fn a_read_only_sector_is_refused() {
    let image = image(vec![target(None, &[(0x0800_0000, 16)])]);
    let message = refused(&image, PARTICLE, OPTIONS);
    assert!(
        message.starts_with("the sector at 0x08000000 can't be written"),
        "{message}"
    );
    // Wherever in it the data begins.
    let image = self::image(vec![target(None, &[(0x0800_0010, 16)])]);
    assert_eq!(refused(&image, PARTICLE, OPTIONS), message);
}

#[test]
fn an_alternate_setting_that_the_board_lacks_is_refused() {
    let image = image(vec![
        target(Some(0), &[(0x0800_0000, 16)]),
        target(Some(4), &[(0, 16)]),
    ]);
    assert_eq!(
        refused(&image, F405, OPTIONS),
        "the board has no alternate setting 4; it has 0, 1, 2, 3"
    );
}

#[test]
fn option_bytes_and_the_like_are_written_only_when_named() {
    for (number, address, length) in [
        (1, 0x1FFF_C000, 16),
        (2, 0x1FFF_7800, 4),
        (3, 0xFFFF_0000, 4),
    ] {
        let image = image(vec![target(Some(number), &[(address, length)])]);
        assert!(refused(&image, F405, OPTIONS).contains(&format!("alternate setting {number}")));
        let options = FlashOptions {
            alternate_setting: Some(number),
            ..OPTIONS
        };
        assert!(outline(&image, F405, options).is_ok(), "{number}");
    }
    // Without a target number, the address alone must not lead there either.
    let image = image(vec![target(None, &[(0x1FFF_C000, 4)])]);
    assert!(refused(&image, F405, OPTIONS).contains("alternate setting 1"));
}

#[test]
fn choosing_a_memory_leaves_the_files_other_targets_alone() {
    let image = image(vec![
        target(Some(1), &[(0x100, 64)]),
        target(Some(0), &[(0x0800_C000, 32)]),
    ]);
    let options = FlashOptions {
        alternate_setting: Some(0),
        ..OPTIONS
    };
    let expected =
        "alt 0\nerase 0x800c000..0x8010000\nhead 0x800c000..0x800c080\nstart 0x8000000\n";
    assert_eq!(outline(&image, PARTICLE, options).as_deref(), Ok(expected));
    let options = FlashOptions {
        alternate_setting: Some(2),
        ..OPTIONS
    };
    assert_eq!(
        refused(&image, PARTICLE, options),
        "the file has nothing for alternate setting 2; it has data for 1, 0"
    );
}

#[test]
fn one_memory_behind_two_settings_is_never_erased_under_the_first() {
    let shared = image(vec![
        target(Some(0), &[(0x0800_0000, 16)]),
        target(Some(2), &[(0x0800_0400, 16)]),
    ]);
    assert!(refused(&shared, G0B1, OPTIONS).contains("both need the sector at 0x08000000"));
    let apart = image(vec![
        target(Some(0), &[(0x0800_0000, 16)]),
        target(Some(2), &[(0x0800_0800, 16)]),
    ]);
    assert!(outline(&apart, G0B1, OPTIONS).is_ok());
}

#[test]
fn a_file_for_another_device_is_refused_unless_ids_are_passed_over() {
    let ids = FileIds {
        vendor_id: 0x28E9,
        product_id: 0x0189,
        device_release: 0xFFFF,
    };
    let other = Image {
        ids: Some(ids),
        ..image(vec![target(Some(0), &[(0x0800_0000, 16)])])
    };
    assert_eq!(
        refused(&other, F405, OPTIONS),
        "the file is for a device with ids 28e9:0189, this board has 0483:df11"
    );
    assert!(
        outline(
            &other,
            F405,
            FlashOptions {
                any_id: true,
                ..OPTIONS
            }
        )
        .is_ok()
    );
    let any = FileIds {
        vendor_id: 0xFFFF,
        product_id: 0xFFFF,
        device_release: 0xFFFF,
    };
    assert!(
        outline(
            &Image {
                ids: Some(any),
                ..other
            },
            F405,
            OPTIONS
        )
        .is_ok()
    );
}

//! The heads of real firmware, and what can't be one.

use super::*;

/// Bytes at an address.
struct ImageElement {
    address: u32,
    data: Vec<u8>,
}

fn parts<'b>(elements: &[&'b ImageElement]) -> Vec<Part<'b>> {
    let part = |element: &&'b ImageElement| Part {
        address: element.address,
        data: &element.data,
    };
    elements.iter().map(part).collect()
}

/// An image of 4 KiB that begins with these two words.
fn image(address: u32, stack_pointer: u32, reset: u32) -> ImageElement {
    let mut data = stack_pointer.to_le_bytes().to_vec();
    data.extend(reset.to_le_bytes());
    data.resize(4 << 10, 0x5A);
    ImageElement { address, data }
}

fn fault(elements: &[&ImageElement], entry: Option<u32>) -> Option<String> {
    find_fault(&parts(elements), entry).map(|fault| fault.to_string())
}

#[track_caller]
fn check(address: u32, words: [u32; 2], expected: Option<&str>) {
    let image = image(address, words[0], words[1]);
    assert_eq!(fault(&[&image], None).as_deref(), expected);
    // Where it looks like none, it is not where the application is started, either.
    assert!(expected.is_none() || !is_sound(&parts(&[&image]), address));
}

fn linked_for(link: u32, length: usize, placed: u32, reset: u32) -> Option<LinkedElsewhere> {
    let mut data = 0x2002_0000_u32.to_le_bytes().to_vec();
    data.extend((reset | 1).to_le_bytes());
    // Pointers to all over the image, as literal pools have them.
    let size = u32::try_from(length).expect("small");
    data.extend((0..size / 64).flat_map(|index| (link + 64 * index).to_le_bytes()));
    data.resize(length, 0xFF);
    let element = ImageElement {
        address: placed,
        data,
    };
    let borders = (0..64).map(|page| 0x0800_0000 + 0x4000 * page);
    linked_elsewhere(&parts(&[&element]), placed, borders)
}

#[test]
fn where_an_image_was_linked_for_is_told_by_its_pointers() {
    for length in [0x2000, 0x9000, 0x2_0000] {
        for offset in [0x100, 0x1F00, length as u32 - 2] {
            let link = 0x0800_8000;
            let found = linked_for(link, length, 0x0800_0000, link + offset);
            // Where the old place has the reset vector too, nobody can tell.
            let is_inside = 0x8000 + offset < length as u32;
            let guess = found.map(|found| found.guess);
            assert_eq!(
                guess,
                (!is_inside).then_some(Some(link)),
                "{length:#x} {offset:#x}"
            );
        }
    }
    assert_eq!(
        linked_for(0x0800_8000, 0x2000, 0x0800_8000, 0x0800_8100),
        None
    );
}

#[test]
fn another_file_may_have_the_code() {
    let table = image(0x0800_0000, 0x2002_0000, 0x0802_0101);
    let code = ImageElement {
        address: 0x0802_0000,
        data: vec![0; 0x1000],
    };
    let found = |elements: &[&ImageElement]| {
        linked_elsewhere(&parts(elements), 0x0800_0000, [0x0800_0000].into_iter())
    };
    assert!(found(&[&table]).is_some());
    assert_eq!(found(&[&table, &code]), None);
}

#[test]
fn the_heads_of_real_firmware_are_sound() {
    let check = |words: [u32; 2]| check(0x0800_0000, words, None);
    // tests/data/blinky.bin.
    check([0x2002_0000, 0x0800_01C1]);
    // What ST's linker scripts of an F407 had for the end of its RAM.
    check([0x2001_FFFF, 0x0800_01C1]);
    // In F4's CCM, G4's, H7's AXI SRAM and SRAM1; at the end of each and below.
    check([0x1001_0000, 0x0800_01C1]);
    check([0x1000_8000, 0x0800_01C1]);
    check([0x2408_0000, 0x0800_01C1]);
    check([0x3004_8000, 0x0800_01C1]);
    // flip-link puts the stack below everything else.
    check([0x2000_0400, 0x0800_01C1]);
    // A U5 with 3008K.
    check([0x202F_0000, 0x0800_01C1]);
    // Linked for where the core boots from, for an F7's ITCM, for flash behind TrustZone.
    check([0x2002_0000, 0x0000_01C1]);
    check([0x2002_0000, 0x0020_01C1]);
    check([0x2002_0000, 0x0C00_01C1]);
    // Its last instruction.
    check([0x2002_0000, 0x0800_0FFF]);
}

#[test]
fn a_stack_that_is_not_in_ram_is_told() {
    for found in [
        0x0000_0000,
        0x0800_0000,
        0x1001_0004,
        0x2000_0000,
        0x2030_0004,
        0x4000_0000,
        0xFFFF_FFFF,
    ] {
        check(
            0x0800_0000,
            [found, 0x0800_01C1],
            Some(&format!(
                "nothing can start from the vector table at 0x08000000: \
                 the initial stack pointer is {found:#010x}, expected an address in RAM"
            )),
        );
    }
}

#[test]
fn a_reset_vector_that_is_even_or_elsewhere_is_told() {
    check(
        0x0800_0000,
        [0x2002_0000, 0x0800_01C0],
        Some(
            "nothing can start from the vector table at 0x08000000: \
             the reset vector is 0x080001c0, expected an odd address",
        ),
    );
    for found in [0x0800_1001, 0x0000_1001, 0x0800_41C1, 0x2000_0001] {
        check(
            0x0800_0000,
            [0x2002_0000, found],
            Some(&format!(
                "nothing can start from the vector table at 0x08000000: \
                 the reset vector is {found:#010x}, expected an address in the file, 0x08000000..0x08001000"
            )),
        );
    }
}

#[test]
fn both_are_told_in_one_sentence() {
    check(
        0x0800_0000,
        [0xFFFF_FFFF, 0xFFFF_FFFF],
        Some(
            "nothing can start from the vector table at 0x08000000: \
             the initial stack pointer is 0xffffffff, expected an address in RAM; \
             the reset vector is 0xffffffff, expected an address in the file, 0x08000000..0x08001000",
        ),
    );
}

/// The commonest mistake there is: another `--address` than the linker had.
#[test]
fn an_application_that_is_linked_for_another_address_is_told_wherever_it_goes() {
    check(
        0x0800_8000,
        [0x2002_0000, 0x0800_01C1],
        Some(
            "nothing can start from the vector table at 0x08008000: \
             the reset vector is 0x080001c1, expected an address in the file, 0x08008000..0x08009000",
        ),
    );
    check(0x0800_8000, [0x2002_0000, 0x0800_81C1], None);
}

#[test]
fn where_no_vector_table_has_to_be_none_is_looked_for() {
    let check = |address, words| check(address, words, None);
    // MCUboot's header, in front of an application.
    check(0x0802_0000, [0x96F3_B83D, 0]);
    // Data in the middle of flash, and in a QSPI flash.
    check(0x0804_0000, [0xFFFF_FFFF, 0xFFFF_FFFF]);
    check(0x9000_0000, [0xFFFF_FFFF, 0xFFFF_FFFF]);
    // An application that a bootloader copies from QSPI flash into RAM.
    check(0x9000_0000, [0x2408_0000, 0x2401_0401]);
    // A patch of a word.
    let patch = ImageElement {
        address: 0x0800_0000,
        data: vec![0xFF; 4],
    };
    assert_eq!(fault(&[&patch], None), None);
    assert_eq!(fault(&[], None), None);
}

#[test]
fn the_code_may_be_in_another_element_than_the_table() {
    let vectors = image(0x0800_0000, 0x2002_0000, 0x0802_0101);
    let code = image(0x0802_0000, 0, 0);
    assert_eq!(fault(&[&vectors, &code], None), None);
    assert!(fault(&[&vectors], None).is_some());
}

#[test]
fn a_vector_table_is_expected_where_the_application_is_to_be_started() {
    let bootloader = image(0x0800_0000, 0x2002_0000, 0x0800_0101);
    let application = image(0x0800_8000, 0xFFFF_FFFF, 0x0800_8101);
    let both = [&bootloader, &application];
    assert_eq!(fault(&both, None), None);
    assert_eq!(
        fault(&both, Some(0x0800_8000)).as_deref(),
        Some(
            "nothing can start from the vector table at 0x08008000: \
             the initial stack pointer is 0xffffffff, expected an address in RAM"
        )
    );
    // It is in flash already, perhaps.
    assert_eq!(fault(&both, Some(0x0801_0000)), None);
}

//! Files as linkers make them, and each rule broken alone.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{ELF, parse};
use crate::image::tests::pieces_of;

/// Where the program headers stand.
const PROGRAM_HEADERS: u32 = 52;

/// `p_offset`, `p_vaddr`, `p_paddr`, `p_filesz`, `p_memsz` of a loadable segment.
type Segment = [u32; 5];
/// `sh_type`, `sh_flags`, `sh_offset`, `sh_size` of a section.
type Section = [u32; 4];

const PROGBITS: u32 = 1;
const NOBITS: u32 = 8;
const ALLOC: u32 = 2;

/// A 32-bit little-endian executable for Arm: file header, program headers, contents, section headers.
fn file(segments: &[Segment], contents: &[u8], sections: &[Section]) -> Vec<u8> {
    let at_sections = at_contents(segments.len()) + contents.len() as u32;
    let mut bytes = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |bytes: &mut Vec<u8>, value: usize| bytes.extend((value as u16).to_le_bytes());
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
    half(&mut bytes, 2); // e_type: ET_EXEC
    half(&mut bytes, 40); // e_machine: EM_ARM
    word(&mut bytes, 1); // e_version
    word(&mut bytes, 0x0800_0001); // e_entry
    word(&mut bytes, PROGRAM_HEADERS); // e_phoff
    word(
        &mut bytes,
        if sections.is_empty() { 0 } else { at_sections },
    ); // e_shoff
    word(&mut bytes, 0x0500_0200); // e_flags
    half(&mut bytes, 52); // e_ehsize
    half(&mut bytes, 32); // e_phentsize
    half(&mut bytes, segments.len()); // e_phnum
    half(&mut bytes, 40); // e_shentsize
    half(&mut bytes, sections.len()); // e_shnum
    half(&mut bytes, 0); // e_shstrndx
    for [
        offset,
        virtual_address,
        physical_address,
        in_file,
        in_memory,
    ] in segments
    {
        for field in [
            1, // PT_LOAD
            *offset,
            *virtual_address,
            *physical_address,
            *in_file,
            *in_memory,
            5, // PF_R, PF_X
            4, // p_align
        ] {
            word(&mut bytes, field);
        }
    }
    bytes.extend(contents);
    for [kind, flags, offset, size] in sections {
        for field in [0, *kind, *flags, 0, *offset, *size, 0, 0, 4, 0] {
            word(&mut bytes, field);
        }
    }
    bytes
}

/// Where the contents of a file with so many segments stand.
fn at_contents(segments: usize) -> u32 {
    PROGRAM_HEADERS + 32 * segments as u32
}

#[track_caller]
fn check(bytes: &[u8], expected: &[(u32, &[u8])]) {
    let image = parse(bytes).expect("nothing to refuse");
    assert_eq!(image.format, &ELF);
    assert_eq!(image.targets.len(), 1);
    assert_eq!(image.targets[0].alternate_setting, None);
    assert_eq!(pieces_of(&image.targets[0]), expected);
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let error = parse(bytes).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

/// A good file with other bytes from an offset on.
fn changed(offset: usize, replacement: &[u8]) -> Vec<u8> {
    let mut bytes = file(&[[84, 0x0800_0000, 0x0800_0000, 4, 4]], b"code", &[]);
    bytes[offset..offset + replacement.len()].copy_from_slice(replacement);
    bytes
}

#[test]
fn segments_go_to_their_physical_addresses() {
    let start = at_contents(3);
    let bytes = file(
        &[
            [start, 0x0800_0000, 0x0800_0000, 4, 4],
            // Initialised data: in RAM at run time, after the code in flash.
            [start + 4, 0x2000_0000, 0x0800_0004, 3, 3],
            // Variables that are cleared.
            [start + 7, 0x2000_0004, 0x0800_0007, 0, 0x400],
        ],
        b"codedat",
        &[],
    );
    check(&bytes, &[(0x0800_0000, b"codedat")]);
}

/// What is linked to run from RAM is for the plan to refuse, which knows the board's memories.
#[test]
fn a_segment_in_ram_is_an_element_like_others() {
    let start = at_contents(2);
    let bytes = file(
        &[
            [start, 0x0800_0000, 0x0800_0000, 4, 4],
            [start + 4, 0x2000_0000, 0x2000_0000, 3, 3],
        ],
        b"coderam",
        &[],
    );
    check(&bytes, &[(0x0800_0000, b"code"), (0x2000_0000, b"ram")]);
}

/// An application after a bootloader, as GNU ld lays it out when a page begins before it: its first segment begins with
/// the file's own headers, at an address that belongs to the bootloader.
#[test]
fn headers_in_a_segment_are_not_part_of_the_program() {
    let start = at_contents(1);
    let gap = 16;
    let contents = [&[0; 16][..], b"code", &[0; 4], b"more"].concat();
    let at_code = start + gap;
    let length = start + contents.len() as u32;
    let sections = [
        [0, 0, 0, 0],
        [PROGBITS, ALLOC, at_code + 8, 4],
        [PROGBITS, ALLOC, at_code, 4],
        [NOBITS, ALLOC, 0, 0x1000],
        [PROGBITS, 0, 0, 20],
    ];
    let bytes = file(
        &[[0, 0x0800_0000, 0x0800_0000, length, length]],
        &contents,
        &sections,
    );
    check(
        &bytes,
        &[
            (0x0800_0000 + at_code, b"code"),
            (0x0800_0008 + at_code, b"more"),
        ],
    );
}

/// GNU ld again, where the page with the headers lies before the one with the program.
#[test]
fn a_segment_of_nothing_but_headers_is_not_part_of_the_program() {
    let start = at_contents(2);
    let segments = [
        [0, 0x07FF_0000, 0x07FF_0000, start, start],
        [start, 0x0800_2000, 0x0800_2000, 4, 4],
    ];
    let sections = [[PROGBITS, ALLOC, start, 4]];
    check(
        &file(&segments, b"code", &sections),
        &[(0x0800_2000, b"code")],
    );
}

/// `llvm-objcopy -R` leaves the segment of a section that it takes away.
#[test]
fn a_segment_without_sections_is_left_out_where_others_have_some() {
    let start = at_contents(2);
    let bytes = file(
        &[
            [start, 0x0800_0000, 0x0800_0000, 4, 4],
            [start + 4, 0x0801_0000, 0x0801_0000, 4, 4],
        ],
        b"codemore",
        &[[PROGBITS, ALLOC, start + 4, 2]],
    );
    check(&bytes, &[(0x0801_0000, b"mo")]);
    // Nothing but names of sections, say.
    let segment = [start, 0x0800_0000, 0x0800_0000, 4, 4];
    check_refused(
        &file(&[segment], b"codemore", &[[PROGBITS, 0, start + 4, 2]]),
        "the file has no bytes to write",
    );
    // A file without any section: nothing tells headers from a program.
    for sections in [&[][..], &[[0; 4]]] {
        let bytes = file(&[[0, 0x0800_0000, 0x0800_0000, 88, 88]], b"code", sections);
        check(&bytes, &[(0x0800_0000, &bytes[..88])]);
    }
}

#[test]
fn what_no_stm32_can_run_is_refused_by_its_name() {
    let machine = |low, name: &str| {
        check_refused(
            &changed(18, &[low, 0]),
            &format!(
                "offset 0x00000012: expected a program for Arm or RISC-V (e_machine), found one for {name}"
            ),
        );
    };
    machine(62, "x86-64 (machine 62)");
    machine(94, "Xtensa (machine 94)");
    machine(183, "64-bit Arm (AArch64) (machine 183)");
    machine(2, "machine 2");
    check(&changed(18, &[243, 0]), &[(0x0800_0000, b"code")]);
    check_refused(
        &changed(4, &[2]),
        "offset 0x00000004: expected a 32-bit file (EI_CLASS 1), found a 64-bit one",
    );
    check_refused(
        &changed(5, &[3]),
        "offset 0x00000005: expected a little-endian file (EI_DATA 1), found EI_DATA 3",
    );
    let mut big_endian = changed(18, &[0, 40]);
    big_endian[5] = 2;
    check_refused(
        &big_endian,
        "offset 0x00000005: expected a little-endian file (EI_DATA 1), found a big-endian one",
    );
    let file_type = |low, name: &str| {
        check_refused(
            &changed(16, &[low, 0]),
            &format!("offset 0x00000010: expected a linked program (e_type 2), found {name}"),
        );
    };
    file_type(1, "an object file, which is not linked (1)");
    file_type(4, "a core dump (4)");
    file_type(0, "0");
}

#[test]
fn what_is_damaged_is_told_with_its_offset() {
    check_refused(
        &changed(0, &[])[..51],
        "offset 0x00000033: expected an ELF header of 52 bytes, found the end of the file",
    );
    check_refused(
        &changed(6, &[2]),
        "offset 0x00000006: expected ELF version 1 (EI_VERSION), found 2",
    );
    check_refused(
        &changed(44, &[9, 0]),
        "offset 0x0000001c: expected program headers of 32 bytes inside the file, found 9 of 32 bytes at offset 0x00000034",
    );
    check_refused(
        &changed(
            32,
            &[80, 0, 0, 0, 0, 2, 0, 5, 52, 0, 32, 0, 1, 0, 40, 0, 1, 0],
        ),
        "offset 0x00000020: expected section headers of 40 bytes inside the file, found 1 of 40 bytes at offset 0x00000050",
    );
    // p_offset
    check_refused(
        &changed(56, &[85]),
        "offset 0x00000038: expected a segment inside the file, which has 88 bytes (p_offset, p_filesz), found 4 bytes at offset 0x00000055",
    );
    check_refused(
        &changed(68, &[0xFF; 4]),
        "offset 0x00000038: expected a segment inside the file, which has 88 bytes (p_offset, p_filesz), found 4294967295 bytes at offset 0x00000054",
    );
    // p_type
    check_refused(&changed(52, &[0]), "the file has no bytes to write");
    // p_paddr
    check_refused(
        &changed(64, &[0xFE, 0xFF, 0xFF, 0xFF]),
        "offset 0x00000034: expected data that ends at or below 0xffffffff, found 0xfffffffe..0x100000002",
    );
}

#[test]
fn segments_that_share_bytes_or_addresses_are_refused() {
    let start = at_contents(2);
    let both = |second: Segment| {
        let first = [start, 0x0800_0000, 0x0800_0000, 4, 4];
        file(&[first, second], b"codedata", &[])
    };
    check_refused(
        &both([start + 3, 0x0801_0000, 0x0801_0000, 4, 4]),
        "offset 0x00000058: expected a segment after 0x00000078, the end of another (p_offset), found one at 0x00000077",
    );
    check_refused(
        &both([start + 4, 0x0800_0002, 0x0800_0002, 4, 4]),
        "offset 0x00000054: expected elements that don't overlap, found 0x08000002..0x08000006 over 0x08000000..0x08000004 (at offset 0x00000034)",
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let start = at_contents(1);
    let bytes = file(
        &[[start, 0x0800_0000, 0x0800_0000, 4, 4]],
        b"code",
        &[[PROGBITS, ALLOC, start, 4]],
    );
    check(&bytes, &[(0x0800_0000, b"code")]);
    for length in 0..bytes.len() {
        assert!(parse(&bytes[..length]).is_err(), "{length}");
    }
}

/// Each segment looked for in all sections would be billions of steps, and minutes.
#[test]
fn as_many_segments_and_sections_as_there_can_be_are_sorted_not_searched() {
    let count = 60_000;
    let start = at_contents(count);
    let numbered = || 0..count as u32;
    let segments: Vec<Segment> = numbered()
        .map(|index| {
            let address = 0x0800_0000 + index * 2;
            [start + index, address, address, 1, 1]
        })
        .collect();
    let sections: Vec<Section> = numbered()
        .rev()
        .map(|index| [PROGBITS, ALLOC, start + index, 1])
        .collect();
    let bytes = file(&segments, &vec![0x5A; count], &sections);
    let image = parse(&bytes).expect("nothing to refuse");
    assert_eq!(image.targets[0].elements.len(), count);
}

#[test]
fn more_sections_than_any_program_has_are_refused() {
    let start = at_contents(1);
    let mut bytes = file(
        &[[start, 0x0800_0000, 0x0800_0000, 4, 4]],
        b"code",
        &[[PROGBITS, ALLOC, start, 4]],
    );
    // With e_shnum 0, the first section's size is the number of them.
    let at_sections = bytes.len() - 40;
    bytes[48..50].fill(0);
    bytes[at_sections + 20..at_sections + 24].copy_from_slice(&131_073_u32.to_le_bytes());
    bytes.resize(at_sections + 131_073 * 40, 0);
    check_refused(
        &bytes,
        "offset 0x00000020: expected at most 131072 section headers, found 131073",
    );
}

proptest! {
    /// Fields that are anything, in a frame that is right.
    #[test]
    fn no_headers_panic(
        segments in vec((0..200_u32, any::<u32>(), 0..100_u32), 0..4),
        sections in vec((0..9_u32, 0..4_u32, 0..200_u32, any::<u32>()), 0..5),
        contents in vec(any::<u8>(), 0..100),
    ) {
        let segments: Vec<Segment> = segments
            .into_iter()
            .map(|(offset, address, size)| [offset, 0x2000_0000, address, size, size])
            .collect();
        let sections: Vec<Section> = sections
            .into_iter()
            .map(|(kind, flags, offset, size)| [kind, flags, offset, size])
            .collect();
        if let Ok(image) = parse(&file(&segments, &contents, &sections)) {
            crate::image::tests::assert_in_order(&image);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..160), offset in 16..52_usize) {
        let _ = parse(&bytes);
        let mut file = changed(0, &[]);
        let end = file.len().min(offset + bytes.len());
        file[offset..end].copy_from_slice(&bytes[..end - offset]);
        let _ = parse(&file);
    }
}

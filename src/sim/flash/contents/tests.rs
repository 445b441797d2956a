//! What erasing and programming do to what is in a memory, and to its file.

use super::super::memories::Memories;
use super::*;
use crate::sim::board;

fn memories(name: &str) -> Memories {
    let board = board::find(name).expect("known board");
    Memories::blank(board, &Quirks::new(board.quirks), board.serial)
}

#[test]
fn every_board_s_layouts_are_sound_and_have_a_time_for_each_sector_size() {
    for board in board::BOARDS.iter() {
        let mut memories = Memories::blank(board, &Quirks::new(board.quirks), board.serial);
        for alternate_setting in (0u8..).take(board.memories.len()) {
            let memory = memories
                .get_mut(alternate_setting)
                .expect("one for each alternate setting");
            let erasable = memory.layout.sectors().any(|sector| sector.access.erasable);
            assert_eq!(memory.erase_all().is_ok(), erasable, "{}", board.name);
            assert_eq!(
                matches!(memory.cells, Cells::Nor(_)),
                erasable,
                "{} {alternate_setting}",
                board.name
            );
        }
        assert!(memories.get(u8::MAX).is_none());
    }
}

#[test]
fn programming_an_f405_only_clears_bits() {
    let mut memories = memories("f405");
    let flash = memories.get_mut(0).expect("flash");
    flash.program(0x0800_0001, &[0xF0]).expect("writable");
    flash.program(0x0800_0001, &[0x3C, 0x55]).expect("writable");
    assert_eq!(
        flash.read(0x0800_0000, 4).expect("readable"),
        [0xFF, 0x30, 0x55, 0xFF]
    );
}

#[test]
fn erasing_takes_the_whole_sector_of_the_address_and_no_other() {
    let mut memories = memories("f405");
    let flash = memories.get_mut(0).expect("flash");
    for address in [0x0800_FFFF, 0x0801_0000, 0x0801_FFFF, 0x0802_0000] {
        flash.program(address, &[0]).expect("writable");
    }
    assert_eq!(
        flash.erase_sector(0x0801_2345),
        Ok(Duration::from_millis(550))
    );
    let check = |address, expected: u8| {
        assert_eq!(flash.read(address, 1).expect("readable"), [expected]);
    };
    check(0x0800_FFFF, 0x00);
    check(0x0801_0000, 0xFF);
    check(0x0801_FFFF, 0xFF);
    check(0x0802_0000, 0x00);
}

#[test]
fn erased_flash_of_an_l072_is_zero_and_programming_sets_bits_once() {
    let mut memories = memories("l072");
    let flash = memories.get_mut(0).expect("flash");
    assert_eq!(flash.read(0x0800_0000, 2).expect("readable"), [0, 0]);
    flash.program(0x0800_0000, &[0x12, 0x34]).expect("writable");
    assert_eq!(flash.program(0x0800_0004, &[0x56]), Err(DfuStatus::ErrProg));
    flash
        .program(0x0800_0040, &[0x56])
        .expect("the next half-page");
    assert_eq!(
        flash.read(0x0800_0000, 5).expect("readable"),
        [0x12, 0x34, 0, 0, 0]
    );
    flash.erase_sector(0x0800_007F).expect("erasable");
    assert_eq!(flash.read(0x0800_0040, 1).expect("readable"), [0]);
}

#[test]
fn families_that_check_refuse_to_program_what_is_not_blank_except_with_zeros() {
    for (name, unit) in [("f072", 2), ("l476", 8), ("g474", 8), ("u575", 16)] {
        let mut memories = memories(name);
        let flash = memories.get_mut(0).expect("flash");
        let at = |index: u32| 0x0800_0000 + index * unit;
        flash
            .program(at(1), &vec![0x5A; unit as usize])
            .expect("blank");
        assert_eq!(
            flash.program(at(0), &vec![0x42; 2 * unit as usize]),
            Err(DfuStatus::ErrProg),
            "{name}"
        );
        assert_eq!(flash.read(at(0), 1).expect("readable"), [0x42], "{name}");
        assert_eq!(flash.read(at(1), 1).expect("readable"), [0x5A], "{name}");
        flash
            .program(at(1), &vec![0x00; unit as usize])
            .expect("zeros");
        assert_eq!(flash.read(at(1), 1).expect("readable"), [0x00], "{name}");
    }
}

#[test]
fn an_h743_programs_over_what_is_there_without_an_error() {
    let mut memories = memories("h743");
    let flash = memories.get_mut(0).expect("flash");
    flash.program(0x0800_0000, &[0x0F; 32]).expect("blank");
    flash.program(0x0800_0000, &[0x3C; 32]).expect("no flag");
    assert_eq!(flash.read(0x0800_0000, 1).expect("readable"), [0x0C]);
}

#[test]
fn one_time_memory_only_clears_bits_and_cannot_be_erased() {
    let mut memories = memories("f405");
    let one_time = memories.get_mut(2).expect("OTP");
    one_time.program(0x1FFF_7800, &[0xF0]).expect("writable");
    one_time.program(0x1FFF_7800, &[0x0F]).expect("writable");
    assert_eq!(one_time.read(0x1FFF_7800, 1).expect("readable"), [0x00]);
    assert_eq!(
        one_time.erase_sector(0x1FFF_7800),
        Err(DfuStatus::ErrTarget)
    );
    assert_eq!(one_time.erase_all(), Err(DfuStatus::ErrTarget));
}

#[test]
fn eeprom_and_option_bytes_are_overwritten() {
    let mut memories = memories("l072");
    for (alternate_setting, address) in [(1, 0x1FF8_0000), (2, 0x0808_0000)] {
        let memory = memories.get_mut(alternate_setting).expect("memory");
        memory.program(address, &[0x00]).expect("writable");
        memory.program(address, &[0xA5]).expect("writable");
        assert_eq!(memory.read(address, 1).expect("readable"), [0xA5]);
    }
}

#[test]
fn what_lies_outside_or_is_read_only_is_not_written() {
    let mut memories = memories("f103");
    let flash = memories.get_mut(0).expect("flash");
    for (address, length) in [
        (0x0800_0000, 1),
        (0x0800_2FFF, 2),
        (0x0801_FFFF, 2),
        (0x0802_0000, 1),
        (0x07FF_FFFF, 2),
        (0xFFFF_FFFF, 2),
    ] {
        assert_eq!(
            flash.program(address, &vec![0; length]),
            Err(DfuStatus::ErrTarget),
            "{address:#010x}"
        );
    }
    assert_eq!(flash.erase_sector(0x0800_0000), Err(DfuStatus::ErrTarget));
    assert!(flash.bytes.iter().all(|byte| *byte == 0xFF));
    flash
        .program(0x0800_3000, &[0])
        .expect("the first writable sector");
}

#[test]
fn a_mass_erase_leaves_read_only_sectors_alone() {
    let mut memories = memories("f103");
    let flash = memories.get_mut(0).expect("flash");
    flash.bytes.fill(0);
    flash.erase_all().expect("erasable");
    assert_eq!(flash.read(0x0800_2FFF, 2).expect("readable"), [0x00, 0xFF]);
}

#[test]
fn reading_stops_where_the_memory_ends_or_has_a_gap() {
    let memories = memories("g474");
    let option_bytes = memories.get(1).expect("option bytes");
    let length = |address, length| option_bytes.read(address, length).map(<[u8]>::len);
    assert_eq!(length(0x1FFF_7800, 64), Some(48));
    assert_eq!(length(0x1FFF_7830, 1), None);
    assert_eq!(length(0x1FFF_F82F, 1024), Some(1));
    assert_eq!(length(0x1FFF_F830, 1), None);
    assert_eq!(length(0x1FFF_77FF, 2), None);
}

#[test]
fn what_may_not_be_read_is_not_read_and_can_still_be_written() {
    let mut memory = MemoryContents::blank(
        MemoryLayout::parse("@X/0x100/2*4a,1*4d").expect("a layout"),
        Cells::Overwritable,
        &Quirks::default(),
    );
    memory.program(0x108, &[1, 2, 3, 4]).expect("writable");
    assert_eq!(memory.read(0x108, 1), None);
    assert_eq!(memory.read(0x104, 8).map(<[u8]>::len), Some(4));
    assert_eq!(memory.bytes[8..], [1, 2, 3, 4]);
}

#[test]
fn equal_layouts_are_one_memory_and_others_are_not() {
    let mut shared = memories("g0b1");
    let flash = shared.get_mut(1).expect("flash");
    flash
        .program(0x0800_0000, &[1, 2, 3, 4, 5, 6, 7, 8])
        .expect("blank");
    assert_eq!(
        shared.get(2).expect("flash").read(0x0800_0000, 2),
        Some(&[1, 2][..])
    );
    let mut apart = memories("f103");
    apart
        .get_mut(1)
        .expect("SPI flash")
        .program(0, &[0])
        .expect("blank");
    assert_eq!(apart.get(0).expect("flash").read(0, 1), None);
}

#[test]
fn times_are_those_of_the_data_sheet() {
    let mut memories = memories("f405");
    let flash = memories.get_mut(0).expect("flash");
    // 512 words of 16 µs: about 4.1 ms a KiB.
    assert_eq!(
        flash.program(0x0800_0000, &[0; 2048]),
        Ok(Duration::from_micros(8192))
    );
    assert_eq!(
        flash.erase_sector(0x0800_0000),
        Ok(Duration::from_millis(250))
    );
    assert_eq!(flash.erase_sector(0x0802_0000), Ok(Duration::from_secs(1)));
    assert_eq!(flash.erase_all(), Ok(Duration::from_secs(8)));
}

#[test]
fn a_flash_file_is_made_blank_and_follows_every_change() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("board.bin");
    // On Windows nobody else can read it meanwhile.
    let after = |change: &dyn Fn(&mut MemoryContents)| {
        let mut memories = memories("f405");
        memories.keep_in_file(&path).expect("new, or of this size");
        change(memories.get_mut(0).expect("flash"));
        drop(memories);
        std::fs::read(&path).expect("file")
    };
    assert!(after(&|_| {}) == vec![0xFF; 1 << 20]);
    let mut expected = vec![0xFF; 1 << 20];
    expected[0x1_0002..0x1_0004].copy_from_slice(&[1, 2]);
    expected[0xF_FFFF] = 9;
    let found = after(&|flash| {
        flash.program(0x0801_0002, &[1, 2]).expect("writable");
        flash.program(0x080F_FFFF, &[9]).expect("writable");
    });
    assert!(found == expected);
    expected[0x1_0002..0x1_0004].fill(0xFF);
    let found = after(&|flash| {
        flash.erase_sector(0x0801_0000).expect("erasable");
    });
    assert!(found == expected);
    let entries = std::fs::read_dir(folder.path()).expect("folder");
    assert_eq!(entries.count(), 1);
}

#[test]
fn a_flash_file_is_one_board_s_at_a_time_by_whatever_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("board.bin");
    let mut first = memories("f405");
    first.keep_in_file(&path).expect("new file");
    let link = folder.path().join("link.bin");
    std::fs::hard_link(&path, &link).expect("a second name");
    for name in [&path, &link] {
        let error = memories("f405").keep_in_file(name).expect_err("in use");
        assert!(matches!(error, FlashFileError::InUse { .. }), "{error}");
    }
    // As has a process that was forked meanwhile.
    let file = &first.get_mut(0).expect("flash").file;
    let kept = file.as_ref().expect("it is kept");
    let _shared = kept.file.try_clone().expect("another handle");
    drop(first);
    memories("f405").keep_in_file(&link).expect("free again");
}

/// A file that may only be read takes the place of a full disk.
#[test]
fn what_the_flash_file_does_not_take_is_not_in_the_memory_either() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("board.bin");
    let mut memories = memories("f405");
    memories.keep_in_file(&path).expect("new file");
    let flash = memories.get_mut(0).expect("flash");
    flash.program(0x0800_0000, &[7; 4]).expect("writable");
    let kept = flash.file.as_mut().expect("it is kept");
    kept.file = std::fs::File::open(&path).expect("it is there");
    let programmed = flash.program(0x0800_0002, &[1; 4]);
    assert_eq!(programmed, Err(DfuStatus::ErrWrite));
    let erased = flash.erase_sector(0x0800_0000);
    assert_eq!(erased, Err(DfuStatus::ErrErase));
    assert_eq!(
        flash.read(0x0800_0000, 6),
        Some(&[7, 7, 7, 7, 0xFF, 0xFF][..])
    );
    let failure = flash.file_failure().expect("it is known");
    let expected = format!("the flash file {} can't be used: ", path.display());
    assert!(failure.starts_with(&expected), "{failure}");
}

#[test]
fn a_flash_file_is_read_when_the_board_is_made() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("board.bin");
    std::fs::write(&path, vec![0x5A; 128 << 10]).expect("file");
    let mut memories = memories("g0b1");
    memories.keep_in_file(&path).expect("right size");
    assert_eq!(
        memories.get(0).expect("flash").read(0x0801_FFFE, 9),
        Some(&[0x5A, 0x5A][..])
    );
}

#[test]
fn a_flash_file_of_another_size_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for size in [0, 1000] {
        let path = folder.path().join(format!("{size}.bin"));
        std::fs::write(&path, vec![7; size]).expect("file");
        let error = memories("f405")
            .keep_in_file(&path)
            .expect_err("wrong size");
        assert_eq!(
            error.to_string(),
            format!(
                "the flash file {} has {size} bytes, but this board's memory has 1048576",
                path.display()
            )
        );
        assert!(std::fs::read(&path).expect("file") == vec![7; size]);
    }
}

#[test]
fn a_flash_file_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("missing").join("board.bin");
    let error = memories("f405").keep_in_file(&path).expect_err("no folder");
    assert!(matches!(error, FlashFileError::Io { .. }), "{error}");
}

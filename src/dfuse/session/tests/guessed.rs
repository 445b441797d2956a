//! A large sector is taken for blank where its samples are, and that is never more than a guess.

use super::bench::Job;
use super::board::{Done, FLASH, KEEP, STAY, bytes, flash, flashed, run};
use super::watched::Meaning;
use crate::dfuse::plan::flash::FlashOptions;

/// Main flash of an F405: four sectors of 16 KiB, one of 64, seven of 128.
const SIZE: usize = 1 << 20;
const BLANK: u8 = 0xFF;

fn blank() -> Vec<u8> {
    vec![BLANK; SIZE]
}

/// The offsets of the blocks that are read before anything is erased or written.
fn read_before(done: &Done) -> Vec<u32> {
    let is_work = |meaning: &Meaning| matches!(meaning, Meaning::Erase(_) | Meaning::Write(_));
    let before = done.transfers.iter().map(|transfer| &transfer.meaning);
    let before = before.take_while(|meaning| !is_work(meaning));
    let block = |meaning: &Meaning| match meaning {
        Meaning::Read(block, _) => Some(block.address - FLASH),
        _ => None,
    };
    before.filter_map(block).collect()
}

fn erased(done: &Done) -> usize {
    done.count(|meaning| matches!(meaning, Meaning::Erase(_)))
}

#[test]
fn a_blank_sector_is_looked_at_in_its_first_and_last_block_and_every_16_kib() {
    let job = flash(0, 128 << 10, STAY);
    let done = run("f405", &blank(), &job);
    done.is_right(&flashed(&blank(), &job), "blank");
    let small = [0, 0x4000, 0x8000, 0xC000].map(|sector| [sector, sector + 0x3800]);
    let mut expected: Vec<u32> = small.concat();
    expected.extend([0x1_0000, 0x1_4000, 0x1_8000, 0x1_C000, 0x1_F800]);
    assert_eq!(read_before(&done), expected);
    assert_eq!((erased(&done), done.ran.tally.retries), (0, 0));
}

#[test]
fn of_a_sector_that_the_image_fills_in_part_its_own_blocks_are_sampled_and_all_others_read() {
    let job = flash(0x1_0800, 0x9000, STAY);
    let done = run("f405", &blank(), &job);
    done.is_right(&flashed(&blank(), &job), "blank");
    let samples = [0x1_0800, 0x1_4800, 0x1_8800, 0x1_9000];
    let around = (0x1_9800..0x2_0000).step_by(2048);
    let expected: Vec<u32> = samples
        .into_iter()
        .chain([0x1_0000])
        .chain(around)
        .collect();
    assert_eq!(read_before(&done), expected);
}

#[test]
fn where_nobody_checks_what_was_written_or_a_guess_might_spoil_flash_every_block_is_read() {
    let unchecked = FlashOptions {
        verify: false,
        ..STAY
    };
    for (board, size, block, options) in [
        ("f405", SIZE, 2048, unchecked),
        // It has no other sectors than of 128 KiB.
        ("h743", 2 << 20, 1024, STAY),
    ] {
        let job = flash(0, 128 << 10, options);
        let before = vec![BLANK; size];
        let done = run(board, &before, &job);
        done.is_right(&flashed(&before, &job), board);
        let all: Vec<u32> = (0..128 << 10).step_by(block).collect();
        assert_eq!(read_before(&done), all, "{board}");
    }
}

/// In the third sector and the fifth: where no sample looks, in the image and after it.
fn between() -> (Vec<u8>, Job) {
    let mut before = blank();
    for (offset, length) in [(0x9100, 1), (0x1_1000, 300), (0x1_9000, 0x2000)] {
        before[offset..offset + length].copy_from_slice(&bytes(length, 7));
    }
    (before, flash(0x8000, 0x8000 + 0x8800, KEEP))
}

#[test]
fn what_lies_between_the_samples_is_found_and_what_lies_around_the_image_is_kept() {
    let (before, job) = between();
    let done = run("f405", &before, &job);
    done.is_right(&flashed(&before, &job), "between");
    // What differs first is read twice.
    assert_eq!((erased(&done), done.ran.tally.retries), (2, 1));
    assert_eq!(
        done.ran.tally.preserved_bytes,
        0x2000 - blanks(&before[0x1_9000..0x1_B000])
    );
}

fn blanks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == BLANK).count() as u64
}

#[test]
fn a_wrong_guess_uses_up_nothing_that_real_trouble_needs() {
    let (before, job) = between();
    let expected = flashed(&before, &job);
    let whole = run("f405", &before, &job);
    let is_write = |meaning: &Meaning| matches!(meaning, Meaning::Write(_));
    let writes = whole.numbers(is_write);
    let mut redone = 0;
    for number in writes.iter().step_by(5).map(|number| number + 1) {
        for kind in ["flip", "lost-answer", "errPROG", "stall"] {
            let spec = format!("f405,fault={kind}@{number}");
            let done = run(&spec, &before, &job);
            done.is_right(&expected, &spec);
            redone += usize::from(done.ran.tally.retries > 1);
        }
    }
    assert!(redone > writes.len() / 5, "{redone}");
}

#[test]
fn a_sector_that_has_an_image_which_is_blank_at_the_samples_is_left_alone() {
    let Job::Flash(mut image, options) = flash(0x1_0000, 64 << 10, STAY) else {
        unreachable!("a flash");
    };
    let element = &mut image.targets[0].elements[0];
    for (block, bytes) in element.data.chunks_mut(2048).enumerate() {
        if block % 8 == 0 || block == 31 {
            bytes.fill(BLANK);
        }
    }
    let job = Job::Flash(image, options);
    let before = flashed(&blank(), &job);
    let done = run("f405", &before, &job);
    done.is_right(&before, "there already");
    assert_eq!(done.ran.tally.written_bytes, 0);
    assert_eq!(read_before(&done).len(), 32);
}

#[test]
fn without_preserve_what_a_wrong_guess_costs_is_counted() {
    let (before, job) = between();
    let Job::Flash(image, _) = job else {
        unreachable!("a flash");
    };
    let job = Job::Flash(image, STAY);
    let done = run("f405", &before, &job);
    let mut expected = flashed(&before, &job);
    expected[0x1_8800..0x2_0000].fill(BLANK);
    done.is_right(&expected, "between");
    assert_eq!(
        done.ran.tally.lost_bytes,
        0x2000 - blanks(&before[0x1_9000..0x1_B000])
    );
}

//! Boards whose address pointer doesn't stay where it was put: what is written goes where it belongs all the same.

use super::bench::{Job, image};
use super::board::{Done, FLASH, KEEP, bytes, flash, flashed, run};
use super::watched::Meaning;
use crate::image::{ImageElement, ImageTarget};

/// What passes.
const TRANSIENT: [&str; 5] = ["stall", "lost-request", "lost-answer", "corrupt", "short"];

/// On an f072, whose flash begins where anything can be written: over the border of two pages, full and blank, and
/// exactly two pages, where nothing around them is looked at.
#[track_caller]
fn check_pages(quirk: &str) {
    let board = format!("f072,quirk={quirk}");
    for before in [bytes(128 << 10, 1), vec![0xFF; 128 << 10]] {
        for job in [flash(0x4200, 0x900, KEEP), flash(0x4000, 0x1000, KEEP)] {
            check(&board, &before, &job);
        }
    }
}

/// Every session of `job` with one fault that passes, none included: each ends well, and changes what it should.
#[track_caller]
fn check(board: &str, before: &[u8], job: &Job) {
    let expected = flashed(before, job);
    let whole = run(board, before, job);
    whole.is_right(&expected, board);
    assert_eq!(whole.ran.tally.retries, 0, "{board}");
    for number in 1..=whole.transfers.len() {
        for kind in TRANSIENT {
            let spec = format!("{board},fault={kind}@{number}");
            let done = run(&spec, before, job);
            done.is_right_if_done(&expected, None, &spec);
            changes_nothing_else(&done, before, &expected, &spec);
        }
    }
}

/// Whether it ends well or not.
#[track_caller]
fn changes_nothing_else(done: &Done, before: &[u8], expected: &[u8], what: &str) {
    let outside = |flash: &[u8]| [&flash[..0x4000], &flash[0x5000..]].concat();
    assert!(outside(&done.flash) == outside(before), "{what}");
    assert!(outside(expected) == outside(before), "{what}");
}

#[test]
fn an_erase_may_move_it() {
    check_pages("pointer-moves=erase");
}

#[test]
fn an_abort_may_move_it() {
    check_pages("pointer-moves=abort");
}

#[test]
fn choosing_a_memory_may_move_it() {
    let another = |job: Job, alternate_setting, address, length| {
        let Job::Flash(mut both, options) = job else {
            panic!("a flash");
        };
        both.targets.push(ImageTarget {
            alternate_setting: Some(alternate_setting),
            name: None,
            elements: vec![ImageElement {
                address,
                data: bytes(length, 3),
            }],
        });
        Job::Flash(both, options)
    };
    // The EEPROM of an l072.
    let job = another(flash(0x4040, 0x200, KEEP), 2, 0x0808_0010, 100);
    let before = bytes(192 << 10, 1);
    check("l072,quirk=pointer-moves=set-interface", &before, &job);
    // Main flash once more, and the page after the one of before.
    let job = another(flash(0x4000, 0x400, KEEP), 1, FLASH + 0x4800, 0x400);
    for before in [bytes(128 << 10, 1), vec![0xFF; 128 << 10]] {
        check("g0b1,quirk=pointer-moves=set-interface", &before, &job);
        let done = run("g0b1", &before, &job);
        assert!(done.count(|meaning| matches!(meaning, Meaning::Choose(_))) > 1);
    }
}

#[test]
fn what_is_read_comes_from_where_it_was_asked_for() {
    let before = bytes(128 << 10, 1);
    let element = ImageElement {
        address: FLASH + 0x1234,
        data: before[0x1234..0x2678].to_vec(),
    };
    let job = Job::Verify(image(Some(0), vec![element]), Some(0));
    for quirk in ["erase", "abort", "set-interface"] {
        let board = format!("f103,quirk=pointer-moves={quirk}");
        let whole = run(&board, &before, &job);
        whole.is_right(&before, &board);
        for number in 1..=whole.transfers.len() {
            for kind in TRANSIENT {
                let spec = format!("{board},fault={kind}@{number}");
                run(&spec, &before, &job).is_right(&before, &spec);
            }
        }
    }
}

//! Boards whose address pointer doesn't stay where it was put: what is written goes where it belongs all the same.

use super::bench::{Job, image};
use super::board::{Done, FLASH, KEEP, STAY, bytes, flash, flashed, run};
use super::watched::Meaning;
use crate::image::{ImageElement, ImageTarget};

/// What passes.
const TRANSIENT: [&str; 5] = ["stall", "lost-request", "lost-answer", "corrupt", "short"];

/// Over the border of two pages of an f103, and all of the one behind, with the head at the border of none.
fn some_pages() -> (Vec<u8>, Job) {
    (bytes(128 << 10, 1), flash(0x4200, 0x900, KEEP))
}

/// Every session of `job` with one fault that passes, none included: each ends well, and changes what it should.
#[track_caller]
fn check(board: &str, before: &[u8], job: &Job) {
    let expected = flashed(before, job);
    let whole = run(board, before, job);
    whole.is_right(&expected, board);
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
    let outside = |flash: &[u8]| [&flash[..0x4000], &flash[0x4C00..]].concat();
    assert!(outside(&done.flash) == outside(before), "{what}");
    assert!(outside(expected) == outside(before), "{what}");
}

#[test]
fn an_erase_may_move_it() {
    let (before, job) = some_pages();
    check("f103,quirk=pointer-moves=erase", &before, &job);
}

#[test]
fn an_abort_may_move_it() {
    let (before, job) = some_pages();
    check("f103,quirk=pointer-moves=abort", &before, &job);
}

#[test]
fn choosing_a_memory_may_move_it() {
    let before = bytes(192 << 10, 1);
    let Job::Flash(mut both, _) = flash(0x4040, 0x200, STAY) else {
        panic!("a flash");
    };
    // The EEPROM of an l072.
    both.targets.push(ImageTarget {
        alternate_setting: Some(2),
        name: None,
        elements: vec![ImageElement {
            address: 0x0808_0010,
            data: bytes(100, 3),
        }],
    });
    let job = Job::Flash(both, KEEP);
    check("l072,quirk=pointer-moves=set-interface", &before, &job);
    let chosen = run("l072", &before, &job);
    assert!(chosen.count(|meaning| matches!(meaning, Meaning::Choose(_))) > 1);
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

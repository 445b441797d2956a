//! What is done over after something went wrong is done as well as what it replaces.

use super::bench::Job;
use super::board::{Done, STAY, bytes, flash, flashed, run};
use super::watched::Meaning;
use crate::dfuse::plan::flash::FlashOptions;

/// A sector of an f405, with an image that fills a quarter of it, head and body, and of whose bytes one is wrong.
fn session() -> (Vec<u8>, Job) {
    let job = flash(0, 0x1000, STAY);
    let mut before = flashed(&vec![0xFF; 1 << 20], &job);
    before[0x0C00] ^= 0x10;
    (before, job)
}

fn is_erase(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Erase(_))
}

/// A session in which an answer was lost, and the same with a bit flipped soon after that.
struct Twice {
    flipped_at: usize,
    lost: Done,
    both: Done,
    faults: String,
}

impl Twice {
    /// All of them, from the first write on.
    fn all() -> Vec<Self> {
        let (before, job) = session();
        let whole = run("f405", &before, &job);
        whole.is_right(&flashed(&before, &job), "without a fault");
        let first = whole.numbers(|meaning| matches!(meaning, Meaning::Write(_)))[0];
        let mut all = Vec::new();
        for number in first..=whole.transfers.len() {
            for flipped_at in number + 1..=number + 3 {
                let fault = format!("f405,fault=lost-answer@{number}");
                let faults = format!("{fault},fault=flip@{flipped_at}");
                all.push(Self {
                    flipped_at,
                    lost: run(&fault, &before, &job),
                    both: run(&faults, &before, &job),
                    faults,
                });
            }
        }
        all
    }

    /// Whether that made it erase a sector once more.
    fn erases_again(&self) -> bool {
        self.both.ran.result.is_ok() && self.both.count(is_erase) > 1
    }
}

#[test]
fn what_was_written_to_a_sector_that_is_erased_once_more_is_written_and_read_once_more() {
    let (before, job) = session();
    let expected = flashed(&before, &job);
    let all = Twice::all();
    for twice in &all {
        let flip = Some((twice.flipped_at, &twice.lost));
        twice.both.is_right_if_done(&expected, flip, &twice.faults);
    }
    let mut noticed = 0;
    for twice in all.iter().filter(|twice| twice.erases_again()) {
        let again = twice.both.numbers(is_erase)[1];
        for number in again + 1..=twice.both.transfers.len() {
            let spec = format!("{},fault=flip@{number}", twice.faults);
            let worse = run(&spec, &before, &job);
            worse.is_right_if_done(&expected, Some((number, &twice.both)), &spec);
            noticed += usize::from(worse.ran.result.is_err());
        }
    }
    assert!(noticed > 0, "no flip was noticed");
}

/// Nobody reads it back here, so that what the board says is all there is to go by.
#[test]
fn a_failure_that_is_told_beside_dfudnload_idle_is_one() {
    let options = FlashOptions {
        full: true,
        verify: false,
        ..STAY
    };
    // An F072 refuses to program what is not blank.
    let (before, job) = (bytes(128 << 10, 1), flash(0, 0x800, options));
    let expected = flashed(&before, &job);
    for quirk in ["", ",quirk=error-in-idle"] {
        let spec = format!("f072,quirk=erase-skipped-once{quirk}");
        let done = run(&spec, &before, &job);
        assert!(done.ran.tally.retries > 0, "{spec}");
        done.is_right_if_done(&expected, None, &spec);
    }
}

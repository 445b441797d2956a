//! What is around an image and is to be kept is kept, whatever goes wrong once.

use super::board::{KEEP, bytes, flash, flashed, run};
use super::watched::Meaning;

/// In the middle of an f405's second sector, whose flash is full.
fn session() -> (Vec<u8>, super::bench::Job) {
    (bytes(1 << 20, 1), flash(0x5000, 3000, KEEP))
}

#[test]
fn a_kept_byte_that_is_read_wrongly_once_is_not_written_back_wrongly() {
    let (before, job) = session();
    let expected = flashed(&before, &job);
    let whole = run("f405", &before, &job);
    whole.is_right(&expected, "without a fault");
    let reads = whole.numbers(|meaning| matches!(meaning, Meaning::Read(..)));
    // Before the erase, all of it; afterwards, too.
    assert!(reads.len() >= 16, "{reads:?}");
    for number in reads {
        for kind in ["short", "stall", "lost-answer"] {
            let spec = format!("f405,fault={kind}@{number}");
            run(&spec, &before, &job).is_right(&expected, &spec);
        }
        let spec = format!("f405,fault=corrupt@{number}");
        run(&spec, &before, &job).is_right_if_done(&expected, None, &spec);
    }
}

#[test]
fn a_kept_byte_that_is_written_back_wrongly_is_not_called_kept() {
    let (before, job) = session();
    let expected = flashed(&before, &job);
    let whole = run("f405", &before, &job);
    let writes = whole.numbers(|meaning| matches!(meaning, Meaning::Write(_)));
    let (first, last) = (writes[0], whole.transfers.len());
    let mut noticed = 0;
    for number in first..=last {
        let spec = format!("f405,fault=flip@{number}");
        let done = run(&spec, &before, &job);
        done.is_right_if_done(&expected, Some((number, &whole)), &spec);
        noticed += usize::from(done.ran.result.is_err() || done.ran.tally.retries > 0);
    }
    assert!(noticed >= writes.len(), "{noticed} of {}", writes.len());
}

//! What came of a flash, in few words: what was written, whether it was checked, whether it runs; and what went with it.

use crate::chip::map::FLASH;
use crate::dfu::tally::Tally;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::{Around, Check, FlashPlan};

use crate::cli::args::number::{amount, count};
use crate::cli::outcome::{ACCEPTED, Outcome};
use crate::cli::report::{Summary, part_of};

/// Of a board that was flashed.
pub fn of(outcome: &Outcome<'_>) -> Summary {
    match outcome.dfuse() {
        Some(plan) => of_board(outcome, plan),
        None => of_plain(outcome),
    }
}

/// What was erased, written, left alone, verified and started.
fn of_board(outcome: &Outcome<'_>, plan: &Plan<'_>) -> Summary {
    let tally = outcome.tally;
    let flash = plan.flash();
    let mut summary = Summary::new(written(tally, "written"));
    summary.done.push(verified(tally, flash));
    summary.done.push(started(tally, flash));
    summary.bytes = tally.written_bytes;
    summary.notes.extend(beyond(tally, flash));
    let bytes = |bytes, what| format!("{}{what}", count(bytes, "byte"));
    let details = [
        format!("{} erased", count(tally.erased_sectors as u64, "sector")),
        bytes(tally.written_bytes, " written"),
        bytes(tally.skipped_bytes, " already there"),
        bytes(tally.verified_bytes, " verified"),
    ];
    summary.details.push(details.join(", "));
    summary
}

/// How much of the firmware was written, and how much was there already.
fn written(tally: Tally, verb: &str) -> String {
    match (tally.written_bytes, tally.skipped_bytes) {
        (written, 0) => format!("{} {verb}", amount(written)),
        (0, skipped) => format!("{} already there", amount(skipped)),
        (written, skipped) => format!("{} {verb}", part_of(written, written + skipped)),
    }
}

fn verified(tally: Tally, flash: Option<&FlashPlan<'_>>) -> String {
    let mut memories = flash.into_iter().flat_map(|plan| &plan.memories);
    let is_wanted = memories.any(|memory| memory.check == Check::ReadBack);
    let all = tally.written_bytes + tally.skipped_bytes;
    if !is_wanted || tally.reset {
        "not verified".to_owned()
    } else if tally.verified_bytes < all {
        format!("{} verified", part_of(tally.verified_bytes, all))
    } else if tally.written_bytes > 0 && tally.skipped_bytes > 0 {
        "all verified".to_owned()
    } else {
        "verified".to_owned()
    }
}

fn started(tally: Tally, flash: Option<&FlashPlan<'_>>) -> String {
    let start = flash.and_then(|plan| plan.start);
    match (start, tally.left) {
        (Some(start), Some(true)) if start.address == FLASH.address => "started".to_owned(),
        (Some(start), Some(true)) => format!("started at {:#010x}", start.address),
        _ if tally.reset => "no longer in DFU mode".to_owned(),
        (Some(_), Some(false)) => "not started: still in DFU mode".to_owned(),
        _ => "still in DFU mode".to_owned(),
    }
}

/// What has become of what else was in the erased sectors.
fn beyond(tally: Tally, flash: Option<&FlashPlan<'_>>) -> Option<String> {
    let mut memories = flash.into_iter().flat_map(|plan| &plan.memories);
    let erases_all = memories.any(|memory| memory.around == Around::Expendable);
    match (tally.lost_bytes, tally.preserved_bytes) {
        _ if tally.unseen_sectors > 0 && !erases_all => {
            Some("lost: what else was in the erased sectors, which was not looked at".to_owned())
        }
        (0, 0) => None,
        (0, kept) => Some(format!(
            "kept: {} of other data in the same sectors",
            amount(kept)
        )),
        (lost, _) => Some(format!(
            "lost: {} of other data in the erased sectors (--preserve keeps it)",
            amount(lost)
        )),
    }
}

/// What was sent, left alone, verified and started.
fn of_plain(outcome: &Outcome<'_>) -> Summary {
    let tally = outcome.tally;
    let mut summary = Summary::new(written(tally, "sent"));
    if tally.skipped_bytes == 0 {
        let is_accepted = tally.verified_bytes == 0 && !outcome.is_read_back_unwanted();
        summary.done.push(match tally.verified_bytes {
            0 if is_accepted => "accepted".to_owned(),
            0 => "not verified".to_owned(),
            _ => "verified".to_owned(),
        });
        if is_accepted {
            summary.notes.push(ACCEPTED.to_owned());
        }
    }
    summary.done.push(match (tally.left, outcome.started_as()) {
        (Some(true), Some(ids)) => format!("started as {ids}"),
        (Some(true), None) => "started".to_owned(),
        (Some(false) | None, _) => "still in DFU mode".to_owned(),
    });
    summary.bytes = tally.written_bytes;
    let bytes = count(tally.written_bytes + tally.skipped_bytes, "byte");
    summary.details.push(bytes);
    summary
}

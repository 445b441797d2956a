//! How far the work had come when something went wrong, which is what the next step depends on.

use crate::dfu::plain;
use crate::dfu::tally::Tally;
use crate::dfuse::plan::Plan;

use super::args::number::count;
use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::task::Task;

/// Adds to what went wrong how far the work had come, and gives the next step where it depends on the work.
pub fn with_progress(diagnosis: Diagnosis, task: &Task<'_>, tally: Tally) -> Diagnosis {
    let (state, next_step) = match task {
        Task::Dfuse(plan) => (
            dfuse_state(&diagnosis, plan, tally),
            next_step(diagnosis.exit, plan, tally),
        ),
        Task::Plain(plan) => (
            plain_state(&diagnosis, plan, tally),
            plain_step(diagnosis.exit, plan, tally),
        ),
    };
    Diagnosis {
        message: format!("{}{state}", diagnosis.message),
        hint: next_step.map(str::to_owned).or(diagnosis.hint),
        ..diagnosis
    }
}

fn dfuse_state(diagnosis: &Diagnosis, plan: &Plan<'_>, tally: Tally) -> String {
    match plan {
        // Whoever starts the application expects nothing else; and how far a chip has lifted its protection nobody knows.
        Plan::Leave(_) => String::new(),
        Plan::Unprotect(_) if tally.touched => String::new(),
        Plan::Flash(_) | Plan::Rehearse(_) | Plan::Erase(_) | Plan::Unprotect(_) => {
            changed(diagnosis, tally)
        }
        Plan::Verify(_) => differing(diagnosis, tally),
        Plan::Read(_) => NO_FILE.to_owned(),
    }
}

const NO_FILE: &str = "; no file was written";

fn plain_state(diagnosis: &Diagnosis, plan: &plain::Plan<'_>, tally: Tally) -> String {
    match plan {
        plain::Plan::Download(_) | plain::Plan::Rehearse(_) if !tally.touched => {
            "; nothing was sent".to_owned()
        }
        plain::Plan::Download(download) | plain::Plan::Rehearse(download) => format!(
            "; {} of {} were sent",
            tally.written_bytes,
            count(download.bytes.len() as u64, "byte")
        ),
        plain::Plan::Verify { .. } => differing(diagnosis, tally),
        plain::Plan::Read { .. } => NO_FILE.to_owned(),
        plain::Plan::Leave => String::new(),
    }
}

fn plain_step(exit: Exit, plan: &plain::Plan<'_>, tally: Tally) -> Option<&'static str> {
    use plain::Plan::{Download, Leave, Read, Verify};
    let step = match (plan, exit) {
        (Download(_), Exit::Interrupted) if tally.complete => {
            "All of the firmware is there. `stdfu leave` starts it."
        }
        (Download(_), Exit::Interrupted) if !tally.touched => {
            "Nothing was sent: repeat the command."
        }
        (Download(download), Exit::Interrupted)
            if tally.written_bytes == download.bytes.len() as u64 =>
        {
            "All of the file was sent. `stdfu verify` compares it; if in doubt, repeat the command."
        }
        (Download(_), Exit::Interrupted) => {
            "Repeat the command before you use the device: it has only a part of the file."
        }
        (Download(_), Exit::Differs) => {
            "Repeat the command. If it differs again, the device has stored something else."
        }
        (Verify { .. }, Exit::Differs) => "`stdfu flash` sends it again.",
        (Read { .. }, Exit::Differs) => READ_AGAIN,
        (Verify { .. } | Read { .. }, Exit::Interrupted) => REPEAT,
        (Verify { .. } | Read { .. }, Exit::Board) => {
            "Unplug the device, put it into DFU mode again and repeat the command.\n\
             Some devices say that they can be read, but refuse: those can only be flashed."
        }
        (Leave, Exit::Board) => "Unplug the device and plug it in again.",
        _ => return None,
    };
    Some(step)
}

/// After two readings that differ.
const READ_AGAIN: &str =
    "The connection or the board is unreliable: read again, with another cable or port.";
/// After an interruption that has changed nothing.
const REPEAT: &str = "The board is still in DFU mode: repeat the command.";

fn changed(diagnosis: &Diagnosis, tally: Tally) -> String {
    // A protected chip refuses whatever it is sent. One that says so later on has done what it did before.
    let refused = diagnosis.exit == Exit::ReadProtected
        && (tally.erased_sectors, tally.written_bytes) == (0, 0);
    if !tally.touched || refused {
        return "; nothing was erased or written".to_owned();
    }
    let sectors = count(tally.erased_sectors as u64, "sector");
    let bad_head = if tally.erased_bad_head {
        "; the sector with the vector table was erased again, so that the board doesn't start half an application"
    } else {
        ""
    };
    let beyond = match (tally.lost_bytes, tally.preserved_bytes) {
        (0, 0) if tally.doubtful_sectors > 0 => {
            let sectors = count(tally.doubtful_sectors as u64, "sector");
            format!("; {sectors} may be erased, too")
        }
        (0, 0) => String::new(),
        (0, kept) => format!(
            "; the other data in the same sectors, {}, is back in place",
            count(kept, "byte")
        ),
        (lost, _) if tally.doubtful_sectors > 0 => {
            format!(
                "; {} of other data in the same sectors may be gone",
                count(lost, "byte")
            )
        }
        (lost, _) => format!(
            "; {} of other data in the same sectors are gone",
            count(lost, "byte")
        ),
    };
    format!(
        "; so far {sectors} erased and {} written{bad_head}{beyond}",
        count(tally.written_bytes, "byte")
    )
}

fn differing(diagnosis: &Diagnosis, tally: Tally) -> String {
    let Some(differing) = tally.differing_bytes.filter(|bytes| *bytes > 0) else {
        return String::new();
    };
    let all = count(tally.verified_bytes + differing, "byte");
    let differ = if differing == 1 { "differs" } else { "differ" };
    // Where it is not the difference that is told, it is because there was no looking any further.
    let so_far = if diagnosis.exit == Exit::Differs {
        ""
    } else {
        "so far "
    };
    format!("; {so_far}{differing} of {all} {differ}")
}

/// What to do where nothing was to be changed.
fn next_step(exit: Exit, plan: &Plan<'_>, tally: Tally) -> Option<&'static str> {
    match (plan, exit) {
        (Plan::Flash(_), Exit::Interrupted) if tally.complete => {
            Some("All of the firmware is there. `stdfu leave` starts it.")
        }
        (Plan::Verify(_), Exit::Differs) => {
            Some("`stdfu flash` corrects it, and writes only what differs.")
        }
        (Plan::Read(_), Exit::Differs) => Some(READ_AGAIN),
        (Plan::Verify(_) | Plan::Read(_), Exit::Interrupted) => Some(REPEAT),
        _ => None,
    }
}

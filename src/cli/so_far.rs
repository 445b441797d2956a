//! How far the work had come when something went wrong, which is what the next step depends on.

use crate::dfuse::plan::{Plan, Task};
use crate::dfuse::session::Tally;

use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::number::count;

/// Adds to what went wrong how far the work had come, and gives the next step where it depends on the work.
pub fn so_far(diagnosis: Diagnosis, plan: &Plan<'_>, tally: Tally) -> Diagnosis {
    let task = plan.task;
    let state = match task {
        // Whoever starts the application expects nothing else; and how far a chip has lifted its protection nobody knows.
        Task::Change if plan.targets.is_empty() => String::new(),
        Task::Unprotect(_) if tally.touched => String::new(),
        Task::Change | Task::Rehearse | Task::Unprotect(_) => changed(&diagnosis, tally),
        Task::Compare => differing(&diagnosis, tally),
        Task::Read => "; no file was written".to_owned(),
    };
    Diagnosis {
        message: format!("{}{state}", diagnosis.message),
        hint: next_step(diagnosis.exit, task)
            .map(str::to_owned)
            .or(diagnosis.hint),
        ..diagnosis
    }
}

fn changed(diagnosis: &Diagnosis, tally: Tally) -> String {
    // A protected chip refuses whatever it is sent. One that says so later on has done what it did before.
    let refused = diagnosis.exit == Exit::ReadProtected
        && (tally.erased_sectors, tally.written_bytes) == (0, 0);
    if !tally.touched || refused {
        return "; nothing was erased or written".to_owned();
    }
    let sectors = count(tally.erased_sectors as u64, "sector");
    let withdrawn = if tally.withdrawn {
        "; the sector with the vector table was erased again, so that the board doesn't start half an application"
    } else {
        ""
    };
    format!(
        "; so far {sectors} erased and {} written{withdrawn}",
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
fn next_step(exit: Exit, task: Task) -> Option<&'static str> {
    match (task, exit) {
        (Task::Compare, Exit::Differs) => Some("`stdfu flash` writes only what differs."),
        (Task::Compare | Task::Read, Exit::Interrupted) => {
            Some("The board is still in DFU mode: repeat the command.")
        }
        _ => None,
    }
}

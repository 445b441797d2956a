//! What goes wrong, in dfu-util's manner: a line on stderr, what to do next, and a code of sysexits.

use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::outcome::Outcome;
use crate::cli::plain_error::PlainError;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::PlanError;
use crate::image::{FilesError, ImageError};

use crate::usb::UsbError;

use super::sysexit::Sysexit;
use super::voice::Voice;

/// Where there is no USB.
const PASS_THROUGH: &str = "In a container or virtual machine, pass USB through to it.";
/// Where firmware doesn't fit the device.
const ONE_MEMORY: &str = "-l shows the memories of the device, with their addresses. -a chooses one: of a .dfu file, only what is for it is \
                          written.";
/// What overrules a refusal.
const FORCE: &str = "To do it all the same, add :force to the value of -s.";

/// Says what went wrong.
pub fn tell(error: &CliError, voice: &Voice) -> Sysexit {
    let mut diagnosis = Diagnosis::from(error);
    diagnosis.hint = match error {
        CliError::Usb(UsbError::Unavailable(_)) => Some(PASS_THROUGH.to_owned()),
        CliError::Plan(_)
            if diagnosis.exit == Exit::DoesNotFit && !is_overruled_by_force(error) =>
        {
            Some(ONE_MEMORY.to_owned())
        }
        error if is_overruled_by_force(error) => Some(FORCE.to_owned()),
        _ => diagnosis
            .hint
            .filter(|_| speaks_of_no_option(diagnosis.exit)),
    };
    let sysexit = tell_of(&diagnosis, voice);
    match is_about_device(error) {
        true => Sysexit::InputOutput,
        false => sysexit,
    }
}

/// Whether a device can't do what is wanted of it, whatever the command line and the file are.
fn is_about_device(error: &CliError) -> bool {
    matches!(
        error,
        CliError::Plain(
            PlainError::CantDownload | PlainError::CantBeRead | PlainError::GaveNothing
        )
    )
}

/// The same, of the work on a device.
pub fn tell_of_work(outcome: &Outcome<'_>, error: &Diagnosis, voice: &Voice) -> Sysexit {
    let plan = outcome.dfuse().and_then(Plan::flash);
    let may_be_elsewhere = plan.is_some_and(|plan| plan.linked_elsewhere.is_some());
    let hint = match error.exit {
        Exit::DoesNotFit if may_be_elsewhere => Some(FORCE.to_owned()),
        exit => error.hint.clone().filter(|_| speaks_of_no_option(exit)),
    };
    let told = Diagnosis {
        hint,
        ..error.clone()
    };
    tell_of(&told, voice)
}

fn tell_of(diagnosis: &Diagnosis, voice: &Voice) -> Sysexit {
    voice.warn(&diagnosis.message);
    for hint in diagnosis.hint.iter().flat_map(|hint| hint.lines()) {
        voice.hint(hint);
    }
    of_exit(diagnosis.exit)
}

/// Whether `:force` does it all the same.
fn is_overruled_by_force(error: &CliError) -> bool {
    let is_about_content = |error: &ImageError| {
        matches!(
            error,
            ImageError::Unsupported(_)
                | ImageError::Converted(_)
                | ImageError::UnexpectedAddress { .. }
        )
    };
    match error {
        CliError::Plan(PlanError::LinkedElsewhere(_)) => true,
        CliError::Image(error) | CliError::Files(FilesError::InFile { error, .. }) => {
            is_about_content(error)
        }
        CliError::While { error, .. } => is_overruled_by_force(error),
        _ => false,
    }
}

/// Whether what to do next has nothing to do with options of ours.
fn speaks_of_no_option(exit: Exit) -> bool {
    matches!(
        exit,
        Exit::System | Exit::Board | Exit::Differs | Exit::ReadProtected
    )
}

/// The code that dfu-util ends with in such a case.
fn of_exit(exit: Exit) -> Sysexit {
    match exit {
        Exit::Usage | Exit::DoesNotFit => Sysexit::Usage,
        Exit::File => Sysexit::Data,
        Exit::Interrupted => Sysexit::Interrupted,
        Exit::Done
        | Exit::Other
        | Exit::NoBoard
        | Exit::SeveralBoards
        | Exit::System
        | Exit::Board
        | Exit::Differs
        | Exit::ReadProtected => Sysexit::InputOutput,
    }
}

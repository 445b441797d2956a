//! dfu-util itself: reads its options, and has them carried out.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use crate::cli::app::App;
use crate::cli::args::firmware::FirmwareArgs;
use crate::cli::args::payload::Payload;
use crate::cli::distinct::Given;
use crate::cli::environment;
use crate::cli::error::CliError;
use crate::cli::getopt::dfu_util::help;
use crate::cli::output::Output;
use crate::printable;

use super::filter::IdMatch;
use super::request::{Action, Request};
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::voice::Voice;
use super::work::Work;

/// Does what the options say.
pub fn run(arguments: Vec<OsString>, app: &App, voice: &Voice) -> Result<(), Sysexit> {
    if let Err(error) = environment::check() {
        return Err(tell(&error.into(), voice));
    }
    let request = Request::read(arguments).map_err(|error| refuse(&error.to_string(), voice))?;
    if request.action == Some(Action::Help) {
        voice.explain(&help());
        return Ok(());
    }
    voice.introduce();
    if request.action == Some(Action::Version) {
        return Ok(());
    }
    if request.action.is_none() && request.dfuse.is_none() {
        return Err(refuse("You need to specify one of -D or -U", voice));
    }
    if let Some(Action::Upload(path)) = &request.action {
        app.check_written(Given { by: "-U", path })
            .map_err(|error| tell(&error, voice))?;
    }
    let output = Output::with_details(match request.verbose {
        0 => 0,
        1 | 2 => 1,
        _ => 2,
    });
    let payload = match &request.action {
        Some(Action::Download(file)) => Some(payload(file, &request, app, voice)?),
        _ => None,
    };
    if request.wait {
        voice.say("Waiting for device, exit with ctrl-C");
    }
    let app = match &request.action {
        Some(Action::Upload(_)) => &app.for_contents(),
        _ => app,
    };
    let work = Work::new(&request, app, &output, voice)?;
    match &request.action {
        Some(Action::List) => work.list(),
        action => work.run(action.as_ref(), payload.as_ref()),
    }
}

fn refuse(message: &str, voice: &Voice) -> Sysexit {
    voice.explain(&format!("{}\n", printable::lines(message)));
    voice.explain(&help());
    Sysexit::Usage
}

/// Reads the file, and says what ids it has.
fn payload(file: &Path, request: &Request, app: &App, voice: &Voice) -> Result<Payload, Sysexit> {
    let said = request.dfuse();
    let args = FirmwareArgs::of_one(
        file.to_owned(),
        said.address,
        said.force && said.address.is_some(),
    );
    let payload = args
        .payload(app)
        .map_err(|error| refuse_file(file, &error, voice))?;
    if let (Err(error), Err(_)) = (&payload.placed, &payload.stream) {
        if !payload.lacks_address() && !payload.is_dfuse_file() {
            return Err(tell(&error.clone().into(), voice));
        }
    }
    if let Some(ids) = payload.ids() {
        let is_any = |id: IdMatch| id == IdMatch::Any;
        let run_time = request.filter.run_time;
        if is_any(run_time.vendor) && ids.vendor_id != 0xFFFF {
            voice.say(&format!("Match vendor ID from file: {:04x}", ids.vendor_id));
        }
        if is_any(run_time.product) && ids.product_id != 0xFFFF {
            voice.say(&format!(
                "Match product ID from file: {:04x}",
                ids.product_id
            ));
        }
    }
    Ok(payload)
}

fn refuse_file(file: &Path, error: &CliError, voice: &Voice) -> Sysexit {
    let system = |error: &CliError| match error {
        CliError::NoSuchFile { error, .. } | CliError::Io(error) => Some(error.kind()),
        _ => None,
    };
    let inner = match error {
        CliError::While { error, .. } => error,
        other => other,
    };
    match system(inner) {
        None => tell(error, voice),
        Some(ErrorKind::IsADirectory) => {
            voice.warn(&format!("{} is a directory", printable::path(file)));
            Sysexit::Software
        }
        Some(kind) => {
            let reason = match kind {
                ErrorKind::NotFound => "No such file or directory".to_owned(),
                ErrorKind::PermissionDenied => "Permission denied".to_owned(),
                _ => inner.message(),
            };
            voice.warn(&format!(
                "Could not open file {} for reading: {reason}",
                printable::path(file)
            ));
            Sysexit::NoInput
        }
    }
}

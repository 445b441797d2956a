//! `stdfu doctor`: what stdfu sees, and what stands in the way.

mod devices;
mod host;
mod sysfs;

use clap::Args;

use crate::cli::app::App;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{DoctorDocument, FindingDocument};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::usb::libusb;

use host::Host;

/// Shows what stdfu sees, and what stands in its way
///
/// libusb, the udev rule, containers, and each device with a DFU interface: whether it can be used, and if not, what to do
/// next. Nothing is written to any device, and none is restarted. This is what belongs into a bug report.
///
/// The exit code is 0 where a board in DFU mode can be used and nothing stands in the way, 5 where the system does, 8 where
/// a device doesn't answer, and 3 where there is no board in DFU mode.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu doctor
  stdfu doctor --json")]
pub struct DoctorArgs {}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, in a word or two.
    pub about: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do next, a step a line.
    pub hint: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// In the way: with the code to end with.
    Bad(Exit),
}

pub fn run(_: &DoctorArgs, app: &App) -> Result<Exit, CliError> {
    let host = Host::here();
    let is_simulated = app.is_simulated()?;
    let system = host.system();
    let mut findings = vec![version(&system)];
    findings.extend(host::environment());
    if !is_simulated {
        findings.extend(host.findings());
    }
    let host = (!is_simulated).then_some(&host);
    let devices::Found {
        findings: devices,
        any_usable,
    } = devices::find(app, host)?;
    findings.extend(devices);
    let exit = exit(&findings, any_usable);
    app.output.listing(&text(&findings))?;
    app.output.document(DoctorDocument {
        exit: exit.code(),
        error: error(&findings, exit),
        libusb: libusb::version(),
        system,
        simulated: is_simulated,
        findings: findings.iter().map(Finding::document).collect(),
    })?;
    Ok(exit)
}

fn version(system: &str) -> Finding {
    let (ours, libusb) = (env!("CARGO_PKG_VERSION"), libusb::version());
    Finding::good("stdfu", format!("{ours} on {system}, with libusb {libusb}"))
}

/// For programs: what the code to end with is for.
fn error(findings: &[Finding], exit: Exit) -> Option<Diagnosis> {
    let is_bad = |finding: &&Finding| matches!(finding.state, State::Bad(_));
    let (message, hint) = match findings.iter().find(is_bad) {
        _ if exit == Exit::Done => return None,
        Some(bad) => (format!("{}: {}", bad.about, bad.message), bad.hint.clone()),
        None => ("there is no board in DFU mode".to_owned(), None),
    };
    Some(Diagnosis {
        exit,
        message,
        hint,
    })
}

/// The first thing that stands in the way counts.
fn exit(findings: &[Finding], any_usable: bool) -> Exit {
    let bad = findings.iter().find_map(|finding| match finding.state {
        State::Bad(exit) => Some(exit),
        State::Good | State::Note => None,
    });
    match any_usable {
        true => bad.unwrap_or(Exit::Done),
        false => bad.unwrap_or(Exit::NoBoard),
    }
}

/// A line for each, and under it what to do next.
fn text(findings: &[Finding]) -> String {
    let widths = findings.iter().map(|finding| finding.about.chars().count());
    let width = widths.max().unwrap_or_default();
    let line = |finding: &Finding| {
        let state = match finding.state {
            State::Good => "OK",
            State::Note => "-",
            State::Bad(_) => "FAILED",
        };
        let about = &finding.about;
        let mut text = format!("{state:<6}  {about:<width$}  {}\n", finding.message);
        for step in finding.hint.iter().flat_map(|hint| hint.lines()) {
            text += &format!("        {step}\n");
        }
        text
    };
    findings.iter().map(line).collect()
}

impl Finding {
    fn good(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            about: about.into(),
            state: State::Good,
            message: message.into(),
            hint: None,
        }
    }

    fn note(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            state: State::Note,
            ..Self::good(about, message)
        }
    }

    fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    fn document(&self) -> FindingDocument<'_> {
        FindingDocument {
            about: &self.about,
            state: match self.state {
                State::Good => "ok",
                State::Note => "note",
                State::Bad(_) => "failed",
            },
            message: &self.message,
            hint: self.hint.as_deref(),
        }
    }
}

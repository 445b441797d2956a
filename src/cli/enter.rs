//! Boards that run their application are asked for DFU mode, and waited for.

use std::time::Duration;

use crate::board::{Board, Opened};
use crate::dfu::enter::micropython;
use crate::dfu::enter::touch::touch;
use crate::dfu::enter::{COMES_BACK, EnterError, Patience, at_port, detach, until_back};
use crate::usb::serial::SerialError;
use crate::usb::{Bus, UsbError};

use super::app::App;
use super::args::enter::{Asking, EnterArgs};
use super::diagnosis::Diagnosis;
use super::error::{CliError, Doing};
use super::machine::Machine;
use super::output::trace;
use super::select::{
    Application, Candidates, Entering, Identity, Ports, Selection, UNTIL_OPENED, Way,
};

/// How long a board may be away until that is said.
const WORTH_SAYING: Duration = Duration::from_secs(2);
/// How often a port is tried that udev has not been at yet.
const PAUSE: Duration = Duration::from_millis(100);

/// A board that was asked for DFU mode, and whether it is there.
pub type Ended<'a> = (&'a Application, Result<(), CliError>);

/// What became of asking a board.
struct Asked {
    /// When, on the bus's clock.
    at: Duration,
    /// Of a bus reset after a DETACH, which it may not have needed.
    reset: Result<(), UsbError>,
}

impl EnterArgs {
    /// Puts the boards that are meant into DFU mode, where that is wanted. Returns what a command goes on with then.
    ///
    /// # Errors
    /// There is none, or no telling which, or one doesn't get there.
    pub fn enter(
        &self,
        app: &App,
        candidates: impl FnOnce() -> Result<Candidates, CliError>,
    ) -> Result<Option<App>, CliError> {
        let Some(asking) = self.asking() else {
            return Ok(None);
        };
        let entering = app.entering(candidates()?, asking)?;
        Ok(Some(app.enter(entering)?))
    }
}

impl App {
    /// The boards that are meant, in DFU mode or to be put there as `asking` says.
    ///
    /// # Errors
    /// There is none, or no telling which. Nothing has been asked for DFU mode then.
    pub fn entering(
        &self,
        candidates: Candidates,
        asking: Asking<'_>,
    ) -> Result<Entering, CliError> {
        Ok(self.selection.entering(
            self.machine()?,
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
            candidates,
            asking,
        )?)
    }

    /// The boards that are meant and run their application.
    ///
    /// # Errors
    /// There is none, or no telling which.
    pub fn running(&self, asking: Asking<'_>) -> Result<Vec<Application>, CliError> {
        Ok(self.selection.running(
            self.machine()?,
            &|info| trace::watch(&self.output, info),
            &|error| self.waiting(error),
            asking,
        )?)
    }

    /// Puts the boards that are meant into DFU mode, where they aren't there, and follows their ports from there on,
    /// whatever their ids and serial numbers become.
    ///
    /// # Errors
    /// What kept the last of them from it; of the others it has been said.
    pub fn enter(&self, entering: Entering) -> Result<Self, CliError> {
        let Entering {
            mut ready,
            mut applications,
        } = entering;
        if applications.is_empty() {
            return Ok(self.clone());
        }
        let mut refused = None;
        for (application, ended) in self.ask_all(&mut applications)? {
            let name = application.name();
            match ended.doing(name) {
                Ok(()) => self.output.note(&format!("{name}: in DFU mode")),
                Err(error) => {
                    let before: Option<CliError> = refused.replace(error);
                    if let Some(before) = &before {
                        self.output.error(&Diagnosis::from(before).reported());
                    }
                }
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        let paths = applications.into_iter();
        ready.extend(paths.map(|application| application.identity.path));
        let mut app = self.clone();
        app.selection = Selection::at(ready);
        Ok(app)
    }

    /// Asks all of these for DFU mode, and then waits for each: they come back at the same time.
    ///
    /// # Errors
    /// There is nowhere to look for them.
    pub fn ask_all<'a>(
        &self,
        applications: &'a mut [Application],
    ) -> Result<Vec<Ended<'a>>, CliError> {
        let machine = self.machine()?;
        let asked: Vec<Result<Asked, CliError>> = applications
            .iter_mut()
            .map(|application| self.ask(machine, application))
            .collect();
        let ended = applications.iter().zip(asked).map(|(application, asked)| {
            let ended = asked.and_then(|asked| Ok(self.wait_for(machine, application, asked)?));
            (application, ended)
        });
        Ok(ended.collect())
    }

    fn ask(&self, machine: &Machine, application: &mut Application) -> Result<Asked, CliError> {
        let Application { identity, way } = application;
        let (bus, serial_ports) = (machine.bus.as_ref(), machine.serial_ports.as_ref());
        let reset = match way {
            Way::Detach(Board { opened, info }) => match opened {
                Ok(Opened { transport, .. }) => {
                    detach(transport, info).map_err(EnterError::Asking)?
                }
                Err(error) => return Err(error.clone().into()),
            },
            Way::Touch(ports) => {
                let port = &ports.used;
                self.tell(identity, &format!("touching {port} at 1200 baud"), ports);
                patiently(bus, || touch(bus, serial_ports, port))?;
                Ok(())
            }
            Way::MicroPython(ports) => {
                let port = &ports.used;
                self.tell(identity, &format!("asking MicroPython at {port}"), ports);
                patiently(bus, || micropython::ask(serial_ports, port))?;
                Ok(())
            }
        };
        let at = bus.now();
        Ok(Asked { at, reset })
    }

    /// Says what is done at a serial port, and that there are others.
    fn tell(&self, identity: &Identity, what: &str, ports: &Ports) {
        let name = identity.name();
        let others = match &ports.others[..] {
            [] => String::new(),
            others => format!(" (--port chooses another: {})", others.join(", ")),
        };
        self.output.note(&format!("{name}: {what}{others}"));
    }

    /// Waits until a board that was asked is back in DFU mode.
    fn wait_for(
        &self,
        machine: &Machine,
        application: &Application,
        asked: Asked,
    ) -> Result<(), EnterError> {
        let bus = machine.bus.as_ref();
        let Identity { path, ids, .. } = &application.identity;
        let until_back = |limit: Duration| {
            let patience = Patience {
                comes_back: limit.saturating_sub(bus.now() - asked.at),
                opens: self.selection.patience_to_open(),
            };
            until_back(bus, path, patience)
        };
        let mut ended = until_back(WORTH_SAYING);
        if let Err(EnterError::StaysAway) = ended {
            self.output.note(&format!(
                "{}: not in DFU mode yet, waiting for up to {} s",
                application.name(),
                COMES_BACK.as_secs()
            ));
            ended = until_back(COMES_BACK);
        }
        match (ended, asked.reset) {
            // It may have needed none. Where it did, this is why it has not come.
            (Err(EnterError::StaysAway), Err(error)) => Err(EnterError::Asking(error)),
            (Err(EnterError::StaysAway), Ok(())) => {
                Err(EnterError::NotBack(at_port(bus, path, *ids)))
            }
            (ended, _) => ended,
        }
    }
}

/// Asks again for a moment where the port can't be opened: Linux shows it before udev has said who may open it.
fn patiently(
    bus: &dyn Bus,
    mut ask: impl FnMut() -> Result<(), EnterError>,
) -> Result<(), EnterError> {
    let start = bus.now();
    loop {
        let asked = ask();
        let is_denied = matches!(
            asked,
            Err(EnterError::Port {
                source: SerialError::AccessDenied,
                ..
            })
        );
        if !is_denied || bus.now() - start >= UNTIL_OPENED {
            return asked;
        }
        bus.wait(PAUSE);
    }
}

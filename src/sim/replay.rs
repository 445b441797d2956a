//! A recording in the place of USB: boards that answer as the recorded ones did.
//!
//! [`script`] makes of a recording what each port's device did; [`port`] says its part, as long as the host asks the same;
//! [`stand_in`] is the simulated board that goes on where the host asks for something else, and [`told`] which of the bytes
//! that it holds are known.

mod port;
mod script;
mod stand_in;
mod told;
mod transport;
mod words;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use super::seat::lock;
use crate::recording::session::{Recording, RecordingError};
use crate::usb::{Bus, DeviceInfo, Identity, Occupant, Transport, UsbError};
use port::Port;
use script::scripts;
use transport::ReplayTransport;

/// A recording to be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaySpec {
    /// The file.
    pub path: PathBuf,
    /// Whether the host has to ask for what was recorded, and nothing else.
    pub is_strict: bool,
}

/// What becomes of bytes in memory that a recording doesn't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// They can't be read: whoever reads or compares would take them for real ones.
    Refused,
    /// They are as if erased: whoever writes there doesn't care. It is said.
    TakenForErased,
}

/// Something worth knowing of a replayed board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice<'n> {
    /// Its serial number, if the recording tells it.
    pub serial: Option<&'n str>,
    /// Where it is plugged in.
    pub path: &'n str,
    pub text: &'n str,
}

/// Hears what is worth knowing.
pub type Tell = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;

/// How a recording is replayed.
#[derive(Clone)]
pub struct Manner {
    /// Whether the host has to ask for what was recorded, and nothing else.
    pub is_strict: bool,
    pub untold: Untold,
    pub tell: Tell,
}

/// Why a recording can't be replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is none.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// It has no descriptors of a device with DFU.
    #[error(
        "the recording doesn't say what its devices are: it has no descriptors of a device with DFU"
    )]
    NoDescriptors,
}

/// The boards of a recording, each with a clock of its own.
pub struct ReplayBus {
    ports: Vec<Arc<Mutex<Port>>>,
    clock: Mutex<Duration>,
    broken: Option<String>,
}

impl ReplayBus {
    /// Plugs in what was recorded.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub fn new(spec: &ReplaySpec, untold: Untold, tell: Tell) -> Result<Self, ReplayError> {
        let file = BufReader::new(File::open(&spec.path)?);
        let manner = Manner {
            is_strict: spec.is_strict,
            untold,
            tell,
        };
        Self::of(Recording::read(file)?, &manner)
    }

    /// The same with a recording that was read.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub fn of(mut recording: Recording, manner: &Manner) -> Result<Self, ReplayError> {
        let broken = recording.broken.take();
        let scripts = scripts(recording).into_iter();
        let ports: Vec<_> = scripts
            .map(|script| Arc::new(Mutex::new(Port::new(script, manner.clone()))))
            .collect();
        match ports.is_empty() {
            true => Err(ReplayError::NoDescriptors),
            false => Ok(Self {
                ports,
                clock: Mutex::default(),
                broken,
            }),
        }
    }

    /// Why the recording ends before its end.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}

impl Bus for ReplayBus {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        let ports = self.ports.iter();
        Ok(ports.filter_map(|port| lock(port).present()).collect())
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        let present = self.devices()?.into_iter();
        Ok(present
            .map(|info| {
                let occupant = Occupant {
                    ids: (info.vendor_id, info.product_id),
                    mode: Some(info.mode),
                };
                (info.path, occupant)
            })
            .collect())
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let is_it = |port: &&Arc<Mutex<Port>>| lock(port).present().as_ref() == Some(device);
        let port = self.ports.iter().find(is_it).ok_or(UsbError::NoDevice)?;
        if let Some(closed) = lock(port).closed() {
            return Err(closed);
        }
        Ok(Box::new(ReplayTransport::new(
            Arc::clone(port),
            device.clone(),
        )))
    }

    fn identity(&self, device: &DeviceInfo) -> Option<Identity> {
        let is_it = |port: &&Arc<Mutex<Port>>| lock(port).present().as_ref() == Some(device);
        lock(self.ports.iter().find(is_it)?).identity()
    }

    /// Costs a hundredth of the time, lest a wait without an end keep a processor busy.
    fn wait(&self, duration: Duration) {
        self.ports.iter().for_each(|port| lock(port).wait(duration));
        let mut clock = lock(&self.clock);
        *clock = clock.saturating_add(duration);
        drop(clock);
        thread::sleep(duration / 100);
    }

    fn now(&self) -> Duration {
        *lock(&self.clock)
    }
}

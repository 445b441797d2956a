//! From the application into DFU mode: `-e`, and what comes before everything else.

use std::time::Duration;

use crate::board::Opened;
use crate::cli::error::CliError;
use crate::dfu::enter::{COMES_BACK, EnterError};
use crate::dfu::link::Link;

use super::filter::{Filter, IdMatch, IdsMatch, is_in_dfu_mode};
use super::probe::Device;
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::work::Work;

/// What a DETACH says that the device may take, in milliseconds, as dfu-util says it.
pub const DETACH_TIMEOUT: u16 = 1000;
/// How long that may take to be answered.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

impl Work<'_> {
    /// `-e` in DFU mode, where DFU 1.1 has no DETACH: U-Boot leaves at it, others refuse it. Returns whether it has left.
    pub fn detach_in_dfu_mode(&self, mut device: Device) -> bool {
        let options = device.board.plain_options();
        let Ok(Opened { transport, .. }) = &mut device.board.opened else {
            return false;
        };
        let link = Link::open(transport, options.interface);
        let left = link.ok().and_then(|mut link| {
            link.detach(DETACH_TIMEOUT, REQUEST_TIMEOUT).ok()?;
            Some(link.whereabouts(options.ids).has_left())
        });
        if left.is_none() {
            self.voice.warn("can't detach");
        }
        left == Some(true)
    }

    /// `-e`: an application that has gone has done what it was asked.
    pub fn detach(&self, device: Device) -> Result<(), Sysexit> {
        let path = device.board.info.path.clone();
        match self.leave_application(device) {
            Err(CliError::Enter(EnterError::StaysAway)) if !self.runs_application(&path) => {
                self.voice.warn(
                    "the device has left its application, and has not come back in DFU mode yet",
                );
                Ok(())
            }
            ended => ended.map_err(|error| tell(&error, self.voice)),
        }
    }

    fn runs_application(&self, path: &str) -> bool {
        let devices = self.bus.devices().unwrap_or_default();
        devices
            .iter()
            .any(|info| info.path == path && !is_in_dfu_mode(info))
    }

    fn leave_application(&self, mut device: Device) -> Result<(), CliError> {
        let voice = self.voice;
        voice.say("Claiming USB DFU (Run-Time) Interface...");
        voice.say("Device really in Run-Time Mode, send DFU detach request...");
        let functional = device.board.info.functional.as_ref();
        voice.say(
            match functional.is_some_and(|functional| functional.will_detach()) {
                true => "Device will detach and reattach...",
                false => "Resetting USB...",
            },
        );
        let comes_back = self.request.detach_delay.max(COMES_BACK);
        self.app.detach_within(&mut device.board, comes_back)
    }

    /// Brings a device from its application into DFU mode. Its port is followed, whatever its ids become, unless they are
    /// not those that are asked for.
    pub fn enter_dfu_mode(&self, device: Device) -> Result<Device, Sysexit> {
        let path = device.board.info.path.clone();
        self.leave_application(device)
            .map_err(|error| tell(&error, self.voice))?;
        let filter = Filter {
            run_time: IdsMatch {
                vendor: IdMatch::Nothing,
                product: IdMatch::Nothing,
            },
            path: Some(path),
            device_number: None,
            ..self.request.filter.clone()
        };
        let mut devices = self.find(&filter, false)?;
        let Some(device) = devices.pop() else {
            self.voice.warn("Lost device after RESET?");
            return Err(Sysexit::InputOutput);
        };
        self.voice.say("Opening DFU USB Device...");
        Ok(device)
    }
}

//! From a command line to a device at work: finds the device, brings it into DFU mode, and hands it on.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{Board, Opened};
use crate::cli::app::App;
use crate::cli::args::payload::Payload;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::error::CliError;
use crate::cli::interrupt;
use crate::cli::output::Output;
use crate::cli::select::UNTIL_OPENED;
use crate::dfu::error::Cause;
use crate::dfu::link::Link;
use crate::image::FileIds;
use crate::usb::{Bus, DeviceInfo, UsbError};

use super::filter::{Filter, is_in_dfu_mode};
use super::probe::{Device, Probed, probe, warn_of_closed};
use super::request::{Action, Request};
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::voice::Voice;

/// Between two looks for a device.
const PAUSE: Duration = Duration::from_millis(100);

/// What all of the work needs.
pub struct Work<'w> {
    pub request: &'w Request,
    pub app: &'w App,
    /// Where details and transfers go.
    pub output: &'w Output,
    pub voice: &'w Voice,
    pub bus: Arc<dyn Bus>,
}

impl<'w> Work<'w> {
    /// On the bus that there is.
    pub fn new(
        request: &'w Request,
        app: &'w App,
        output: &'w Output,
        voice: &'w Voice,
    ) -> Result<Self, Sysexit> {
        let bus = app.bus().map_err(|error| tell(&error, voice))?;
        Ok(Self {
            request,
            app,
            output,
            voice,
            bus,
        })
    }

    /// `-l`
    pub fn list(&self) -> Result<(), Sysexit> {
        let found = self.find(&self.request.filter, false);
        // Without any USB there is no device either, which is told, and no error: so dfu-util has it.
        let found = found.or_else(|sysexit| match sysexit {
            Sysexit::InputOutput => Ok(Vec::new()),
            other => Err(other),
        });
        for device in found? {
            device.lines().iter().for_each(|line| self.voice.say(line));
        }
        self.voice.is_heard()
    }

    /// Does what is asked for with the one device that is meant; `payload` is what it is to be sent.
    pub fn run(&self, action: Option<&Action>, payload: Option<&Payload>) -> Result<(), Sysexit> {
        let device = self.only_one(payload)?;
        let voice = self.voice;
        let info = &device.board.info;
        if payload.is_some_and(Payload::is_dfuse_file) {
            voice.say("Multiple alternate interfaces for DfuSe file");
        }
        voice.say("Opening DFU capable USB device...");
        voice.say(&format!(
            "Device ID {:04x}:{:04x}",
            info.vendor_id, info.product_id
        ));
        voice.say(&format!(
            "{} DFU version {:04x}",
            if info.interface > 0 {
                "Run-Time device"
            } else {
                "Device"
            },
            info.dfu_version().unwrap_or(0x0100)
        ));
        self.tell_attributes(info);
        let device = match is_in_dfu_mode(info) {
            true => device,
            false if action == Some(&Action::Detach) => return self.detach(device),
            false => self.one_memory(self.enter_dfu_mode(device)?, payload)?,
        };
        let device = self.open(device)?;
        if let Some(Err(error)) = &self.request.dfuse {
            voice.warn(&error.to_string());
            return Err(Sysexit::Usage);
        }
        let path = device.board.info.path.clone();
        let has_left = match (action, payload) {
            (Some(Action::Detach), _) => self.detach_in_dfu_mode(device),
            (Some(Action::Upload(file)), _) => self.upload(device, file)?,
            (_, payload) => self.download(device, payload)?,
        };
        match self.request.reset && !has_left {
            true => self.reset(&path),
            false => Ok(()),
        }
    }

    /// What its functional descriptor says, for those who want to know.
    fn tell_attributes(&self, info: &DeviceInfo) {
        let Some(said) = info.functional.filter(|_| self.request.verbose > 0) else {
            return;
        };
        let names = [
            (said.can_download(), " bitCanDnload"),
            (said.can_upload(), " bitCanUpload"),
            (
                said.is_manifestation_tolerant(),
                " bitManifestationTolerant",
            ),
            (said.will_detach(), " bitWillDetach"),
        ];
        let names = names.iter().filter(|(is_set, _)| *is_set);
        let names: String = names.map(|(_, name)| *name).collect();
        let attributes = said.attributes;
        self.voice
            .say(&format!("DFU attributes: ({attributes:#04x}){names}"));
        self.voice
            .say(&format!("Detach timeout {} ms", said.detach_timeout));
    }

    /// The devices that are meant, waited for where that is wanted.
    pub fn find(&self, filter: &Filter, waits: bool) -> Result<Vec<Device>, Sysexit> {
        let start = self.bus.now();
        let mut watched = None;
        loop {
            let Probed { devices, closed } = probe(self.bus.as_ref(), filter, self.output)
                .map_err(|error| tell(&error.into(), self.voice))?;
            let opens = |(_, error): &(_, UsbError)| error.may_pass();
            let may_open = closed.iter().any(opens) && self.bus.now() - start < UNTIL_OPENED;
            let goes_on = may_open || waits && devices.is_empty();
            if !goes_on {
                warn_of_closed(&closed, self.voice);
                let error = closed.first().filter(|_| devices.is_empty());
                if let Some(hint) = error.and_then(|(_, error)| of_closed(error)) {
                    hint.lines().for_each(|line| self.voice.hint(line));
                }
                return Ok(devices);
            }
            watched.get_or_insert_with(interrupt::watch);
            if interrupt::requested() {
                return Err(Sysexit::Interrupted);
            }
            self.bus.wait(PAUSE);
        }
    }

    /// The one device that is meant. The ids in a file's suffix choose where nothing else does.
    fn only_one(&self, payload: Option<&Payload>) -> Result<Device, Sysexit> {
        let mut devices = self.find(&self.request.filter, self.request.wait)?;
        let ids = payload.and_then(Payload::ids);
        if let Some(ids) = ids.filter(|_| !self.request.filter.names_ids() && devices.len() > 1) {
            let is_meant = |device: &Device| device.board.is_meant_by(ids);
            if devices.iter().any(is_meant) {
                devices.retain(is_meant);
            }
        }
        let one = devices.pop().filter(|_| devices.is_empty());
        match one {
            None if devices.is_empty() => {
                self.voice.warn("No DFU capable USB device available");
                Err(Sysexit::InputOutput)
            }
            Some(device) => self.one_memory(device, payload),
            None => Err(self.refuse_several("Add -p and the path of the one that is meant.")),
        }
    }

    /// A device with one memory that is meant, or a file that names its own.
    fn one_memory(&self, device: Device, payload: Option<&Payload>) -> Result<Device, Sysexit> {
        let names_memories = payload.is_some_and(Payload::is_dfuse_file);
        match device.settings.len() == 1 || names_memories {
            true => Ok(device),
            false => {
                let hint = "It has several memories: add -a and the one that is meant.";
                Err(self.refuse_several(hint))
            }
        }
    }

    fn refuse_several(&self, hint: &str) -> Sysexit {
        self.voice.warn(
            "More than one DFU capable USB device found! Try `--list' and specify the serial number or disconnect all \
             but one device",
        );
        self.voice.hint(hint);
        Sysexit::InputOutput
    }

    /// Claims a device in DFU mode and brings it to dfuIDLE, and tells of it.
    fn open(&self, mut device: Device) -> Result<Device, Sysexit> {
        let voice = self.voice;
        voice.say("Claiming USB DFU Interface...");
        if let [setting] = &device.settings[..] {
            voice.say(&format!(
                "Setting Alternate Interface #{} ...",
                setting.number
            ));
        }
        voice.say("Determining device status...");
        let info = &device.board.info;
        if let Ok(Opened { transport, .. }) = &mut device.board.opened {
            Link::open(transport, info.interface).map_err(|error| {
                let is_state = !matches!(error.cause, Cause::Usb(_) | Cause::Interrupted);
                let sysexit = tell(&error.into(), voice);
                match is_state {
                    true => Sysexit::Protocol,
                    false => sysexit,
                }
            })?;
        }
        voice.say("DFU state(2) = dfuIDLE, status(0) = No error condition is present");
        voice.say(&format!(
            "DFU mode device DFU version {:04x}",
            info.dfu_version().unwrap_or(0x0100)
        ));
        let said = info
            .functional
            .map_or(0, |functional| functional.transfer_size);
        if device.board.is_plain() && self.request.dfuse.is_some() {
            voice.say("Warning: DfuSe option used on non-DfuSe device");
        }
        if said != 0 {
            voice.say(&format!("Device returned transfer size {said}"));
        }
        device.board.read_first_memory();
        self.set_transfer_size(&mut device.board);
        Ok(device)
    }

    /// `-t`, as far as that is safe: no device is sent more than it takes, and where one reckons addresses in blocks, its
    /// own size is the only right one.
    fn set_transfer_size(&self, board: &mut Board) {
        let Some(wanted) = self.request.transfer_size else {
            return;
        };
        let own = board.info.transfer_size();
        match u16::try_from(wanted) {
            Ok(wanted) if board.is_plain() && wanted < own && board.info.functional.is_some() => {
                self.voice
                    .say("Warning: Overriding device-reported transfer size");
                board.info.limit_transfer_size(wanted);
            }
            Ok(wanted) if wanted == own => {}
            _ => self.voice.warn(&format!(
                "blocks of {own} bytes are sent, as the device says"
            )),
        }
    }

    /// Refuses a file that is for another device.
    pub fn check_ids(&self, ids: FileIds, board: &Board) -> Result<(), Sysexit> {
        let filter = &self.request.filter;
        if board.is_meant_by(ids) || filter.accepts_file(ids) {
            return Ok(());
        }
        let (vendor, product) = (board.info.vendor_id, board.info.product_id);
        let mismatch = format!(
            "File ID {:04x}:{:04x} does not match device ({vendor:04x}:{product:04x})",
            ids.vendor_id, ids.product_id
        );
        if self.request.dfuse().force && !filter.names_ids() {
            self.voice.warn(&format!("Warning: {mismatch}"));
            return Ok(());
        }
        self.voice.warn(&format!("Error: {mismatch}"));
        self.voice.hint(match filter.names_ids() {
            false => "To write it all the same, use -s with :force.",
            true => "`dfu-suffix -D` takes the ids out of the file, if you are sure that it is for this device.",
        });
        Err(Sysexit::Usage)
    }
}

/// What to do where a device can't be opened.
fn of_closed(error: &UsbError) -> Option<String> {
    Diagnosis::from(&CliError::from(error.clone())).hint
}

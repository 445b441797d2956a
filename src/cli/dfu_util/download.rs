//! `-D`: sends a file, and says what of it goes where.

use crate::cli::args::alt::AltChoice;
use crate::cli::args::payload::Payload;
use crate::cli::dfuse;
use crate::cli::job;
use crate::cli::outcome::{self, Outcome};
use crate::cli::plain::{self, Sending, Verification};
use crate::cli::suspicion;
use crate::cli::task::Task;
use crate::dfu::plain::{Leave, Plan as PlainPlan};
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::FlashOptions;
use crate::image::{Image, ImageTarget};
use crate::printable::Printable;

use super::bars::Bars;
use super::dfuse_address::DfuseAddress;
use super::filter::Alt;
use super::probe::Device;
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::work::Work;

impl Work<'_> {
    /// Sends a file, or does what `-s` says without one. Returns whether the device has left DFU mode.
    pub fn download(&self, device: Device, payload: Option<&Payload>) -> Result<bool, Sysexit> {
        if let Some(ids) = payload.and_then(Payload::ids) {
            self.check_ids(ids, &device.board)?;
        }
        if !device.board.is_plain() {
            return self.download_dfuse(device, payload);
        }
        let said = self.request.dfuse();
        let only_force = DfuseAddress {
            force: said.force,
            ..DfuseAddress::default()
        };
        if said != only_force {
            self.voice
                .warn("-s is about addresses, and this device speaks plain DFU, which has none");
            return Err(Sysexit::InputOutput);
        }
        match payload {
            Some(payload) => self.download_plain(device, payload),
            None => Ok(false),
        }
    }

    fn download_plain(&self, device: Device, payload: &Payload) -> Result<bool, Sysexit> {
        self.voice.say("Copying data from PC to DFU device");
        let sending = Sending {
            if_different: false,
            verify: Verification::WhereItCanBe,
            leave: Leave::WhereItWaits,
            any_id: true,
        };
        let alt = self.chosen(&device);
        let download = plain::download(payload, alt.as_ref(), &device.board, sending)
            .map_err(|error| tell(&error, self.voice))?;
        let size = download.bytes.len() as u64;
        let bars = Bars::download(self.voice, self.output, size);
        let task = Task::Plain(PlainPlan::Download(download));
        let (outcome, bars) = self.carry_out(device.board, task, bars)?;
        let was_reset = bars.is_told_to_leave();
        bars.finish(size);
        if outcome.tally.accepted {
            self.voice.warn(outcome::ACCEPTED);
        }
        if was_reset {
            self.voice
                .say("Resetting USB to switch back to runtime mode");
        }
        self.voice.say(match outcome.tally.left {
            Some(_) => "Done!",
            // In one piece: who reads both streams may look for one line right after the other.
            None => "DFU state(2) = dfuIDLE, status(0) = No error condition is present\nDone!",
        });
        Ok(outcome.tally.left == Some(true))
    }

    fn download_dfuse(&self, device: Device, payload: Option<&Payload>) -> Result<bool, Sysexit> {
        let voice = self.voice;
        self.tell_memories(&device);
        let said = self.request.dfuse();
        if said.unprotect {
            return self.unprotect(device, payload);
        }
        if said.mass_erase && !said.force {
            voice.warn("The mass erase command can only be used with force");
            return Err(Sysexit::Usage);
        }
        match payload {
            Some(payload) => self.flash(device, payload),
            None => self.without_a_file(device),
        }
    }

    /// What its memories are called.
    pub fn tell_memories(&self, device: &Device) {
        for setting in device.settings.iter().rev() {
            let name = Printable(memory_name(&setting.name));
            self.voice.say(&format!("DfuSe interface name: \"{name}\""));
        }
    }

    pub fn flash(&self, mut device: Device, payload: &Payload) -> Result<bool, Sysexit> {
        let (voice, said) = (self.voice, self.request.dfuse());
        let image = self.image(payload)?;
        let alt = self.chosen(&device);
        let path = device.board.info.path.clone();
        let options = FlashOptions {
            mass_erase: said.mass_erase,
            start: said.leave,
            entry: said.address.filter(|_| said.leave),
            any_id: true,
            placed_at: said.address.filter(|_| !said.force),
            ..FlashOptions::PLAIN
        };
        let task = job::plan(&mut device.board, |board| {
            let plan = dfuse::flash(image, alt.as_ref(), board, options, |plan| {
                Ok(Plan::Flash(plan))
            });
            plan.map(Into::into)
        });
        let task = task.map_err(|error| tell(&error, voice))?;
        self.check_left_out(&task)?;
        if said.mass_erase {
            voice.say("Performing mass erase, this can take a moment");
        }
        self.announce(image, &task);
        let bars = Bars::erase_and_download(voice, self.output, size(&task));
        let written =
            |outcome: &Outcome<'_>| outcome.tally.written_bytes + outcome.tally.skipped_bytes;
        let outcome = self.complete(device.board, task, bars, written)?;
        voice.say(match payload.is_dfuse_file() {
            true => "Done parsing DfuSe file",
            false => "File downloaded successfully",
        });
        self.tell_losses(&outcome);
        match outcome.tally.left {
            None if said.leave && !outcome.tally.reset => self.leave(self.again(&path)?, None),
            None => Ok(outcome.tally.reset),
            Some(left) => {
                self.tell_leave();
                Ok(left)
            }
        }
    }

    /// The firmware with its addresses.
    fn image<'p>(&self, payload: &'p Payload) -> Result<&'p Image, Sysexit> {
        let voice = self.voice;
        let has_address = self.request.dfuse().address.is_some();
        if has_address && payload.is_dfuse_file() {
            voice.warn("This is a DfuSe file, not meant for raw download");
            voice.hint("It names its own addresses: leave out the one in -s.");
            return Err(Sysexit::Usage);
        }
        let is_raw = payload.lacks_address() || payload.placed.is_ok() && !payload.is_dfuse_file();
        if !has_address && is_raw {
            voice.warn("Only DfuSe file version 1.1a is supported");
            voice.warn("(for raw binary download, use the --dfuse-address option)");
            return Err(Sysexit::Usage);
        }
        payload.placed().map_err(|error| tell(&error, voice))
    }

    /// Refuses a file of which some is for no memory of the device, unless that is overruled.
    fn check_left_out(&self, task: &Task<'_>) -> Result<(), Sysexit> {
        let left_out = task.dfuse().map_or(&[][..], Plan::left_out);
        match left_out.first() {
            Some(place) if !self.request.dfuse().force => {
                self.voice.warn(&format!("the file has {place}"));
                self.voice
                    .hint("To write the rest of it, add :force to the value of -s.");
                Err(Sysexit::Usage)
            }
            _ => Ok(()),
        }
    }

    /// What is to be written, and what is odd about it.
    fn announce(&self, image: &Image, task: &Task<'_>) {
        let voice = self.voice;
        if let [
            ImageTarget {
                elements,
                alternate_setting: None,
                ..
            },
        ] = &image.targets[..]
        {
            for element in elements {
                voice.say(&format!(
                    "Downloading element to address = {:#010x}, size = {}",
                    element.address,
                    element.data.len()
                ));
            }
        } else {
            voice.say(&format!("File contains {} DFU images", image.targets.len()));
            image
                .targets
                .iter()
                .zip(1..)
                .for_each(|(target, number)| self.announce_target(target, number, task));
        }
        let oddities = task.dfuse().map_or_else(Vec::new, outcome::oddities);
        for warning in suspicion::warnings(image).iter().chain(&oddities) {
            voice.warn(&format!("Warning: {warning}"));
        }
    }

    fn announce_target(&self, target: &ImageTarget, number: usize, task: &Task<'_>) {
        /// Before each element: its address and its size.
        const HEADER: usize = 8;
        let voice = self.voice;
        let setting = target.alternate_setting.unwrap_or_default();
        let total: usize = target
            .elements
            .iter()
            .map(|element| element.data.len() + HEADER)
            .sum();
        voice.say(&format!("Parsing DFU image {number}"));
        voice.say(&match &target.name {
            Some(name) => format!("Target name: {name}"),
            None => "No target name".to_owned(),
        });
        voice.say(&format!(
            "Image for alternate setting {setting}, ({} elements, total size = {total})",
            target.elements.len()
        ));
        let plan = task.dfuse().and_then(Plan::flash);
        let mut memories = plan.into_iter().flat_map(|plan| &plan.memories);
        if !memories.any(|memory| memory.region.alternate_setting == setting) {
            voice.warn(&format!(
                "No alternate setting {setting} (skipping elements)"
            ));
            return;
        }
        voice.say(&format!("Setting Alternate Interface #{setting} ..."));
        for (element, number) in target.elements.iter().zip(1..) {
            voice.say(&format!(
                "Parsing element {number}, address = {:#010x}, size = {}",
                element.address,
                element.data.len()
            ));
        }
    }

    /// What went with the sectors of the file.
    fn tell_losses(&self, outcome: &Outcome<'_>) {
        let lost = outcome.tally.lost_bytes;
        if lost > 0 && !self.request.dfuse().mass_erase {
            self.voice.warn(&format!(
                "Warning: {lost} bytes that were in the same sectors, and are not in the file, were erased"
            ));
        }
    }

    /// The memory that `-a` names; none where it names none, so that the addresses choose.
    pub fn chosen(&self, device: &Device) -> Option<AltChoice> {
        let number = device.settings.first()?.number;
        (self.request.filter.alt != Alt::Any).then_some(AltChoice::Number(number))
    }
}

/// How much is to be written, in bytes.
fn size(task: &Task<'_>) -> u64 {
    let plan = task.dfuse().and_then(Plan::flash);
    let memories = plan.into_iter().flat_map(|plan| &plan.memories);
    memories.map(|memory| memory.image().bytes()).sum()
}

/// The name in a layout: between its first character and the first slash.
fn memory_name(layout: &str) -> &str {
    let name = layout.strip_prefix('@').unwrap_or(layout);
    name.split('/').next().unwrap_or(name)
}

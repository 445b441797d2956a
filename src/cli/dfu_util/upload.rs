//! `-U`: what is in a device, into a new file.

use std::cell::Cell;
use std::path::Path;

use crate::address::{AddressRange, RangeRequest};
use crate::cli::args::alt::memories_and_choice;
use crate::cli::error::CliError;
use crate::cli::outcome::Found;
use crate::cli::task::Task;
use crate::cli::{job, plain, save};
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::board_facts::Memory;
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::read::plan_read;
use crate::printable;

use super::bars::Bars;
use super::probe::Device;
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::work::Work;

/// What is read where neither an address nor a length is given, in bytes.
const UNBOUND: u32 = 0x4000;

impl Work<'_> {
    /// Reads into a new file. Returns whether the device has left DFU mode.
    pub fn upload(&self, device: Device, file: &Path) -> Result<bool, Sysexit> {
        if let Err(error) = save::check(file, false) {
            return Err(self.refuse_file(file, &error));
        }
        let path = device.board.info.path.clone();
        let is_plain = device.board.is_plain();
        let (found, bars) = match is_plain {
            true => self.upload_plain(device)?,
            false => self.upload_dfuse(device)?,
        };
        if let Err(error) = save::save(file, &found, false) {
            bars.give_up();
            return Err(self.refuse_file(file, &error));
        }
        bars.finish(found.len() as u64);
        if is_plain {
            self.tell_total(found.len() as u64);
        }
        let said = self.request.dfuse();
        match said.leave && !is_plain {
            true => self.leave(self.again(&path)?, said.address),
            false => Ok(false),
        }
    }

    fn refuse_file(&self, file: &Path, error: &CliError) -> Sysexit {
        let reason = match error {
            CliError::AlreadyThere(_) => "File exists".to_owned(),
            CliError::While { error, .. } => error.message(),
            other => other.message(),
        };
        self.voice.warn(&format!(
            "Cannot open file {} for writing: {reason}",
            printable::path(file)
        ));
        Sysexit::CantCreate
    }

    fn upload_plain(&self, device: Device) -> Result<(Vec<u8>, Bars<'_>), Sysexit> {
        let voice = self.voice;
        voice.say("Copying data from DFU device to PC");
        let plan = plain::read(self.chosen(&device).as_ref(), &device.board, false)
            .map_err(|error| tell(&error, voice))?;
        let expected = self.request.upload_size.unwrap_or_default();
        let bars = Bars::upload(voice, self.output, expected);
        let (outcome, bars) = self.carry_out(device.board, Task::Plain(plan), bars)?;
        let found = bytes(outcome.found);
        if found.is_empty() {
            bars.give_up();
            voice.warn("the device gave nothing: it ended the upload with its first block");
            return Err(Sysexit::InputOutput);
        }
        Ok((found, bars))
    }

    fn tell_total(&self, size: u64) {
        self.voice.say(&format!("Received a total of {size} bytes"));
        if self
            .request
            .upload_size
            .is_some_and(|expected| expected != size)
        {
            self.voice
                .warn("Unexpected number of bytes uploaded from device");
        }
    }

    fn upload_dfuse(&self, mut device: Device) -> Result<(Vec<u8>, Bars<'_>), Sysexit> {
        let voice = self.voice;
        if self.request.dfuse().address.is_some() {
            self.tell_memories(&device);
        }
        let alt = self.chosen(&device);
        let range = Cell::new(None);
        let task = job::plan(&mut device.board, |board| {
            let (memories, alternate_setting) =
                memories_and_choice(alt.as_ref(), board).map_err(NoPlan::into_other)?;
            let wanted = self.range(&memories, alternate_setting);
            range.set(Some(wanted));
            let ranges = [RangeRequest::Exactly(wanted)];
            let plan = plan_read(&ranges, board.facts(&memories), alternate_setting, false)
                .map_err(|error| error.map(CliError::OnlyLooking))?;
            Ok(Plan::Read(plan).into())
        });
        let task = task.map_err(|error| tell(&error, voice))?;
        let size = range.get().map_or(0, AddressRange::size);
        match self.request.dfuse() {
            said if said.address.is_none() => {
                voice.say(&format!("Limiting default upload to {size} bytes"));
            }
            said if said.length.is_none() => voice.say(&format!(
                "Limiting upload to end of memory segment, {size} bytes"
            )),
            _ => {}
        }
        let bars = Bars::upload(voice, self.output, size);
        let (outcome, bars) = self.carry_out(device.board, task, bars)?;
        Ok((bytes(outcome.found), bars))
    }

    /// What to read: from the address, or the beginning of the memory, as much as is asked for; or to the end of what
    /// the address is in.
    fn range(&self, memories: &[Memory], chosen: Option<u8>) -> AddressRange {
        let said = self.request.dfuse();
        let is_chosen = |memory: &&Memory| Some(memory.alternate_setting) == chosen;
        let memory = memories.iter().find(is_chosen).or(memories.first());
        let address = said
            .address
            .or(memory.map(Memory::start))
            .unwrap_or_default();
        let layouts = memory
            .into_iter()
            .chain(memories)
            .map(|memory| &memory.layout);
        let to_end = layouts
            .filter_map(|layout| layout.segment_end(address))
            .next();
        let after = |length: u32| u64::from(address) + u64::from(length);
        let end = match (said.length, said.address, to_end) {
            (Some(length), ..) => after(length),
            (None, Some(_), Some(to_end)) => to_end,
            (None, None, Some(to_end)) => to_end.min(after(UNBOUND)),
            (None, _, None) => after(UNBOUND),
        };
        AddressRange { address, end }
    }
}

/// The bytes that were found.
fn bytes(found: Option<Found>) -> Vec<u8> {
    match found {
        None => Vec::new(),
        Some(Found::Stream(bytes)) => bytes,
        Some(Found::Placed(target)) => target
            .elements
            .into_iter()
            .flat_map(|element| element.data)
            .collect(),
    }
}

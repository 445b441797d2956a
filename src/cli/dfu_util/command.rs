//! What `-s` asks for beside a file: erasing, lifting read protection, starting.

use crate::board::Board;
use crate::cli::args::payload::Payload;
use crate::cli::dfuse;
use crate::cli::job;
use crate::cli::outcome;
use crate::dfuse::plan::erase::EraseRequest;

use super::bars::Bars;
use super::probe::Device;
use super::sysexit::Sysexit;
use super::trouble::tell;
use super::work::Work;

impl Work<'_> {
    /// `-s :unprotect:force`. A device that is not protected goes on to what else is asked for; one that was has restarted.
    pub fn unprotect(&self, device: Device, payload: Option<&Payload>) -> Result<bool, Sysexit> {
        let (voice, said) = (self.voice, self.request.dfuse());
        if !said.force {
            voice.warn(
                "The read unprotect command will erase the flash memory and can only be used with force",
            );
            return Err(Sysexit::Usage);
        }
        let Device {
            board,
            serial,
            settings,
        } = device;
        let path = board.info.path.clone();
        let task = dfuse::unprotect(&board).into();
        let bars = Bars::none(voice, self.output);
        let outcome = self.complete(board, task, bars, |_| 0)?;
        let is_all = payload.is_none() && !said.leave && !said.mass_erase;
        if outcome.tally.unprotected == Some(false) {
            voice.say(outcome::NOT_PROTECTED);
            let device = Device {
                board: self.again(&path)?,
                serial,
                settings,
            };
            return match (is_all, payload) {
                (true, _) => Ok(false),
                (false, Some(payload)) => self.flash(device, payload),
                (false, None) => self.without_a_file(device),
            };
        }
        voice.say("Device disconnects, erases flash and resets now");
        if is_all {
            return Ok(true);
        }
        voice.warn("Read protection is lifted, and everything is erased; nothing else was done");
        voice
            .hint("Put the device into DFU mode again, and repeat the command without :unprotect.");
        Err(Sysexit::InputOutput)
    }

    /// `-s` without a file.
    pub fn without_a_file(&self, mut device: Device) -> Result<bool, Sysexit> {
        let (voice, said) = (self.voice, self.request.dfuse());
        let path = device.board.info.path.clone();
        if said.mass_erase {
            voice.say("Performing mass erase, this can take a moment");
            let alt = self.chosen(&device);
            let task = job::plan(&mut device.board, |board| {
                dfuse::erase(&EraseRequest::All, alt.as_ref(), board).map(Into::into)
            });
            let task = task.map_err(|error| tell(&error, voice))?;
            self.complete(device.board, task, Bars::none(voice, self.output), |_| 0)?;
            device.board = self.again(&path)?;
        }
        voice.say("DfuSe command mode");
        match said.leave {
            true => self.leave(device.board, said.address),
            false => Ok(false),
        }
    }

    /// Starts the application; a device that stays is an error.
    pub fn leave(&self, mut board: Board, address: Option<u32>) -> Result<bool, Sysexit> {
        let task = job::plan(&mut board, |board| {
            dfuse::leave(address, board).map(Into::into)
        });
        let task = task.map_err(|error| tell(&error, self.voice))?;
        self.complete(board, task, Bars::none(self.voice, self.output), |_| 0)?;
        self.tell_leave();
        Ok(true)
    }

    /// That it was started.
    pub fn tell_leave(&self) {
        self.voice.say("Submitting leave request...");
        self.voice.say("Transitioning to dfuMANIFEST state");
    }
}

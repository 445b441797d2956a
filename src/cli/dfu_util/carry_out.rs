//! A piece of work on a device, with its bars and its end; and the device once more, for the next piece.

use crate::board::{Board, Opened};
use crate::cli::interrupt;
use crate::cli::job::Job;
use crate::cli::outcome::Outcome;
use crate::cli::task::Task;
use crate::dfu::link::Link;
use crate::usb::UsbError;

use super::bars::Bars;
use super::entering::{DETACH_TIMEOUT, REQUEST_TIMEOUT};
use super::filter::Filter;
use super::probe::Device;
use super::sysexit::Sysexit;
use super::trouble::{tell, tell_of_work};
use super::voice::Voice;
use super::work::Work;

impl Work<'_> {
    /// Carries out a task, and says what is odd about it. The bars are for the caller to finish, once all is well.
    pub fn carry_out<'p, 'v>(
        &self,
        board: Board,
        task: Task<'p>,
        mut bars: Bars<'v>,
    ) -> Result<(Outcome<'p>, Bars<'v>), Sysexit> {
        let stopping = "Stopping. Press Ctrl-C again to stop at once.";
        let watched = {
            let name = self.voice.name();
            interrupt::watch_and_acknowledge(move |_| Voice::new(name).warn(stopping))
        };
        let job = Job {
            board,
            task: Ok(task),
        };
        let outcome = job.run(&mut bars);
        drop(watched);
        if let Some(error) = &outcome.error {
            bars.give_up();
            return Err(tell_of_work(&outcome, error, self.voice));
        }
        Ok((outcome, bars))
    }

    /// The same, with `bytes` being what it comes to.
    pub fn complete<'p>(
        &self,
        board: Board,
        task: Task<'p>,
        bars: Bars<'_>,
        bytes: impl Fn(&Outcome<'p>) -> u64,
    ) -> Result<Outcome<'p>, Sysexit> {
        let (outcome, bars) = self.carry_out(board, task, bars)?;
        bars.finish(bytes(&outcome));
        for warning in outcome.warnings() {
            self.voice.warn(&warning);
        }
        Ok(outcome)
    }

    /// The device at this port once more, for the next piece of work.
    pub fn again(&self, path: &str) -> Result<Board, Sysexit> {
        let filter = Filter {
            path: Some(path.to_owned()),
            ..Filter::default()
        };
        let device = self.find(&filter, false)?.pop();
        let Some(Device { mut board, .. }) = device else {
            self.voice.warn("the device is gone");
            return Err(Sysexit::InputOutput);
        };
        board.read_first_memory();
        Ok(board)
    }

    /// `-R`
    pub fn reset(&self, path: &str) -> Result<(), Sysexit> {
        let mut board = self.again(path)?;
        self.voice
            .say("Resetting USB to switch back to Run-Time mode");
        let interface = board.info.interface;
        let Ok(Opened { transport, .. }) = &mut board.opened else {
            return Ok(());
        };
        let mut link =
            Link::open(transport, interface).map_err(|error| tell(&error.into(), self.voice))?;
        // Many refuse it in DFU mode, where DFU 1.1 has no DETACH.
        let _ = link.detach(DETACH_TIMEOUT, REQUEST_TIMEOUT);
        match link.reset() {
            Ok(()) | Err(UsbError::NoDevice) => {}
            // Windows resets no port for a program.
            Err(error @ UsbError::Other(_)) => self.voice.warn(&format!("no reset: {error}")),
            Err(error) => {
                self.voice
                    .warn(&format!("error resetting after download: {error}"));
                return Err(Sysexit::InputOutput);
            }
        }
        Ok(())
    }
}

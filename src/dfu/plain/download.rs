//! Sending a file: every block once, from the first to the last.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Phase;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::usb::UsbError;

use super::manifest::Manifested;
use super::poll::ANSWER_TIMEOUT;
use super::{Download, Session, wire_number};

impl Session<'_> {
    /// Sends a file, unless it is there; reads it back, where that can be; leaves, if that is wanted.
    pub(super) fn download(&mut self, plan: &Download<'_>) -> Result<(), SessionError> {
        if plan.bytes.is_empty() {
            return Err(SessionError {
                action: Action::Download(0),
                cause: Cause::Empty,
            });
        }
        self.rehearse(plan)?;
        let manifested = match self.tally.skipped_bytes > 0 {
            true => Manifested::Idle,
            false => self.persist(|session| session.attempt(plan))?,
        };
        self.conclude(plan, manifested)
    }

    /// Looks whether the file is there, where that is asked for.
    pub(super) fn rehearse(&mut self, plan: &Download<'_>) -> Result<(), SessionError> {
        if plan.if_different && self.look_for_file(plan)? {
            self.tally.skipped_bytes = plan.bytes.len() as u64;
        }
        Ok(())
    }

    /// One try at all of it, from the first block to the device's own word.
    fn attempt(&mut self, plan: &Download<'_>) -> Result<Manifested, SessionError> {
        self.select(plan.memory)?;
        let total = plan.bytes.len() as u64;
        self.tally.written_bytes = 0;
        self.begin(Phase::Write, Some(total), Action::Download(0))?;
        self.tally.touched = true;
        let blocks = plan.bytes.chunks(self.options.transfer_size.into());
        let mut next = 0;
        for (number, block) in (0..).zip(blocks) {
            self.send(number, block)?;
            next = number + 1;
            self.tally.written_bytes += block.len() as u64;
            self.advance(block.len() as u64, Action::Download(number))?;
        }
        self.manifest(next)
    }

    fn send(&mut self, number: u32, block: &[u8]) -> Result<(), SessionError> {
        let action = Action::Download(number);
        self.link.end_upload(action)?;
        self.link
            .send_block(wire_number(number), block, ANSWER_TIMEOUT)
            .map_err(|error| self.explained(action, error))?;
        self.await_block(action)
    }

    /// A refused request leaves the device in dfuERROR, mostly; what it has to say there says more than the refusal.
    pub(super) fn explained(&mut self, action: Action, error: UsbError) -> SessionError {
        if error == UsbError::Stall {
            if let Ok(report) = self.link.get_status(ANSWER_TIMEOUT) {
                if report.state == DfuState::DfuError || report.status != DfuStatus::Ok {
                    return self.link.unexpected(action, report);
                }
            }
        }
        SessionError::usb(action, error)
    }
}

//! Leaving DFU mode, which starts the application.

use crate::dfu::error::{Action, SessionError};
use crate::dfu::link::Link;
use crate::dfu::link::departure::{LEAVE_DEADLINE, LEAVE_TIMEOUT, PAUSE_AFTER_LEAVE};
use crate::dfu::protocol::DfuState;
use crate::dfuse::command::COMMAND_BLOCK;
use crate::usb::UsbError;

impl Link<'_> {
    /// Asks the device to leave DFU mode and reports whether it has gone.
    ///
    /// ROMs jump without an answer, GD32 doesn't even acknowledge the zero-length DNLOAD, and a request that was lost on
    /// the way looks the same. So it is the bus that decides: what is still there at the deadline has not left.
    ///
    /// # Errors
    /// What the device says, where it is still there because it has refused to leave or has not heard of it.
    pub fn leave(&mut self) -> Result<bool, SessionError> {
        self.end_upload(Action::Leave)?;
        let sent = self.send_block(COMMAND_BLOCK, &[], LEAVE_TIMEOUT);
        let end = self.end_of(LEAVE_DEADLINE);
        // It is the GETSTATUS that makes the device go.
        let mut goes = sent.is_ok() && self.ask_whether_it_goes(&sent)?;
        while self.is_on_bus() {
            if self.left_until(end).is_none() {
                return Ok(false);
            }
            self.wait(PAUSE_AFTER_LEAVE, end);
            goes = goes || self.ask_whether_it_goes(&sent)?;
        }
        Ok(true)
    }

    /// Whether the device says that it leaves, asked after a zero-length DNLOAD that was `sent` well or not.
    ///
    /// # Errors
    /// What the device says, where it won't. A C071 was seen to answer dfuERROR unless SET_ADDRESS came right before.
    fn ask_whether_it_goes(&mut self, sent: &Result<(), UsbError>) -> Result<bool, SessionError> {
        let Ok(report) = self.get_status(LEAVE_TIMEOUT) else {
            return Ok(false);
        };
        match (report.state, sent) {
            (DfuState::DfuError, _) => Err(self.unexpected(Action::Leave, report)),
            // It still waits for its GETSTATUS.
            (DfuState::DfuManifestSync, _) => Ok(false),
            (DfuState::DfuManifest | DfuState::DfuManifestWaitReset, _) | (_, Ok(())) => Ok(true),
            (_, Err(error)) => Err(SessionError::usb(Action::Leave, error.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfu::link::script::Answer::{Bytes, Fails};
    use crate::dfu::link::script::{
        ACK, Answer, DNLOAD_IDLE, IDLE, STALL, diary, diary_of_a_departure,
    };

    const MANIFEST: Answer = Bytes(&[0, 0, 0, 0, 7, 0]);
    const MANIFEST_SYNC: Answer = Bytes(&[0, 0, 0, 0, 6, 0]);
    const ERROR: Answer = Bytes(&[14, 0, 0, 0, 10, 0]);
    const NO_DEVICE: Answer = Fails(UsbError::NoDevice);
    const TIMEOUT: Answer = Fails(UsbError::Timeout);
    const IO: Answer = Fails(UsbError::Io);

    /// A board that is off the bus after this many looks.
    #[track_caller]
    fn leaves(answers: impl IntoIterator<Item = Answer>, looks: usize) {
        let (diary, result) = diary_of_a_departure(answers, looks, |link| link.leave());
        assert!(diary.starts_with("21 01 0000 0001 > []\n"), "{diary}");
        assert_eq!(result, Ok(true), "{diary}");
    }

    #[test]
    fn a_board_that_is_off_the_bus_has_left_whatever_became_of_its_answers() {
        leaves([ACK, MANIFEST], 0);
        for lost in [NO_DEVICE, TIMEOUT, IO, STALL] {
            leaves([ACK, lost], 0);
        }
        // GD32 doesn't even acknowledge the DNLOAD.
        for lost in [NO_DEVICE, TIMEOUT, IO] {
            leaves([lost], 0);
        }
    }

    #[test]
    fn the_system_may_take_a_moment_to_notice_that_a_board_has_left() {
        leaves([ACK, MANIFEST], 20);
        leaves([TIMEOUT, NO_DEVICE, NO_DEVICE], 2);
        leaves([ACK, TIMEOUT, IO, NO_DEVICE], 2);
    }

    #[test]
    fn a_board_that_has_missed_the_getstatus_that_makes_it_go_is_asked_again() {
        for lost in [STALL, TIMEOUT, IO, MANIFEST_SYNC] {
            leaves([ACK, lost, MANIFEST], 2);
        }
        // The acknowledgement was lost, not the DNLOAD.
        leaves([TIMEOUT, MANIFEST], 2);
    }

    #[test]
    fn a_board_that_is_still_on_the_bus_at_the_deadline_has_not_left() {
        let (diary, result) = diary([ACK, MANIFEST], |link| link.leave());
        assert_eq!(result, Ok(false));
        let waits = "wait 100 ms\n".repeat(50);
        let requests = "21 01 0000 0001 > []\na1 03 0000 0001 < 6\n";
        assert_eq!(diary, format!("{requests}{waits}"));
    }

    #[test]
    fn silence_and_stalls_on_the_bus_are_no_leaving() {
        for lost in [STALL, TIMEOUT, IO, NO_DEVICE] {
            let Fails(error) = lost else { unreachable!() };
            let answers = (0..51).map(|_| Fails(error.clone()));
            let (_, result) = diary([ACK].into_iter().chain(answers), |link| link.leave());
            assert_eq!(result, Ok(false), "{error}");
        }
    }

    #[test]
    fn a_board_that_refuses_to_leave_or_has_not_heard_of_it_is_worth_another_try() {
        let check = |answers, expected: &str| {
            let (_, result) = diary(answers, |link| link.leave());
            let expected = format!("starting the application: {expected}");
            assert_eq!(result, Err(expected));
        };
        let error = "the board answered errUNKNOWN in dfuERROR";
        check(vec![ACK, ERROR], error);
        check(vec![STALL, ERROR], error);
        check(vec![ACK, TIMEOUT, ERROR], error);
        // It is in the state that it was in.
        check(vec![TIMEOUT, DNLOAD_IDLE], "no answer in time");
        check(vec![STALL, IDLE], "the device refused the request (STALL)");
    }
}

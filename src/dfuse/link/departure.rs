//! Requests after which a device may be gone: leaving DFU mode, lifting read protection.

use std::time::Duration;

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::protocol::{
    COMMAND_BLOCK, DfuRequest, DfuState, DfuStatus, DfuseCommand, StatusReport,
};
use crate::usb::UsbError;

use super::{
    Link, MASS_ERASE_DEADLINE, PAUSE_AFTER_LEAVE, PAUSE_AFTER_STALL, REQUEST_TIMEOUT,
    STALLS_WHILE_BUSY, failed, poll_pause,
};

/// How long a request may take of a device that may have left already.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a device may take to drop off the bus, and the system to notice.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);
/// How long to wait for the answer to a GETSTATUS of a read unprotect: some bootloaders erase before they answer, and an
/// F405's data sheet allows 32 s for that. It is shorter than the deadline, so that a lost request can be asked again.
const UNPROTECT_TIMEOUT: Duration = Duration::from_secs(40);

impl Link<'_> {
    /// Asks the device to leave DFU mode and reports whether it has gone.
    ///
    /// ROMs jump without an answer, GD32 doesn't even acknowledge the zero-length DNLOAD, and a request that was lost on
    /// the way looks the same. So it is the bus that decides: what is still there at the deadline has not left.
    ///
    /// # Errors
    /// What the device says, where it is still there because it has refused to leave or has not heard of it.
    pub fn leave(&mut self) -> Result<bool, SessionError> {
        if self.state == DfuState::DfuUploadIdle {
            self.abort(Action::Leave)?;
        }
        let request = self.request_out(DfuRequest::Dnload, COMMAND_BLOCK);
        let sent = self.transport.control_out(request, &[], LEAVE_TIMEOUT);
        let end = self.transport.now() + LEAVE_DEADLINE;
        // It is the GETSTATUS that makes the device go.
        let mut goes = sent.is_ok() && self.is_on_its_way(&sent)?;
        while self.transport.is_on_bus() {
            if self.transport.now() >= end {
                return Ok(false);
            }
            self.transport.wait(PAUSE_AFTER_LEAVE);
            goes = goes || self.is_on_its_way(&sent)?;
        }
        Ok(true)
    }

    /// Lifts read protection, for a device in dfuIDLE. It erases itself on GETSTATUS and resets; a second answer is not
    /// owed, so that losing the device is success once it has said that it is busy (AN3156 §5.4).
    ///
    /// Returns whether the device was seen at it: busy, or off the bus after a GETSTATUS that it may have heard. AT32
    /// answers as after any other command; where such a device stays on the bus, there is nothing to see.
    ///
    /// # Errors
    /// What the device says, where it has refused or has not heard of it; [`Cause::WentAway`] where it is not there to
    /// be asked.
    pub fn read_unprotect(&mut self) -> Result<bool, SessionError> {
        let command = DfuseCommand::ReadUnprotect.to_bytes();
        let request = self.request_out(DfuRequest::Dnload, COMMAND_BLOCK);
        let sent = self
            .transport
            .control_out(request, command.as_ref(), REQUEST_TIMEOUT);
        match sent {
            // It may have come through all the same: GETSTATUS tells.
            Ok(()) | Err(UsbError::Timeout | UsbError::Io) => self.finish_read_unprotect(&sent),
            Err(error) => Err(self.explained(Action::ReadUnprotect, error)),
        }
    }

    /// Whether the device is off the bus, or goes off it in a moment: one that answers doesn't.
    pub fn is_gone(&mut self) -> bool {
        !self.transport.is_on_bus()
            || self.get_state(LEAVE_TIMEOUT).is_err() && self.leaves_the_bus()
    }
}

impl Link<'_> {
    /// Whether the device says that it leaves, asked after a zero-length DNLOAD that was `sent` well or not.
    ///
    /// # Errors
    /// What the device says, where it won't. A C071 was seen to answer dfuERROR unless SET_ADDRESS came right before.
    fn is_on_its_way(&mut self, sent: &Result<(), UsbError>) -> Result<bool, SessionError> {
        let Ok(report) = self.get_status(LEAVE_TIMEOUT) else {
            return Ok(false);
        };
        match (report.state, sent) {
            (DfuState::DfuError, _) => Err(self.unexpected(Action::Leave, report)),
            // It still waits for its GETSTATUS.
            (DfuState::DfuManifestSync, _) => Ok(false),
            (DfuState::DfuManifest | DfuState::DfuManifestWaitReset, _) | (_, Ok(())) => Ok(true),
            (_, Err(error)) => Err(failed(Action::Leave, error.clone())),
        }
    }

    /// GETSTATUS until it shows what has come of a read unprotect that was `sent` well or not.
    fn finish_read_unprotect(&mut self, sent: &Result<(), UsbError>) -> Result<bool, SessionError> {
        let action = Action::ReadUnprotect;
        let end = self.transport.now() + MASS_ERASE_DEADLINE;
        let mut begun = false;
        let mut stalls = 0;
        let mut last = Cause::StillBusy(MASS_ERASE_DEADLINE);
        loop {
            let left = end.saturating_sub(self.transport.now());
            if left.is_zero() {
                return Err(SessionError {
                    action,
                    cause: last,
                });
            }
            let pause = match self.get_status(left.min(UNPROTECT_TIMEOUT)) {
                Ok(report) => {
                    begun |= report.state == DfuState::DfuDnbusy;
                    if !matches!(report.state, DfuState::DfuDnbusy | DfuState::DfuDnloadSync) {
                        return self.end_read_unprotect(report, begun, sent);
                    }
                    last = Cause::StillBusy(MASS_ERASE_DEADLINE);
                    poll_pause(report.poll_timeout)
                }
                Err(UsbError::NoDevice) if begun => return Ok(true),
                // Nobody knows whether it was still there to hear the GETSTATUS.
                Err(UsbError::NoDevice) => {
                    return Err(SessionError {
                        action,
                        cause: Cause::WentAway,
                    });
                }
                Err(UsbError::Stall) if stalls < STALLS_WHILE_BUSY => {
                    stalls += 1;
                    PAUSE_AFTER_STALL
                }
                Err(error @ UsbError::Stall) => return Err(failed(action, error)),
                Err(_) if self.leaves_the_bus() => return Ok(true),
                Err(error) => {
                    last = Cause::Usb(error);
                    PAUSE_AFTER_STALL
                }
            };
            self.transport
                .wait(pause.min(end.saturating_sub(self.transport.now())));
        }
    }

    /// What a `report` means that says neither busy nor about to be.
    fn end_read_unprotect(
        &mut self,
        report: StatusReport,
        begun: bool,
        sent: &Result<(), UsbError>,
    ) -> Result<bool, SessionError> {
        match (report.state, report.status, sent) {
            (DfuState::DfuDnloadIdle, DfuStatus::Ok, _) => Ok(begun || self.leaves_the_bus()),
            // It has heard of nothing.
            (DfuState::DfuIdle, _, Err(error)) => Err(failed(Action::ReadUnprotect, error.clone())),
            _ => Err(self.unexpected(Action::ReadUnprotect, report)),
        }
    }

    /// Whether the device goes off the bus within the time that this may take.
    fn leaves_the_bus(&mut self) -> bool {
        let end = self.transport.now() + LEAVE_DEADLINE;
        while self.transport.is_on_bus() {
            if self.transport.now() >= end {
                return false;
            }
            self.transport.wait(PAUSE_AFTER_LEAVE);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfuse::link::script::Answer::{Bytes, Fails};
    use crate::dfuse::link::script::{
        ACK, Answer, BUSY_100_MS, DNLOAD_IDLE, IDLE, STALL, diary, diary_of_a_departure,
    };

    const MANIFEST: Answer = Bytes(&[0, 0, 0, 0, 7, 0]);
    const MANIFEST_SYNC: Answer = Bytes(&[0, 0, 0, 0, 6, 0]);
    const ERROR: Answer = Bytes(&[14, 0, 0, 0, 10, 0]);
    const NO_DEVICE: Answer = Fails(UsbError::NoDevice);
    const TIMEOUT: Answer = Fails(UsbError::Timeout);
    const IO: Answer = Fails(UsbError::Io);

    /// A board that is off the bus after so many looks.
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

    /// What comes of a read unprotect of a board that is off the bus after so many looks, or for none stays.
    fn unprotect(answers: Vec<Answer>, looks: Option<usize>) -> Result<bool, String> {
        let (diary, result) = match looks {
            Some(looks) => diary_of_a_departure(answers, looks, |link| link.read_unprotect()),
            None => diary(answers, |link| link.read_unprotect()),
        };
        assert!(diary.starts_with("21 01 0000 0001 > [92]\n"), "{diary}");
        result
    }

    #[test]
    fn a_board_that_was_busy_lifting_its_protection_has_lifted_it() {
        for lost in [NO_DEVICE, TIMEOUT, IO] {
            assert_eq!(unprotect(vec![ACK, BUSY_100_MS, lost], Some(0)), Ok(true));
        }
        assert_eq!(
            unprotect(vec![ACK, BUSY_100_MS, DNLOAD_IDLE], None),
            Ok(true)
        );
        // The acknowledgement was lost, not the DNLOAD.
        assert_eq!(
            unprotect(vec![TIMEOUT, BUSY_100_MS, NO_DEVICE], None),
            Ok(true)
        );
    }

    #[test]
    fn a_board_that_left_the_bus_without_an_answer_has_lifted_its_protection() {
        for lost in [TIMEOUT, IO] {
            assert_eq!(unprotect(vec![ACK, lost], Some(10)), Ok(true));
        }
        // AT32.
        assert_eq!(unprotect(vec![ACK, DNLOAD_IDLE], Some(10)), Ok(true));
    }

    #[test]
    fn a_board_that_says_that_it_is_done_and_stays_has_to_be_looked_at() {
        assert_eq!(unprotect(vec![ACK, DNLOAD_IDLE], None), Ok(false));
    }

    #[test]
    fn a_lost_getstatus_is_asked_again() {
        for lost in [TIMEOUT, IO, STALL] {
            let answers = vec![ACK, lost, BUSY_100_MS, NO_DEVICE];
            assert_eq!(unprotect(answers, None), Ok(true));
        }
    }

    #[test]
    fn silence_on_the_bus_lifts_no_protection() {
        let check = |answers, expected: &str| {
            let expected = format!("lifting read protection: {expected}");
            assert_eq!(unprotect(answers, None), Err(expected));
        };
        let for_ever = |error: UsbError| (0..24).map(move |_| Fails(error.clone()));
        let silent = [ACK].into_iter().chain(for_ever(UsbError::Io));
        check(silent.collect(), "the transfer failed on the bus");
        let busy = [ACK, BUSY_100_MS].into_iter().chain(for_ever(UsbError::Io));
        check(busy.collect(), "the transfer failed on the bus");
        let stalls = [ACK].into_iter().chain(for_ever(UsbError::Stall).take(6));
        check(stalls.collect(), "the device refused the request (STALL)");
    }

    #[test]
    fn a_board_that_is_gone_before_it_can_have_heard_is_not_called_unprotected() {
        let error = "lifting read protection: the board went away before it said that it was at work, so that nobody \
                     knows whether it is done";
        assert_eq!(
            unprotect(vec![ACK, NO_DEVICE], Some(0)),
            Err(error.to_owned())
        );
        let error = "lifting read protection: the device is gone";
        assert_eq!(unprotect(vec![NO_DEVICE], Some(0)), Err(error.to_owned()));
    }

    #[test]
    fn a_board_that_refuses_or_has_not_heard_is_worth_another_try() {
        let check = |answers, expected: &str| {
            let expected = format!("lifting read protection: {expected}");
            assert_eq!(unprotect(answers, None), Err(expected));
        };
        check(vec![TIMEOUT, IDLE], "no answer in time");
        check(vec![ACK, IDLE], "the board answered OK in dfuIDLE");
        let refused = "the board answered errUNKNOWN in dfuERROR";
        check(vec![STALL, ERROR], refused);
        check(vec![ACK, BUSY_100_MS, ERROR], refused);
    }
}

//! Lifting read protection, after which the device may be gone.

use crate::chip::rom::{MASS_ERASE_DEADLINE, STALLS_WHILE_BUSY, UNPROTECT_TIMEOUT};
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::link::{Link, PAUSE_AFTER_STALL, REQUEST_TIMEOUT};
use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand};
use crate::usb::UsbError;

impl Link<'_> {
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
        let sent = self.send_block(COMMAND_BLOCK, command.as_ref(), REQUEST_TIMEOUT);
        match sent {
            // It may have come through all the same: GETSTATUS tells.
            Ok(()) | Err(UsbError::Timeout | UsbError::Io) => self.finish_read_unprotect(&sent),
            Err(error) => Err(self.explained(Action::ReadUnprotect, error)),
        }
    }

    /// GETSTATUS until it shows what has come of a read unprotect that was `sent` well or not.
    fn finish_read_unprotect(&mut self, sent: &Result<(), UsbError>) -> Result<bool, SessionError> {
        let action = Action::ReadUnprotect;
        let end = self.end_of(MASS_ERASE_DEADLINE);
        let mut begun = false;
        let mut stalls = 0;
        let mut last = Cause::StillBusy(MASS_ERASE_DEADLINE);
        while let Some(left) = self.left_until(end) {
            let pause = match self.get_status(left.min(UNPROTECT_TIMEOUT)) {
                Ok(report) => {
                    begun |= report.state == DfuState::DfuDnbusy;
                    if !matches!(report.state, DfuState::DfuDnbusy | DfuState::DfuDnloadSync) {
                        return self.end_read_unprotect(report, begun, sent);
                    }
                    last = Cause::StillBusy(MASS_ERASE_DEADLINE);
                    report.pause()
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
                Err(error @ UsbError::Stall) => return Err(SessionError::usb(action, error)),
                Err(_) if self.await_departure() => return Ok(true),
                Err(error) => {
                    last = Cause::Usb(error);
                    PAUSE_AFTER_STALL
                }
            };
            self.wait(pause, end);
        }
        Err(SessionError {
            action,
            cause: last,
        })
    }

    /// What a `report` means that says neither busy nor about to be.
    fn end_read_unprotect(
        &mut self,
        report: StatusReport,
        begun: bool,
        sent: &Result<(), UsbError>,
    ) -> Result<bool, SessionError> {
        match (report.state, report.status, sent) {
            (DfuState::DfuDnloadIdle, DfuStatus::Ok, _) => Ok(begun || self.await_departure()),
            // It has heard of nothing.
            (DfuState::DfuIdle, _, Err(error)) => {
                Err(SessionError::usb(Action::ReadUnprotect, error.clone()))
            }
            _ => Err(self.unexpected(Action::ReadUnprotect, report)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfu::link::script::Answer::{Bytes, Fails};
    use crate::dfu::link::script::{
        ACK, Answer, BUSY_100_MS, DNLOAD_IDLE, IDLE, STALL, diary, diary_of_a_departure,
    };

    const ERROR: Answer = Bytes(&[14, 0, 0, 0, 10, 0]);
    const NO_DEVICE: Answer = Fails(UsbError::NoDevice);
    const TIMEOUT: Answer = Fails(UsbError::Timeout);
    const IO: Answer = Fails(UsbError::Io);

    /// What comes of a read unprotect of a board that is off the bus after this many looks, or stays for none.
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
        let error = "lifting read protection: the board left the bus before it confirmed the command, so it is not \
                     known whether that was done";
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

//! One DFU interface: its requests, and waiting for what they have started. Knows no plan.

use std::time::Duration;

use crate::usb::descriptor::read_string;
use crate::usb::{ControlRequest, Transport, UsbError};

use super::error::{Action, Cause, SessionError};
use super::protocol::{COMMAND_BLOCK, DfuRequest, DfuState, DfuStatus, DfuseCommand, StatusReport};

/// How long a sector's erase or a block's write may take. An H7 was seen to need 2.2 s for 128 KiB.
const PAGE_DEADLINE: Duration = Duration::from_secs(20);
/// How long a mass erase may take. An F405's data sheet allows 32 s; some parts are larger.
const MASS_ERASE_DEADLINE: Duration = Duration::from_secs(120);
/// How long a request may take that starts no work in flash.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// mboot always says `bwPollTimeout` 0; asking without a pause would only keep it from its work.
const SHORTEST_POLL: Duration = Duration::from_millis(1);
/// L4 and F411 ROMs STALL the GETSTATUS after the wait while they are still busy.
const STALLS_WHILE_BUSY: u32 = 5;
/// After such a STALL there is no `bwPollTimeout` to go by.
const PAUSE_AFTER_STALL: Duration = Duration::from_millis(20);
/// Rounds of GETSTATUS and CLRSTATUS or ABORT on the way to dfuIDLE; a sane device needs two at the most.
const ROUNDS_TO_IDLE: u32 = 6;
/// How long a request may take of a device that may have left already.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to look whether a device has left, and how long to wait in between: it takes a moment to drop off the bus.
const LOOKS_AFTER_LEAVE: u32 = 30;
const PAUSE_AFTER_LEAVE: Duration = Duration::from_millis(100);

/// A claimed DFU interface.
pub struct Link<'t> {
    transport: &'t mut dyn Transport,
    interface: u8,
    /// What the device is in by its own last word, or by the rules of DFU 1.1 after a request without one.
    state: DfuState,
}

impl<'t> Link<'t> {
    /// Claims the interface and brings the device to dfuIDLE, out of whatever it is in. The dfuERROR/errFIRMWARE
    /// that F4 and F7 ROMs begin in is cleared without a word: it means only that nobody has asked yet.
    pub fn open(transport: &'t mut dyn Transport, interface: u8) -> Result<Self, SessionError> {
        transport
            .claim()
            .map_err(|error| failed(Action::Claim, error))?;
        let mut link = Self {
            transport,
            interface,
            state: DfuState::DfuError,
        };
        link.bring_to_idle(true)?;
        Ok(link)
    }

    /// Chooses a memory.
    pub fn select_memory(&mut self, alternate_setting: u8) -> Result<(), SessionError> {
        let action = Action::SelectMemory(alternate_setting);
        self.transport
            .set_alternate_setting(alternate_setting)
            .map_err(|error| failed(action, error))
    }

    /// Sends a command and waits for the work it starts.
    pub fn command(&mut self, command: DfuseCommand, action: Action) -> Result<(), SessionError> {
        let deadline = match command {
            DfuseCommand::MassErase | DfuseCommand::ReadUnprotect => MASS_ERASE_DEADLINE,
            DfuseCommand::Erase(_) | DfuseCommand::SetAddressPointer(_) => PAGE_DEADLINE,
        };
        self.download(COMMAND_BLOCK, command.to_bytes().as_ref(), action, deadline)
    }

    /// Writes a block, at most `wTransferSize` bytes, and waits until it is in flash.
    pub fn write_block(
        &mut self,
        block: u16,
        data: &[u8],
        address: u32,
    ) -> Result<(), SessionError> {
        self.download(block, data, Action::Write(address), PAGE_DEADLINE)
    }

    /// Reads a block, at most `wTransferSize` bytes, filling the buffer.
    pub fn read_block(
        &mut self,
        block: u16,
        buffer: &mut [u8],
        address: u32,
    ) -> Result<(), SessionError> {
        let action = Action::Read(address);
        if self.state == DfuState::DfuDnloadIdle {
            self.abort(action)?;
        }
        let found = self
            .upload(block, buffer)
            .map_err(|error| self.explained(action, error))?;
        if found == buffer.len() {
            return Ok(());
        }
        Err(SessionError {
            action,
            cause: Cause::Short {
                expected: buffer.len(),
                found,
            },
        })
    }

    /// Asks the device to leave DFU mode and reports whether it has gone.
    ///
    /// From the zero-length DNLOAD on, every kind of silence means that the device is on its way: ROMs jump without
    /// an answer, GD32 doesn't even acknowledge the DNLOAD.
    ///
    /// # Errors
    /// That of the request, where the device has not taken it and is still there.
    pub fn leave(&mut self) -> Result<bool, SessionError> {
        if self.state == DfuState::DfuUploadIdle {
            self.abort(Action::Leave)?;
        }
        let request = self.request_out(DfuRequest::Dnload, COMMAND_BLOCK);
        let asked = self.transport.control_out(request, &[], LEAVE_TIMEOUT);
        // It is the GETSTATUS that makes the device go.
        let mut asked = asked.and_then(|()| self.get_status(LEAVE_TIMEOUT));
        let mut silent = 0;
        for _ in 0..LOOKS_AFTER_LEAVE {
            match (self.get_state(LEAVE_TIMEOUT), &asked) {
                (Err(UsbError::NoDevice), _) => return Ok(true),
                (Err(_), _) if silent >= 1 => return Ok(true),
                (Err(_), _) => silent += 1,
                // It still waits for its GETSTATUS.
                (Ok(DfuState::DfuManifestSync), Err(_)) => asked = self.get_status(LEAVE_TIMEOUT),
                (Ok(_), Err(error)) => return Err(failed(Action::Leave, error.clone())),
                (Ok(_), Ok(_)) => {}
            }
            self.transport.wait(PAUSE_AFTER_LEAVE);
        }
        Ok(false)
    }

    /// Lifts read protection. The device erases itself on GETSTATUS and resets; a second answer is not owed, so that
    /// losing it is success (AN3156 §5.4). AT32 answers as after any other command.
    pub fn read_unprotect(&mut self) -> Result<(), SessionError> {
        let action = Action::ReadUnprotect;
        let command = DfuseCommand::ReadUnprotect.to_bytes();
        let request = self.request_out(DfuRequest::Dnload, COMMAND_BLOCK);
        let sent = self
            .transport
            .control_out(request, command.as_ref(), REQUEST_TIMEOUT);
        sent.map_err(|error| self.explained(action, error))?;
        match self.finish(action, MASS_ERASE_DEADLINE) {
            Err(SessionError {
                cause: Cause::Usb(UsbError::NoDevice | UsbError::Io | UsbError::Timeout),
                ..
            }) => Ok(()),
            other => other,
        }
    }

    /// Whether the device had begun the work of the last DNLOAD when it was last heard of.
    pub fn is_at_work(&self) -> bool {
        self.state == DfuState::DfuDnbusy
    }

    /// Whether an ABORT comes before the next DNLOAD.
    pub fn is_uploading(&self) -> bool {
        self.state == DfuState::DfuUploadIdle
    }

    /// Whether the device is off the bus.
    pub fn is_gone(&mut self) -> bool {
        self.get_state(LEAVE_TIMEOUT) == Err(UsbError::NoDevice)
    }

    /// Waits a moment for a device that was lost, and tells whether it is back, in dfuIDLE and with nothing else chosen.
    pub fn is_back(&mut self) -> bool {
        self.transport.wait(PAUSE_AFTER_LEAVE);
        let claimed = self
            .transport
            .reopen()
            .and_then(|()| self.transport.claim());
        claimed.is_ok() && self.reach_idle().is_ok()
    }

    /// Brings the device to dfuIDLE after something went wrong, from whatever it says it is in.
    pub fn recover(&mut self, cause: &Cause) -> Result<(), SessionError> {
        if matches!(cause, Cause::StillBusy(_)) {
            self.break_wedge();
        }
        self.reach_idle()
    }

    /// Brings the device to dfuIDLE.
    pub fn reach_idle(&mut self) -> Result<(), SessionError> {
        self.bring_to_idle(false)
    }

    /// The same. At `first_contact` nothing has gone wrong yet.
    fn bring_to_idle(&mut self, first_contact: bool) -> Result<(), SessionError> {
        let action = Action::ReachIdle;
        let end = self.transport.now() + PAGE_DEADLINE;
        let mut last = SessionError {
            action,
            cause: Cause::StillBusy(PAGE_DEADLINE),
        };
        let mut rounds = 0;
        while rounds < ROUNDS_TO_IDLE {
            rounds += 1;
            let report = match self.get_status(PAGE_DEADLINE) {
                Ok(report) => report,
                Err(error @ UsbError::NoDevice) => return Err(failed(action, error)),
                Err(error) => {
                    last = failed(action, error);
                    continue;
                }
            };
            let moved = match report.state {
                DfuState::DfuIdle => return Ok(()),
                DfuState::DfuError => match self.clear_status(action) {
                    // CLRSTATUS leads to dfuIDLE (DFU 1.1 §A.2.11). Should it not have, the first command is refused,
                    // and that is looked into.
                    Ok(()) if first_contact && report.status == DfuStatus::ErrFirmware => {
                        return Ok(());
                    }
                    cleared => cleared,
                },
                DfuState::DfuDnbusy | DfuState::DfuManifest if self.transport.now() < end => {
                    let left = end.saturating_sub(self.transport.now());
                    self.transport
                        .wait(poll_pause(report.poll_timeout).min(left));
                    // Being busy is no failure yet.
                    rounds -= 1;
                    Ok(())
                }
                DfuState::DfuDnbusy => {
                    self.break_wedge();
                    Ok(())
                }
                _ => self.abort(action),
            };
            // An ABORT may fail once a write is done; the next GETSTATUS tells what came of it.
            last = match moved {
                Err(
                    error @ SessionError {
                        cause: Cause::Usb(UsbError::NoDevice),
                        ..
                    },
                ) => return Err(error),
                Err(error) => error,
                Ok(()) => self.unexpected(action, report),
            };
        }
        Err(last)
    }

    /// The commands the device says it has (AN3156 §4.1).
    pub fn commands(&mut self) -> Result<Vec<u8>, SessionError> {
        let action = Action::ReachIdle;
        self.reach_idle()?;
        let mut commands = [0; 64];
        let length = self
            .upload(COMMAND_BLOCK, &mut commands)
            .map_err(|error| self.explained(action, error))?;
        Ok(commands[..length].to_vec())
    }

    /// DNLOAD only stores; the GETSTATUS after it runs the work, and a later one tells how it went (AN3156 §5).
    fn download(
        &mut self,
        block: u16,
        data: &[u8],
        action: Action,
        deadline: Duration,
    ) -> Result<(), SessionError> {
        if self.state == DfuState::DfuUploadIdle {
            self.abort(action)?;
        }
        let request = self.request_out(DfuRequest::Dnload, block);
        self.transport
            .control_out(request, data, REQUEST_TIMEOUT)
            .map_err(|error| self.explained(action, error))?;
        self.finish(action, deadline)
    }

    /// GETSTATUS until the work is done, waiting as long as the device asks for each time.
    fn finish(&mut self, action: Action, deadline: Duration) -> Result<(), SessionError> {
        let end = self.transport.now() + deadline;
        let mut stalls = 0;
        loop {
            let left = end.saturating_sub(self.transport.now());
            if left.is_zero() {
                return Err(SessionError {
                    action,
                    cause: Cause::StillBusy(deadline),
                });
            }
            let pause = match self.get_status(left) {
                Ok(StatusReport {
                    status: DfuStatus::Ok,
                    state: DfuState::DfuDnloadIdle,
                    ..
                }) => {
                    return Ok(());
                }
                Ok(
                    report @ StatusReport {
                        state: DfuState::DfuDnbusy | DfuState::DfuDnloadSync,
                        ..
                    },
                ) => poll_pause(report.poll_timeout),
                Ok(report) => return Err(self.unexpected(action, report)),
                Err(UsbError::Stall) if stalls < STALLS_WHILE_BUSY => {
                    stalls += 1;
                    PAUSE_AFTER_STALL
                }
                Err(error) => return Err(failed(action, error)),
            };
            self.transport
                .wait(pause.min(end.saturating_sub(self.transport.now())));
        }
    }

    fn upload(&mut self, block: u16, buffer: &mut [u8]) -> Result<usize, UsbError> {
        let request = self.request_in(DfuRequest::Upload, block);
        let length = self
            .transport
            .control_in(request, buffer, REQUEST_TIMEOUT)?;
        self.state = if length == buffer.len() {
            DfuState::DfuUploadIdle
        } else {
            DfuState::DfuIdle
        };
        Ok(length)
    }

    fn get_status(&mut self, timeout: Duration) -> Result<StatusReport, UsbError> {
        let mut answer = [0; StatusReport::LENGTH];
        let request = self.request_in(DfuRequest::GetStatus, 0);
        let length = self.transport.control_in(request, &mut answer, timeout)?;
        let report = StatusReport::from_bytes(&answer[..length]).ok_or(UsbError::Io)?;
        self.state = report.state;
        Ok(report)
    }

    fn get_state(&mut self, timeout: Duration) -> Result<DfuState, UsbError> {
        let mut state = [0];
        let request = self.request_in(DfuRequest::GetState, 0);
        match self.transport.control_in(request, &mut state, timeout)? {
            1 => Ok(DfuState::from_byte(state[0])),
            _ => Err(UsbError::Io),
        }
    }

    fn abort(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::Abort, action)?;
        self.state = DfuState::DfuIdle;
        Ok(())
    }

    /// Only for dfuERROR: elsewhere ST's device library answers CLRSTATUS by entering dfuERROR, newer ROMs STALL.
    fn clear_status(&mut self, action: Action) -> Result<(), SessionError> {
        self.without_data(DfuRequest::ClrStatus, action)?;
        self.state = DfuState::DfuIdle;
        Ok(())
    }

    /// Some H7 ROMs (V9.0) stay in dfuDNBUSY for ever after an erase in bank 2. A CLRSTATUS brings them to dfuERROR,
    /// from where the usual way leads to dfuIDLE. Nothing else gets them out, so here it is sent outside of dfuERROR.
    fn break_wedge(&mut self) {
        // Whether it helped shows in the next GETSTATUS.
        let _ = self.clear_status(Action::ReachIdle);
    }

    fn without_data(&mut self, request: DfuRequest, action: Action) -> Result<(), SessionError> {
        let request = self.request_out(request, 0);
        self.transport
            .control_out(request, &[], REQUEST_TIMEOUT)
            .map_err(|error| failed(action, error))
    }

    /// A refused request leaves the device in dfuERROR; what it has to say there says more than the refusal.
    fn explained(&mut self, action: Action, error: UsbError) -> SessionError {
        if error == UsbError::Stall {
            if let Ok(report) = self.get_status(REQUEST_TIMEOUT) {
                return self.unexpected(action, report);
            }
        }
        failed(action, error)
    }

    /// Turns a report that ends the work into an error, with the device's own words: mboot explains itself through
    /// `iString`, and forgets it afterwards.
    fn unexpected(&mut self, action: Action, report: StatusReport) -> SessionError {
        let explanation = read_string(self.transport, report.string_index)
            .ok()
            .flatten();
        let StatusReport { status, state, .. } = report;
        SessionError {
            action,
            cause: Cause::Answered {
                status,
                state,
                explanation,
            },
        }
    }

    fn request_out(&self, request: DfuRequest, value: u16) -> ControlRequest {
        self.request(DfuRequest::TO_DEVICE, request, value)
    }

    fn request_in(&self, request: DfuRequest, value: u16) -> ControlRequest {
        self.request(DfuRequest::FROM_DEVICE, request, value)
    }

    fn request(&self, request_type: u8, request: DfuRequest, value: u16) -> ControlRequest {
        ControlRequest {
            request_type,
            request: request as u8,
            value,
            index: u16::from(self.interface),
        }
    }
}

fn failed(action: Action, error: UsbError) -> SessionError {
    SessionError {
        action,
        cause: Cause::Usb(error),
    }
}

/// Exactly what the device asks for, but never nothing.
fn poll_pause(poll_timeout: u32) -> Duration {
    Duration::from_millis(poll_timeout.into()).max(SHORTEST_POLL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::fmt::Write as _;

    /// A device that plays a script: each request gets the next answer, and everything is written into a diary.
    struct Script {
        answers: VecDeque<Answer>,
        diary: String,
        now: Duration,
    }

    enum Answer {
        Bytes(&'static [u8]),
        Fails(UsbError),
    }
    use Answer::{Bytes, Fails};

    const ACK: Answer = Bytes(&[]);
    const IDLE: Answer = Bytes(&[0, 0, 0, 0, 2, 0]);
    const DNLOAD_IDLE: Answer = Bytes(&[0, 0, 0, 0, 5, 0]);
    const BUSY_100_MS: Answer = Bytes(&[0, 100, 0, 0, 4, 0]);
    const BUSY_0_MS: Answer = Bytes(&[0, 0, 0, 0, 4, 0]);
    const STALL: Answer = Fails(UsbError::Stall);

    impl Script {
        fn of(answers: VecDeque<Answer>) -> Self {
            Self {
                answers,
                diary: String::new(),
                now: Duration::ZERO,
            }
        }

        fn answer(&mut self) -> Result<&'static [u8], UsbError> {
            match self.answers.pop_front().expect("a request too many") {
                Bytes(bytes) => Ok(bytes),
                Fails(error) => Err(error),
            }
        }

        fn note(&mut self, request: ControlRequest) {
            let ControlRequest {
                request_type,
                request,
                value,
                index,
            } = request;
            write!(
                self.diary,
                "{request_type:02x} {request:02x} {value:04x} {index:04x}"
            )
            .expect("a String");
        }
    }

    impl Transport for Script {
        fn claim(&mut self) -> Result<(), UsbError> {
            Ok(())
        }

        fn set_alternate_setting(&mut self, _: u8) -> Result<(), UsbError> {
            Ok(())
        }

        fn control_in(
            &mut self,
            request: ControlRequest,
            buffer: &mut [u8],
            _: Duration,
        ) -> Result<usize, UsbError> {
            self.note(request);
            writeln!(self.diary, " < {}", buffer.len()).expect("a String");
            let bytes = self.answer()?;
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }

        fn control_out(
            &mut self,
            request: ControlRequest,
            data: &[u8],
            _: Duration,
        ) -> Result<(), UsbError> {
            self.note(request);
            writeln!(self.diary, " > {data:02x?}").expect("a String");
            self.answer().map(|_| ())
        }

        fn reopen(&mut self) -> Result<(), UsbError> {
            Err(UsbError::NoDevice)
        }

        fn reset(&mut self) -> Result<(), UsbError> {
            Ok(())
        }

        fn wait(&mut self, duration: Duration) {
            writeln!(self.diary, "wait {} ms", duration.as_millis()).expect("a String");
            self.now += duration;
        }

        fn now(&self) -> Duration {
            self.now
        }
    }

    /// What the diary of `work` on interface 1 says, behind the opening, and how it ended.
    fn diary<T>(
        answers: impl IntoIterator<Item = Answer>,
        work: impl FnOnce(&mut Link<'_>) -> Result<T, SessionError>,
    ) -> (String, Result<T, String>) {
        let answers = [IDLE].into_iter().chain(answers).collect();
        let mut script = Script::of(answers);
        let mut link = Link::open(&mut script, 1).expect("idle at once");
        let result = work(&mut link).map_err(|error| error.to_string());
        assert!(
            script.answers.is_empty(),
            "{} answers left over",
            script.answers.len()
        );
        let opening = "a1 03 0000 0001 < 6\n";
        let diary = script
            .diary
            .strip_prefix(opening)
            .expect("a GETSTATUS first")
            .to_owned();
        (diary, result)
    }

    #[test]
    fn the_error_that_an_f405_begins_in_is_cleared_and_any_other_is_looked_at_again() {
        let check = |status, expected: &str| {
            let answers = [
                Bytes(Box::leak(Box::new([status, 0, 0, 0, 0x0A, 0]))),
                ACK,
                IDLE,
            ]
            .into();
            let mut script = Script::of(answers);
            assert!(Link::open(&mut script, 0).is_ok());
            assert_eq!(script.diary, expected, "{status:#04x}");
        };
        let cleared = "a1 03 0000 0000 < 6\n21 04 0000 0000 > []\n";
        check(0x0A, cleared);
        check(0x0E, &format!("{cleared}a1 03 0000 0000 < 6\n"));
    }

    #[test]
    fn whatever_else_the_board_is_in_is_aborted_and_never_cleared() {
        for state in [3, 5, 6, 9] {
            let answers = [
                Bytes(Box::leak(Box::new([0, 0, 0, 0, state, 0]))),
                ACK,
                IDLE,
            ]
            .into();
            let mut script = Script::of(answers);
            assert!(Link::open(&mut script, 0).is_ok());
            let expected = "a1 03 0000 0000 < 6\n21 06 0000 0000 > []\na1 03 0000 0000 < 6\n";
            assert_eq!(script.diary, expected, "state {state}");
        }
    }

    #[test]
    fn a_board_that_never_gets_idle_is_an_error_with_its_last_words() {
        let stuck = || Bytes(&[0x0E, 0, 0, 0, 0x0A, 0]);
        let mut answers = VecDeque::from([stuck()]);
        for _ in 0..ROUNDS_TO_IDLE {
            answers.extend([ACK, stuck()]);
        }
        let mut script = Script::of(answers);
        let error = Link::open(&mut script, 0)
            .err()
            .expect("never idle")
            .to_string();
        assert_eq!(
            error,
            "getting the board's attention: the board answered errUNKNOWN in dfuERROR"
        );
    }

    #[test]
    fn an_erase_is_started_by_getstatus_and_waits_exactly_as_long_as_asked() {
        let (diary, result) = diary([ACK, BUSY_100_MS, DNLOAD_IDLE], |link| {
            link.command(DfuseCommand::Erase(0x0800_C000), Action::Erase(0x0800_C000))
        });
        assert_eq!(
            diary,
            "21 01 0000 0001 > [41, 00, c0, 00, 08]\n\
             a1 03 0000 0001 < 6\n\
             wait 100 ms\n\
             a1 03 0000 0001 < 6\n"
        );
        assert_eq!(result, Ok(()));
    }

    #[test]
    fn a_board_that_says_no_time_is_still_given_a_moment() {
        let (diary, result) = diary([ACK, BUSY_0_MS, BUSY_0_MS, DNLOAD_IDLE], |link| {
            link.write_block(2, &[1, 2], 0x0800_0000)
        });
        assert_eq!(
            diary,
            "21 01 0002 0001 > [01, 02]\n\
             a1 03 0000 0001 < 6\nwait 1 ms\n\
             a1 03 0000 0001 < 6\nwait 1 ms\n\
             a1 03 0000 0001 < 6\n"
        );
        assert_eq!(result, Ok(()));
    }

    #[test]
    fn a_stall_after_the_wait_means_still_busy() {
        let (_, result) = diary([ACK, BUSY_100_MS, STALL, STALL, DNLOAD_IDLE], |link| {
            link.write_block(2, &[0], 0x0800_0000)
        });
        assert_eq!(result, Ok(()));
        let stalls = (0..=STALLS_WHILE_BUSY).map(|_| STALL);
        let (_, result) = diary([ACK, BUSY_100_MS].into_iter().chain(stalls), |link| {
            link.write_block(2, &[0], 0x0800_0000)
        });
        assert_eq!(
            result.unwrap_err(),
            "writing at 0x08000000: the device refused the request (STALL)"
        );
    }

    #[test]
    fn a_board_that_stays_busy_is_given_up_after_the_time_that_flash_may_take() {
        let busy = (0..200).map(|_| BUSY_100_MS);
        let (diary, result) = diary([ACK].into_iter().chain(busy), |link| {
            link.command(DfuseCommand::Erase(0x0800_0000), Action::Erase(0x0800_0000))
        });
        assert_eq!(diary.matches("wait 100 ms").count(), 200);
        assert_eq!(
            result.unwrap_err(),
            "erasing the sector at 0x08000000: the board was still busy after 20 s"
        );
    }

    #[test]
    fn a_wait_of_hours_ends_with_the_time_that_flash_may_take() {
        let (diary, result) = diary([ACK, Bytes(&[0, 0xFF, 0xFF, 0xFF, 4, 0])], |link| {
            link.command(DfuseCommand::MassErase, Action::MassErase)
        });
        assert!(diary.ends_with("wait 120000 ms\n"), "{diary}");
        assert_eq!(
            result.unwrap_err(),
            "erasing all of the memory: the board was still busy after 120 s"
        );
    }

    #[test]
    fn an_error_state_is_an_error_even_where_the_status_is_ok() {
        let (_, result) = diary([ACK, BUSY_0_MS, Bytes(&[0, 0, 0, 0, 10, 0])], |link| {
            link.command(DfuseCommand::SetAddressPointer(0), Action::SetAddress(0))
        });
        assert_eq!(
            result.unwrap_err(),
            "setting the address 0x00000000: the board answered OK in dfuERROR"
        );
    }

    #[test]
    fn an_error_is_told_in_the_boards_own_words() {
        let words = Bytes(&[8, 3, b'B', 0, b'a', 0, b'd', 0]);
        let (diary, result) = diary(
            [ACK, BUSY_0_MS, Bytes(&[1, 0, 0, 0, 10, 4]), words],
            |link| link.command(DfuseCommand::SetAddressPointer(0), Action::SetAddress(0)),
        );
        assert!(diary.ends_with("80 06 0304 0409 < 255\n"), "{diary}");
        assert_eq!(
            result.unwrap_err(),
            "setting the address 0x00000000: the board answered errTARGET in dfuERROR and says \"Bad\""
        );
    }

    #[test]
    fn a_refused_request_is_explained_by_the_status_behind_it() {
        let (diary, result) = diary([STALL, Bytes(&[15, 0, 0, 0, 10, 0])], |link| {
            link.write_block(2, &[0], 0x0800_0800)
        });
        assert_eq!(diary, "21 01 0002 0001 > [00]\na1 03 0000 0001 < 6\n");
        assert_eq!(
            result.unwrap_err(),
            "writing at 0x08000800: the board answered errSTALLEDPKT in dfuERROR"
        );
    }

    #[test]
    fn reading_behind_a_command_aborts_first_and_a_command_behind_a_full_read_too() {
        let (diary, result) = diary(
            [
                ACK,
                BUSY_0_MS,
                DNLOAD_IDLE,
                ACK,
                Bytes(&[7, 8]),
                Bytes(&[9, 10]),
                ACK,
                ACK,
                DNLOAD_IDLE,
            ],
            |link| {
                link.command(
                    DfuseCommand::SetAddressPointer(0x0800_0000),
                    Action::SetAddress(0x0800_0000),
                )?;
                let mut block = [0; 2];
                link.read_block(2, &mut block, 0x0800_0000)?;
                link.read_block(3, &mut block, 0x0800_0002)?;
                link.command(DfuseCommand::Erase(0x0800_0000), Action::Erase(0x0800_0000))?;
                Ok(block)
            },
        );
        assert_eq!(
            diary,
            "21 01 0000 0001 > [21, 00, 00, 00, 08]\n\
             a1 03 0000 0001 < 6\nwait 1 ms\na1 03 0000 0001 < 6\n\
             21 06 0000 0001 > []\n\
             a1 02 0002 0001 < 2\na1 02 0003 0001 < 2\n\
             21 06 0000 0001 > []\n\
             21 01 0000 0001 > [41, 00, 00, 00, 08]\n\
             a1 03 0000 0001 < 6\n"
        );
        assert_eq!(result, Ok([9, 10]));
    }

    #[test]
    fn an_answer_that_is_too_short_is_an_error() {
        let (_, result) = diary([Bytes(&[7])], |link| {
            link.read_block(2, &mut [0; 2], 0x0800_0000)
        });
        assert_eq!(
            result.unwrap_err(),
            "reading at 0x08000000: the board answered 1 bytes where 2 were due"
        );
        let (_, result) = diary([ACK, Bytes(&[0, 0, 0, 0, 5])], |link| {
            link.write_block(2, &[0], 0)
        });
        assert_eq!(
            result.unwrap_err(),
            "writing at 0x00000000: the transfer failed on the bus"
        );
    }

    #[test]
    fn after_the_empty_download_every_kind_of_silence_means_that_the_board_has_left() {
        let check = |answers: Vec<Answer>| {
            let (diary, result) = diary(answers, |link| link.leave());
            assert!(diary.starts_with("21 01 0000 0001 > []\n"), "{diary}");
            assert_eq!(result, Ok(true));
        };
        let manifest = || Bytes(&[0, 0, 0, 0, 7, 0]);
        let twice = |error: UsbError| [Fails(error.clone()), Fails(error)];
        check(vec![ACK, manifest(), Fails(UsbError::NoDevice)]);
        check(vec![
            ACK,
            Fails(UsbError::NoDevice),
            Fails(UsbError::NoDevice),
        ]);
        for error in [UsbError::Io, UsbError::Stall, UsbError::Timeout] {
            check(
                [ACK, Fails(error.clone())]
                    .into_iter()
                    .chain(twice(error))
                    .collect(),
            );
        }
        check(vec![
            ACK,
            STALL,
            Bytes(&[6]),
            manifest(),
            Fails(UsbError::NoDevice),
        ]);
        check(vec![
            ACK,
            manifest(),
            STALL,
            Bytes(&[7]),
            Fails(UsbError::NoDevice),
        ]);
        check(vec![Fails(UsbError::Timeout), Fails(UsbError::NoDevice)]);
        check(vec![
            ACK,
            manifest(),
            Bytes(&[7]),
            Fails(UsbError::NoDevice),
        ]);
    }

    #[test]
    fn a_board_that_refuses_to_leave_is_an_error_worth_another_try() {
        let (_, result) = diary([STALL, Bytes(&[10])], |link| link.leave());
        assert_eq!(
            result.unwrap_err(),
            "starting the application: the device refused the request (STALL)"
        );
    }

    #[test]
    fn a_board_that_stays_busy_for_ever_is_broken_out_of_it() {
        let mut answers: Vec<Answer> = (0..200).map(|_| BUSY_100_MS).collect();
        answers.extend([BUSY_100_MS, ACK, Bytes(&[0x0E, 0, 0, 0, 10, 0]), ACK, IDLE]);
        let (diary, result) = diary(answers, |link| link.reach_idle());
        assert_eq!(result, Ok(()));
        let last: Vec<&str> = diary.lines().rev().take(4).map(|line| &line[..5]).collect();
        assert_eq!(last, ["a1 03", "21 04", "a1 03", "21 04"]);
    }

    #[test]
    fn a_board_that_goes_on_answering_has_not_left() {
        let states = (0..30).map(|_| Bytes(&[2]));
        let answers = [ACK, Bytes(&[0, 0, 0, 0, 7, 0])].into_iter().chain(states);
        let (diary, result) = diary(answers, |link| link.leave());
        assert_eq!(result, Ok(false));
        assert_eq!(diary.matches("wait 100 ms").count(), 30);
    }
}

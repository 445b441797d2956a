//! The device's side of DFU and DfuSe: a class request in; bytes, an acknowledgement, a STALL or silence out.
//!
//! Written from AN3156, DFU 1.1 appendix A and what ST's published device library does where those are silent. It
//! knows nothing of how our own host behaves.

use std::time::Duration;

use super::board::{Board, FirstContact, Leave, NeedlessClearStatus};
use super::flash::Memories;
use super::timing::Timing;
use super::{Answer, Setup};
use crate::dfuse::protocol::{
    COMMAND_BLOCK, DfuRequest, DfuState, DfuStatus, DfuseCommand, FIRST_DATA_BLOCK, StatusReport,
};

/// First byte of "get commands": to be sent with UPLOAD, but ST's library takes it with DNLOAD, too, and does nothing.
const GET_COMMANDS: u8 = 0x00;

/// A bootloader at work on a board's memories.
#[derive(Debug)]
pub struct Bootloader {
    board: &'static Board,
    timing: Timing,
    alternate_setting: u8,
    address_pointer: u32,
    state: DfuState,
    status: DfuStatus,
    /// What DNLOAD brought and the next GETSTATUS will carry out.
    stored: Option<Download>,
    /// While in dfuDNBUSY.
    work: Work,
    has_left: bool,
}

/// A DNLOAD's block number and data.
#[derive(Debug)]
struct Download {
    block: u16,
    data: Vec<u8>,
}

/// Work under way: it shows its outcome when its time has come.
#[derive(Debug, Clone, Copy)]
struct Work {
    done_at: Duration,
    outcome: DfuStatus,
}

impl Bootloader {
    /// A bootloader that has just started.
    pub fn new(board: &'static Board, timing: Timing, memories: &Memories) -> Self {
        let (state, status) = match board.first_contact {
            FirstContact::Idle => (DfuState::DfuIdle, DfuStatus::Ok),
            FirstContact::ErrFirmware => (DfuState::DfuError, DfuStatus::ErrFirmware),
        };
        Self {
            board,
            timing,
            alternate_setting: 0,
            address_pointer: memories.get(0).map_or(0, |memory| memory.origin()),
            state,
            status,
            stored: None,
            work: Work {
                done_at: Duration::ZERO,
                outcome: DfuStatus::Ok,
            },
            has_left: false,
        }
    }

    /// Whether it has left the bus, by a leave or by a reset.
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// The alternate setting that was chosen last.
    pub fn alternate_setting(&self) -> u8 {
        self.alternate_setting
    }

    /// Chooses an alternate setting (SET_INTERFACE). State and address pointer stay as they are.
    pub fn set_alternate_setting(&mut self, alternate_setting: u8) {
        self.alternate_setting = alternate_setting;
    }

    /// Answers a class request to the DFU interface, at the time `now`, when it will have been answered.
    pub fn request(
        &mut self,
        setup: &Setup,
        data: &[u8],
        memories: &mut Memories,
        now: Duration,
    ) -> Answer {
        self.finish_work(now);
        let from_device = setup.request.request_type == DfuRequest::FROM_DEVICE;
        match (DfuRequest::from_byte(setup.request.request), from_device) {
            (Some(DfuRequest::Dnload), false) => self.dnload(setup.request.value, data),
            (Some(DfuRequest::Upload), true) => {
                self.upload(setup.request.value, setup.length, memories)
            }
            (Some(DfuRequest::GetStatus), true) => self.get_status(memories, now),
            (Some(DfuRequest::GetState), true) => Answer::Data(vec![self.state.to_byte()]),
            (Some(DfuRequest::ClrStatus), false) => self.clear_status(),
            (Some(DfuRequest::Abort), false) => self.abort(),
            // DETACH belongs to the application's side (DFU 1.1, table 3.2).
            _ => self.stall(),
        }
    }

    fn dnload(&mut self, block: u16, data: &[u8]) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuDnloadIdle) {
            return self.stall();
        }
        if data.is_empty() {
            return match self.board.leave {
                Leave::OnGetStatus => {
                    self.state = DfuState::DfuManifestSync;
                    Answer::Acknowledged
                }
                Leave::Unanswered => {
                    self.has_left = true;
                    Answer::Silent
                }
            };
        }
        if data.len() > usize::from(self.board.transfer_size) || is_reserved(block) {
            return self.stall();
        }
        self.stored = Some(Download {
            block,
            data: data.to_vec(),
        });
        self.state = DfuState::DfuDnloadSync;
        Answer::Acknowledged
    }

    fn upload(&mut self, block: u16, length: u16, memories: &Memories) -> Answer {
        if !matches!(self.state, DfuState::DfuIdle | DfuState::DfuUploadIdle)
            || length > self.board.transfer_size
            || is_reserved(block)
        {
            return self.stall();
        }
        let length = usize::from(length);
        let bytes = if block == COMMAND_BLOCK {
            if !self.board.commands.contains(&GET_COMMANDS) {
                return self.stall();
            }
            &self.board.commands[..self.board.commands.len().min(length)]
        } else {
            let bytes = self
                .block_address(block)
                .and_then(|address| memories.get(self.alternate_setting)?.read(address, length));
            match bytes {
                Some(bytes) => bytes,
                None if length == 0 => &[],
                None => {
                    self.enter_error(DfuStatus::ErrTarget);
                    return Answer::Stall;
                }
            }
        };
        // A short answer is the end of an upload (DFU 1.1 §6.2).
        self.state = if bytes.len() < length || length == 0 {
            DfuState::DfuIdle
        } else {
            DfuState::DfuUploadIdle
        };
        Answer::Data(bytes.to_vec())
    }

    fn get_status(&mut self, memories: &mut Memories, now: Duration) -> Answer {
        let mut poll_timeout = Duration::ZERO;
        match self.state {
            DfuState::DfuDnloadSync => match self.stored.take() {
                Some(download) => {
                    poll_timeout = self.start_work(&download, memories, now);
                }
                None => self.state = DfuState::DfuDnloadIdle,
            },
            DfuState::DfuDnbusy => poll_timeout = self.work.done_at.saturating_sub(now),
            DfuState::DfuManifestSync => {
                // Not manifestation tolerant (bmAttributes): nothing is answered after this.
                self.state = DfuState::DfuManifest;
                self.has_left = true;
            }
            _ => {}
        }
        let report = StatusReport {
            status: self.status,
            poll_timeout: whole_milliseconds(poll_timeout),
            state: self.state,
            string_index: 0,
        };
        Answer::Data(report.to_bytes().to_vec())
    }

    fn clear_status(&mut self) -> Answer {
        if self.state == DfuState::DfuError {
            self.state = DfuState::DfuIdle;
            self.status = DfuStatus::Ok;
            return Answer::Acknowledged;
        }
        match self.board.needless_clear_status {
            NeedlessClearStatus::ErrUnknown => {
                self.enter_error(DfuStatus::ErrUnknown);
                Answer::Acknowledged
            }
            NeedlessClearStatus::Stall => self.stall(),
        }
    }

    /// ST's code acknowledges ABORT everywhere, and does nothing where it makes no sense.
    fn abort(&mut self) -> Answer {
        if matches!(
            self.state,
            DfuState::DfuIdle
                | DfuState::DfuDnloadSync
                | DfuState::DfuDnloadIdle
                | DfuState::DfuManifestSync
                | DfuState::DfuUploadIdle
        ) {
            self.stored = None;
            self.state = DfuState::DfuIdle;
        }
        Answer::Acknowledged
    }

    /// Begins what was stored and returns how long it takes. The memory changes here; the host learns of the outcome
    /// when the time is over.
    fn start_work(
        &mut self,
        download: &Download,
        memories: &mut Memories,
        now: Duration,
    ) -> Duration {
        let (outcome, duration) = match self.carry_out(download, memories) {
            Ok(duration) => (DfuStatus::Ok, self.timing.work(duration)),
            Err(status) => (status, Duration::ZERO),
        };
        self.state = DfuState::DfuDnbusy;
        self.work = Work {
            done_at: now.saturating_add(duration),
            outcome,
        };
        duration
    }

    fn finish_work(&mut self, now: Duration) {
        if self.state == DfuState::DfuDnbusy && now >= self.work.done_at {
            match self.work.outcome {
                DfuStatus::Ok => self.state = DfuState::DfuDnloadSync,
                status => self.enter_error(status),
            }
        }
    }

    fn carry_out(
        &mut self,
        download: &Download,
        memories: &mut Memories,
    ) -> Result<Duration, DfuStatus> {
        let memory = memories
            .get_mut(self.alternate_setting)
            .ok_or(DfuStatus::ErrTarget)?;
        if download.block != COMMAND_BLOCK {
            let address = self
                .block_address(download.block)
                .ok_or(DfuStatus::ErrTarget)?;
            let duration = memory.program(address, &download.data)?;
            self.has_left = memory.resets_when_written();
            return Ok(duration);
        }
        if !download
            .data
            .first()
            .is_some_and(|command| self.board.commands.contains(command))
        {
            return Err(DfuStatus::ErrStalledPkt);
        }
        match DfuseCommand::from_bytes(&download.data) {
            Some(DfuseCommand::SetAddressPointer(address)) if memory.contains(address) => {
                self.address_pointer = address;
                Ok(Duration::ZERO)
            }
            Some(DfuseCommand::SetAddressPointer(_)) => Err(DfuStatus::ErrTarget),
            Some(DfuseCommand::Erase(address)) => memory.erase_sector(address),
            Some(DfuseCommand::MassErase) => memory.erase_all(),
            Some(DfuseCommand::ReadUnprotect) => {
                // Lifting the protection erases main flash, whichever memory is looked at (AN3156, "read unprotect").
                let main = memories.get_mut(0).ok_or(DfuStatus::ErrTarget)?;
                let duration = main.erase_all()?;
                self.has_left = true;
                Ok(duration)
            }
            None if download.data == [GET_COMMANDS] => Ok(Duration::ZERO),
            None => Err(DfuStatus::ErrStalledPkt),
        }
    }

    /// Where a data block belongs: (wValue − 2) × wTransferSize + address pointer (AN3156 §4.1, §5.1).
    fn block_address(&self, block: u16) -> Option<u32> {
        u32::from(block.checked_sub(FIRST_DATA_BLOCK)?)
            .checked_mul(u32::from(self.board.transfer_size))?
            .checked_add(self.address_pointer)
    }

    /// Refuses a request that the state does not allow (DFU 1.1 appendix A).
    fn stall(&mut self) -> Answer {
        self.enter_error(DfuStatus::ErrStalledPkt);
        Answer::Stall
    }

    fn enter_error(&mut self, status: DfuStatus) {
        self.stored = None;
        self.state = DfuState::DfuError;
        self.status = status;
    }
}

/// Block 1 is neither a command nor data (AN3156 §4, §5).
fn is_reserved(block: u16) -> bool {
    block != COMMAND_BLOCK && block < FIRST_DATA_BLOCK
}

/// `bwPollTimeout`: rounded up, so that a host that waits as told finds the work done; 24 bits.
fn whole_milliseconds(duration: Duration) -> u32 {
    let milliseconds = duration.as_nanos().div_ceil(1_000_000);
    u32::try_from(milliseconds).map_or(0xFF_FFFF, |ms| ms.min(0xFF_FFFF))
}

#[cfg(test)]
mod tests {
    use super::super::board;
    use super::super::device::Device;
    use super::*;
    use crate::usb::ControlRequest;

    /// A host that writes down what it sends and what it gets, in the numbers of DFU 1.1.
    struct Host {
        device: Device,
        now: Duration,
    }

    impl Host {
        fn meets(name: &str) -> Self {
            Self::meets_with(name, Timing::None)
        }

        fn meets_with(name: &str, timing: Timing) -> Self {
            let board = board::find(name).expect("known board");
            let device = Device::new(board, board.serial.to_owned(), timing);
            let mut host = Self {
                device,
                now: Duration::ZERO,
            };
            // SET_CONFIGURATION 1.
            assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
            if host.get_status() == (0x0A, 0, 10) {
                host.clear_status();
            }
            host
        }

        fn sends(&mut self, request_type: u8, request: u8, value: u16, data: &[u8]) -> Answer {
            let length = u16::try_from(data.len()).expect("short");
            self.control(request_type, request, value, length, data)
        }

        fn asks(&mut self, request_type: u8, request: u8, value: u16, length: u16) -> Answer {
            self.control(request_type, request, value, length, &[])
        }

        fn control(
            &mut self,
            request_type: u8,
            request: u8,
            value: u16,
            length: u16,
            data: &[u8],
        ) -> Answer {
            let setup = Setup {
                request: ControlRequest {
                    request_type,
                    request,
                    value,
                    index: 0,
                },
                length,
            };
            let exchange = self.device.control(&setup, data, self.now);
            self.now += exchange.taken;
            exchange.answer
        }

        fn downloads(&mut self, block: u16, data: &[u8]) -> Answer {
            self.sends(0x21, 1, block, data)
        }

        fn uploads(&mut self, block: u16, length: u16) -> Answer {
            self.asks(0xA1, 2, block, length)
        }

        /// bStatus, bwPollTimeout, bState.
        fn get_status(&mut self) -> (u8, u32, u8) {
            match self.asks(0xA1, 3, 0, 6) {
                Answer::Data(bytes) => {
                    let [status, low, middle, high, state, 0] = bytes[..] else {
                        panic!("a status has six bytes and names no string: {bytes:02x?}");
                    };
                    (status, u32::from_le_bytes([low, middle, high, 0]), state)
                }
                other => panic!("GETSTATUS was answered with {other:?}"),
            }
        }

        fn clear_status(&mut self) -> Answer {
            self.sends(0x21, 4, 0, &[])
        }

        fn get_state(&mut self) -> Answer {
            self.asks(0xA1, 5, 0, 1)
        }

        fn aborts(&mut self) -> Answer {
            self.sends(0x21, 6, 0, &[])
        }

        /// DNLOAD and two GETSTATUS; how it ended.
        fn does(&mut self, block: u16, data: &[u8]) -> (u8, u8) {
            assert_eq!(self.downloads(block, data), Answer::Acknowledged);
            let (status, poll_timeout, state) = self.get_status();
            assert_eq!((status, state), (0, BUSY));
            self.now += Duration::from_millis(poll_timeout.into());
            let (status, _, state) = self.get_status();
            (status, state)
        }

        fn points_at(&mut self, address: u32) {
            let mut command = vec![0x21];
            command.extend(address.to_le_bytes());
            assert_eq!(self.does(0, &command), DONE, "{address:#010x}");
        }

        fn reads(&mut self, address: u32, length: u16) -> Answer {
            self.points_at(address);
            assert_eq!(self.aborts(), Answer::Acknowledged);
            self.uploads(2, length)
        }

        /// Which error it is in, with a CLRSTATUS to go on.
        fn is_told(&mut self, status: u8) {
            assert_eq!(self.get_status(), (status, 0, ERROR));
            assert_eq!(self.clear_status(), Answer::Acknowledged);
            assert_eq!(self.get_status(), (0, 0, IDLE));
        }
    }

    const IDLE: u8 = 2;
    const DOWNLOAD_SYNC: u8 = 3;
    const BUSY: u8 = 4;
    const DOWNLOAD_IDLE: u8 = 5;
    const MANIFEST: u8 = 7;
    const UPLOAD_IDLE: u8 = 9;
    const ERROR: u8 = 10;
    const DONE: (u8, u8) = (0, DOWNLOAD_IDLE);
    const ERR_TARGET: u8 = 1;
    const ERR_PROG: u8 = 6;
    const ERR_UNKNOWN: u8 = 14;
    const ERR_STALLED_PKT: u8 = 15;

    #[test]
    fn an_f405_begins_in_err_firmware_and_is_idle_once_that_is_cleared() {
        let board = board::find("f405").expect("known board");
        let device = Device::new(board, String::new(), Timing::None);
        let now = Duration::ZERO;
        let mut host = Host { device, now };
        host.sends(0x00, 9, 1, &[]);
        assert_eq!(host.get_status(), (0x0A, 0, ERROR));
        assert_eq!(host.clear_status(), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, IDLE));
        assert_eq!(host.get_state(), Answer::Data(vec![IDLE]));
    }

    #[test]
    fn a_flash_is_erased_written_and_read() {
        let mut host = Host::meets("f405");
        assert_eq!(host.does(0, &[0x41, 0x00, 0xC0, 0x00, 0x08]), DONE);
        assert_eq!(host.does(0, &[0x21, 0x00, 0xC0, 0x00, 0x08]), DONE);
        let blocks = [vec![0x11; 2048], vec![0x22; 2048], vec![0x33; 100]];
        for (number, block) in (2..).zip(&blocks) {
            assert_eq!(host.does(number, block), DONE);
        }
        assert_eq!(host.aborts(), Answer::Acknowledged);
        assert_eq!(host.uploads(2, 2048), Answer::Data(blocks[0].clone()));
        assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
        assert_eq!(host.uploads(3, 2048), Answer::Data(blocks[1].clone()));
        assert_eq!(host.uploads(4, 101), {
            let mut tail = blocks[2].clone();
            tail.push(0xFF);
            Answer::Data(tail)
        });
    }

    #[test]
    fn a_download_only_stores_and_get_status_does_the_work() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.downloads(2, &[0xAA; 4]), Answer::Acknowledged);
        assert_eq!(host.get_state(), Answer::Data(vec![DOWNLOAD_SYNC]));
        // Given up before GETSTATUS: nothing is written.
        assert_eq!(host.aborts(), Answer::Acknowledged);
        assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
        assert_eq!(host.aborts(), Answer::Acknowledged);
        // With GETSTATUS: it is.
        assert_eq!(host.downloads(2, &[0xAA; 4]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, BUSY));
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
        assert_eq!(host.aborts(), Answer::Acknowledged);
        assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xAA; 4]));
    }

    #[test]
    fn an_error_shows_in_the_second_get_status_and_is_cleared_once() {
        let mut host = Host::meets("f405");
        let outside = [0x21, 0x00, 0x00, 0x10, 0x08];
        assert_eq!(host.does(0, &outside), (ERR_TARGET, ERROR));
        host.is_told(ERR_TARGET);
    }

    #[test]
    fn addresses_outside_are_errtarget_for_every_command() {
        let mut host = Host::meets("f405");
        for command in [
            [0x21, 0xFF, 0xFF, 0xFF, 0x07],
            [0x21, 0x00, 0x00, 0x10, 0x08],
            [0x21, 0x00, 0x78, 0xFF, 0x1F],
            [0x41, 0x00, 0x00, 0x10, 0x08],
            [0x41, 0x00, 0x00, 0x00, 0x20],
        ] {
            assert_eq!(
                host.does(0, &command),
                (ERR_TARGET, ERROR),
                "{command:02x?}"
            );
            host.is_told(ERR_TARGET);
        }
        // The last four bytes are there, what follows is not.
        host.points_at(0x080F_FFFC);
        assert_eq!(host.does(2, &[0; 8]), (ERR_TARGET, ERROR));
        host.is_told(ERR_TARGET);
        assert_eq!(host.reads(0x080F_FFFC, 4), Answer::Data(vec![0xFF; 4]));
    }

    #[test]
    fn a_block_number_that_leaves_the_address_space_is_errtarget() {
        let mut host = Host::meets("f405");
        host.sends(0x01, 11, 3, &[]);
        host.points_at(0xFFFF_0000);
        assert_eq!(host.does(0xFFFF, &[0; 4]), (ERR_TARGET, ERROR));
        host.is_told(ERR_TARGET);
        assert_eq!(host.uploads(0xFFFF, 4), Answer::Stall);
        host.is_told(ERR_TARGET);
    }

    #[test]
    fn blocks_are_counted_by_the_transfer_size_whatever_their_length() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
        assert_eq!(host.reads(0x0800_1800, 4), Answer::Data(vec![1, 2, 3, 4]));
        let mut host = Host::meets("h743");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
        assert_eq!(host.reads(0x0800_0C00, 4), Answer::Data(vec![1, 2, 3, 4]));
    }

    #[test]
    fn more_than_the_transfer_size_is_refused_either_way() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.downloads(2, &[0; 2049]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        assert_eq!(host.uploads(2, 2049), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }

    #[test]
    fn an_upload_is_refused_after_a_download_until_abort() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.uploads(2, 4), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        host.points_at(0x0800_0000);
        assert_eq!(host.aborts(), Answer::Acknowledged);
        assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
    }

    #[test]
    fn a_download_is_refused_after_a_full_upload_and_allowed_after_a_short_one() {
        let mut host = Host::meets("f405");
        assert_eq!(host.reads(0x080F_FF00, 256), Answer::Data(vec![0xFF; 256]));
        assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        assert_eq!(host.reads(0x080F_FF00, 257), Answer::Data(vec![0xFF; 256]));
        assert_eq!(host.get_status(), (0, 0, IDLE));
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
    }

    #[test]
    fn an_upload_of_nothing_ends_the_upload() {
        let mut host = Host::meets("f405");
        assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
        assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
        assert_eq!(host.uploads(3, 0), Answer::Data(vec![]));
        assert_eq!(host.get_status(), (0, 0, IDLE));
    }

    #[test]
    fn an_upload_that_begins_behind_the_end_is_errtarget() {
        let mut host = Host::meets("f405");
        host.points_at(0x080F_F800);
        host.aborts();
        assert_eq!(host.uploads(3, 2048), Answer::Stall);
        host.is_told(ERR_TARGET);
    }

    #[test]
    fn upload_of_block_0_lists_the_commands() {
        let mut host = Host::meets("f405");
        assert_eq!(
            host.uploads(0, 64),
            Answer::Data(vec![0x00, 0x21, 0x41, 0x92])
        );
        assert_eq!(host.get_status(), (0, 0, IDLE));
        assert_eq!(host.uploads(0, 2), Answer::Data(vec![0x00, 0x21]));
        assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
        assert_eq!(Host::meets("mboot").uploads(0, 64), Answer::Stall);
    }

    #[test]
    fn block_1_is_reserved_either_way() {
        let mut host = Host::meets("f405");
        assert_eq!(host.downloads(1, &[0; 4]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        assert_eq!(host.uploads(1, 4), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }

    #[test]
    fn a_command_that_does_not_exist_or_has_the_wrong_length_is_errstalledpkt() {
        let mut host = Host::meets("f405");
        for command in [
            &[0x42][..],
            &[0x21],
            &[0x21, 0, 0, 0],
            &[0x41, 0, 0],
            &[0x92, 0],
        ] {
            assert_eq!(
                host.does(0, command),
                (ERR_STALLED_PKT, ERROR),
                "{command:02x?}"
            );
            host.is_told(ERR_STALLED_PKT);
        }
        assert_eq!(host.does(0, &[0x00]), DONE);
        // mboot has no read unprotect.
        assert_eq!(
            Host::meets("mboot").does(0, &[0x92]),
            (ERR_STALLED_PKT, ERROR)
        );
    }

    #[test]
    fn the_next_download_before_the_work_was_acknowledged_is_refused() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
        assert_eq!(host.downloads(3, &[0; 4]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        host.points_at(0x0800_0000);
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, BUSY));
        assert_eq!(host.downloads(3, &[0; 4]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }

    #[test]
    fn detach_and_unknown_requests_and_wrong_directions_are_refused() {
        let mut host = Host::meets("f405");
        for (request_type, request) in [(0x21, 0), (0x21, 7), (0xA1, 1), (0x21, 2), (0x21, 3)] {
            assert_eq!(host.sends(request_type, request, 0, &[]), Answer::Stall);
            host.is_told(ERR_STALLED_PKT);
        }
    }

    #[test]
    fn a_needless_clear_status_is_punished_as_the_rom_does() {
        let mut older = Host::meets("f405");
        assert_eq!(older.clear_status(), Answer::Acknowledged);
        older.is_told(ERR_UNKNOWN);
        let mut newer = Host::meets("h743");
        assert_eq!(newer.clear_status(), Answer::Stall);
        newer.is_told(ERR_STALLED_PKT);
    }

    #[test]
    fn abort_in_an_error_is_acknowledged_and_changes_nothing() {
        let mut host = Host::meets("f405");
        host.uploads(1, 1);
        assert_eq!(host.aborts(), Answer::Acknowledged);
        host.is_told(ERR_STALLED_PKT);
    }

    #[test]
    fn programming_what_is_not_blank_is_errprog_where_the_flash_checks() {
        let mut host = Host::meets("l476");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &[0x55; 8]), DONE);
        assert_eq!(host.does(2, &[0x54; 8]), (ERR_PROG, ERROR));
        host.is_told(ERR_PROG);
        assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(vec![0x55; 8]));
    }

    #[test]
    fn a_mass_erase_erases_the_chosen_memory_only() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &[0; 4]), DONE);
        host.sends(0x01, 11, 2, &[]);
        host.points_at(0x1FFF_7800);
        assert_eq!(host.does(2, &[0x12]), DONE);
        assert_eq!(host.does(0, &[0x41]), (ERR_TARGET, ERROR));
        host.is_told(ERR_TARGET);
        host.sends(0x01, 11, 0, &[]);
        assert_eq!(host.does(0, &[0x41]), DONE);
        assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
        host.aborts();
        host.sends(0x01, 11, 2, &[]);
        assert_eq!(host.reads(0x1FFF_7800, 1), Answer::Data(vec![0x12]));
    }

    #[test]
    fn an_empty_download_and_get_status_leave_the_bus() {
        for block in [0, 2] {
            let mut host = Host::meets("f405");
            host.points_at(0x0800_0000);
            assert_eq!(host.downloads(block, &[]), Answer::Acknowledged);
            assert!(host.device.is_present());
            assert_eq!(host.get_status(), (0, 0, MANIFEST));
            assert!(!host.device.is_present());
            assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
        }
        let mut from_idle = Host::meets("f405");
        assert_eq!(from_idle.downloads(0, &[]), Answer::Acknowledged);
        assert_eq!(from_idle.get_status(), (0, 0, MANIFEST));
    }

    #[test]
    fn a_gd32_leaves_without_an_answer() {
        let mut host = Host::meets("gd32vf103");
        assert_eq!(host.downloads(0, &[]), Answer::Silent);
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    }

    #[test]
    fn read_unprotect_erases_main_flash_and_resets() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &[0; 4]), DONE);
        host.sends(0x01, 11, 1, &[]);
        assert_eq!(host.downloads(0, &[0x92]), Answer::Acknowledged);
        assert!(host.device.is_present());
        assert_eq!(host.get_status(), (0, 0, BUSY));
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
        host.device.plug_in();
        host.sends(0x00, 9, 1, &[]);
        host.is_told(0x0A);
        assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
    }

    #[test]
    fn option_bytes_are_written_and_reset_the_chip() {
        let mut host = Host::meets("f405");
        host.sends(0x01, 11, 1, &[]);
        host.points_at(0x1FFF_C000);
        assert_eq!(host.downloads(2, &[0xA5; 16]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, BUSY));
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
        host.device.plug_in();
        host.sends(0x00, 9, 1, &[]);
        host.clear_status();
        host.sends(0x01, 11, 1, &[]);
        assert_eq!(host.reads(0x1FFF_C000, 16), Answer::Data(vec![0xA5; 16]));
    }

    #[test]
    fn what_was_written_survives_plugging_in_again_and_the_state_does_not() {
        let mut host = Host::meets("h743");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &[0x77; 32]), DONE);
        host.downloads(0, &[]);
        host.get_status();
        host.device.plug_in();
        // Not configured yet.
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
        host.sends(0x00, 9, 1, &[]);
        assert_eq!(host.get_status(), (0, 0, IDLE));
        assert_eq!(host.uploads(2, 32), Answer::Data(vec![0x77; 32]));
    }

    #[test]
    fn set_interface_leaves_state_and_address_pointer_alone() {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_4000);
        assert_eq!(host.sends(0x01, 11, 1, &[]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
        assert_eq!(host.does(2, &[0; 4]), (ERR_TARGET, ERROR));
        host.is_told(ERR_TARGET);
        assert_eq!(host.sends(0x01, 11, 0, &[]), Answer::Acknowledged);
        assert_eq!(host.does(2, &[0; 4]), DONE);
        assert_eq!(host.reads(0x0800_4000, 4), Answer::Data(vec![0; 4]));
    }

    #[test]
    fn with_real_timing_work_takes_its_time_and_is_told() {
        let mut host = Host::meets_with("f405", Timing::Real);
        assert_eq!(
            host.downloads(0, &[0x41, 0x00, 0x00, 0x02, 0x08]),
            Answer::Acknowledged
        );
        assert_eq!(host.get_status(), (0, 1000, BUSY));
        host.now += Duration::from_millis(400);
        // 600 ms less what this GETSTATUS takes on the bus, rounded up.
        assert_eq!(host.get_status(), (0, 600, BUSY));
        assert_eq!(host.get_state(), Answer::Data(vec![BUSY]));
        // ABORT while busy is acknowledged and ignored.
        assert_eq!(host.aborts(), Answer::Acknowledged);
        host.now += Duration::from_millis(600);
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    }

    #[test]
    fn with_real_timing_a_write_of_2048_bytes_takes_its_words_and_the_bus() {
        let mut host = Host::meets_with("f405", Timing::Real);
        host.points_at(0x0800_0000);
        let begin = host.now;
        assert_eq!(host.downloads(2, &[0; 2048]), Answer::Acknowledged);
        assert_eq!(host.now - begin, Duration::from_micros(500 + 1800));
        // 512 words of 16 µs are 8.192 ms.
        assert_eq!(host.get_status(), (0, 9, BUSY));
        host.now += Duration::from_millis(9);
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    }

    #[test]
    fn a_download_while_real_work_goes_on_is_refused() {
        let mut host = Host::meets_with("f405", Timing::Real);
        assert_eq!(host.downloads(0, &[0x41]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 8000, BUSY));
        assert_eq!(host.downloads(0, &[0x41]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }
}

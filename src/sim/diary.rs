//! For tests: a host's diary of what it sends a board and what it gets, in the numbers of DFU 1.1.

use std::time::Duration;

use super::device::Device;
use super::spec::BoardSpec;
use super::transfer::{Answer, Setup};
use crate::usb::ControlRequest;

pub const IDLE: u8 = 2;
pub const DOWNLOAD_SYNC: u8 = 3;
pub const BUSY: u8 = 4;
pub const DOWNLOAD_IDLE: u8 = 5;
pub const MANIFEST: u8 = 7;
pub const UPLOAD_IDLE: u8 = 9;
pub const ERROR: u8 = 10;
pub const DONE: (u8, u8) = (0, DOWNLOAD_IDLE);
pub const ERR_TARGET: u8 = 1;
pub const ERR_PROG: u8 = 6;
pub const ERR_VENDOR: u8 = 11;
pub const ERR_UNKNOWN: u8 = 14;
pub const ERR_STALLED_PKT: u8 = 15;

/// The host.
pub struct Host {
    pub device: Device,
    pub now: Duration,
}

impl Host {
    /// Finds the board in dfuIDLE, or has brought it there.
    pub fn meets(spec: &str) -> Self {
        let mut host = Self::sees(spec);
        if host.get_status() == (0x0A, 0, 10) {
            host.clear_status();
        }
        host
    }

    /// Has configured the board, and asked it nothing yet.
    pub fn sees(spec: &str) -> Self {
        let spec: BoardSpec = spec.parse().expect("a board");
        let serial = spec.serial.as_deref().unwrap_or(spec.board.serial);
        let mut host = Self {
            device: Device::new(&spec, serial.to_owned()),
            now: Duration::ZERO,
        };
        // SET_CONFIGURATION 1.
        assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
        host
    }

    pub fn sends(&mut self, request_type: u8, request: u8, value: u16, data: &[u8]) -> Answer {
        let length = u16::try_from(data.len()).expect("short");
        self.control(request_type, request, value, length, data)
    }

    pub fn asks(&mut self, request_type: u8, request: u8, value: u16, length: u16) -> Answer {
        self.control(request_type, request, value, length, &[])
    }

    pub fn control(
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

    /// Out and in again with BOOT0 held, and on to dfuIDLE.
    pub fn plugs_in_again(&mut self) {
        assert!(self.device.plug_in(self.now));
        assert_eq!(self.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
        if self.get_status() == (0x0A, 0, ERROR) {
            self.clear_status();
        }
    }

    /// Out and in again, and configured; nothing else.
    pub fn plugs_in_again_unasked(&mut self) {
        assert!(self.device.plug_in(self.now));
        assert_eq!(self.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
    }

    pub fn downloads(&mut self, block: u16, data: &[u8]) -> Answer {
        self.sends(0x21, 1, block, data)
    }

    pub fn uploads(&mut self, block: u16, length: u16) -> Answer {
        self.asks(0xA1, 2, block, length)
    }

    /// All six bytes of a GETSTATUS.
    pub fn whole_status(&mut self) -> Vec<u8> {
        match self.asks(0xA1, 3, 0, 6) {
            Answer::Data(bytes) => bytes,
            other => panic!("GETSTATUS was answered with {other:?}"),
        }
    }

    /// bStatus, bwPollTimeout, bState.
    pub fn get_status(&mut self) -> (u8, u32, u8) {
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

    pub fn clear_status(&mut self) -> Answer {
        self.sends(0x21, 4, 0, &[])
    }

    pub fn get_state(&mut self) -> Answer {
        self.asks(0xA1, 5, 0, 1)
    }

    pub fn aborts(&mut self) -> Answer {
        self.sends(0x21, 6, 0, &[])
    }

    /// DNLOAD and two GETSTATUS; how it ended.
    pub fn does(&mut self, block: u16, data: &[u8]) -> (u8, u8) {
        assert_eq!(self.downloads(block, data), Answer::Acknowledged);
        let (status, poll_timeout, state) = self.get_status();
        assert_eq!((status, state), (0, BUSY));
        self.now += Duration::from_millis(poll_timeout.into());
        let (status, _, state) = self.get_status();
        (status, state)
    }

    /// DNLOAD, and GETSTATUS until it is written, whatever the board says for `bwPollTimeout`.
    pub fn does_whatever_it_says(&mut self, block: u16, data: &[u8]) {
        assert_eq!(self.downloads(block, data), Answer::Acknowledged);
        let (status, _, mut state) = self.get_status();
        if state == BUSY {
            state = self.get_status().2;
        }
        assert_eq!((status, state), DONE);
    }

    pub fn points_at(&mut self, address: u32) {
        let mut command = vec![0x21];
        command.extend(address.to_le_bytes());
        assert_eq!(self.does(0, &command), DONE, "{address:#010x}");
    }

    pub fn reads(&mut self, address: u32, length: u16) -> Answer {
        self.points_at(address);
        assert_eq!(self.aborts(), Answer::Acknowledged);
        self.uploads(2, length)
    }

    /// Which error it is in, with a CLRSTATUS to go on.
    pub fn is_told(&mut self, status: u8) {
        assert_eq!(self.get_status(), (status, 0, ERROR));
        assert_eq!(self.clear_status(), Answer::Acknowledged);
        assert_eq!(self.get_status(), (0, 0, IDLE));
    }
}

//! A board as a USB device: the standard requests, and being on the bus or not.

use std::path::Path;
use std::time::Duration;

use super::board::Board;
use super::bootloader::Bootloader;
use super::descriptor::{self, CONFIGURATION_VALUE, INTERFACE_NUMBER};
use super::fault::{FaultKind, Faults};
use super::flash::{FlashFileError, Memories};
use super::quirk::{Quirk, Quirks};
use super::spec::BoardSpec;
use super::timing::Timing;
use super::{Answer, Setup};
use crate::usb::descriptor::GET_DESCRIPTOR;

/// `bmRequestType`: the bits that tell standard, class and vendor requests apart.
const TYPE: u8 = 0b0110_0000;
const STANDARD: u8 = 0b0000_0000;
const CLASS: u8 = 0b0010_0000;
/// `bmRequestType`: the bits of the recipient, and an interface as recipient.
const RECIPIENT: u8 = 0b0001_1111;
const INTERFACE: u8 = 1;

/// `bRequest` of the standard requests (USB 2.0, table 9-4).
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_ADDRESS: u8 = 5;
const GET_CONFIGURATION: u8 = 8;
pub const SET_CONFIGURATION: u8 = 9;
const GET_INTERFACE: u8 = 10;
pub const SET_INTERFACE: u8 = 11;

/// A simulated board, plugged in.
#[derive(Debug)]
pub struct Device {
    board: &'static Board,
    serial: String,
    timing: Timing,
    memories: Memories,
    bootloader: Bootloader,
    configuration: u8,
    quirks: Quirks,
    faults: Faults,
    unplugged: bool,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the host sees.
    pub answer: Answer,
    /// How long it takes until it sees that.
    pub taken: Duration,
    /// Whether the board is off the bus then.
    pub left: bool,
}

impl Device {
    /// A board with blank memories, plugged in with BOOT0 held. Not configured yet: that is for the host to do.
    pub fn new(spec: &BoardSpec, serial: String) -> Self {
        let (board, timing) = (spec.board, spec.timing);
        let memories = Memories::blank(board, &spec.quirks);
        let bootloader = Bootloader::new(board, timing, &memories);
        Self {
            board,
            serial,
            timing,
            memories,
            bootloader,
            configuration: 0,
            quirks: spec.quirks.clone(),
            faults: Faults::new(spec.faults.clone()),
            unplugged: false,
        }
    }

    /// Keeps the memory of alternate setting 0 in a file, from now on.
    ///
    /// # Errors
    /// [`FlashFileError`] where the file can't be used.
    pub fn keep_flash_in(&mut self, path: &Path) -> Result<(), FlashFileError> {
        self.memories.keep_in_file(path)
    }

    /// Which board it is.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// The string of `iSerialNumber`.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Whether it has this quirk, one without a value.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }

    /// Whether it is on the bus.
    pub fn is_present(&self) -> bool {
        !self.unplugged && !self.bootloader.has_left()
    }

    /// Plugs it in again with BOOT0 held: the bootloader starts afresh, the memories are as they were.
    pub fn plug_in(&mut self) {
        self.bootloader = Bootloader::new(self.board, self.timing, &self.memories);
        self.configuration = 0;
        self.unplugged = false;
    }

    /// Takes one control transfer that begins at the time `now`. `data` is the data stage of a request to the device.
    pub fn control(&mut self, setup: &Setup, data: &[u8], now: Duration) -> Exchange {
        if self.is_counted(setup) && self.faults.next() == Some(FaultKind::Unplug) {
            self.unplugged = true;
        }
        if !self.is_present() {
            return Exchange {
                answer: Answer::Gone,
                taken: Duration::ZERO,
                left: true,
            };
        }
        let answered_at = now.saturating_add(self.timing.request(data.len()));
        let mut answer = match setup.request.request_type & TYPE {
            STANDARD => self.standard(setup),
            CLASS if self.is_for_interface(setup) => {
                self.bootloader
                    .request(setup, data, &mut self.memories, answered_at)
            }
            _ => Answer::Stall,
        };
        if let Answer::Data(bytes) = &mut answer {
            bytes.truncate(usize::from(setup.length));
        }
        let length = match &answer {
            Answer::Data(bytes) => bytes.len(),
            _ => data.len(),
        };
        Exchange {
            answer,
            taken: self.timing.request(length),
            left: !self.is_present(),
        }
    }

    /// Faults are counted as a host counts its own requests: from SET_CONFIGURATION on, and without SET_INTERFACE,
    /// which is the operating system's to send.
    fn is_counted(&self, setup: &Setup) -> bool {
        let request = (setup.request.request_type, setup.request.request);
        self.configuration == CONFIGURATION_VALUE
            && request != (0x00, SET_CONFIGURATION)
            && request != (0x01, SET_INTERFACE)
    }

    fn is_for_interface(&self, setup: &Setup) -> bool {
        self.configuration == CONFIGURATION_VALUE
            && setup.request.request_type & RECIPIENT == INTERFACE
            && setup.request.index == u16::from(INTERFACE_NUMBER)
    }

    /// Standard requests leave the DFU state alone, whether they make sense or not.
    fn standard(&mut self, setup: &Setup) -> Answer {
        let request = setup.request;
        match (request.request_type, request.request) {
            (0x80 | 0x81, GET_DESCRIPTOR) => {
                descriptor::descriptor(self.board, &self.serial, request.value)
                    .map_or(Answer::Stall, Answer::Data)
            }
            // Self-powered, no remote wakeup.
            (0x80, GET_STATUS) => Answer::Data(vec![1, 0]),
            (0x81, GET_STATUS) if self.is_for_interface(setup) => Answer::Data(vec![0, 0]),
            (0x82, GET_STATUS) if is_endpoint_0(request.index) => Answer::Data(vec![0, 0]),
            // Endpoint 0 is never halted, so there is nothing to clear.
            (0x02, CLEAR_FEATURE) if is_endpoint_0(request.index) && request.value == 0 => {
                Answer::Acknowledged
            }
            (0x00, SET_ADDRESS) => Answer::Acknowledged,
            (0x80, GET_CONFIGURATION) => Answer::Data(vec![self.configuration]),
            (0x00, SET_CONFIGURATION) => self.set_configuration(request.value),
            (0x81, GET_INTERFACE) if self.is_for_interface(setup) => {
                Answer::Data(vec![self.bootloader.alternate_setting()])
            }
            (0x01, SET_INTERFACE) if self.is_for_interface(setup) => {
                self.set_interface(request.value)
            }
            _ => Answer::Stall,
        }
    }

    /// Configuring puts every interface back to alternate setting 0 (USB 2.0 §9.1.1.5).
    fn set_configuration(&mut self, value: u16) -> Answer {
        match u8::try_from(value) {
            Ok(value @ (0 | CONFIGURATION_VALUE)) => {
                self.configuration = value;
                self.bootloader.set_alternate_setting(0);
                Answer::Acknowledged
            }
            _ => Answer::Stall,
        }
    }

    fn set_interface(&mut self, value: u16) -> Answer {
        match u8::try_from(value) {
            Ok(number) if self.memories.get(number).is_some() => {
                self.bootloader.set_alternate_setting(number);
                Answer::Acknowledged
            }
            _ => Answer::Stall,
        }
    }
}

fn is_endpoint_0(index: u16) -> bool {
    matches!(index, 0x00 | 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usb::ControlRequest;

    fn device(name: &str) -> Device {
        let spec: BoardSpec = name.parse().expect("known board");
        Device::new(&spec, spec.board.serial.to_owned())
    }

    fn answer(device: &mut Device, setup: [u8; 8]) -> Answer {
        let [request_type, request, v0, v1, i0, i1, l0, l1] = setup;
        let setup = Setup {
            request: ControlRequest {
                request_type,
                request,
                value: u16::from_le_bytes([v0, v1]),
                index: u16::from_le_bytes([i0, i1]),
            },
            length: u16::from_le_bytes([l0, l1]),
        };
        device.control(&setup, &[], Duration::ZERO).answer
    }

    /// What Linux sends to a device that was just plugged in.
    #[test]
    fn a_kernel_can_enumerate_a_board() {
        let mut f405 = device("f405");
        let mut check = |setup, expected| assert_eq!(answer(&mut f405, setup), expected);
        // The first 8 bytes of the device descriptor, an address, all of it.
        let device_descriptor = vec![
            0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22,
            0x01, 0x02, 0x03, 0x01,
        ];
        check(
            [0x80, 6, 0, 1, 0, 0, 8, 0],
            Answer::Data(device_descriptor[..8].to_vec()),
        );
        check([0x00, 5, 2, 0, 0, 0, 0, 0], Answer::Acknowledged);
        check(
            [0x80, 6, 0, 1, 0, 0, 18, 0],
            Answer::Data(device_descriptor),
        );
        // No device qualifier: it is a full-speed device.
        check([0x80, 6, 0, 6, 0, 0, 10, 0], Answer::Stall);
        check(
            [0x80, 6, 0, 2, 0, 0, 9, 0],
            Answer::Data(vec![9, 2, 54, 0, 1, 1, 0, 0xC0, 50]),
        );
        check([0x80, 8, 0, 0, 0, 0, 1, 0], Answer::Data(vec![0]));
        check([0x00, 9, 1, 0, 0, 0, 0, 0], Answer::Acknowledged);
        check([0x80, 8, 0, 0, 0, 0, 1, 0], Answer::Data(vec![1]));
        check([0x80, 0, 0, 0, 0, 0, 2, 0], Answer::Data(vec![1, 0]));
    }

    #[test]
    fn the_interface_answers_only_once_configured() {
        let mut f405 = device("f405");
        let get_status = [0xA1, 3, 0, 0, 0, 0, 6, 0];
        assert_eq!(answer(&mut f405, get_status), Answer::Stall);
        assert_eq!(
            answer(&mut f405, [0x01, 11, 0, 0, 0, 0, 0, 0]),
            Answer::Stall
        );
        answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
        // Asking too early has not disturbed it: dfuERROR, errFIRMWARE.
        assert_eq!(
            answer(&mut f405, get_status),
            Answer::Data(vec![10, 0, 0, 0, 10, 0])
        );
        // Interface 1 does not exist.
        assert_eq!(
            answer(&mut f405, [0xA1, 3, 0, 0, 1, 0, 6, 0]),
            Answer::Stall
        );
    }

    #[test]
    fn only_alternate_settings_that_exist_can_be_chosen() {
        let mut f405 = device("f405");
        answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
        let get_interface = [0x81, 10, 0, 0, 0, 0, 1, 0];
        assert_eq!(
            answer(&mut f405, [0x01, 11, 3, 0, 0, 0, 0, 0]),
            Answer::Acknowledged
        );
        assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![3]));
        for value in [[4, 0], [0, 1]] {
            assert_eq!(
                answer(&mut f405, [0x01, 11, value[0], value[1], 0, 0, 0, 0]),
                Answer::Stall
            );
        }
        assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![3]));
        // Configuring anew goes back to 0.
        answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
        assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![0]));
        assert_eq!(
            answer(&mut f405, [0x00, 9, 2, 0, 0, 0, 0, 0]),
            Answer::Stall
        );
    }

    #[test]
    fn clearing_a_halt_is_acknowledged_for_endpoint_0_only() {
        let mut f405 = device("f405");
        answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
        assert_eq!(
            answer(&mut f405, [0x02, 1, 0, 0, 0, 0, 0, 0]),
            Answer::Acknowledged
        );
        assert_eq!(
            answer(&mut f405, [0x02, 1, 0, 0, 0x81, 0, 0, 0]),
            Answer::Stall
        );
        assert_eq!(
            answer(&mut f405, [0x00, 1, 1, 0, 0, 0, 0, 0]),
            Answer::Stall
        );
    }

    #[test]
    fn vendor_requests_are_refused() {
        let mut mboot = device("mboot");
        assert_eq!(
            answer(&mut mboot, [0xC0, 0x42, 0, 0, 4, 0, 40, 0]),
            Answer::Stall
        );
    }
}

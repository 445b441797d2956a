//! Asking once more where the answer did not come.

use std::collections::VecDeque;
use std::time::Duration;

use super::read_string;
use crate::usb::descriptor::{GET_DESCRIPTOR, STRING};
use crate::usb::{ControlRequest, Occupant, Transport, UsbError};

/// A device that gives these answers, one after the other, to nothing but GET_DESCRIPTOR.
struct Answers {
    left: VecDeque<Result<&'static [u8], UsbError>>,
    /// The string's number and the language of each question.
    asked: Vec<(u8, u16)>,
}

impl Transport for Answers {
    fn claim(&mut self) -> Result<(), UsbError> {
        unreachable!("a string can be read without")
    }

    fn set_alternate_setting(&mut self, _: u8) -> Result<(), UsbError> {
        unreachable!("a string belongs to the device")
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        _: Duration,
    ) -> Result<usize, UsbError> {
        let [kind, index] = request.value.to_be_bytes();
        assert_eq!(
            (request.request_type, request.request, kind),
            (0x80, GET_DESCRIPTOR, STRING)
        );
        self.asked.push((index, request.index));
        let bytes = self.left.pop_front().expect("not asked so often")?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn control_out(&mut self, _: ControlRequest, _: &[u8], _: Duration) -> Result<(), UsbError> {
        unreachable!("nothing is sent")
    }

    fn is_on_bus(&mut self) -> bool {
        true
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        unreachable!("it is there")
    }

    fn at_port(&mut self) -> Option<Occupant> {
        unreachable!("nobody asks for it")
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        unreachable!("nothing is wrong with it")
    }

    fn wait(&mut self, _: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

const ENGLISH: u16 = 0x0409;
const OK: &[u8] = &[6, STRING, b'o', 0, b'k', 0];

/// What is read, and which questions that took.
#[track_caller]
fn check(
    answers: &[Result<&'static [u8], UsbError>],
    expected: Result<Option<&str>, UsbError>,
    asked: &[(u8, u16)],
) {
    let mut device = Answers {
        left: answers.iter().cloned().collect(),
        asked: Vec::new(),
    };
    let found = read_string(&mut device, 3);
    assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
    assert_eq!(device.asked, asked);
}

#[test]
fn a_string_whose_answer_broke_off_or_did_not_come_is_asked_for_again() {
    for error in [UsbError::Io, UsbError::Timeout] {
        let once = [Err(error.clone()), Ok(OK)];
        check(&once, Ok(Some("ok")), &[(3, ENGLISH); 2]);
        let twice = [Err(error.clone()), Err(error.clone()), Ok(OK)];
        check(&twice, Ok(Some("ok")), &[(3, ENGLISH); 3]);
        let thrice = [Err(error.clone()), Err(error.clone()), Err(error.clone())];
        check(&thrice, Err(error), &[(3, ENGLISH); 3]);
    }
}

#[test]
fn a_refused_string_is_asked_for_in_a_language_that_the_device_has() {
    const GERMAN: u16 = 0x0407;
    let languages: &[u8] = &[4, STRING, 0x07, 0x04];
    let answers = [Err(UsbError::Stall), Ok(languages), Ok(OK)];
    check(
        &answers,
        Ok(Some("ok")),
        &[(3, ENGLISH), (0, 0), (3, GERMAN)],
    );
}

#[test]
fn a_device_that_is_gone_is_not_asked_again() {
    check(
        &[Err(UsbError::NoDevice)],
        Err(UsbError::NoDevice),
        &[(3, ENGLISH)],
    );
}

//! A touch, and what a port's answer to it means.

use std::sync::Mutex;

use super::*;
use crate::sim::SimBus;
use crate::usb::serial::{SerialPort, SerialPortInfo};

/// Ports of which one is touched: with this outcome, and listed as long as this after it.
struct Ports {
    outcome: Result<(), SerialError>,
    looks: Mutex<usize>,
}

const NAME: &str = "/dev/ttyACM0";

impl SerialPorts for Ports {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        let mut looks = self.looks.lock().expect("one thread");
        let port = SerialPortInfo {
            name: NAME.to_owned(),
            device: None,
        };
        let listed = (*looks > 0).then_some(port);
        *looks = looks.saturating_sub(1);
        Ok(listed.into_iter().collect())
    }

    fn touch(&self, name: &str) -> Result<(), SerialError> {
        assert_eq!(name, NAME);
        self.outcome.clone()
    }

    fn open(&self, _: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        panic!("nobody is to talk");
    }
}

/// What comes of a touch with this outcome, where the port is listed so often after it; and the time that takes.
fn touched(outcome: Result<(), SerialError>, looks: usize) -> (Result<(), SerialError>, u128) {
    let spec = "f405,quirk=application".parse().expect("good");
    let bus = SimBus::new(&[spec]).expect("no files");
    let looks = Mutex::new(looks);
    let ended = touch(&bus, &Ports { outcome, looks }, NAME).map_err(|error| match error {
        EnterError::Port { port, source } if port == NAME => source,
        other => panic!("{other}"),
    });
    (ended, bus.now().as_millis())
}

#[test]
fn a_touch_that_went_well_is_not_waited_for() {
    assert_eq!(touched(Ok(()), 100), (Ok(()), 0));
}

#[test]
fn a_board_that_leaves_while_its_port_is_opened_was_touched() {
    let lost = SerialError::Other("Input/output error".to_owned());
    assert_eq!(touched(Err(lost.clone()), 3), (Ok(()), 300));
    assert_eq!(touched(Err(SerialError::NoPort), 0), (Ok(()), 0));
    assert_eq!(touched(Err(lost.clone()), 100), (Err(lost), 1000));
}

#[test]
fn a_port_that_is_in_use_or_denied_is_told_at_once() {
    for error in [SerialError::Busy, SerialError::AccessDenied] {
        assert_eq!(touched(Err(error.clone()), 0), (Err(error), 0));
    }
}

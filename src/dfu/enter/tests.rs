//! Asking an application, and waiting until it is back in DFU mode.

use std::collections::VecDeque;

use super::*;
use crate::dfu::link::script::Answer::{Fails, Leaves};
use crate::dfu::link::script::{ACK, Answer, STALL, Script};
use crate::sim::SimBus;
use crate::usb::Place;
use crate::usb::descriptor::{Descriptors, InterfaceDescriptor};

/// A bus with one board that runs its application, and the way to it, which can be opened by now.
fn bus(board: &str) -> (SimBus, Box<dyn Transport>, DeviceInfo) {
    let spec = format!("{board},quirk=application").parse();
    let bus = SimBus::new(&[spec.expect("good")]).expect("no files");
    bus.wait(Duration::from_secs(1));
    let info = bus.devices().expect("there is a bus").remove(0);
    let transport = bus.open(&info).expect("long enough there");
    (bus, transport, info)
}

fn patience(opens: Duration) -> Patience {
    Patience {
        comes_back: COMES_BACK,
        opens,
    }
}

#[test]
fn it_ends_when_the_board_can_be_opened() {
    for (board, at_least) in [("f405", 1000), ("f405,quirk=late-access", 1500)] {
        let (bus, mut transport, info) = bus(board);
        let asked = bus.now();
        let patience = patience(Duration::from_secs(2));
        assert!(detach_and_wait(&bus, transport.as_mut(), &info, patience).is_ok());
        let taken = bus.now() - asked;
        let expected = Duration::from_millis(at_least);
        assert!(
            (expected..expected + Duration::from_millis(300)).contains(&taken),
            "{taken:?}"
        );
        let info = bus.devices().expect("there is a bus").remove(0);
        assert!(info.is_in_dfu_mode());
        assert!(bus.open(&info).is_ok());
    }
}

#[test]
fn a_board_that_can_not_be_opened_in_time_is_an_error_of_the_system() {
    let (bus, mut transport, info) = bus("f405,quirk=late-access");
    let patience = patience(Duration::from_millis(200));
    let error = detach_and_wait(&bus, transport.as_mut(), &info, patience).expect_err("too early");
    let EnterError::Closed(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error, UsbError::AccessDenied);
}

#[test]
fn a_board_that_does_not_come_back_is_waited_for_ten_seconds() {
    let (bus, ..) = bus("f405");
    let asked = bus.now();
    let error = until_back(&bus, "1-9", patience(Duration::ZERO)).expect_err("nobody there");
    assert!(matches!(error, EnterError::StaysAway));
    assert!(bus.now() - asked >= COMES_BACK);
}

/// An application whose run-time interface is number 2, at this alternate setting, with these attributes and this
/// wDetachTimeOut.
fn application(alternate_setting: u8, attributes: u8, timeout: u8) -> DeviceInfo {
    let place = Place {
        bus: 1,
        address: 2,
        path: "1-1".to_owned(),
    };
    let said = Descriptors {
        vendor_id: 0x1209,
        product_id: 0x0001,
        release: 0x0200,
        configuration: 1,
        max_packet_size0: 64,
        product_index: 0,
        serial_index: 0,
        interfaces: vec![InterfaceDescriptor {
            number: 2,
            alternate_setting,
            class: [0xFE, 1, 1],
            string_index: 0,
            extra: vec![9, 0x21, attributes, timeout, 0, 0, 4, 0x10, 1],
        }],
        extra: Vec::new(),
    };
    DeviceInfo::new(place, &said).expect("a DFU interface")
}

/// What is sent to it, and what came of that.
fn asked(info: &DeviceInfo, answer: Answer) -> (String, Result<Result<(), UsbError>, UsbError>) {
    let mut script = Script::of(VecDeque::from([answer]));
    let ended = detach(&mut script, info);
    let lines = script
        .diary
        .lines()
        .filter(|line| !line.starts_with("wait"));
    (lines.map(|line| format!("{line}\n")).collect(), ended)
}

#[test]
fn an_application_is_asked_once_and_reset_unless_it_goes_by_itself() {
    let asking = "21 00 00ff 0002 > []\n";
    let (diary, ended) = asked(&application(0, 0x0D, 255), ACK);
    assert_eq!((diary.as_str(), ended), (asking, Ok(Ok(()))));
    let (diary, ended) = asked(&application(0, 0x05, 255), ACK);
    assert_eq!(diary, format!("{asking}reset\n"));
    assert_eq!(ended, Ok(Ok(())));
}

#[test]
fn an_application_that_says_no_time_gets_a_second() {
    let (diary, _) = asked(&application(0, 0x0D, 0), ACK);
    assert_eq!(diary, "21 00 03e8 0002 > []\n");
}

#[test]
fn an_interface_that_is_an_alternate_setting_is_chosen_first() {
    let (diary, _) = asked(&application(3, 0x0D, 255), ACK);
    assert_eq!(diary, "choose 3\n21 00 00ff 0002 > []\n");
}

#[test]
fn an_embassy_that_goes_without_an_answer_has_heard_it() {
    for lost in [
        UsbError::NoDevice,
        UsbError::Io,
        UsbError::Timeout,
        UsbError::Stall,
    ] {
        let (diary, ended) = asked(&application(0, 0x05, 255), Leaves(lost));
        // Nobody is there to be reset.
        assert_eq!(
            (diary.as_str(), ended),
            ("21 00 00ff 0002 > []\n", Ok(Ok(())))
        );
    }
}

#[test]
fn an_application_that_refuses_and_stays_is_not_reset() {
    let (diary, ended) = asked(&application(0, 0x05, 255), STALL);
    assert_eq!(diary, "21 00 00ff 0002 > []\n");
    assert_eq!(ended, Err(UsbError::Stall));
    let denied = UsbError::AccessDenied;
    let (_, ended) = asked(&application(0, 0x05, 255), Fails(denied.clone()));
    assert_eq!(ended, Err(denied));
}

#[test]
fn every_application_comes_back_in_dfu_mode_whatever_it_wants() {
    for board in [
        // Each with what it says of itself: other ids, the same ids, interface 6, 4, 2 or 3, by itself or by a reset.
        "pluto",
        "embassy",
        "maple",
        "jabra",
        "xmos",
        "tinyusb",
        "zephyr",
        "mcuboot",
        "ubertooth",
        "f405,quirk=will-detach=no",
        "f405,quirk=runtime-alternate=1",
        "f405,quirk=runtime-interface=3,quirk=runtime-alternate=2,quirk=will-detach=no",
        "f405,quirk=runtime=no-status",
        "f405,quirk=runtime=other-serial",
        "f405,quirk=detach-takes=7",
        "f405,quirk=detach-timeout=0",
    ] {
        let (bus, mut transport, info) = bus(board);
        assert!(!info.is_in_dfu_mode(), "{board}");
        let ended = detach_and_wait(&bus, transport.as_mut(), &info, patience(Duration::ZERO));
        assert!(ended.is_ok(), "{board}: {ended:?}");
        let back = bus.devices().expect("there is a bus").remove(0);
        assert!(back.is_in_dfu_mode() && back.path == info.path, "{board}");
    }
}

#[test]
fn an_application_that_refuses_is_an_error_at_once() {
    let (bus, mut transport, info) = bus("f405,quirk=detach=stall");
    let asked = bus.now();
    let error = detach_and_wait(&bus, transport.as_mut(), &info, patience(Duration::ZERO));
    assert!(matches!(error, Err(EnterError::Asking(UsbError::Stall))));
    assert_eq!(bus.now(), asked);
}

//! Boards that run an application with a serial port: how they leave for DFU mode, and come back.

use super::*;
use crate::sim::diary::Host;
use crate::sim::transfer::Exchange;

const SECOND: Duration = Duration::from_secs(1);
/// 1200 baud, 8 data bits, no parity, 1 stop bit.
const SLOW: [u8; 7] = [0xB0, 0x04, 0, 0, 0, 0, 8];
/// The ids of an f405's ROM.
const ROM: (u16, u16) = (0x0483, 0xDF11);

impl Host {
    /// The port is opened at that speed and closed again.
    fn touches(&mut self) {
        assert_eq!(self.sends(0x21, 0x22, 3, &[]), Answer::Acknowledged);
        assert_eq!(self.sends(0x21, 0x20, 0, &SLOW), Answer::Acknowledged);
        assert_eq!(self.sends(0x21, 0x22, 0, &[]), Answer::Acknowledged);
    }

    fn types(&mut self, text: &[u8]) -> Exchange {
        let out = Endpoint::Out { number: 3 };
        let exchange = self.device.transfer(out, text, self.now);
        exchange.expect("it listens")
    }

    fn hears(&mut self) -> Option<Answer> {
        let most = Endpoint::In {
            number: 3,
            most: 4096,
        };
        let exchange = self.device.transfer(most, &[], self.now)?;
        Some(exchange.answer)
    }

    fn ids(&self) -> (u16, u16) {
        self.device.description().ids()
    }

    /// What it is once it is back, and after how many seconds.
    #[track_caller]
    fn is_back(&mut self) -> ((u16, u16), u32) {
        assert!(!self.device.is_present());
        for seconds in 0..20 {
            if self.device.comes_back(self.now) {
                assert_eq!(self.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
                return (self.ids(), seconds);
            }
            self.now += SECOND;
        }
        panic!("it stays away");
    }
}

#[test]
fn a_touched_klipper_is_its_rom_a_second_later_and_klipper_again_when_that_has_left() {
    let mut host = Host::sees("f405,app=klipper");
    for _ in 0..2 {
        assert_eq!(host.ids(), (0x1D50, 0x614E));
        host.touches();
        assert_eq!(host.is_back(), (ROM, 1));
        // CLRSTATUS, and the DNLOAD of nothing.
        assert_eq!(host.sends(0x21, 4, 0, &[]), Answer::Acknowledged);
        assert_eq!(host.sends(0x21, 1, 0, &[]), Answer::Acknowledged);
        assert_eq!(host.get_status(), (0, 0, 7));
        assert_eq!(host.is_back(), ((0x1D50, 0x614E), 1));
    }
}

#[test]
fn an_arduino_is_still_there_for_200_ms() {
    let mut host = Host::sees("f405,app=arduino");
    host.touches();
    let leaves_at = host.device.leaves_at().expect("touched");
    assert_eq!(leaves_at, Duration::from_millis(200));
    host.now = leaves_at - Duration::from_millis(1);
    assert_eq!(host.asks(0xA1, 0x21, 0, 7), Answer::Data(SLOW.to_vec()));
    host.now = leaves_at;
    assert_eq!(host.asks(0xA1, 0x21, 0, 7), Answer::Gone);
    assert_eq!(host.is_back(), (ROM, 1));
}

#[test]
fn micropython_leaves_when_its_prompt_is_told_to_and_says_what_it_has_to_say_before() {
    let mut host = Host::sees("f405,app=micropython");
    assert!(matches!(host.hears(), Some(Answer::Data(_))));
    host.touches();
    assert!(host.device.is_present());
    host.types(b"\x01import machine\nmachine.bootloader()\x04");
    assert!(matches!(host.hears(), Some(Answer::Data(said)) if said.ends_with(b">OK")));
    assert!(host.device.is_present());
    host.now += Duration::from_millis(10);
    assert_eq!(host.hears(), Some(Answer::Gone));
    assert_eq!(host.is_back(), (ROM, 1));
}

#[test]
fn micropython_can_be_restarted_by_its_prompt() {
    let mut host = Host::sees("f405,app=micropython,quirk=enters=nothing");
    let exchange = host.types(b"import machine\rmachine.reset()\r");
    host.now += exchange.leaves_after.expect("told to go");
    assert_eq!(host.hears(), Some(Answer::Gone));
    assert_eq!(host.is_back(), ((0xF055, 0x9802), 1));
}

/// DETACH goes to interface 2, which the diary doesn't reach.
#[test]
fn a_tinyusb_leaves_at_detach_and_at_a_touch() {
    let mut host = Host::sees("f405,app=tinyusb");
    let detach = Setup {
        request: crate::usb::ControlRequest {
            request_type: 0x21,
            request: 0,
            value: 1000,
            index: 2,
        },
        length: 0,
    };
    let exchange = host.device.control(&detach, &[], host.now);
    assert_eq!(
        (exchange.answer, exchange.left),
        (Answer::Acknowledged, true)
    );
    assert_eq!(host.is_back(), (ROM, 1));
    let mut host = Host::sees("f405,app=tinyusb");
    host.touches();
    assert_eq!(host.is_back(), (ROM, 1));
}

#[test]
fn where_the_bootloader_leads_is_a_quirk_of_the_board() {
    let enters = |quirk: &str| {
        let mut host = Host::sees(&format!("f405,app=klipper,quirk={quirk}"));
        host.touches();
        host.is_back()
    };
    assert_eq!(enters("detach-takes=7"), (ROM, 7));
    assert_eq!(enters("enters=itself"), ((0x1D50, 0x614E), 1));
    assert_eq!(enters("enters=other"), ((0x239A, 0x0069), 1));
    let mut host = Host::sees("f405,app=klipper,quirk=enters=nothing");
    host.touches();
    assert!(!host.device.is_present() && !host.device.is_coming_back());
    // Until it is plugged in again.
    assert!(host.device.plug_in(host.now));
    assert_eq!(host.ids(), (0x1D50, 0x614E));
}

#[test]
fn another_bootloader_has_endpoints_that_say_nothing_and_knows_no_class_request() {
    let mut host = Host::sees("f405,app=klipper,quirk=enters=other");
    host.touches();
    host.is_back();
    let mut transfer = |endpoint| host.device.transfer(endpoint, &[], host.now);
    assert_eq!(
        transfer(Endpoint::In {
            number: 1,
            most: 64
        }),
        None
    );
    assert_eq!(transfer(Endpoint::Out { number: 1 }), None);
    let stalls = transfer(Endpoint::Out { number: 2 }).map(|exchange| exchange.answer);
    assert_eq!(stalls, Some(Answer::Stall));
    assert_eq!(host.get_state(), Answer::Stall);
    assert_eq!(host.asks(0x81, 10, 0, 1), Answer::Data(vec![0]));
    assert_eq!(host.sends(0x01, 11, 1, &[]), Answer::Stall);
}

#[test]
fn every_interface_and_endpoint_of_an_application_answers_standard_requests() {
    let mut host = Host::sees("f405,app=tinyusb");
    let mut ask = |request_type, request, value, index| {
        let setup = Setup {
            request: crate::usb::ControlRequest {
                request_type,
                request,
                value,
                index,
            },
            length: 2,
        };
        host.device.control(&setup, &[], host.now).answer
    };
    for interface in 0..3 {
        assert_eq!(ask(0x81, 10, 0, interface), Answer::Data(vec![0]));
        assert_eq!(ask(0x01, 11, 0, interface), Answer::Acknowledged);
        assert_eq!(ask(0x01, 11, 1, interface), Answer::Stall);
    }
    assert_eq!(ask(0x81, 10, 0, 3), Answer::Stall);
    for endpoint in [0x00, 0x80, 0x02, 0x82, 0x81] {
        assert_eq!(ask(0x82, 0, 0, endpoint), Answer::Data(vec![0, 0]));
        // ENDPOINT_HALT
        assert_eq!(ask(0x02, 1, 0, endpoint), Answer::Acknowledged);
    }
    assert_eq!(ask(0x02, 1, 0, 0x01), Answer::Stall);
    assert_eq!(ask(0x02, 1, 0, 0x102), Answer::Stall);
    // A class request of its serial port reaches none of the others.
    assert_eq!(ask(0xA1, 0x21, 0, 1), Answer::Stall);
    assert_eq!(ask(0xA1, 0x21, 0, 2), Answer::Stall);
}

#[test]
fn endpoints_are_there_once_it_is_configured() {
    let mut host = Host::sees("f405,app=micropython");
    assert_eq!(host.sends(0x00, 9, 0, &[]), Answer::Acknowledged);
    assert_eq!(host.hears(), Some(Answer::Stall));
    assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
    assert!(matches!(host.hears(), Some(Answer::Data(_))));
}

#[test]
fn a_plain_board_has_the_application_that_was_asked_for() {
    let mut host = Host::sees("maple,app=klipper");
    assert_eq!(host.ids(), (0x1D50, 0x614E));
    host.touches();
    assert_eq!(host.is_back(), ((0x1EAF, 0x0003), 1));
}

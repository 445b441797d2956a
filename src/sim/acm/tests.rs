//! Serial ports of applications: requests of PSTN 1.2, and what a touch is to each of them.

use super::*;
use crate::sim::app;
use crate::usb::ControlRequest;

const MILLISECOND: Duration = Duration::from_millis(1);

fn port(app: &str) -> Acm {
    with(app, &[])
}

fn with(app: &str, quirks: &[Quirk]) -> Acm {
    Acm::new(app::find(app).expect("known"), &Quirks::new(quirks))
}

impl Acm {
    fn asked(&mut self, request_type: u8, request: u8, value: u16, data: &[u8], at: u64) -> Answer {
        let setup = Setup {
            request: ControlRequest {
                request_type,
                request,
                value,
                index: 0,
            },
            length: 7,
        };
        self.request(&setup, data, Duration::from_millis(at))
    }

    fn is_set_to(&mut self, rate: u32, at: u64) {
        let coding = LineCoding::eight_bits(rate).to_bytes();
        assert_eq!(self.asked(0x21, 0x20, 0, &coding, at), Answer::Acknowledged);
    }

    fn has_dtr(&mut self, dtr: bool, at: u64) {
        // RTS goes with it, as a driver has it.
        let lines = if dtr { 3 } else { 0 };
        assert_eq!(self.asked(0x21, 0x22, lines, &[], at), Answer::Acknowledged);
    }

    /// Opened at that speed, and closed again: what Linux sends.
    fn is_touched(&mut self, rate: u32, at: u64) {
        self.has_dtr(true, at);
        self.is_set_to(rate, at);
        self.has_dtr(false, at);
    }

    /// When it goes to its bootloader.
    fn goes(&self) -> Option<Duration> {
        let leaving = self.leaving()?;
        assert_eq!(leaving.to, Program::Bootloader);
        Some(leaving.at)
    }
}

#[test]
fn line_coding_is_what_was_set_last() {
    let mut port = port("tinyusb");
    let get = |port: &mut Acm| port.asked(0xA1, 0x21, 0, &[], 0);
    let usual = vec![0x00, 0xC2, 0x01, 0x00, 0, 0, 8];
    assert_eq!(get(&mut port), Answer::Data(usual.clone()));
    let set = [0x80, 0x25, 0, 0, 2, 1, 7];
    assert_eq!(port.asked(0x21, 0x20, 0, &set, 0), Answer::Acknowledged);
    assert_eq!(get(&mut port), Answer::Data(set.to_vec()));
    // Of another length, it is none.
    assert_eq!(port.asked(0x21, 0x20, 0, &set[..6], 0), Answer::Stall);
    assert_eq!(port.asked(0x21, 0x20, 0, &[0; 8], 0), Answer::Stall);
    assert_eq!(get(&mut port), Answer::Data(set.to_vec()));
    // MicroPython takes it, and says the same as ever.
    let mut port = super::tests::port("micropython");
    assert_eq!(port.asked(0x21, 0x20, 0, &set, 0), Answer::Acknowledged);
    assert_eq!(get(&mut port), Answer::Data(usual));
}

#[test]
fn breaks_are_taken_where_the_application_knows_them_and_other_requests_nowhere() {
    for app in app::APPS {
        let mut port = port(app.name);
        let expected = match app.name {
            "arduino" | "klipper" => Answer::Stall,
            _ => Answer::Acknowledged,
        };
        assert_eq!(
            port.asked(0x21, 0x23, 500, &[], 0),
            expected,
            "{}",
            app.name
        );
        // SEND_ENCAPSULATED_COMMAND, SET_COMM_FEATURE, and a direction that is wrong.
        for (request_type, request) in [(0x21, 0x00), (0x21, 0x02), (0x21, 0x21), (0xA1, 0x20)] {
            let answer = port.asked(request_type, request, 0, &[0; 2], 0);
            assert_eq!(answer, Answer::Stall, "{}: {request:#x}", app.name);
        }
    }
}

#[test]
fn a_touch_is_what_each_application_takes_for_one() {
    let at = |milliseconds| Some(Duration::from_millis(milliseconds));
    for (app, expected) in [
        ("arduino", at(1200)),
        ("klipper", at(1000)),
        ("micropython", None),
        ("stm32duino", None),
        ("tinyusb", at(1000)),
    ] {
        let mut touched = port(app);
        touched.is_touched(1200, 1000);
        assert_eq!(touched.goes(), expected, "{app}");
        // Other speeds are none, nor is a port that stays open.
        let mut opened = port(app);
        opened.is_touched(9600, 1000);
        opened.has_dtr(true, 2000);
        opened.is_set_to(1200, 2000);
        assert_eq!(opened.goes(), None, "{app}");
        let mut ignorant = with(app, &[Quirk::TouchIgnored]);
        ignorant.is_touched(1200, 1000);
        assert_eq!(ignorant.goes(), None, "{app}");
    }
}

#[test]
fn a_line_coding_without_dtr_is_a_touch_to_klipper_and_to_arduino_but_not_to_tinyusb() {
    let goes = |app| {
        let mut port = port(app);
        port.is_set_to(1200, 1000);
        port.goes()
    };
    assert_eq!(goes("klipper"), Some(1000 * MILLISECOND));
    assert_eq!(goes("tinyusb"), None);
    // It looks whether the port is open, and nothing has to change for that.
    let mut arduino = port("arduino");
    arduino.is_set_to(1200, 1000);
    assert_eq!(arduino.goes(), Some(1200 * MILLISECOND));
}

#[test]
fn arduino_waits_until_the_port_is_closed() {
    let mut port = port("arduino");
    port.is_touched(1200, 1000);
    port.has_dtr(true, 1100);
    assert_eq!(port.goes(), None);
    port.is_set_to(115_200, 1100);
    // It waits no less for that.
    port.has_dtr(false, 5000);
    assert_eq!(port.goes(), Some(5000 * MILLISECOND));
}

fn said(port: &mut Acm, most: usize) -> Option<String> {
    match port.say(0x83, most)? {
        Answer::Data(bytes) => Some(String::from_utf8(bytes).expect("ASCII")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_prompt_is_heard_in_parts_and_then_nothing() {
    let mut port = port("micropython");
    assert_eq!(said(&mut port, 11).as_deref(), Some("MicroPython"));
    assert!(said(&mut port, 1000).is_some_and(|rest| rest.ends_with(">>> ")));
    assert_eq!(said(&mut port, 1000), None);
    // There are no notifications.
    assert_eq!(port.say(0x82, 8), None);
    assert_eq!(
        port.hear(b"import machine\r", MILLISECOND),
        Some(Answer::Acknowledged)
    );
    assert_eq!(
        said(&mut port, 1000).as_deref(),
        Some("import machine\r\n>>> ")
    );
    assert_eq!(port.leaving(), None);
    port.hear(b"machine.bootloader()\r", 1000 * MILLISECOND);
    let leaving = port.leaving().expect("told");
    assert_eq!(leaving.to, Program::Bootloader);
    assert!(leaving.at > 1000 * MILLISECOND && leaving.at < 1100 * MILLISECOND);
    // It has heard that once.
    port.hear(
        b"import machine\rmachine.bootloader()\r",
        1001 * MILLISECOND,
    );
    assert_eq!(port.leaving(), Some(leaving));
}

#[test]
fn a_reset_by_the_prompt_leads_to_the_application_again() {
    let mut port = port("micropython");
    port.hear(b"import machine\rmachine.reset()\r", Duration::ZERO);
    assert_eq!(
        port.leaving().map(|leaving| leaving.to),
        Some(Program::Application)
    );
}

#[test]
fn what_nobody_fetches_is_forgotten_from_its_beginning_on() {
    let mut port = port("micropython");
    for _ in 0..100 {
        port.hear(&[b'x'; 1000], Duration::ZERO);
    }
    port.hear(b"end", Duration::ZERO);
    let all = said(&mut port, usize::MAX).expect("much");
    assert_eq!(all.len(), KEPT);
    assert!(all.starts_with("xxx") && all.ends_with("xend"));
}

#[test]
fn others_take_what_is_sent_and_say_nothing_and_a_deaf_one_takes_nothing() {
    let mut klipper = port("klipper");
    assert_eq!(
        klipper.hear(b"\x01\x03", Duration::ZERO),
        Some(Answer::Acknowledged)
    );
    assert_eq!(klipper.say(0x81, 64), None);
    let mut deaf = with("micropython", &[Quirk::SerialDeaf]);
    assert_eq!(deaf.hear(b"\x03", Duration::ZERO), None);
    let mut busy = with("micropython", &[Quirk::MainRuns]);
    assert_eq!(busy.say(0x83, 64), None);
}

#[test]
fn its_endpoints_are_those_of_its_descriptors() {
    let port = port("klipper");
    let found: Vec<u8> = (0..=u8::MAX)
        .filter(|address| port.has_endpoint(*address))
        .collect();
    assert_eq!(found, [0x02, 0x81, 0x83]);
}

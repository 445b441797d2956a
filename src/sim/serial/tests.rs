//! Serial ports as the host's side of this process meets them.

use super::*;
use crate::usb::Bus;

const SECOND: Duration = Duration::from_secs(1);

fn bus(specs: &[&str]) -> SimBus {
    let specs: Vec<_> = specs
        .iter()
        .map(|spec| spec.parse().expect("a board"))
        .collect();
    SimBus::new(&specs).expect("no file")
}

fn names(bus: &SimBus) -> Vec<String> {
    let listed = bus.list().expect("there is a bus");
    listed.into_iter().map(|port| port.name).collect()
}

/// What is said within a second.
fn heard(port: &mut dyn SerialPort) -> String {
    let mut buffer = [0; 4096];
    let length = port.read(&mut buffer, SECOND).expect("it is there");
    String::from_utf8(buffer[..length].to_vec()).expect("ASCII")
}

/// The ids at the first board's port, and whether they are those of a device in DFU mode.
fn first(bus: &SimBus) -> Option<((u16, u16), bool)> {
    let occupants = bus.occupants().expect("there is a bus");
    let occupant = occupants.get("1-1")?;
    let devices = bus.devices().expect("there is a bus");
    let mut here = devices.iter().filter(|device| device.path == "1-1");
    Some((occupant.ids, here.any(|device| device.is_in_dfu_mode())))
}

const KLIPPER: (u16, u16) = (0x1D50, 0x614E);
const ROM: (u16, u16) = (0x0483, 0xDF11);

#[test]
fn applications_with_a_serial_port_are_listed_and_nothing_else_is() {
    let bus = bus(&[
        "f405",
        "f405,app=klipper",
        "pluto,quirk=application",
        "l476,app=tinyusb",
    ]);
    let listed = bus.list().expect("there is a bus");
    let expected = SerialPortInfo {
        name: "/dev/ttySIM1".to_owned(),
        device: Some(SerialDevice {
            location: Location::Path("1-2".to_owned()),
            vendor_id: 0x1D50,
            product_id: 0x614E,
            // 132C0110 + 20353256 and 3434 are 336133663434, the ROM's number.
            serial: Some(Said::from("10012C130F50343456323520".to_owned())),
        }),
    };
    assert_eq!(listed[0], expected);
    assert_eq!(names(&bus), ["/dev/ttySIM1", "/dev/ttySIM3"]);
    // One without a DFU interface is at its port all the same.
    let occupants = bus.occupants().expect("there is a bus");
    assert_eq!(occupants.len(), 4);
    assert_eq!(occupants["1-2"].ids, KLIPPER);
    assert_eq!(occupants["1-2"].mode, None);
    assert_eq!(bus.devices().expect("there is a bus").len(), 3);
}

#[test]
fn a_touch_takes_that_board_alone_to_its_rom_and_its_port_with_it() {
    let bus = bus(&["f405,app=klipper", "f405,app=klipper"]);
    assert_eq!(bus.touch("/dev/ttySIM0"), Ok(()));
    assert_eq!(first(&bus), None);
    assert_eq!(names(&bus), ["/dev/ttySIM1"]);
    assert_eq!(bus.touch("/dev/ttySIM0"), Err(SerialError::NoPort));
    bus.wait(SECOND);
    assert_eq!(first(&bus), Some((ROM, true)));
    assert_eq!(names(&bus), ["/dev/ttySIM1"]);
}

#[test]
fn a_conversation_ends_when_the_board_leaves() {
    let bus = bus(&["f405,app=micropython"]);
    let mut port = SerialPorts::open(&bus, "/dev/ttySIM0").expect("free");
    // What it said before is forgotten.
    assert_eq!(heard(&mut *port), "");
    port.write(b"\x03").expect("it is there");
    assert_eq!(heard(&mut *port), "\r\n>>> ");
    assert_eq!(
        SerialPorts::open(&bus, "/dev/ttySIM0").err(),
        Some(SerialError::Busy)
    );
    port.write(b"import machine\r").expect("it is there");
    assert_eq!(heard(&mut *port), "import machine\r\n>>> ");
    port.write(b"machine.bootloader()\r").expect("it is there");
    assert_eq!(heard(&mut *port), "machine.bootloader()\r\n");
    let before = bus.now();
    assert_eq!(port.read(&mut [0; 64], SECOND), Err(SerialError::NoPort));
    assert_eq!(bus.now() - before, SECOND);
    assert_eq!(port.write(b"x"), Err(SerialError::NoPort));
    drop(port);
    bus.wait(SECOND);
    assert_eq!(first(&bus), Some((ROM, true)));
}

#[test]
fn a_port_can_be_opened_again_when_it_was_closed_and_silence_costs_the_bus_its_time() {
    let bus = bus(&["f405,app=stm32duino"]);
    for _ in 0..2 {
        let mut port = SerialPorts::open(&bus, "/dev/ttySIM0").expect("free");
        port.write(&[b'x'; 1000]).expect("it is there");
        let before = bus.now();
        assert_eq!(port.read(&mut [0; 64], SECOND), Ok(0));
        assert_eq!(bus.now() - before, SECOND);
    }
    // It ignores that.
    assert_eq!(bus.touch("/dev/ttySIM0"), Ok(()));
    assert_eq!(first(&bus), Some(((0x0483, 0x5740), false)));
}

#[test]
fn what_a_deaf_board_is_sent_is_kept_for_it_and_never_answered() {
    let bus = bus(&["f405,app=micropython,quirk=serial=deaf"]);
    let mut port = SerialPorts::open(&bus, "/dev/ttySIM0").expect("free");
    assert_eq!(port.write(b"\x03"), Ok(()));
    assert_eq!(port.read(&mut [0; 64], SECOND), Ok(0));
}

#[test]
fn a_system_that_lets_nobody_at_a_board_lets_nobody_at_its_port() {
    for (quirk, expected) in [
        ("no-access", SerialError::AccessDenied),
        ("not-permitted", SerialError::AccessDenied),
        ("no-node", SerialError::NoPort),
        ("busy", SerialError::Busy),
        ("late-access", SerialError::AccessDenied),
    ] {
        let bus = bus(&[&format!("f405,app=klipper,quirk={quirk}")]);
        assert_eq!(bus.touch("/dev/ttySIM0"), Err(expected.clone()), "{quirk}");
        assert_eq!(
            SerialPorts::open(&bus, "/dev/ttySIM0").err(),
            Some(expected),
            "{quirk}"
        );
        assert_eq!(first(&bus), Some((KLIPPER, false)));
    }
}

/// Waiting for it costs no time of anybody's.
#[test]
fn a_board_that_never_comes_back_is_not_waited_for_in_real_time() {
    let begin = std::time::Instant::now();
    for quirk in [
        "enters=nothing",
        "enters=other",
        "enters=itself",
        "touch=ignored",
    ] {
        let bus = bus(&[&format!("f405,app=klipper,quirk={quirk}")]);
        assert_eq!(bus.touch("/dev/ttySIM0"), Ok(()));
        bus.wait(10 * SECOND);
        assert!(first(&bus).is_none_or(|(_, is_in_dfu_mode)| !is_in_dfu_mode));
    }
    assert!(begin.elapsed() < 5 * SECOND);
}

//! Who is asked for DFU mode, and who is left in peace.

use std::sync::Arc;

use super::*;
use crate::cli::args::enter::HowToEnter;
use crate::cli::select::Way;
use crate::printable::Said;
use crate::sim::SimBus;
use crate::sim::spec::BoardSpec;
use crate::usb::serial::{
    Location, SerialDevice, SerialError, SerialPort, SerialPortInfo, SerialPorts,
};

const KLIPPER: (u16, u16) = (0x1D50, 0x614E);
const MICROPYTHON: (u16, u16) = (0xF055, 0x9802);
const ADAPTER: (u16, u16) = (0x0403, 0x6001);

/// The serial ports of a machine where nobody may open one yet.
struct Ports(Vec<SerialPortInfo>);

impl SerialPorts for Ports {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        Ok(self.0.clone())
    }

    fn touch(&self, name: &str) -> Result<(), SerialError> {
        panic!("{name} was touched before it was chosen");
    }

    fn open(&self, name: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        panic!("{name} was opened before it was chosen");
    }
}

/// A serial port at a path, on a device with these ids and this serial number.
fn port(
    name: &str,
    path: &str,
    (vendor_id, product_id): (u16, u16),
    serial: &str,
) -> SerialPortInfo {
    SerialPortInfo {
        name: name.to_owned(),
        device: Some(SerialDevice {
            location: Location::Path(path.to_owned()),
            vendor_id,
            product_id,
            serial: Some(Said::from(serial.to_owned())),
        }),
    }
}

/// A machine with these simulated boards from 1-1 on, and these ports.
fn machine(boards: &[&str], ports: Vec<SerialPortInfo>) -> Machine {
    let spec = |board: &&str| board.parse::<BoardSpec>().expect("good");
    let specs: Vec<BoardSpec> = boards.iter().map(spec).collect();
    Machine {
        bus: Arc::new(SimBus::new(&specs).expect("no files")),
        serial_ports: Arc::new(Ports(ports)),
    }
}

fn anything() -> Selection {
    Selection::at(Vec::new())
}

fn serials(serials: &[&str]) -> Selection {
    Selection {
        serial: serials.iter().map(|serial| (*serial).to_owned()).collect(),
        ..anything()
    }
}

fn path(path: &str) -> Selection {
    Selection::at(vec![path.to_owned()])
}

fn every() -> Selection {
    Selection {
        every: true,
        ..anything()
    }
}

const BY_DEFAULT: Asking<'_> = Asking {
    how: None,
    port: None,
};

fn by(how: HowToEnter) -> Asking<'static> {
    Asking {
        how: Some(how),
        port: None,
    }
}

/// Who is meant: those in DFU mode, and what is done with the others, a line each; or why not.
fn meant(selection: &Selection, machine: &Machine, asking: Asking<'_>) -> String {
    let entering = selection.entering(machine, &|_| None, &|_| {}, Candidates::DfuseFirst, asking);
    match entering {
        Ok(Entering {
            ready,
            applications,
        }) => {
            let ready = ready.iter().map(|path| format!("{path} is ready"));
            let asked = applications.iter().map(|application| {
                let path = &application.identity.path;
                match &application.way {
                    Way::Detach(_) => format!("{path} is detached"),
                    Way::Touch(ports) => format!("{path} is touched at {}", ports.used),
                    Way::MicroPython(ports) => format!("{path} is told at {}", ports.used),
                }
            });
            ready.chain(asked).collect::<Vec<String>>().join("\n")
        }
        Err(error) => format!("error: {error}"),
    }
}

fn klipper(index: u8) -> SerialPortInfo {
    let name = format!("/dev/ttyACM{index}");
    port(
        &name,
        &format!("1-{}", index + 5),
        KLIPPER,
        &format!("K{index}"),
    )
}

#[test]
fn a_board_that_knows_the_touch_and_is_alone_is_touched() {
    let machine = machine(&[], vec![klipper(0)]);
    for asking in [BY_DEFAULT, by(HowToEnter::Touch)] {
        let expected = "1-5 is touched at /dev/ttyACM0";
        assert_eq!(meant(&anything(), &machine, asking), expected);
        assert_eq!(meant(&path("1-5"), &machine, asking), expected);
        assert_eq!(meant(&serials(&["k0"]), &machine, asking), expected);
    }
}

#[test]
fn detach_goes_before_a_touch() {
    let both = port("/dev/ttyACM0", "1-1", (0x0483, 0xDF11), "336133663433");
    let machine = machine(&["f405,quirk=application"], vec![both]);
    assert_eq!(meant(&anything(), &machine, BY_DEFAULT), "1-1 is detached");
    let touch = meant(&anything(), &machine, by(HowToEnter::Touch));
    assert_eq!(touch, "1-1 is touched at /dev/ttyACM0");
    let named = Asking {
        how: None,
        port: Some("/dev/ttyACM0"),
    };
    let expected = "1-1 is touched at /dev/ttyACM0";
    assert_eq!(meant(&anything(), &machine, named), expected);
}

#[test]
fn what_nobody_has_chosen_and_nobody_knows_is_left_in_peace() {
    let machine = machine(&[], vec![port("/dev/ttyUSB0", "1-3", ADAPTER, "A702TB52")]);
    let expected = "error: there is no board in DFU mode, nor one that runs an application with a DFU interface or a serial port\n\
                    the board at 1-3 (0403:6001) has a serial port, and was not chosen";
    for asking in [
        BY_DEFAULT,
        by(HowToEnter::Touch),
        by(HowToEnter::Micropython),
    ] {
        assert_eq!(meant(&anything(), &machine, asking), expected);
        assert_eq!(meant(&every(), &machine, asking), expected);
    }
    let chosen = meant(&path("1-3"), &machine, BY_DEFAULT);
    assert_eq!(chosen, "1-3 is touched at /dev/ttyUSB0");
}

#[test]
fn micropython_is_spoken_to_only_where_that_is_said() {
    let machine = machine(&[], vec![port("/dev/ttyACM0", "1-3", MICROPYTHON, "M")]);
    let refused = "\nthe board at 1-3 (f055:9802) is running MicroPython";
    for selection in [anything(), path("1-3")] {
        let said = meant(&selection, &machine, BY_DEFAULT);
        assert!(said.ends_with(refused), "{said}");
    }
    let asking = by(HowToEnter::Micropython);
    let expected = "1-3 is told at /dev/ttyACM0";
    assert_eq!(meant(&anything(), &machine, asking), expected);
}

#[test]
fn the_wrong_board_is_never_asked() {
    let machine = machine(&[], vec![klipper(0), klipper(1)]);
    let expected = "error: there is no board at 1-9 in DFU mode, nor one that runs an application with a DFU interface or a serial port\n\
                    the board at 1-5 (1d50:614e) is left out by --path\n\
                    the board at 1-6 (1d50:614e) is left out by --path";
    assert_eq!(meant(&path("1-9"), &machine, BY_DEFAULT), expected);
    let said = meant(&serials(&["K7"]), &machine, BY_DEFAULT);
    assert!(
        said.contains("1-5 (1d50:614e) is left out by --serial: its serial number is K0"),
        "{said}"
    );
    // One that is there doesn't stand in for one that isn't.
    let said = meant(&serials(&["K1", "K7"]), &machine, BY_DEFAULT);
    assert!(
        said.starts_with("error: there is no board with serial number K7"),
        "{said}"
    );
    let port = |port| Asking {
        how: None,
        port: Some(port),
    };
    let said = meant(&path("1-5"), &machine, port("/dev/ttyACM1"));
    assert!(
        said.contains("1-5 (1d50:614e) is left out by --port"),
        "{said}"
    );
    let said = meant(&anything(), &machine, port("/dev/ttyACM1"));
    assert_eq!(said, "1-6 is touched at /dev/ttyACM1");
    let said = meant(&anything(), &machine, port("/dev/ttyACM7"));
    assert_eq!(said, "error: there is no serial port /dev/ttyACM7");
}

#[test]
fn several_and_none_chosen_are_listed() {
    let machine = machine(&["f405,quirk=application"], vec![klipper(0), klipper(1)]);
    let expected = "error: there are 3 boards, and none is chosen:\n  \
                    336133663433 at 1-1: --serial 336133663433 or --path 1-1\n  \
                    K0 at 1-5: --serial K0 or --path 1-5\n  \
                    K1 at 1-6: --serial K1 or --path 1-6";
    assert_eq!(meant(&anything(), &machine, BY_DEFAULT), expected);
    let all = "1-1 is detached\n1-5 is touched at /dev/ttyACM0\n1-6 is touched at /dev/ttyACM1";
    assert_eq!(meant(&every(), &machine, BY_DEFAULT), all);
    let two = meant(&serials(&["336133663433", "K1"]), &machine, BY_DEFAULT);
    assert_eq!(two, "1-1 is detached\n1-6 is touched at /dev/ttyACM1");
}

#[test]
fn two_boards_with_one_serial_number_have_to_be_told_by_their_paths() {
    let ports = vec![
        port("/dev/ttyACM0", "1-5", KLIPPER, "12345"),
        port("/dev/ttyACM1", "1-6", KLIPPER, "12345"),
    ];
    let machine = machine(&[], ports);
    let expected = "error: there are 2 boards with serial number 12345, and none is chosen:\n  \
                    12345 at 1-5: --path 1-5\n  12345 at 1-6: --path 1-6";
    assert_eq!(meant(&serials(&["12345"]), &machine, BY_DEFAULT), expected);
}

#[test]
fn what_is_in_dfu_mode_goes_on_at_once() {
    // Which that is, the command finds.
    let alone = machine(&["f405"], Vec::new());
    assert_eq!(meant(&anything(), &alone, BY_DEFAULT), "");
    let machine = machine(&["f405"], vec![klipper(0)]);
    let several = "\
error: there are 2 boards, and none is chosen:
  336133663433 at 1-1: --serial 336133663433 or --path 1-1
  K0 at 1-5: --serial K0 or --path 1-5";
    assert_eq!(meant(&anything(), &machine, BY_DEFAULT), several);
    assert_eq!(meant(&path("1-1"), &machine, BY_DEFAULT), "1-1 is ready");
    let both = "1-1 is ready\n1-5 is touched at /dev/ttyACM0";
    assert_eq!(meant(&every(), &machine, BY_DEFAULT), both);
    let named = serials(&["336133663433", "K0"]);
    assert_eq!(meant(&named, &machine, BY_DEFAULT), both);
    // A port that was named means its board, and no port any more that it is in DFU mode.
    let port = |port| Asking {
        how: None,
        port: Some(port),
    };
    let expected = "1-5 is touched at /dev/ttyACM0";
    assert_eq!(meant(&anything(), &machine, port("/dev/ttyACM0")), expected);
    assert_eq!(meant(&anything(), &machine, port("/dev/ttyACM7")), "");
}

#[test]
fn of_several_ports_the_first_is_used_unless_another_is_named() {
    let ports = vec![
        port("/dev/ttyACM3", "1-5", KLIPPER, "K"),
        port("/dev/ttyACM1", "1-5", KLIPPER, "K"),
    ];
    let machine = machine(&[], ports);
    let expected = "1-5 is touched at /dev/ttyACM3";
    assert_eq!(meant(&anything(), &machine, BY_DEFAULT), expected);
    let other = Asking {
        how: None,
        port: Some("/dev/ttyACM1"),
    };
    let expected = "1-5 is touched at /dev/ttyACM1";
    assert_eq!(meant(&anything(), &machine, other), expected);
}

#[test]
fn a_way_that_a_board_does_not_offer_is_told_with_the_one_that_it_does() {
    let machine = machine(&["f405,quirk=application"], vec![klipper(0)]);
    let said = meant(&path("1-5"), &machine, by(HowToEnter::Detach));
    assert!(
        said.contains("1-5 (1d50:614e) has a serial port, but no DFU interface"),
        "{said}"
    );
    let said = meant(&path("1-1"), &machine, by(HowToEnter::Touch));
    assert!(
        said.contains("1-1 (0483:df11) has a DFU interface, but no serial port"),
        "{said}"
    );
}

#[test]
fn a_port_that_is_on_no_usb_device_is_not_the_boards() {
    let port = SerialPortInfo {
        name: "/dev/ttyS0".to_owned(),
        device: None,
    };
    let machine = machine(&[], vec![klipper(0), port]);
    let asking = Asking {
        how: None,
        port: Some("/dev/ttyS0"),
    };
    let expected = "error: /dev/ttyS0 is not a serial port of a USB device";
    assert_eq!(meant(&path("1-5"), &machine, asking), expected);
}

#[test]
fn on_windows_a_device_that_can_not_be_told_from_another_is_not_asked() {
    let mut port = klipper(0);
    if let Some(device) = &mut port.device {
        device.location = Location::Ports(vec![5]);
    }
    let machine = machine(&[], vec![port]);
    let expected = "error: there is no board in DFU mode, nor one that runs an application with a DFU interface or a serial port\n\
                    the board at /dev/ttyACM0 (1d50:614e) has a serial port, but can't be told from others of its kind";
    assert_eq!(meant(&anything(), &machine, BY_DEFAULT), expected);
}

#[test]
fn a_board_that_is_missing_at_a_count_is_told() {
    let machine = machine(&["f405"], vec![klipper(0)]);
    let three = Selection {
        count: Some(3),
        ..every()
    };
    let said = meant(&three, &machine, BY_DEFAULT);
    assert_eq!(
        said,
        "error: found 2 boards in DFU mode or in their application, but --count asks for 3"
    );
}

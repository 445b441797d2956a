//! What the system's words about serial ports mean.

use super::*;
use serialport::Location as Place;

fn usb(location: Option<Place>, serial: Option<&str>) -> UsbPortInfo {
    UsbPortInfo {
        vid: 0x1D50,
        pid: 0x614E,
        serial_number: serial.map(str::to_owned),
        manufacturer: None,
        product: None,
        interface: Some(0),
        location,
    }
}

fn occupants(of: &[(&str, (u16, u16))]) -> BTreeMap<String, Occupant> {
    let occupant = |(path, ids): &(&str, (u16, u16))| {
        let (ids, mode) = (*ids, None);
        ((*path).to_owned(), Occupant { ids, mode })
    };
    of.iter().map(occupant).collect()
}

const KLIPPER: (u16, u16) = (0x1D50, 0x614E);

#[test]
fn linux_and_macos_tell_the_path() {
    let place = Place::new("3".to_owned(), vec![1, 4]);
    let device = device(usb(Some(place), Some("38003F0010513533")));
    assert_eq!(device.location, Location::Path("3-1.4".to_owned()));
    assert_eq!(
        device.path(&BTreeMap::new()).as_deref(),
        Some("3-1.4"),
        "whatever libusb sees"
    );
}

#[test]
fn windows_tells_the_ports_and_the_ids_have_to_tell_the_rest() {
    let place = Place::new("PCIROOT(0)#PCI(1400)#USBROOT(0)".to_owned(), vec![1, 4]);
    let device = device(usb(Some(place), None));
    assert_eq!(device.location, Location::Ports(vec![1, 4]));
    let path = |of: &[(&str, (u16, u16))]| device.path(&occupants(of));
    let found = path(&[
        ("1-1.4", (0x0403, 0x6001)),
        ("2-1.4", KLIPPER),
        ("2-1.3", KLIPPER),
    ]);
    assert_eq!(found.as_deref(), Some("2-1.4"));
    assert_eq!(path(&[("1-1.4", KLIPPER), ("2-1.4", KLIPPER)]), None);
    assert_eq!(path(&[("1-1.4", (0x0403, 0x6001))]), None);
}

#[test]
fn where_no_place_is_told_only_one_of_its_kind_can_be_it() {
    let device = device(usb(None, None));
    assert_eq!(device.location, Location::Unknown);
    let one = occupants(&[("1-2", KLIPPER), ("1-3", (0x0483, 0xDF11))]);
    assert_eq!(device.path(&one).as_deref(), Some("1-2"));
    let two = occupants(&[("1-2", KLIPPER), ("1-3", KLIPPER)]);
    assert_eq!(device.path(&two), None);
}

#[test]
fn an_empty_serial_number_is_none() {
    assert_eq!(device(usb(None, Some(""))).serial, None);
}

#[test]
fn a_port_that_is_on_no_usb_device_has_none() {
    let port = serialport::SerialPortInfo {
        port_name: "/dev/ttyS0".to_owned(),
        port_type: SerialPortType::PciPort,
    };
    let expected = SerialPortInfo {
        name: "/dev/ttyS0".to_owned(),
        device: None,
    };
    assert_eq!(described(port), (None, expected));
}

#[test]
fn why_a_port_can_not_be_opened_is_told_apart() {
    let check = |kind, expected| {
        let error = serialport::Error::new(kind, "Input/output error");
        assert_eq!(refusal(&error), expected);
    };
    check(ErrorKind::NoDevice, SerialError::Busy);
    let denied = ErrorKind::Io(io::ErrorKind::PermissionDenied);
    check(denied, SerialError::AccessDenied);
    check(ErrorKind::Io(io::ErrorKind::NotFound), SerialError::NoPort);
    let words = SerialError::Other("Input/output error".to_owned());
    check(ErrorKind::Unknown, words);
}

/// As on a machine that has none.
#[test]
fn a_port_that_is_not_there_is_told_so() {
    let nowhere = "/dev/stdfu-has-no-such-port";
    if cfg!(target_os = "linux") {
        assert_eq!(SystemPorts.touch(nowhere), Err(SerialError::NoPort));
        assert_eq!(SystemPorts.open(nowhere).err(), Some(SerialError::NoPort));
        assert!(SystemPorts.list().is_ok());
    }
}

/// A pseudo terminal is no port of a board, but has a speed, and can be talked through.
#[cfg(target_os = "linux")]
#[test]
fn bytes_go_both_ways_and_silence_is_no_error() {
    use serialport::{SerialPort as _, TTYPort};
    let (mut board, port) = TTYPort::pair().expect("a pseudo terminal");
    let name = port.name().expect("it has one");
    drop(port);
    let mut port = SystemPorts.open(&name).expect("it is free");
    let mut buffer = [0; 16];
    let silence = Duration::from_millis(20);
    assert_eq!(port.read(&mut buffer, silence), Ok(0));
    port.write(b"\x03").expect("it takes it");
    board.read_exact(&mut buffer[..1]).expect("it has come");
    assert_eq!(buffer[0], 3);
    board.write_all(b">>> ").expect("it takes it");
    assert_eq!(port.read(&mut buffer, Duration::from_secs(5)), Ok(4));
    assert_eq!(&buffer[..4], b">>> ");
    // A second program is kept out while the first talks.
    assert_eq!(SystemPorts.touch(&name), Err(SerialError::Busy));
    drop(port);
    SystemPorts.touch(&name).expect("it is free again");
}

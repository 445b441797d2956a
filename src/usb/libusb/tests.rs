//! What is made of libusb's answers.

use super::*;
use crate::usb::DfuMode;

#[test]
fn a_write_that_came_to_less_than_all_of_it_has_failed() {
    assert_eq!(all_sent(2048, 2048), Ok(()));
    assert_eq!(all_sent(0, 0), Ok(()));
    assert_eq!(all_sent(2047, 2048), Err(UsbError::Io));
    assert_eq!(all_sent(0, 5), Err(UsbError::Io));
}

#[test]
fn a_reset_that_makes_another_device_of_it_has_worked() {
    assert_eq!(was_reset(Ok(())), Ok(()));
    assert_eq!(was_reset(Err(rusb::Error::NotFound)), Ok(()));
    assert_eq!(
        was_reset(Err(rusb::Error::NoDevice)),
        Err(UsbError::NoDevice)
    );
    assert_eq!(was_reset(Err(rusb::Error::Io)), Err(UsbError::Io));
}

/// How often an interface is asked for that answers so, and what comes of it.
fn claims(answers: &[rusb::Result<()>]) -> (usize, usize, rusb::Result<()>) {
    let (mut asked, mut paused) = (0, 0);
    let outcome = patiently(
        || {
            asked += 1;
            answers[(asked - 1).min(answers.len() - 1)]
        },
        || paused += 1,
    );
    (asked, paused, outcome)
}

#[test]
fn an_interface_that_is_still_held_is_asked_for_again_a_few_times() {
    let busy = Err(rusb::Error::Busy);
    assert_eq!(claims(&[Ok(())]), (1, 0, Ok(())));
    assert_eq!(claims(&[busy, busy, Ok(())]), (3, 2, Ok(())));
    assert_eq!(claims(&[busy, busy, busy, busy, Ok(())]), (5, 4, Ok(())));
    assert_eq!(claims(&[busy]), (5, 4, busy));
}

#[test]
fn what_is_not_busy_is_not_waited_for() {
    for error in [
        rusb::Error::NoDevice,
        rusb::Error::Access,
        rusb::Error::NotFound,
    ] {
        assert_eq!(claims(&[Err(error)]), (1, 0, Err(error)));
    }
}

#[test]
fn what_libusb_says_becomes_what_it_means_here() {
    for (said, meant) in [
        (rusb::Error::Pipe, UsbError::Stall),
        (rusb::Error::Timeout, UsbError::Timeout),
        (rusb::Error::NoDevice, UsbError::NoDevice),
        (rusb::Error::Io, UsbError::Io),
        (rusb::Error::Overflow, UsbError::Io),
        (rusb::Error::Interrupted, UsbError::Io),
        (rusb::Error::Access, UsbError::AccessDenied),
        (rusb::Error::Busy, UsbError::Busy),
        // Windows without WinUSB says either.
        (rusb::Error::NotSupported, UsbError::DriverMissing),
        (rusb::Error::NotFound, UsbError::DriverMissing),
        (
            rusb::Error::NoMem,
            UsbError::Other(rusb::Error::NoMem.to_string()),
        ),
    ] {
        assert_eq!(usb_error(said), meant, "{said:?}");
    }
}

#[test]
fn the_node_tells_why_a_device_can_not_be_opened() {
    let node = Path::new("/dev/bus/usb/001/004");
    let missing = UsbError::NoNode("/dev/bus/usb/001/004".to_owned());
    let check = |said, code: Option<i32>, is_listed, meant: &UsbError| {
        let error = code.map(io::Error::from_raw_os_error);
        assert_eq!(
            closed(said, error, is_listed, node),
            *meant,
            "{said:?} {code:?}"
        );
    };
    const EPERM: i32 = 1;
    const ENOENT: i32 = 2;
    const EACCES: i32 = 13;
    const ENODEV: i32 = 19;
    if cfg!(unix) {
        check(rusb::Error::Io, Some(EPERM), true, &UsbError::NotPermitted);
        check(
            rusb::Error::Access,
            Some(EACCES),
            true,
            &UsbError::AccessDenied,
        );
        check(rusb::Error::NoDevice, Some(ENOENT), true, &missing);
        // It was unplugged, or enumerated anew.
        check(
            rusb::Error::NoDevice,
            Some(ENOENT),
            false,
            &UsbError::NoDevice,
        );
        check(
            rusb::Error::NoDevice,
            Some(ENODEV),
            true,
            &UsbError::NoDevice,
        );
    }
    check(rusb::Error::Io, None, true, &UsbError::Io);
    check(rusb::Error::Access, None, true, &UsbError::AccessDenied);
}

#[test]
fn paths_are_those_of_sysfs_and_their_ports_count_as_numbers() {
    assert_eq!(path(1, &[2]), "1-2");
    assert_eq!(path(3, &[1, 4, 10]), "3-1.4.10");
    let mut paths = ["1-10", "1-2", "1-1.10", "1-1.9", "1-1"];
    paths.sort_by_key(|path| port_numbers(path));
    assert_eq!(paths, ["1-1", "1-1.9", "1-1.10", "1-2", "1-10"]);
}

#[test]
fn no_timeout_is_none_that_lasts_for_ever() {
    let millisecond = Duration::from_millis(1);
    assert_eq!(at_least_a_millisecond(Duration::ZERO), millisecond);
    assert_eq!(
        at_least_a_millisecond(Duration::from_micros(999)),
        millisecond
    );
    assert_eq!(
        at_least_a_millisecond(Duration::from_secs(2)),
        Duration::from_secs(2)
    );
}

#[test]
fn a_device_has_left_where_its_number_its_ids_or_its_shape_are_others() {
    let opened = DeviceInfo {
        bus: 3,
        address: 7,
        path: "3-1".to_owned(),
        vendor_id: 0x0483,
        product_id: 0xDF11,
        release: 0x2200,
        configuration: 1,
        max_packet_size0: 64,
        product_index: 2,
        serial_index: 3,
        interface: 0,
        mode: DfuMode::Dfu,
        alternate_settings: Vec::new(),
        functional: None,
    };
    let application = DeviceInfo {
        mode: DfuMode::Runtime,
        ..opened.clone()
    };
    let elsewhere = DeviceInfo {
        path: "3-2".to_owned(),
        ..opened.clone()
    };
    let ids = Some((0x0483, 0xDF11));
    let check = |number, ids, described, expected| {
        let found = is_still_there(&opened, number, ids, described);
        assert_eq!(found, expected, "{number:?} {ids:?} {described:?}");
    };
    check((3, 7), ids, Some(&opened), true);
    check((3, 8), ids, Some(&opened), false);
    check((2, 7), ids, Some(&opened), false);
    check((3, 7), Some((0x0483, 0x5740)), None, false);
    check((3, 7), ids, Some(&application), false);
    check((3, 7), ids, Some(&elsewhere), false);
    // It is there, and doesn't answer.
    check((3, 7), ids, None, true);
    check((3, 7), None, None, true);
}

//! usbmon's records: bytes as the kernel's documentation has them, on both sides.

use super::*;

/// A GETSTATUS that begins, written out from `struct usbmon_packet`.
const SUBMIT: [u8; 64] = [
    0x00, 0x3C, 0x5A, 0x12, 0x80, 0x88, 0xFF, 0xFF, // id
    b'S', 2, 0x80, 7, // a control transfer from device 7, endpoint 0
    0x01, 0x00, // bus 1
    0, b'<', // a setup packet, and no data
    0x00, 0xF1, 0x53, 0x65, 0x00, 0x00, 0x00, 0x00, // 1700000000 s
    0x40, 0xE2, 0x01, 0x00, // 123456 µs
    0x8D, 0xFF, 0xFF, 0xFF, // -EINPROGRESS
    0x06, 0x00, 0x00, 0x00, // 6 bytes are asked for
    0x00, 0x00, 0x00, 0x00, // none follow
    0xA1, 0x03, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, // setup
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // interval, start_frame
    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // URB_DIR_IN, ndesc
];

fn submit() -> Header {
    Header {
        id: 0xFFFF_8880_125A_3C00,
        event: Event::Submit,
        transfer_type: Header::CONTROL,
        endpoint: Header::TO_HOST,
        device: 7,
        bus: 1,
        setup: Some((
            ControlRequest {
                request_type: 0xA1,
                request: 3,
                value: 0,
                index: 0,
            },
            6,
        )),
        data_flag: b'<',
        time: Duration::from_micros(1_700_000_000_123_456),
        status: UNDER_WAY,
        length: 6,
        captured: 0,
    }
}

#[test]
fn the_beginning_of_a_transfer_is_written_and_read_as_usbmon_does() {
    assert_eq!(submit().to_bytes(), SUBMIT);
    for link_type in [LinkType::UsbLinux, LinkType::UsbLinuxMmapped] {
        let read = Header::parse(&SUBMIT, link_type, Endianness::Little);
        assert_eq!(read, Some(submit()));
    }
}

#[test]
fn a_record_of_another_machine_has_its_numbers_the_other_way_round_and_its_setup_packet_not() {
    let mut other = SUBMIT;
    for field in [0..8, 12..14, 16..24, 24..28, 28..32, 32..36, 36..40, 56..60] {
        other[field].reverse();
    }
    let read = Header::parse(&other, LinkType::UsbLinuxMmapped, Endianness::Big);
    assert_eq!(read, Some(submit()));
}

#[test]
fn the_end_of_a_transfer_has_no_setup_packet() {
    let end = Header {
        event: Event::Complete,
        setup: None,
        data_flag: 0,
        status: 0,
        captured: 6,
        ..submit()
    };
    let bytes = end.to_bytes();
    assert_eq!(bytes[8], b'C');
    assert_eq!(bytes[14..16], [b'-', 0]);
    let read = Header::parse(&bytes, LinkType::UsbLinuxMmapped, Endianness::Little);
    assert_eq!(read, Some(end));
}

#[test]
fn what_is_too_short_or_tells_of_nothing_known_is_no_record() {
    let check = |bytes: &[u8], link_type| {
        assert_eq!(Header::parse(bytes, link_type, Endianness::Little), None);
    };
    check(&SUBMIT[..63], LinkType::UsbLinuxMmapped);
    check(&SUBMIT[..47], LinkType::UsbLinux);
    check(&[], LinkType::UsbLinux);
    let mut unknown = SUBMIT;
    unknown[8] = b'X';
    check(&unknown, LinkType::UsbLinux);
}

#[test]
fn every_end_of_a_transfer_is_read_as_it_was_written() {
    assert_eq!(outcome(status(Ok(()))), Ok(()));
    for error in [
        UsbError::Stall,
        UsbError::Timeout,
        UsbError::NoDevice,
        UsbError::Io,
        UsbError::AccessDenied,
        UsbError::NotPermitted,
        UsbError::Busy,
    ] {
        assert_eq!(outcome(status(Err(&error))), Err(error));
    }
}

#[test]
fn linux_has_several_numbers_for_the_same_end() {
    let check = |status, error| assert_eq!(outcome(status), Err(error));
    check(-32, UsbError::Stall);
    check(-2, UsbError::Timeout);
    check(-104, UsbError::Timeout);
    check(-110, UsbError::Timeout);
    check(-19, UsbError::NoDevice);
    check(-108, UsbError::NoDevice);
    check(-71, UsbError::Io);
    check(i32::MIN, UsbError::Io);
}

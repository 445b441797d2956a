//! What a board answers whatever its bootloader says.

use super::*;
use crate::usb::ControlRequest;

fn device(name: &str) -> Device {
    let spec: BoardSpec = name.parse().expect("known board");
    Device::new(&spec, spec.board.serial.to_owned())
}

fn answer(device: &mut Device, setup: [u8; 8]) -> Answer {
    let [request_type, request, v0, v1, i0, i1, l0, l1] = setup;
    let setup = Setup {
        request: ControlRequest {
            request_type,
            request,
            value: u16::from_le_bytes([v0, v1]),
            index: u16::from_le_bytes([i0, i1]),
        },
        length: u16::from_le_bytes([l0, l1]),
    };
    device.control(&setup, &[], Duration::ZERO).answer
}

/// What Linux sends to a device that was just plugged in.
#[test]
fn a_kernel_can_enumerate_a_board() {
    let mut f405 = device("f405");
    let mut check = |setup, expected| assert_eq!(answer(&mut f405, setup), expected);
    // The first 8 bytes of the device descriptor, an address, all of it.
    let device_descriptor = vec![
        0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 0x01,
        0x02, 0x03, 0x01,
    ];
    check(
        [0x80, 6, 0, 1, 0, 0, 8, 0],
        Answer::Data(device_descriptor[..8].to_vec()),
    );
    check([0x00, 5, 2, 0, 0, 0, 0, 0], Answer::Acknowledged);
    check(
        [0x80, 6, 0, 1, 0, 0, 18, 0],
        Answer::Data(device_descriptor),
    );
    // No device qualifier: it is a full-speed device.
    check([0x80, 6, 0, 6, 0, 0, 10, 0], Answer::Stall);
    check(
        [0x80, 6, 0, 2, 0, 0, 9, 0],
        Answer::Data(vec![9, 2, 54, 0, 1, 1, 0, 0xC0, 50]),
    );
    check([0x80, 8, 0, 0, 0, 0, 1, 0], Answer::Data(vec![0]));
    check([0x00, 9, 1, 0, 0, 0, 0, 0], Answer::Acknowledged);
    check([0x80, 8, 0, 0, 0, 0, 1, 0], Answer::Data(vec![1]));
    check([0x80, 0, 0, 0, 0, 0, 2, 0], Answer::Data(vec![1, 0]));
}

#[test]
fn the_interface_answers_only_once_configured() {
    let mut f405 = device("f405");
    let get_status = [0xA1, 3, 0, 0, 0, 0, 6, 0];
    assert_eq!(answer(&mut f405, get_status), Answer::Stall);
    assert_eq!(
        answer(&mut f405, [0x01, 11, 0, 0, 0, 0, 0, 0]),
        Answer::Stall
    );
    answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
    // Asking too early has not disturbed it: dfuERROR, errFIRMWARE.
    assert_eq!(
        answer(&mut f405, get_status),
        Answer::Data(vec![10, 0, 0, 0, 10, 0])
    );
    // Interface 1 does not exist.
    assert_eq!(
        answer(&mut f405, [0xA1, 3, 0, 0, 1, 0, 6, 0]),
        Answer::Stall
    );
}

#[test]
fn only_alternate_settings_that_exist_can_be_chosen() {
    let mut f405 = device("f405");
    answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
    let get_interface = [0x81, 10, 0, 0, 0, 0, 1, 0];
    assert_eq!(
        answer(&mut f405, [0x01, 11, 3, 0, 0, 0, 0, 0]),
        Answer::Acknowledged
    );
    assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![3]));
    for value in [[4, 0], [0, 1]] {
        assert_eq!(
            answer(&mut f405, [0x01, 11, value[0], value[1], 0, 0, 0, 0]),
            Answer::Stall
        );
    }
    assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![3]));
    // Configuring anew goes back to 0.
    answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
    assert_eq!(answer(&mut f405, get_interface), Answer::Data(vec![0]));
    assert_eq!(
        answer(&mut f405, [0x00, 9, 2, 0, 0, 0, 0, 0]),
        Answer::Stall
    );
}

#[test]
fn clearing_a_halt_is_acknowledged_for_endpoint_0_only() {
    let mut f405 = device("f405");
    answer(&mut f405, [0x00, 9, 1, 0, 0, 0, 0, 0]);
    assert_eq!(
        answer(&mut f405, [0x02, 1, 0, 0, 0, 0, 0, 0]),
        Answer::Acknowledged
    );
    assert_eq!(
        answer(&mut f405, [0x02, 1, 0, 0, 0x81, 0, 0, 0]),
        Answer::Stall
    );
    assert_eq!(
        answer(&mut f405, [0x00, 1, 1, 0, 0, 0, 0, 0]),
        Answer::Stall
    );
}

#[test]
fn vendor_requests_are_refused() {
    let mut mboot = device("mboot");
    assert_eq!(
        answer(&mut mboot, [0xC0, 0x42, 0, 0, 4, 0, 40, 0]),
        Answer::Stall
    );
}

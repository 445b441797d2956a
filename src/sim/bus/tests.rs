//! Boards on the bus, as a host meets them.

use std::time::Instant;

use super::super::board;
use super::super::layout::claimed_layout;
use super::super::quirk::Quirks;
use super::*;
use crate::usb::DfuMode;
use crate::usb::string::read_string;

const GET_STATUS: ControlRequest = ControlRequest {
    request_type: 0xA1,
    request: 3,
    value: 0,
    index: 0,
};
const DNLOAD: ControlRequest = ControlRequest {
    request_type: 0x21,
    request: 1,
    value: 0,
    index: 0,
};
const SECOND: Duration = Duration::from_secs(1);

fn bus(specs: &[&str]) -> SimBus {
    let specs: Vec<BoardSpec> = specs
        .iter()
        .map(|spec| spec.parse().expect("good"))
        .collect();
    SimBus::new(&specs).expect("no files")
}

fn open(bus: &SimBus, index: usize) -> Box<dyn Transport> {
    let devices = bus.devices().expect("there is a bus");
    bus.open(&devices[index]).expect("on the bus")
}

fn serials(specs: &[&str]) -> Vec<String> {
    let bus = bus(specs);
    (0..specs.len())
        .map(|index| {
            read_string(&mut *open(&bus, index), 3)
                .expect("answered")
                .expect("not 0")
        })
        .collect()
}

#[test]
fn an_f405_is_seen_as_on_a_real_bus() {
    let bus = bus(&["f405"]);
    let devices = bus.devices().expect("there is a bus");
    let [device] = &devices[..] else {
        panic!("one board: {devices:?}");
    };
    assert_eq!((device.bus, device.address), (1, 2));
    assert_eq!(device.path, "1-1");
    assert_eq!((device.vendor_id, device.product_id), (0x0483, 0xDF11));
    assert_eq!(device.transfer_size(), 2048);
    assert_eq!(device.mode, DfuMode::Dfu);
    let mut transport = bus.open(device).expect("on the bus");
    let mut string = |index| {
        read_string(&mut *transport, index)
            .expect("answered")
            .expect("not 0")
    };
    assert_eq!(string(device.product_index), "STM32  BOOTLOADER");
    assert_eq!(string(device.serial_index), "336133663433");
    let layouts: Vec<String> = device
        .alternate_settings
        .iter()
        .map(|setting| string(setting.string_index))
        .collect();
    assert_eq!(
        layouts,
        [
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            "@Option Bytes  /0x1FFFC000/01*016 e",
            "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
            "@Device Feature/0xFFFF0000/01*004 e",
        ]
    );
}

#[test]
fn every_board_of_the_table_can_be_listed_and_read() {
    for board in board::BOARDS.iter() {
        // Garbage behind a layout is told elsewhere.
        let spec = match board.name {
            "f429" => "f429,quirk=none",
            name => name,
        };
        let bus = bus(&[spec]);
        let device = bus.devices().expect("there is a bus").remove(0);
        assert_eq!(
            device.transfer_size(),
            board.transfer_size,
            "{}",
            board.name
        );
        let mut transport = bus.open(&device).expect("on the bus");
        assert_eq!(
            read_string(&mut *transport, device.serial_index),
            Ok(Some(board.serial.to_owned()))
        );
        for setting in &device.alternate_settings {
            let quirks = Quirks::new(board.quirks);
            let layout = claimed_layout(board, &quirks, setting.number).expect("a layout");
            let has_string = !quirks.has(Quirk::StringsNoLayout);
            assert_eq!(
                read_string(&mut *transport, setting.string_index),
                Ok(has_string.then(|| layout.into_owned()))
            );
        }
    }
}

#[test]
fn boards_stand_side_by_side_in_the_order_given() {
    let bus = bus(&["l476", "f405"]);
    let devices = bus.devices().expect("there is a bus");
    let seen: Vec<(&str, u8, usize)> = devices
        .iter()
        .map(|device| {
            (
                device.path.as_str(),
                device.address,
                device.alternate_settings.len(),
            )
        })
        .collect();
    assert_eq!(seen, [("1-1", 2, 4), ("1-2", 3, 4)]);
}

#[test]
fn the_same_board_twice_has_two_serials_always_the_same_ones() {
    assert_eq!(
        serials(&["f405", "f405", "f405"]),
        ["336133663433", "336133663434", "336133663435"]
    );
    assert_eq!(serials(&["f072", "f072"]), ["FFFFFFFEFFFF", "FFFFFFFF0000"]);
    assert_eq!(serials(&["gd32vf103", "gd32vf103"]), ["3CBJ", "3CBK"]);
    assert_eq!(
        serials(&["f405", "f405,serial=336133663433", "f405"]),
        ["336133663434", "336133663433", "336133663435"]
    );
    // Who asks for a collision gets one.
    assert_eq!(serials(&["f405,serial=A", "f405,serial=A"]), ["A", "A"]);
}

#[test]
fn an_interface_is_claimed_by_one_at_a_time() {
    let bus = bus(&["f405"]);
    let mut first = open(&bus, 0);
    let mut second = open(&bus, 0);
    assert_eq!(first.claim(), Ok(()));
    assert_eq!(first.claim(), Ok(()));
    assert_eq!(second.claim(), Err(UsbError::Busy));
    drop(first);
    assert_eq!(second.claim(), Ok(()));
}

#[test]
fn a_board_without_permission_is_listed_and_cannot_be_opened() {
    let bus = bus(&["f405,quirk=no-access", "f405"]);
    let devices = bus.devices().expect("there is a bus");
    assert_eq!(devices.len(), 2);
    assert_eq!(bus.open(&devices[0]).err(), Some(UsbError::AccessDenied));
    assert!(bus.open(&devices[1]).is_ok());
}

#[test]
fn a_board_whose_permission_is_late_can_be_opened_after_half_a_second() {
    let bus = bus(&["f405,quirk=late-access"]);
    let device = bus.devices().expect("there is a bus").remove(0);
    bus.wait(Duration::from_millis(499));
    assert_eq!(bus.open(&device).err(), Some(UsbError::AccessDenied));
    bus.wait(Duration::from_millis(1));
    assert!(bus.open(&device).is_ok());
    assert_eq!(bus.now(), Duration::from_millis(500));
}

#[test]
fn a_container_s_boards_are_listed_and_can_not_be_opened() {
    for (quirk, error) in [
        ("not-permitted", UsbError::NotPermitted),
        (
            "no-node",
            UsbError::NoNode("/dev/bus/usb/001/002".to_owned()),
        ),
    ] {
        let bus = bus(&[&format!("f405,quirk={quirk}")]);
        let device = bus.devices().expect("there is a bus").remove(0);
        assert_eq!(bus.open(&device).err(), Some(error));
    }
}

#[test]
fn waiting_costs_nothing_where_something_is_due_and_is_real_where_not() {
    let begin = Instant::now();
    let bus_with_late_board = bus(&["f405,quirk=no-access", "f405"]);
    bus_with_late_board.wait(Duration::from_secs(20));
    assert_eq!(bus_with_late_board.now(), Duration::from_secs(20));
    assert!(begin.elapsed() < Duration::from_secs(10));
    let begin = Instant::now();
    let bus = bus(&["f405"]);
    bus.wait(Duration::from_millis(100));
    assert!(begin.elapsed() >= Duration::from_millis(100));
    assert_eq!(open(&bus, 0).now(), Duration::from_millis(100));
}

#[test]
fn a_board_that_another_program_holds_can_be_opened_but_not_claimed() {
    let bus = bus(&["f405,quirk=busy"]);
    let mut transport = open(&bus, 0);
    assert!(read_string(&mut *transport, 3).is_ok());
    assert_eq!(transport.claim(), Err(UsbError::Busy));
    assert_eq!(transport.claim(), Err(UsbError::Busy));
}

#[test]
fn an_unplugged_board_is_gone_for_everybody() {
    let bus = bus(&["f405,fault=unplug@2"]);
    let mut transport = open(&bus, 0);
    assert!(read_string(&mut *transport, 3).is_ok());
    assert_eq!(read_string(&mut *transport, 3), Err(UsbError::NoDevice));
    assert_eq!(transport.claim(), Err(UsbError::NoDevice));
    assert_eq!(bus.devices().expect("there is a bus"), []);
}

/// Clears errFIRMWARE and leaves.
fn leave(transport: &mut dyn Transport) {
    transport.claim().expect("free");
    for request in [4, 1] {
        let request = ControlRequest { request, ..DNLOAD };
        transport.control_out(request, &[], SECOND).expect("taken");
    }
    transport
        .control_in(GET_STATUS, &mut [0; 6], SECOND)
        .expect("answered");
}

#[test]
fn a_board_that_comes_back_has_a_new_address_and_is_another_device() {
    let bus = bus(&["f405,quirk=comes-back=60", "f405"]);
    let before = bus.devices().expect("there is a bus").remove(0);
    let mut transport = bus.open(&before).expect("on the bus");
    leave(&mut *transport);
    transport.wait(Duration::from_secs(59));
    assert_eq!(bus.devices().expect("there is a bus").len(), 1);
    transport.wait(SECOND);
    let devices = bus.devices().expect("there is a bus");
    assert_eq!(devices.len(), 2);
    assert_eq!((before.address, devices[0].address), (2, 4));
    assert_eq!(devices[0].path, before.path);
    // What was opened before is gone.
    assert_eq!(
        transport.control_in(GET_STATUS, &mut [0; 6], SECOND),
        Err(UsbError::NoDevice)
    );
    assert_eq!(transport.claim(), Err(UsbError::NoDevice));
    assert_eq!(bus.open(&before).err(), Some(UsbError::NoDevice));
    let mut again = bus.open(&devices[0]).expect("on the bus");
    again.claim().expect("free");
    // And lets go of nothing that another has taken.
    drop(transport);
    assert_eq!(
        bus.open(&devices[0]).expect("on the bus").claim(),
        Err(UsbError::Busy)
    );
}

#[test]
fn a_board_comes_back_by_the_clock_on_the_wall_where_nobody_waits_on_its_own() {
    let bus = bus(&["f405,quirk=comes-back=1"]);
    leave(&mut *open(&bus, 0));
    let left = Instant::now();
    while bus.devices().expect("there is a bus").is_empty() {
        assert!(left.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(left.elapsed() >= Duration::from_millis(900));
}

#[test]
fn after_a_power_cut_a_board_is_back_in_dfu_mode() {
    let bus = bus(&["f405,fault=power-cut@1"]);
    let mut transport = open(&bus, 0);
    assert_eq!(read_string(&mut *transport, 3), Err(UsbError::NoDevice));
    assert_eq!(bus.devices().expect("there is a bus"), []);
    transport.wait(SECOND);
    let devices = bus.devices().expect("there is a bus");
    assert_eq!((devices[0].address, devices[0].mode), (3, DfuMode::Dfu));
}

#[test]
fn a_board_that_runs_its_application_is_listed_as_such_and_can_be_detached() {
    let bus = bus(&["f405,quirk=application"]);
    let device = bus.devices().expect("there is a bus").remove(0);
    assert_eq!(device.mode, DfuMode::Runtime);
    assert_eq!(device.alternate_settings.len(), 1);
    let mut transport = bus.open(&device).expect("on the bus");
    transport.claim().expect("free");
    let detach = ControlRequest {
        request: 0,
        ..DNLOAD
    };
    assert_eq!(transport.control_out(detach, &[], SECOND), Ok(()));
    transport.wait(SECOND);
    let device = bus.devices().expect("there is a bus").remove(0);
    assert_eq!(device.mode, DfuMode::Dfu);
    assert_eq!(device.alternate_settings.len(), 4);
}

#[test]
fn class_requests_need_a_claim_and_descriptors_do_not() {
    let bus = bus(&["f405"]);
    let mut transport = open(&bus, 0);
    assert!(read_string(&mut *transport, 2).is_ok());
    let unclaimed = UsbError::Other("the interface was not claimed".to_owned());
    assert_eq!(
        transport.control_in(GET_STATUS, &mut [0; 6], SECOND),
        Err(unclaimed.clone())
    );
    assert_eq!(transport.set_alternate_setting(0), Err(unclaimed));
    transport.claim().expect("free");
    assert_eq!(transport.control_in(GET_STATUS, &mut [0; 6], SECOND), Ok(6));
    assert_eq!(transport.set_alternate_setting(3), Ok(()));
    assert_eq!(transport.set_alternate_setting(4), Err(UsbError::Stall));
}

#[test]
fn a_board_that_left_is_gone_for_everybody() {
    let bus = bus(&["f405", "h743"]);
    let device = bus.devices().expect("there is a bus").remove(0);
    let mut transport = bus.open(&device).expect("on the bus");
    transport.claim().expect("free");
    let clear_status = ControlRequest {
        request: 4,
        ..DNLOAD
    };
    transport
        .control_out(clear_status, &[], SECOND)
        .expect("in dfuERROR");
    transport
        .control_out(DNLOAD, &[], SECOND)
        .expect("in dfuIDLE");
    let mut status = [0; 6];
    assert_eq!(transport.control_in(GET_STATUS, &mut status, SECOND), Ok(6));
    assert_eq!(status, [0, 0, 0, 0, 7, 0]);
    assert_eq!(
        transport.control_in(GET_STATUS, &mut status, SECOND),
        Err(UsbError::NoDevice)
    );
    assert_eq!(transport.claim(), Err(UsbError::NoDevice));
    assert_eq!(bus.open(&device).err(), Some(UsbError::NoDevice));
    let left = bus.devices().expect("there is a bus");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].path, "1-2");
}

#[test]
fn silence_costs_the_timeout_on_the_board_s_clock() {
    let bus = bus(&["gd32vf103"]);
    let mut transport = open(&bus, 0);
    transport.claim().expect("free");
    let before = transport.now();
    assert_eq!(
        transport.control_out(DNLOAD, &[], SECOND),
        Err(UsbError::Timeout)
    );
    assert_eq!(transport.now() - before, SECOND);
    assert_eq!(
        transport.control_out(DNLOAD, &[], SECOND),
        Err(UsbError::NoDevice)
    );
}

#[test]
fn waiting_and_real_requests_move_the_clock_of_that_board_only() {
    let bus = bus(&["f405,timing=real", "f405"]);
    let mut real = open(&bus, 0);
    let mut other = open(&bus, 1);
    real.wait(Duration::from_secs(3600));
    real.claim().expect("free");
    other.claim().expect("free");
    let before = real.now();
    real.control_in(GET_STATUS, &mut [0; 6], SECOND)
        .expect("answered");
    other
        .control_in(GET_STATUS, &mut [0; 6], SECOND)
        .expect("answered");
    assert!(real.now() - before >= Duration::from_micros(500));
    assert_eq!(other.now(), Duration::ZERO);
    assert_eq!(
        real.control_in(GET_STATUS, &mut [0; 6], Duration::from_micros(100)),
        Err(UsbError::Timeout)
    );
}

#[test]
fn a_transfer_longer_than_linux_carries_is_refused() {
    let bus = bus(&["f405"]);
    let mut transport = open(&bus, 0);
    transport.claim().expect("free");
    for length in [4097, 0x1_0000] {
        assert_eq!(
            transport.control_out(DNLOAD, &vec![0; length], SECOND),
            Err(UsbError::Other(format!(
                "a control transfer carries at most 4096 bytes, not {length}"
            )))
        );
    }
}

#[test]
fn two_boards_cannot_share_a_flash_file() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("board.bin");
    let spec: BoardSpec = format!("f405,flash={}", file.display())
        .parse()
        .expect("good");
    let error = SimBus::new(&[spec.clone(), spec]).err().expect("refused");
    assert_eq!(
        error.to_string(),
        format!(
            "the flash file {} is in use by another simulated board",
            file.display()
        )
    );
}

#[test]
fn boards_can_be_driven_from_several_threads() {
    let bus = bus(&["f405", "l476", "g0b1"]);
    std::thread::scope(|scope| {
        for index in 0..3 {
            let mut transport = open(&bus, index);
            scope.spawn(move || {
                transport.claim().expect("free");
                for _ in 0..100 {
                    transport
                        .control_in(GET_STATUS, &mut [0; 6], SECOND)
                        .expect("answered");
                }
            });
        }
    });
}

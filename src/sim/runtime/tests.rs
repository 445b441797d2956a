//! Applications on the bus: what they show, how they are asked to detach, and what they are then.

use crate::sim::SimBus;
use crate::usb::{Bus, ControlRequest, DeviceInfo, DfuMode, Transport, UsbError};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

fn bus(spec: &str) -> SimBus {
    SimBus::new(&[spec.parse().expect("a board")]).expect("no file")
}

fn only(bus: &SimBus) -> Option<DeviceInfo> {
    bus.devices().expect("there is a bus").pop()
}

/// The application, opened and claimed.
fn opened(bus: &SimBus) -> (DeviceInfo, Box<dyn Transport>) {
    let info = only(bus).expect("it is there");
    let mut transport = bus.open(&info).expect("on the bus");
    transport.claim().expect("free");
    (info, transport)
}

fn detach(transport: &mut dyn Transport, interface: u8, milliseconds: u16) -> Result<(), UsbError> {
    let request = ControlRequest {
        request_type: 0x21,
        request: 0,
        value: milliseconds,
        index: interface.into(),
    };
    transport.control_out(request, &[], SECOND)
}

fn get_status(transport: &mut dyn Transport, interface: u8) -> Result<[u8; 6], UsbError> {
    let request = ControlRequest {
        request_type: 0xA1,
        request: 3,
        value: 0,
        index: interface.into(),
    };
    let mut buffer = [0; 6];
    transport.control_in(request, &mut buffer, SECOND)?;
    Ok(buffer)
}

/// Who is at the port when it has come back, and after how long.
fn back(bus: &SimBus) -> (DeviceInfo, Duration) {
    let begin = bus.now();
    loop {
        if let Some(info) = only(bus) {
            return (info, bus.now() - begin);
        }
        bus.wait(SECOND / 10);
        assert!(bus.now() - begin < 20 * SECOND, "it stays away");
    }
}

#[test]
fn a_pluto_detaches_by_itself_and_is_back_at_its_port_with_other_ids() {
    let bus = bus("pluto,quirk=application");
    let (info, mut transport) = opened(&bus);
    assert_eq!((info.vendor_id, info.product_id), (0x0456, 0xB673));
    assert_eq!((info.mode, info.interface), (DfuMode::Runtime, 6));
    assert_eq!(get_status(&mut *transport, 6), Ok([0; 6]));
    assert_eq!(detach(&mut *transport, 6, 1000), Ok(()));
    assert_eq!(only(&bus), None);
    let (found, after) = back(&bus);
    assert_eq!((found.vendor_id, found.product_id), (0x0456, 0xB674));
    assert_eq!((found.mode, found.interface), (DfuMode::Dfu, 0));
    assert_eq!(found.path, info.path);
    assert_ne!(found.address, info.address);
    assert!(after >= SECOND);
}

#[test]
fn an_application_without_bitwilldetach_takes_a_reset_within_its_time() {
    let bus = bus("zephyr,quirk=application,quirk=detach-timeout=500");
    let (info, mut transport) = opened(&bus);
    assert_eq!(info.product_id, 0x0100);
    assert_eq!(info.functional.expect("there").detach_timeout, 500);
    // A reset alone does nothing; one that comes too late does nothing.
    assert_eq!(transport.reset(), Ok(()));
    assert_eq!(detach(&mut *transport, 0, 1000), Ok(()));
    assert_eq!(get_status(&mut *transport, 0), Ok([0, 0, 0, 0, 1, 0]));
    transport.wait(Duration::from_millis(501));
    assert_eq!(get_status(&mut *transport, 0), Ok([0; 6]));
    assert_eq!(transport.reset(), Ok(()));
    // The host's time counts, too.
    assert_eq!(detach(&mut *transport, 0, 100), Ok(()));
    transport.wait(Duration::from_millis(101));
    assert_eq!(transport.reset(), Ok(()));
    assert_eq!(detach(&mut *transport, 0, 1000), Ok(()));
    assert_eq!(transport.reset(), Err(UsbError::NoDevice));
    assert_eq!(back(&bus).0.product_id, 0xFFFF);
}

#[test]
fn an_application_can_need_seven_seconds() {
    let bus = bus("ubertooth,quirk=application,quirk=detach-takes=7");
    let (info, mut transport) = opened(&bus);
    let (asked, begin) = (bus.now(), Instant::now());
    assert_eq!(detach(&mut *transport, info.interface, 1000), Ok(()));
    let (found, _) = back(&bus);
    assert_eq!(found.product_id, 0x6003);
    // The clock on the wall counts, too.
    let after = bus.now() - asked + begin.elapsed();
    assert!(after >= 7 * SECOND, "{after:?}");
}

#[test]
fn an_application_can_stand_behind_an_alternate_setting_and_know_nothing_but_detach() {
    let quirks = "quirk=application,quirk=runtime-interface=2,quirk=runtime-alternate=1,quirk=runtime=no-status";
    let bus = bus(&format!("tinyusb,{quirks}"));
    let (info, mut transport) = opened(&bus);
    assert_eq!((info.mode, info.interface), (DfuMode::Runtime, 2));
    let settings: Vec<u8> = info
        .alternate_settings
        .iter()
        .map(|setting| setting.number)
        .collect();
    assert_eq!(settings, [1]);
    assert_eq!(detach(&mut *transport, 2, 1000), Err(UsbError::Stall));
    assert_eq!(transport.set_alternate_setting(2), Err(UsbError::Stall));
    assert_eq!(transport.set_alternate_setting(1), Ok(()));
    assert_eq!(get_status(&mut *transport, 2), Err(UsbError::Stall));
    // Other interfaces answer nothing of that.
    assert_eq!(detach(&mut *transport, 0, 1000), Err(UsbError::Stall));
    assert_eq!(detach(&mut *transport, 2, 1000), Ok(()));
    assert!(back(&bus).0.is_in_dfu_mode());
}

#[test]
fn an_application_can_refuse_to_detach_and_have_another_serial_number() {
    let quirks = "quirk=application,quirk=detach=stall,quirk=runtime=other-serial";
    let bus = bus(&format!("maple,{quirks}"));
    let (info, mut transport) = opened(&bus);
    let serial = crate::usb::string::read_string(&mut *transport, info.serial_index);
    assert_eq!(serial, Ok(Some("300 MLL".to_owned())));
    assert_eq!(
        detach(&mut *transport, info.interface, 1000),
        Err(UsbError::Stall)
    );
    assert!(only(&bus).is_some());
}

#[test]
fn bitwilldetach_can_be_had_and_taken_away() {
    let will_detach = |spec: &str| {
        let bus = bus(spec);
        let (info, mut transport) = opened(&bus);
        assert_eq!(detach(&mut *transport, info.interface, 1000), Ok(()));
        let functional = info.functional.expect("there");
        assert_eq!(functional.will_detach(), only(&bus).is_none());
        functional.will_detach()
    };
    assert!(will_detach(
        "zephyr,quirk=application,quirk=will-detach=yes"
    ));
    assert!(!will_detach(
        "ubertooth,quirk=application,quirk=will-detach=no"
    ));
    assert!(!will_detach("f405,quirk=application,quirk=will-detach=no"));
    assert!(will_detach("f405,quirk=application"));
}

#[test]
fn audio_keeps_its_ids_in_both_modes_and_the_protocol_tells() {
    for (board, mode) in [("jabra", DfuMode::Dfu), ("xmos", DfuMode::Dfu)] {
        let application = only(&bus(&format!("{board},quirk=application"))).expect("there");
        let bootloader = only(&bus(board)).expect("there");
        assert_eq!(
            (application.vendor_id, application.product_id),
            (bootloader.vendor_id, bootloader.product_id)
        );
        assert_eq!(
            (application.mode, bootloader.mode),
            (DfuMode::Runtime, mode),
            "{board}"
        );
    }
}

#[test]
fn a_board_that_leaves_by_itself_is_off_the_bus_without_being_asked() {
    let bus = bus("fomu,quirk=application");
    let (info, mut transport) = opened(&bus);
    assert_eq!(detach(&mut *transport, info.interface, 1000), Ok(()));
    assert!(back(&bus).0.is_in_dfu_mode());
    let (info, mut transport) = opened(&bus);
    assert!(transport.is_on_bus());
    bus.wait(SECOND);
    assert!(!transport.is_on_bus());
    assert_eq!(
        get_status(&mut *transport, info.interface),
        Err(UsbError::NoDevice)
    );
    assert_eq!(back(&bus).0.mode, DfuMode::Runtime);
}

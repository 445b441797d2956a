//! What named devices are, from the bytes of their descriptors.

use super::*;

fn place() -> Place {
    Place {
        bus: 1,
        address: 2,
        path: "1-1".to_owned(),
    }
}

/// A device with these ids whose configuration has these descriptors in it.
fn device(ids: (u16, u16), descriptors: &[&[u8]]) -> Option<DeviceInfo> {
    let mut device = b"\x12\x01\x00\x01\x00\x00\x00\x40____\x00\x01\x01\x02\x03\x01".to_vec();
    device[8..10].copy_from_slice(&ids.0.to_le_bytes());
    device[10..12].copy_from_slice(&ids.1.to_le_bytes());
    let body = descriptors.concat();
    let length = u8::try_from(9 + body.len()).expect("short");
    let head = [9, 2, length, 0, 1, 1, 0, 0xC0, 0x32];
    let said = Descriptors::parse(&device, &[&head[..], &body].concat()).expect("well-formed");
    DeviceInfo::new(place(), &said)
}

/// A DFU interface without endpoints.
const fn dfu(number: u8, setting: u8, protocol: u8) -> [u8; 9] {
    [9, 4, number, setting, 0, 0xFE, 1, protocol, 4 + setting]
}

/// A functional descriptor with `bmAttributes`, blocks of 2048 bytes and a version.
const fn functional(attributes: u8, version: u16) -> [u8; 9] {
    let [low, high] = version.to_le_bytes();
    [9, 0x21, attributes, 0xFF, 0, 0, 8, low, high]
}

/// A virtual serial port's first interface, with its endpoint.
const CDC: [u8; 16] = [
    9, 4, 0, 0, 1, 2, 2, 1, 0, //
    7, 5, 0x81, 3, 8, 0, 16,
];

#[track_caller]
fn check(ids: (u16, u16), descriptors: &[&[u8]], mode: DfuMode, version: Option<u16>) {
    let device = device(ids, descriptors).expect("a DFU interface");
    assert_eq!((device.mode, device.dfu_version()), (mode, version));
}

#[test]
fn an_f405_in_its_rom_is_in_dfu_mode_with_four_settings() {
    let settings = [dfu(0, 0, 2), dfu(0, 1, 2), dfu(0, 2, 2), dfu(0, 3, 2)];
    let found = device(
        (0x0483, 0xDF11),
        &[settings.as_flattened(), &functional(0x0B, 0x011A)],
    )
    .expect("a DFU interface");
    assert_eq!(found.mode, DfuMode::Dfu);
    assert_eq!(found.dfu_version(), Some(0x011A));
    assert_eq!(found.transfer_size(), 2048);
    let settings: Vec<(u8, u8)> = found
        .alternate_settings
        .iter()
        .map(|setting| (setting.number, setting.string_index))
        .collect();
    assert_eq!(settings, [(0, 4), (1, 5), (2, 6), (3, 7)]);
}

#[test]
fn a_dso_nano_says_protocol_0_and_is_in_dfu_mode() {
    let descriptors: [&[u8]; 3] = [&dfu(0, 0, 0), &dfu(0, 1, 0), &functional(0x0B, 0x011A)];
    check((0x0483, 0xDF11), &descriptors, DfuMode::Dfu, Some(0x011A));
}

#[test]
fn dfuse_at_protocol_0_is_dfu_mode_with_another_interface_beside_it_too() {
    let descriptors: [&[u8]; 3] = [&CDC, &dfu(1, 0, 0), &functional(0x0B, 0x011A)];
    check((0x0483, 0xDF11), &descriptors, DfuMode::Dfu, Some(0x011A));
}

#[test]
fn a_jabra_at_protocol_0_is_in_dfu_mode_only_where_it_has_nothing_else() {
    let ids = (0x0B0E, 0x0411);
    let interface = [dfu(0, 0, 0), functional(0x05, 0x0100)];
    check(ids, &[interface.as_flattened()], DfuMode::Dfu, Some(0x0100));
    let descriptors: [&[u8]; 3] = [&CDC, &dfu(1, 0, 0), &functional(0x05, 0x0100)];
    check(ids, &descriptors, DfuMode::Runtime, Some(0x0100));
}

#[test]
fn an_lpc_rom_says_protocol_1_and_is_in_dfu_mode() {
    let descriptors: [&[u8]; 2] = [&dfu(0, 0, 1), &functional(0x01, 0x0100)];
    check((0x1FC9, 0x000C), &descriptors, DfuMode::Dfu, Some(0x0100));
    // NXP's other ids mean what they say.
    check(
        (0x1FC9, 0x000D),
        &descriptors,
        DfuMode::Runtime,
        Some(0x0100),
    );
}

#[test]
fn a_numworks_is_in_dfu_mode_with_an_old_version() {
    let descriptors: [&[u8]; 2] = [&dfu(0, 0, 2), &functional(0x03, 0x0100)];
    check((0x0483, 0xA291), &descriptors, DfuMode::Dfu, Some(0x0100));
}

#[test]
fn a_dapboot_is_in_dfu_mode() {
    let descriptors: [&[u8]; 2] = [&dfu(0, 0, 2), &functional(0x0B, 0x0110)];
    check((0x1209, 0xDB42), &descriptors, DfuMode::Dfu, Some(0x0110));
}

#[test]
fn an_openmoko_has_no_functional_descriptor() {
    check((0x1D50, 0x5119), &[&dfu(0, 0, 2)], DfuMode::Dfu, None);
}

#[test]
fn a_betaflight_application_has_its_runtime_interface_beside_a_serial_port() {
    let descriptors: [&[u8]; 3] = [&CDC, &dfu(2, 0, 1), &functional(0x0B, 0x011A)];
    let found = device((0x0483, 0x5740), &descriptors).expect("a DFU interface");
    assert_eq!((found.mode, found.interface), (DfuMode::Runtime, 2));
}

/// Some have it as an alternate setting of another class' interface.
#[test]
fn a_runtime_interface_at_an_alternate_setting_is_found_under_its_number() {
    let audio = [9, 4, 1, 0, 0, 1, 2, 0, 0];
    let descriptors: [&[u8]; 4] = [&CDC, &audio, &dfu(1, 3, 1), &functional(0x0B, 0x0110)];
    let found = device((0x20B1, 0x0008), &descriptors).expect("a DFU interface");
    assert_eq!((found.mode, found.interface), (DfuMode::Runtime, 1));
    let settings: Vec<u8> = found.alternate_settings.iter().map(|s| s.number).collect();
    assert_eq!(settings, [3]);
}

#[test]
fn an_atmega32u4_in_flip_is_not_in_dfu_mode_whatever_its_protocol_says() {
    for protocol in 0..=2 {
        check(
            (0x03EB, 0x2FF4),
            &[&dfu(0, 0, protocol)],
            DfuMode::Flip,
            None,
        );
    }
    let vendor_specific = [9, 4, 0, 0, 0, 0, 0, 0, 0];
    check((0x03EB, 0x2FFB), &[&vendor_specific], DfuMode::Flip, None);
    // Atmel's other ids are DFU.
    for product_id in [0x2FEF, 0x3000] {
        check((0x03EB, product_id), &[&dfu(0, 0, 2)], DfuMode::Dfu, None);
    }
}

#[test]
fn a_protocol_that_dfu_does_not_have_is_kept_as_it_is() {
    let descriptors: [&[u8]; 2] = [&dfu(0, 0, 3), &functional(0x0B, 0x0110)];
    check(
        (0x1234, 0x5678),
        &descriptors,
        DfuMode::Unknown(3),
        Some(0x0110),
    );
}

#[test]
fn a_device_with_a_runtime_interface_and_one_in_dfu_mode_is_in_dfu_mode() {
    let interfaces = [dfu(0, 0, 1), dfu(1, 0, 2), functional(0x0B, 0x011A)];
    let found = device((0x0483, 0xDF11), &[interfaces.as_flattened()]).expect("a DFU interface");
    assert_eq!((found.mode, found.interface), (DfuMode::Dfu, 1));
}

#[test]
fn a_keyboard_has_no_dfu_interface() {
    assert_eq!(
        device((0x046D, 0xC31C), &[&[9, 4, 0, 0, 0, 3, 1, 1, 0]]),
        None
    );
    // Class FE has other subclasses: 2 is IrDA.
    assert_eq!(
        device((0x046D, 0xC31C), &[&[9, 4, 0, 0, 0, 0xFE, 2, 0, 0]]),
        None
    );
}

#[test]
fn the_functional_descriptor_may_stand_before_the_interface() {
    let descriptors: [&[u8]; 2] = [&functional(0x0B, 0x011A), &dfu(0, 0, 2)];
    check((0x0483, 0xDF11), &descriptors, DfuMode::Dfu, Some(0x011A));
}

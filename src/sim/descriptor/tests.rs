//! Descriptors, byte for byte as real boards have them.

use super::super::{app, board};
use super::*;

/// The same of a board's application.
fn application(app: &str, value: u16) -> Option<Vec<u8>> {
    let board = board::find("f405").expect("known board");
    let description = SelfDescription {
        board,
        app: app::find(app),
        quirks: &Quirks::new(board.quirks),
        serial: board.serial,
        strings: &BTreeMap::new(),
        program: Program::Application,
    };
    description.descriptor(value)
}

fn get(name: &str, value: u16) -> Option<Vec<u8>> {
    let board = board::find(name).expect("known board");
    let description = SelfDescription {
        board,
        app: None,
        quirks: &Quirks::new(board.quirks),
        serial: board.serial,
        strings: &BTreeMap::new(),
        program: Program::Bootloader,
    };
    description.descriptor(value)
}

/// Written out from lsusb -v of an F4 in its ROM: bcdUSB 1.00, packets of 64, 0483:df11, 22.00, strings 1, 2, 3.
#[test]
fn the_device_descriptor_of_an_f405_is_that_of_the_rom() {
    let expected = [
        0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 0x01,
        0x02, 0x03, 0x01,
    ];
    assert_eq!(get("f405", 0x0100).expect("present"), expected);
}

/// Written out from lsusb -v of an F4 in its ROM: 54 bytes in all, self-powered, 100 mA, four alternate settings,
/// one functional descriptor after the last.
#[test]
fn the_configuration_descriptor_of_an_f405_is_that_of_the_rom() {
    let expected = [
        [0x09, 0x02, 0x36, 0x00, 0x01, 0x01, 0x00, 0xC0, 0x32],
        [0x09, 0x04, 0x00, 0x00, 0x00, 0xFE, 0x01, 0x02, 0x04],
        [0x09, 0x04, 0x00, 0x01, 0x00, 0xFE, 0x01, 0x02, 0x05],
        [0x09, 0x04, 0x00, 0x02, 0x00, 0xFE, 0x01, 0x02, 0x06],
        [0x09, 0x04, 0x00, 0x03, 0x00, 0xFE, 0x01, 0x02, 0x07],
        [0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01],
    ];
    assert_eq!(get("f405", 0x0200).expect("present"), expected.concat());
}

/// Written out from mboot's source: one alternate setting, 0x1B bytes in all.
#[test]
fn the_configuration_descriptor_of_mboot_is_the_one_in_its_source() {
    let expected = b"\x09\x02\x1b\x00\x01\x01\x00\xc0\x32\
        \x09\x04\x00\x00\x00\xfe\x01\x02\x04\
        \x09\x21\x0b\xff\x00\x00\x08\x1a\x01";
    assert_eq!(get("mboot", 0x0200).expect("present"), expected);
}

#[test]
fn a_functional_descriptor_can_stand_after_each_alternate_setting() {
    let configuration = get("gd32vf103", 0x0200).expect("present");
    let kinds: Vec<u8> = configuration.chunks(9).map(|bytes| bytes[1]).collect();
    assert_eq!(kinds, [2, 4, 0x21, 4, 0x21]);
    assert_eq!(configuration[2], 45);
}

#[test]
fn strings_are_utf_16_and_string_0_is_the_language() {
    assert_eq!(get("f405", 0x0300).expect("present"), [4, 3, 0x09, 0x04]);
    assert_eq!(
        get("f405", 0x0303).expect("present"),
        b"\x1a\x033\x003\x006\x001\x003\x003\x006\x006\x003\x004\x003\x003\x00"
    );
    let layout = get("f405", 0x0307).expect("present");
    assert_eq!(layout[..6], [72, 3, b'@', 0, b'D', 0]);
    assert_eq!(get("f405", 0x0308), None);
}

#[test]
fn a_gd32_spells_its_serial_in_eight_bit_characters() {
    assert_eq!(get("gd32vf103", 0x0303).expect("present"), b"\x06\x033CBJ");
}

#[test]
fn the_functional_descriptor_can_be_asked_for_by_itself() {
    assert_eq!(
        get("h743", 0x2100).expect("present"),
        [0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x04, 0x1A, 0x01]
    );
}

#[test]
fn a_full_speed_device_has_no_qualifier_and_no_other_configuration() {
    for value in [0x0600, 0x0201, 0x0F00, 0x0101] {
        assert_eq!(get("f405", value), None, "{value:#06x}");
    }
}

/// Written out from Zephyr's source (`dfu_mode_desc`): two alternate settings, a functional descriptor after both.
#[test]
fn the_configuration_descriptor_of_a_zephyr_is_the_one_in_its_source() {
    let expected = [
        [0x09, 0x02, 0x24, 0x00, 0x01, 0x01, 0x00, 0xC0, 0x32],
        [0x09, 0x04, 0x00, 0x00, 0x00, 0xFE, 0x01, 0x02, 0x04],
        [0x09, 0x04, 0x00, 0x01, 0x00, 0xFE, 0x01, 0x02, 0x05],
        [0x09, 0x21, 0x07, 0xFF, 0x00, 0x80, 0x00, 0x10, 0x01],
    ];
    assert_eq!(get("zephyr", 0x0200).expect("present"), expected.concat());
}

/// Ids, bcdDevice and the rest as a host reads them out of the bytes: `bInterfaceProtocol`, alternate settings, and of
/// the functional descriptor bmAttributes, wDetachTimeOut, wTransferSize and bcdDFUVersion.
#[test]
fn what_boards_without_dfuse_say_of_themselves_can_be_read_out_of_the_bytes() {
    use crate::usb::descriptor::Descriptors;
    type Functional = Option<(u8, u16, u16, u16)>;
    let check = |name, ids, protocol, settings: usize, functional: Functional| {
        let device = get(name, 0x0100).expect("present");
        let configuration = get(name, 0x0200).expect("present");
        let said = Descriptors::parse(&device, &configuration).expect("descriptors");
        assert_eq!((said.vendor_id, said.product_id), ids, "{name}");
        assert_eq!(said.interfaces.len(), settings, "{name}");
        for interface in &said.interfaces {
            assert_eq!(interface.class, [0xFE, 0x01, protocol], "{name}");
            assert_eq!(interface.number, 0, "{name}");
        }
        let last = &said.interfaces[settings - 1].extra;
        let expected = functional.map(|(attributes, timeout, size, version)| {
            let [t0, t1] = u16::to_le_bytes(timeout);
            let [s0, s1] = u16::to_le_bytes(size);
            let [v0, v1] = u16::to_le_bytes(version);
            vec![9, 0x21, attributes, t0, t1, s0, s1, v0, v1]
        });
        assert_eq!(last, &expected.unwrap_or_default(), "{name}");
    };
    let v10 = |attributes, size| Some((attributes, 255, size, 0x0100));
    let v11 = |attributes, size| Some((attributes, 255, size, 0x0110));
    let timed = |attributes, timeout, size| Some((attributes, timeout, size, 0x0110));
    check("dapboot", (0x1209, 0xDB42), 2, 1, v11(0x0B, 1024));
    check("embassy", (0xC0DE, 0xCAFE), 2, 1, timed(0x01, 2500, 4096));
    check(
        "embassy-0.2",
        (0xC0DE, 0xCAFE),
        2,
        1,
        timed(0x09, 2500, 4096),
    );
    check("esp32s2", (0x303A, 0x0002), 2, 1, v11(0x09, 4096));
    let fomu = Some((0x0D, 255, 1024, 0x0101));
    check("fomu", (0x1209, 0x5BF0), 2, 1, fomu);
    check("jabra", (0x0B0E, 0x0411), 0, 1, v10(0x01, 64));
    check("lpc", (0x1FC9, 0x000C), 1, 1, v10(0x01, 2048));
    check("maple", (0x1EAF, 0x0003), 2, 3, v10(0x03, 1024));
    check("mcuboot", (0x2FE3, 0x0100), 2, 1, v11(0x03, 128));
    check("openmoko", (0x1D50, 0x5119), 2, 6, None);
    check("pluto", (0x0456, 0xB674), 2, 4, timed(0x0F, 0, 4096));
    check("simtrace", (0x16C0, 0x0762), 2, 1, None);
    check("tinyusb", (0xCAFE, 0x4000), 2, 2, timed(0x03, 1000, 512));
    check("ubertooth", (0x1D50, 0x6003), 2, 1, v10(0x07, 256));
    check("uboot", (0x0451, 0xD022), 2, 3, timed(0x0F, 0, 4096));
    check("xmos", (0x20B1, 0x0008), 2, 2, v11(0x07, 64));
    check("zephyr", (0x2FE3, 0xFFFF), 2, 2, v11(0x07, 128));
}

/// Written out from Klipper's source (`cdc_device_descriptor`, `cdc_config_descriptor`), for 1d50:614e.
#[test]
fn the_descriptors_of_klipper_are_those_in_its_source() {
    let device = b"\x12\x01\x00\x02\x02\x00\x00\x10\x50\x1d\x4e\x61\x00\x01\x01\x02\x03\x01";
    assert_eq!(application("klipper", 0x0100).expect("present"), device);
    let configuration = b"\x09\x02\x3e\x00\x02\x01\x00\xc0\x32\
        \x09\x04\x00\x00\x01\x02\x02\x01\x00\
        \x05\x24\x00\x10\x01\
        \x04\x24\x02\x06\
        \x05\x24\x06\x00\x01\
        \x07\x05\x83\x03\x08\x00\xff\
        \x09\x04\x01\x00\x02\x0a\x00\x00\x00\
        \x07\x05\x02\x02\x40\x00\x00\
        \x07\x05\x81\x02\x40\x00\x00";
    assert_eq!(
        application("klipper", 0x0200).expect("present"),
        configuration
    );
}

/// Written out from MicroPython's source (`USBD_SetVIDPIDRelease`, `cdc_template_config_desc`): 67 bytes in all.
#[test]
fn the_descriptors_of_micropython_are_those_in_its_source() {
    let device = b"\x12\x01\x00\x02\x02\x00\x00\x40\x55\xf0\x02\x98\x00\x02\x01\x02\x03\x01";
    assert_eq!(application("micropython", 0x0100).expect("present"), device);
    let configuration = b"\x09\x02\x43\x00\x02\x01\x00\x80\xfa\
        \x09\x04\x00\x00\x01\x02\x02\x01\x00\
        \x05\x24\x00\x10\x01\
        \x05\x24\x01\x00\x01\
        \x04\x24\x02\x02\
        \x05\x24\x06\x00\x01\
        \x07\x05\x82\x03\x08\x00\x20\
        \x09\x04\x01\x00\x02\x0a\x00\x00\x00\
        \x07\x05\x03\x02\x40\x00\x00\
        \x07\x05\x83\x02\x40\x00\x00";
    assert_eq!(
        application("micropython", 0x0200).expect("present"),
        configuration
    );
    // As ST's ROMs have it.
    assert_eq!(application("micropython", 0x0303), get("f405", 0x0303));
}

/// Written out from TinyUSB's templates, TUD_CDC_DESCRIPTOR and TUD_DFU_RT_DESCRIPTOR.
#[test]
fn the_descriptors_of_tinyusb_are_those_of_its_templates() {
    let device = b"\x12\x01\x00\x02\xef\x02\x01\x40\xfe\xca\x01\x40\x00\x01\x01\x02\x03\x01";
    assert_eq!(application("tinyusb", 0x0100).expect("present"), device);
    let configuration = b"\x09\x02\x5d\x00\x03\x01\x00\x80\x32\
        \x08\x0b\x00\x02\x02\x02\x00\x00\
        \x09\x04\x00\x00\x01\x02\x02\x00\x00\
        \x05\x24\x00\x20\x01\
        \x05\x24\x01\x00\x01\
        \x04\x24\x02\x06\
        \x05\x24\x06\x00\x01\
        \x07\x05\x81\x03\x08\x00\x10\
        \x09\x04\x01\x00\x02\x0a\x00\x00\x00\
        \x07\x05\x02\x02\x40\x00\x00\
        \x07\x05\x82\x02\x40\x00\x00\
        \x09\x04\x02\x00\x00\xfe\x01\x01\x04\
        \x09\x21\x0d\xe8\x03\x00\x10\x01\x01";
    assert_eq!(
        application("tinyusb", 0x0200).expect("present"),
        configuration
    );
    // All 24 digits of the chip's id.
    assert_eq!(
        application("tinyusb", 0x0303).expect("present")[0],
        2 + 2 * 24
    );
}

#[test]
fn the_other_bootloader_is_a_mass_storage_device_without_dfu() {
    let board = board::find("f405").expect("known board");
    let description = SelfDescription {
        board,
        app: None,
        quirks: &Quirks::default(),
        serial: board.serial,
        strings: &BTreeMap::new(),
        program: Program::Other,
    };
    let configuration = b"\x09\x02\x20\x00\x01\x01\x00\xc0\x32\
        \x09\x04\x00\x00\x02\x08\x06\x50\x00\
        \x07\x05\x81\x02\x40\x00\x00\
        \x07\x05\x01\x02\x40\x00\x00";
    assert_eq!(description.configuration(), configuration);
    assert_eq!(description.dfu_interface(), None);
    assert_eq!(description.descriptor(0x0304), None);
}

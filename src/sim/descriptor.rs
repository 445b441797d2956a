//! What a board answers to GET_DESCRIPTOR.

use super::board::{Board, FunctionalDescriptorPlace, SerialCharacters};
use crate::dfuse::protocol::DFUSE_VERSION;
use crate::usb::descriptor::{DFU_FUNCTIONAL, STRING};

/// Descriptor type DEVICE (USB 2.0, table 9-5).
const DEVICE: u8 = 1;
/// Descriptor type CONFIGURATION.
const CONFIGURATION: u8 = 2;
/// Descriptor type INTERFACE.
const INTERFACE: u8 = 4;

/// `bConfigurationValue` of the only configuration.
pub const CONFIGURATION_VALUE: u8 = 1;
/// `bInterfaceNumber` of the only interface.
pub const INTERFACE_NUMBER: u8 = 0;
/// `bInterfaceClass`, `bInterfaceSubClass`, `bInterfaceProtocol` of a DFU interface in DFU mode (DFU 1.1 §4.2.3).
pub const INTERFACE_CLASS: [u8; 3] = [0xFE, 0x01, 0x02];
/// `iProduct`.
pub const PRODUCT_INDEX: u8 = 2;
/// `iSerialNumber`.
pub const SERIAL_INDEX: u8 = 3;
/// `iManufacturer`.
const MANUFACTURER_INDEX: u8 = 1;
/// `iInterface` of alternate setting 0; the others follow.
const FIRST_INTERFACE_INDEX: u8 = 4;

/// The descriptor that `wValue` of a GET_DESCRIPTOR asks for, whole; `None` where the board has no such.
pub fn descriptor(board: &Board, serial: &str, value: u16) -> Option<Vec<u8>> {
    let [kind, index] = value.to_be_bytes();
    match (kind, index) {
        (DEVICE, 0) => Some(device(board)),
        (CONFIGURATION, 0) => Some(configuration(board)),
        (STRING, 0) => Some(vec![4, STRING, 0x09, 0x04]),
        (STRING, index) => string(board, serial, index),
        (DFU_FUNCTIONAL, 0) => Some(functional(board).to_vec()),
        _ => None,
    }
}

/// The numbers of the alternate settings, each with its `iInterface`.
pub fn alternate_settings(board: &Board) -> impl Iterator<Item = (u8, u8)> {
    (0..)
        .zip(FIRST_INTERFACE_INDEX..)
        .take(board.memories.len())
}

/// The configuration descriptor with all that belongs to it (USB 2.0 §9.6.3).
pub fn configuration(board: &Board) -> Vec<u8> {
    let mut behind = Vec::new();
    let count = board.memories.len();
    for (position, (number, string_index)) in (1..).zip(alternate_settings(board)) {
        behind.extend([9, INTERFACE, INTERFACE_NUMBER, number, 0]);
        behind.extend(INTERFACE_CLASS);
        behind.push(string_index);
        if position == count || board.functional_descriptor == FunctionalDescriptorPlace::BehindEach
        {
            behind.extend(functional(board));
        }
    }
    let total_length =
        u16::try_from(9 + behind.len()).expect("a board has a handful of alternate settings");
    let [low, high] = total_length.to_le_bytes();
    // One interface, no string, self-powered, 100 mA.
    let mut bytes = vec![
        9,
        CONFIGURATION,
        low,
        high,
        1,
        CONFIGURATION_VALUE,
        0,
        0xC0,
        50,
    ];
    bytes.extend(behind);
    bytes
}

fn device(board: &Board) -> Vec<u8> {
    let mut bytes = vec![18, DEVICE];
    bytes.extend(board.usb_release.to_le_bytes());
    // Class, subclass and protocol are told by the interface.
    bytes.extend([0, 0, 0, board.max_packet_size0]);
    bytes.extend(board.vendor_id.to_le_bytes());
    bytes.extend(board.product_id.to_le_bytes());
    bytes.extend(board.device_release.to_le_bytes());
    bytes.extend([MANUFACTURER_INDEX, PRODUCT_INDEX, SERIAL_INDEX, 1]);
    bytes
}

fn functional(board: &Board) -> [u8; 9] {
    let [size_low, size_high] = board.transfer_size.to_le_bytes();
    let [version_low, version_high] = DFUSE_VERSION.to_le_bytes();
    [
        9,
        DFU_FUNCTIONAL,
        board.attributes,
        // wDetachTimeOut: 255 ms.
        0xFF,
        0x00,
        size_low,
        size_high,
        version_low,
        version_high,
    ]
}

fn string(board: &Board, serial: &str, index: u8) -> Option<Vec<u8>> {
    let text = match index {
        MANUFACTURER_INDEX => board.manufacturer,
        PRODUCT_INDEX => board.product,
        SERIAL_INDEX => serial,
        _ => {
            let alternate_setting = index.checked_sub(FIRST_INTERFACE_INDEX)?;
            board.memories.get(usize::from(alternate_setting))?.layout
        }
    };
    let eight_bit = index == SERIAL_INDEX && board.serial_characters == SerialCharacters::EightBit;
    let characters: Vec<u8> = if eight_bit {
        text.bytes().collect()
    } else {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let length = u8::try_from(2 + characters.len())
        .expect("strings are checked to have 126 characters at most");
    let mut bytes = vec![length, STRING];
    bytes.extend(characters);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::board;
    use super::*;

    fn get(name: &str, value: u16) -> Option<Vec<u8>> {
        let board = board::find(name).expect("known board");
        descriptor(board, board.serial, value)
    }

    /// Written out from lsusb -v of an F4 in its ROM: bcdUSB 1.00, packets of 64, 0483:df11, 22.00, strings 1, 2, 3.
    #[test]
    fn the_device_descriptor_of_an_f405_is_that_of_the_rom() {
        let expected = [
            0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22,
            0x01, 0x02, 0x03, 0x01,
        ];
        assert_eq!(get("f405", 0x0100).expect("present"), expected);
    }

    /// Written out from lsusb -v of an F4 in its ROM: 54 bytes in all, self-powered, 100 mA, four alternate settings,
    /// one functional descriptor behind the last.
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
    fn a_functional_descriptor_can_stand_behind_each_alternate_setting() {
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
}

//! Descriptors: bytes → values.

use std::time::Duration;

use super::{ControlRequest, Transport, UsbError};

/// `bRequest` GET_DESCRIPTOR (USB 2.0, table 9-4).
pub const GET_DESCRIPTOR: u8 = 6;
/// Descriptor type STRING (USB 2.0, table 9-5).
pub const STRING: u8 = 3;
/// Descriptor type DFU FUNCTIONAL (DFU 1.1, table 4.2).
pub const DFU_FUNCTIONAL: u8 = 0x21;
/// `bmRequestType` of a standard request to the device that returns data.
const STANDARD_FROM_DEVICE: u8 = 0x80;
/// Language identifier "English (United States)", the one that every known ROM has.
const ENGLISH: u16 = 0x0409;
/// Descriptors need no work from the device, but a busy bootloader answers late.
const DESCRIPTOR_TIMEOUT: Duration = Duration::from_secs(2);

/// A device's descriptor and those of one configuration, as far as they matter for DFU (USB 2.0 §9.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptors {
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bMaxPacketSize0`.
    pub max_packet_size0: u8,
    /// `iProduct`.
    pub product_index: u8,
    /// `iSerialNumber`.
    pub serial_index: u8,
    /// Every alternate setting of every interface.
    pub interfaces: Vec<InterfaceDescriptor>,
    /// What stands between the configuration and its first interface.
    pub extra: Vec<u8>,
}

/// One alternate setting of one interface (USB 2.0 §9.6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceDescriptor {
    /// `bInterfaceNumber`.
    pub number: u8,
    /// `bAlternateSetting`.
    pub alternate_setting: u8,
    /// `bInterfaceClass`, `bInterfaceSubClass` and `bInterfaceProtocol`.
    pub class: [u8; 3],
    /// `iInterface`.
    pub string_index: u8,
    /// What stands after it, up to the next one.
    pub extra: Vec<u8>,
}

impl InterfaceDescriptor {
    /// Whether it is of DFU's class, whatever its protocol (DFU 1.1 §4.1.2, §4.2.3).
    pub fn is_dfu(&self) -> bool {
        self.class[..2] == [0xFE, 0x01]
    }
}

impl Descriptors {
    /// Descriptor types DEVICE, CONFIGURATION and INTERFACE (USB 2.0, table 9-5).
    const DEVICE: u8 = 1;
    const CONFIGURATION: u8 = 2;
    const INTERFACE: u8 = 4;

    /// Reads a device descriptor and a configuration descriptor with all that belongs to it. `None` where one of them
    /// is none; a length that lies ends the search for interfaces.
    pub fn parse(device: &[u8], configuration: &[u8]) -> Option<Self> {
        let device: &[u8; 18] = device.first_chunk()?;
        let word = |at: usize| u16::from_le_bytes([device[at], device[at + 1]]);
        if device[1] != Self::DEVICE {
            return None;
        }
        let mut said = Self {
            vendor_id: word(8),
            product_id: word(10),
            max_packet_size0: device[7],
            product_index: device[15],
            serial_index: device[16],
            interfaces: Vec::new(),
            extra: Vec::new(),
        };
        let mut rest = configuration;
        let mut is_configuration = false;
        while let [length, kind, ..] = *rest {
            let length = usize::from(length);
            let Some(bytes) = rest.get(..length).filter(|bytes| bytes.len() >= 2) else {
                break;
            };
            is_configuration |= kind == Self::CONFIGURATION;
            said.push(kind, bytes);
            rest = &rest[length..];
        }
        is_configuration.then_some(said)
    }

    fn push(&mut self, kind: u8, bytes: &[u8]) {
        let interface = match *bytes {
            [
                _,
                Self::INTERFACE,
                number,
                alternate_setting,
                _,
                c,
                s,
                p,
                string_index,
                ..,
            ] => Some(InterfaceDescriptor {
                number,
                alternate_setting,
                class: [c, s, p],
                string_index,
                extra: Vec::new(),
            }),
            _ => None,
        };
        match (interface, self.interfaces.last_mut()) {
            (Some(interface), _) => self.interfaces.push(interface),
            (None, Some(last)) => last.extra.extend(bytes),
            (None, None) if kind == Self::CONFIGURATION => {}
            (None, None) => self.extra.extend(bytes),
        }
    }

    /// Whether the configuration has a single interface, however many alternate settings it has.
    pub fn has_one_interface(&self) -> bool {
        self.interfaces
            .windows(2)
            .all(|pair| pair[0].number == pair[1].number)
    }
}

/// The DFU functional descriptor (DFU 1.1 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DfuFunctionalDescriptor {
    /// `bmAttributes`: bit 0 download, 1 upload, 2 manifestation tolerant, 3 will detach.
    #[doc(alias = "bmAttributes")]
    pub attributes: u8,
    /// `wDetachTimeOut`, in milliseconds.
    #[doc(alias = "wDetachTimeOut")]
    pub detach_timeout: u16,
    /// `wTransferSize` as the device says it, in bytes; may be nonsense, see [`usable_transfer_size`].
    #[doc(alias = "wTransferSize")]
    pub transfer_size: u16,
    /// `bcdDFUVersion`; 0x0100 where the descriptor ends before it (DFU 1.0).
    #[doc(alias = "bcdDFUVersion")]
    pub dfu_version: u16,
}

impl DfuFunctionalDescriptor {
    const CAN_UPLOAD: u8 = 1 << 1;
    const WILL_DETACH: u8 = 1 << 3;

    /// Whether it leaves the bus by itself after DETACH, without a reset by the host.
    pub fn will_detach(&self) -> bool {
        self.attributes & Self::WILL_DETACH != 0
    }

    /// Whether flash can be read back.
    pub fn can_upload(&self) -> bool {
        self.attributes & Self::CAN_UPLOAD != 0
    }

    /// Finds the descriptor among the extra bytes of a configuration or interface descriptor, whatever stands
    /// before it. `None` where there is none, or a length in the way is a lie.
    pub fn find(extra: &[u8]) -> Option<Self> {
        let mut rest = extra;
        while let [length, kind, ..] = *rest {
            let descriptor = rest.get(..usize::from(length)).filter(|d| d.len() >= 2)?;
            let functional = Self::from_bytes(descriptor).filter(|_| kind == DFU_FUNCTIONAL);
            if functional.is_some() {
                return functional;
            }
            rest = &rest[descriptor.len()..];
        }
        None
    }

    /// Reads 9 bytes (DFU 1.1), or 7 (DFU 1.0, without a version).
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[_, _, attributes, t0, t1, s0, s1] = bytes.first_chunk()?;
        Some(Self {
            attributes,
            detach_timeout: u16::from_le_bytes([t0, t1]),
            transfer_size: u16::from_le_bytes([s0, s1]),
            dfu_version: match bytes.get(7..9) {
                Some(&[v0, v1]) => u16::from_le_bytes([v0, v1]),
                _ => 0x0100,
            },
        })
    }
}

/// The block size to use for a `wTransferSize`, in bytes. 0 and 0xFFFF stand in real descriptors and mean nothing:
/// 1024 then. Linux' usbfs carries at most 4096, and a block is never smaller than a packet.
pub fn usable_transfer_size(transfer_size: u16, max_packet_size0: u8) -> u16 {
    match transfer_size {
        0 | 0xFFFF => 1024,
        size => size.min(4096).max(u16::from(max_packet_size0)),
    }
}

/// Reads a string by a raw control transfer, because ROMs send strings that libusb's own reader refuses: shorter
/// than they say (F42x/F43x), with garbage behind, or in eight-bit characters (GD32).
/// `None` for index 0.
///
/// # Errors
/// What the last of a few attempts ended in; a string that can't be decoded is no error.
pub fn read_string(transport: &mut dyn Transport, index: u8) -> Result<Option<String>, UsbError> {
    if index == 0 {
        return Ok(None);
    }
    const ATTEMPTS: u32 = 3;
    let mut buffer = [0; 255];
    let mut language = ENGLISH;
    let mut outcome = read_raw(transport, index, language, &mut buffer);
    for _ in 1..ATTEMPTS {
        match &outcome {
            // It may have no English strings: string 0 lists the languages that it has.
            Err(UsbError::Stall) => {
                let listed = read_raw(transport, 0, 0, &mut buffer).ok();
                if let Some(&[_, _, low, high]) =
                    listed.and_then(|length| buffer[..length].first_chunk())
                {
                    language = u16::from_le_bytes([low, high]);
                }
            }
            Err(UsbError::Timeout | UsbError::Io) => {}
            _ => break,
        }
        outcome = read_raw(transport, index, language, &mut buffer);
    }
    outcome.map(|length| Some(decode_string(&buffer[..length])))
}

fn read_raw(
    transport: &mut dyn Transport,
    index: u8,
    language: u16,
    buffer: &mut [u8],
) -> Result<usize, UsbError> {
    let request = ControlRequest {
        request_type: STANDARD_FROM_DEVICE,
        request: GET_DESCRIPTOR,
        value: u16::from_be_bytes([STRING, index]),
        index: language,
    };
    transport.control_in(request, buffer, DESCRIPTOR_TIMEOUT)
}

/// Decodes a string descriptor as far as it makes sense: `bLength` clamped to what arrived, up to the first NUL,
/// anything that is no UTF-16 replaced.
pub fn decode_string(descriptor: &[u8]) -> String {
    let declared = descriptor.first().map_or(0, |&length| usize::from(length));
    let text = descriptor
        .get(2..declared.min(descriptor.len()))
        .unwrap_or(&[]);
    // UTF-16 has a zero in every other byte of an ASCII text, so one without any is eight-bit text: GD32 serials.
    let eight_bit = !text.is_empty() && text.iter().all(|byte| matches!(byte, 0x20..=0x7E));
    let decoded = if eight_bit {
        String::from_utf8_lossy(text).into_owned()
    } else {
        let units: Vec<u16> = text
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match decoded.split_once('\0') {
        Some((before, _)) => before.to_owned(),
        None => decoded,
    }
}

#[cfg(test)]
mod reading;

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The functional descriptor of an F405's ROM (lsusb -v).
    const F405_EXTRA: [u8; 9] = [9, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01];

    fn utf16(text: &str) -> Vec<u8> {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut descriptor = vec![u8::try_from(units.len() + 2).expect("short text"), STRING];
        descriptor.extend(units);
        descriptor
    }

    #[test]
    fn the_functional_descriptor_of_an_f405_is_read() {
        let functional = DfuFunctionalDescriptor::find(&F405_EXTRA).expect("present");
        assert_eq!(functional.attributes, 0x0B);
        assert_eq!(functional.detach_timeout, 255);
        assert_eq!(functional.transfer_size, 2048);
        assert_eq!(functional.dfu_version, 0x011A);
        assert!(functional.can_upload());
    }

    #[test]
    fn a_functional_descriptor_of_seven_bytes_is_dfu_1_0() {
        let functional =
            DfuFunctionalDescriptor::find(&[7, 0x21, 0x01, 0, 0, 0, 4]).expect("present");
        assert_eq!(
            (functional.dfu_version, functional.transfer_size),
            (0x0100, 1024)
        );
        assert!(!functional.can_upload());
    }

    #[test]
    fn other_descriptors_before_it_are_passed_over() {
        let mut extra = vec![4, 0x24, 1, 2];
        extra.extend(F405_EXTRA);
        assert!(DfuFunctionalDescriptor::find(&extra).is_some());
    }

    #[test]
    fn lengths_that_lie_end_the_search() {
        for extra in [
            &[][..],
            &[0, 0x21],
            &[1, 0x21, 9],
            &[9, 0x21, 0x0B],
            &[200, 0x24, 1],
            &[2, 0x21],
        ] {
            assert_eq!(DfuFunctionalDescriptor::find(extra), None, "{extra:02x?}");
        }
    }

    #[test]
    fn transfer_sizes_are_made_usable() {
        let check = |declared, packet, expected| {
            assert_eq!(
                usable_transfer_size(declared, packet),
                expected,
                "{declared}"
            );
        };
        check(2048, 64, 2048);
        check(1024, 64, 1024);
        check(256, 64, 256);
        check(4096, 64, 4096);
        check(8192, 64, 4096);
        check(0, 64, 1024);
        check(0xFFFF, 64, 1024);
        check(4, 8, 8);
    }

    #[test]
    fn a_serial_is_decoded() {
        assert_eq!(decode_string(&utf16("336133663433")), "336133663433");
    }

    #[test]
    fn a_string_shorter_than_it_says_is_clamped() {
        let mut descriptor = utf16("@Internal Flash  /0x08000000/04*016Kg");
        descriptor[0] = 166;
        assert_eq!(
            decode_string(&descriptor),
            "@Internal Flash  /0x08000000/04*016Kg"
        );
    }

    #[test]
    fn what_follows_the_declared_length_or_a_nul_is_dropped() {
        let mut descriptor = utf16("AT32");
        descriptor.extend([0x41, 0, 0x42, 0]);
        assert_eq!(decode_string(&descriptor), "AT32");
        assert_eq!(decode_string(&utf16("AT32\0junk")), "AT32");
    }

    #[test]
    fn a_gd32_serial_in_eight_bit_characters_is_decoded() {
        assert_eq!(decode_string(b"\x06\x033CBJ"), "3CBJ");
    }

    #[test]
    fn broken_utf_16_and_stumps_give_what_there_is() {
        assert_eq!(decode_string(&[6, 3, 0x41, 0, 0, 0xD8]), "A\u{FFFD}");
        assert_eq!(decode_string(&[5, 3, 0x41, 0, 0x42]), "A");
        for stump in [&[][..], &[2], &[2, 3], &[0, 3], &[255, 3]] {
            assert_eq!(decode_string(stump), "");
        }
    }

    /// An F405's configuration, whole (lsusb -v): its functional descriptor stands behind the last alternate setting.
    const F405_CONFIGURATION: [u8; 54] = [
        0x09, 0x02, 0x36, 0x00, 0x01, 0x01, 0x00, 0xC0, 0x32, // configuration
        0x09, 0x04, 0x00, 0x00, 0x00, 0xFE, 0x01, 0x02, 0x04, // alternate setting 0
        0x09, 0x04, 0x00, 0x01, 0x00, 0xFE, 0x01, 0x02, 0x05, // 1
        0x09, 0x04, 0x00, 0x02, 0x00, 0xFE, 0x01, 0x02, 0x06, // 2
        0x09, 0x04, 0x00, 0x03, 0x00, 0xFE, 0x01, 0x02, 0x07, // 3
        0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01, // DFU functional
    ];

    /// Its device descriptor (lsusb -v).
    const F405_DEVICE: [u8; 18] = [
        0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 0x01,
        0x02, 0x03, 0x01,
    ];

    #[test]
    fn an_f405_s_descriptors_are_read() {
        let said = Descriptors::parse(&F405_DEVICE, &F405_CONFIGURATION).expect("well-formed");
        assert_eq!((said.vendor_id, said.product_id), (0x0483, 0xDF11));
        assert_eq!(said.max_packet_size0, 64);
        assert_eq!((said.product_index, said.serial_index), (2, 3));
        assert!(said.has_one_interface());
        let settings: Vec<_> = said
            .interfaces
            .iter()
            .map(|setting| {
                (
                    setting.alternate_setting,
                    setting.class,
                    setting.string_index,
                )
            })
            .collect();
        let class = [0xFE, 1, 2];
        assert_eq!(
            settings,
            [(0, class, 4), (1, class, 5), (2, class, 6), (3, class, 7)]
        );
        assert_eq!(said.interfaces[3].extra, F405_EXTRA);
        assert!(said.extra.is_empty());
    }

    #[test]
    fn descriptors_cut_anywhere_have_the_interfaces_before_the_cut() {
        for length in 0..18 {
            assert_eq!(
                Descriptors::parse(&F405_DEVICE[..length], &F405_CONFIGURATION),
                None
            );
        }
        for length in 0..F405_CONFIGURATION.len() {
            let said = Descriptors::parse(&F405_DEVICE, &F405_CONFIGURATION[..length]);
            let interfaces = said.map(|said| said.interfaces.len());
            let expected = (length / 9).checked_sub(1);
            assert_eq!(interfaces, expected, "{length}");
        }
        // A configuration is no device.
        let swapped = Descriptors::parse(&F405_CONFIGURATION, &F405_CONFIGURATION);
        assert_eq!(swapped, None);
    }

    #[test]
    fn a_descriptor_cut_anywhere_is_none() {
        for real in [&F405_CONFIGURATION[..], &F405_EXTRA] {
            assert!(DfuFunctionalDescriptor::find(real).is_some());
            for length in 0..real.len() {
                assert_eq!(
                    DfuFunctionalDescriptor::find(&real[..length]),
                    None,
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn a_string_cut_anywhere_gives_what_came_before_the_cut() {
        let gd32_serial = b"\x06\x033CBJ".to_vec();
        for real in [
            utf16("336133663433"),
            utf16("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"),
            gd32_serial,
        ] {
            let whole = decode_string(&real);
            for length in 0..real.len() {
                let found = decode_string(&real[..length]);
                assert!(whole.starts_with(&found), "{length}: {found:?}");
                // Two bytes a character, and two before the first.
                assert!(found.len() >= length.saturating_sub(2) / 2, "{length}");
            }
        }
    }

    /// Descriptors one behind the other, their lengths right or lies.
    fn descriptors() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![Just(DFU_FUNCTIONAL), Just(4), any::<u8>()];
        let descriptor = (kind, vec(any::<u8>(), 0..12), any::<Option<u8>>());
        vec(descriptor, 0..5).prop_map(|descriptors| {
            let mut bytes = Vec::new();
            for (kind, rest, lie) in descriptors {
                let length = u8::try_from(rest.len() + 2).expect("short");
                bytes.extend([lie.unwrap_or(length), kind]);
                bytes.extend(rest);
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn what_is_found_stands_in_the_bytes_that_were_given(extra in descriptors()) {
            if let Some(found) = DfuFunctionalDescriptor::find(&extra) {
                let [t0, t1] = found.detach_timeout.to_le_bytes();
                let [s0, s1] = found.transfer_size.to_le_bytes();
                let body = [DFU_FUNCTIONAL, found.attributes, t0, t1, s0, s1];
                let stands = (0..extra.len()).any(|start| {
                    let descriptor = &extra[start..];
                    let length = usize::from(descriptor[0]);
                    let whole = (7..=descriptor.len()).contains(&length);
                    whole && descriptor[1..7] == body
                });
                prop_assert!(stands, "{found:?}");
            }
        }

        #[test]
        fn any_bytes_are_read_as_descriptors_to_an_end(
            device in vec(any::<u8>(), 0..20),
            configuration in descriptors(),
        ) {
            let _ = Descriptors::parse(&device, &configuration);
            let _ = Descriptors::parse(&F405_DEVICE, &configuration);
        }

        #[test]
        fn any_bytes_are_searched_to_an_end(extra in vec(any::<u8>(), 0..300)) {
            let _ = DfuFunctionalDescriptor::find(&extra);
        }

        #[test]
        fn what_stands_behind_what_is_found_changes_nothing(
            extra in descriptors(),
            behind in vec(any::<u8>(), 0..20),
        ) {
            if let Some(found) = DfuFunctionalDescriptor::find(&extra) {
                let longer = [extra, behind].concat();
                prop_assert_eq!(DfuFunctionalDescriptor::find(&longer), Some(found));
            }
        }

        #[test]
        fn a_string_has_no_more_characters_than_bytes_and_no_nul(
            // Small bytes make characters of their own, and NULs.
            descriptor in vec(prop_oneof![any::<u8>(), 0_u8..3], 0..300),
        ) {
            let text = decode_string(&descriptor);
            prop_assert!(text.chars().count() <= descriptor.len().saturating_sub(2));
            prop_assert!(!text.contains('\0'));
        }

        #[test]
        fn what_lies_behind_the_declared_length_changes_nothing(
            text in "[ -~]{0,100}",
            behind in vec(any::<u8>(), 0..50),
        ) {
            let descriptor = [utf16(&text), behind].concat();
            prop_assert_eq!(decode_string(&descriptor), text);
        }

        #[test]
        fn every_transfer_size_becomes_one_that_can_be_carried(
            declared in any::<u16>(),
            packet in prop_oneof![Just(8_u8), Just(16), Just(32), Just(64)],
        ) {
            let usable = usable_transfer_size(declared, packet);
            prop_assert!((u16::from(packet)..=4096).contains(&usable));
        }
    }
}

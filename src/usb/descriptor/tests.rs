//! What is read from bytes of named devices, and from bytes that lie.

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
    let functional = DfuFunctionalDescriptor::find(&[7, 0x21, 0x01, 0, 0, 0, 4]).expect("present");
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

/// An F405's configuration, whole (lsusb -v): its functional descriptor stands after the last alternate setting.
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
    0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 0x01, 0x02,
    0x03, 0x01,
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

/// Descriptors one after the other, their lengths right or lies.
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
    fn what_stands_after_what_is_found_changes_nothing(
        extra in descriptors(),
        after in vec(any::<u8>(), 0..20),
    ) {
        if let Some(found) = DfuFunctionalDescriptor::find(&extra) {
            let longer = [extra, after].concat();
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
    fn what_lies_after_the_declared_length_changes_nothing(
        text in "[ -~]{0,100}",
        after in vec(any::<u8>(), 0..50),
    ) {
        let descriptor = [utf16(&text), after].concat();
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

//! The files, byte by byte and as they are read.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::image::{DFU, ImageElement, LoadOptions, load};

const IDS: FileIds = FileIds {
    vendor_id: 0x0483,
    product_id: 0xDF11,
    device_release: 0,
};

fn target(alternate_setting: Option<u8>, elements: &[(u32, &[u8])]) -> ImageTarget {
    ImageTarget {
        alternate_setting,
        name: None,
        elements: elements
            .iter()
            .map(|&(address, data)| ImageElement {
                address,
                data: data.to_vec(),
            })
            .collect(),
    }
}

/// What MicroPython's tools/dfu.py makes of `-b 0x08000000:a.bin -b 0x08004000:b.bin` with 8 bytes in each.
#[test]
fn a_file_is_as_micropythons_maker_writes_it() {
    let expected = [
        &b"DfuSe\x01"[..],
        &[0x3D, 1, 0, 0], // DFUImageSize: 317 = 11 + 274 + 32
        &[1],             // bTargets
        b"Target",
        &[0],          // bAlternateSetting
        &[1, 0, 0, 0], // bTargetNamed
        b"ST...",      // szTargetName, 255 bytes
        &[0; 250],
        &[32, 0, 0, 0],            // dwTargetSize
        &[2, 0, 0, 0],             // dwNbElements
        &[0x00, 0x00, 0x00, 0x08], // dwElementAddress
        &[8, 0, 0, 0],             // dwElementSize
        b"01234567",
        &[0x00, 0x40, 0x00, 0x08],
        &[8, 0, 0, 0],
        b"abcdefgh",
        &[0x00, 0x00],             // bcdDevice
        &[0x11, 0xDF],             // idProduct
        &[0x83, 0x04],             // idVendor
        &[0x1A, 0x01],             // bcdDFU
        b"UFD\x10",                // ucDfuSignature, bLength
        &[0x8B, 0x53, 0x4A, 0xE2], // dwCRC
    ]
    .concat();
    let targets = [target(
        None,
        &[(0x0800_0000, b"01234567"), (0x0800_4000, b"abcdefgh")],
    )];
    assert_eq!(to_dfu(&targets, IDS), Ok(expected));
}

#[test]
fn targets_for_one_memory_are_refused() {
    let twice = [target(Some(0), &[(0, b"a")]), target(None, &[(1, b"b")])];
    assert_eq!(
        to_dfu(&twice, IDS).map_err(|error| error.to_string()),
        Err("two targets would be for alternate setting 0".to_owned())
    );
    let all: Vec<ImageTarget> = (0..=255)
        .map(|number| target(Some(number), &[(0, b"a")]))
        .collect();
    assert_eq!(to_dfu(&all, IDS), Err(WriteError::TooManyTargets));
    assert!(to_dfu(&all[1..], IDS).is_ok());
}

#[test]
fn a_name_that_is_too_long_ends_with_a_whole_character() {
    let check = |given: &str, expected: &str| {
        let named = ImageTarget {
            name: Some(given.to_owned()),
            ..target(None, &[])
        };
        let field = name(&named);
        let end = field.iter().position(|byte| *byte == 0).expect("a NUL");
        assert_eq!(std::str::from_utf8(&field[..end]), Ok(expected));
        assert!(field[end..].iter().all(|byte| *byte == 0));
    };
    check("Flash", "Flash");
    let long = "x".repeat(253);
    check(&format!("{long}yz"), &format!("{long}y"));
    check(&format!("{long}ü"), &long);
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(
        elements in vec((0..1000_u32, vec(any::<u8>(), 1..40)), 1..6),
        alternate_setting in any::<u8>(),
        vendor_id in any::<u16>(),
        device_release in any::<u16>(),
    ) {
        let mut target = target(Some(alternate_setting), &[]);
        target.name = Some("Flash".to_owned());
        let mut next = 0;
        for (gap, data) in elements {
            let address = next + gap;
            next = address + data.len() as u32;
            target.elements.push(ImageElement { address, data });
        }
        let ids = FileIds { vendor_id, product_id: 0xDF11, device_release };
        let bytes = to_dfu(&[target.clone()], ids).expect("one target");
        let image = load(bytes, &LoadOptions::default()).expect("what was written");
        prop_assert_eq!(image.format, &DFU);
        prop_assert_eq!(image.targets, [target]);
        prop_assert_eq!(image.ids, Some(ids));
        prop_assert_eq!(image.warnings.len(), 0);
    }
}

//! Files taken apart and put together.

use super::*;
use crate::image::suffix::DFU_1_1;

const SUFFIX: NewSuffix = NewSuffix {
    dfu_version: DFU_1_1,
    ids: FileIds {
        vendor_id: 0x1FC9,
        product_id: 0x000C,
        device_release: 0x0102,
    },
};

fn bare(firmware: &[u8]) -> Parts {
    Parts {
        prefix: None,
        head: Vec::new(),
        firmware: firmware.to_vec(),
        suffix: Err(NoSuffix::Missing),
    }
}

#[test]
fn what_was_put_together_is_taken_apart_again() {
    let firmware = [0xA5; 600];
    for prefix in [Prefix::Lpc, Prefix::Stellaris { address: 0x8400 }] {
        let parts = bare(&firmware).with_prefix(prefix).expect("small");
        let found = Parts::of(&parts.file(Some(SUFFIX)));
        let suffix = found.suffix.expect("a suffix").into();
        assert_eq!((found.prefix, suffix), (Some(prefix), SUFFIX));
        assert_eq!(found.without_prefix().file(None), firmware);
    }
    assert_eq!(Parts::of(&firmware), bare(&firmware));
}

#[test]
fn an_lpc_header_is_made_anew_with_itself_among_what_it_counts() {
    let sizes = |length: usize| {
        let parts = bare(&vec![0xA5; length]).with_prefix(Prefix::Lpc);
        let parts = parts.expect("small");
        let frames = |parts: &Parts| [parts.head[2], parts.head[3]];
        (frames(&parts), frames(&parts.clone().with_prefix_again()))
    };
    assert_eq!(sizes(496), ([1, 0], [1, 0]));
    assert_eq!(sizes(512), ([1, 0], [2, 0]));
    assert_eq!(sizes(0x2_0000), ([0, 1], [1, 1]));
    // No room for one more.
    assert_eq!(sizes(0xFFFF << 9), ([255, 255], [255, 255]));
}

#[test]
fn an_lpc_header_with_a_hash_stays_as_it_is() {
    let mut file = bare(b"firmware").with_prefix(Prefix::Lpc).expect("small");
    file.head[0] = 0x5A;
    file.head[4..12].copy_from_slice(b"the hash");
    let found = Parts::of(&file.file(None));
    assert_eq!(found.prefix, Some(Prefix::Lpc));
    assert_eq!(found.clone().with_prefix_again(), found);
    // The hash alone.
    file.head[0] = 0x1A;
    assert_eq!(file.clone().with_prefix_again(), file);
}

#[test]
fn why_there_is_no_suffix_is_known() {
    let check = |file: &[u8], expected: NoSuffix, is_damage: bool| {
        let found = Parts::of(file).suffix;
        assert_eq!(found, Err(expected));
        assert_eq!(expected.is_damage(), is_damage);
    };
    check(b"", NoSuffix::TooShort, false);
    check(&[b'U'; 15], NoSuffix::TooShort, false);
    check(&[b'U'; 16], NoSuffix::Missing, false);
    let mut file = bare(b"firmware").file(Some(SUFFIX));
    file[0] ^= 1;
    check(&file, NoSuffix::Checksum, true);
    file[19] = 15;
    check(&file, NoSuffix::Length(15), true);
}

#[test]
fn a_size_is_that_of_nxp_s_header() {
    let parts = bare(&[0xA5; 1537]);
    assert_eq!(parts.lpc_size(), None);
    let parts = parts.with_prefix(Prefix::Lpc).expect("small");
    assert_eq!(parts.lpc_size(), Some(2));
    let other = Prefix::Stellaris { address: 0 };
    let parts = parts.with_prefix(other).expect("small");
    assert_eq!(parts.lpc_size(), None);
}

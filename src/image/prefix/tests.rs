//! The bytes that dfu-prefix of dfu-util 0.11 puts before others.

use super::*;

#[track_caller]
fn check(prefix: Prefix, length: usize, expected: &[u8]) {
    let data = vec![0xA5; length];
    let mut bytes = data.clone();
    prefix.put_before(&mut bytes).expect("nothing to refuse");
    assert_eq!(bytes, [expected, &data].concat(), "{length}");
    assert_eq!(Prefix::of(&bytes), Some(prefix), "{length}");
}

#[test]
fn the_header_of_lpc_counts_units_of_512_bytes() {
    let header = |frames| {
        [
            0x1A, 0x3F, frames, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
        ]
    };
    for (length, frames) in [(1, 1), (512, 1), (513, 2), (1024, 2)] {
        check(Prefix::Lpc, length, &header(frames));
    }
}

#[test]
fn the_command_of_stellaris_has_an_address_in_kib_and_a_length() {
    let prefix = |address| Prefix::Stellaris { address };
    check(prefix(0), 1, &[1, 0, 0, 0, 1, 0, 0, 0]);
    check(prefix(0x8400), 513, &[1, 0, 0x21, 0, 1, 2, 0, 0]);
    check(prefix(0x03FF_FC00), 20, &[1, 0, 255, 255, 20, 0, 0, 0]);
}

#[test]
fn what_a_prefix_cannot_say_is_refused() {
    let check = |prefix: Prefix, length, expected: &str| {
        let error = prefix.put_before(&mut vec![0; length]).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check(
        Prefix::Stellaris { address: 0x2001 },
        9,
        "no prefix before 9 bytes can be for TI's Stellaris, for address 0x00002001",
    );
    check(
        Prefix::Stellaris {
            address: 0x0400_0000,
        },
        9,
        "no prefix before 9 bytes can be for TI's Stellaris, for address 0x04000000",
    );
    check(
        Prefix::Lpc,
        (0xFFFF << 9) + 1,
        "no prefix before 33553921 bytes can be for the ROM of NXP's LPC",
    );
}

#[test]
fn other_bytes_have_no_prefix() {
    let none = |bytes: &[u8]| assert_eq!(Prefix::of(bytes), None, "{bytes:02x?}");
    none(b"");
    none(&[0x1A, 0x3F]);
    // The length is not that of the rest.
    none(&[1, 0, 8, 0, 2, 0, 0, 0, 0xA5]);
    none(&[1, 0, 8, 0, 0, 0, 0, 0]);
    none(&[1, 1, 8, 0, 1, 0, 0, 0, 0xA5]);
    // A vector table.
    none(&[
        0, 0, 2, 0x20, 0xC1, 1, 0, 8, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5,
    ]);
}

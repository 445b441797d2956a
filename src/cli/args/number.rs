//! Numbers, addresses and ranges as people type them.

use crate::address::{ADDRESS_SPACE, AddressRange, RangeRequest};

/// Reads a number: decimal or `0x`, with `_` anywhere between digits, `K` (1024) or `M` (1024²) after it.
pub fn parse_number(text: &str) -> Result<u64, String> {
    let unreadable =
        || format!("{text:?} is not a number; expected one such as 4096, 0x08000000 or 128K");
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1024),
        None => text
            .strip_suffix(['M', 'm'])
            .map_or((text, 1), |digits| (digits, 1024 * 1024)),
    };
    let (digits, radix) = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let plain: String = digits
        .chars()
        .filter(|character| *character != '_')
        .collect();
    if plain.is_empty() || !plain.chars().all(|character| character.is_digit(radix)) {
        return Err(unreadable());
    }
    u64::from_str_radix(&plain, radix)
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| format!("{text:?} is too large"))
}

/// Reads an address of 32 bits.
pub fn parse_address(text: &str) -> Result<u32, String> {
    let number = parse_place(text)?;
    u32::try_from(number)
        .map_err(|_| format!("{text:?} is not an address: it has more than 32 bits"))
}

/// Reads a number that says where. `08000000` is decimal by its letter, and hardly ever meant so: it is asked about.
fn parse_place(text: &str) -> Result<u64, String> {
    let number = parse_number(text)?;
    let significant = text.trim_start_matches('0');
    let is_plain = significant
        .chars()
        .all(|character| character.is_ascii_digit());
    if is_plain && !significant.is_empty() && significant.len() < text.len() {
        return Err(format!(
            "{text:?} could be hexadecimal or decimal: write 0x{text} or {significant}"
        ));
    }
    Ok(number)
}

/// Reads `ADDRESS+SIZE`, `ADDRESS..END` (without END), or a lone address, which means its sector.
pub fn parse_range(text: &str) -> Result<RangeRequest, String> {
    let (address, end) = if let Some((address, size)) = text.split_once('+') {
        let address = parse_address(address)?;
        (
            address,
            u64::from(address).saturating_add(parse_number(size)?),
        )
    } else if let Some((address, end)) = text.split_once("..") {
        (parse_address(address)?, parse_place(end)?)
    } else {
        return parse_address(text)
            .map(RangeRequest::SectorAt)
            .map_err(|error| match text.contains(['-', ':', ',']) {
                true => format!("{text:?} is not a range; expected one such as 0x08000000+128K or 0x08000000..0x08020000"),
                false => error,
            });
    };
    if end <= u64::from(address) {
        return Err(format!("{text:?} is empty"));
    }
    if end > ADDRESS_SPACE {
        return Err(format!("{text:?} goes past the end of the address space"));
    }
    Ok(RangeRequest::Exactly(AddressRange { address, end }))
}

/// An amount of memory, as it is shown everywhere: 40 bytes, 16 KiB, 5.0 KiB, 1 MiB. A point says that it is rounded.
pub fn amount(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        ..KIB => count(bytes, "byte"),
        _ if bytes % MIB == 0 => format!("{} MiB", bytes / MIB),
        _ if bytes < MIB && bytes % KIB == 0 => format!("{} KiB", bytes / KIB),
        _ if bytes < MIB => format!("{:.1} KiB", bytes as f64 / KIB as f64),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

/// A speed in bytes a second, as it is shown everywhere: 117 KiB/s.
pub fn rate(bytes: f64) -> String {
    format!("{:.0} KiB/s", bytes / 1024.0)
}

/// A number and the word for what it counts: 1 byte, 2 bytes.
pub fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal_with_suffixes() {
        let check = |text, expected| assert_eq!(parse_number(text), Ok(expected), "{text}");
        check("0", 0);
        check("4096", 4096);
        check("010", 10);
        check("0x08000000", 0x0800_0000);
        check("0X0800_c000", 0x0800_C000);
        check("1_000", 1000);
        check("128K", 131_072);
        check("128k", 131_072);
        check("2M", 2_097_152);
        check("0x10K", 16_384);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "x", "0x", "K", "_", "-1", "+1", "1.5", "0b1", "12G", "0xGG", " 1", "1e3",
        ] {
            assert!(parse_number(text).is_err(), "{text:?}");
        }
        assert_eq!(
            parse_number("99999999999999999999").unwrap_err(),
            "\"99999999999999999999\" is too large"
        );
        assert!(parse_number("0xFFFFFFFFFFFFFFFFM").is_err());
        assert!(parse_address("0x100000000").is_err());
    }

    #[test]
    fn ranges_have_three_forms() {
        let check = |text, address, end| {
            let expected = RangeRequest::Exactly(AddressRange { address, end });
            assert_eq!(parse_range(text), Ok(expected), "{text}");
        };
        check("0x08000000+128K", 0x0800_0000, 0x0802_0000);
        check("0x08000000..0x08020000", 0x0800_0000, 0x0802_0000);
        check("0xFFFF0000..0x100000000", 0xFFFF_0000, 1 << 32);
        assert_eq!(
            parse_range("0x08004000"),
            Ok(RangeRequest::SectorAt(0x0800_4000))
        );
    }

    #[test]
    fn ranges_that_make_no_sense_are_refused() {
        for text in [
            "0x08000000+0",
            "0x08000000..0x08000000",
            "0x08000000..0x07000000",
            "0xFFFF0000+128K",
            "0x08000000+",
            "..0x08000000",
            "0x08000000...0x08020000",
            "0x08000000-0x08020000",
        ] {
            assert!(parse_range(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_have_one_unit_and_a_point_where_they_are_rounded() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (5123, "5.0 KiB"),
            (131_072, "128 KiB"),
            (393_120, "383.9 KiB"),
            (1 << 20, "1 MiB"),
            (1_572_864, "1.5 MiB"),
            (2_000_000, "1.9 MiB"),
            (1 << 32, "4096 MiB"),
        ] {
            assert_eq!(amount(bytes), expected);
        }
        assert_eq!(rate(119_808.0), "117 KiB/s");
        assert_eq!(rate(100.0), "0 KiB/s");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in prop_oneof![".*", "[0-9a-fxX_kKmM+. -]{0,24}"]) {
            let readable = parse_number(&text);
            if let Err(error) = &readable {
                prop_assert!(error.contains(&format!("{text:?}")), "{error}");
            }
            let address = parse_address(&text);
            prop_assert!(readable.is_ok() || address.is_err());
            match parse_range(&text) {
                Ok(RangeRequest::Exactly(AddressRange { address, end })) => {
                    prop_assert!(u64::from(address) < end && end <= ADDRESS_SPACE);
                }
                Ok(RangeRequest::SectorAt(found)) => prop_assert_eq!(address, Ok(found)),
                Err(_) => prop_assert!(address.is_err()),
            }
        }

        #[test]
        fn every_number_is_read_in_each_of_its_forms(number in any::<u64>(), small in 0_u64..1 << 44) {
            for text in [
                format!("{number}"),
                format!("{number:#x}"),
                format!("0X{number:X}"),
                format!("{number:#018x}").replace("0x", "0x_"),
                format!("{number}_"),
            ] {
                prop_assert_eq!(parse_number(&text), Ok(number), "{}", text);
            }
            prop_assert_eq!(parse_number(&format!("{small}K")), Ok(small * 1024));
            prop_assert_eq!(parse_number(&format!("{small:#x}m")), Ok(small * 1024 * 1024));
        }

        #[test]
        fn a_range_is_taken_where_it_ends_after_its_beginning_and_in_the_address_space(
            address in prop_oneof![any::<u32>(), 0_u32..3],
            end in prop_oneof![
                any::<u32>().prop_map(u64::from),
                0_u64..3,
                (1_u64 << 32) - 2..(1 << 32) + 3,
            ],
        ) {
            let expected = RangeRequest::Exactly(AddressRange { address, end });
            let fits = u64::from(address) < end && end <= 1 << 32;
            prop_assert_eq!(
                parse_range(&format!("{address:#x}..{end:#x}")).ok(),
                fits.then_some(expected)
            );
            if let Some(size) = end.checked_sub(address.into()) {
                prop_assert_eq!(
                    parse_range(&format!("{address}+{size}")).ok(),
                    fits.then_some(expected)
                );
            }
        }
    }
}

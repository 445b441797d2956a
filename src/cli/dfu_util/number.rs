//! Numbers as C's strtol reads them: decimal, hexadecimal after 0x, octal after 0, and less than 0 after a minus.

/// The number that all of a text is; `None` where it is none, or none of 64 bits.
pub fn number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    match text.strip_prefix('-') {
        Some(digits) => positive(digits).map(|number| -number),
        None => positive(text.strip_prefix('+').unwrap_or(text)),
    }
}

fn positive(text: &str) -> Option<i64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    let is_digit = |character: char| character.is_digit(radix);
    match !digits.is_empty() && digits.chars().all(is_digit) {
        true => i64::from_str_radix(digits, radix).ok(),
        false => None,
    }
}

/// The hexadecimal number that a text begins with; `None` where it begins with none.
pub fn leading_hexadecimal(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let end = digits
        .find(|character: char| !character.is_ascii_hexdigit())
        .unwrap_or(digits.len());
    match &digits[..end] {
        "" => None,
        // Too large is as good as the largest: no device has it.
        digits => Some(u64::from_str_radix(digits, 16).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let check =
            |text: &str, expected: Option<i64>| assert_eq!(number(text), expected, "{text}");
        check("0", Some(0));
        check("8", Some(8));
        check("010", Some(8));
        check("0x08000000", Some(0x0800_0000));
        check("134217728", Some(0x0800_0000));
        check("0X1f", Some(31));
        check("-1", Some(-1));
        for text in [
            "",
            "-",
            "--1",
            "+-1",
            "x",
            "0x",
            "08",
            "1k",
            "99999999999999999999",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn ids_are_read_up_to_what_is_no_digit() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(leading_hexadecimal(text), expected, "{text}");
        };
        check("0483:df11", Some(0x0483));
        check("0x0483", Some(0x0483));
        check("df11,", Some(0xDF11));
        check(":df11", None);
        check("", None);
        check("fffffffffffffffffffff", Some(u64::MAX));
    }
}

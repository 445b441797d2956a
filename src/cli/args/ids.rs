//! `--id VID:PID`.

use std::fmt;
use std::str::FromStr;

/// `idVendor` and `idProduct`, as in `0483:df11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    pub vendor_id: u16,
    pub product_id: u16,
}

impl FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(vendor_id, product_id)| {
            Some(Self {
                vendor_id: hexadecimal(vendor_id)?,
                product_id: hexadecimal(product_id)?,
            })
        });
        parsed.ok_or_else(|| "expected two hexadecimal numbers such as 0483:df11".to_owned())
    }
}

/// Reads a hexadecimal number of 16 bits, with `0x` before it or without.
pub fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = digits.unwrap_or(text);
    let valid = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| valid)
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor_id, self.product_id)
    }
}

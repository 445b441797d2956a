//! `-s`: `[ADDRESS][:MODIFIER…]`.

use crate::printable::Printable;

use super::number::number;

/// What `-s` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DfuseAddress {
    /// Where a raw file belongs, where to read, and where to start.
    pub address: Option<u32>,
    /// How much to read, in bytes; not 0.
    pub length: Option<u32>,
    pub leave: bool,
    pub mass_erase: bool,
    pub unprotect: bool,
    pub will_reset: bool,
    pub force: bool,
}

/// Why it isn't understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("Invalid dfuse address: {}", Printable(.0))]
    Address(String),
    #[error("Invalid dfuse modifier: {}", Printable(.0))]
    Modifier(String),
}

impl DfuseAddress {
    /// Reads it. The address comes first, and may be missing; a number after it is a length.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let word = |text: &str| number(text).and_then(|number| u32::try_from(number).ok());
        let (address, modifiers) = text.split_once(':').unwrap_or((text, ""));
        let mut said = Self::default();
        if !address.is_empty() {
            let found = word(address).ok_or_else(|| BadAddress::Address(text.to_owned()))?;
            said.address = Some(found);
        }
        for modifier in modifiers.split(':') {
            match modifier {
                "" => {}
                "leave" => said.leave = true,
                "mass-erase" => said.mass_erase = true,
                "unprotect" => said.unprotect = true,
                "will-reset" => said.will_reset = true,
                "force" => said.force = true,
                length => {
                    let found =
                        word(length).ok_or_else(|| BadAddress::Modifier(length.to_owned()))?;
                    said.length = Some(found).filter(|length| *length != 0);
                }
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_length_and_modifiers_are_read() {
        let check = |text: &str, expected: DfuseAddress| {
            assert_eq!(DfuseAddress::parse(text), Ok(expected), "{text}");
        };
        let none = DfuseAddress::default();
        let flash = DfuseAddress {
            address: Some(0x0800_0000),
            ..none
        };
        check("0x08000000", flash);
        check("", none);
        check("134217728:", flash);
        check(
            "0x08000000:leave",
            DfuseAddress {
                leave: true,
                ..flash
            },
        );
        check(
            "0x8000000:1024:leave",
            DfuseAddress {
                length: Some(1024),
                leave: true,
                ..flash
            },
        );
        check(
            ":leave",
            DfuseAddress {
                leave: true,
                ..none
            },
        );
        check(
            ":mass-erase:force",
            DfuseAddress {
                mass_erase: true,
                force: true,
                ..none
            },
        );
        check(
            ":force:unprotect:will-reset",
            DfuseAddress {
                unprotect: true,
                will_reset: true,
                force: true,
                ..none
            },
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let check = |text: &str, expected: &str| {
            let found = DfuseAddress::parse(text).map_err(|error| error.to_string());
            assert_eq!(found, Err(expected.to_owned()), "{text}");
        };
        check("leave", "Invalid dfuse address: leave");
        check("0x100000000", "Invalid dfuse address: 0x100000000");
        check("0x08000000:fast", "Invalid dfuse modifier: fast");
        check(":leave:-1", "Invalid dfuse modifier: -1");
    }
}

//! Where some of an image lies, as messages say it.

use std::fmt;

use crate::address::AddressRange;

/// Where some of an image lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The memory that has it, by number and name, if the board has one.
    pub memory: Option<(u8, String)>,
    /// From its first byte to its last.
    pub range: AddressRange,
    /// How many bytes there are in between.
    pub bytes: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AddressRange { address, end } = self.range;
        let plural = if self.bytes == 1 { "" } else { "s" };
        write!(
            f,
            "{} byte{plural} at {address:#010x}..{end:#010x} in ",
            self.bytes
        )?;
        match &self.memory {
            Some((number, name)) => write!(f, "alternate setting {number}, {name:?}"),
            None => f.write_str("no memory of this board"),
        }
    }
}

//! Where a simulated board is plugged in: buses of as many ports as a bus has addresses.

use std::fmt;

/// A port of a bus; as text, its path: `1-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// From 1 on.
    pub bus: u8,
    /// From 1 to 126: an address has 7 bits, 0 is that of a device which has none yet, and 1 that of the root hub.
    port: u8,
}

impl Seat {
    const PORTS: u8 = 126;
    /// As many there are.
    pub const COUNT: usize = u8::MAX as usize * Self::PORTS as usize;

    /// All of them: `1-1`, `1-2`, … `1-126`, `2-1`, ….
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=u8::MAX).flat_map(|bus| (1..=Self::PORTS).map(move |port| Self { bus, port }))
    }

    /// The address of a board that has been there from the beginning.
    pub fn first_address(self) -> u8 {
        self.port + 1
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.bus, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_has_126_ports_and_then_comes_the_next() {
        let path = |index| Seat::all().nth(index).map(|seat| seat.to_string());
        let check = |index, expected: Option<&str>| assert_eq!(path(index).as_deref(), expected);
        check(0, Some("1-1"));
        check(125, Some("1-126"));
        check(126, Some("2-1"));
        check(Seat::COUNT - 1, Some("255-126"));
        check(Seat::COUNT, None);
        let highest = Seat::all().map(Seat::first_address).max();
        assert_eq!(highest, Some(127));
    }
}

//! Where simulated boards are plugged in: buses of as many ports as a bus has addresses.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::device::Device;
use super::flash::FlashFileError;
use super::spec::BoardSpec;
use crate::usb::descriptor::Descriptors;
use crate::usb::{DeviceInfo, Place};

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

    /// What the bus tells of a board that is plugged in here: what its descriptors say. `None` without a DFU interface.
    pub fn info(self, device: &Device, address: u8) -> Option<DeviceInfo> {
        let place = Place {
            bus: self.bus,
            address,
            path: self.to_string(),
        };
        let description = device.description();
        let said = Descriptors::parse(&description.device(), &description.configuration())?;
        DeviceInfo::new(place, &said)
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.bus, self.port)
    }
}

/// Why simulated boards can't be made.
#[derive(Debug, Error)]
pub enum SimError {
    /// A flash file can't be used.
    #[error(transparent)]
    FlashFile(#[from] FlashFileError),
    /// More than there are ports for.
    #[error("there can be {} simulated boards at most", Seat::COUNT)]
    TooManyBoards,
}

/// Plugs in the boards that were asked for, in this order. Where the same serial would come twice without having been
/// asked for, the later board gets another.
///
/// # Errors
/// [`SimError`] where a flash file can't be used, or where there are too many boards.
pub fn plug_in(specs: &[BoardSpec]) -> Result<Vec<(Seat, Device)>, SimError> {
    if specs.len() > Seat::COUNT {
        return Err(SimError::TooManyBoards);
    }
    let mut serials: HashSet<String> = specs
        .iter()
        .filter_map(|spec| spec.serial.clone())
        .collect();
    let mut plugged_in = Vec::new();
    for (seat, spec) in Seat::all().zip(specs) {
        let serial = spec.serial.clone().unwrap_or_else(|| {
            let mut serial = spec.board.serial.to_owned();
            while !serials.insert(serial.clone()) {
                serial = next_serial(&serial);
            }
            serial
        });
        let mut device = Device::new(spec, serial);
        if let Some(path) = &spec.flash {
            device.keep_flash_in(path)?;
        }
        plugged_in.push((seat, device));
    }
    Ok(plugged_in)
}

/// The serial after this one: counted up at its end, digits as hexadecimal ones and other letters among themselves.
fn next_serial(serial: &str) -> String {
    let mut characters: Vec<char> = serial.chars().collect();
    for character in characters.iter_mut().rev() {
        let (next, carry) = match *character {
            '9' => ('A', false),
            'F' => ('0', true),
            'Z' => ('G', true),
            digit @ ('0'..='8' | 'A'..='E' | 'G'..='Y') => (char::from(digit as u8 + 1), false),
            other => (other, true),
        };
        *character = next;
        if !carry {
            break;
        }
    }
    characters.into_iter().collect()
}

/// A board in the middle of a request that panicked is still a board.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

//! Where an element of an image lies.

use crate::address::AddressRange;

use super::ImageElement;

impl ImageElement {
    /// Its addresses.
    pub fn range(&self) -> AddressRange {
        AddressRange {
            address: self.address,
            end: self.end(),
        }
    }

    /// The first address, as a number that can be compared with [`ImageElement::end`].
    pub fn start(&self) -> u64 {
        u64::from(self.address)
    }

    /// The address after the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        self.start() + self.data.len() as u64
    }
}

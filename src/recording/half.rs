//! What one packet says of a control transfer: half of it, mostly.

use crate::usb::{ControlRequest, UsbError};

/// Of a control transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// Number of the bus.
    pub bus: u16,
    /// The device's address on that bus.
    pub address: u16,
    /// What its packets have in common.
    pub id: u64,
    pub stage: Stage,
}

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The host begins it.
    Submit {
        request: ControlRequest,
        /// `wLength`
        length: u16,
        /// To the device.
        data: Vec<u8>,
        /// How many bytes of data there were that the packet doesn't have.
        cut: usize,
    },
    /// Data in either direction, in a packet of its own.
    Data {
        data: Vec<u8>,
        /// As of [`Stage::Submit`].
        cut: usize,
    },
    /// It is over.
    Complete {
        /// From the device.
        data: Vec<u8>,
        /// As of [`Stage::Submit`].
        cut: usize,
        outcome: Result<(), UsbError>,
    },
}

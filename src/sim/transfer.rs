//! A control transfer, as a simulated board meets it.

use std::time::Duration;

use crate::usb::ControlRequest;

/// `bRequest` SET_CONFIGURATION (USB 2.0, table 9-4).
pub const SET_CONFIGURATION: u8 = 9;
/// `bRequest` SET_INTERFACE (USB 2.0, table 9-4).
pub const SET_INTERFACE: u8 = 11;

/// A setup packet (USB 2.0 §9.3), whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// All but the length.
    pub request: ControlRequest,
    /// `wLength`: how many bytes of data follow, or are asked for.
    #[doc(alias = "wLength")]
    pub length: u16,
}

/// A bulk or interrupt transfer: its endpoint's number, 1 to 15, and how much the host has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// From the device.
    In {
        /// The endpoint's number.
        number: u8,
        /// In bytes.
        most: usize,
    },
    /// To the device.
    Out {
        /// The endpoint's number.
        number: u8,
    },
}

impl Endpoint {
    /// The bit of `bEndpointAddress` that says IN (USB 2.0, table 9-13).
    const IN: u8 = 0x80;

    /// `bEndpointAddress`
    pub fn address(self) -> u8 {
        match self {
            Self::In { number, .. } => Self::IN | number,
            Self::Out { number } => number,
        }
    }
}

/// What a board answers to a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Bytes to the host, no more than it asked for.
    Data(Vec<u8>),
    /// Request and data were taken.
    Acknowledged,
    /// A STALL handshake.
    Stall,
    /// Nothing, for ever.
    Silent,
    /// Nothing, because it is no longer on the bus.
    Gone,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the host sees.
    pub answer: Answer,
    /// How long it takes until it sees that.
    pub taken: Duration,
    /// Whether the board is off the bus then.
    pub left: bool,
    /// How long after its beginning the board will leave the bus by itself, unless something more is asked.
    pub leaves_after: Option<Duration>,
}

impl Exchange {
    /// Of a board that has just left.
    pub const FAREWELL: Self = Self {
        answer: Answer::Stall,
        taken: Duration::ZERO,
        left: true,
        leaves_after: None,
    };
}

//! What Linux' usbmon says of a transfer: bytes ↔ values.
//!
//! From the kernel's documentation, *usbmon*, "Raw binary format and API" (`struct usbmon_packet`), and from what libpcap
//! says of its link types 189 and 220. The bytes are in the order of the machine that has recorded them, which is that of
//! the file's section.

use std::time::Duration;

use crate::usb::{ControlRequest, UsbError};

/// The two forms of the header, named as the link types are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkType {
    /// `LINKTYPE_USB_LINUX`: 48 bytes.
    UsbLinux = 189,
    /// `LINKTYPE_USB_LINUX_MMAPPED`: 64 bytes, the same ones first.
    UsbLinuxMmapped = 220,
}

impl LinkType {
    /// Bytes of the header. For isochronous transfers, descriptors stand between it and the data.
    pub fn header_length(self) -> usize {
        match self {
            Self::UsbLinux => 48,
            Self::UsbLinuxMmapped => Header::LENGTH,
        }
    }
}

/// In which order the bytes of a number stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endianness {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `S`: a transfer was handed to the bus.
    Submit,
    /// `C`: it has ended, as its status says.
    Complete,
    /// `E`: it could not be handed to the bus at all.
    Refused,
}

/// A record's header. Data may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which transfer it is: the same for its beginning and its end, and used again later.
    pub id: u64,
    /// Whether it begins or has ended.
    pub event: Event,
    /// `xfer_type`: see [`CONTROL`](Self::CONTROL).
    pub transfer_type: u8,
    /// The endpoint's number; bit 7 is set where the data goes to the host, on endpoint 0, too.
    pub endpoint: u8,
    /// The device's address.
    pub device: u8,
    /// The bus's number.
    pub bus: u16,
    /// The setup packet, with `wLength`: only where a control transfer begins.
    pub setup: Option<(ControlRequest, u16)>,
    /// 0 where data follows; else why there is none, such as `<` or `>` where it is in the other record.
    pub data_flag: u8,
    /// When it was, from 1970 on; to the microsecond.
    pub time: Duration,
    /// 0, or one of Linux' error numbers, negative; see [`outcome`].
    pub status: i32,
    /// How many bytes of data there are, or, where it begins, may be.
    pub length: u32,
    /// How many of them follow in the file.
    pub captured: u32,
}

impl Header {
    /// Bytes of the header that is written.
    pub const LENGTH: usize = 64;
    /// `xfer_type` of a control transfer.
    pub const CONTROL: u8 = 2;
    /// Bit 7 of the endpoint, where the data goes to the host.
    pub const TO_HOST: u8 = 0x80;

    /// Whether the data goes to the host.
    pub fn is_to_host(&self) -> bool {
        self.endpoint & Self::TO_HOST != 0
    }

    /// Reads what begins with a header; `None` where it is too short for one, or its event is none.
    pub fn parse(bytes: &[u8], link_type: LinkType, endianness: Endianness) -> Option<Self> {
        let bytes = bytes.get(..link_type.header_length())?;
        let number = Numbers { bytes, endianness };
        let event = match bytes[8] {
            b'S' => Event::Submit,
            b'C' => Event::Complete,
            b'E' => Event::Refused,
            _ => return None,
        };
        let seconds = u64::try_from(number.signed_64(16)).unwrap_or_default();
        let microseconds = u64::try_from(number.signed_32(24)).unwrap_or_default();
        Some(Self {
            id: number.u64(0),
            event,
            transfer_type: bytes[9],
            endpoint: bytes[10],
            device: bytes[11],
            bus: number.u16(12),
            setup: (bytes[14] == 0).then(|| setup(&bytes[40..48])),
            data_flag: bytes[15],
            time: Duration::from_secs(seconds).saturating_add(Duration::from_micros(microseconds)),
            status: number.signed_32(28),
            length: number.u32(32),
            captured: number.u32(36),
        })
    }

    /// The bytes of `LINKTYPE_USB_LINUX_MMAPPED`, little-endian.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        /// `URB_DIR_IN` of `transfer_flags`.
        const DIRECTION_IN: u32 = 0x0200;
        let mut bytes = [0; Self::LENGTH];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        let event = match self.event {
            Event::Submit => b'S',
            Event::Complete => b'C',
            Event::Refused => b'E',
        };
        put(0, &self.id.to_le_bytes());
        put(8, &[event, self.transfer_type, self.endpoint, self.device]);
        put(12, &self.bus.to_le_bytes());
        put(
            14,
            &[if self.setup.is_some() { 0 } else { b'-' }, self.data_flag],
        );
        put(16, &self.time.as_secs().to_le_bytes());
        put(24, &self.time.subsec_micros().to_le_bytes());
        put(28, &self.status.to_le_bytes());
        put(32, &self.length.to_le_bytes());
        put(36, &self.captured.to_le_bytes());
        if let Some((request, length)) = self.setup {
            put(40, &[request.request_type, request.request]);
            put(42, &request.value.to_le_bytes());
            put(44, &request.index.to_le_bytes());
            put(46, &length.to_le_bytes());
        }
        let flags = if self.is_to_host() { DIRECTION_IN } else { 0 };
        put(56, &flags.to_le_bytes());
        bytes
    }
}

/// A setup packet of 8 bytes (USB 2.0 §9.3): little-endian, wherever it was recorded.
fn setup(bytes: &[u8]) -> (ControlRequest, u16) {
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let request = ControlRequest {
        request_type: bytes[0],
        request: bytes[1],
        value: word(2),
        index: word(4),
    };
    (request, word(6))
}

/// Reads numbers at places that are there.
struct Numbers<'b> {
    bytes: &'b [u8],
    endianness: Endianness,
}

impl Numbers<'_> {
    /// N bytes, the lowest first.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[at..at + N]);
        if self.endianness == Endianness::Big {
            array.reverse();
        }
        array
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn signed_32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.array(at))
    }

    fn signed_64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.array(at))
    }
}

/// `status` of a transfer that has only begun: `-EINPROGRESS`.
pub const UNDER_WAY: i32 = -115;

/// Linux' error numbers, as the kernel's documentation, *USB Error codes*, has them for transfers.
mod errno {
    pub const EPERM: i32 = 1;
    pub const ENOENT: i32 = 2;
    pub const EIO: i32 = 5;
    pub const EACCES: i32 = 13;
    pub const EBUSY: i32 = 16;
    pub const ENODEV: i32 = 19;
    pub const EPIPE: i32 = 32;
    pub const ECONNRESET: i32 = 104;
    pub const ESHUTDOWN: i32 = 108;
    pub const ETIMEDOUT: i32 = 110;
}

/// The status of a transfer that has ended so.
pub fn status(outcome: Result<(), &UsbError>) -> i32 {
    let Err(error) = outcome else {
        return 0;
    };
    -match error {
        UsbError::Stall => errno::EPIPE,
        // Whoever has waited long enough takes the transfer back.
        UsbError::Timeout => errno::ENOENT,
        UsbError::NoDevice => errno::ENODEV,
        UsbError::AccessDenied => errno::EACCES,
        UsbError::NotPermitted => errno::EPERM,
        UsbError::Busy => errno::EBUSY,
        UsbError::Io
        | UsbError::NoNode(_)
        | UsbError::DriverMissing
        | UsbError::Unavailable(_)
        | UsbError::NotRecorded(_)
        | UsbError::Other(_) => errno::EIO,
    }
}

/// What the status of a transfer that has ended means.
///
/// # Errors
/// How it ended, where it didn't end well.
pub fn outcome(status: i32) -> Result<(), UsbError> {
    Err(match status.saturating_neg() {
        0 => return Ok(()),
        errno::EPIPE => UsbError::Stall,
        errno::ENOENT | errno::ECONNRESET | errno::ETIMEDOUT => UsbError::Timeout,
        errno::ENODEV | errno::ESHUTDOWN => UsbError::NoDevice,
        errno::EACCES => UsbError::AccessDenied,
        errno::EPERM => UsbError::NotPermitted,
        errno::EBUSY => UsbError::Busy,
        _ => UsbError::Io,
    })
}

#[cfg(test)]
mod tests;

//! Descriptors: bytes → values. Nothing here asks a device.

/// `bRequest` GET_DESCRIPTOR (USB 2.0, table 9-4).
pub const GET_DESCRIPTOR: u8 = 6;
/// Descriptor type DEVICE (USB 2.0, table 9-5).
pub const DEVICE: u8 = 1;
/// Descriptor type CONFIGURATION (USB 2.0, table 9-5).
pub const CONFIGURATION: u8 = 2;
/// Descriptor type STRING (USB 2.0, table 9-5).
pub const STRING: u8 = 3;
/// Descriptor type DFU FUNCTIONAL (DFU 1.1, table 4.2).
pub const DFU_FUNCTIONAL: u8 = 0x21;
/// A device's descriptor and those of one configuration, as far as they matter for DFU (USB 2.0 §9.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptors {
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bcdDevice`: the device's release.
    #[doc(alias = "bcdDevice")]
    pub release: u16,
    /// `bConfigurationValue`.
    #[doc(alias = "bConfigurationValue")]
    pub configuration: u8,
    /// `bMaxPacketSize0`.
    pub max_packet_size0: u8,
    /// `iProduct`.
    pub product_index: u8,
    /// `iSerialNumber`.
    pub serial_index: u8,
    /// Every alternate setting of every interface.
    pub interfaces: Vec<InterfaceDescriptor>,
    /// What stands between the configuration and its first interface.
    pub extra: Vec<u8>,
}

/// One alternate setting of one interface (USB 2.0 §9.6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceDescriptor {
    /// `bInterfaceNumber`.
    pub number: u8,
    /// `bAlternateSetting`.
    pub alternate_setting: u8,
    /// `bInterfaceClass`, `bInterfaceSubClass` and `bInterfaceProtocol`.
    pub class: [u8; 3],
    /// `iInterface`.
    pub string_index: u8,
    /// What stands after it, up to the next one.
    pub extra: Vec<u8>,
}

impl InterfaceDescriptor {
    /// Whether it is of DFU's class, whatever its protocol (DFU 1.1 §4.1.2, §4.2.3).
    pub fn is_dfu(&self) -> bool {
        self.class[..2] == [0xFE, 0x01]
    }
}

impl Descriptors {
    /// Descriptor type INTERFACE (USB 2.0, table 9-5).
    const INTERFACE: u8 = 4;

    /// Reads a device descriptor and a configuration descriptor with all that belongs to it. `None` where one of them
    /// is none; a length that lies ends the search for interfaces.
    pub fn parse(device: &[u8], configuration: &[u8]) -> Option<Self> {
        let device: &[u8; 18] = device.first_chunk()?;
        let word = |at: usize| u16::from_le_bytes([device[at], device[at + 1]]);
        if device[1] != DEVICE {
            return None;
        }
        let mut said = Self {
            vendor_id: word(8),
            product_id: word(10),
            release: word(12),
            configuration: 0,
            max_packet_size0: device[7],
            product_index: device[15],
            serial_index: device[16],
            interfaces: Vec::new(),
            extra: Vec::new(),
        };
        let mut rest = configuration;
        let mut is_configuration = false;
        while let [length, kind, ..] = *rest {
            let length = usize::from(length);
            let Some(bytes) = rest.get(..length).filter(|bytes| bytes.len() >= 2) else {
                break;
            };
            if kind == CONFIGURATION {
                is_configuration = true;
                said.configuration = bytes.get(5).copied().unwrap_or_default();
            }
            said.push(kind, bytes);
            rest = &rest[length..];
        }
        is_configuration.then_some(said)
    }

    fn push(&mut self, kind: u8, bytes: &[u8]) {
        let interface = match *bytes {
            [
                _,
                Self::INTERFACE,
                number,
                alternate_setting,
                _,
                c,
                s,
                p,
                string_index,
                ..,
            ] => Some(InterfaceDescriptor {
                number,
                alternate_setting,
                class: [c, s, p],
                string_index,
                extra: Vec::new(),
            }),
            _ => None,
        };
        match (interface, self.interfaces.last_mut()) {
            (Some(interface), _) => self.interfaces.push(interface),
            (None, Some(last)) => last.extra.extend(bytes),
            (None, None) if kind == CONFIGURATION => {}
            (None, None) => self.extra.extend(bytes),
        }
    }

    /// Whether the configuration has a single interface, however many alternate settings it has.
    pub fn has_one_interface(&self) -> bool {
        self.interfaces
            .windows(2)
            .all(|pair| pair[0].number == pair[1].number)
    }
}

/// The DFU functional descriptor (DFU 1.1 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DfuFunctionalDescriptor {
    /// `bmAttributes`: bit 0 download, 1 upload, 2 manifestation tolerant, 3 will detach.
    #[doc(alias = "bmAttributes")]
    pub attributes: u8,
    /// `wDetachTimeOut`, in milliseconds.
    #[doc(alias = "wDetachTimeOut")]
    pub detach_timeout: u16,
    /// `wTransferSize` as the device says it, in bytes; may be nonsense, see [`usable_transfer_size`].
    #[doc(alias = "wTransferSize")]
    pub transfer_size: u16,
    /// `bcdDFUVersion`; 0x0100 where the descriptor ends before it (DFU 1.0).
    #[doc(alias = "bcdDFUVersion")]
    pub dfu_version: u16,
}

impl DfuFunctionalDescriptor {
    const CAN_DOWNLOAD: u8 = 1;
    const CAN_UPLOAD: u8 = 1 << 1;
    const TOLERANT: u8 = 1 << 2;
    const WILL_DETACH: u8 = 1 << 3;

    /// Whether it leaves the bus by itself after DETACH, without a reset by the host.
    pub fn will_detach(&self) -> bool {
        self.attributes & Self::WILL_DETACH != 0
    }

    /// Whether it takes firmware.
    #[doc(alias = "bitCanDnload")]
    pub fn can_download(&self) -> bool {
        self.attributes & Self::CAN_DOWNLOAD != 0
    }

    /// Whether flash can be read back.
    pub fn can_upload(&self) -> bool {
        self.attributes & Self::CAN_UPLOAD != 0
    }

    /// Whether it goes on answering after a download, and is back in dfuIDLE then.
    #[doc(alias = "bitManifestationTolerant")]
    pub fn is_manifestation_tolerant(&self) -> bool {
        self.attributes & Self::TOLERANT != 0
    }

    /// Finds the descriptor among the extra bytes of a configuration or interface descriptor, whatever stands
    /// before it. `None` where there is none, or a length in the way is a lie.
    pub fn find(extra: &[u8]) -> Option<Self> {
        let mut rest = extra;
        while let [length, kind, ..] = *rest {
            let descriptor = rest.get(..usize::from(length)).filter(|d| d.len() >= 2)?;
            let functional = Self::from_bytes(descriptor).filter(|_| kind == DFU_FUNCTIONAL);
            if functional.is_some() {
                return functional;
            }
            rest = &rest[descriptor.len()..];
        }
        None
    }

    /// Reads 9 bytes (DFU 1.1), or 7 (DFU 1.0, without a version).
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[_, _, attributes, t0, t1, s0, s1] = bytes.first_chunk()?;
        Some(Self {
            attributes,
            detach_timeout: u16::from_le_bytes([t0, t1]),
            transfer_size: u16::from_le_bytes([s0, s1]),
            dfu_version: match bytes.get(7..9) {
                Some(&[v0, v1]) => u16::from_le_bytes([v0, v1]),
                _ => 0x0100,
            },
        })
    }
}

/// The block size to use for a `wTransferSize`, in bytes. 0 and 0xFFFF stand in real descriptors and mean nothing:
/// 1024 then. Linux' usbfs carries at most 4096, and a block is never smaller than a packet.
pub fn usable_transfer_size(transfer_size: u16, max_packet_size0: u8) -> u16 {
    match transfer_size {
        0 | 0xFFFF => 1024,
        size => size.min(4096).max(u16::from(max_packet_size0)),
    }
}

/// Decodes a string descriptor as far as it makes sense: `bLength` clamped to what arrived, up to the first NUL,
/// anything that is no UTF-16 replaced.
pub fn decode_string(descriptor: &[u8]) -> String {
    let declared = descriptor.first().map_or(0, |&length| usize::from(length));
    let text = descriptor
        .get(2..declared.min(descriptor.len()))
        .unwrap_or(&[]);
    // UTF-16 has a zero in every other byte of an ASCII text, so one without any is eight-bit text: GD32 serials.
    let eight_bit = !text.is_empty() && text.iter().all(|byte| matches!(byte, 0x20..=0x7E));
    let decoded = if eight_bit {
        String::from_utf8_lossy(text).into_owned()
    } else {
        let units: Vec<u16> = text
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match decoded.split_once('\0') {
        Some((before, _)) => before.to_owned(),
        None => decoded,
    }
}

#[cfg(test)]
mod tests;

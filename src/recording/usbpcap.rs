//! USBPcap's packets, Windows' way to see USB: bytes → halves of a control transfer (`LINKTYPE_USBPCAP`).
//!
//! Little-endian always. A control transfer has a packet for its setup stage, and until USBPcap 1.3 one for its data;
//! the last one, from the device, says how it ended (USBPcap's `USBPcap.h`, and "USBPcap Capture format specification").

use crate::usb::{ControlRequest, UsbError};

use super::half::{Half, Stage};

/// `LINKTYPE_USBPCAP`
pub const LINK_TYPE: i32 = 249;

/// `USBPCAP_TRANSFER_CONTROL`
const CONTROL: u8 = 2;
/// Bit of `info`: the packet is on its way from the device.
const FROM_DEVICE: u8 = 1;
/// The header, without what a kind of transfer adds to it, in bytes.
const HEADER: usize = 27;

/// `USBPCAP_CONTROL_STAGE_…`
const SETUP: u8 = 0;
const DATA: u8 = 1;
const STATUS: u8 = 2;
const COMPLETE: u8 = 3;

/// What a packet says of a control transfer; `None` of any other, and of one that makes no sense. `length` is what the
/// packet had before it was cut.
pub fn half(packet: &[u8], length: usize) -> Option<Half> {
    let header: &[u8; HEADER] = packet.first_chunk()?;
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let double = |at: usize| header[at..].first_chunk().copied().map(u32::from_le_bytes);
    let header_length = usize::from(word(0));
    let stage = *packet.get(HEADER)?;
    if header[22] != CONTROL || header_length <= HEADER {
        return None;
    }
    let data = packet.get(header_length..)?;
    let cut = length.saturating_sub(packet.len());
    let is_answer = header[16] & FROM_DEVICE != 0;
    let stage = match stage {
        SETUP => {
            let setup: &[u8; 8] = data.first_chunk()?;
            Stage::Submit {
                request: ControlRequest {
                    request_type: setup[0],
                    request: setup[1],
                    value: u16::from_le_bytes([setup[2], setup[3]]),
                    index: u16::from_le_bytes([setup[4], setup[5]]),
                },
                length: u16::from_le_bytes([setup[6], setup[7]]),
                // Since 1.3 the data to a device stands here, too.
                data: data[8..].to_vec(),
                cut,
            }
        }
        DATA => Stage::Data {
            data: data.to_vec(),
            cut,
        },
        STATUS | COMPLETE if is_answer => Stage::Complete {
            data: data.to_vec(),
            cut,
            outcome: outcome(double(10)?),
        },
        _ => return None,
    };
    Some(Half {
        bus: word(17),
        address: word(19),
        id: u64::from_le_bytes(*header[2..].first_chunk()?),
        stage,
    })
}

/// `USBD_STATUS_…` (usb.h of Windows' driver kit).
fn outcome(status: u32) -> Result<(), UsbError> {
    match status {
        0 => Ok(()),
        0xC000_0004 | 0xC000_0030 => Err(UsbError::Stall),
        0xC000_0005 | 0xC000_6000 | 0xC001_0000 => Err(UsbError::Timeout),
        0xC000_7000 => Err(UsbError::NoDevice),
        _ => Err(UsbError::Other(format!("USBD_STATUS {status:#010x}"))),
    }
}

//! Asking a device for a string.

use std::time::Duration;

use super::descriptor::{GET_DESCRIPTOR, STRING, decode_string};
use super::{ControlRequest, Transport, UsbError};

/// `bmRequestType` of a standard request to the device that returns data.
const STANDARD_FROM_DEVICE: u8 = 0x80;
/// Language identifier "English (United States)", the one that every known ROM has.
const ENGLISH: u16 = 0x0409;
/// Descriptors need no work from the device, but a busy bootloader answers late.
const DESCRIPTOR_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads a string by a raw control transfer, because ROMs send strings that libusb's own reader refuses: shorter
/// than they say (F42x/F43x), with garbage after them, or in eight-bit characters (GD32).
/// `None` for index 0.
///
/// # Errors
/// What the last of a few attempts ended in; a string that can't be decoded is no error.
pub fn read_string(transport: &mut dyn Transport, index: u8) -> Result<Option<String>, UsbError> {
    if index == 0 {
        return Ok(None);
    }
    const ATTEMPTS: u32 = 3;
    let mut buffer = [0; 255];
    let mut language = ENGLISH;
    let mut outcome = read_raw(transport, index, language, &mut buffer);
    for _ in 1..ATTEMPTS {
        match &outcome {
            // It may have no English strings: string 0 lists the languages that it has.
            Err(UsbError::Stall) => {
                let listed = read_raw(transport, 0, 0, &mut buffer).ok();
                if let Some(&[_, _, low, high]) =
                    listed.and_then(|length| buffer[..length].first_chunk())
                {
                    language = u16::from_le_bytes([low, high]);
                }
            }
            Err(UsbError::Timeout | UsbError::Io) => {}
            _ => break,
        }
        outcome = read_raw(transport, index, language, &mut buffer);
    }
    outcome.map(|length| Some(decode_string(&buffer[..length])))
}

fn read_raw(
    transport: &mut dyn Transport,
    index: u8,
    language: u16,
    buffer: &mut [u8],
) -> Result<usize, UsbError> {
    let request = ControlRequest {
        request_type: STANDARD_FROM_DEVICE,
        request: GET_DESCRIPTOR,
        value: u16::from_be_bytes([STRING, index]),
        index: language,
    };
    transport.control_in(request, buffer, DESCRIPTOR_TIMEOUT)
}

#[cfg(test)]
mod tests;

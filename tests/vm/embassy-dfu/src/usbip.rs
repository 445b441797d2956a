//! The frames of USB/IP that one full-speed device with a control pipe needs. All numbers are big-endian.

use std::fmt::{self, Display};
use std::io::{self, Read};

const VERSION: u16 = 0x0111;
const OP_REQ_DEVLIST: u16 = 0x8005;
const OP_REQ_IMPORT: u16 = 0x8003;
const OP_REP_DEVLIST: u16 = 0x0005;
const OP_REP_IMPORT: u16 = 0x0003;
const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
const DIR_IN: u32 = 1;

const EPIPE: i32 = 32;
const ECONNRESET: i32 = 104;

/// Where the device is plugged in at the server.
pub const BUS_ID: &[u8] = b"1-1";
const BUS: u32 = 1;
const DEVICE: u32 = 2;
/// The kernel's `USB_SPEED_FULL`.
const FULL_SPEED: u32 = 2;
/// More than a control transfer can have.
const TOO_LONG: usize = 1 << 16;

/// What a client asks for first.
pub enum Operation {
    ListDevices,
    Import { bus_id: Vec<u8> },
}

/// What an importer asks for.
pub enum Command {
    Submit(Submit),
    Unlink { sequence: u32, unlinked: u32 },
}

/// A transfer.
pub struct Submit {
    pub sequence: u32,
    pub endpoint: u32,
    pub setup: [u8; 8],
    /// What goes to the device.
    pub data: Vec<u8>,
}

/// How a transfer ends.
pub enum Outcome {
    /// These bytes came from the device.
    Received(Vec<u8>),
    /// The device took what there was.
    Accepted,
    Stalled,
}

/// The device as the server describes it; one configuration, one interface.
pub struct Export {
    pub vendor_id: u16,
    pub product_id: u16,
    pub release: u16,
    /// Class, subclass and protocol of the device.
    pub class: [u8; 3],
    /// Those of its interface.
    pub interface_class: [u8; 3],
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received(bytes) => write!(f, "{bytes:02X?}"),
            Self::Accepted => f.write_str("accepted"),
            Self::Stalled => f.write_str("STALL"),
        }
    }
}

impl Operation {
    pub fn read(stream: &mut impl Read) -> io::Result<Self> {
        let [_, _, c0, c1, ..] = read_array::<8>(stream)?;
        match u16::from_be_bytes([c0, c1]) {
            OP_REQ_DEVLIST => Ok(Self::ListDevices),
            OP_REQ_IMPORT => {
                let field = read_array::<32>(stream)?;
                let bus_id = field
                    .split(|byte| *byte == 0)
                    .next()
                    .unwrap_or_default()
                    .to_vec();
                Ok(Self::Import { bus_id })
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl Command {
    pub fn read(stream: &mut impl Read) -> io::Result<Self> {
        let header = read_array::<48>(stream)?;
        let field = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let sequence = field(4);
        match field(0) {
            CMD_SUBMIT => {
                let length = if field(12) == DIR_IN {
                    0
                } else {
                    field(24) as usize
                };
                if length >= TOO_LONG {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let mut setup = [0; 8];
                setup.copy_from_slice(&header[40..]);
                let mut data = vec![0; length];
                stream.read_exact(&mut data)?;
                Ok(Self::Submit(Submit {
                    sequence,
                    endpoint: field(16),
                    setup,
                    data,
                }))
            }
            CMD_UNLINK => Ok(Self::Unlink {
                sequence,
                unlinked: field(20),
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl Export {
    fn write(&self, frame: &mut Vec<u8>) {
        write_text(frame, b"/embassy-dfu/1-1", 256);
        write_text(frame, BUS_ID, 32);
        for number in [BUS, DEVICE, FULL_SPEED] {
            frame.extend(number.to_be_bytes());
        }
        for number in [self.vendor_id, self.product_id, self.release] {
            frame.extend(number.to_be_bytes());
        }
        frame.extend(self.class);
        frame.extend([1, 1, 1]);
    }
}

pub fn list_reply(device: &Export) -> Vec<u8> {
    let mut frame = operation_reply(OP_REP_DEVLIST, 0);
    frame.extend(1_u32.to_be_bytes());
    device.write(&mut frame);
    frame.extend(device.interface_class);
    frame.push(0);
    frame
}

/// With `None` where there is no such device.
pub fn import_reply(device: Option<&Export>) -> Vec<u8> {
    let mut frame = operation_reply(OP_REP_IMPORT, device.is_none().into());
    if let Some(device) = device {
        device.write(&mut frame);
    }
    frame
}

/// The answer to a transfer.
pub fn submit_reply(submit: &Submit, outcome: &Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Received(bytes) => {
            let mut frame = reply(RET_SUBMIT, submit.sequence, 0, bytes.len());
            frame.extend(bytes);
            frame
        }
        Outcome::Accepted => reply(RET_SUBMIT, submit.sequence, 0, submit.data.len()),
        Outcome::Stalled => reply(RET_SUBMIT, submit.sequence, -EPIPE, 0),
    }
}

/// A transfer was given up: one that was still to be answered, or not.
pub fn unlinked(sequence: u32, was_waiting: bool) -> Vec<u8> {
    reply(
        RET_UNLINK,
        sequence,
        if was_waiting { -ECONNRESET } else { 0 },
        0,
    )
}

fn operation_reply(code: u16, status: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(VERSION.to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame.extend(status.to_be_bytes());
    frame
}

fn reply(command: u32, sequence: u32, status: i32, length: usize) -> Vec<u8> {
    let mut frame = vec![0; 48];
    frame[..4].copy_from_slice(&command.to_be_bytes());
    frame[4..8].copy_from_slice(&sequence.to_be_bytes());
    frame[20..24].copy_from_slice(&status.to_be_bytes());
    frame[24..28].copy_from_slice(&(length as u32).to_be_bytes());
    frame
}

/// A text in a field of a fixed size that ends with zeros.
fn write_text(frame: &mut Vec<u8>, text: &[u8], size: usize) {
    let end = frame.len() + size;
    frame.extend(text);
    frame.resize(end, 0);
}

fn read_array<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

//! USB/IP frames: bytes ↔ values.
//!
//! From the kernel's documentation, *USB/IP protocol*, version 1.1.1. Everything is big-endian, except the setup
//! packet, which is as USB has it.

use std::io::{self, Read};

use thiserror::Error;

use crate::sim::transfer::Setup;
use crate::usb::ControlRequest;

/// Version 1.1.1 in binary.
const VERSION: u16 = 0x0111;
const OP_REQ_DEVLIST: u16 = 0x8005;
const OP_REP_DEVLIST: u16 = 0x0005;
const OP_REQ_IMPORT: u16 = 0x8003;
const OP_REP_IMPORT: u16 = 0x0003;
const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
const DIR_IN: u32 = 1;

/// The largest data stage of a control transfer: `wLength` has 16 bits.
const LARGEST_TRANSFER: u32 = 0xFFFF;
/// `number_of_packets` where there are none: 0 is what Linux sends, 0xFFFFFFFF what the documentation asks for.
const NO_PACKETS: [u32; 2] = [0, 0xFFFF_FFFF];

/// A request before a device is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `OP_REQ_DEVLIST`: which devices there are.
    ListDevices,
    /// `OP_REQ_IMPORT`: the device with this bus id.
    Import {
        /// `busid`, without the zeros after it.
        bus_id: Vec<u8>,
    },
}

impl Operation {
    /// Reads one.
    ///
    /// # Errors
    /// [`FrameError`] where the connection ends, or what comes is none.
    pub fn read(stream: &mut impl Read) -> Result<Self, FrameError> {
        let [_, _, c0, c1, ..] = read_array::<8>(stream)?;
        match u16::from_be_bytes([c0, c1]) {
            OP_REQ_DEVLIST => Ok(Self::ListDevices),
            OP_REQ_IMPORT => {
                let field = read_array::<32>(stream)?;
                let bus_id = field.split(|byte| *byte == 0).next().unwrap_or_default();
                Ok(Self::Import {
                    bus_id: bus_id.to_vec(),
                })
            }
            code => Err(FrameError::Unknown { code: code.into() }),
        }
    }
}

/// A request to an imported device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `USBIP_CMD_SUBMIT`
    Submit(Submit),
    /// `USBIP_CMD_UNLINK`
    Unlink(Unlink),
}

/// A transfer to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// `seqnum`: what the answer is told by.
    pub sequence: u32,
    /// `devid`: bus number and device number.
    pub device_id: u32,
    /// `direction`: whether data go from the device to the host.
    pub to_host: bool,
    /// `ep`
    pub endpoint: u32,
    /// `setup`; zeros where the endpoint is not 0.
    pub setup: Setup,
    /// `transfer_buffer_length`: how many bytes there is room for.
    pub length: usize,
    /// `transfer_buffer` of a transfer to the device.
    pub data: Vec<u8>,
}

/// A transfer to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlink {
    /// `seqnum` of this request.
    pub sequence: u32,
    /// `devid`: bus number and device number.
    pub device_id: u32,
    /// `unlink_seqnum`: the transfer that is meant.
    pub unlinked: u32,
}

impl Command {
    /// Reads one, with its data. No memory is taken for more than a control transfer can carry.
    ///
    /// # Errors
    /// [`FrameError`] where the connection ends, or what comes is none, or contradicts itself.
    pub fn read(stream: &mut impl Read) -> Result<Self, FrameError> {
        let header = read_array::<48>(stream)?;
        let field = |offset: usize| {
            let bytes = header[offset..].first_chunk();
            u32::from_be_bytes(*bytes.expect("every field lies within the header"))
        };
        let (sequence, device_id) = (field(4), field(8));
        match field(0) {
            CMD_SUBMIT => {
                let length = field(0x18);
                if length > LARGEST_TRANSFER {
                    return Err(FrameError::TooLong { length });
                }
                if !NO_PACKETS.contains(&field(0x20)) {
                    return Err(FrameError::Isochronous);
                }
                let length = length as usize;
                let to_host = field(0xC) == DIR_IN;
                let setup = read_setup(&header);
                let endpoint = field(0x10);
                if endpoint == 0 && !is_consistent(&setup, to_host, length) {
                    return Err(FrameError::Contradiction);
                }
                let mut data = vec![0; if to_host { 0 } else { length }];
                stream.read_exact(&mut data)?;
                Ok(Self::Submit(Submit {
                    sequence,
                    device_id,
                    to_host,
                    endpoint,
                    setup,
                    length,
                    data,
                }))
            }
            CMD_UNLINK => Ok(Self::Unlink(Unlink {
                sequence,
                device_id,
                unlinked: field(0x14),
            })),
            code => Err(FrameError::Unknown { code }),
        }
    }
}

/// A device as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDevice {
    /// `busid`, at most 31 bytes.
    pub bus_id: String,
    /// `busnum`
    pub bus: u32,
    /// `devnum`
    pub device: u32,
    /// `idVendor`
    pub vendor_id: u16,
    /// `idProduct`
    pub product_id: u16,
    /// `bcdDevice`
    pub device_release: u16,
    /// `bConfigurationValue`
    pub configuration: u8,
    /// `bDeviceClass`, `bDeviceSubClass` and `bDeviceProtocol`.
    pub device_class: [u8; 3],
    /// Class, subclass and protocol of each interface.
    pub interface_classes: Vec<[u8; 3]>,
}

impl ExportedDevice {
    /// `speed` of a full-speed device (the kernel's `USB_SPEED_FULL`).
    const FULL_SPEED: u32 = 2;

    /// `devid`: what requests name it by.
    pub fn device_id(&self) -> u32 {
        self.bus << 16 | self.device
    }

    fn interface_count(&self) -> u8 {
        u8::try_from(self.interface_classes.len()).expect("interfaces have numbers of a byte")
    }

    fn write(&self, frame: &mut Vec<u8>) {
        write_text(frame, &format!("/stdfu/{}", self.bus_id), 256);
        write_text(frame, &self.bus_id, 32);
        for number in [self.bus, self.device, Self::FULL_SPEED] {
            frame.extend(number.to_be_bytes());
        }
        for number in [self.vendor_id, self.product_id, self.device_release] {
            frame.extend(number.to_be_bytes());
        }
        frame.extend(self.device_class);
        // One configuration.
        frame.extend([self.configuration, 1, self.interface_count()]);
    }
}

/// `OP_REP_DEVLIST`
pub fn list_of_devices(devices: &[ExportedDevice]) -> Vec<u8> {
    let mut frame = operation_reply(OP_REP_DEVLIST, 0);
    let count = u32::try_from(devices.len()).expect("a server has a few boards");
    frame.extend(count.to_be_bytes());
    for device in devices {
        device.write(&mut frame);
        for class in &device.interface_classes {
            frame.extend(class);
            frame.push(0);
        }
    }
    frame
}

/// `OP_REP_IMPORT`, with `None` where the device can't be had.
pub fn import_reply(device: Option<&ExportedDevice>) -> Vec<u8> {
    let mut frame = operation_reply(OP_REP_IMPORT, device.is_none().into());
    if let Some(device) = device {
        device.write(&mut frame);
    }
    frame
}

/// How a transfer ended: `status` of `USBIP_RET_SUBMIT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These bytes came from the device.
    Received(Vec<u8>),
    /// So many bytes went to the device.
    Sent(usize),
    /// −EPIPE: a STALL.
    Stalled,
}

/// `USBIP_RET_SUBMIT`
pub fn submit_reply(sequence: u32, outcome: &Outcome) -> Vec<u8> {
    const EPIPE: i32 = 32;
    let (status, actual_length, data) = match outcome {
        Outcome::Received(bytes) => (0, bytes.len(), &bytes[..]),
        Outcome::Sent(length) => (0, *length, &[][..]),
        Outcome::Stalled => (-EPIPE, 0, &[][..]),
    };
    let actual_length = u32::try_from(actual_length).expect("a control transfer has 64 KiB");
    let mut frame = reply_header(RET_SUBMIT, sequence, status);
    frame[0x18..0x1C].copy_from_slice(&actual_length.to_be_bytes());
    // number_of_packets stays 0: the text asks for 0xFFFFFFFF, but the documentation's own capture and Linux's server
    // have 0, and newer kernels distrust more packets than they asked for.
    frame.extend(data);
    frame
}

/// `USBIP_RET_UNLINK`: whether the transfer was still waiting, and so will never be answered.
pub fn unlink_reply(sequence: u32, was_waiting: bool) -> Vec<u8> {
    const ECONNRESET: i32 = 104;
    reply_header(
        RET_UNLINK,
        sequence,
        if was_waiting { -ECONNRESET } else { 0 },
    )
}

/// The 48 bytes of a reply; `devid`, `direction` and `ep` are 0 for servers.
fn reply_header(command: u32, sequence: u32, status: i32) -> Vec<u8> {
    let mut frame = vec![0; 48];
    frame[..4].copy_from_slice(&command.to_be_bytes());
    frame[4..8].copy_from_slice(&sequence.to_be_bytes());
    frame[0x14..0x18].copy_from_slice(&status.to_be_bytes());
    frame
}

fn operation_reply(code: u16, status: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(VERSION.to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame.extend(status.to_be_bytes());
    frame
}

/// A text in a field of a fixed size, closed with a zero byte.
fn write_text(frame: &mut Vec<u8>, text: &str, size: usize) {
    let end = frame.len() + size;
    frame.extend(text.bytes().take(size - 1));
    frame.resize(end, 0);
}

fn read_setup(header: &[u8; 48]) -> Setup {
    let [.., request_type, request, v0, v1, i0, i1, l0, l1] = *header;
    Setup {
        request: ControlRequest {
            request_type,
            request,
            value: u16::from_le_bytes([v0, v1]),
            index: u16::from_le_bytes([i0, i1]),
        },
        length: u16::from_le_bytes([l0, l1]),
    }
}

/// Whether frame and setup packet speak of the same transfer. Without data the direction means nothing.
fn is_consistent(setup: &Setup, to_host: bool, length: usize) -> bool {
    let setup_to_host = setup.request.request_type & 0x80 != 0;
    match usize::from(setup.length) {
        0 => length == 0,
        _ if to_host => setup_to_host,
        setup_length => !setup_to_host && setup_length == length,
    }
}

fn read_array<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Why a conversation can't go on.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The connection ended or broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No such request.
    #[error("unknown request {code:#x}")]
    Unknown {
        /// Its number.
        code: u32,
    },
    /// More data than a control transfer can have.
    #[error("a transfer of {length} bytes")]
    TooLong {
        /// How many were claimed.
        length: u32,
    },
    /// These boards have no isochronous endpoints.
    #[error("an isochronous transfer")]
    Isochronous,
    /// The setup packet tells another direction or length than the frame.
    #[error("the setup packet contradicts the frame")]
    Contradiction,
}

#[cfg(test)]
mod tests;

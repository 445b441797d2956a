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
        /// `busid`, without the zeros behind it.
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
    /// Class, subclass and protocol of its only interface.
    pub interface_class: [u8; 3],
}

impl ExportedDevice {
    /// `speed` of a full-speed device (the kernel's `USB_SPEED_FULL`).
    const FULL_SPEED: u32 = 2;

    /// `devid`: what requests name it by.
    pub fn device_id(&self) -> u32 {
        self.bus << 16 | self.device
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
        // The interface tells class, subclass and protocol; one configuration, one interface.
        frame.extend([0, 0, 0, self.configuration, 1, 1]);
    }
}

/// `OP_REP_DEVLIST`
pub fn list_of_devices(devices: &[ExportedDevice]) -> Vec<u8> {
    let mut frame = operation_reply(OP_REP_DEVLIST, 0);
    let count = u32::try_from(devices.len()).expect("a server has a few boards");
    frame.extend(count.to_be_bytes());
    for device in devices {
        device.write(&mut frame);
        frame.extend(device.interface_class);
        frame.push(0);
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
mod tests {
    use super::*;

    /// Bytes from hexadecimal text, spaces between them meaning nothing.
    fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|character| !character.is_whitespace())
            .map(|digit| digit.to_digit(16).expect("hexadecimal"))
            .collect();
        digits
            .chunks(2)
            .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits"))
            .collect()
    }

    fn command(text: &str) -> Result<Command, FrameError> {
        Command::read(&mut &bytes(text)[..])
    }

    fn f405() -> ExportedDevice {
        ExportedDevice {
            bus_id: "1-1".to_owned(),
            bus: 1,
            device: 2,
            vendor_id: 0x0483,
            product_id: 0xDF11,
            device_release: 0x2200,
            configuration: 1,
            interface_class: [0xFE, 1, 2],
        }
    }

    #[test]
    fn a_request_for_the_list_is_eight_bytes() {
        assert_eq!(
            Operation::read(&mut &bytes("0111 8005 00000000")[..]).expect("good"),
            Operation::ListDevices
        );
    }

    #[test]
    fn a_request_to_import_has_a_bus_id_closed_with_zeros() {
        let mut frame = bytes("0111 8003 00000000 332d32");
        frame.resize(40, 0);
        assert_eq!(
            Operation::read(&mut &frame[..]).expect("good"),
            Operation::Import {
                bus_id: b"3-2".to_vec()
            }
        );
    }

    /// Offsets as in the documentation's table of OP_REP_DEVLIST.
    #[test]
    fn the_list_has_each_device_with_its_interface() {
        let list = list_of_devices(&[f405()]);
        assert_eq!(list.len(), 0x148);
        assert_eq!(list[..0x0C], bytes("0111 0005 00000000 00000001"));
        assert_eq!(list[0x0C..0x17], *b"/stdfu/1-1\0");
        assert!(list[0x17..0x10C].iter().all(|byte| *byte == 0));
        assert_eq!(list[0x10C..0x110], *b"1-1\0");
        assert!(list[0x110..0x12C].iter().all(|byte| *byte == 0));
        assert_eq!(
            list[0x12C..],
            bytes(
                "00000001 00000002 00000002
                 0483 df11 2200 00 00 00 01 01 01
                 fe 01 02 00"
            )
        );
        assert_eq!(list_of_devices(&[f405(), f405()]).len(), 0x0C + 2 * 0x13C);
        assert_eq!(list_of_devices(&[]), bytes("0111 0005 00000000 00000000"));
    }

    /// Offsets as in the documentation's table of OP_REP_IMPORT.
    #[test]
    fn an_import_is_answered_with_the_device_or_with_status_1() {
        let reply = import_reply(Some(&f405()));
        assert_eq!(reply.len(), 0x140);
        assert_eq!(reply[..8], bytes("0111 0003 00000000"));
        assert_eq!(reply[8..0x13], *b"/stdfu/1-1\0");
        assert_eq!(reply[0x108..0x10C], *b"1-1\0");
        assert_eq!(
            reply[0x128..],
            bytes("00000001 00000002 00000002 0483 df11 2200 00 00 00 01 01 01")
        );
        assert_eq!(import_reply(None), bytes("0111 0003 00000001"));
    }

    /// The documentation's own capture of a keyboard, CmdIntrIN and CmdIntrOUT.
    #[test]
    fn the_captured_submits_of_the_documentation_are_read() {
        let Ok(Command::Submit(submit)) = command(
            "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff
             00000000 00000004 00000000 00000000",
        ) else {
            panic!("CmdIntrIN is a submit");
        };
        assert_eq!(submit.sequence, 0xD05);
        assert_eq!(submit.device_id, 0x1_000F);
        assert_eq!(submit.endpoint, 1);
        assert_eq!((submit.length, submit.data.len()), (64, 0));
        let Ok(Command::Submit(submit)) = command(
            "00000001 00000d06 0001000f 00000000 00000001 00000000 00000040 ffffffff
             00000000 00000004 00000000 00000000
             ffffffff860008a784ce5ae2123763000000000000000000000000000000000000000000
             00000000000000000000000000000000000000000000000000000000",
        ) else {
            panic!("CmdIntrOUT is a submit");
        };
        assert_eq!(submit.sequence, 0xD06);
        assert_eq!(submit.data.len(), 64);
        assert_eq!(submit.data[..6], [0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00]);
    }

    /// GETSTATUS of DFU, 6 bytes, with the number of packets that the documentation asks for.
    #[test]
    fn a_control_transfer_from_the_device_has_its_setup_packet() {
        assert_eq!(
            command(
                "00000001 00000007 00010002 00000001 00000000 00000200 00000006 00000000
                 ffffffff 00000000 a103000000000600"
            )
            .expect("good"),
            Command::Submit(Submit {
                sequence: 7,
                device_id: 0x1_0002,
                endpoint: 0,
                setup: Setup {
                    request: ControlRequest {
                        request_type: 0xA1,
                        request: 3,
                        value: 0,
                        index: 0,
                    },
                    length: 6,
                },
                length: 6,
                data: Vec::new(),
            })
        );
    }

    /// DNLOAD of DFU: SET_ADDRESS_POINTER to 0x08004000.
    #[test]
    fn a_control_transfer_to_the_device_brings_its_data() {
        let Ok(Command::Submit(submit)) = command(
            "00000001 00000008 00010002 00000000 00000000 00000000 00000005 00000000
             00000000 00000000 2101020000000500 2100400008",
        ) else {
            panic!("a submit");
        };
        assert_eq!(submit.setup.request.value, 2);
        assert_eq!(submit.data, [0x21, 0x00, 0x40, 0x00, 0x08]);
    }

    #[test]
    fn an_unlink_names_the_transfer_that_is_meant() {
        assert_eq!(
            command(
                "00000002 00000009 00010002 00000000 00000000 00000008
                 00000000 00000000 00000000 00000000 00000000 00000000"
            )
            .expect("good"),
            Command::Unlink(Unlink {
                sequence: 9,
                device_id: 0x1_0002,
                unlinked: 8,
            })
        );
    }

    #[test]
    fn replies_are_48_bytes_and_what_was_received() {
        assert_eq!(
            submit_reply(7, &Outcome::Received(vec![0, 0, 0, 0, 2, 0])),
            bytes(
                "00000003 00000007 00000000 00000000 00000000 00000000 00000006 00000000
                 00000000 00000000 00000000 00000000 000000000200"
            )
        );
        assert_eq!(
            submit_reply(8, &Outcome::Sent(5)),
            bytes(
                "00000003 00000008 00000000 00000000 00000000 00000000 00000005 00000000
                 00000000 00000000 00000000 00000000"
            )
        );
        // −32 is 0xffffffe0.
        assert_eq!(
            submit_reply(9, &Outcome::Stalled),
            bytes(
                "00000003 00000009 00000000 00000000 00000000 ffffffe0 00000000 00000000
                 00000000 00000000 00000000 00000000"
            )
        );
        // −104 is 0xffffff98.
        assert_eq!(
            unlink_reply(10, true),
            bytes(
                "00000004 0000000a 00000000 00000000 00000000 ffffff98 00000000 00000000
                 00000000 00000000 00000000 00000000"
            )
        );
        assert_eq!(
            unlink_reply(10, false),
            bytes(
                "00000004 0000000a 00000000 00000000 00000000 00000000 00000000 00000000
                 00000000 00000000 00000000 00000000"
            )
        );
    }

    #[test]
    fn nonsense_is_refused_before_anything_is_allocated() {
        let check = |text: &str, expected: &str| {
            let error = command(text).expect_err("nonsense");
            assert_eq!(error.to_string(), expected);
        };
        let rest = "00000000 00000000";
        check(
            &format!(
                "00000005 00000001 00010002 00000000 00000000 00000000 00000000 00000000 {rest} {rest}"
            ),
            "unknown request 0x5",
        );
        check(
            &format!(
                "00000001 00000001 00010002 00000000 00000000 00000000 7fffffff 00000000 {rest} {rest}"
            ),
            "a transfer of 2147483647 bytes",
        );
        check(
            &format!(
                "00000001 00000001 00010002 00000001 00000000 00000000 ffffffff 00000000 {rest} {rest}"
            ),
            "a transfer of 4294967295 bytes",
        );
        check(
            &format!(
                "00000001 00000001 00010002 00000001 00000001 00000000 00000000 00000000 00000400 00000000 {rest}"
            ),
            "an isochronous transfer",
        );
        // GETSTATUS as if it went to the device; a DNLOAD of 5 bytes that come as 4; data without wLength.
        for contradiction in [
            "00000000 00000000 00000000 00000006 00000000 00000000 00000000 a103000000000600",
            "00000000 00000000 00000000 00000004 00000000 00000000 00000000 2101000000000500",
            "00000000 00000000 00000000 00000004 00000000 00000000 00000000 2101000000000000",
        ] {
            check(
                &format!("00000001 00000001 00010002 {contradiction}"),
                "the setup packet contradicts the frame",
            );
        }
        assert!(matches!(
            Operation::read(&mut &bytes("0111 8004 00000000")[..]),
            Err(FrameError::Unknown { code: 0x8004 })
        ));
    }

    #[test]
    fn a_frame_cut_short_anywhere_is_an_error() {
        let submit = bytes(
            "00000001 00000008 00010002 00000000 00000000 00000000 00000005 00000000
             00000000 00000000 2101020000000500 2100400008",
        );
        for length in 0..submit.len() {
            assert!(matches!(
                Command::read(&mut &submit[..length]),
                Err(FrameError::Io(_))
            ));
        }
        let mut import = bytes("0111 8003 00000000 332d32");
        import.resize(40, 0);
        for length in 0..import.len() {
            assert!(matches!(
                Operation::read(&mut &import[..length]),
                Err(FrameError::Io(_))
            ));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Operation::read(&mut &bytes[..]);
            let _ = Command::read(&mut &bytes[..]);
        }

        #[test]
        fn no_header_of_a_known_command_makes_reading_panic(
            command in 1u8..3,
            rest in proptest::collection::vec(proptest::num::u8::ANY, 44..120),
        ) {
            let mut bytes = vec![0, 0, 0, command];
            bytes.extend(rest);
            let _ = Command::read(&mut &bytes[..]);
        }
    }
}

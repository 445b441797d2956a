//! For tests: captures, written packet by packet, in every form that is read.

use std::time::Duration;

use super::usbmon::{Event, Header, UNDER_WAY, status};
use crate::usb::{ControlRequest, UsbError};

/// Which form a capture is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// pcapng, usbmon's 64 bytes.
    Pcapng,
    /// pcap of microseconds, usbmon's 48 bytes.
    Pcap,
    /// pcap of nanoseconds, big-endian, usbmon's 64 bytes.
    PcapBigEndian,
    /// pcapng, big-endian, of nanoseconds.
    PcapngBigEndian,
    /// pcap of USBPcap, with a packet for the data, as before 1.3.
    UsbPcapOld,
    /// pcapng of USBPcap.
    UsbPcap,
}

pub const FORMS: [Form; 6] = [
    Form::Pcapng,
    Form::Pcap,
    Form::PcapBigEndian,
    Form::PcapngBigEndian,
    Form::UsbPcapOld,
    Form::UsbPcap,
];

/// A capture on its way.
pub struct Sample {
    form: Form,
    pub bytes: Vec<u8>,
    now: Duration,
    id: u64,
    /// Where the packets go that are written.
    pub place: (u16, u8),
}

/// When the first packet is.
const START: Duration = Duration::from_secs(1_700_000_000);

impl Sample {
    pub fn new(form: Form) -> Self {
        let link_type: u32 = match form {
            Form::Pcap => 189,
            Form::UsbPcap | Form::UsbPcapOld => 249,
            _ => 220,
        };
        let mut sample = Self {
            form,
            bytes: Vec::new(),
            now: START,
            id: 0xFFFF_8880_0000_0000,
            place: (1, 7),
        };
        match form {
            Form::Pcapng | Form::UsbPcap | Form::PcapngBigEndian => {
                let mut body = sample.u32(0x1A2B_3C4D).to_vec();
                body.extend(sample.u16(1));
                body.extend(sample.u16(0));
                body.extend([0xFF; 8]);
                sample.block(0x0A0D_0D0A, body);
                let mut body = sample.u16(link_type as u16).to_vec();
                body.extend([0; 6]);
                if form == Form::PcapngBigEndian {
                    // if_tsresol: nanoseconds.
                    body.extend(sample.u16(9));
                    body.extend(sample.u16(1));
                    body.extend([9, 0, 0, 0, 0, 0, 0, 0]);
                }
                sample.block(1, body);
            }
            Form::Pcap | Form::UsbPcapOld | Form::PcapBigEndian => {
                let magic = match form {
                    Form::PcapBigEndian => 0xA1B2_3C4D,
                    _ => 0xA1B2_C3D4,
                };
                for word in [magic, 0x0004_0002, 0, 0, 0x0004_0000, link_type] {
                    let word = match (word, sample.is_big_endian()) {
                        (0x0004_0002, true) => 0x0002_0004,
                        (word, _) => word,
                    };
                    let word = sample.u32(word);
                    sample.bytes.extend(word);
                }
            }
        }
        sample
    }

    /// A control transfer that takes some milliseconds. `data` goes whichever way the request says.
    pub fn transfer(
        &mut self,
        [request_type, request]: [u8; 2],
        value: u16,
        length: u16,
        data: &[u8],
        outcome: Result<(), UsbError>,
        milliseconds: u64,
    ) {
        let request = ControlRequest {
            request_type,
            request,
            value,
            index: 0,
        };
        self.id += 0x40;
        self.begin(request, length, data);
        self.now += Duration::from_millis(milliseconds);
        self.end(request, data, &outcome);
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    /// GETSTATUS.
    pub fn status(&mut self, status: u8, poll_timeout: u8, state: u8, milliseconds: u64) {
        let report = [status, poll_timeout, 0, 0, state, 0];
        self.transfer([0xA1, 3], 0, 6, &report, Ok(()), milliseconds);
    }

    /// DNLOAD.
    pub fn download(&mut self, block: u16, data: &[u8]) {
        let length = u16::try_from(data.len()).expect("short");
        self.transfer([0x21, 1], block, length, data, Ok(()), 1);
    }

    /// DNLOAD and GETSTATUS, busy and done.
    pub fn does(&mut self, block: u16, data: &[u8], milliseconds: u8) {
        self.download(block, data);
        self.status(0, milliseconds, 4, 1);
        self.wait(milliseconds.into());
        self.status(0, 0, 5, 1);
    }

    /// UPLOAD.
    pub fn upload(&mut self, block: u16, length: u16, data: &[u8]) {
        self.transfer([0xA1, 2], block, length, data, Ok(()), 2);
    }

    fn begin(&mut self, request: ControlRequest, length: u16, data: &[u8]) {
        let is_to_host = request.request_type & 0x80 != 0;
        let sent = if is_to_host { &[] } else { data };
        match self.form {
            Form::UsbPcap => self.usb_pcap(0, 0, &[&setup(request, length), sent].concat()),
            Form::UsbPcapOld => {
                self.usb_pcap(0, 0, &setup(request, length));
                if !sent.is_empty() {
                    self.usb_pcap(0, 1, sent);
                }
            }
            _ => self.usbmon(
                Event::Submit,
                Some((request, length)),
                is_to_host,
                sent,
                &Ok(()),
            ),
        }
    }

    fn end(&mut self, request: ControlRequest, data: &[u8], outcome: &Result<(), UsbError>) {
        let is_to_host = request.request_type & 0x80 != 0;
        let received = if is_to_host && outcome.is_ok() {
            data
        } else {
            &[]
        };
        let code: u32 = match outcome {
            Ok(()) => 0,
            Err(UsbError::Stall) => 0xC000_0004,
            Err(_) => 0xC000_7000,
        };
        match self.form {
            Form::UsbPcap => self.usb_pcap_answer(code, 3, received),
            Form::UsbPcapOld => {
                if !received.is_empty() {
                    self.usb_pcap_answer(code, 1, received);
                }
                self.usb_pcap_answer(code, 2, &[]);
            }
            _ => self.usbmon(Event::Complete, None, is_to_host, received, outcome),
        }
    }

    fn usbmon(
        &mut self,
        event: Event,
        setup: Option<(ControlRequest, u16)>,
        is_to_host: bool,
        data: &[u8],
        outcome: &Result<(), UsbError>,
    ) {
        let (bus, device) = self.place;
        let captured = u32::try_from(data.len()).expect("short");
        let header = Header {
            id: self.id,
            event,
            transfer_type: Header::CONTROL,
            endpoint: if is_to_host { Header::TO_HOST } else { 0 },
            device,
            bus,
            setup,
            data_flag: 0,
            time: self.now,
            status: match event {
                Event::Submit => UNDER_WAY,
                _ => status(outcome.as_ref().copied()),
            },
            length: setup.map_or(captured, |(_, length)| length.into()),
            captured,
        };
        let mut bytes = header.to_bytes().to_vec();
        if self.is_big_endian() {
            for field in [0..8, 12..14, 16..24, 24..28, 28..32, 32..36, 36..40, 56..60] {
                bytes[field].reverse();
            }
        }
        if self.form == Form::Pcap {
            bytes.truncate(48);
        }
        bytes.extend(data);
        self.packet(&bytes);
    }

    fn usb_pcap_answer(&mut self, code: u32, stage: u8, data: &[u8]) {
        self.usb_pcap_packet(code, 1, stage, data);
    }

    fn usb_pcap(&mut self, code: u32, stage: u8, data: &[u8]) {
        self.usb_pcap_packet(code, 0, stage, data);
    }

    fn usb_pcap_packet(&mut self, code: u32, info: u8, stage: u8, data: &[u8]) {
        let (bus, device) = self.place;
        let mut bytes = 28_u16.to_le_bytes().to_vec();
        bytes.extend(self.id.to_le_bytes());
        bytes.extend(code.to_le_bytes());
        bytes.extend([8, 0, info]);
        bytes.extend(bus.to_le_bytes());
        bytes.extend(u16::from(device).to_le_bytes());
        bytes.extend([0x80, 2]);
        bytes.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
        bytes.push(stage);
        bytes.extend(data);
        self.packet(&bytes);
    }

    /// A packet at this time.
    pub fn packet(&mut self, bytes: &[u8]) {
        let length = self.u32(u32::try_from(bytes.len()).expect("short"));
        let ticks = match self.form {
            Form::PcapngBigEndian => u64::try_from(self.now.as_nanos()),
            _ => u64::try_from(self.now.as_micros()),
        };
        let ticks = ticks.expect("in this century");
        match self.form {
            Form::Pcapng | Form::UsbPcap | Form::PcapngBigEndian => {
                let mut body = self.u32(0).to_vec();
                body.extend(self.u32((ticks >> 32) as u32));
                body.extend(self.u32(ticks as u32));
                body.extend(length);
                body.extend(length);
                body.extend(bytes);
                self.block(6, body);
            }
            Form::Pcap | Form::UsbPcapOld | Form::PcapBigEndian => {
                let fraction = match self.form {
                    Form::PcapBigEndian => self.now.subsec_nanos(),
                    _ => self.now.subsec_micros(),
                };
                let head = [
                    self.u32(self.now.as_secs() as u32),
                    self.u32(fraction),
                    length,
                    length,
                ];
                self.bytes.extend(head.concat());
                self.bytes.extend(bytes);
            }
        }
    }

    /// A block of pcapng.
    pub fn block(&mut self, kind: u32, mut body: Vec<u8>) {
        body.resize(body.len().next_multiple_of(4), 0);
        let length = self.u32(u32::try_from(body.len() + 12).expect("short"));
        let kind = self.u32(kind);
        self.bytes.extend(kind);
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(length);
    }

    fn is_big_endian(&self) -> bool {
        matches!(self.form, Form::PcapBigEndian | Form::PcapngBigEndian)
    }

    fn u32(&self, number: u32) -> [u8; 4] {
        match self.is_big_endian() {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        }
    }

    fn u16(&self, number: u16) -> [u8; 2] {
        match self.is_big_endian() {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        }
    }
}

fn setup(request: ControlRequest, length: u16) -> [u8; 8] {
    let [value, index, length] = [request.value, request.index, length].map(u16::to_le_bytes);
    [
        request.request_type,
        request.request,
        value[0],
        value[1],
        index[0],
        index[1],
        length[0],
        length[1],
    ]
}

/// What [`f405`] is given.
pub fn firmware() -> Vec<u8> {
    (0..3000_u32).map(|index| index as u8).collect()
}

/// An F405 that is met in dfuERROR, is asked for its strings, and is given 3000 bytes, which are read back; it leaves.
pub fn f405(form: Form) -> Sample {
    use crate::sim::SimBus;
    use crate::usb::Bus;

    let bus = SimBus::new(&["f405".parse().expect("a board")]).expect("nothing but memory");
    let info = bus.devices().expect("a simulated bus").remove(0);
    let mut board = bus.open(&info).expect("nobody has it");
    let mut sample = Sample::new(form);
    for value in [
        0x0100, 0x0200, 0x0302, 0x0303, 0x0304, 0x0305, 0x0306, 0x0307,
    ] {
        let request = ControlRequest {
            request_type: 0x80,
            request: 6,
            value,
            index: 0,
        };
        let mut buffer = [0; 255];
        let timeout = Duration::from_secs(1);
        let received = board
            .control_in(request, &mut buffer, timeout)
            .expect("a descriptor");
        sample.transfer([0x80, 6], value, 255, &buffer[..received], Ok(()), 1);
    }
    sample.status(10, 0, 10, 1);
    sample.transfer([0x21, 4], 0, 0, &[], Ok(()), 1);
    sample.status(0, 0, 2, 1);
    work(&mut sample);
    sample
}

/// The same without its beginning: nobody asks what it is.
pub fn f405_in_the_middle() -> Sample {
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    work(&mut sample);
    sample
}

fn work(sample: &mut Sample) {
    let firmware = firmware();
    let point = |sample: &mut Sample, address: u32| {
        sample.does(0, &[&[0x21], &address.to_le_bytes()[..]].concat(), 0);
    };
    sample.does(0, &[0x41, 0, 0, 0, 8], 250);
    point(sample, 0x0800_0000);
    sample.does(2, &firmware[..2048], 9);
    sample.does(3, &firmware[2048..], 5);
    point(sample, 0x0800_0000);
    sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
    sample.upload(2, 2048, &firmware[..2048]);
    sample.upload(3, 952, &firmware[2048..]);
    sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
    sample.download(0, &[]);
    sample.status(0, 0, 7, 1);
}

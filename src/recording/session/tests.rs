//! Files that are cut, damaged, or something else.

use super::*;
use crate::recording::sample::{FORMS, Form, Sample, f405};

use proptest::prelude::*;

#[test]
fn a_recording_that_is_cut_anywhere_is_read_up_to_there() {
    for form in FORMS {
        let whole = f405(form).bytes;
        let all = Recording::read(&whole[..]).expect("a recording");
        let count = all.devices[0].transfers.len();
        assert_eq!(all.broken, None);
        let mut before = 0;
        for length in (0..whole.len()).step_by(37) {
            let Ok(part) = Recording::read(&whole[..length]) else {
                assert_eq!(before, 0, "{form:?}: {length}");
                continue;
            };
            let transfers = &part.devices[0].transfers;
            assert!(transfers.len() >= before && transfers.len() <= count);
            let (last, done) = transfers.split_last().expect("transfers");
            assert_eq!(
                done,
                &all.devices[0].transfers[..done.len()],
                "{form:?}: {length}"
            );
            assert_eq!(last.at, all.devices[0].transfers[done.len()].at);
            before = transfers.len();
        }
    }
}

#[test]
fn what_is_no_recording_is_refused_with_a_reason() {
    let check = |bytes: &[u8], expected: &str| {
        let refused = Recording::read(bytes).expect_err("no recording");
        assert_eq!(refused.to_string(), expected);
    };
    let no_capture = "the file is no recording: it is neither pcapng nor pcap";
    check(b"", no_capture);
    check(b"DfuSe\x01", no_capture);
    check(&[0; 100], no_capture);
    check(
        &Sample::new(Form::Pcapng).bytes,
        "the recording has no control transfers",
    );
    let mut ethernet = Sample::new(Form::Pcap);
    ethernet.bytes[20] = 1;
    ethernet.packet(&[0; 60]);
    check(
        &ethernet.bytes,
        "the recording is not of USB: its packets are of link type 1",
    );
}

#[test]
fn a_damaged_block_ends_what_is_read_and_says_where() {
    let mut bytes = f405(Form::Pcapng).bytes;
    let middle = bytes.len() / 2 / 4 * 4;
    bytes[middle..].fill(0xAA);
    let recording = Recording::read(&bytes[..]).expect("half of a recording");
    let broken = recording.broken.expect("a reason");
    assert!(broken.starts_with("it is damaged from byte "), "{broken}");
    // A block that claims more than there can be is none either.
    let mut bytes = Sample::new(Form::Pcapng).bytes;
    bytes.extend([6, 0, 0, 0, 0, 0, 0, 0x7F, 0, 0, 0, 0]);
    let damaged = Recording::read(&bytes[..]).expect_err("no packet");
    assert!(
        damaged.to_string().starts_with("it is damaged"),
        "{damaged}"
    );
}

#[test]
fn a_packet_that_was_cut_keeps_what_is_there_and_how_much_is_missing() {
    let sample = f405(Form::Pcap);
    // Each packet's first 100 bytes, as with a snap length.
    let mut bytes = sample.bytes[..24].to_vec();
    let mut rest = &sample.bytes[24..];
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(*head[8..].first_chunk().expect("a word")) as usize;
        let kept = length.min(100);
        bytes.extend(&head[..8]);
        bytes.extend((kept as u32).to_le_bytes());
        bytes.extend(&head[12..]);
        bytes.extend(&after[..kept]);
        rest = &after[length..];
    }
    let cut = Recording::read(&bytes[..]).expect("a recording");
    let whole = Recording::read(&sample.bytes[..]).expect("a recording");
    let pairs = cut.devices[0]
        .transfers
        .iter()
        .zip(&whole.devices[0].transfers);
    for (cut, whole) in pairs {
        assert_eq!(cut.bytes(), whole.bytes());
        assert!(whole.data.starts_with(&cut.data));
        assert_eq!(cut.data.len(), whole.data.len().min(100 - 48));
    }
}

#[test]
fn several_devices_are_told_apart_and_an_address_that_is_given_out_again_is_another() {
    let mut sample = f405(Form::Pcapng);
    sample.place = (2, 7);
    sample.status(0, 0, 2, 1);
    sample.place = (1, 7);
    let other = [
        18, 1, 0, 1, 0, 0, 0, 64, 0xFE, 0xCA, 0x01, 0x40, 0, 1, 1, 2, 3, 1,
    ];
    sample.transfer([0x80, 6], 0x0100, 18, &other, Ok(()), 1);
    let recording = Recording::read(&sample.bytes[..]).expect("a recording");
    let devices = recording.devices.iter();
    let devices: Vec<_> = devices
        .map(|device| (device.name(), device.ids()))
        .collect();
    assert_eq!(
        devices,
        [
            ("1.7".to_owned(), Some((0x0483, 0xDF11))),
            ("2.7".to_owned(), None),
            ("1.7".to_owned(), Some((0xCAFE, 0x4001))),
        ]
    );
}

proptest! {
    #[test]
    fn any_bytes_after_a_beginning_are_refused_or_read(
        form in 0..FORMS.len(),
        keep in 0..600_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut whole = f405(FORMS[form]).bytes;
        whole.truncate(keep);
        whole.extend(bytes);
        crate::fuzz::recording(&whole);
    }
}

#[test]
fn more_transfers_than_fit_are_refused_and_not_kept() {
    let mut sample = Sample::new(Form::Pcap);
    sample.status(0, 0, 2, 1);
    let one = sample.bytes.split_off(24);
    let mut file: Box<dyn Read> = Box::new(io::Cursor::new(sample.bytes));
    file = Box::new(file.chain(Repeated { one, at: 0 }));
    let refused = Recording::read(file).expect_err("no end");
    assert_eq!(
        refused.to_string(),
        "the recording is too large: its control transfers take more than 64 MiB of memory"
    );
    // Whoever tells it with its causes tells it once.
    assert!(std::error::Error::source(&refused).is_none());
}

#[test]
fn more_devices_than_fit_are_refused_and_a_full_computer_is_not() {
    let devices = |buses: u16| {
        let mut sample = Sample::new(Form::Pcap);
        for bus in 1..=buses {
            for address in 1..=127 {
                sample.place = (bus, address);
                sample.status(0, 0, 2, 1);
            }
        }
        Recording::read(&sample.bytes[..])
    };
    assert_eq!(devices(16).expect("it fits").devices.len(), 16 * 127);
    let refused = devices(256).expect_err("too many");
    assert!(matches!(refused, RecordingError::TooMuch(_)), "{refused}");
}

#[test]
fn what_passes_again_and_again_takes_memory_once() {
    let mut sample = Sample::new(Form::Pcap);
    sample.status(0, 0, 2, 1);
    let header = sample.bytes.len();
    sample.upload(2, 4096, &[0x5A; 4096]);
    let one = sample.bytes.split_off(header);
    // 80 MiB of flash.
    let count = 20_000;
    let length = (one.len() * count) as u64;
    let repeated = Repeated { one, at: 0 }.take(length);
    let file = io::Cursor::new(sample.bytes).chain(repeated);
    let recording = Recording::read(file).expect("it fits");
    assert_eq!(recording.devices[0].transfers.len(), count + 1);
}

/// The same bytes again and again.
struct Repeated {
    one: Vec<u8>,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.one[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.one.len();
        Ok(count)
    }
}

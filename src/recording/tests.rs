//! What is in a recording, block by block.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use super::bus::{Firmware, RecordedBus};
use super::recorder::{About, Recorder};
use super::usbmon::{Endianness, Event, Header, LinkType};
use crate::sim::SimBus;
use crate::sim::spec::BoardSpec;
use crate::usb::{Bus, ControlRequest, Transport, UsbError};

const SECOND: Duration = Duration::from_secs(1);

const GET_STATUS: ControlRequest = request(0xA1, 3, 0);
const CLEAR_STATUS: ControlRequest = request(0x21, 4, 0);

const fn request(request_type: u8, request: u8, value: u16) -> ControlRequest {
    ControlRequest {
        request_type,
        request,
        value,
        index: 0,
    }
}

/// What is recorded of some work with simulated boards, a line a block; times count from the first packet, in milliseconds.
fn recorded(boards: &[&str], firmware: Firmware, work: impl FnOnce(&dyn Bus)) -> Vec<String> {
    let boards: Vec<BoardSpec> = boards
        .iter()
        .map(|board| board.parse().expect("a board"))
        .collect();
    let mut file = tempfile::tempfile().expect("a temporary file");
    let about = About {
        application: "stdfu".to_owned(),
        comments: vec!["command: stdfu list".to_owned()],
    };
    let twin = file.try_clone().expect("the same file");
    let recorder = Arc::new(Recorder::start(twin, about).expect("a thread"));
    let bus = Arc::new(SimBus::new(&boards).expect("boards"));
    let bus = RecordedBus::new(bus, Arc::clone(&recorder), firmware);
    work(&bus);
    recorder.finish(9).expect("there is room");
    lines(&mut file)
}

fn lines(file: &mut File) -> Vec<String> {
    let mut bytes = Vec::new();
    file.rewind().expect("a file");
    file.read_to_end(&mut bytes).expect("a file");
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(*bytes[at..].first_chunk().expect("a whole block"))
    };
    let (mut rest, mut lines, mut first) = (&bytes[..], Vec::new(), None);
    while !rest.is_empty() {
        let (block, after) = rest.split_at(word(rest, 4) as usize);
        assert_eq!(word(block, 4), word(block, block.len() - 4));
        lines.push(match word(block, 0) {
            0x0A0D_0D0A => format!("section{}", comments(&block[24..block.len() - 4])),
            1 => format!("interface {}", text(&block[20..28])),
            5 => format!(
                "end of {}{}",
                block[8],
                comments(&block[20..block.len() - 4])
            ),
            6 => {
                let end = 28 + word(block, 20) as usize;
                let options = &block[end.next_multiple_of(4)..block.len() - 4];
                let time = u64::from(word(block, 12)) << 32 | u64::from(word(block, 16));
                let since = time - *first.get_or_insert(time);
                let packet = packet(&block[28..end], time);
                let length = word(block, 24) - word(block, 20);
                let cut = if length > 0 {
                    format!(" (and {length})")
                } else {
                    String::new()
                };
                let milliseconds = since as f64 / 1000.0;
                format!(
                    "{milliseconds} {}: {packet}{cut}{}",
                    block[8],
                    comments(options)
                )
            }
            other => panic!("block {other}"),
        });
        rest = after;
    }
    lines
}

fn packet(bytes: &[u8], time: u64) -> String {
    let header = Header::parse(bytes, LinkType::UsbLinuxMmapped, Endianness::Little);
    let header = header.expect("a record");
    assert_eq!(header.time, Duration::from_micros(time));
    let data = &bytes[Header::LENGTH..];
    assert_eq!(header.captured as usize, data.len());
    let shown: Vec<String> = data
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if data.len() > 6 { "…" } else { "" };
    let what = match (header.event, header.setup) {
        (Event::Submit, Some((setup, length))) => format!(
            "{:02x} {:02x} {:04x} {:04x} {length}",
            setup.request_type, setup.request, setup.value, setup.index
        ),
        (Event::Complete, None) => format!("{}", header.status),
        other => panic!("{other:?}"),
    };
    let flag = match header.data_flag {
        0 => ' ',
        flag => char::from(flag),
    };
    let (device, id, length) = (header.device, header.id, header.length);
    format!(
        "{device} #{id} {what} {length}{flag}{}{more}",
        shown.join(" ")
    )
    .trim_end()
    .to_owned()
}

/// Comments of a block's options.
fn comments(mut options: &[u8]) -> String {
    let mut found = String::new();
    while let [code, _, low, high, rest @ ..] = options {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        if *code == 1 {
            found += &format!(" | {}", text(&rest[..length]).trim_end());
        }
        options = &rest[length.next_multiple_of(4)..];
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .expect("UTF-8")
        .replace('\0', "")
}

fn open(bus: &dyn Bus, index: usize) -> Box<dyn Transport> {
    let devices = bus.devices().expect("a bus");
    bus.open(&devices[index]).expect("on the bus")
}

#[test]
fn a_session_is_recorded_from_the_descriptors_to_the_exit_code() {
    let lines = recorded(&["f405,timing=real"], Firmware::Recorded, |bus| {
        let mut board = open(bus, 0);
        board.claim().expect("nobody has it");
        let mut status = [0; 6];
        let report = board.control_in(GET_STATUS, &mut status, SECOND);
        assert_eq!((report, status), (Ok(6), [10, 0, 0, 0, 10, 0]));
        assert_eq!(board.control_out(CLEAR_STATUS, &[], SECOND), Ok(()));
        assert_eq!(board.set_alternate_setting(1), Ok(()));
        board.wait(SECOND);
        let abort = board.control_out(request(0x21, 9, 0), &[], SECOND);
        assert_eq!(abort, Err(UsbError::Stall));
        board.reset().expect("it is there");
    });
    let expected = [
        "section | command: stdfu list | exit code: 9",
        "interface usbmon1",
        "0 0: 2 #1 80 06 0100 0000 18 18< | opened at 1-1 | from the system's cache",
        "0 0: 2 #1 0 18 12 01 00 01 00 00…",
        "0 0: 2 #2 80 06 0200 0000 54 54< | from the system's cache",
        "0 0: 2 #2 0 54 09 02 36 00 01 01…",
        "0 0: 2 #3 a1 03 0000 0000 6 6< | interface claimed",
        "0.505 0: 2 #3 0 6 0a 00 00 00 0a 00",
        "0.505 0: 2 #4 21 04 0000 0000 0 0",
        "1.005 0: 2 #4 0 0>",
        "1.005 0: 2 #5 01 0b 0001 0000 0 0",
        "1.505 0: 2 #5 0 0>",
        "1001.505 0: 2 #6 21 09 0000 0000 0 0",
        "1002.005 0: 2 #6 -32 0>",
        "end of 0 | 1-1: port reset",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn firmware_is_left_out_with_its_length_and_its_hash_where_that_is_wanted() {
    let work = |bus: &dyn Bus| {
        let mut board = open(bus, 0);
        board.claim().expect("nobody has it");
        let _ = board.control_out(CLEAR_STATUS, &[], SECOND);
        let pointer = [0x21, 0, 0, 0, 8];
        let sent = board.control_out(request(0x21, 1, 0), &pointer, SECOND);
        assert_eq!(sent, Ok(()));
        let sent = board.control_out(request(0x21, 1, 2), &[0xAB; 32], SECOND);
        assert_eq!(sent, Err(UsbError::Stall));
        let _ = board.control_out(CLEAR_STATUS, &[], SECOND);
        let read = board.control_in(request(0xA1, 2, 2), &mut [0; 16], SECOND);
        assert_eq!(read, Ok(16));
    };
    let about_data = |firmware| -> Vec<String> {
        let lines = recorded(&["f405"], firmware, work);
        let is_about_data = |line: &&String| {
            [" 21 01 ", " a1 02 ", "#8 0"]
                .iter()
                .any(|part| line.contains(part))
        };
        lines.iter().filter(is_about_data).cloned().collect()
    };
    let pointer = "0 0: 2 #4 21 01 0000 0000 5 5 21 00 00 00 08";
    assert_eq!(
        about_data(Firmware::Recorded),
        [
            pointer,
            "0 0: 2 #5 21 01 0002 0000 32 32 ab ab ab ab ab ab…",
            "0 0: 2 #7 a1 02 0002 0000 16 16<",
        ]
    );
    assert_eq!(
        about_data(Firmware::LeftOut),
        [
            pointer,
            "0 0: 2 #5 21 01 0002 0000 32 32X (and 32) | left out: 32 bytes, SHA-256 \
             9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885",
            "0 0: 2 #7 a1 02 0002 0000 16 16<",
        ]
    );
}

#[test]
fn boards_at_the_same_time_keep_their_numbers_and_their_own_time() {
    let lines = recorded(
        &["f405,timing=real", "l476,timing=real"],
        Firmware::Recorded,
        |bus| {
            let (mut one, mut other) = (open(bus, 0), open(bus, 1));
            for board in [&mut one, &mut other] {
                board.claim().expect("nobody has it");
                let read = board.control_in(GET_STATUS, &mut [0; 6], SECOND);
                assert_eq!(read, Ok(6));
            }
        },
    );
    assert_eq!(
        lines[10..],
        [
            "0 0: 2 #5 a1 03 0000 0000 6 6< | interface claimed",
            "0.505 0: 2 #5 0 6 0a 00 00 00 0a 00",
            "0 0: 3 #6 a1 03 0000 0000 6 6< | interface claimed",
            "0.505 0: 3 #6 0 6 00 00 00 00 02 00",
        ]
    );
}

#[test]
fn a_board_opened_again_is_known_and_its_time_goes_on() {
    let lines = recorded(&["f405,timing=real"], Firmware::Recorded, |bus| {
        for _ in 0..2 {
            let mut board = open(bus, 0);
            board.claim().expect("nobody has it");
            let read = board.control_in(GET_STATUS, &mut [0; 6], SECOND);
            assert_eq!(read, Ok(6));
        }
    });
    assert_eq!(
        lines[6..],
        [
            "0 0: 2 #3 a1 03 0000 0000 6 6< | interface claimed",
            "0.505 0: 2 #3 0 6 0a 00 00 00 0a 00",
            "0.505 0: 2 #4 a1 03 0000 0000 6 6< | opened at 1-1 | interface claimed",
            "1.01 0: 2 #4 0 6 0a 00 00 00 0a 00",
        ]
    );
}

#[test]
fn a_loss_and_a_return_are_told() {
    let lines = recorded(&["f405,fault=power-cut@2"], Firmware::Recorded, |bus| {
        let mut board = open(bus, 0);
        board.claim().expect("nobody has it");
        let _ = board.control_in(GET_STATUS, &mut [0; 6], SECOND);
        let lost = board.control_in(GET_STATUS, &mut [0; 6], SECOND);
        assert_eq!(lost, Err(UsbError::NoDevice));
        board.wait(SECOND);
        board.reopen().expect("it is back");
    });
    // Part of the time is the clock's on the wall.
    let without_time = lines[8..].iter().filter_map(|line| line.split_once(' '));
    let without_time: Vec<&str> = without_time.map(|(_, rest)| rest).collect();
    assert_eq!(
        without_time,
        [
            "0: 2 #4 a1 03 0000 0000 6 6<",
            "0: 2 #4 -19 0 | gone from the bus",
            "0: 3 #5 80 06 0100 0000 18 18< | back on the bus, opened again at 1-1 | from the system's cache",
            "0: 3 #5 0 18 12 01 00 01 00 00…",
            "0: 3 #6 80 06 0200 0000 54 54< | from the system's cache",
            "0: 3 #6 0 54 09 02 36 00 01 01…",
        ]
    );
}

#[test]
fn a_recording_without_an_end_says_so() {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let about = About {
        application: "stdfu".to_owned(),
        comments: Vec::new(),
    };
    let twin = file.try_clone().expect("the same file");
    let recorder = Recorder::start(twin, about).expect("a thread");
    assert_eq!(
        lines(&mut file),
        ["section | exit code: none, the command was cut off"]
    );
    drop(recorder);
}

//! What has to hold whatever the bytes are: one function for each kind of input that others hand us.
//!
//! `fuzz/` feeds them with bytes without end; the tests below replay the seeds in `fuzz/seeds` and the sample files.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::board::Board;
use crate::dfuse::layout::MemoryLayout;
use crate::image::{
    self, CODECS, FileIds, Image, ImageElement, LoadOptions, Stream, Write, WriteError, to_dfu,
};
use crate::recording::decode::operations;
use crate::recording::extract::{Extracted, Firmware, extract};
use crate::recording::review::{findings, knowledge};
use crate::recording::runs::runs;
use crate::recording::session::Recording;
use crate::recording::summary::summary;
use crate::sim::SimBus;
use crate::sim::replay::{Manner, ReplayBus, Untold};
use crate::sim::spec::BoardSpec;
use crate::sim::usbip::Server;
use crate::sim::usbip::frame::{Command, Operation, Submit};
use crate::usb::{Bus, ControlRequest};

/// A firmware file, read in every format, and as what plain DFU sends: refused with a reason, or what keeps its promises.
pub fn firmware(bytes: &[u8]) {
    if let Ok(stream) = Stream::load(bytes.to_vec()) {
        assert!(!stream.bytes.is_empty() && bytes.starts_with(&stream.bytes));
    }
    let formats = CODECS.map(|codec| Some(codec.format));
    for format in [None].into_iter().chain(formats) {
        for address in [None, Some(0), Some(0x0800_0000), Some(0x9000_0000)] {
            let options = LoadOptions {
                file_name: None,
                format,
                address,
            };
            match image::describe(bytes.to_vec(), &options) {
                Ok(described) => check_image(&described.image),
                Err(error) => assert!(!error.to_string().contains(char::is_control)),
            }
        }
    }
}

/// In order, and the same when it is written and read again.
fn check_image(image: &Image) {
    assert!(!image.targets.is_empty());
    for target in &image.targets {
        let mut next = 0;
        assert!(!target.elements.is_empty());
        for ImageElement { address, data } in &target.elements {
            assert!(u64::from(*address) >= next && !data.is_empty());
            next = u64::from(*address) + data.len() as u64;
        }
        assert!(next <= 1 << 32);
        for write in text_writers() {
            let text = write(&target.elements).expect("text has room for any bytes");
            let again = read_again(text);
            assert_eq!(
                bytes_of(&again.targets[0].elements),
                bytes_of(&target.elements)
            );
        }
    }
    let ids = image.ids.unwrap_or(FileIds {
        vendor_id: 0xFFFF,
        product_id: 0xFFFF,
        device_release: 0xFFFF,
    });
    if let Ok(file) = to_dfu(&image.targets, ids) {
        let again = read_again(file);
        let elements = |image: &Image| -> Vec<ImageElement> {
            let targets = image.targets.iter();
            targets.flat_map(|target| target.elements.clone()).collect()
        };
        assert_eq!(elements(&again), elements(image));
    }
}

/// What writes each of the formats that keep addresses in text.
fn text_writers() -> impl Iterator<Item = fn(&[ImageElement]) -> Result<Vec<u8>, WriteError>> {
    let codecs = CODECS.iter().filter(|codec| codec.format.is_text);
    codecs.filter_map(|codec| match codec.writer.as_ref()?.write {
        Write::Elements(write) => Some(write),
        Write::Targets(_) => None,
    })
}

fn read_again(file: Vec<u8>) -> Image {
    let described = image::describe(file, &LoadOptions::default());
    described.expect("what is written can be read").image
}

/// Each stretch without a gap, however it is divided into elements.
fn bytes_of(elements: &[ImageElement]) -> Vec<(u32, Vec<u8>)> {
    let mut joined: Vec<(u32, Vec<u8>)> = Vec::new();
    for ImageElement { address, data } in elements {
        match joined.last_mut() {
            Some((start, bytes))
                if u64::from(*start) + bytes.len() as u64 == u64::from(*address) =>
            {
                bytes.extend(data);
            }
            _ => joined.push((*address, data.clone())),
        }
    }
    joined
}

/// A memory's string: refused, or sectors that ascend and are found again by their addresses.
pub fn layout(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let layout = match MemoryLayout::parse(&text) {
        Ok(layout) => layout,
        Err(error) => return assert!(!error.to_string().contains(char::is_control)),
    };
    let mut next = 0;
    for sector in layout.sectors() {
        assert!(u64::from(sector.address) >= next && sector.size > 0);
        next = sector.end();
        assert_eq!(layout.sector_at(sector.address), Some(sector));
    }
    assert!(next <= 1 << 32);
}

/// A recording: refused, or told whole, with the firmware that was sent in it.
pub fn recording(bytes: &[u8]) {
    let recording = match Recording::read(bytes) {
        Ok(recording) => recording,
        Err(error) => return assert!(!error.to_string().contains(char::is_control)),
    };
    told(&recording);
    replayed(recording);
}

fn told(recording: &Recording) {
    for device in &recording.devices {
        let Some(identity) = device.identity() else {
            continue;
        };
        let operations = operations(device, &identity);
        let runs = runs(&operations, &identity);
        let told: usize = runs.iter().map(|run| run.operations.len()).sum();
        assert_eq!(told, operations.len());
        let asked: usize = operations
            .iter()
            .map(|operation| operation.transfers.len())
            .sum();
        assert_eq!(asked, device.transfers.len());
        summary(&operations, &runs);
        findings(device, &identity, &operations);
        knowledge(&identity, &operations);
        if let Ok(Extracted {
            firmware: Firmware::Placed(targets),
            ..
        }) = extract(device, &identity, &operations)
        {
            for target in &targets {
                let mut next = 0;
                for element in &target.elements {
                    assert!(element.start() >= next && element.end() <= 1 << 32);
                    next = element.end() + 1;
                }
            }
        }
    }
}

/// Its boards answer as they did, and whatever else they are asked.
fn replayed(recording: Recording) {
    let manner = Manner {
        is_strict: false,
        untold: Untold::TakenForErased,
        tell: Arc::new(|notice| assert!(!notice.text.contains(char::is_control))),
    };
    let Ok(bus) = ReplayBus::of(recording, &manner) else {
        return;
    };
    for info in bus.devices().expect("a bus") {
        let mut transport = bus.open(&info).expect("nobody has it");
        let _ = transport.claim();
        let mut board = Board::open(&bus, info.clone(), None);
        board.read_all_memories();
        let mut ask = |request_type, request, value| {
            let request = ControlRequest {
                request_type,
                request,
                value,
                index: info.interface.into(),
            };
            let _ = transport.control_in(request, &mut [0; 64], Duration::from_secs(1));
        };
        // GETSTATUS, UPLOAD.
        ask(0xA1, 3, 0);
        ask(0xA1, 2, 2);
        let _ = transport.is_on_bus();
    }
}

/// What `--sim` is given: refused, or a board.
pub fn board(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<BoardSpec>() {
        // It is not for bytes without a sense to name files.
        Ok(spec) if spec.flash.is_none() => {
            let bus = SimBus::new(&[spec]).expect("nothing but memory");
            assert!(bus.devices().expect("a simulated bus").len() <= 1);
        }
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
}

/// What a USB/IP client sends: an operation, or commands, whose transfers simulated boards get.
pub fn usbip(bytes: &[u8]) {
    let _ = Operation::read(&mut &bytes[..]);
    for spec in ["f405", "f405,app=micropython", "f405,app=klipper"] {
        let spec = spec.parse().expect("a board");
        let server = Server::new(&[spec]).expect("nothing but memory");
        let mut replies = Vec::new();
        // Who has said all, or nonsense, is hung up on.
        let _ = server.converse(bytes, &mut replies);
        check_replies(bytes, &replies);
    }
    check_transfers(bytes);
}

/// Whole frames, each of them to a request that was made and had no reply before, and none with more than was asked for.
fn check_replies(said: &[u8], replies: &[u8]) {
    let mut submitted: HashMap<u32, Vec<Submit>> = HashMap::new();
    let mut unlinks: HashMap<u32, u32> = HashMap::new();
    let mut rest = said;
    while let Ok(command) = Command::read(&mut rest) {
        match command {
            Command::Submit(submit) => submitted.entry(submit.sequence).or_default().push(submit),
            Command::Unlink(unlink) => *unlinks.entry(unlink.sequence).or_default() += 1,
        }
    }
    let mut rest = replies;
    while !rest.is_empty() {
        let (header, after) = rest.split_first_chunk::<48>().expect("a whole header");
        rest = after;
        let field = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
        let (sequence, length) = (field(4), field(0x18) as usize);
        if field(0) == 4 {
            let left = unlinks.get_mut(&sequence).expect("was asked");
            *left = left.checked_sub(1).expect("once");
            continue;
        }
        assert_eq!(field(0), 3);
        let asked = submitted.get_mut(&sequence).expect("was asked");
        // The same number may have been given twice.
        let fits = |submit: &Submit| length <= submit.length.max(usize::from(submit.setup.length));
        let index = asked.iter().position(fits).expect("no more than asked for");
        let submit = asked.remove(index);
        if submit.to_host || submit.endpoint == 0 && submit.data.is_empty() {
            rest = &rest[length..];
        }
    }
}

/// Each transfer by itself, to a board in this process.
fn check_transfers(bytes: &[u8]) {
    let spec = "f405".parse().expect("a board");
    let bus = SimBus::new(&[spec]).expect("nothing but memory");
    let devices = bus.devices().expect("a simulated bus");
    let mut board = bus.open(&devices[0]).expect("nobody has it");
    board.claim().expect("nobody has it");
    let mut rest = bytes;
    while let Ok(command) = Command::read(&mut rest) {
        if let Command::Submit(submit) = command {
            let request = submit.setup.request;
            let mut buffer = vec![0; usize::from(submit.setup.length)];
            // A STALL, or a board that leaves, is an answer as good as any.
            let length = match request.request_type & 0x80 {
                0 => board
                    .control_out(request, &submit.data, PATIENCE)
                    .map(|()| 0),
                _ => board.control_in(request, &mut buffer, PATIENCE),
            };
            assert!(length.unwrap_or(0) <= buffer.len());
        }
    }
}

/// More than any request takes on a board without a sense of time.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// Every file in a directory of the repository, and how many there have to be at least.
    fn replay(directory: &str, least: usize, check: fn(&[u8])) {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let mut count = 0;
        for entry in fs::read_dir(&directory).expect("a directory of seeds") {
            let path = entry.expect("readable").path();
            if path.is_file() {
                println!("{}", path.display());
                check(&fs::read(&path).expect("readable"));
                count += 1;
            }
        }
        assert!(count >= least, "{}: {count}", directory.display());
    }

    #[test]
    fn every_seed_of_a_firmware_file_is_refused_or_an_image_in_order() {
        replay("fuzz/seeds/firmware", 20, firmware);
        replay("tests/data", 10, firmware);
    }

    #[test]
    fn every_seed_of_a_layout_is_refused_or_sectors_in_order() {
        replay("fuzz/seeds/layout", 10, layout);
    }

    #[test]
    fn every_seed_of_a_recording_is_refused_or_told() {
        replay("fuzz/seeds/recording", 6, recording);
        replay("tests/data", 10, recording);
    }

    #[test]
    fn every_seed_of_a_board_is_refused_or_a_board() {
        replay("fuzz/seeds/board", 8, board);
    }

    #[test]
    fn every_seed_of_a_usbip_client_is_survived() {
        replay("fuzz/seeds/usbip", 11, usbip);
    }

    fn text(file: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        fs::read_to_string(path).expect("a file of the repository")
    }

    /// `fuzz/` is built by hand, and seldom: what it is made of has to keep up without that.
    #[test]
    fn the_fuzz_targets_have_all_of_the_program_but_its_command_line() {
        let modules = |file: &str| -> Vec<String> {
            let text = text(file);
            let lines = text.lines();
            let names =
                lines.filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.retain(|name| name != "cli;");
            names.sort();
            names
        };
        assert_eq!(modules("fuzz/src/lib.rs"), modules("src/main.rs"));
        // What the command line alone needs.
        let only_cli = |line: &&str| {
            [
                "clap",
                "console",
                "csv",
                "ctrlc",
                "humantime",
                "indicatif",
                "lexopt",
                "serde_json",
                "rusb",
                "strsim",
            ]
            .iter()
            .any(|name| line.starts_with(name))
        };
        let theirs = text("fuzz/Cargo.toml");
        let ours = text("Cargo.toml");
        let dependencies = ours
            .split("[dependencies]")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next())
            .expect("dependencies");
        let lines = dependencies.lines().filter(|line| !line.is_empty());
        for line in lines.filter(|line| !only_cli(line)) {
            assert!(theirs.lines().any(|other| other == line), "{line}");
        }
    }
}

//! Devices without DfuSe: the binary on each of the simulated ones, and what their flash holds afterwards.

mod choice;
mod download;
mod entering;
mod files;
mod leaving;
mod looking;
mod manifestation;
mod options;
mod recovery;
mod upload;

use serde_json::Value;

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, stdfu};

const KIB: usize = 1 << 10;

/// The flash that all slots of a board lie in, in bytes.
fn size(board: &str) -> usize {
    let kibibytes = match board {
        "dapboot" => 56,
        "embassy" | "embassy-0.2" | "simtrace" => 64,
        "tinyusb" => 80,
        "lpc" => 96,
        "fomu" | "jabra" => 128,
        "maple" => 148,
        "mcuboot" | "xmos" => 256,
        "ubertooth" => 496,
        "zephyr" => 512,
        "esp32s2" => 1 << 10,
        "openmoko" => 3136,
        "pluto" | "uboot" => 4 << 10,
        other => panic!("how large is the flash of {other}?"),
    };
    kibibytes * KIB
}

/// A simulated device whose flash is full.
struct Device {
    /// With its quirks, as `--sim` has it.
    board: String,
    flash: FlashFile,
}

impl Device {
    fn of(board: &str) -> Self {
        let name = board.split(',').next().unwrap_or_default();
        Self {
            board: board.to_owned(),
            flash: FlashFile::full(size(name)),
        }
    }

    fn run(&self, arguments: &str) -> Run {
        stdfu("--sim")
            .arg(self.flash.board(&self.board))
            .args(arguments)
            .run()
    }

    /// What the JSON says of the device.
    #[track_caller]
    fn result(&self, arguments: &str, exit: i32) -> Value {
        let run = self.run(&format!("--json {arguments}"));
        let [result] = &run.boards(exit)[..] else {
            panic!("one device: {run:?}");
        };
        result.clone()
    }

    /// Asserts that flash has these bytes at an offset, and around them what it had before.
    #[track_caller]
    fn has(&self, offset: usize, bytes: &[u8]) {
        let mut expected = self.flash.before();
        expected[offset..][..bytes.len()].copy_from_slice(bytes);
        self.flash.holds(&expected);
    }

    /// The control transfers of a command.
    fn transfers(&self, arguments: &str) -> Vec<String> {
        let run = self.run(&format!("-vv {arguments}"));
        let lines = run.stderr.lines();
        let transfers = lines.filter_map(|line| line.strip_prefix("1-1: "));
        transfers.map(str::to_owned).collect()
    }

    /// The number, from 1, of the first control transfer of a command that begins so: for a fault to be asked for there.
    #[track_caller]
    fn request(&self, arguments: &str, beginning: &str) -> usize {
        let transfers = self.transfers(arguments);
        let position = transfers
            .iter()
            .position(|transfer| transfer.starts_with(beginning));
        position.unwrap_or_else(|| panic!("no {beginning}: {transfers:#?}")) + 1
    }
}

/// A program that any of them takes, dapboot included: it begins with a stack pointer.
fn program() -> Firmware {
    let mut bytes = Firmware::raw(5000).bytes;
    bytes[..4].copy_from_slice(&0x2000_5000_u32.to_le_bytes());
    Firmware::of(bytes, "firmware.bin")
}

/// Flashes a program and asserts a good end, with the program at this offset. Returns what the JSON says.
#[track_caller]
fn flashes(board: &str, options: &str, offset: usize) -> Value {
    let device = Device::of(board);
    let file = program();
    let result = device.result(&format!("flash {} {options}", file.path()), 0);
    device.has(offset, &file.bytes);
    assert_eq!(result["written_bytes"], 5000, "{result}");
    assert_eq!(result["error"], Value::Null, "{result}");
    result
}

/// Asserts that all of it was read back.
#[track_caller]
fn is_verified(result: &Value) {
    assert_eq!(result["verified_bytes"], 5000, "{result}");
    assert_eq!(result["accepted"], false, "{result}");
}

/// Asserts that the device's word is all there is.
#[track_caller]
fn is_accepted(result: &Value) {
    assert_eq!(result["verified_bytes"], 0, "{result}");
    assert_eq!(result["accepted"], true, "{result}");
}

/// Asserts that the device left; `ids` are those of what it became, if anything shows.
#[track_caller]
fn started_as(result: &Value, ids: Option<&str>) {
    assert_eq!(result["left"], true, "{result}");
    assert_eq!(result["started_as"].as_str(), ids, "{result}");
}

/// Asserts that nothing had to be done over.
#[track_caller]
fn went_smoothly(result: &Value) {
    assert_eq!(result["retries"], 0, "{result}");
}

/// What the simulator calls an error: `err-verify` for errVERIFY.
fn quirk(status: &str) -> String {
    format!("err-{}", status[3..].to_lowercase())
}

fn seconds(result: &Value) -> f64 {
    result["seconds"].as_f64().expect("a number")
}

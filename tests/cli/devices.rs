//! What particular boards do: a test for each, named after the device, that fails where nobody reckons with it.

mod answers;
mod descriptors;
mod erasing;
mod writing;

use serde_json::{Value, json};

use crate::firmware::Firmware;
use crate::run::{FlashFile, assert_text, sample, stdfu};
use crate::trace::{self, Transfer};

/// Of main flash, in bytes.
fn size(board: &str) -> usize {
    let (name, _) = board.split_once(',').unwrap_or((board, ""));
    match name {
        "f072" | "f103" | "g0b1" | "gd32vf103" | "longan" => 128 << 10,
        "l072" => 192 << 10,
        "at32" => 256 << 10,
        "c5" | "f411" => 512 << 10,
        "class-sample" | "f405" | "f427" | "h723" | "l476" => 1 << 20,
        "f429" | "f767" | "h743" | "h743v9" | "mboot" | "u575" => 2 << 20,
        // With external flash behind it.
        "pybd" => 4 << 20,
        other => panic!("how large is the flash of {other}?"),
    }
}

/// What came of a command.
struct Done {
    result: Value,
    stderr: String,
}

/// Runs a command on a board whose flash is full. Asserts a good end, and what `change` makes of flash.
#[track_caller]
fn check(board: &str, arguments: &str, change: impl FnOnce(&mut [u8])) -> Done {
    let flash = FlashFile::full(size(board));
    let run = stdfu("--json --sim")
        .arg(flash.board(board))
        .args(arguments)
        .run();
    let [result] = &run.boards(0)[..] else {
        panic!("one board: {run:?}");
    };
    let mut expected = flash.before();
    change(&mut expected);
    flash.holds(&expected);
    Done {
        result: result.clone(),
        stderr: run.stderr,
    }
}

impl Done {
    #[track_caller]
    fn number(&self, name: &str) -> u64 {
        self.result[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no number {name}: {}", self.result))
    }

    #[track_caller]
    fn seconds(&self) -> f64 {
        self.result["seconds"].as_f64().expect("a number")
    }

    /// Asserts that nothing had to be done over.
    #[track_caller]
    fn went_smoothly(&self) -> &Self {
        assert_eq!(self.number("retries"), 0, "{}", self.stderr);
        assert!(!self.stderr.contains("trying again"), "{}", self.stderr);
        self
    }
}

/// Every control transfer of a command, with its answer.
fn transfers(board: &str, arguments: &str) -> Vec<String> {
    let run = stdfu(&format!("-vv --sim {board} {arguments}")).run();
    assert_eq!(run.exit, 0, "{run:?}");
    run.stderr
        .lines()
        .filter_map(|line| line.strip_prefix("1-1: "))
        .map(str::to_owned)
        .collect()
}

/// The number of the control transfer, from 1, that writes the block at an address: for a fault to be asked for there.
pub fn write_at(board: &str, arguments: &str, address: u32) -> usize {
    let run = stdfu(&format!("-vv --sim {board} {arguments}")).run();
    let is_meant =
        |transfer: &Transfer| matches!(transfer, Transfer::Write(block) if block.start == address);
    let transfers = trace::transfers(&run.stderr);
    transfers.iter().position(is_meant).expect("such a block") + 1
}

/// Writes the image at an offset, with the sectors it touches erased before.
fn programmed<'a>(
    sectors: std::ops::Range<usize>,
    erased: u8,
    image: &'a [u8],
    at: usize,
) -> impl FnOnce(&mut [u8]) + 'a {
    move |flash| {
        flash[sectors].fill(erased);
        flash[at..][..image.len()].copy_from_slice(image);
    }
}

/// The memories of a board, as `list` has them: number, name and each segment's address, count and sector size.
fn memories(board: &str) -> Vec<(u64, String, Vec<[u64; 3]>)> {
    let number = |value: &Value| value.as_u64().expect("a number");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let boards = stdfu(&format!("--sim {board} list --json")).run().boards(0);
    let segments = |memory: &Value| {
        let segments = list(&memory["segments"]).into_iter();
        segments
            .map(|segment| ["address", "sectors", "sector_size"].map(|name| number(&segment[name])))
            .collect()
    };
    let name = |memory: &Value| memory["name"].as_str().unwrap_or_default().to_owned();
    list(&boards[0]["memories"])
        .iter()
        .map(|memory| (number(&memory["alt"]), name(memory), segments(memory)))
        .collect()
}

const KIB: u64 = 1024;

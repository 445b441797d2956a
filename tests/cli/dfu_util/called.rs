//! Runs the binary by the name dfu-util, on simulated boards.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::{FlashFile, Run, bytes, named, program};

/// The size of an F405's flash, in bytes.
pub const F405: usize = 1 << 20;

/// A folder to work in, with the program and its files, and a simulated board whose flash is kept.
pub struct Bench {
    directory: TempDir,
    /// The binary, by the name dfu-util.
    program: PathBuf,
    /// With its options, as `--sim` has it; several with ; between them.
    boards: String,
    pub flash: FlashFile,
}

impl Bench {
    /// With a board of this many bytes of main flash, which is full.
    pub fn new(board: &str, size: usize) -> Self {
        let flash = FlashFile::full(size);
        let directory = TempDir::new().expect("a temporary directory");
        Self {
            program: named("dfu-util", directory.path()),
            directory,
            boards: flash.board(board),
            flash,
        }
    }

    /// With a full F405.
    pub fn f405() -> Self {
        Self::new("f405", F405)
    }

    /// With other boards beside it.
    pub fn beside(mut self, others: &str) -> Self {
        self.boards = format!("{};{others}", self.boards);
        self
    }

    /// A file in the folder.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("writable");
    }

    /// An application for 0x08000000 of this many bytes: app.bin.
    pub fn application(&self, length: usize) -> Vec<u8> {
        let mut application = bytes(length, 0x4449);
        application[..8].copy_from_slice(b"\x00\x00\x02\x20\xC1\x01\x00\x08");
        self.put("app.bin", &application);
        application
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(name)).ok()
    }

    /// Runs dfu-util with these arguments, which spaces separate.
    pub fn run(&self, arguments: &str) -> Run {
        self.run_all(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs dfu-util with these arguments, spaces and all.
    pub fn run_all(&self, arguments: &[&str]) -> Run {
        let command = program(&self.program).in_folder(self.directory.path());
        let command = arguments
            .iter()
            .fold(command, |command, argument| command.arg(argument));
        command.env("STDFU_SIM", &self.boards).run()
    }

    /// Flash with these bytes at an offset, and blank up to the end of their sectors of 16 KiB, the first four of an F405.
    pub fn programmed(&self, offset: usize, bytes: &[u8]) -> Vec<u8> {
        const SECTOR: usize = 16 << 10;
        let mut flash = self.flash.before();
        let (start, end) = (offset / SECTOR, (offset + bytes.len()).div_ceil(SECTOR));
        flash[start * SECTOR..end * SECTOR].fill(0xFF);
        flash[offset..offset + bytes.len()].copy_from_slice(bytes);
        flash
    }
}

/// What stands on the screen in the end: of what was drawn over and over in a line, the last.
pub fn screen(stdout: &str) -> String {
    let lines = stdout.lines();
    let last = lines.map(|line| line.rsplit('\r').next().unwrap_or(line));
    last.map(|line| format!("{line}\n")).collect()
}

/// The banner, and these lines.
pub fn after_banner(lines: &str) -> String {
    format!(
        "dfu-util 0.11\n(stdfu {})\n\n{lines}",
        env!("CARGO_PKG_VERSION")
    )
}

/// What stands before all work with an F405, and these lines.
pub fn with_f405(lines: &str) -> String {
    after_banner(&format!(
        "\
Opening DFU capable USB device...
Device ID 0483:df11
Device DFU version 011a
Claiming USB DFU Interface...
Setting Alternate Interface #0 ...
Determining device status...
DFU state(2) = dfuIDLE, status(0) = No error condition is present
DFU mode device DFU version 011a
Device returned transfer size 2048
{lines}"
    ))
}

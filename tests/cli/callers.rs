//! What the world calls: the command lines that other projects have for dfu-util, and what their programs look for in its
//! output, both from their public sources. stdfu is run under dfu-util's name, on simulated boards.

mod call;
mod calls;
mod looked_for;
mod tool;

use call::Call;
use calls::CALLS;
use tool::Tool;

use crate::run::{FlashFile, Run};

/// Its file is where its project has it, its flash full before.
#[test]
fn every_projects_command_line_flashes_its_board() {
    let failed: Vec<String> = CALLS.iter().filter_map(failure).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_command_line_is_here_once_and_says_where_it_comes_from() {
    for (index, call) in CALLS.iter().enumerate() {
        let is_same = |other: &Call| (other.board, other.arguments) == (call.board, call.arguments);
        assert!(!CALLS[index + 1..].iter().any(is_same), "{call:?}");
        assert!(call.source.contains('/'), "{call:?}");
    }
}

/// PlatformIO adds a suffix to what it has built, and then flashes that file; the suffix stays out of flash.
#[test]
fn what_platformio_gives_a_suffix_is_flashed_without_it() {
    let tool = Tool::new();
    let flash = FlashFile::full(1 << 20);
    let file = ".pio/build/genericSTM32F405RG/firmware.bin";
    let image = call::linked_at(0x0800_0000);
    tool.file(file, &image);
    let suffix = format!("-v 0x0483 -p 0xDF11 -d 0xffff -a {file}");
    let run = tool.run("dfu-suffix", &suffix, "");
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(tool.read(file).len(), image.len() + 16);
    let upload = format!("-d 0x0483:0xDF11 -a 0 -s 0x08000000:leave -D {file}");
    let run = tool.run("dfu-util", &upload, &flash.board("f405"));
    assert_eq!(run.exit, 0, "{run:?}");
    flash.holds(&expected(&flash, 0, &image, 0..16 << 10));
}

/// U-Boot's own test writes a file, then reads the memory back and compares.
#[test]
fn what_u_boots_test_writes_it_reads_back() {
    let tool = Tool::new();
    let flash = FlashFile::full(call::flash_size("uboot"));
    let board = flash.board("uboot");
    let image = call::raw();
    tool.file("dfu_5000.bin", &image);
    let run = tool.run("dfu-util", "-a 1 -D dfu_5000.bin -p 1-1", &board);
    assert_eq!(run.exit, 0, "{run:?}");
    let run = tool.run("dfu-util", "-a 1 -U dfu_readback.bin -p 1-1", &board);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(tool.read("dfu_readback.bin")[..image.len()], image);
}

/// What went wrong with it; `None` where all is as its project expects.
fn failure(call: &Call) -> Option<String> {
    let tool = Tool::new();
    let flash = FlashFile::full(call::flash_size(call.board));
    let image = call.image.bytes();
    tool.file(call.file(), &call.image.file());
    let run = tool.run("dfu-util", call.arguments, &flash.board(call.board));
    let what = |what: &str| {
        let (project, arguments) = (call.project, call.arguments);
        Some(format!("{project}: dfu-util {arguments}\n{what}\n{run:#?}"))
    };
    if run.exit != 0 {
        return what("should end with 0");
    }
    if let Some(line) = missing(&run, call.says) {
        return what(&format!("doesn't say {line:?}, or not in its place"));
    }
    if flash.now() != expected(&flash, call.offset, &image, call.erased.clone()) {
        return what("flash holds something else");
    }
    None
}

/// Flash as it was, but for what was erased, and the image.
fn expected(
    flash: &FlashFile,
    offset: usize,
    image: &[u8],
    erased: std::ops::Range<usize>,
) -> Vec<u8> {
    let mut expected = flash.before();
    expected[erased].fill(0xFF);
    expected[offset..][..image.len()].copy_from_slice(image);
    expected
}

/// The first of these lines that is not on stdout after those before it.
fn missing(run: &Run, lines: &[&'static str]) -> Option<&'static str> {
    let mut said = run.stdout.split(['\n', '\r']);
    lines
        .iter()
        .copied()
        .find(|line| !said.any(|found| found == *line))
}

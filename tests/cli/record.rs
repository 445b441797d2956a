//! `--record`: what a command leaves in the file, and what it does where it can't.

use std::collections::BTreeSet;
use std::path::Path;

use tempfile::TempDir;

use crate::run::{FlashFile, Run, sample, stdfu};

/// Runs a command that records into `session.pcapng` in a folder.
fn recorded(folder: &Path, arguments: &str) -> Run {
    stdfu("--record")
        .arg(folder.join("session.pcapng"))
        .args(arguments)
        .run()
}

/// The blocks of a recording: their types and what is between their lengths.
fn blocks(folder: &Path) -> Vec<(u32, Vec<u8>)> {
    let bytes = std::fs::read(folder.join("session.pcapng")).expect("a recording");
    let (mut rest, mut blocks) = (&bytes[..], Vec::new());
    while let Some((&[a, b, c, d, e, f, g, h], _)) = rest.split_first_chunk() {
        let (kind, length) = ([a, b, c, d], u32::from_le_bytes([e, f, g, h]) as usize);
        blocks.push((u32::from_le_bytes(kind), rest[8..length - 4].to_vec()));
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
    blocks
}

/// What a recording says of its command.
fn section(folder: &Path) -> String {
    let (_, section) = blocks(folder).swap_remove(0);
    String::from_utf8_lossy(&section[16..]).into_owned()
}

/// usbmon's headers: one where a transfer begins, one where it ends.
fn headers(folder: &Path) -> Vec<[u8; 64]> {
    let packets = blocks(folder).into_iter().filter(|(kind, _)| *kind == 6);
    let header = |packet: Vec<u8>| *packet[20..].first_chunk().expect("a header");
    packets.map(|(_, packet)| header(packet)).collect()
}

#[test]
fn a_flash_is_recorded_whole_and_says_nothing_of_it() {
    let folder = TempDir::new().expect("a temporary directory");
    let run = recorded(folder.path(), "--sim f405 flash blinky.dfu --json");
    let usual = stdfu("--sim f405 flash blinky.dfu --json").run();
    assert_eq!(run.stderr, usual.stderr);
    let requests = run.boards(0)[0]["requests"].as_u64();
    assert_eq!(requests, usual.boards(0)[0]["requests"].as_u64());
    let headers = headers(folder.path());
    let of = |event| headers.iter().filter(|header| header[8] == event).count() as u64;
    // Both descriptors beside what was asked.
    assert_eq!(Some(of(b'S')), requests.map(|requests| requests + 2));
    assert_eq!(of(b'S'), of(b'C'));
    let section = section(folder.path());
    for text in [
        concat!("stdfu ", env!("CARGO_PKG_VERSION")),
        "command: stdfu --record session.pcapng --sim f405 flash blinky.dfu --json",
        "file: blinky.dfu, 5432 bytes, SHA-256 8b4ae463d1285926143ad7409350c60c7eedde5a58546e532dfcb22ef77b43b7",
        "exit code: 0 ",
    ] {
        assert!(section.contains(text), "{text} is not in {section}");
    }
}

#[test]
fn how_it_ended_is_recorded_for_whatever_reason() {
    for (arguments, exit) in [
        ("--sim f405,fault=unplug@20 flash blinky.dfu", 8),
        ("--sim f405,quirk=no-access list", 5),
        ("--sim f405 --id 1209:db42 list", 3),
        ("--sim f405 dfu-util -d ,1209:db42 -l", 0),
        ("--sim f405 dfu-util -d ,1209:db42 -D blinky.dfu", 74),
    ] {
        let folder = TempDir::new().expect("a temporary directory");
        let run = recorded(folder.path(), arguments);
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
        let section = section(folder.path());
        let text = format!("exit code: {exit} ");
        assert!(section.contains(&text), "{arguments}: {section}");
    }
}

#[test]
fn several_boards_are_in_the_same_file_each_with_its_number() {
    let folder = TempDir::new().expect("a temporary directory");
    let arguments = "--sim f405 --sim l476 --sim g474 --every flash blinky.dfu";
    assert_eq!(recorded(folder.path(), arguments).exit, 0);
    let headers = headers(folder.path());
    let dnloads = |device| {
        let is_dnload = |header: &&[u8; 64]| header[40..42] == [0x21, 1] && header[11] == device;
        headers.iter().filter(is_dnload).count()
    };
    assert!([2, 3, 4].into_iter().all(|device| dnloads(device) > 3));
    assert_eq!(dnloads(5), 0);
}

#[test]
fn no_firmware_is_in_a_recording_without_data() {
    let folder = TempDir::new().expect("a temporary directory");
    let arguments = "--record-without-data --sim f405 flash blinky.dfu";
    assert_eq!(recorded(folder.path(), arguments).exit, 0);
    let recording = std::fs::read(folder.path().join("session.pcapng")).expect("a recording");
    let firmware = sample("blinky.bin");
    let is_in_it = |part: &[u8]| recording.windows(part.len()).any(|window| window == part);
    // What has a shape of its own.
    let is_telling = |part: &&[u8]| part.iter().collect::<BTreeSet<_>>().len() > 8;
    let parts: Vec<&[u8]> = firmware.chunks_exact(16).filter(is_telling).collect();
    assert!(parts.len() > 100);
    assert!(!parts.into_iter().any(is_in_it));
    assert!(is_in_it(b"left out: 2048 bytes, SHA-256 "));
}

#[test]
fn a_file_that_is_there_stays_and_no_board_is_touched() {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("session.pcapng");
    std::fs::write(&path, b"kept").expect("a new file");
    let flash = FlashFile::full(1 << 20);
    let arguments = format!("--sim {} flash blinky.dfu", flash.board("f405"));
    recorded(folder.path(), &arguments).says(
        1,
        "",
        &format!(
            "error: {} already exists\n\
             hint: A recording takes no other file's place: name a new one. No board was touched.\n",
            path.display()
        ),
    );
    flash.is_untouched();
    assert_eq!(std::fs::read(&path).expect("the file"), b"kept");
    let run = stdfu("--record - --sim f405 list").run();
    run.says(
        2,
        "",
        "error: a recording can't go to stdout, where the answer goes\n\
         hint: Name a file, such as --record session.pcapng.\n",
    );
}

#[test]
fn what_is_left_out_of_no_recording_is_a_mistake() {
    let run = stdfu("--sim f405 list --record-without-data").run();
    run.says(
        2,
        "",
        "error: --record-without-data is about a recording, and none is made\n\
         hint: Name a file, such as --record session.pcapng.\n",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_and_not_the_flash() {
    let run = stdfu("--sim f405 flash blinky.dfu --record /dev/full").run();
    assert_eq!(run.exit, 0, "{run:?}");
    let last = run.stderr.lines().last();
    let expected = "warning: /dev/full has only the beginning: no space left on device";
    assert_eq!(
        last.map(str::to_lowercase),
        Some(format!("{expected} (os error 28)"))
    );
}

#[test]
fn the_help_has_it_where_there_is_something_to_record() {
    for (command, has_it) in [("flash", true), ("list", true), ("convert", false)] {
        let said = stdfu(&format!("{command} --help")).run().stdout;
        assert_eq!(said.contains("--record-without-data"), has_it, "{command}");
    }
}

//! `--record`: what a command leaves in the file.

mod impossible;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::run::{Run, sample, stdfu};

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
fn what_ended_before_anything_was_asked_of_a_board_can_be_told() {
    let folder = TempDir::new().expect("a temporary directory");
    let run = recorded(folder.path(), "--sim f405 --id 1209:db42 flash blinky.dfu");
    assert_eq!(run.exit, 3, "{run:?}");
    let decode = || stdfu("decode session.pcapng").in_folder(folder.path());
    let told = format!(
        "\
session.pcapng: 0.0 s, recorded by stdfu {}
  command: stdfu --record session.pcapng --sim f405 --id 1209:db42 flash blinky.dfu
  file: blinky.dfu, 5432 bytes, SHA-256 8b4ae463d1285926143ad7409350c60c7eedde5a58546e532dfcb22ef77b43b7
  exit code: 3

No device was asked for anything over USB.
",
        env!("CARGO_PKG_VERSION")
    );
    decode().run().answers(&told);
    assert_eq!(
        decode().args("--json").run().document(0)["devices"],
        json!([])
    );
    let run = decode().args("--extract out.hex").run();
    assert_eq!(run.exit, 6, "{run:?}");
}

#[test]
fn a_board_that_can_t_be_opened_is_in_the_recording_with_the_reason() {
    for (quirk, reason, exit) in [
        ("no-access", "permission denied", 5),
        ("not-permitted", "operation not permitted", 5),
        ("no-node", "there is no /dev/bus/usb/001/002", 5),
    ] {
        let folder = TempDir::new().expect("a temporary directory");
        let arguments = format!("--sim f405,quirk={quirk} list");
        let run = recorded(folder.path(), &arguments);
        assert_eq!(run.exit, exit, "{run:?}");
        let decode = stdfu("decode session.pcapng").in_folder(folder.path());
        let told = decode.run();
        let (_, device) = told.stdout.split_once("\n\n").expect("a device");
        let expected = format!(
            "\
1-1  0483:df11
  DfuSe, blocks of up to 2048 bytes
    0.000  note      not opened at 1-1: {reason}
    0.000  identify  2 requests, 0.0 ms
  Not told to leave
"
        );
        assert_eq!(device, expected);
        // Both descriptors, once, however often it was tried.
        assert_eq!(headers(folder.path()).len(), 4);
        let replay = stdfu("--sim replay=session.pcapng list").in_folder(folder.path());
        let replayed = replay.run();
        replayed.says(exit, &run.stdout, &run.stderr);
    }
}

#[test]
fn a_board_that_can_t_be_opened_is_told_beside_one_that_was_flashed() {
    let folder = TempDir::new().expect("a temporary directory");
    let arguments = "--sim f405 --sim l476,quirk=no-access --every flash blinky.dfu";
    let run = recorded(folder.path(), arguments);
    assert_eq!(run.exit, 5, "{run:?}");
    let decode = stdfu("decode session.pcapng").in_folder(folder.path());
    let told = decode.run().stdout;
    assert!(told.contains("\n1-1  0483:df11"), "{told}");
    let note = "note      not opened at 1-2: permission denied\n";
    assert!(told.contains(note), "{told}");
    let replay = stdfu("--sim replay=session.pcapng --every flash").in_folder(folder.path());
    let file = crate::run::data().join("blinky.dfu");
    let replayed = replay.arg(file).run();
    assert_eq!(replayed.exit, 5, "{replayed:?}");
    assert_eq!(replayed.stdout, run.stdout);
}

/// A pipe holds 64 KiB: whoever writes more into it waits for a reader.
#[cfg(unix)]
#[test]
fn a_program_that_is_stopped_leaves_a_recording_that_can_be_told() {
    use std::process::{Command, Stdio};
    use std::thread::sleep;
    use std::time::Duration;
    for (signal, code) in [
        ("INT", "130"),
        ("TERM", "130"),
        ("KILL", "none, the command was cut off"),
    ] {
        let folder = TempDir::new().expect("a temporary directory");
        let path = folder.path().join("session.pcapng");
        let mut command = stdfu("--sim f405 read - --record")
            .arg(&path)
            .into_command();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().expect("the binary starts");
        let is_all_there = |_| {
            sleep(Duration::from_millis(20));
            path.metadata().is_ok_and(|file| file.len() > 1 << 20)
        };
        assert!((0..3000).any(is_all_there), "{signal}");
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(child.id().to_string());
        assert!(kill.status().expect("kill is there").success());
        child.wait().expect("it ends");
        let told = stdfu("decode").arg(&path).run();
        assert_eq!(told.exit, 0, "{signal}: {told:?}");
        let said = format!("  exit code: {code}\n");
        assert!(told.stdout.contains(&said), "{signal}: {told:?}");
    }
}

#[test]
fn a_report_of_trouble_has_the_recording_that_was_made() {
    let folder = TempDir::new().expect("a temporary directory");
    let run = |name: &str, arguments: &str| {
        let command = stdfu("--record").arg(name).args(arguments);
        let run = command.in_folder(folder.path()).run();
        (run.exit, run.stderr)
    };
    std::fs::write(folder.path().join("blinky.dfu"), sample("blinky.dfu")).expect("a new file");
    let last =
        |name: &str| format!("For a report, send {name}: it has all that passed over USB.\n");
    let (exit, said) = run("a.pcapng", "--sim f405,fault=unplug@20 flash blinky.dfu");
    assert!(exit == 8 && said.ends_with(&last("a.pcapng")), "{said}");
    let (exit, said) = run("b c", "--sim f405 verify blinky.dfu");
    assert!(exit == 9 && said.ends_with(&last("\"b c\"")), "{said}");
    let (exit, said) = run("d", "--sim f405,quirk=leave=stays leave");
    assert!(exit == 8 && said.ends_with(&last("d")), "{said}");
    // Trouble of another kind is none of the board's.
    let (exit, said) = run("e", "--sim f405,quirk=no-access leave");
    assert!(exit == 5 && !said.contains("report"), "{said}");
    let command = stdfu("--sim f405,fault=unplug@20 flash blinky.dfu --json --record f");
    let boards = command.in_folder(folder.path()).run().boards(8);
    let hint = boards[0]["hint"].as_str().expect("a hint");
    assert!(hint.ends_with(last("f").trim_end()), "{hint}");
}

#[test]
fn the_help_has_it_where_there_is_something_to_record() {
    for (command, has_it) in [("flash", true), ("list", true), ("convert", false)] {
        let said = stdfu(&format!("{command} --help")).run().stdout;
        assert_eq!(said.contains("--record-without-data"), has_it, "{command}");
    }
}

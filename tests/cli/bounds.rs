//! Hostile sizes: what a file or a command line claims costs no more than it holds.

use std::io::Write;
use std::process::Stdio;

use crate::firmware::Firmware;
use crate::run::{FlashFile, sample, stdfu};

const MIB: u64 = 1 << 20;

/// The most memory that `stdfu info` had resident while it described a file, in bytes, and its exit code.
#[cfg(target_os = "linux")]
fn peak(file: &Firmware) -> (u64, Option<i32>) {
    let mut command = stdfu(&format!("info {}", file.path())).into_command();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().expect("our own child") {
            return (peak, status.code());
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Asserts how `info` ends, and that its peak stays below so many MiB.
#[cfg(target_os = "linux")]
#[track_caller]
fn check(file: &Firmware, exit: i32, most: u64) {
    let (peak, code) = peak(file);
    assert_eq!(code, Some(exit), "{}", file.path());
    assert!(
        peak > MIB && peak < most * MIB,
        "{}: {} MiB",
        file.path(),
        peak / MIB
    );
}

/// gzip of what these blocks are, one after the other.
fn packed(blocks: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for block in blocks {
        packer.write_all(&block).expect("memory");
    }
    packer.finish().expect("memory")
}

/// An Intel HEX record.
fn record(kind: u8, offset: u16, data: &[u8]) -> Vec<u8> {
    let [high, low] = offset.to_be_bytes();
    let mut bytes = vec![u8::try_from(data.len()).expect("short"), high, low, kind];
    bytes.extend(data);
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(":{digits}\n").into_bytes()
}

/// A file of records with this data at these addresses.
fn hex(addresses: impl Iterator<Item = u32>, data: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for address in addresses {
        let [first, second, third, fourth] = address.to_be_bytes();
        text.extend(record(4, 0, &[first, second]));
        text.extend(record(0, u16::from_be_bytes([third, fourth]), data));
    }
    text.extend(record(1, 0, &[]));
    text
}

/// A sixteenth of what there may be, in a sixteenth of the memory: 32 MiB for 16, and some for the program itself.
#[cfg(target_os = "linux")]
#[test]
fn what_is_packed_well_takes_no_more_memory_than_what_is_in_it() {
    let zeros = packed((0..16).map(|_| vec![0; 1 << 20]));
    check(&Firmware::of(zeros, "zeros.bin.gz"), 0, 32);
    // 64K in records of 16 bytes, for each of the first addresses.
    let records: Vec<u8> = (0..=0xFFF_u16)
        .flat_map(|index| record(0, index << 4, &[0; 16]))
        .collect();
    let blocks = (0..80_u8).map(|upper| [record(4, 0, &[8, upper]), records.clone()].concat());
    let text = packed(blocks.chain([record(1, 0, &[])]));
    check(&Firmware::of(text, "zeros.hex.gz"), 0, 38);
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_here_and_there_take_no_more_memory_than_bytes_in_a_row() {
    // One in each 64K of the address space; others than the first are everywhere and nowhere.
    let sparse = hex((0..=0xFFFF).map(|upper| upper << 16), b"a");
    check(&Firmware::of(sparse, "sparse.hex"), 0, 40);
    let alternating = hex((0..140_000).map(|index| index * 2), b"a");
    check(&Firmware::of(alternating, "alternating.hex"), 6, 40);
    // Backwards, so that all but one are joined to one that comes later.
    let backwards = hex((0..140_000).rev().map(|index| index * 2), b"ab");
    check(&Firmware::of(backwards, "backwards.hex"), 0, 40);
}

#[test]
fn a_file_in_more_pieces_than_firmware_is_in_is_refused_in_words() {
    let file = Firmware::of(
        hex((0..140_000).map(|index| index * 2), b"a"),
        "alternating.hex",
    );
    let run = stdfu(&format!("info {}", file.path())).run();
    run.says(
        6,
        "",
        &format!(
            "error: {}: the file has more than 131072 pieces, and no firmware has that many\n",
            file.path()
        ),
    );
}

/// Each is a board of its own: at its path, with its serial, and with its flash.
#[test]
fn more_boards_than_a_bus_has_addresses_keep_apart() {
    let flash = FlashFile::full(1 << 20);
    let boards: Vec<String> = (0..300)
        .map(|index| match index {
            // The 127th is the first of the second bus.
            126 => flash.board("f405"),
            _ => "f405".to_owned(),
        })
        .collect();
    let boards = boards.join(";");
    let document = stdfu("list --json")
        .env("STDFU_SIM", &boards)
        .run()
        .document(0);
    let listed = document["boards"].as_array().expect("boards");
    assert_eq!(listed.len(), 300);
    for field in ["path", "serial"] {
        let mut values: Vec<String> = listed
            .iter()
            .map(|board| board[field].to_string())
            .collect();
        values.sort();
        values.dedup();
        assert_eq!(values.len(), 300, "{field}");
    }
    let run = stdfu("flash blinky.dfu --path 2-1")
        .env("STDFU_SIM", &boards)
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(flash.now().starts_with(&sample("blinky.bin")));
}

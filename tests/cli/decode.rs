//! `decode`: recordings of our own sessions, and of others, in words.

use tempfile::TempDir;

use crate::run::{FlashFile, assert_text, sample, stdfu};

/// A session that is recorded, and what `decode` makes of it.
#[track_caller]
fn decoded(session: &str, exit: i32, options: &str) -> String {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("session.pcapng");
    let run = stdfu(session).args("--record").arg(&file).run();
    assert_eq!(run.exit, exit, "{run:?}");
    let run = stdfu("decode").arg(&file).args(options).run();
    assert_eq!(run.exit, 0, "{run:?}");
    // The first line has the file's name, and the ones below it have the command line.
    let (_, text) = run.stdout.split_once("\n\n").expect("a device");
    text.to_owned()
}

#[test]
fn a_flash_is_told_phase_by_phase() {
    let told = decoded("--sim f405,timing=real flash blinky.dfu --full", 0, "");
    assert_text(
        "told",
        &told,
        "\
1-1  0483:df11  serial 336133663433
  DfuSe, blocks of up to 2048 bytes
  0 @Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg
    0.000  identify  4 requests, 1.1 ms
    0.001  prepare   dfuERROR, errFIRMWARE; CLRSTATUS; chooses memory 0; address 0x08001000; ABORT
    0.006  read      0x08001000+12K: 6 blocks, 13 ms, 2.3 ms each
    0.020  erase     0x08000000+16K: 1 sector of 16 KiB, 251 ms
    0.274  write     0x08000800+4K: 2 blocks, 24 ms, 12 ms each
    0.299  write     0x08000000+2K: 1 block, 12 ms
    0.311  read      0x08000000+6K: 3 blocks, 6.9 ms, 2.3 ms each
    0.319  leave     told to leave: dfuMANIFEST, OK
    0.320  note      gone from the bus, seen after 0.000 s
  6 KiB sent, 18 KiB read, 1 sector erased, told to leave
  It begins in dfuERROR with errFIRMWARE, as the ROMs of F4 and F7 do.
",
    );
}

#[test]
fn a_board_that_fails_is_told_with_what_it_said() {
    let told = decoded("--sim f405,quirk=read-protected flash blinky.dfu", 10, "");
    for line in [
        "dfuERROR, errVENDOR",
        "  errVENDOR: on a ROM of ST, read protection is on.\n",
    ] {
        assert!(told.contains(line), "{line:?} is not in:\n{told}");
    }
}

#[test]
fn a_device_without_dfuse_is_told_with_its_stream() {
    let told = decoded("--sim maple flash blinky.bin --alt 1", 0, "");
    let line = "write     memory 1, 5.0 KiB: 6 blocks";
    assert!(told.contains(line), "{told}");
    assert!(
        told.contains("plain DFU, blocks of up to 1024 bytes"),
        "{told}"
    );
    assert!(
        told.contains("  5.0 KiB sent, told that all was sent\n"),
        "{told}"
    );
}

#[test]
fn with_details_every_transfer_is_told_as_vv_does() {
    let told = decoded("--sim f405 leave", 0, "-v");
    let line = "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 0a 00 00 00 0a 00 (dfuERROR, errFIRMWARE, 0 ms) (0.0 ms)";
    assert!(told.contains(line), "{told}");
    let said = stdfu("--sim f405 -vv leave").run().stderr;
    let shown = said.lines().filter_map(|line| line.strip_prefix("1-1: "));
    let mut count = 0;
    for transfer in shown.filter(|line| !line.ends_with("the device is gone")) {
        assert!(told.contains(transfer), "{transfer:?} is not in:\n{told}");
        count += 1;
    }
    assert!(count > 8, "{said}");
}

#[test]
fn with_details_what_was_noted_stands_where_it_was_noted() {
    let told = decoded("--sim f405,fault=unplug@20 flash blinky.dfu", 8, "-v");
    let lines: Vec<&str> = told.lines().collect();
    let line = |text: &str| lines.iter().position(|line| line.contains(text));
    let (opened, first) = (line("note      opened at 1-1"), line("GET_DESCRIPTOR"));
    assert!(opened.is_some() && opened < first, "{told}");
    let (claimed, status) = (line("interface claimed"), line("GETSTATUS"));
    assert!(first < claimed && claimed < status, "{told}");
    let gone = line("note      gone from the bus").expect("it is noted");
    assert!(lines[gone - 1].contains("the device is gone"), "{told}");
}

#[test]
fn what_was_left_out_is_told_with_its_length_and_its_hash() {
    let session = "--record-without-data --sim f405 flash blinky.dfu";
    let told = decoded(session, 0, "-v");
    for line in [
        // Erased.
        "    UPLOAD wValue 0x0002 wIndex 0x0000 wLength 2048, 2048 bytes left out, SHA-256 \
         d0ff1b294b5288d1ae1421eadf5b2d38a8752b76d472ff30bed9028e25b1c5b8 (0.0 ms)\n",
        "    DNLOAD wValue 0x0003 wIndex 0x0000 wLength 2048, 2048 bytes left out, SHA-256 \
         5a3162975dc4089ceaaec2b4ea2680538cf8a8f53b469f1a3116eae7de3a94fe (0.0 ms)\n",
    ] {
        assert!(told.contains(line), "{line:?} is not in:\n{told}");
    }
    let sentence = "  Bytes are left out of the recording: -v shows how many of each transfer.\n";
    assert!(decoded(session, 0, "").contains(sentence));
    assert!(!decoded("--sim f405 list", 0, "").contains(sentence));
}

#[test]
fn programs_get_the_exit_code_without_the_room_after_it() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("session.pcapng");
    let run = stdfu("--sim f405 list --record").arg(&file).run();
    assert_eq!(run.exit, 0, "{run:?}");
    let document = stdfu("--json decode").arg(&file).run().document(0);
    assert_eq!(document["comments"][1], "exit code: 0", "{document}");
}

#[test]
fn a_deviation_is_told_with_its_time_to_the_millisecond() {
    let told = decoded("--sim f405 flash blinky.dfu", 0, "");
    let line =
        "      0.001  the device says bwPollTimeout 0 while it is busy, 3 times (known of mboot)\n";
    assert!(told.contains(line), "{told}");
}

#[test]
fn each_of_several_boards_has_its_part_and_path_chooses_one() {
    let both = "--sim f405 --sim l476 list -v";
    let all = decoded(both, 0, "");
    let devices = all.matches("blocks of up to 2048 bytes").count();
    assert_eq!(devices, 2, "{all}");
    let one = decoded(both, 0, "--path 1-2");
    assert!(
        one.starts_with("1-2  0483:df11") && !one.contains("\n1-1"),
        "{one}"
    );
}

#[test]
fn the_firmware_comes_out_as_it_went_in() {
    let directory = TempDir::new().expect("a temporary directory");
    let check = |session: &str, name: &str, expected: &[u8]| {
        let file = directory.path().join("session.pcapng");
        let run = stdfu(session).args("--record").arg(&file).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let out = directory.path().join(name);
        let run = stdfu("decode").arg(&file).args("--extract").arg(&out).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let found = std::fs::read(&out).expect("a file");
        assert!(found.starts_with(expected), "{session}: {run:?}");
        let rest = &found[expected.len()..];
        assert!(
            rest.iter().all(|byte| *byte == 0xFF),
            "{session}: {rest:02x?}"
        );
        std::fs::remove_file(&file).expect("our file");
        std::fs::remove_file(&out).expect("our file");
    };
    let blinky = sample("blinky.bin");
    check("--sim f405 flash blinky.dfu", "a.bin", &blinky);
    check("--sim h743 flash blinky.dfu --full", "b.bin", &blinky);
    check("--sim zephyr flash blinky.bin --alt 1", "c.bin", &blinky);
    // Its suffix comes after it.
    let read = format!(
        "--sim f405 read {}/x.bin 0x08000000+16",
        directory.path().display()
    );
    check(&read, "d.bin", &[0xFF; 16]);
}

#[test]
fn what_a_recording_lacks_between_other_bytes_is_told_where_a_file_has_to_fill_it() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("session.pcapng");
    let board = FlashFile::full(1 << 20);
    let run = stdfu("flash blinky.dfu --sim").arg(board.board("f405"));
    let run = run.args("--record").arg(&file).run();
    assert_eq!(run.exit, 0, "{run:?}");
    let whole = std::fs::read(&file).expect("a recording");
    // The board's first block and its third have been read by then.
    std::fs::write(&file, &whole[..14000]).expect("our file");
    let extract = |name: &str| {
        let out = directory.path().join(name);
        let run = stdfu("decode").arg(&file).args("--extract").arg(&out).run();
        assert_eq!(run.exit, 0, "{run:?}");
        run.stderr
    };
    let told = "2048 bytes between the others are not in the recording, and are 0xff in the file";
    let bin = extract("part.bin");
    assert!(bin.contains(told), "{bin}");
    assert!(bin.ends_with("; it begins at 0x08000000\n"), "{bin}");
    assert!(!extract("part.hex").contains(told));
}

#[test]
fn a_file_without_firmware_or_for_another_format_is_refused() {
    let directory = TempDir::new().expect("a temporary directory");
    let out = |name: &str| directory.path().join(name).display().to_string();
    let refused = |arguments: String, exit: i32, reason: &str| {
        let run = stdfu(&arguments).run();
        assert_eq!(run.exit, exit, "{run:?}");
        assert!(run.stderr.contains(reason), "{run:?}");
    };
    refused(
        format!("decode f405.pcapng --extract {}", out("a.elf")),
        2,
        "the name doesn't tell which format to write",
    );
    refused(
        format!("decode blinky.bin --extract {}", out("a.bin")),
        6,
        "the file is no recording: it is neither pcapng nor pcap",
    );
    refused(
        "decode f405.pcapng --path 9-9".to_owned(),
        3,
        "the recording has no device 9-9",
    );
}

#[test]
fn a_simulated_board_is_compared_with_the_recorded_one() {
    let told = decoded(
        "--sim f746,timing=real erase 0x08000000",
        0,
        "--against f405",
    );
    for line in [
        "  Different from f405:\n      memories: 3; f405: 4\n",
        "  How long it takes:\n      erase of 32768 bytes: 251 ms; f405: 251 ms\n",
    ] {
        assert!(told.contains(line), "{line:?} is not in:\n{told}");
    }
    let told = decoded(
        "--sim f405,timing=real erase 0x08000000",
        0,
        "--against f405",
    );
    assert!(
        told.contains("  No different from f405, times aside.\n"),
        "{told}"
    );
}

#[test]
fn a_recording_that_ends_in_the_middle_is_told_up_to_there() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("cut.pcapng");
    let whole = sample("f405.pcapng");
    std::fs::write(&file, &whole[..whole.len() / 2]).expect("a new file");
    let run = stdfu("decode").arg(&file).run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stdout.contains("erase     0x08000000+16K"), "{run:?}");
    assert!(
        run.stderr
            .contains("it ends in the middle of a packet, after "),
        "{run:?}"
    );
    let document = stdfu("--json decode").arg(&file).run().document(0);
    assert!(document["broken"].is_string(), "{document}");
}

#[test]
fn a_session_that_went_well_ends_well() {
    let runs = |session: &str| {
        let directory = TempDir::new().expect("a temporary directory");
        let file = directory.path().join("session.pcapng");
        let run = stdfu(session).args("--record").arg(&file).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let document = stdfu("--json decode").arg(&file).run().document(0);
        let device = &document["devices"][0];
        assert_eq!(device["told_to_leave"], true, "{device}");
        device["runs"].as_array().expect("runs").clone()
    };
    for run in runs("--sim f405,timing=real flash blinky.dfu") {
        assert!(run["error"].is_null(), "{run}");
    }
    // After the download it is sent a DETACH, which U-Boot takes for the end, and which it refuses.
    let runs = runs("--sim zephyr flash blinky.bin --alt 1");
    assert!(runs.iter().all(|run| run["phase"] != "enter"), "{runs:?}");
}

//! `stdfu verify`: compares, and changes nothing.

use serde_json::{Value, json};

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, sample, stdfu};
use crate::trace::{Transfer, transfers};

const F405: usize = 1 << 20;

/// A board whose flash holds something else everywhere but for these bytes.
fn holding(board: &str, size: usize, offset: usize, bytes: &[u8]) -> (FlashFile, String) {
    let flash = FlashFile::full(size);
    let mut contents = flash.before();
    contents[offset..offset + bytes.len()].copy_from_slice(bytes);
    flash.put(&contents);
    let board = flash.board(board);
    (flash, board)
}

/// The command, which must leave flash as it is.
#[track_caller]
fn verify(flash: &FlashFile, board: &str, arguments: &str) -> Run {
    let before = flash.now();
    let written = flash.modified();
    let run = stdfu("--sim")
        .arg(board)
        .args(&format!("verify {arguments}"))
        .run();
    flash.holds(&before);
    assert_eq!(flash.modified(), written, "not even written the same");
    run
}

#[test]
fn the_same_in_every_format_is_exit_0() {
    let (flash, board) = holding("f405", F405, 0, &sample("blinky.bin"));
    for file in [
        "blinky.dfu",
        "blinky.hex",
        "blinky.hex.gz",
        "blinky.srec",
        "blinky.elf",
        "blinky.uf2",
        "blinky.bin --address 0x08000000",
    ] {
        verify(&flash, &board, file).says(
            0,
            "OK  336133663433 at 1-1  5.0 KiB verified, all the same  0.0 s\n",
            "verifying 5.0 KiB\n",
        );
    }
}

#[test]
fn only_what_the_file_names_is_compared() {
    // Nothing between the elements, nor around them.
    let file = sample("two-elements.dfu");
    let (first, second) = (&file[293..][..0x401], &file[293 + 0x409..][..0x203]);
    let (flash, board) = holding("f405", F405, 0, first);
    flash.patch(0x404, second);
    let run = verify(&flash, &board, "two-elements.dfu");
    assert_eq!(run.exit, 0, "{run:?}");
    flash.patch(0x401, b"xyz");
    let run = verify(&flash, &board, "two-elements.dfu");
    assert_eq!(run.exit, 0, "{run:?}");
    flash.patch(0x404, &[!second[0]]);
    let run = verify(&flash, &board, "two-elements.dfu");
    assert_eq!(run.exit, 9, "{run:?}");
}

#[test]
fn what_differs_is_told_with_the_first_place_and_how_much_it_is() {
    let blinky = sample("blinky.bin");
    let (flash, board) = holding("f405", F405, 0, &blinky);
    let check = |offset: usize, count: &str| {
        let (right, wrong) = (blinky[offset], !blinky[offset]);
        let differs = format!(
            "verification failed: {:#010x} holds {wrong:#04x} where {right:#04x} should be",
            0x0800_0000 + offset
        );
        verify(&flash, &board, "blinky.dfu").says(
            9,
            "",
            &format!(
                "verifying 5.0 KiB\n\
                 {differs}; trying again\n\
                 error: 336133663433 at 1-1: {differs}; {count}\n\
                 hint: `stdfu flash` corrects it, and writes only what differs.\n      If it happens again: --record FILE records it, for a report.\n"
            ),
        );
    };
    // The last byte, then one in another block, then one in the first.
    for (offset, count) in [
        (5122, "1 of 5123 bytes differs"),
        (2048, "2 of 5123 bytes differ"),
        (0, "3 of 5123 bytes differ"),
    ] {
        flash.patch(offset, &[!blinky[offset]]);
        check(offset, count);
    }
}

#[test]
fn a_difference_that_is_not_there_again_is_none() {
    let (flash, board) = holding("f405", F405, 0, &sample("blinky.bin"));
    let corrupt = upload(&board, 2);
    let run = verify(
        &flash,
        &format!("{board},fault=corrupt@{corrupt}"),
        "blinky.dfu --json",
    );
    assert_eq!(run.boards(0)[0]["retries"], 1);
    assert_eq!(run.boards(0)[0]["differing_bytes"], 0);
}

/// The number of the nth UPLOAD of data among all requests.
#[track_caller]
fn upload(board: &str, nth: usize) -> usize {
    let run = stdfu("-vv --sim")
        .arg(board)
        .args("verify blinky.dfu")
        .run();
    let numbered = (1..).zip(transfers(&run.stderr));
    let mut uploads = numbered.filter(|(_, transfer)| matches!(transfer, Transfer::Read(_)));
    uploads.nth(nth - 1).expect("so many").0
}

#[test]
fn one_fault_at_any_request_of_the_session_still_ends_in_exit_0() {
    let (flash, board) = holding("f405", F405, 0, &sample("blinky.bin"));
    let requests = stdfu("--json --sim")
        .arg(&board)
        .args("verify blinky.dfu")
        .run()
        .boards(0)[0]["requests"]
        .as_u64()
        .expect("a number");
    // The first are for the serial number and the layout.
    for request in 3..=requests {
        for kind in ["stall", "lost-answer", "short"] {
            let run = verify(
                &flash,
                &format!("{board},fault={kind}@{request}"),
                "blinky.dfu",
            );
            assert_eq!(run.exit, 0, "{kind}@{request}: {run:?}");
        }
    }
}

#[test]
fn a_board_that_goes_away_is_told_with_what_is_known_by_then() {
    let blinky = sample("blinky.bin");
    let (flash, board) = holding("f405", F405, 0, &blinky);
    flash.patch(7, &[!blinky[7]]);
    // The first block is read twice.
    let unplug = upload(&board, 3);
    let run = verify(
        &flash,
        &format!("{board},fault=unplug@{unplug}"),
        "blinky.dfu",
    );
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(
        run.stderr.contains(
            "error: 336133663433 at 1-1: reading at 0x08000800: the device is gone; so far 1 of 2048 bytes differs\n\
             hint: Check the cable"
        ),
        "{run:?}"
    );
}

#[test]
fn nothing_is_sent_that_could_change_a_board_or_start_it() {
    let trace = stdfu("-vv --sim f405 verify blinky.dfu").run().stderr;
    let sent = transfers(&trace);
    let reads = sent.iter().filter(|one| matches!(one, Transfer::Read(_)));
    // Three blocks, the first of them twice, since it differs.
    assert_eq!(reads.count(), 4);
    for transfer in sent {
        assert!(
            matches!(
                transfer,
                Transfer::SetAddress(_) | Transfer::Read(_) | Transfer::GetStatus | Transfer::Other
            ),
            "{transfer:?}"
        );
    }
    assert!(!trace.contains("DNLOAD wValue 0x0000 wIndex 0x0000 wLength 1:"));
}

#[test]
fn memory_that_can_only_be_read_is_enough() {
    // The F103's first pages are its bootloader's.
    let (flash, board) = holding("f103", 128 << 10, 0, &sample("blinky.bin"));
    let run = verify(&flash, &board, "blinky.bin --address 0x08000000");
    assert_eq!(run.exit, 0, "{run:?}");
    // Option bytes are compared without being named.
    let file = Firmware::dfuse(&[(1, 0x1FFF_C000, &[0xFF; 16])]);
    let run = stdfu(&format!("--sim f405 verify {}", file.path())).run();
    assert_eq!(run.exit, 0, "{run:?}");
    let file = Firmware::of(vec![0xFF; 16], "otp.bin");
    let arguments = format!("--sim f405 verify {} --address 0x1FFF7808", file.path());
    assert_eq!(stdfu(&arguments).run().exit, 0);
}

#[test]
fn a_file_that_does_not_fit_is_exit_7_and_the_hint_does_not_speak_of_erasing() {
    let check = |arguments: &str, error: &str, hint: &str| {
        stdfu(arguments)
            .run()
            .says(7, "", &format!("error: {error}\nhint: {hint}\n"));
    };
    check(
        "--sim f072 verify blinky.bin --address 0x0801FFFF",
        "FFFFFFFEFFFF at 1-1: the image ends at 0x08021402, but this board's flash ends at 0x08020000",
        "Check that the file is for this chip, and --address if you gave one.\n      `stdfu list` shows the memories of the board.",
    );
    check(
        "--sim f405 verify blinky.dfu --alt 1",
        "336133663433 at 1-1: the file has nothing for alternate setting 1; it has data for 0",
        "`stdfu list` shows the memories of the board.",
    );
    check(
        "--sim f405,quirk=no-upload verify blinky.dfu",
        "336133663433 at 1-1: this board can't be read: its bootloader has no upload",
        "Such a board can only be flashed; `stdfu flash` says that it could not check.",
    );
    check(
        "--sim gd32vf103 verify blinky.dfu",
        "3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189",
        "If the file is right for this board anyway, add --any-id.",
    );
    let run = stdfu("--sim gd32vf103 verify blinky.dfu --any-id").run();
    assert_eq!(run.exit, 9, "{run:?}");
}

#[test]
fn read_protection_is_exit_10() {
    stdfu("--sim f405,quirk=read-protected verify blinky.dfu")
        .run()
        .says(
            10,
            "",
            "\
verifying 5.0 KiB
error: 336133663433 at 1-1: setting the address 0x08000000: the chip's read protection is on
hint: `stdfu unprotect` lifts it, and erases everything on the chip.
",
        );
}

#[test]
fn of_several_boards_each_has_its_result() {
    let (same, first) = holding("f405,serial=A", F405, 0, &sample("blinky.bin"));
    let (other, second) = holding("f405,serial=B", F405, 0, &[]);
    let run = stdfu("--json --sim")
        .arg(&first)
        .arg("--sim")
        .arg(&second)
        .args("verify blinky.dfu --every")
        .run();
    let boards = run.boards(9);
    assert_eq!(
        (&boards[0]["serial"], &boards[0]["exit"]),
        (&json!("A"), &json!(0))
    );
    assert_eq!(
        (&boards[1]["serial"], &boards[1]["exit"]),
        (&json!("B"), &json!(9))
    );
    same.holds(&same.now());
    other.is_untouched();
}

#[test]
fn the_json_is_that_of_other_work_and_how_much_differs() {
    let blinky = sample("blinky.bin");
    let (flash, board) = holding("f405", F405, 0, &blinky);
    flash.patch(100, &[!blinky[100]]);
    let document = stdfu("--json --sim")
        .arg(&board)
        .args("verify blinky.dfu")
        .run()
        .document(9);
    let error = format!(
        "verification failed: 0x08000064 holds {:#04x} where {:#04x} should be; 1 of 5123 bytes differs",
        !blinky[100], blinky[100]
    );
    let mut board = document["boards"][0].clone();
    for name in ["seconds", "requests"] {
        assert!(board[name].take().is_number(), "{name}");
    }
    assert_eq!(
        json!({"schema": document["schema"], "boards": [board]}),
        json!({"schema": 1, "boards": [{
            "serial": "336133663433", "path": "1-1", "exit": 9, "error": error,
            "hint": "`stdfu flash` corrects it, and writes only what differs.\nIf it happens again: --record FILE records it, for a report.", "warnings": [],
            "erased_sectors": 0, "written_bytes": 0, "skipped_bytes": 0, "lost_bytes": 0, "preserved_bytes": 0,
            "verified_bytes": 5122, "differing_bytes": 1, "requests": Value::Null, "retries": 1, "left": false,
            "seconds": Value::Null,
        }]})
    );
}

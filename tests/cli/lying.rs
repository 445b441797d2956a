//! Boards whose flash is not as their layout says: exit 0 is only for what was read after the last change.

use serde_json::Value;

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};
use crate::trace::{Transfer, transfers};

/// Flashes a firmware and asserts that exit 0 and flash agree. Returns the exit code and what is said of the board.
#[track_caller]
fn flash(file: &FlashFile, board: &str, firmware: &Firmware, offset: usize) -> (i32, Value) {
    let address = 0x0800_0000 + offset;
    let run = stdfu("--json --sim")
        .arg(file.board(board))
        .args(&format!(
            "flash {} --address {address:#010x}",
            firmware.path()
        ))
        .run();
    let board = run.boards(run.exit)[0].clone();
    if run.exit == 0 {
        let now = file.now();
        let there = &now[offset..][..firmware.bytes.len()];
        assert!(there == firmware.bytes, "exit 0 over wrong flash: {run:?}");
        assert_eq!(board["verified_bytes"], firmware.bytes.len());
    }
    (run.exit, board)
}

/// Each byte of the image is read after the last erase and the last write.
#[track_caller]
fn all_is_read_after_the_last_change(arguments: &str, board: &str, image: std::ops::Range<u32>) {
    let trace = stdfu("-vv --sim").arg(board).args(arguments).run().stderr;
    let all = transfers(&trace);
    let is_change = |transfer: &Transfer| {
        matches!(
            transfer,
            Transfer::Erase(_) | Transfer::MassErase | Transfer::Write(_)
        )
    };
    let last = all.iter().rposition(is_change).expect("something changes");
    let mut read = image.start;
    for transfer in &all[last..] {
        if let Transfer::Read(block) = transfer {
            if block.start <= read {
                read = read.max(block.end);
            }
        }
    }
    assert!(read >= image.end, "read up to {read:#x} only: {arguments}");
}

#[test]
fn all_of_the_image_is_read_after_the_last_change_also_what_was_there_already() {
    let firmware = Firmware::raw(70 << 10);
    let mut changed = firmware.bytes.clone();
    changed[69 << 10] ^= 1;
    let changed = Firmware::of(changed, "changed.bin");
    for board in ["f405", "g474", "gd32vf103"] {
        let size = match board {
            "f405" => 1 << 20,
            "g474" => 512 << 10,
            _ => 128 << 10,
        };
        let file = FlashFile::full(size);
        let image = 0x0800_0000..0x0800_0000 + (70 << 10);
        for firmware in [&firmware, &changed] {
            let arguments = format!("flash {} --address 0x08000000", firmware.path());
            all_is_read_after_the_last_change(&arguments, &file.board(board), image.clone());
        }
    }
}

#[test]
fn pages_that_are_larger_than_the_layout_says_are_found_out_and_written_once_more() {
    let firmware = Firmware::raw(9000);
    let mut changed = firmware.bytes.clone();
    changed[8000] ^= 0x55;
    let changed = Firmware::of(changed, "changed.bin");
    for (board, size) in [
        ("f103", 128 << 10),
        ("f072", 128 << 10),
        ("g474", 512 << 10),
    ] {
        for unit in ["0x1000", "0x2000", "0x4000"] {
            let file = FlashFile::full(size);
            let board = format!("{board},quirk=erase-unit={unit}");
            flash(&file, &board, &firmware, 0x4000);
            // The erase of the page with the difference takes others with it that were the same before.
            let (exit, said) = flash(&file, &board, &changed, 0x4000);
            assert!(exit == 0 || exit == 9, "{board}: {said}");
        }
    }
}

#[test]
fn flash_that_wraps_round_is_never_called_right() {
    // Half a megabyte is claimed, and half of that is there.
    let padded = |length: usize| {
        let mut bytes = Firmware::raw(length).bytes;
        bytes.resize(300 << 10, 0xFF);
        Firmware::of(bytes, "padded.bin")
    };
    for firmware in [
        Firmware::raw(300 << 10),
        padded(200 << 10),
        padded(40 << 10),
    ] {
        let file = FlashFile::full(512 << 10);
        let (exit, said) = flash(&file, "g474,quirk=true-size=0x40000", &firmware, 0);
        assert!(exit == 8 || exit == 9, "{said}");
    }
}

#[test]
fn an_erase_that_hits_the_other_bank_too_is_found_out() {
    let firmware = Firmware::raw(1100 << 10);
    let file = FlashFile::full(2 << 20);
    let mut changed = firmware.bytes.clone();
    changed[20 << 10] ^= 1;
    let changed = Firmware::of(changed, "changed.bin");
    flash(&file, "f429", &firmware, 0);
    let (exit, said) = flash(&file, "f429,quirk=erase-hits-other-bank", &changed, 0);
    assert!(exit == 0 || exit == 9, "{said}");
}

#[test]
fn an_erase_that_was_skipped_once_is_done_again_and_told() {
    let firmware = Firmware::raw(5000);
    let file = FlashFile::full(1 << 20);
    let (exit, said) = flash(&file, "f405,quirk=erase-skipped-once", &firmware, 0x4000);
    assert_eq!((exit, said["retries"].as_u64()), (0, Some(2)), "{said}");
    let file = FlashFile::full(1 << 20);
    let run = stdfu("--sim")
        .arg(file.board("f405,quirk=erase-skipped-once"))
        .args("erase 0x08004000")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stderr.contains("once more"), "{run:?}");
    assert!(file.now()[0x4000..0x8000].iter().all(|byte| *byte == 0xFF));
}

#[test]
fn a_board_that_says_it_can_be_read_and_refuses_is_told_with_what_flashes_it() {
    let firmware = Firmware::raw(5000);
    let file = FlashFile::full(1 << 20);
    let (exit, said) = flash(&file, "f405,quirk=upload=stall", &firmware, 0);
    assert_eq!(exit, 8);
    let hint = said["hint"].as_str().expect("a hint");
    assert!(hint.contains("--full --no-verify"), "{hint}");
    file.is_untouched();
    let run = stdfu("--json --sim")
        .arg(file.board("f405,quirk=upload=stall"))
        .args(&format!(
            "flash {} --address 0x08000000 --full --no-verify",
            firmware.path()
        ))
        .run();
    let board = &run.boards(0)[0];
    assert_eq!(board["verified_bytes"], 0);
    assert!(board["lost_bytes"].is_null(), "nobody has looked: {board}");
    assert_eq!(file.now()[..5000], firmware.bytes);
}

/// MicroPython's mboot with packed images takes the first block first, and answers UPLOAD with what came last.
#[test]
fn an_image_that_has_to_be_written_in_order_is_and_nothing_is_read() {
    let firmware = Firmware::raw(20_000);
    let file = FlashFile::full(2 << 20);
    let (exit, said) = flash(&file, "mboot-packed", &firmware, 0x8000);
    assert_eq!(exit, 8);
    let hint = said["hint"].as_str().expect("a hint");
    assert!(hint.contains("--in-order --no-verify"), "{hint}");
    let command = |fault: &str| {
        stdfu("-vv --sim")
            .arg(file.board(&format!("mboot-packed{fault}")))
            .args(&format!(
                "flash {} --address 0x08008000 --in-order --no-verify",
                firmware.path()
            ))
            .run()
    };
    let run = command("");
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(file.now()[0x8000..][..20_000], firmware.bytes);
    let sent = transfers(&run.stderr);
    assert!(
        !sent
            .iter()
            .any(|transfer| matches!(transfer, Transfer::Read(_)))
    );
    let blocks = sent.iter().filter_map(|transfer| match transfer {
        Transfer::Write(block) => Some(block.start),
        _ => None,
    });
    assert!(blocks.is_sorted());
    // What goes wrong begins the image anew.
    let write = sent
        .iter()
        .rposition(|transfer| matches!(transfer, Transfer::Write(_)));
    let request = write.expect("it is written") + 2;
    let run = command(&format!(",fault=lost-answer@{request}"));
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(file.now()[0x8000..][..20_000], firmware.bytes);
}

#[test]
fn the_address_pointer_is_never_taken_for_granted() {
    let firmware = Firmware::raw(40_000);
    for when in ["erase", "set-interface", "abort"] {
        for offset in [0, 0x8000] {
            let file = FlashFile::full(1 << 20);
            let mut before = file.before();
            // A sector that is blank where the image goes, and one that is not.
            before[0x8000..0x1_0000].fill(0xFF);
            file.put(&before);
            let board = format!("f405,quirk=pointer-moves={when}");
            let (exit, said) = flash(&file, &board, &firmware, offset);
            assert_eq!(exit, 0, "{when}: {said}");
            let now = file.now();
            assert!(now[..offset] == before[..offset], "{when}");
            assert!(now[0x2_0000..] == before[0x2_0000..], "{when}");
        }
    }
}

#[test]
fn on_a_blank_board_the_address_is_set_once() {
    let firmware = Firmware::application(6144);
    let run = stdfu("-vv --sim f405")
        .args(&format!(
            "flash {} --address 0x08000000 --stay",
            firmware.path()
        ))
        .run();
    let set = "wLength 5: 21 00 00 00 08\n";
    assert_eq!(run.stderr.matches(set).count(), 1, "{}", run.stderr);
}

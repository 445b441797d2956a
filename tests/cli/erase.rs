//! `stdfu erase`: exactly the sectors of the ranges, or all of a memory.

use std::ops::Range;

use serde_json::{Value, json};

use crate::run::{FlashFile, Run, stdfu};

/// Offsets into the F405's flash that end up blank; everything else has to stay as it was.
#[track_caller]
fn check(arguments: &str, blank: &[Range<usize>], sectors: usize) {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--json --sim")
        .arg(flash.board("f405"))
        .args(&format!("erase {arguments}"))
        .run();
    let result = &run.boards(0)[0];
    let mut expected = flash.before();
    for range in blank {
        expected[range.clone()].fill(0xFF);
    }
    flash.holds(&expected);
    let bytes: usize = blank.iter().map(Range::len).sum();
    let expected = [
        ("serial", json!("336133663433")),
        ("path", json!("1-1")),
        ("exit", json!(0)),
        ("error", Value::Null),
        ("erased_sectors", json!(sectors)),
        ("written_bytes", json!(0)),
        ("verified_bytes", json!(bytes)),
        ("left", json!(false)),
    ];
    for (name, value) in expected {
        assert_eq!(result[name], value, "{name} of {arguments}");
    }
}

#[test]
fn a_range_has_an_address_and_a_size_or_an_end() {
    for range in [
        "0x08000000+128K",
        "0x08000000+0x20000",
        "0x0800_0000+131_072",
        "134217728+128k",
        "0x08000000..0x08020000",
        "131072K..0x0802_0000",
        "128M+128K",
    ] {
        check(range, std::slice::from_ref(&(0..0x2_0000)), 5);
    }
}

#[test]
fn a_lone_address_is_the_sector_it_is_in() {
    for address in ["0x08010000", "0x08012345", "0x0801FFFF"] {
        check(address, std::slice::from_ref(&(0x1_0000..0x2_0000)), 1);
    }
}

#[test]
fn several_ranges_are_erased_and_each_sector_once() {
    check(
        "0x08060000 0x08000000+16K 0x08060000+128K",
        &[0..0x4000, 0x6_0000..0x8_0000],
        2,
    );
}

#[test]
fn all_is_all_of_main_flash() {
    check("--all", std::slice::from_ref(&(0..1 << 20)), 12);
    check("--all --alt 0", std::slice::from_ref(&(0..1 << 20)), 12);
}

#[test]
fn sectors_that_are_small_again_in_the_second_bank_are_found() {
    let flash = FlashFile::full(2 << 20);
    let run = stdfu("--json --sim")
        .arg(flash.board("f429"))
        .args("erase 0x08104000")
        .run();
    assert_eq!(run.boards(0)[0]["erased_sectors"], 1);
    let mut expected = flash.before();
    expected[0x10_4000..0x10_8000].fill(0xFF);
    flash.holds(&expected);
}

#[test]
fn read_only_sectors_are_not_part_of_all() {
    let flash = FlashFile::full(128 << 10);
    let run = stdfu("--json --sim")
        .arg(flash.board("f103"))
        .args("erase --all")
        .run();
    assert_eq!(run.boards(0)[0]["erased_sectors"], 116);
    let mut expected = flash.before();
    expected[0x3000..].fill(0xFF);
    flash.holds(&expected);
}

/// The L0's erased flash reads 0x00.
#[test]
fn flash_whose_blank_bytes_are_zero_is_erased_too() {
    for (arguments, end) in [("0x08000000+4K", 4096), ("--all", 192 << 10)] {
        let flash = FlashFile::full(192 << 10);
        let run = stdfu("--sim")
            .arg(flash.board("l072"))
            .args(&format!("erase {arguments}"))
            .run();
        let mut expected = flash.before();
        expected[..end].fill(0x00);
        flash.holds(&expected);
        assert_eq!(run.exit, 0, "{run:?}");
    }
}

#[test]
fn another_memory_is_erased_by_address_or_by_name() {
    for arguments in ["0x00010000", "--alt 1 0x00010000"] {
        let flash = FlashFile::full(128 << 10);
        stdfu("--sim")
            .arg(flash.board("f103"))
            .args(&format!("erase {arguments}"))
            .run()
            .says(
                0,
                "OK  001 at 1-1  1 sector erased, 64 KiB blank  0.0 s\n",
                "erasing 64 KiB\nverifying 64 KiB\n",
            );
        flash.is_untouched();
    }
}

/// Asserts an empty stdout and that flash is as it was.
#[track_caller]
fn refused(board: &str, arguments: &str) -> Run {
    let size = if board == "f405" { 1 << 20 } else { 128 << 10 };
    let flash = FlashFile::full(size);
    let command = |options: &str| {
        stdfu(options)
            .arg("--sim")
            .arg(flash.board(board))
            .args(&format!("erase {arguments}"))
            .run()
    };
    let run = command("");
    assert_eq!(run.stdout, "");
    command("--json").document(run.exit);
    flash.is_untouched();
    run
}

#[test]
fn a_range_that_cuts_a_sector_is_refused_with_the_nearest_borders() {
    let check = |range: &str, address: &str, from: &str, to: &str| {
        let expected = format!(
            "error: 336133663433 at 1-1: {address} is inside the sector from {from} to {to}: \
             a range has to begin and end where sectors do\n\
             hint: The nearest borders are {from} and {to}.\n"
        );
        refused("f405", range).says(7, "", &expected);
    };
    check("0x08000000+100K", "0x08019000", "0x08010000", "0x08020000");
    check("0x08000100+64K", "0x08000100", "0x08000000", "0x08004000");
    check(
        "0x08000000..0x08000001",
        "0x08000001",
        "0x08000000",
        "0x08004000",
    );
    // The first range is in order.
    check(
        "0x08020000 0x08004000..0x08008001",
        "0x08008001",
        "0x08008000",
        "0x0800c000",
    );
}

#[test]
fn what_can_not_be_erased_is_refused() {
    let hint = "hint: `stdfu list` shows the memories of the board. Nothing was erased.\n";
    let check = |board: &str, arguments: &str, error: &str| {
        refused(board, arguments).says(7, "", &format!("error: {error}\n{hint}"));
    };
    let option_bytes = "336133663433 at 1-1: the sector at 0x1fffc000 can't be erased: \
                        alternate setting 1, \"Option Bytes\": 0x1fffc000..0x1fffc010 (read, write)";
    check("f405", "0x1FFFC000", option_bytes);
    check("f405", "--alt 1 --all", option_bytes);
    let read_only = "001 at 1-1: the sector at 0x08002c00 can't be erased: \
                     alternate setting 0, \"Internal Flash\": \
                     0x08000000..0x08003000 (read), 0x08003000..0x08020000 (read, erase, write)";
    check("f103", "0x08002C00..0x08003400", read_only);
    check(
        "f405",
        "0x08100000",
        "336133663433 at 1-1: 0x08100000 is outside of alternate setting 0, \"Internal Flash\": \
         0x08000000..0x08010000 (read, erase, write), 0x08010000..0x08020000 (read, erase, write), \
         0x08020000..0x08100000 (read, erase, write)",
    );
    check(
        "f405",
        "--alt 4 --all",
        "336133663433 at 1-1: the board has no alternate setting 4; it has 0, 1, 2, 3",
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let check = |arguments: &str, error: &str| {
        let run = refused("f405", arguments);
        assert_eq!(run.exit, 2, "{run:?}");
        assert_eq!(run.stderr.lines().next(), Some(error));
    };
    let range = |range: &str, reason: &str| {
        check(
            range,
            &format!("error: invalid value '{range}' for '[RANGE]...': {reason}"),
        );
    };
    check(
        "--all 0x08000000",
        "error: the argument '--all' cannot be used with '[RANGE]...'",
    );
    let no_number = "is not a number; expected one such as 4096, 0x08000000 or 128K";
    range("flash", &format!("\"flash\" {no_number}"));
    range("0x08000000+", &format!("\"\" {no_number}"));
    range("0x08000000+12G", &format!("\"12G\" {no_number}"));
    range("0x08000000+0", "\"0x08000000+0\" is empty");
    range(
        "0x08000000..0x08000000",
        "\"0x08000000..0x08000000\" is empty",
    );
    range(
        "0xFFFF0000+128K",
        "\"0xFFFF0000+128K\" goes past the end of the address space",
    );
}

#[test]
fn erasing_nothing_is_refused_with_both_ways_to_say_what() {
    let run = refused("f405", "");
    assert_eq!(run.exit, 2, "{run:?}");
    for way in ["RANGE", "--all"] {
        assert!(run.stderr.contains(way), "{way} is not in {}", run.stderr);
    }
}

/// A dirty byte right after the border of a sector whose last byte is clean.
#[test]
fn every_byte_that_a_mass_erase_has_left_is_found() {
    for (board, size, blank, page) in [
        ("l072", 192 << 10, 0x00, 128),
        ("gd32vf103", 128 << 10, 0xFF, 1024),
    ] {
        for dirty in [
            vec![0, page + 5],
            vec![0, page],
            vec![page - 1, page],
            vec![3, 2 * page, 3 * page - 1, 5 * page + 1],
        ] {
            let flash = FlashFile::full(size);
            let mut before = vec![blank; size];
            for offset in &dirty {
                before[*offset] = 0x5A;
            }
            flash.put(&before);
            let run = stdfu("--json --sim")
                .arg(flash.board(&format!("{board},quirk=no-mass-erase")))
                .args("erase --all")
                .run();
            assert_eq!(run.boards(0)[0]["verified_bytes"], size);
            assert!(
                flash.now().iter().all(|byte| *byte == blank),
                "{board} {dirty:?}"
            );
        }
    }
}

#[test]
fn an_erase_that_nobody_can_look_at_is_warned_of() {
    for arguments in ["erase --all", "erase 0x08000000"] {
        let run = stdfu(&format!("--json --sim f405,quirk=no-upload {arguments}")).run();
        let board = &run.boards(0)[0];
        assert_eq!(board["verified_bytes"], 0);
        let warning = board["warnings"][0].as_str().expect("a warning");
        assert!(warning.contains("is not checked"), "{board}");
    }
}

#[test]
fn an_erase_that_a_board_is_lost_over_is_said_to_be_possible() {
    for arguments in ["erase --all", "erase 0x08000000"] {
        let flash = FlashFile::full(1 << 20);
        let said = (5..16).any(|request| {
            flash.put(&flash.before());
            let run = stdfu("--json --sim")
                .arg(flash.board(&format!("f405,timing=real,fault=unplug@{request}")))
                .args(arguments)
                .run();
            let gone = flash.now() != flash.before();
            let says = run.stdout.contains("may be erased") || !run.stdout.contains("so far 0");
            assert!(run.exit != 0 && (says || !gone), "{request}: {run:?}");
            gone
        });
        assert!(said, "no request of these begins the erase");
    }
}

#[test]
fn what_a_mass_erase_takes_beyond_the_image_is_not_called_nothing() {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--json --sim")
        .arg(flash.board("f405"))
        .args("flash blinky.dfu --mass-erase --stay")
        .run();
    assert!(run.boards(0)[0]["lost_bytes"].is_null(), "{run:?}");
}

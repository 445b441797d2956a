//! `stdfu flash --dry-run`: the plan, after a look at the board, and nothing changed.

use serde_json::json;

use crate::run::{FlashFile, assert_text, sample, stdfu};
use crate::trace::{Transfer, transfers};

/// What is printed of the plan for a board whose flash is full, and what is done to find it out.
#[track_caller]
fn check(arguments: &str, progress: &str, plan: &str) {
    let flash = FlashFile::full(1 << 20);
    stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!("flash --dry-run {arguments}"))
        .run()
        .says(0, plan, progress);
    flash.is_untouched();
}

#[test]
fn a_dry_run_prints_the_plan_and_changes_nothing() {
    check(
        "blinky.dfu",
        "comparing 5.0 KiB\nreading the rest of the sectors 11.0 KiB\n",
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
     erase   0x08000000..0x08004000   16 KiB
     write   0x08000800..0x08001800   4 KiB
     write   0x08000000..0x08000800   2 KiB
     verify  5.0 KiB
  loses 11.0 KiB of other data in the same sectors; --preserve keeps it
  start at 0x08000000
",
    );
}

#[test]
fn the_plan_says_what_is_kept_around_the_image() {
    check(
        "blinky.dfu --preserve",
        "comparing 5.0 KiB\nreading the rest of the sectors 11.0 KiB\n",
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
     erase   0x08000000..0x08004000   16 KiB
     write   0x08000800..0x08004000   14 KiB
     write   0x08000000..0x08000800   2 KiB
     verify  16 KiB
  keeps 11.0 KiB of other data in the same sectors
  start at 0x08000000
",
    );
}

#[test]
fn the_plan_shows_every_sector_to_be_erased() {
    check(
        "blinky.bin --address 0x0800F000",
        "\
warning: nothing can start from the vector table at 0x0800f000: \
the reset vector is 0x080001c1, expected an address in the file, 0x0800f000..0x08010403
comparing 5.0 KiB\nreading the rest of the sectors 75.0 KiB\n",
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
     erase   0x0800c000..0x08010000   16 KiB
     erase   0x08010000..0x08020000   64 KiB
     write   0x0800f800..0x08010800   4 KiB
     write   0x0800f000..0x0800f800   2 KiB
     verify  5.0 KiB
  loses 75.0 KiB of other data in the same sectors; --preserve keeps it
  start at 0x08000000
",
    );
}

#[test]
fn the_plan_says_what_the_options_change() {
    check(
        "blinky.dfu --mass-erase --no-verify --stay",
        "",
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
     erase   all of it, 12 sectors
     write   0x08000800..0x08001800   4 KiB
     write   0x08000000..0x08000800   2 KiB
     verify  nothing
  stay in DFU mode
",
    );
    check(
        "two-elements.dfu --full --entry 0x08000200",
        "\
warning: nothing can start from the vector table at 0x08000200: \
the initial stack pointer is 0xc60e9c7c, expected an address in RAM; \
the reset vector is 0xe10f6321, expected an address in the file, 0x08000000..0x08000607
reading the rest of the sectors 14.5 KiB
",
        "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
     erase   0x08000000..0x08004000   16 KiB
     write   0x08000000..0x08000800   2 KiB
     verify  1.5 KiB
  loses 14.5 KiB of other data in the same sectors; --preserve keeps it
  start at 0x08000200
",
    );
}

#[test]
fn the_plan_leaves_out_what_is_there_already() {
    let flash = FlashFile::full(1 << 20);
    let mut there = flash.before();
    there[..5123].copy_from_slice(&sample("blinky.bin"));
    flash.put(&there);
    stdfu("--sim")
        .arg(flash.board("f405"))
        .args("flash --dry-run blinky.dfu")
        .run()
        .says(
            0,
            "\
336133663433 at 1-1: dry run, nothing is erased or written
  0  Internal Flash
  leaves 5.0 KiB of the image, already there
  start at 0x08000000
",
            "comparing 5.0 KiB\n",
        );
    flash.holds(&there);
}

#[test]
fn the_plan_is_a_json_document_too() {
    let document = stdfu("--sim f405 --json flash blinky.dfu --dry-run")
        .run()
        .document(0);
    let range = |address: u32, size: u32| json!({"address": address, "size": size});
    let hash = "8b4ae463d1285926143ad7409350c60c7eedde5a58546e532dfcb22ef77b43b7";
    assert_eq!(
        document,
        json!({"schema": 1, "files": [{"name": "blinky.dfu", "size": 5432, "sha256": hash}], "boards": [{
            "serial": "336133663433", "path": "1-1", "exit": 0, "error": null, "hint": null, "warnings": [],
            "plan": {
                "start": 0x0800_0000, "skipped_bytes": 0, "lost_bytes": 0, "preserved_bytes": 0,
                "targets": [{
                    "alt": 0, "name": "Internal Flash", "mass_erase": false, "erase": [],
                    "write": [range(0x0800_0800, 4096), range(0x0800_0000, 2048)],
                    "verify": [range(0x0800_0000, 6144)],
                    "sectors": [{"address": 0x0800_0000, "size": 16384, "work": "write", "beyond_bytes": 0}],
                }],
            },
        }]})
    );
}

#[test]
fn a_dry_run_sends_nothing_that_changes_a_board() {
    let trace = stdfu("-vv --sim f405 flash blinky.dfu --dry-run")
        .run()
        .stderr;
    let found = transfers(&trace);
    let block = |number: u32| 0x0800_0000 + 2048 * number..0x0800_0800 + 2048 * number;
    for read in [0, 1, 2].map(block).map(Transfer::Read) {
        assert!(found.contains(&read), "{trace}");
    }
    let changes = |transfer: &Transfer| {
        use Transfer::{Erase, Leave, MassErase, Write};
        matches!(transfer, Erase(_) | MassErase | Write(_) | Leave)
    };
    assert!(!found.iter().any(changes), "{trace}");
}

#[test]
fn verbose_says_one_plan_and_that_after_the_look() {
    let run = stdfu("-v --sim f405 flash blinky.dfu").run();
    assert_text(
        "stderr",
        &run.stderr,
        "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
336133663433 at 1-1: the plan
  0  Internal Flash
     write   0x08000800..0x08001800   4 KiB
     write   0x08000000..0x08000800   2 KiB
     verify  5.0 KiB
  start at 0x08000000
writing 4 KiB
writing the first block
verifying 6 KiB
starting the application
336133663433 at 1-1: 0 sectors erased, 5123 bytes written, 0 bytes already there, 5123 bytes verified
336133663433 at 1-1: 34 requests
",
    );
    let run = stdfu("-v --sim f405 erase 0x08000000").run();
    assert!(
        run.stderr
            .starts_with("336133663433 at 1-1: the plan\n  0  Internal Flash\n     erase "),
        "{run:?}"
    );
}

#[test]
fn a_chip_with_read_protection_is_found_out_in_a_dry_run() {
    let run = stdfu("--sim f405,quirk=read-protected flash blinky.dfu --dry-run").run();
    assert_eq!((run.exit, run.stdout.as_str()), (10, ""), "{run:?}");
}

#[test]
fn a_dry_run_refuses_what_a_flash_would_refuse() {
    stdfu("--sim gd32vf103 flash blinky.dfu --dry-run")
        .run()
        .says(
            7,
            "",
            "\
error: 3CBJ at 1-1: the file is for a device with ids 0483:df11, this board has 28e9:0189
hint: If the file is right for this board anyway, add --any-id.
",
        );
}

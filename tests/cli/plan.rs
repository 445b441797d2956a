//! `stdfu flash --dry-run`: the plan, and nothing touched.

use serde_json::json;

use crate::run::{FlashFile, stdfu};

#[track_caller]
fn check(arguments: &str, plan: &str) {
    check_warned(arguments, plan, "");
}

#[track_caller]
fn check_warned(arguments: &str, plan: &str, warning: &str) {
    let flash = FlashFile::full(1 << 20);
    stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!("flash --dry-run {arguments}"))
        .run()
        .says(0, plan, warning);
    flash.is_untouched();
}

#[test]
fn a_dry_run_prints_the_plan_and_touches_nothing() {
    check(
        "blinky.dfu",
        "\
336133663433 at 1-1: dry run, nothing is touched
  0  Internal Flash
     compare first, and leave out what is there already
     erase   0x08000000..0x08004000   16K
     write   0x08000800..0x08001480   3200 bytes
     write   0x08000000..0x08000800   2K
     verify  5123 bytes
  start at 0x08000000
",
    );
}

#[test]
fn the_plan_shows_every_sector_to_be_erased() {
    check_warned(
        "blinky.bin --address 0x0800F000",
        "\
336133663433 at 1-1: dry run, nothing is touched
  0  Internal Flash
     compare first, and leave out what is there already
     erase   0x0800c000..0x08010000   16K
     erase   0x08010000..0x08020000   64K
     write   0x0800f800..0x08010480   3200 bytes
     write   0x0800f000..0x0800f800   2K
     verify  5123 bytes
  start at 0x08000000
",
        "\
warning: nothing can start from the vector table at 0x0800f000: \
the reset vector is 0x080001c1, expected an address in the file, 0x0800f000..0x08010403
",
    );
}

#[test]
fn the_plan_says_what_the_options_change() {
    check(
        "blinky.dfu --mass-erase --no-verify --stay",
        "\
336133663433 at 1-1: dry run, nothing is touched
  0  Internal Flash
     erase   all of it, 12 sectors
     write   0x08000800..0x08001480   3200 bytes
     write   0x08000000..0x08000800   2K
     verify  nothing
  stay in DFU mode
",
    );
    check_warned(
        "two-elements.dfu --full --entry 0x08000200",
        "\
336133663433 at 1-1: dry run, nothing is touched
  0  Internal Flash
     erase   0x08000000..0x08004000   16K
     write   0x08000000..0x08000680   1664 bytes
     verify  1540 bytes
  start at 0x08000200
",
        "\
warning: nothing can start from the vector table at 0x08000200: \
the initial stack pointer is 0xc60e9c7c, expected an address in RAM; \
the reset vector is 0xe10f6321, expected an address in the file, 0x08000000..0x08000607
",
    );
}

#[test]
fn the_plan_is_a_json_document_too() {
    let document = stdfu("--sim f405 --json flash blinky.dfu --dry-run")
        .run()
        .document(0);
    let range = |address: u32, size: u32| json!({"address": address, "size": size});
    let writes = json!([range(0x0800_0800, 3200), range(0x0800_0000, 2048)]);
    assert_eq!(
        document,
        json!({"schema": 1, "boards": [{
            "serial": "336133663433", "path": "1-1", "exit": 0, "error": null, "hint": null, "warnings": [],
            "plan": {"start": 0x0800_0000, "targets": [{
                "alt": 0, "name": "Internal Flash", "mass_erase": false,
                "erase": [range(0x0800_0000, 16384)], "write": writes, "verify": writes,
            }]},
        }]})
    );
}

#[test]
fn a_dry_run_sends_nothing_that_changes_a_board() {
    let trace = stdfu("-vv --sim f405 flash blinky.dfu --dry-run")
        .run()
        .stderr;
    assert!(trace.contains("1-1: "), "{trace}");
    assert!(!trace.contains(" DNLOAD "), "{trace}");
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
hint: If the file is right for this board all the same, add --any-id.
",
        );
}

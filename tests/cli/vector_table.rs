//! A file that nothing can start from: a warning before it is flashed, with `--strict` an error.

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};

const ELSEWHERE: &str = "nothing can start from the vector table at 0x08004000: \
     the reset vector is 0x080001c1, expected an address in the file, 0x08004000..0x08005403";

#[test]
fn a_file_that_is_linked_for_another_address_is_flashed_as_is_with_a_warning() {
    let stderr = format!("warning: {ELSEWHERE}\n");
    let run = stdfu("--sim f405 flash blinky.bin --address 0x08004000 --as-is").run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stderr.starts_with(&stderr), "{run:?}");
    let run = stdfu("--json -q --sim f405 flash blinky.bin --address 0x08004000 --as-is").run();
    assert_eq!(run.boards(0)[0]["warnings"][0], ELSEWHERE);
    assert_eq!(run.stderr, "");
}

#[test]
fn with_strict_it_is_refused_and_nothing_touched() {
    let flash = FlashFile::full(1 << 20);
    let command = |option: &str| {
        stdfu("--sim")
            .arg(flash.board("f405"))
            .args("flash blinky.bin --address 0x08004000 --strict")
            .args(option)
            .run()
    };
    let stderr = format!(
        "error: 336133663433 at 1-1: {ELSEWHERE}\n\
         hint: Check --address, and which address the file was linked for.\n      \
         Without --strict it is flashed anyway. Nothing was touched.\n"
    );
    command("").says(7, "", &stderr);
    command("--dry-run").says(7, "", &stderr);
    assert_eq!(command("--json").boards(7)[0]["error"], ELSEWHERE);
    flash.is_untouched();
}

#[test]
fn a_dry_run_warns_too() {
    let run =
        stdfu("--json --sim f405 flash blinky.bin --address 0x08004000 --as-is --dry-run").run();
    assert_eq!(run.boards(0)[0]["warnings"][0], ELSEWHERE);
    assert_eq!(
        run.stderr,
        format!(
            "warning: {ELSEWHERE}\ncomparing 5.0 KiB\nreading the rest of the sectors 11.0 KiB\n"
        )
    );
}

#[test]
fn good_firmware_is_flashed_without_a_word_in_every_format() {
    for file in [
        "blinky.dfu",
        "blinky.hex",
        "blinky.elf",
        "blinky.srec",
        "blinky.uf2",
        "blinky.bin --address 0x08000000",
    ] {
        let run = stdfu(&format!("--json --sim f405 flash --strict {file}")).run();
        assert_eq!(
            run.boards(0)[0]["warnings"],
            serde_json::json!([]),
            "{file}"
        );
        assert!(!run.stderr.contains("warning"), "{run:?}");
    }
}

/// Eight boards have one file.
#[test]
fn what_is_wrong_with_the_file_is_told_once() {
    let run = stdfu("--sim f405 --sim l476 --every flash blinky.bin --address 0x08004000").run();
    assert_eq!(run.stderr.matches("warning").count(), 1, "{run:?}");
}

#[test]
fn what_no_cortex_m_starts_from_is_not_looked_at() {
    let code = Firmware::of(vec![0x13; 64], "code.bin");
    let command = format!("flash --strict {} --address", code.path());
    // A GD32VF103 is a RISC-V, whose flash begins with an instruction.
    let run = stdfu(&format!("--sim gd32vf103 {command} 0x08000000")).run();
    assert_eq!(run.exit, 0, "{run:?}");
    // Data in the middle of flash.
    let run = stdfu(&format!("--sim f405 {command} 0x08004000")).run();
    assert_eq!(run.exit, 0, "{run:?}");
    let run = stdfu(&format!("--sim f405 {command} 0x08000000")).run();
    assert_eq!(run.exit, 7, "{run:?}");
}

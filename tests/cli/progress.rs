//! What is said while work goes on, and at its end, where stderr is no terminal.

use crate::run::{FlashFile, stdfu};

#[track_caller]
fn check(arguments: &str, stdout: &str, stderr: &str) {
    stdfu(&format!("--sim f405 {arguments}"))
        .run()
        .says(0, stdout, stderr);
}

/// On a board that has something else in every byte of its flash.
#[track_caller]
fn check_full(arguments: &str, stdout: &str, stderr: &str) {
    stdfu("--sim")
        .arg(FlashFile::full(1 << 20).board("f405"))
        .args(arguments)
        .run()
        .says(0, stdout, stderr);
}

#[test]
fn off_a_terminal_each_phase_has_a_line_and_the_end_a_summary() {
    check_full(
        "flash blinky.dfu",
        "OK  336133663433 at 1-1  5.0 KiB written, verified, started  0.0 s\n    lost: 11.0 KiB of other data in the erased sectors (--preserve keeps it)\n",
        "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
erasing 16 KiB
writing 4 KiB
writing the first block
verifying 6 KiB
starting the application
",
    );
}

#[test]
fn blank_flash_is_written_without_an_erase_and_the_summary_says_so() {
    check(
        "flash blinky.dfu",
        "OK  336133663433 at 1-1  5.0 KiB written, verified, started  0.0 s\n",
        "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
writing 4 KiB
writing the first block
verifying 6 KiB
starting the application
",
    );
}

#[test]
fn full_compares_nothing_first() {
    check(
        "flash blinky.dfu --full",
        "OK  336133663433 at 1-1  5.0 KiB written, verified, started  0.0 s\n",
        "\
reading the rest of the sectors 11.0 KiB
erasing 16 KiB
writing 4 KiB
writing the first block
verifying 6 KiB
starting the application
",
    );
}

#[test]
fn the_summary_says_what_was_left_out() {
    check_full(
        "flash blinky.dfu --stay --no-verify",
        "OK  336133663433 at 1-1  5.0 KiB written, not verified, still in DFU mode  0.0 s\n    lost: 11.0 KiB of other data in the erased sectors (--preserve keeps it)\n",
        "\
comparing 5.0 KiB
reading the rest of the sectors 11.0 KiB
erasing 16 KiB
writing 4 KiB
writing the first block
",
    );
}

/// The ROM of the F405 asks for a pause of 100 ms, however long its mass erase takes.
#[test]
fn a_mass_erase_says_that_it_is_one() {
    check(
        "flash blinky.dfu --mass-erase",
        "OK  336133663433 at 1-1  5.0 KiB written, verified, started  0.1 s\n",
        "\
mass-erasing
checking for blank 1 MiB
writing 4 KiB
writing the first block
verifying 6 KiB
starting the application
",
    );
}

#[test]
fn an_erase_says_what_is_blank_now() {
    check(
        "erase 0x08000000..0x08010000 0x08020000",
        "OK  336133663433 at 1-1  5 sectors erased, 192 KiB blank  0.0 s\n",
        "erasing 192 KiB\nverifying 192 KiB\n",
    );
    check(
        "erase --all",
        "OK  336133663433 at 1-1  12 sectors erased, 1 MiB blank  0.1 s\n",
        "mass-erasing\nchecking for blank 1 MiB\n",
    );
}

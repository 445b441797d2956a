//! `--help`, and what a wrong command line is met with.

use crate::run::{assert_text, stdfu};

#[track_caller]
fn check(arguments: &str, mentions: &[&str]) {
    let run = stdfu(&format!("{arguments} --help")).run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert_text("stderr", &run.stderr, "");
    let said: Vec<&str> = run.stdout.split_whitespace().collect();
    let said = said.join(" ");
    for mention in mentions {
        assert!(
            said.contains(mention),
            "{mention} is not in:\n{}",
            run.stdout
        );
    }
    let longest = run.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "a line has {longest:?} characters");
}

/// What every command takes.
const EVERYWHERE: [&str; 16] = [
    "--timeout <SECONDS>",
    "--stop-on-eof",
    "--serial <SERIAL>",
    "[env: STDFU_SERIAL]",
    "--path <BUS-PORT>",
    "[env: STDFU_PATH]",
    "--id <VID:PID>",
    "--every",
    "--wait[=<SECONDS>]",
    "--sim <BOARD>",
    "[env: STDFU_SIM]",
    "--json",
    "-q, --quiet",
    "-v, --verbose",
    "--color <WHEN>",
    "--progress <HOW>",
];

#[test]
fn the_help_has_the_commands_and_the_options_of_all_of_them() {
    check("", &["list", "serial", "flash", "erase", "sim"]);
    for command in [
        "", "list", "serial", "flash", "erase", "read", "verify", "info",
    ] {
        check(command, &EVERYWHERE);
    }
}

#[test]
fn what_means_nothing_to_a_command_is_not_in_its_help() {
    for command in ["convert", "sim", "completions", "man", "udev"] {
        for help in ["-h", "--help"] {
            let said = stdfu(&format!("{command} {help}")).run().stdout;
            for option in ["Which board", "--serial", "--every", "--wait"] {
                assert!(!said.contains(option), "{option} in {said}");
            }
            assert!(said.contains("--json"), "{said}");
        }
    }
}

#[test]
fn the_help_has_every_exit_code() {
    check(
        "",
        &[
            "0 done, and checked",
            "1 anything else",
            "2 usage",
            "3 no such board",
            "4 several boards, none chosen",
            "5 the system doesn't allow it",
            "6 the file is damaged",
            "7 the file doesn't fit the board",
            "8 the board answered an error or went away",
            "9 what was read differs from the file",
            "10 read protection is on",
            "130 interrupted",
        ],
    );
}

#[test]
fn the_help_of_flash_has_its_options() {
    check(
        "flash",
        &[
            "<FILE>",
            "--address <ADDRESS>",
            "--format <FORMAT>",
            "bin:",
            "dfu:",
            "--alt <MEMORY>",
            "--full",
            "--no-verify",
            "--mass-erase",
            "--stay",
            "--entry <ADDRESS>",
            "--dry-run",
            "--any-id",
        ],
    );
}

#[test]
fn the_help_of_erase_has_its_options_and_the_forms_of_a_range() {
    check(
        "erase",
        &[
            "[RANGE]",
            "--all",
            "--alt <MEMORY>",
            "ADDRESS+SIZE",
            "ADDRESS..END",
            "a single address",
            "0x08020000+128K",
            "0x08000000..0x08010000",
        ],
    );
}

#[test]
fn the_help_of_read_and_verify_has_their_options_and_what_they_promise() {
    check(
        "read",
        &[
            "<OUT> [RANGE]...",
            "- is stdout",
            "--format <FORMAT>",
            "--force",
            "--alt <MEMORY>",
            "ADDRESS..END (END is not read)",
            "The file appears only when everything was read.",
        ],
    );
    check(
        "verify",
        &[
            "<FILE>...",
            "--address <ADDRESS>",
            "--format <FORMAT>",
            "--alt <MEMORY>",
            "--any-id",
            "9 that some differ",
        ],
    );
}

#[test]
fn the_help_of_sim_has_the_options_of_a_board() {
    check(
        "sim",
        &[
            "<BOARD>",
            "--listen <ADDR>",
            "serial=",
            "flash=",
            "timing=real",
        ],
    );
}

/// A terminal of 80 columns and 44 lines.
#[test]
fn the_short_help_fits_a_screen_and_points_to_the_long_one() {
    for command in ["", "flash", "erase", "convert", "list", "sim", "unprotect"] {
        let run = stdfu(&format!("{command} -h")).env("COLUMNS", "80").run();
        assert_eq!(run.exit, 0, "{run:?}");
        let lines = run.stdout.lines().count();
        assert!(lines <= 44, "{command} has {lines} lines");
        let widest = run.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{command} has {widest:?} columns");
        assert!(
            run.stdout.contains("see more with '--help'"),
            "{}",
            run.stdout
        );
    }
}

/// The tables of what there is stand in `sim --list`.
#[test]
fn the_help_of_sim_has_sixty_lines_at_most() {
    for columns in ["80", "160"] {
        let run = stdfu("sim --help").env("COLUMNS", columns).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let lines = run.stdout.lines().count();
        assert!(lines <= 60, "{lines} lines");
        assert!(run.stdout.contains("stdfu sim --list"), "{run:?}");
    }
}

/// Nothing that belongs into columns is wrapped there.
#[test]
fn the_help_reads_well_on_a_narrow_terminal() {
    for (arguments, heading) in [
        ("-h", "Start with:"),
        ("--help", "Examples:"),
        ("sim --help", "Examples:"),
    ] {
        let run = stdfu(arguments).env("COLUMNS", "50").run();
        let (_, lists) = run.stdout.split_once(heading).expect("lists");
        for line in lists.lines() {
            let is_heading = line.ends_with(':') || line.is_empty();
            assert!(is_heading || line.starts_with("  "), "{line:?}");
            assert!(line.chars().count() <= 50, "{line:?}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_package_and_of_libusb_and_in_short_the_first_alone() {
    let ours = concat!("stdfu ", env!("CARGO_PKG_VERSION"), "\n");
    stdfu("-V").run().answers(ours);
    let run = stdfu("--version").run();
    let libusb = run.stdout.strip_prefix(ours).expect("first ours");
    let version = libusb.strip_prefix("libusb 1.0.").expect("then libusb's");
    let micro = version.strip_suffix('\n').expect("a line");
    assert!(micro.parse::<u16>().is_ok(), "{run:?}");
    run.answers(&format!("{ours}{libusb}"));
}

#[test]
fn a_word_with_a_slip_is_met_with_the_right_one() {
    let check = |arguments: &str, right: &str| {
        let run = stdfu(arguments).run();
        assert_eq!(run.exit, 2, "{run:?}");
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains(right), "{}", run.stderr);
    };
    check("flahs blinky.dfu", "'flash'");
    check("flash blinky.dfu --no-verfy", "'--no-verify'");
    check("list --jsn", "'--json'");
}

#[test]
fn no_command_at_all_is_met_with_the_help() {
    let run = stdfu("").run();
    assert_eq!(run.exit, 2);
    assert_eq!(run.stdout, "");
    for mention in ["Usage: stdfu", "flash", "Start with:"] {
        assert!(run.stderr.contains(mention), "{}", run.stderr);
    }
}

//! What stands on a terminal of 40, 80 and 160 columns when a command has ended: kept as text in `tests/data/screens`.

use std::fs;

use crate::run::{assert_text, data};
use crate::terminal::terminal_of;

/// A name, and the command whose screen it is.
const SCREENS: [(&str, &str); 20] = [
    ("list", "--sim f405 list"),
    (
        "list-3",
        "--sim f405 --sim l476 --sim pluto --sim atmega32u4 list",
    ),
    ("list-protected", "--sim g0b1,quirk=read-protected list -v"),
    ("flash", "--sim f405 flash blinky.dfu"),
    ("flash-verbose", "--sim f405 flash blinky.dfu -v"),
    ("flash-plan", "--sim f405 flash blinky.dfu --dry-run"),
    (
        "flash-no-board",
        "--sim f405 --serial NOSUCH flash blinky.dfu",
    ),
    (
        "flash-several",
        "--sim f405,serial=A --sim f405,quirk=read-protected --sim h743 --every flash blinky.dfu",
    ),
    (
        "flash-entered",
        "--sim f405,app=klipper flash blinky.dfu --enter-dfu",
    ),
    (
        "flash-not-entered",
        "--sim f405,app=micropython flash blinky.dfu --enter-dfu",
    ),
    ("flash-plain", "--sim maple flash blinky.bin --alt 1"),
    ("flash-refused", "--sim gd32vf103 flash blinky.dfu"),
    ("erase", "--sim f405 erase --all"),
    ("verify", "--sim f405 verify blinky.dfu"),
    ("read", "--sim f405 read - 0x08000000+32 --format hex"),
    ("leave", "--sim f405 leave"),
    (
        "unprotect",
        "--sim f405,quirk=read-protected unprotect --yes",
    ),
    ("info", "info blinky.dfu"),
    ("decode", "decode f405.pcapng"),
    ("refused", "flash blinky.dfu --address 0x08000000 --entyr 5"),
];

#[test]
fn every_command_says_it_in_40_80_and_160_columns() {
    for columns in [40, 80, 160] {
        for (name, arguments) in SCREENS {
            let Some(screen) = terminal_of(columns, arguments, &[("NO_COLOR", "1")], None) else {
                return;
            };
            let path = data().join(format!("screens/{name}.{columns}.txt"));
            let golden = fs::read_to_string(&path).unwrap_or_default();
            let found = format!("$ stdfu {arguments}\n{}", screen.text);
            assert_text(&format!("{}", path.display()), &found, &golden);
        }
    }
}

#[test]
fn a_result_is_green_where_it_is_good_and_red_where_it_is_not() {
    let arguments = "--sim f405 --sim f405,quirk=read-protected --every flash blinky.dfu";
    let Some(screen) = terminal_of(80, arguments, &[], None) else {
        return;
    };
    for coloured in [
        "\u{1b}[1m\u{1b}[31mFAILED\u{1b}[0m  ",
        "\u{1b}[1m\u{1b}[32mOK\u{1b}[0m  ",
        "\u{1b}[1m\u{1b}[31m1 of 2 boards OK\u{1b}[0m",
    ] {
        assert!(screen.sent.contains(coloured), "{:?}", screen.sent);
    }
}

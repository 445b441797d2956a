//! Which boards there are, and that they can be described.

use super::*;

#[test]
fn the_boards_are_those_that_were_promised_in_order() {
    let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
    assert_eq!(
        names,
        [
            "at32",
            "atmega32u4",
            "c5",
            "class-sample",
            "dapboot",
            "embassy",
            "embassy-0.2",
            "esp32s2",
            "f072",
            "f103",
            "f405",
            "f411",
            "f427",
            "f429",
            "f746",
            "f767",
            "fomu",
            "g0b1",
            "g474",
            "gd32vf103",
            "h723",
            "h743",
            "h743v9",
            "jabra",
            "l072",
            "l476",
            "longan",
            "lpc",
            "maple",
            "mboot",
            "mboot-packed",
            "mcuboot",
            "numworks",
            "openmoko",
            "pluto",
            "pybd",
            "simtrace",
            "tinyusb",
            "u575",
            "ubertooth",
            "uboot",
            "wb55",
            "xmos",
            "zephyr",
        ]
    );
    for name in names {
        assert_eq!(find(name).map(|board| board.name), Some(name));
    }
    assert!(find("").is_none());
}

#[test]
fn every_string_fits_a_descriptor() {
    for board in BOARDS.iter() {
        let strings = [board.manufacturer, board.product, board.serial];
        let layouts = board.memories.iter().map(|memory| memory.layout);
        for string in strings.into_iter().chain(layouts) {
            assert!((1..=126).contains(&string.len()), "{string}");
            assert!(
                string.bytes().all(|byte| matches!(byte, 0x20..=0x7E)),
                "{string}"
            );
        }
        assert!(!board.memories.is_empty(), "{}", board.name);
        assert!(!board.description.is_empty(), "{}", board.name);
    }
}

//! What boards say of themselves: strings, layouts and serial numbers.

use super::*;

/// It says 166 bytes, and sends 112.
#[test]
fn f427_layouts_that_are_shorter_than_they_say_are_read() {
    let text = "\
325E36543131   STM32  BOOTLOADER
  path 1-1   ids 0483:df11   1 MiB of flash
  0  Internal Flash
     0x08000000    4 × 16 KiB     read, erase, write
     0x08010000    1 × 64 KiB     read, erase, write
     0x08020000    7 × 128 KiB    read, erase, write
  1  Option Bytes
     0x1fffc000    1 × 16 bytes   read, write
     0x1ffec000    1 × 16 bytes   read, write
  2  OTP Memory
     0x1fff7800    1 × 512 bytes  read, write
     0x1fff7a00    1 × 16 bytes   read, write
  3  Device Feature
     0xffff0000    1 × 4 bytes    read, write
";
    stdfu("--sim f427 list").run().answers(text);
    let descriptor = &transfers("f427", "list")[1];
    let layout = "GET_DESCRIPTOR wValue 0x0304 wIndex 0x0409 wLength 255: a6 03 40 00 ";
    assert!(descriptor.starts_with(layout), "{descriptor}");
}

#[test]
fn f429_garbage_behind_the_layouts_is_passed_over() {
    let banks = [
        [0x0800_0000, 4, 16 * KIB],
        [0x0801_0000, 1, 64 * KIB],
        [0x0802_0000, 7, 128 * KIB],
        [0x0810_0000, 4, 16 * KIB],
        [0x0811_0000, 1, 64 * KIB],
        [0x0812_0000, 7, 128 * KIB],
    ];
    let found = memories("f429");
    assert_eq!(found[0], (0, "Internal Flash".to_owned(), banks.to_vec()));
    let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Internal Flash",
            "Option Bytes",
            "OTP Memory",
            "Device Feature"
        ]
    );
    let listed = stdfu("--sim f429 list --json").run().boards(0);
    let raw = listed[0]["memories"][0]["layout"].as_str().expect("a text");
    assert!(raw.ends_with("*9Kg"), "{raw:?}");
}

/// Its serial number is spelled in bytes, where USB wants sixteen bits a character.
#[test]
fn gd32vf103_serial_in_bytes_is_read() {
    stdfu("--sim gd32vf103,serial=3CBJ7 serial")
        .run()
        .answers("3CBJ7\n");
}

#[test]
fn g0b1_shows_one_memory_three_times_and_a_raw_binary_takes_the_first() {
    let found = memories("g0b1");
    let flash = |alternate_setting| {
        (
            alternate_setting,
            "Internal Flash".to_owned(),
            vec![[0x0800_0000, 64, 2 * KIB]],
        )
    };
    assert_eq!(found, [flash(0), flash(1), flash(2)]);
    let run = stdfu("--sim g0b1 flash blinky.bin --address 0x08000000 --dry-run").run();
    let targets: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.ends_with("Internal Flash"))
        .collect();
    assert_eq!(targets, ["  0  Internal Flash"]);
}

#[test]
fn mboot_takes_blocks_of_2048() {
    let boards = stdfu("--sim mboot list --json").run().boards(0);
    assert_eq!(boards[0]["transfer_size"], 2048);
}

#[test]
fn gd32vf103_has_as_many_pages_as_its_serial_says() {
    for (serial, pages) in [("3CBJ", 128), ("3C8J", 64), ("3C6J", 32), ("3C4J", 16)] {
        let found = &memories(&format!("longan,serial={serial}"))[0];
        assert_eq!(found.2, [[0x0800_0000, pages, KIB]], "{serial}");
    }
}

#[test]
fn gd32vf103_has_no_flash_behind_the_pages_that_its_serial_tells_of() {
    stdfu("--sim longan,serial=3C8J flash blinky.bin --address 0x0800F000")
        .run()
        .says(
            7,
            "",
            "\
error: 3C8J at 1-1: the image ends at 0x08010403, but this board's flash ends at 0x08010000
hint: Check that the file is for this chip, and --address if you gave one.
      `stdfu list` shows the memories of the board. Nothing was erased.
",
        );
}

/// Each constant, and the boards that have it.
const CONSTANTS: [(&str, &str); 7] = [
    ("STM32", "f103"),        // F105, F107
    ("FFFFFFFEFFFF", "f072"), // F042, F072, H7B3
    ("STM32FxSTM32", "f405"), // some F4 and F72x
    ("200364500000", "h743"), // H743, H745, H750
    ("AT32", "at32"),         // AT32
    ("0448", "f103"),         // APM32
    ("3CBJ", "gd32vf103"),    // GD32
];

#[test]
fn f105_f072_f4_h743_at32_apm32_and_gd32_share_their_serials_with_many() {
    for (serial, board) in CONSTANTS {
        let board = format!("{board},serial={serial}");
        let list = stdfu(&format!("--sim {board} list")).run().stdout;
        let first = format!("{serial} (as many others)   ");
        assert!(list.starts_with(&first), "{list}");
        let warning = format!(
            "warning: many boards have the serial number {serial}: --path chooses exactly one\n"
        );
        stdfu(&format!("--sim {board} --serial {serial} serial"))
            .run()
            .says(0, &format!("{serial}\n"), &warning);
    }
}

#[test]
fn f072_h743_at32_and_gd32_say_their_constants_without_being_told_to() {
    for (serial, board) in CONSTANTS {
        if matches!(board, "f072" | "h743" | "at32" | "gd32vf103") {
            stdfu(&format!("--sim {board} serial"))
                .run()
                .answers(&format!("{serial}\n"));
        }
    }
}

/// Two were seen with one serial number, which no list of constants has.
#[test]
fn u575_that_collide_are_told_apart_by_their_paths() {
    let two = "--sim u575,serial=207136863530 --sim u575,serial=207136863530";
    for option in ["", " --serial 207136863530"] {
        let wanted = option.replace(" --serial", " with serial number");
        stdfu(&format!("{two}{option} flash blinky.dfu"))
            .run()
            .says(
                4,
                "",
                &format!(
                    "\
error: there are 2 boards{wanted}, and none is chosen:
  207136863530 at 1-1: --path 1-1
  207136863530 at 1-2: --path 1-2
hint: Add one of these options. Nothing was touched.
"
                ),
            );
    }
}

#[track_caller]
fn check(board: &str, alternate_setting: u64, name: &str, segments: &[[u64; 3]]) {
    let memories = memories(board);
    let found = memories
        .iter()
        .find(|(number, ..)| *number == alternate_setting);
    let expected = (alternate_setting, name.to_owned(), segments.to_vec());
    assert_eq!(found, Some(&expected), "{board}");
}

#[test]
fn l476_option_bytes_have_two_regions() {
    let regions = [[0x1FFF_7800, 1, 40], [0x1FFF_F800, 1, 40]];
    check("l476", 1, "Option Bytes", &regions);
}

#[test]
fn l072_pages_have_128_bytes_and_its_eeprom_blocks_of_3_kib() {
    check("l072", 0, "Internal Flash", &[[0x0800_0000, 1536, 128]]);
    check("l072", 2, "DATA Memory", &[[0x0808_0000, 2, 3 * KIB]]);
}

#[test]
fn h743_option_bytes_are_at_an_address_of_their_own() {
    check("h743", 1, "Option Bytes", &[[0x5200_201C, 1, 128]]);
}

#[test]
fn f103_dso_nano_has_a_name_with_a_colon_and_memory_at_address_0() {
    let segments = [[0, 64, 64 * KIB], [64 * 64 * KIB, 64, 64 * KIB]];
    check("f103", 1, "SPI Flash : M25P64", &segments);
}

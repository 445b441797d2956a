//! `stdfu list`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::run::{FlashFile, assert_text, data, stdfu};
use crate::trace::transfers;

/// Every simulated board; on those in the first three lines, and on mboot, scripts may count.
const BOARDS: [&str; 26] = [
    "f072",
    "f103",
    "f405",
    "f429",
    "f746", //
    "f767",
    "g0b1",
    "g474",
    "h743",
    "l072", //
    "l476",
    "u575",
    "wb55",
    "gd32vf103",
    "mboot", //
    "at32",
    "c5",
    "class-sample",
    "f411",
    "f427", //
    "h723",
    "h743v9",
    "longan",
    "mboot-packed",
    "numworks",
    "pybd",
];

#[test]
fn fewer_boards_than_there_have_to_be_are_listed_with_exit_3() {
    let too_few = "found 1 board in DFU mode, but --count asks for 2";
    let run = stdfu("--sim f405 list --every --count 2").run();
    let alone = stdfu("--sim f405 list").run();
    run.says(3, &alone.stdout, &format!(
        "error: {too_few}\nhint: Put the others into DFU mode too, or add --wait. Nothing was touched.\n"
    ));
    let document = stdfu("--sim f405 list --every --count 2 --wait=0.5 --json")
        .run()
        .document(3);
    assert_eq!(document["boards"][0]["serial"], "336133663433");
    assert_eq!(document["error"]["message"], too_few);
    let both = stdfu("--sim f405 --sim l476 list --every --count 2").run();
    assert_eq!(both.exit, 0, "{}", both.stderr);
}

/// Those that speak plain DFU.
const PLAIN: [&str; 17] = [
    "dapboot",
    "embassy",
    "embassy-0.2",
    "esp32s2",
    "fomu", //
    "jabra",
    "lpc",
    "maple",
    "mcuboot",
    "openmoko", //
    "pluto",
    "simtrace",
    "tinyusb",
    "ubertooth",
    "uboot", //
    "xmos",
    "zephyr",
];

/// Those that speak something else.
const OTHERS: [&str; 1] = ["atmega32u4"];

fn golden(board: &str) -> String {
    let path = data().join("list").join(format!("{board}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn check(board: &str, expected: &str) {
    stdfu(&format!("--sim {board} list"))
        .run()
        .answers(expected);
}

#[test]
fn an_f405_shows_its_serial_its_four_memories_and_the_sectors_of_its_flash() {
    check(
        "f405",
        "\
336133663433   STM32  BOOTLOADER
  path 1-1   ids 0483:df11   STM32F405/407/415/417   1 MiB of flash
  0  Internal Flash
     0x08000000    4 × 16 KiB     read, erase, write
     0x08010000    1 × 64 KiB     read, erase, write
     0x08020000    7 × 128 KiB    read, erase, write
  1  Option Bytes
     0x1fffc000    1 × 16 bytes   read, write
  2  OTP Memory
     0x1fff7800    1 × 512 bytes  read, write
     0x1fff7a00    1 × 16 bytes   read, write
  3  Device Feature
     0xffff0000    1 × 4 bytes    read, write
",
    );
}

#[test]
fn every_simulated_board_lists_without_trouble() {
    for board in BOARDS.into_iter().chain(PLAIN) {
        check(board, &golden(board));
    }
}

/// What is there and can't be used is listed all the same, and is no board.
#[test]
fn every_simulated_board_that_speaks_something_else_is_listed_with_the_reason() {
    for board in OTHERS {
        let run = stdfu(&format!("--sim {board} list")).run();
        assert_eq!(run.exit, 3, "{run:?}");
        assert_text("stdout", &run.stdout, &golden(board));
    }
}

#[test]
fn every_board_that_the_simulator_knows_has_a_golden_list() {
    let list = stdfu("sim --list").run().stdout;
    let (_, boards) = list.split_once("Boards:\n").expect("a list of boards");
    let known: BTreeSet<String> = boards
        .lines()
        .take_while(|line| !line.is_empty())
        // What else a description has to say stands further right.
        .filter_map(|line| line.strip_prefix("  ")?.split_once("  "))
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, _)| name.to_owned())
        .collect();
    let golden: BTreeSet<String> = fs::read_dir(data().join("list"))
        .expect("the golden lists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(known, golden);
}

#[test]
fn several_boards_have_a_line_each() {
    stdfu("--sim f405 --sim l476 --sim pluto --sim h743 list")
        .run()
        .answers(
            "\
SERIAL                              CHIP OR DEVICE              FLASH  PATH
336133663433                        STM32F405/407/415/417       1 MiB  1-1
205834865852                        STM32  BOOTLOADER           1 MiB  1-2
104473541196000618001900241F1E6931  PlutoSDR (ADALM-PLUTO) DFU  -      1-3
200364500000 (as many others)       STM32H74x/75x               2 MiB  1-4
",
        );
}

#[test]
fn what_can_not_be_used_stands_after_the_boards() {
    stdfu("--sim f405 --sim l476 --sim atmega32u4 --sim f405,quirk=application list")
        .run()
        .answers(
            "\
SERIAL        CHIP OR DEVICE         FLASH  PATH
336133663433  STM32F405/407/415/417  1 MiB  1-1
205834865852  STM32  BOOTLOADER      1 MiB  1-2
the board at 1-3 (03eb:2ff4) speaks FLIP, Atmel's own protocol, not DFU
the board at 1-4 (0483:df11) is running its application
",
        );
}

#[test]
fn verbose_shows_all_of_several_boards_and_whether_they_are_read_protected() {
    let second = golden("l476").replace("path 1-1", "path 1-2");
    stdfu("--sim f405,quirk=read-protected --sim l476 list -v")
        .run()
        .answers(&format!(
            "{}  read protection is on: `stdfu unprotect` lifts it, and erases everything\n\n\
             {second}  read protection is off\n",
            golden("f405")
        ));
}

#[test]
fn a_screen_of_24_rows_of_80_columns_has_room_for_eight_boards() {
    let serials = [
        "336133663433",
        "205834865852",
        "206438814D53",
        "3254335D3037",
    ];
    for count in [1, 3, 8] {
        let boards: String = (0..count)
            .map(|index| format!("--sim f405,serial={}{index} ", serials[index % 4]))
            .collect();
        let list = stdfu(&format!("{boards} list")).run().stdout;
        assert!(list.lines().count() < 24, "{list}");
        let widest = list.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= 80), "{list}");
    }
}

#[test]
fn read_protection_is_looked_for_only_where_it_is_asked_for_and_nothing_changes() {
    for quirk in ["", ",quirk=read-protected"] {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("list -v --json --sim")
            .arg(flash.board("f405") + quirk)
            .run();
        assert_eq!(
            run.boards(0)[0]["read_protected"],
            !quirk.is_empty(),
            "{run:?}"
        );
        flash.is_untouched();
    }
    let found = stdfu("--sim f405 list --json").run().boards(0);
    assert_eq!(found[0].get("read_protected"), None);
}

#[test]
fn the_chip_is_named_where_no_other_family_looks_the_same() {
    let chips = [
        ("f405", json!("STM32F405/407/415/417")),
        ("f767", json!("STM32F76x/77x")),
        ("g474", json!("STM32G47x/48x")),
        ("h723", json!("STM32H72x/73x")),
        ("h743", json!("STM32H74x/75x")),
        ("l072", json!("STM32L07x/08x")),
        ("wb55", json!("STM32WB55")),
    ];
    for board in BOARDS.into_iter().chain(PLAIN) {
        let named = chips.iter().find(|(name, _)| board.starts_with(name));
        let expected = named.map_or(Value::Null, |(_, chip)| chip.clone());
        let found = stdfu(&format!("--sim {board} list --json")).run().boards(0);
        assert_eq!(found[0]["chip"], expected, "{board}");
    }
}

#[test]
fn another_serial_number_shows_in_its_place() {
    check(
        "l476,serial=205A3073484B",
        &golden("l476").replace("205834865852", "205A3073484B"),
    );
}

#[test]
fn a_serial_number_that_many_boards_have_is_marked_in_any_case_and_only_for_people() {
    for serial in ["STM32", "stm32fxstm32", "AT32", "0448"] {
        let marked = golden("f405").replace("336133663433", &format!("{serial} (as many others)"));
        check(&format!("f405,serial={serial}"), &marked);
        let boards = stdfu(&format!("--json --sim f405,serial={serial} list"))
            .run()
            .boards(0);
        assert_eq!(boards[0]["serial"], serial);
    }
}

#[test]
fn the_json_of_an_f405_has_every_field_that_scripts_may_name() {
    let found = stdfu("--sim f405 list --json").run().document(0);
    let segment = |address: u64, sectors: u64, sector_size: u64, erasable: bool| {
        json!({
            "address": address, "sectors": sectors, "sector_size": sector_size,
            "readable": true, "erasable": erasable, "writable": true,
        })
    };
    let memory = |alt: u64, name: &str, layout: &str, segments: Value| json!({"alt": alt, "name": name, "layout": layout, "segments": segments, "error": null});
    let expected = json!({"schema": 1, "others": [], "boards": [{
        "protocol": "dfuse", "dfu_version": "1.1a", "chip": "STM32F405/407/415/417", "serial": "336133663433", "vendor_id": 1155, "product_id": 57105, "path": "1-1", "bus": 1, "device": 2,
        "product": "STM32  BOOTLOADER", "transfer_size": 2048, "error": null,
        "can_download": true, "can_upload": true, "manifestation_tolerant": false, "will_detach": true,
        "memories": [
            memory(0, "Internal Flash", "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", json!([
                segment(134_217_728, 4, 16384, true),
                segment(134_283_264, 1, 65536, true),
                segment(134_348_800, 7, 131_072, true),
            ])),
            memory(1, "Option Bytes", "@Option Bytes  /0x1FFFC000/01*016 e", json!([
                segment(536_854_528, 1, 16, false),
            ])),
            memory(2, "OTP Memory", "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", json!([
                segment(536_836_096, 1, 512, false),
                segment(536_836_608, 1, 16, false),
            ])),
            memory(3, "Device Feature", "@Device Feature/0xFFFF0000/01*004 e", json!([
                segment(4_294_901_760, 1, 4, false),
            ])),
        ],
    }]});
    assert_eq!(found, expected);
}

#[test]
fn the_json_of_every_simulated_board_has_every_field_with_its_type() {
    let boards: String = BOARDS.map(|board| format!("--sim {board} ")).concat();
    let listed = stdfu(&format!("{boards} list --json")).run().boards(0);
    assert_eq!(listed.len(), BOARDS.len());
    for board in &listed {
        for name in ["protocol", "dfu_version", "serial", "path", "product"] {
            assert!(board[name].is_string(), "{name} of {board}");
        }
        for name in ["vendor_id", "product_id", "bus", "device", "transfer_size"] {
            assert!(board[name].is_u64(), "{name} of {board}");
        }
        let memories = board["memories"].as_array().expect("memories");
        assert!(!memories.is_empty(), "{board}");
        for memory in memories {
            assert!(memory["alt"].is_u64(), "{memory}");
            assert!(memory["name"].is_string(), "{memory}");
            assert!(
                memory["layout"]
                    .as_str()
                    .is_some_and(|layout| layout.starts_with('@')),
                "{memory}"
            );
            let segments = memory["segments"].as_array().expect("segments");
            assert!(!segments.is_empty(), "{memory}");
            for segment in segments {
                for name in ["address", "sectors", "sector_size"] {
                    assert!(segment[name].is_u64(), "{name} of {segment}");
                }
                for name in ["readable", "erasable", "writable"] {
                    assert!(segment[name].is_boolean(), "{name} of {segment}");
                }
            }
        }
    }
}

#[test]
fn read_only_sectors_are_told_apart() {
    let boards = stdfu("--sim f103 list --json").run().boards(0);
    let access: Vec<[&Value; 3]> = boards[0]["memories"][0]["segments"]
        .as_array()
        .expect("segments")
        .iter()
        .map(|segment| {
            [
                &segment["readable"],
                &segment["erasable"],
                &segment["writable"],
            ]
        })
        .collect();
    assert_eq!(access, [[true, false, false], [true, true, true]]);
}

#[test]
fn only_the_boards_that_match_are_listed() {
    let second = golden("l476").replace("path 1-1", "path 1-2");
    for option in ["--serial 205834865852", "--path 1-2"] {
        stdfu(&format!("--sim f405 --sim l476 list {option}"))
            .run()
            .answers(&second);
    }
}

#[test]
fn no_board_is_an_error_with_a_next_step() {
    let text = stdfu("--sim f405 list --id 0483:df12").run();
    let stderr = "\
error: there is no board with ids 0483:df12 in DFU mode
the board at 1-1 (0483:df11) is left out by --id
hint: If this is the board you mean, leave out --id.
      If not, set BOOT0 high on your board and reset it.
";
    text.says(3, "", stderr);
    let document = stdfu("--sim f405 list --id 0483:df12 --json")
        .run()
        .document(3);
    assert_eq!(
        document,
        json!({"schema": 1, "boards": [], "others": [], "error": {
            "exit": 3,
            "message": "there is no board with ids 0483:df12 in DFU mode\nthe board at 1-1 (0483:df11) is left out by --id",
            "hint": "If this is the board you mean, leave out --id.\nIf not, set BOOT0 high on your board and reset it.",
        }})
    );
}

/// It is not one that the system keeps closed, and it is no longer there for any other command either.
#[test]
fn a_board_that_is_unplugged_while_it_is_asked_is_said_to_be() {
    let answers = transfers(&stdfu("-vv --sim f405 list").run().stderr).len();
    for request in [answers - 1, answers] {
        let board = format!("--sim f405,fault=unplug@{request}");
        let stderr = "\
error: board at 1-1: it was unplugged in the meantime
hint: Check the cable and put the board into DFU mode again.
      If it happens again: --record FILE records it, for a report.
";
        let text =
            "serial number unknown\n  path 1-1   ids 0483:df11\n  unplugged while it was asked\n";
        stdfu(&board).arg("list").run().says(8, text, stderr);
        let document = stdfu(&board).args("list --json").run().document(8);
        assert_eq!(document["boards"][0]["error"], "the device is gone");
        // The others' answer is whole.
        let run = stdfu(&board).args("--sim l476 list").run();
        assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
        assert!(
            run.stdout.contains(
                "\n-             unplugged while it was asked  -      1-1\n205834865852  "
            ),
            "{run:?}"
        );
    }
}

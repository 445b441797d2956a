//! What is on the bus and is no board that can be worked with: named with path, ids, reason and next step.

use serde_json::json;

use crate::run::{FlashFile, sample, stdfu};

const PLAIN: &str = "speaks plain DFU, not DfuSe: it has no addresses and no sectors";
/// Its next step.
const WHOLE: &str = "Without addresses, a whole memory of it can be flashed or read: `stdfu flash FILE`, `stdfu read OUT`.";
/// Commands that look for a board, in the order in which they are tried.
const COMMANDS: [&str; 5] = [
    "serial",
    "flash blinky.dfu",
    "erase --all",
    "leave",
    "info blinky.dfu --every",
];
/// Those of them that need addresses, whatever the device.
const ABOUT_ADDRESSES: [&str; 4] = [
    "erase --all",
    "erase 0x08000000",
    "unprotect --yes",
    "leave 0x08000000",
];

/// Asserts that the only device there is named in every one of the commands, as text and in JSON.
#[track_caller]
fn is_named(
    board: &str,
    ids: &str,
    (reason, hint): (&str, &str),
    (exit, commands): (i32, &[&str]),
) {
    let message = format!("there is no DfuSe board in DFU mode\nthe board at 1-1 ({ids}) {reason}");
    let stderr = format!("error: {message}\nhint: {hint}\n");
    for command in commands {
        let command = format!("--sim {board} {command}");
        stdfu(&command).run().says(exit, "", &stderr);
        let document = stdfu(&command).arg("--json").run().document(exit);
        let error = json!({"exit": exit, "message": message, "hint": hint});
        assert_eq!(document["error"], error, "{command}");
    }
}

/// Asserts exit 3 with the only device there named, in every command, and that it is listed with the reason.
#[track_caller]
fn check(board: &str, ids: &str, reason: &str, hint: &str) {
    is_named(board, ids, (reason, hint), (3, &COMMANDS));
    let stderr = format!(
        "error: there is no DfuSe board in DFU mode\nthe board at 1-1 ({ids}) {reason}\nhint: {hint}\n"
    );
    let list = stdfu(&format!("--sim {board} list")).run();
    assert_eq!((list.exit, list.stderr.as_str()), (3, stderr.as_str()));
    let line = format!("  {reason}\n");
    assert!(list.stdout.ends_with(&line), "{list:?}");
    let list = stdfu(&format!("--sim {board} list --json"))
        .run()
        .document(3);
    assert_eq!(list["boards"], json!([]));
    let others = list["others"].as_array().expect("a list");
    let [other] = &others[..] else {
        panic!("one: {list}");
    };
    assert_eq!(
        json!([other["path"], other["reason"], other["hint"]]),
        json!(["1-1", reason, hint])
    );
    let (vendor_id, product_id) = ids.split_once(':').expect("two");
    let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
    assert_eq!(other["vendor_id"], number(vendor_id));
    assert_eq!(other["product_id"], number(product_id));
}

/// Asserts exit 7 with the only device there named, in every command that is about addresses, and that it is a board in
/// the list, with its ids.
#[track_caller]
fn is_plain(board: &str, ids: &str) {
    is_named(board, ids, (PLAIN, WHOLE), (7, &ABOUT_ADDRESSES));
    // A DfuSe file is refused in its own words.
    let run = stdfu(&format!("--sim {board} flash blinky.dfu")).run();
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stderr
            .contains(" at 1-1: blinky.dfu: the file is a DfuSe file"),
        "{run:?}"
    );
    let list = stdfu(&format!("--sim {board} list --json"))
        .run()
        .document(0);
    assert_eq!(list["others"], json!([]));
    let listed = &list["boards"][0];
    let (vendor_id, product_id) = ids.split_once(':').expect("two");
    let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
    assert_eq!(
        json!([
            listed["protocol"],
            listed["path"],
            listed["vendor_id"],
            listed["product_id"]
        ]),
        json!(["dfu", "1-1", number(vendor_id), number(product_id)])
    );
}

#[test]
fn a_dapboot_whose_string_begins_with_an_at_sign_speaks_plain_dfu() {
    is_plain("dapboot", "1209:db42");
}

#[test]
fn an_lpc_rom_is_in_dfu_mode_whatever_its_protocol_says() {
    is_plain("lpc", "1fc9:000c");
}

#[test]
fn a_zephyr_speaks_plain_dfu() {
    is_plain("zephyr", "2fe3:ffff");
}

#[test]
fn an_atmega32u4_speaks_flip() {
    let reason = "speaks FLIP, Atmel's own protocol, not DFU";
    let hint = "dfu-programmer can flash it.";
    check("atmega32u4", "03eb:2ff4", reason, hint);
}

#[test]
fn a_numworks_is_flashed_although_it_says_dfu_1_0() {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--json --sim")
        .arg(flash.board("numworks"))
        .args("flash blinky.bin --address 0x08000000")
        .run();
    let boards = run.boards(0);
    assert_eq!(boards[0]["verified_bytes"], 5123);
    let blinky = sample("blinky.bin");
    assert_eq!(flash.now()[..blinky.len()], blinky);
    let list = stdfu("--sim numworks list --json").run().boards(0);
    assert_eq!(
        json!([list[0]["protocol"], list[0]["dfu_version"]]),
        json!(["dfuse", "1.0"])
    );
}

#[test]
fn a_dso_nano_is_found_although_it_says_protocol_0() {
    stdfu("--sim f103 serial").run().answers("001\n");
}

/// A script that is for DfuSe boards doesn't become ambiguous by what else is plugged in, and `list` shows all.
#[test]
fn others_beside_a_board_are_listed_after_it_and_make_no_choice_necessary() {
    let boards = "--sim zephyr --sim f405 --sim lpc --sim atmega32u4 --sim l476,quirk=application";
    stdfu(&format!("{boards} serial"))
        .run()
        .answers("336133663433\n");
    let run = stdfu(&format!("{boards} list --json")).run();
    let document = run.document(0);
    let listed = document["boards"].as_array().expect("a list");
    let listed: Vec<_> = listed
        .iter()
        .map(|board| json!([board["path"], board["protocol"]]))
        .collect();
    let expected = [
        json!(["1-1", "dfu"]),
        json!(["1-2", "dfuse"]),
        json!(["1-3", "dfu"]),
    ];
    assert_eq!(listed, expected);
    let others = document["others"].as_array().expect("a list");
    let found: Vec<_> = others
        .iter()
        .map(|other| json!([other["path"], other["serial"]]))
        .collect();
    let expected = [json!(["1-4", null]), json!(["1-5", "205834865852"])];
    assert_eq!(found, expected);
    let text = stdfu(&format!("{boards} list")).run();
    assert_eq!((text.exit, text.stderr.as_str()), (0, ""));
    let others = "\
the board at 1-4 (03eb:2ff4) speaks FLIP, Atmel's own protocol, not DFU
the board at 1-5 (0483:df11) is running its application
";
    assert!(text.stdout.ends_with(others), "{text:?}");
}

#[test]
fn several_others_are_all_named_and_each_next_step_once() {
    let stderr = format!(
        "\
error: there is no DfuSe board in DFU mode
the board at 1-1 (0483:df11) is running its application
the board at 1-2 (1209:db42) {PLAIN}
the board at 1-3 (2fe3:ffff) {PLAIN}
hint: Ask the application: `stdfu detach`, or `stdfu flash` with --enter-dfu.
      Or start the bootloader by hand: on an STM32, set BOOT0 high and reset the board.
      {WHOLE}
"
    );
    stdfu("--sim f405,quirk=application --sim dapboot --sim zephyr erase --all")
        .run()
        .says(7, "", &stderr);
}

/// Asking for its ids, serial number or path doesn't make it another device.
#[test]
fn a_plain_device_that_is_asked_for_is_named_and_nothing_else() {
    for option in ["--id 1209:db42", "--serial 0668FF515055", "--path 1-2"] {
        let boards = format!("--sim f405 --sim dapboot {option}");
        stdfu(&format!("{boards} serial"))
            .run()
            .answers("0668FF515055\n");
        let run = stdfu(&format!("{boards} erase --all")).run();
        assert_eq!(run.exit, 7, "{run:?}");
        let lines: Vec<&str> = run.stderr.lines().skip(1).collect();
        let named = format!("the board at 1-2 (1209:db42) {PLAIN}");
        assert_eq!(lines, [named, format!("hint: {WHOLE}")]);
    }
}

#[test]
fn a_variable_that_leaves_a_board_out_is_named() {
    for (name, value, rest) in [
        ("STDFU_PATH", "1-9", ""),
        ("STDFU_SERIAL", "X", ": its serial number is 336133663433"),
    ] {
        let run = stdfu("--sim f405 serial").env(name, value).run();
        assert_eq!(run.exit, 3, "{run:?}");
        let line = format!("the board at 1-1 (0483:df11) is left out by {name}{rest}\n");
        assert!(run.stderr.contains(&line), "{run:?}");
        let hint = format!("hint: If this is the board you mean, leave out {name}.\n");
        assert!(run.stderr.contains(&hint), "{run:?}");
    }
}

#[test]
fn detach_names_what_it_can_do_nothing_for() {
    let stderr = "\
error: there is no board that runs an application with a DFU interface or a serial port
the board at 1-1 (0483:df11) is already in DFU mode
the board at 1-2 (1fc9:000c) is already in DFU mode
the board at 1-3 (03eb:2ff4) speaks FLIP, Atmel's own protocol, not DFU
hint: Nothing to detach: go on with `stdfu flash`.
      dfu-programmer can flash it.
";
    stdfu("--sim f405 --sim lpc --sim atmega32u4 detach")
        .run()
        .says(3, "", stderr);
}

#[test]
fn where_boards_are_missing_what_is_there_is_named() {
    let run = stdfu("--sim f405 --sim f405,quirk=application --every --count 2 leave").run();
    assert_eq!(run.exit, 3, "{run:?}");
    let message = "\
error: found 1 board in DFU mode, but --count asks for 2
the board at 1-2 (0483:df11) is running its application
";
    assert!(run.stderr.starts_with(message), "{run:?}");
}

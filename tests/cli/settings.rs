//! Option bytes and one-time programmable memory: written only after a yes, and called checked only when they were.

use serde_json::json;

use crate::firmware::Firmware;
use crate::run::{Stdfu, bytes, stdfu};
use crate::trace::{Transfer, transfers};

/// All 16 option bytes of an F405.
fn option_bytes(board: &str, options: &str) -> (Firmware, Stdfu) {
    let file = Firmware::of(bytes(16, 0x4F42), "option-bytes.bin");
    let command = stdfu("--sim").arg(board).args(&format!(
        "flash {} --address 0x1FFFC000 --alt 1 {options}",
        file.path()
    ));
    (file, command)
}

#[test]
fn without_a_yes_nothing_is_touched_and_the_consequence_is_told() {
    let check = |alternate_setting: u8, address: u32, length: usize, consequence: &str| {
        let file = Firmware::of(vec![0xA5; length], "settings.bin");
        let command = format!(
            "--sim f405 flash {} --address {address:#x} --alt {alternate_setting}",
            file.path()
        );
        let stderr = format!(
            "error: {consequence}: that needs a yes, and nobody can be asked here\n\
             hint: Add --yes if that is what you want. Nothing was touched.\n"
        );
        stdfu(&command).run().says(2, "", &stderr);
        let document = stdfu(&command).args("--json").run().document(2);
        assert_eq!(document["error"]["exit"], 2, "{document}");
        let trace = stdfu(&command).args("-vv").run().stderr;
        assert!(!trace.contains(" DNLOAD "), "{trace}");
        // To look at the plan needs no yes.
        assert_eq!(stdfu(&command).args("--dry-run").run().exit, 0);
    };
    check(
        1,
        0x1FFF_C000,
        16,
        "writing option bytes resets the chip, and wrong ones can lock it permanently",
    );
    check(
        2,
        0x1FFF_7800,
        32,
        "writing one-time programmable memory can never be undone",
    );
    check(
        3,
        0xFFFF_0000,
        4,
        "this memory holds the chip's settings, and what is written may be permanent",
    );
}

#[test]
fn main_flash_and_eeprom_need_no_yes() {
    let eeprom = Firmware::of(vec![0xA5; 64], "eeprom.bin");
    let run = stdfu(&format!(
        "--sim l072 flash {} --address 0x08080000",
        eeprom.path()
    ))
    .run();
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn one_time_programmable_memory_is_written_and_read_back_after_a_yes() {
    let file = Firmware::of(vec![0xA5; 32], "otp.bin");
    let run = stdfu(&format!(
        "--json --sim f405 flash {} --address 0x1FFF7800 --alt 2 --yes",
        file.path()
    ))
    .run();
    let board = &run.boards(0)[0];
    assert_eq!(board["verified_bytes"], 32, "{board}");
}

/// With BOOT0 low the application runs after the reset.
#[test]
fn option_bytes_that_could_not_be_read_back_are_not_called_verified() {
    let (_file, command) = option_bytes("f405", "--yes");
    let warning = "what was written could not be read back: the chip has reset, as it does after its option bytes, \
                   and is not in DFU mode; to check them, put it into DFU mode and repeat the command";
    let stderr = format!(
        "comparing 16 bytes\nwriting 16 bytes\nwaiting for the chip's reset\n\
         warning: 336133663433 at 1-1: {warning}\n"
    );
    command.run().says(
        0,
        "OK  336133663433 at 1-1  16 bytes written, not verified, no longer in DFU mode  4.0 s\n",
        &stderr,
    );
    let (_file, command) = option_bytes("f405", "--yes --json");
    let board = &command.run().boards(0)[0];
    let numbers = ["written_bytes", "verified_bytes"].map(|field| board[field].clone());
    assert_eq!(numbers, [json!(16), json!(0)], "{board}");
    assert_eq!(board["warnings"], json!([warning]), "{board}");
}

/// With BOOT0 still high.
#[test]
fn a_board_that_comes_back_after_the_reset_is_read_back() {
    let (_file, command) = option_bytes("f405,quirk=comes-back=1", "--yes");
    command.run().says(
        0,
        "OK  336133663433 at 1-1  16 bytes written, verified, still in DFU mode  1.0 s\n",
        "comparing 16 bytes\nwriting 16 bytes\nwaiting for the chip's reset\nverifying 16 bytes\n",
    );
}

#[test]
fn without_verifying_it_is_waited_for_and_not_looked_at() {
    let (_file, command) = option_bytes("f405,quirk=comes-back=1", "--yes --no-verify");
    command.run().says(
        0,
        "OK  336133663433 at 1-1  16 bytes written, not verified, still in DFU mode  1.0 s\n",
        "comparing 16 bytes\nwriting 16 bytes\nwaiting for the chip's reset\n",
    );
}

#[test]
fn a_board_that_comes_back_with_something_else_is_exit_9() {
    let board = "f405,quirk=comes-back=1,quirk=flipped-bit=0x1FFFC005";
    let (_file, command) = option_bytes(board, "--yes --json");
    let board = &command.run().boards(9)[0];
    let error = board["error"].as_str().expect("an error");
    assert!(error.contains("0x1fffc005 holds"), "{error}");
}

/// A cable that comes loose before the chip has begun has nothing to do with its reset.
#[test]
fn a_board_that_is_gone_before_it_has_begun_is_an_error() {
    let (_file, command) = option_bytes("f405,quirk=comes-back=1", "--yes -vv");
    let requests = transfers(&command.run().stderr);
    let write = requests
        .iter()
        .position(|request| matches!(request, Transfer::Write(_)))
        .expect("a write");
    for request in [write + 1, write + 2] {
        let board = format!("f405,fault=unplug@{request}");
        let (_file, command) = option_bytes(&board, "--yes --json");
        let board = &command.run().boards(8)[0];
        assert_eq!(board["written_bytes"], 0, "{board}");
    }
}

#[test]
fn what_is_there_already_resets_nothing() {
    let file = Firmware::of(vec![0xFF; 16], "blank.bin");
    let run = stdfu(&format!(
        "--sim f405 flash {} --address 0x1FFFC000 --alt 1 --yes",
        file.path()
    ))
    .run();
    assert!(
        run.stdout.contains("  16 bytes already there, verified, "),
        "{run:?}"
    );
    assert!(!run.stderr.contains("reset"), "{run:?}");
}

/// The first bank's resets the chip before the second's are written.
#[test]
fn option_bytes_of_two_banks_are_done_only_when_both_are_written() {
    let record = |kind: u8, address: u16, data: &[u8]| {
        let [high, low] = address.to_be_bytes();
        let length = u8::try_from(data.len()).expect("short");
        let mut record = vec![length, high, low, kind];
        record.extend(data);
        let sum = record
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        record.push(sum.wrapping_neg());
        let digits: String = record.iter().map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\n")
    };
    let text = record(4, 0, &[0x1F, 0xFF])
        + &record(0, 0x7800, &bytes(48, 1))
        + &record(0, 0xF800, &bytes(48, 2))
        + &record(1, 0, &[]);
    let file = Firmware::of(text.into_bytes(), "option-bytes.hex");
    let command = |board: &str| {
        stdfu(&format!(
            "--json --sim {board} flash {} --alt 1 --yes",
            file.path()
        ))
        .run()
    };
    let board = &command("g474").boards(8)[0];
    assert_eq!(board["written_bytes"], 48, "{board}");
    let board = &command("g474,quirk=comes-back=1").boards(0)[0];
    let numbers = ["written_bytes", "verified_bytes"].map(|field| board[field].clone());
    assert_eq!(numbers, [json!(96), json!(96)], "{board}");
}

/// The bootloader erases all of them first.
#[test]
fn a_part_of_the_option_bytes_is_refused() {
    let file = Firmware::of(vec![0xA5; 8], "part.bin");
    let command = format!(
        "--sim f405 flash {} --address 0x1FFFC000 --alt 1 --yes",
        file.path()
    );
    stdfu(&command).run().says(
        7,
        "",
        "\
error: 336133663433 at 1-1: option bytes can only be written as a whole, here from 0x1fffc000 to 0x1fffc010, \
but the file has only a part of them
hint: Read them with `stdfu read`, change what you want, and flash all of them.
",
    );
}

//! What can be wanted of a device without DfuSe, and what can't.

use super::*;

#[test]
fn a_memory_is_chosen_by_number_or_by_name_and_the_first_is_the_default() {
    for (option, offset) in [
        ("", 1 << 20),
        ("--alt 0", 1 << 20),
        ("--alt firmware.dfu", 1 << 20),
        ("--alt boot.dfu", 0),
        ("--alt UBOOT-ENV.DFU", 896 << 10),
        ("--alt 3", 3 << 20),
    ] {
        let result = flashes("pluto", option, offset);
        is_verified(&result);
    }
}

#[test]
fn a_memory_that_is_not_there_is_refused_with_those_that_are() {
    let device = Device::of("zephyr");
    let file = program();
    device.run(&format!("flash {} --alt image_2", file.path())).says(
        7,
        "",
        "\
error: 3539361234567890 at 1-1: the board has no memory called \"image_2\"; it has \"image_0\", \"image_1\"
hint: Did you mean --alt image_0 or --alt image_1?
      `stdfu list` shows the memories of the board.
",
    );
    device.run(&format!("flash {} --alt 2", file.path())).says(
        7,
        "",
        "\
error: 3539361234567890 at 1-1: the board has no alternate setting 2; it has 0, 1
hint: `stdfu list` shows the memories of the board.
",
    );
    Device::of("embassy").run(&format!("flash {} --alt firmware", file.path())).says(
        7,
        "",
        "\
error: 1235678 at 1-1: the board has no memory called \"firmware\"; none of its memories has a name, so choose by number
hint: `stdfu list` shows the memories of the board.
",
    );
    device.flash.is_untouched();
}

#[test]
fn a_pluto_that_stays_takes_one_file_after_the_other() {
    let device = Device::of("pluto");
    let file = program();
    let result = device.result(&format!("flash {} --alt boot.dfu --stay", file.path()), 0);
    is_verified(&result);
    assert_eq!(result["left"], false);
    let run = device.run(&format!("flash {} --stay", file.path()));
    run.says(
        0,
        "OK  104473541196000618001900241F1E6931 at 1-1  4.9 KiB sent, verified, still in DFU mode  3.0 s\n",
        "writing 4.9 KiB\nwaiting for the device to finish\nverifying 4.9 KiB\n",
    );
    let mut expected = device.flash.before();
    expected[..5000].copy_from_slice(&file.bytes);
    expected[1 << 20..][..5000].copy_from_slice(&file.bytes);
    device.flash.holds(&expected);
}

#[test]
fn a_device_that_waits_for_a_reset_can_stay() {
    let result = flashes("jabra", "--stay", 0);
    assert_eq!(result["left"], false, "{result}");
}

#[test]
fn what_must_be_verified_is_refused_where_it_can_not_be() {
    let file = program();
    for (board, why) in [
        ("embassy", ""),
        ("lpc", ""),
        ("fomu", ""),
        ("openmoko", ""),
        ("simtrace", ""),
        (
            "maple",
            ": it leaves DFU mode as soon as it has taken the firmware",
        ),
        (
            "mcuboot",
            ": it leaves DFU mode as soon as it has taken the firmware",
        ),
    ] {
        let device = Device::of(board);
        let result = device.result(&format!("flash {} --must-verify", file.path()), 7);
        let error = format!("this device can't be read back{why}");
        assert_eq!(result["error"], error.as_str(), "{board}");
        device.flash.is_untouched();
    }
}

#[test]
fn what_must_be_verified_and_was_not_is_no_success() {
    let result = flashes("uboot", "--must-verify", 0);
    is_verified(&result);
    for quirk in ["upload=stall", "upload=nothing"] {
        let device = Device::of(&format!("uboot,quirk={quirk}"));
        let file = program();
        let result = device.result(&format!("flash {} --must-verify", file.path()), 8);
        assert_eq!(
            result["error"],
            "the device accepted the file, but could not be read after that: nothing is verified"
        );
        is_accepted(&result);
        device.has(0, &file.bytes);
    }
}

#[test]
fn what_is_there_already_is_not_sent_if_that_is_asked_for() {
    let device = Device::of("uboot");
    let file = program();
    let result = device.result(&format!("flash {} --if-different", file.path()), 0);
    assert_eq!(result["written_bytes"], 5000);
    assert_eq!(result["skipped_bytes"], 0);
    is_verified(&result);
    went_smoothly(&result);
    let transfers = device.transfers(&format!("flash {} --if-different", file.path()));
    assert!(
        !transfers
            .iter()
            .any(|transfer| transfer.starts_with("DNLOAD"))
    );
    let run = device.run(&format!("flash {} --if-different", file.path()));
    run.says(
        0,
        "OK  0123456789ABCDEF at 1-1  4.9 KiB already there, started  3.1 s\n",
        "comparing 4.9 KiB\nstarting the application\n",
    );
    let result = device.result(&format!("flash {} --if-different --stay", file.path()), 0);
    assert_eq!(result["skipped_bytes"], 5000);
    assert_eq!(result["written_bytes"], 0);
    device.has(0, &file.bytes);
}

#[test]
fn without_verify_nothing_is_read() {
    let device = Device::of("uboot");
    let file = program();
    let transfers = device.transfers(&format!("flash {} --no-verify", file.path()));
    assert!(
        !transfers
            .iter()
            .any(|transfer| transfer.starts_with("UPLOAD"))
    );
    let result = flashes("uboot", "--no-verify", 0);
    is_accepted(&result);
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_would_be() {
    let device = Device::of("pluto");
    let file = program();
    let run = device.run(&format!("flash {} --dry-run --alt boot.dfu", file.path()));
    run.says(
        0,
        "\
104473541196000618001900241F1E6931 at 1-1: dry run, nothing is erased or written
  send    4.9 KiB to alternate setting 1
  verify  all of it
  start the application
",
        "",
    );
    device.flash.is_untouched();
    let result = device.result(
        &format!("flash {} --dry-run --no-verify --stay", file.path()),
        0,
    );
    assert_eq!(
        result["plan"],
        serde_json::json!({"alt": 0, "send_bytes": 5000, "skipped_bytes": 0, "verify": false, "leave": false})
    );
    device.flash.is_untouched();
    device.flash.patch(1 << 20, &file.bytes);
    let run = device.run(&format!("flash {} --dry-run --if-different", file.path()));
    run.says(
        0,
        "\
104473541196000618001900241F1E6931 at 1-1: dry run, nothing is erased or written
  4.9 KiB already there
  start the application
",
        "comparing 4.9 KiB\n",
    );
    device.has(1 << 20, &file.bytes);
}

#[test]
fn the_plan_is_shown_where_that_is_asked_for() {
    let device = Device::of("uboot");
    let file = program();
    let run = device.run(&format!("flash {} -v --if-different", file.path()));
    let plan = "\
0123456789ABCDEF at 1-1: the plan
  read first, and leave it out if it is there already
  send    4.9 KiB to alternate setting 0
  verify  all of it
  start the application
";
    assert!(run.stderr.starts_with(plan), "{run:?}");
}

/// None of them means anything without addresses.
#[test]
fn options_about_addresses_and_sectors_are_refused_in_words() {
    let device = Device::of("zephyr");
    let file = program();
    for option in [
        "--full",
        "--preserve",
        "--mass-erase",
        "--entry 0x08000000",
        "--only-fitting",
        "--as-is",
        "--strict",
    ] {
        let name = option.split(' ').next().unwrap_or_default();
        let run = device.run(&format!("flash {} --alt 1 {option}", file.path()));
        run.says(
            7,
            "",
            &format!(
                "error: 3539361234567890 at 1-1: {name} means nothing to a device that speaks plain DFU: it has no addresses \
                 and no sectors\nhint: Leave out {name}. Nothing was sent.\n"
            ),
        );
    }
    device.flash.is_untouched();
}

#[test]
fn an_address_for_the_file_is_refused_in_words() {
    let device = Device::of("zephyr");
    let file = program();
    for command in ["flash", "verify"] {
        device.run(&format!("{command} {} --address 0x08000000", file.path())).says(
            7,
            "",
            "\
error: 3539361234567890 at 1-1: --address is about addresses, and a device that speaks plain DFU has none
hint: Leave out --address. Nothing was sent.
",
        );
    }
    device.flash.is_untouched();
}

#[test]
fn commands_that_are_about_addresses_name_the_device_and_say_why_not() {
    let device = Device::of("zephyr");
    for command in [
        "erase --all",
        "erase 0x08000000+16K",
        "unprotect --yes",
        "read - 0x08000000+16K",
        "leave 0x08000000",
    ] {
        device.run(command).says(
            7,
            "",
            "\
error: there is no DfuSe board in DFU mode
the board at 1-1 (2fe3:ffff) speaks plain DFU, not DfuSe: it has no addresses and no sectors
hint: Without addresses, a whole memory of it can be flashed or read: `stdfu flash FILE`, `stdfu read OUT`.
",
        );
    }
    device.flash.is_untouched();
}

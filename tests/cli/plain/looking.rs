//! What `list` and `serial` say of devices without DfuSe.

use serde_json::json;

use super::*;

#[test]
fn several_have_a_line_each() {
    stdfu("--sim maple --sim embassy --sim simtrace --sim zephyr list")
        .run()
        .answers(
            "\
SERIAL            CHIP OR DEVICE              FLASH  PATH
LLM 003           Maple 003                   -      1-1
1235678           USB-DFU Bootloader example  -      1-2
0000001           SimTrace DFU                -      1-3
3539361234567890  MCUBOOT                     -      1-4
",
        );
}

#[test]
fn list_shows_what_one_can_do_and_what_its_memories_are_called() {
    let check = |board: &str, text: &str| stdfu(&format!("--sim {board} list")).run().answers(text);
    check(
        "maple",
        "\
LLM 003   Maple 003
  path 1-1   ids 1eaf:0003
  DFU 1.0, no addresses   can be flashed and read   blocks of 1024 bytes
  0  STM32duino bootloader v1.0  ERROR. Upload to RAM not supported.
  1  STM32duino bootloader v1.0  Upload to Flash 0x8005000
  2  STM32duino bootloader v1.0  Upload to Flash 0x8002000
",
    );
    check(
        "embassy",
        "\
1235678   USB-DFU Bootloader example
  path 1-1   ids c0de:cafe
  DFU 1.1, no addresses   can be flashed, not read   blocks of 4096 bytes
  0  without a name
",
    );
    check(
        "simtrace",
        "\
0000001   SimTrace DFU
  path 1-1   ids 16c0:0762
  DFU 1.0, no addresses   can be flashed, not read   blocks of 1024 bytes
  0  DFU Application
",
    );
    check(
        "zephyr",
        "\
3539361234567890   MCUBOOT
  path 1-1   ids 2fe3:ffff
  DFU 1.1, no addresses   can be flashed and read   blocks of 128 bytes
  0  image_0
  1  image_1
",
    );
}

#[test]
fn list_has_the_same_for_programs() {
    let list = stdfu("--sim pluto list --json").run().boards(0);
    let memory = |alt: u8, name: &str| json!({"alt": alt, "name": name, "layout": null, "segments": [], "error": null});
    let expected = json!({
        "protocol": "dfu",
        "dfu_version": "1.1", "chip": null,
        "serial": "104473541196000618001900241F1E6931",
        "vendor_id": 0x0456,
        "product_id": 0xB674,
        "path": "1-1",
        "bus": 1,
        "device": 2,
        "product": "PlutoSDR (ADALM-PLUTO) DFU",
        "transfer_size": 4096,
        "can_download": true,
        "can_upload": true,
        "manifestation_tolerant": true,
        "will_detach": true,
        "memories": [
            memory(0, "firmware.dfu"),
            memory(1, "boot.dfu"),
            memory(2, "uboot-env.dfu"),
            memory(3, "spare.dfu"),
        ],
        "error": null,
    });
    assert_eq!(list, [expected]);
}

#[test]
fn what_each_says_that_it_can_do_is_in_the_list() {
    let check = |board: &str, expected: [bool; 4]| {
        let list = stdfu(&format!("--sim {board} list --json")).run().boards(0);
        let names = [
            "can_download",
            "can_upload",
            "manifestation_tolerant",
            "will_detach",
        ];
        let found = names.map(|name| list[0][name].as_bool().expect("a truth value"));
        assert_eq!(found, expected, "{board}");
    };
    check("embassy", [true, false, false, false]);
    check("embassy-0.2", [true, false, false, true]);
    check("maple", [true, true, false, false]);
    check("zephyr", [true, true, true, false]);
    check("openmoko", [true, false, false, false]);
    check("lpc", [true, false, false, false]);
    check("uboot", [true, true, true, true]);
}

#[test]
fn serial_prints_that_of_the_only_device() {
    stdfu("--sim uboot serial")
        .run()
        .answers("0123456789ABCDEF\n");
}

/// None of these is in DFU mode, whatever ids it has.
#[test]
fn applications_are_told_from_devices_in_dfu_mode() {
    for board in ["jabra", "xmos", "embassy", "tinyusb", "zephyr", "pluto"] {
        let run = stdfu(&format!("--sim {board},quirk=application list")).run();
        assert_eq!(run.exit, 3, "{run:?}");
        assert!(
            run.stdout.ends_with("  is running its application\n"),
            "{run:?}"
        );
    }
}

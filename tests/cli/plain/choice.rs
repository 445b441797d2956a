//! Which device is meant, where devices of both kinds are on the bus.

use serde_json::json;

use super::*;
use crate::run::sample;

/// A Zephyr and an F405 on one bus, and what a command says.
struct Pair {
    zephyr: FlashFile,
    f405: FlashFile,
}

impl Pair {
    fn new() -> Self {
        Self {
            zephyr: FlashFile::full(size("zephyr")),
            f405: FlashFile::full(1 << 20),
        }
    }

    fn run(&self, arguments: &str) -> Run {
        stdfu("--sim")
            .arg(self.zephyr.board("zephyr"))
            .arg("--sim")
            .arg(self.f405.board("f405"))
            .args(arguments)
            .run()
    }

    #[track_caller]
    fn are_untouched(&self) {
        self.zephyr.is_untouched();
        self.f405.is_untouched();
    }
}

/// Every command that a script for DfuSe boards may have.
#[test]
fn a_plain_device_never_makes_a_dfuse_command_ambiguous() {
    for command in [
        "flash blinky.dfu",
        "flash blinky.hex",
        "flash blinky.bin --address 0x08000000",
        "flash blinky.dfu --every",
        "flash blinky.bin --address 0x08000000 --every",
        "verify blinky.bin --address 0x08000000 --every",
        "erase 0x08000000",
        "erase --all --every",
        "leave",
        "leave --every",
        "unprotect --yes",
        "read -",
        "serial",
    ] {
        let pair = Pair::new();
        let output = stdfu("--sim")
            .arg(pair.zephyr.board("zephyr"))
            .arg("--sim")
            .arg(pair.f405.board("f405"))
            .args(command)
            .into_command()
            .output()
            .expect("it runs");
        let code = output.status.code();
        let good = if command.starts_with("verify") { 9 } else { 0 };
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code, Some(good), "{command}: {stderr}");
        assert!(!stderr.contains("3539361234567890"), "{command}: {stderr}");
        pair.zephyr.is_untouched();
    }
}

#[test]
fn a_file_without_an_address_goes_to_neither_by_guess() {
    let file = program();
    for command in ["flash", "verify"] {
        for every in ["", " --every"] {
            let pair = Pair::new();
            pair.run(&format!("{command} {}{every}", file.path())).says(
                4,
                "",
                "\
error: there are 2 boards, and none is chosen:
  3539361234567890 at 1-1: --serial 3539361234567890 or --path 1-1
  336133663433 at 1-2: --serial 336133663433 or --path 1-2
hint: Add one of these options. Nothing was touched.
",
            );
            pair.are_untouched();
        }
    }
}

#[test]
fn a_name_chooses_the_plain_device() {
    let file = program();
    for option in ["--path 1-1", "--serial 3539361234567890", "--id 2fe3:ffff"] {
        let pair = Pair::new();
        let run = pair.run(&format!("flash {} --alt 1 {option}", file.path()));
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(pair.zephyr.now()[256 << 10..][..5000], file.bytes);
        pair.f405.is_untouched();
    }
    let pair = Pair::new();
    let run = pair.run(&format!("flash {} --path 1-2", file.path()));
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("--address 0x08000000"), "{run:?}");
    pair.are_untouched();
}

#[test]
fn a_name_chooses_the_plain_device_for_commands_that_would_be_for_the_other() {
    let pair = Pair::new();
    let serial = pair.run("serial --path 1-1");
    serial.answers("3539361234567890\n");
    let run = pair.run("read - --path 1-1 --alt 1 -q --json");
    assert_eq!(run.exit, 2, "{run:?}");
    // What it can't do is told of it.
    let run = pair.run("flash blinky.dfu --path 1-1");
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(run.stderr.contains("the file is a DfuSe file"), "{run:?}");
    let run = pair.run("erase --all --path 1-1");
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stderr
            .contains("the board at 1-1 (2fe3:ffff) speaks plain DFU"),
        "{run:?}"
    );
    pair.are_untouched();
}

#[test]
fn ids_in_the_suffix_choose_the_plain_device() {
    let file = program();
    let mut suffixed = file.bytes.clone();
    suffixed.extend(b"\xFF\xFF\xFF\xFF\xE3\x2F\x00\x01UFD\x10\x00\x00\x00\x00");
    let suffixed = Firmware::of(crate::firmware::with_crc(suffixed), "zephyr.dfu");
    let pair = Pair::new();
    let run = pair.run(&format!("flash {} --alt 1", suffixed.path()));
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(pair.zephyr.now()[256 << 10..][..5000], file.bytes);
    pair.f405.is_untouched();
}

#[test]
fn ids_in_the_suffix_choose_between_two_plain_devices() {
    let file = program();
    let mut suffixed = file.bytes.clone();
    suffixed.extend(b"\xFF\xFF\x73\xB6\x56\x04\x00\x01UFD\x10\x00\x00\x00\x00");
    let suffixed = Firmware::of(crate::firmware::with_crc(suffixed), "pluto.dfu");
    let (uboot, pluto) = (Device::of("uboot"), Device::of("pluto"));
    let both = |arguments: &str| {
        stdfu("--sim")
            .arg(uboot.flash.board("uboot"))
            .arg("--sim")
            .arg(pluto.flash.board("pluto"))
            .args(arguments)
            .run()
    };
    let run = both(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 4, "{run:?}");
    uboot.flash.is_untouched();
    pluto.flash.is_untouched();
    let run = both(&format!("flash {}", suffixed.path()));
    assert_eq!(run.exit, 0, "{run:?}");
    uboot.flash.is_untouched();
    pluto.has(1 << 20, &file.bytes);
}

/// Several devices without DfuSe, and nobody of another kind: all of them, at the same time.
#[test]
fn every_plain_device_can_be_meant() {
    let file = program();
    let devices = [
        Device::of("uboot"),
        Device::of("tinyusb"),
        Device::of("embassy"),
    ];
    let mut command = stdfu("--json");
    for device in &devices {
        command = command.arg("--sim").arg(device.flash.board(&device.board));
    }
    let boards = command
        .args(&format!("flash {} --every", file.path()))
        .run()
        .boards(0);
    let accepted: Vec<&Value> = boards.iter().map(|board| &board["accepted"]).collect();
    assert_eq!(json!(accepted), json!([false, true, true]));
    for device in &devices {
        device.has(0, &file.bytes);
    }
}

#[test]
fn a_raw_file_for_dfuse_boards_alone_needs_an_address_as_ever() {
    let flash = FlashFile::full(1 << 20);
    for every in ["", " --every"] {
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!("flash blinky.bin{every}"))
            .run();
        run.says(
            2,
            "",
            "\
error: blinky.bin: the file is a raw binary, which doesn't say which address it is for
hint: Say where it belongs, for most boards: --address 0x08000000.
",
        );
    }
    flash.is_untouched();
}

#[test]
fn list_shows_all() {
    let list = Pair::new().run("list --json").boards(0);
    let found: Vec<Value> = list
        .iter()
        .map(|board| {
            json!([
                board["protocol"],
                board["path"],
                board["memories"][0]["name"]
            ])
        })
        .collect();
    let expected = [
        json!(["dfu", "1-1", "image_0"]),
        json!(["dfuse", "1-2", "Internal Flash"]),
    ];
    assert_eq!(found, expected);
}

/// A file that names addresses may go to any of them byte for byte; DfuSe is what it is for.
#[test]
fn a_file_with_addresses_goes_to_the_dfuse_board() {
    let pair = Pair::new();
    let run = pair.run("flash blinky.hex");
    assert_eq!(run.exit, 0, "{run:?}");
    let blinky = sample("blinky.bin");
    assert_eq!(pair.f405.now()[..blinky.len()], blinky);
    pair.zephyr.is_untouched();
}

//! Files for devices without DfuSe: all of their bytes but the suffix, whatever they are.

use std::io::Write as _;
use std::process::Stdio;

use super::*;
use crate::firmware::with_crc;
use crate::run::{bytes, sample};

/// These bytes with a DFU suffix (DFU 1.1 §B) for a device with these ids.
fn suffixed(bytes: &[u8], vendor_id: u16, product_id: u16) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.extend(b"\xFF\xFF");
    file.extend(product_id.to_le_bytes());
    file.extend(vendor_id.to_le_bytes());
    file.extend(b"\x00\x01UFD\x10\x00\x00\x00\x00");
    with_crc(file)
}

/// Flashes a file to a Pluto and asserts what it holds then.
#[track_caller]
fn is_sent(file: &Firmware, expected: &[u8]) -> Run {
    let device = Device::of("pluto");
    let run = device.run(&format!("--json flash {}", file.path()));
    let result = &run.boards(0)[0];
    assert_eq!(result["verified_bytes"], expected.len(), "{result}");
    device.has(1 << 20, expected);
    run
}

#[track_caller]
fn is_refused(file: &Firmware, exit: i32, error: &str) {
    let device = Device::of("pluto");
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, exit, "{run:?}");
    assert!(run.stderr.contains(error), "{run:?}");
    device.flash.is_untouched();
}

#[test]
fn a_suffix_is_checked_and_not_sent() {
    let bytes = bytes(5000, 1);
    for ids in [
        // Those of the DFU mode, of the application, and those that match all.
        (0x0456, 0xB674),
        (0x0456, 0xB673),
        (0xFFFF, 0xFFFF),
        (0x0456, 0xFFFF),
    ] {
        let file = Firmware::of(suffixed(&bytes, ids.0, ids.1), "firmware.dfu");
        is_sent(&file, &bytes);
    }
}

#[test]
fn a_suffix_with_more_in_it_than_16_bytes_is_not_sent_either() {
    let bytes = bytes(5000, 1);
    let mut file = bytes.clone();
    file.extend(b"maker");
    file.extend(b"\xFF\xFF\x74\xB6\x56\x04\x00\x01UFD\x15\x00\x00\x00\x00");
    is_sent(&Firmware::of(with_crc(file), "firmware.dfu"), &bytes);
}

#[test]
fn a_damaged_file_is_refused_before_anything_is_sent() {
    let mut file = suffixed(&bytes(5000, 1), 0x0456, 0xB674);
    file[2500] ^= 1;
    is_refused(&Firmware::of(file, "firmware.dfu"), 6, "CRC");
}

#[test]
fn a_file_for_another_device_is_refused_unless_that_is_wanted() {
    let bytes = bytes(5000, 1);
    let file = Firmware::of(suffixed(&bytes, 0x1D50, 0x6003), "firmware.dfu");
    let device = Device::of("pluto");
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(
        run.stderr.contains("1d50:6003") && run.stderr.contains("0456:b674"),
        "{run:?}"
    );
    assert!(run.stderr.contains("--any-id"), "{run:?}");
    device.flash.is_untouched();
    device.result(&format!("flash {} --any-id", file.path()), 0);
    device.has(1 << 20, &bytes);
}

#[test]
fn a_maple_takes_files_for_its_application() {
    let bytes = bytes(5000, 1);
    let file = Firmware::of(suffixed(&bytes, 0x1EAF, 0x0004), "firmware.dfu");
    let device = Device::of("maple");
    device.result(&format!("flash {} --alt 2", file.path()), 0);
    device.has(0x2000, &bytes);
}

#[test]
fn a_dfuse_file_is_refused_and_the_kind_that_is_wanted_is_said() {
    let device = Device::of("zephyr");
    for command in ["flash", "verify"] {
        device.run(&format!("{command} blinky.dfu")).says(
            7,
            "",
            "\
error: 3539361234567890 at 1-1: blinky.dfu: the file is a DfuSe file, and names addresses: a device that speaks plain DFU \
has none
hint: It takes a raw file, with or without a DFU suffix: `stdfu convert FILE -o firmware.bin` makes one.
",
        );
    }
    device.flash.is_untouched();
}

#[test]
fn a_program_with_addresses_is_sent_byte_for_byte_with_a_warning() {
    for (name, kind) in [
        ("blinky.elf", "an ELF file"),
        ("blinky.hex", "an Intel HEX file"),
        ("blinky.srec", "a Motorola S-record file"),
        ("blinky.uf2", "a UF2 file"),
    ] {
        let device = Device::of("pluto");
        let run = device.run(&format!("flash {name}"));
        let warning =
            format!("warning: The file is {kind}. The device gets it as it is, byte for byte.\n");
        assert!(run.stderr.starts_with(&warning), "{run:?}");
        assert_eq!(run.exit, 0, "{run:?}");
        device.has(1 << 20, &sample(name));
    }
}

/// U-Boot's memories take environments, file systems and scripts.
#[test]
fn what_is_no_firmware_is_sent_byte_for_byte() {
    let text = b"bootdelay=3\nbootcmd=run distro_bootcmd\n".to_vec();
    let archive = [b"070701".as_slice(), &bytes(3000, 3)].concat();
    for (name, content) in [
        ("env.txt", text),
        ("esp32s2.cpio", archive),
        (
            "rootfs.squashfs",
            [b"hsqs".as_slice(), &bytes(3000, 4)].concat(),
        ),
        ("blank.bin", vec![0xFF; 3000]),
        ("one.bin", vec![1]),
        ("blinky.hex.gz", sample("blinky.hex.gz")),
    ] {
        is_sent(&Firmware::of(content.clone(), name), &content);
    }
}

/// An LPC starts from it, so it belongs to the data (UM10503).
#[test]
fn a_prefix_of_lpc_s_is_sent() {
    let mut file = vec![0xDA, 0xFF];
    file.extend(6_u16.to_le_bytes());
    file.extend([0xFF; 12]);
    file.extend(bytes(3000, 5));
    let device = Device::of("lpc");
    let suffixed = Firmware::of(suffixed(&file, 0x1FC9, 0x000C), "hackrf.dfu");
    device.result(&format!("flash {}", suffixed.path()), 0);
    device.has(0, &file);
}

#[test]
fn a_file_without_a_byte_to_send_is_refused() {
    is_refused(&Firmware::of(Vec::new(), "empty.bin"), 6, "empty");
    is_refused(
        &Firmware::of(suffixed(&[], 0x0456, 0xB674), "suffix.dfu"),
        6,
        "suffix.dfu",
    );
}

#[test]
fn several_files_are_refused_in_words() {
    let device = Device::of("pluto");
    let file = program();
    device
        .run(&format!("flash {} {}", file.path(), file.path()))
        .says(
            7,
            "",
            "\
error: 104473541196000618001900241F1E6931 at 1-1: a device that speaks plain DFU takes one file
hint: Flash one after the other, each to its own memory: --alt NAME --stay.
",
        );
    device.flash.is_untouched();
}

#[test]
fn a_file_can_come_through_a_pipe() {
    let device = Device::of("uboot");
    let file = program();
    let mut child = stdfu("--sim")
        .arg(device.flash.board("uboot"))
        .args("flash -")
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&file.bytes).expect("it reads");
    drop(stdin);
    let run = Run::from(child.wait_with_output().expect("it ends"));
    assert_eq!(run.exit, 0, "{run:?}");
    device.has(0, &file.bytes);
}

#[test]
fn info_says_whether_a_file_is_for_the_device() {
    let raw = program();
    let foreign = Firmware::of(suffixed(&raw.bytes, 0x1D50, 0x6003), "foreign.dfu");
    let own = Firmware::of(suffixed(&raw.bytes, 0x0456, 0xB673), "own.dfu");
    for (file, exit, line) in [
        (
            raw.path(),
            0,
            "  fits 104473541196000618001900241F1E6931 at 1-1\n",
        ),
        (
            own.path(),
            0,
            "  fits 104473541196000618001900241F1E6931 at 1-1\n",
        ),
        (
            foreign.path(),
            7,
            "  doesn't fit 104473541196000618001900241F1E6931 at 1-1: ",
        ),
        (
            "blinky.dfu".to_owned(),
            7,
            "  doesn't fit 104473541196000618001900241F1E6931 at 1-1: ",
        ),
        (
            "blinky.hex".to_owned(),
            0,
            "  fits 104473541196000618001900241F1E6931 at 1-1\n",
        ),
    ] {
        let run = stdfu(&format!("--sim pluto info {file}")).run();
        assert_eq!(run.exit, exit, "{run:?}");
        assert!(run.stdout.contains(line), "{run:?}");
        let every = stdfu(&format!("--sim pluto info {file} --every")).run();
        assert_eq!((every.exit, every.stdout), (run.exit, run.stdout));
    }
}

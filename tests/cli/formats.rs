//! `stdfu flash` with every format, with several files at once, and with files that are damaged or for something else.

use std::fs::File;
use std::process::Stdio;

use crate::firmware::{Firmware, with_crc};
use crate::run::{FlashFile, Run, data, sample, stdfu};

const F405: usize = 1 << 20;

/// What flash holds after a flash at these addresses: sectors that are written are erased first.
fn flashed(before: &FlashFile, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut expected = before.before();
    for (offset, data) in parts {
        let sectors = offset / 0x4000..(offset + data.len()).div_ceil(0x4000);
        assert!(sectors.end <= 4, "the sectors of 16K");
        expected[sectors.start * 0x4000..sectors.end * 0x4000].fill(0xFF);
    }
    for (offset, data) in parts {
        expected[*offset..offset + data.len()].copy_from_slice(data);
    }
    expected
}

#[test]
fn every_format_puts_the_same_bytes_into_flash() {
    for arguments in [
        "blinky.bin --address 0x08000000",
        "blinky.dfu",
        "blinky.hex",
        "blinky.hex.gz",
        "blinky.srec",
        "blinky.elf",
        "blinky.uf2",
        "blinky.hex --format hex",
        "blinky.srec --format srec",
        "blinky.elf --format elf",
        "blinky.uf2 --format uf2",
        "blinky.hex.gz --format hex",
    ] {
        let flash = FlashFile::full(F405);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!("flash {arguments}"))
            .run();
        assert_eq!(run.exit, 0, "{arguments}: {run:?}");
        assert!(
            run.stdout
                .contains("  5.0 KiB written, verified, started  "),
            "{run:?}"
        );
        flash.holds(&flashed(&flash, &[(0, &sample("blinky.bin"))]));
    }
}

#[test]
fn a_file_may_come_through_stdin() {
    let flash = FlashFile::full(F405);
    let mut command = stdfu("--sim")
        .arg(flash.board("f405"))
        .args("flash -")
        .into_command();
    let file = File::open(data().join("blinky.elf")).expect("a sample");
    let run = Run::from(command.stdin(file).output().expect("the binary starts"));
    assert_eq!(run.exit, 0, "{run:?}");
    flash.holds(&flashed(&flash, &[(0, &sample("blinky.bin"))]));
}

#[test]
fn an_empty_stdin_is_an_error_that_names_it() {
    let mut command = stdfu("--sim f405 flash -").into_command();
    let run = Run::from(command.stdin(Stdio::null()).output().expect("it starts"));
    run.says(6, "", "error: stdin: the file is empty\n");
}

#[test]
fn bytes_that_nobody_named_are_not_written() {
    let flash = FlashFile::full(F405);
    // Two bytes at 0x08004000, two at 0x08004008; flash there keeps what it held, because --preserve asks for it.
    let hex = ":020000040800F2\n:024000006162FB\n:024008006364EF\n:00000001FF\n";
    let file = Firmware::of(hex.into(), "gap.hex");
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!("flash --preserve {}", file.path()))
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    let mut expected = flash.before();
    expected[0x4000..0x4002].copy_from_slice(b"ab");
    expected[0x4008..0x400A].copy_from_slice(b"cd");
    flash.holds(&expected);
}

#[test]
fn several_files_are_flashed_in_one_go() {
    let flash = FlashFile::full(F405);
    let application = Firmware::raw(300);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!(
            "flash blinky.hex {} --address 0x08004000",
            application.path()
        ))
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("  5.3 KiB written, verified, started  "),
        "{run:?}"
    );
    let parts = [(0, &sample("blinky.bin")[..]), (0x4000, &application.bytes)];
    flash.holds(&flashed(&flash, &parts));
}

/// Asserts the error, and that nothing was touched.
#[track_caller]
fn check(arguments: &str, exit: i32, stderr: &str) {
    let flash = FlashFile::full(F405);
    stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!("flash {arguments}"))
        .run()
        .says(exit, "", stderr);
    flash.is_untouched();
}

#[test]
fn files_that_do_not_go_together_are_refused() {
    check(
        "blinky.hex blinky.elf",
        6,
        "error: blinky.hex and blinky.elf overlap: both have data for 0x08000000\n\
         hint: `stdfu info` shows the addresses of each file.\n",
    );
    check(
        "blinky.bin plain.dfu --address 0x08000000",
        2,
        "error: blinky.bin and plain.dfu are raw binaries, and 0x08000000 can't be the address of both\n\
         hint: Make .hex files of them with `stdfu convert`, each with its own --address.\n",
    );
    check(
        "blinky.hex blinky.elf --address 0x08000000",
        2,
        "error: blinky.hex: the file is an Intel HEX file, which has its own addresses: 0x08000000 can't be used\n\
         hint: Leave out --address.\n",
    );
    // Judged whole before anything is flashed: the first would be fine.
    check(
        "blinky.hex flipped-bit.dfu",
        6,
        "error: flipped-bit.dfu: offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged\n\
         hint: Copy it or download it again.\n",
    );
}

#[test]
fn a_damaged_file_is_told_with_its_line_or_offset() {
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>), error: &str| {
        let mut bytes = sample(name);
        change(&mut bytes);
        let file = Firmware::of(bytes, name);
        check(
            &file.path(),
            6,
            &format!("error: {}: {error}\n", file.path()),
        );
    };
    damaged(
        "blinky.hex",
        &|bytes| bytes[17 + 9] = b'F',
        "line 2: expected checksum 60, found 50",
    );
    damaged(
        "blinky.hex",
        &|bytes| bytes.truncate(17 + 45),
        "line 3: expected an end-of-file record (type 01), found the end of the file",
    );
    damaged(
        "blinky.srec",
        &|bytes| bytes.truncate(bytes.len() - 28),
        "line 323: expected a termination record (S7, S8 or S9) or a count (S5 or S6), found the end of the file",
    );
    damaged(
        "blinky.elf",
        &|bytes| bytes[18] = 62,
        "offset 0x00000012: expected a program for Arm or RISC-V (e_machine), found one for x86-64 (machine 62)",
    );
    damaged(
        "blinky.uf2",
        &|bytes| drop(bytes.drain(512..1024)),
        "offset 0x00000018: expected a count of 20, the blocks in the file (numBlocks), found 21",
    );
    damaged(
        "blinky.hex.gz",
        &|bytes| bytes.truncate(5000),
        "offset 0x00001388: the gzip-compressed data is damaged: it is cut short\n\
         hint: Copy it or download it again.",
    );
}

/// The sample for another family of chips.
fn uf2_for(family: u32) -> Firmware {
    let mut bytes = sample("blinky.uf2");
    for block in bytes.chunks_mut(512) {
        block[28..32].copy_from_slice(&family.to_le_bytes());
    }
    Firmware::of(bytes, "firmware.uf2")
}

#[test]
fn a_uf2_file_for_other_chips_is_refused_by_their_name_unless_ids_are_passed_over() {
    for (family, name) in [
        (0xE48B_FF56, "RP2040 (0xe48bff56)"),
        (0x53B8_0F00, "STM32F7 (0x53b80f00)"),
        (0x6DB6_6082, "STM32H7 (0x6db66082)"),
        (0x9AF0_3E33, "GD32VF103 (0x9af03e33)"),
        (0xA0C9_7B8E, "AT32F415 (0xa0c97b8e)"),
        (0x1234_5678, "family 0x12345678"),
    ] {
        let file = uf2_for(family);
        let board = match family {
            // Some F7 have the same flash as an F4.
            0x53B8_0F00 => "h743",
            _ => "f405",
        };
        let serial = match board {
            "h743" => "200364500000",
            _ => "336133663433",
        };
        for command in ["flash", "verify"] {
            let run = stdfu(&format!("--sim {board} {command} {}", file.path())).run();
            run.says(
                7,
                "",
                &format!(
                    "error: {serial} at 1-1: the file is for {name}, but this board seems to have another chip\n\
                     hint: If the file is right for this board anyway, add --any-id.\n"
                ),
            );
        }
        let run = stdfu(&format!("--sim {board} flash {} --any-id", file.path())).run();
        assert_eq!(run.exit, 0, "{name}: {run:?}");
    }
}

#[test]
fn a_uf2_file_for_the_boards_own_family_is_flashed() {
    for (family, board) in [
        (0x6D09_22FA, "f405"),
        (0x06D1_097B, "f411"),
        (0x53B8_0F00, "f746"),
        (0x6DB6_6082, "h743"),
        (0x00FF_6919, "l476"),
        (0x300F_5633, "g0b1"),
        (0x70D1_6653, "wb55"),
        (0x9AF0_3E33, "gd32vf103"),
        (0xA0C9_7B8E, "at32"),
    ] {
        let file = uf2_for(family);
        let run = stdfu(&format!("--sim {board} flash {}", file.path())).run();
        assert_eq!(run.exit, 0, "{board}: {run:?}");
    }
}

#[test]
fn uf2_files_for_two_families_do_not_go_together() {
    let other = uf2_for(0x53B8_0F00);
    check(
        &format!("blinky.uf2 {}", other.path()),
        6,
        &format!(
            "error: blinky.uf2 is for STM32F4 (0x57755a57), {} for STM32F7 (0x53b80f00)\n\
             hint: If both are right for the board, flash one after the other, with --any-id.\n",
            other.path()
        ),
    );
}

/// What a linker script for RAM makes: the plan knows the board's memories, and says it before anything is erased.
#[test]
fn a_program_that_is_linked_to_ram_is_refused() {
    let mut bytes = sample("blinky.elf");
    // p_paddr of the initialised data becomes its run-time address.
    bytes[52 + 32 + 12..][..4].copy_from_slice(&0x2000_0000_u32.to_le_bytes());
    let file = Firmware::of(bytes, "ram.elf");
    let run = stdfu(&format!("--sim f405 flash {}", file.path())).run();
    assert_eq!(run.exit, 7, "{run:?}");
    let expected = "1027 bytes at 0x20000000..0x20000403 in no memory of this board";
    assert!(run.stderr.contains(expected), "{run:?}");
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_refused_with_what_it_is() {
    check(
        "intel-hex.dfu",
        6,
        "error: intel-hex.dfu: offset 0x00000000: expected \"DfuSe\", found \":0200\": the file is Intel HEX text\n\
         hint: If that is what you mean, add --format hex.\n",
    );
    let run = stdfu("--sim f405 flash intel-hex.dfu --format hex").run();
    assert_eq!(run.exit, 0, "{run:?}");
    let file = Firmware::of(b"404: Not Found\n".to_vec(), "latest.hex");
    check(
        &format!("{} --address 0x08000000", file.path()),
        6,
        &format!(
            "error: {}: line 1: expected a record, which begins with \":\", found \"404: Not Found\"\n",
            file.path()
        ),
    );
    let file = Firmware::of(b"PK\x03\x04 and more".to_vec(), "firmware.zip");
    check(
        &file.path(),
        6,
        &format!(
            "error: {}: the file is a zip archive: only DfuSe, Intel HEX, S-record, ELF and UF2 files \
             and raw binaries can be read\n\
             hint: Unpack it with `unzip`, and use the file in it.\n      \
             To use it anyway, byte for byte, add --format bin.\n",
            file.path()
        ),
    );
}

/// The sample as text in which a record stands twice.
fn with_repeated_record(name: &str) -> Vec<String> {
    let text = String::from_utf8(sample(name)).expect("text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let again = lines[5].clone();
    lines.insert(9, again);
    lines
}

#[test]
fn a_record_that_says_the_same_again_is_no_reason_to_refuse_a_file() {
    for name in ["blinky.hex", "blinky.srec"] {
        let mut lines = with_repeated_record(name);
        // It counts its records.
        lines.retain(|line| !line.starts_with("S5"));
        let file = Firmware::of(lines.join("\n").into_bytes(), name);
        let flash = FlashFile::full(F405);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!("flash {}", file.path()))
            .run();
        assert_eq!(run.exit, 0, "{run:?}");
        let warning =
            "warning: One record repeats bytes of others, with the same values: at line 10.\n";
        assert!(run.stderr.starts_with(warning), "{run:?}");
        flash.holds(&flashed(&flash, &[(0, &sample("blinky.bin"))]));
    }
}

#[test]
fn records_that_contradict_each_other_are_refused_with_both_places() {
    let mut lines = with_repeated_record("blinky.hex");
    // The last byte one more, the checksum one less.
    let [byte, checksum] = [39, 41].map(|at| u8::from_str_radix(&lines[9][at..at + 2], 16));
    let [byte, checksum] = [byte, checksum].map(|value| value.expect("hexadecimal"));
    let changed = format!(
        "{:02X}{:02X}",
        byte.wrapping_add(1),
        checksum.wrapping_sub(1)
    );
    lines[9].replace_range(39..43, &changed);
    let file = Firmware::of(lines.join("\n").into_bytes(), "a.hex");
    check(
        &file.path(),
        6,
        &format!(
            "error: {}: line 10: expected {byte:#04x} at 0x0800004f, which line 6 says, found {:#04x}\n",
            file.path(),
            byte.wrapping_add(1)
        ),
    );
}

#[test]
fn two_files_of_records_in_one_are_told_apart() {
    let hint = "hint: If these are two files joined together, name them one by one: several are flashed in one go.\n      \
                `stdfu convert` makes one file of them.\n";
    for (name, line, last, found) in [
        ("blinky.hex", 324, "end-of-file", ":020000040800F2"),
        ("blinky.srec", 325, "termination", "S0090000626C696E…"),
    ] {
        let file = Firmware::of([sample(name), sample(name)].concat(), name);
        check(
            &file.path(),
            6,
            &format!(
                "error: {}: line {line}: expected the end of the file, after the {last} record, found \"{found}\"\n{hint}",
                file.path()
            ),
        );
    }
}

#[test]
fn a_dfu_file_whose_maker_counts_wrong_is_told_from_a_damaged_one() {
    let mut bytes = sample("blinky.dfu");
    bytes[6..10].copy_from_slice(&5480_u32.to_le_bytes());
    let file = Firmware::of(with_crc(bytes), "counted.dfu");
    check(
        &file.path(),
        6,
        &format!(
            "error: {}: offset 0x00000006: expected an image size of 5416, up to the suffix (DFUImageSize), found 5480, \
             though the CRC is right\n\
             hint: The file is not damaged: the program that made it counts wrong.\n      \
             Make it again from the .hex, the .elf or the .bin, with `stdfu convert`.\n",
            file.path()
        ),
    );
}

/// Of a CR CR LF, a converter leaves a CR LF.
#[test]
fn a_few_line_ends_that_are_left_do_not_hide_a_conversion() {
    let mut bytes = sample("blinky.dfu");
    for (at, ends) in [(600, "\r\n"), (700, "\r\r\n"), (800, "\r\n")] {
        bytes[at..at + ends.len()].copy_from_slice(ends.as_bytes());
    }
    let good = with_crc(bytes);
    let mut mangled = Vec::new();
    for (index, byte) in good.iter().enumerate() {
        if !good[index..].starts_with(b"\r\n") {
            mangled.push(*byte);
        }
    }
    let file = Firmware::of(mangled, "mangled.dfu");
    check(
        &file.path(),
        6,
        &format!(
            "error: {}: the file is damaged: expected 5432 bytes, found 5427 and hardly a CR LF (1), \
             as after a conversion of text line ends from CR LF to LF\n\
             hint: A program on its way took it for text: git, an editor or a transfer in text mode.\n      \
             Get it again as binary.\n",
            file.path()
        ),
    );
}

#[test]
fn a_suffix_that_is_longer_or_says_1_10_is_a_suffix() {
    let plain = sample("plain.dfu");
    let body = &plain[..5123];
    for (extra, version) in [(0, 0x0110_u16), (8, 0x0100), (239, 0x0110)] {
        let mut bytes = [body, &vec![0x5A; extra], &plain[5123..]].concat();
        let end = bytes.len();
        bytes[end - 10..end - 8].copy_from_slice(&version.to_le_bytes());
        bytes[end - 5] += u8::try_from(extra).expect("short");
        let file = Firmware::of(with_crc(bytes), "plain.dfu");
        let flash = FlashFile::full(F405);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!("flash {} --address 0x08000000", file.path()))
            .run();
        assert_eq!(run.exit, 0, "{run:?}");
        flash.holds(&flashed(&flash, &[(0, body)]));
    }
}

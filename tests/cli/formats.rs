//! `stdfu flash` with every format, with several files at once, and with files that are damaged or for something else.

use std::fs::File;
use std::process::Stdio;

use crate::firmware::Firmware;
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
        assert!(run.stdout.contains("verified 5123 bytes"), "{run:?}");
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
    assert!(run.stdout.contains("verified 5423 bytes"), "{run:?}");
    assert!(run.stdout.contains("started at 0x08000000"), "{run:?}");
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
        "error: blinky.hex: the file names its own addresses: 0x08000000 can't be the address of an Intel HEX file\n\
         hint: Leave out --address.\n",
    );
    // Judged whole before anything is flashed: the first would be fine.
    check(
        "blinky.hex flipped-bit.dfu",
        6,
        "error: flipped-bit.dfu: offset 0x00001534: expected CRC 0xa08a07e6, found 0xe7345bbf: the file is damaged\n",
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
        "offset 0x00001388: the gzip-compressed data is damaged: it is cut short",
    );
}

#[test]
fn a_uf2_file_for_other_chips_is_refused_by_their_name() {
    let mut bytes = sample("blinky.uf2");
    for block in bytes.chunks_mut(512) {
        block[28..32].copy_from_slice(&0xE48B_FF56_u32.to_le_bytes());
    }
    let file = Firmware::of(bytes, "pico.uf2");
    check(
        &file.path(),
        6,
        &format!(
            "error: {}: offset 0x0000001c: expected the family of an STM32 (familyID), found RP2040 (0xe48bff56)\n",
            file.path()
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
    let expected = "336133663433 at 1-1: 0x20000000 is outside of alternate setting 0";
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
             hint: Unpack it, and name the file in it.\n",
            file.path()
        ),
    );
}

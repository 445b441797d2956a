//! Files that have data for more than one place: RAM, EEPROM, option bytes and external flash beside the code.

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};

const RAM: u32 = 0x2000_0000;
const EXTERNAL: u32 = 0x9000_0000;
const EEPROM: u32 = 0x0808_0000;
const OPTION_BYTES: u32 = 0x1FFF_C000;
const FLASH: u32 = 0x0800_0000;

/// An Intel HEX file of these pieces, each within 64 KiB.
fn hex(pieces: &[(u32, &[u8])]) -> Firmware {
    let record = |kind: u8, offset: u16, data: &[u8]| {
        let mut bytes = vec![u8::try_from(data.len()).expect("short")];
        bytes.extend(offset.to_be_bytes());
        bytes.push(kind);
        bytes.extend(data);
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.push(sum.wrapping_neg());
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\n")
    };
    let mut text = String::new();
    for (address, data) in pieces {
        let [high, low] = [address >> 16, address & 0xFFFF].map(|half| half as u16);
        text += &record(4, 0, &high.to_be_bytes());
        for (offset, line) in (0..).step_by(32).zip(data.chunks(32)) {
            text += &record(0, low + offset, line);
        }
    }
    text += ":00000001FF\n";
    Firmware::of(text.into_bytes(), "firmware.hex")
}

#[track_caller]
fn run(
    board: &str,
    size: usize,
    command: &str,
    firmware: &Firmware,
    options: &str,
) -> (FlashFile, crate::run::Run) {
    let flash = FlashFile::full(size);
    let run = stdfu("--sim")
        .arg(flash.board(board))
        .args(&format!("{command} {} {options}", firmware.path()))
        .run();
    (flash, run)
}

#[test]
fn what_is_not_for_the_board_s_flash_is_said_with_how_much_and_where_and_the_way_out() {
    let code = Firmware::application(2000).bytes;
    for (address, whose) in [
        (RAM, "no memory of this board"),
        (EXTERNAL, "no memory of this board"),
        (OPTION_BYTES, "alternate setting 1, \"Option Bytes\""),
    ] {
        let firmware = hex(&[(FLASH, &code), (address, &[7; 16])]);
        let (flash, run) = run("f405", 1 << 20, "flash", &firmware, "");
        assert_eq!(run.exit, 7, "{run:?}");
        for part in [
            "2000 bytes at 0x08000000..0x080007d0 in alternate setting 0, \"Internal Flash\""
                .to_owned(),
            format!(
                "16 bytes at {address:#010x}..{:#010x} in {whose}",
                address + 16
            ),
            "--only-fitting".to_owned(),
            "--alt 0".to_owned(),
        ] {
            assert!(run.stderr.contains(&part), "{part}: {run:?}");
        }
        flash.is_untouched();
    }
}

#[test]
fn alt_takes_what_is_for_that_memory_and_lists_the_rest() {
    let code = Firmware::application(2000).bytes;
    let firmware = hex(&[(FLASH, &code), (RAM, &[7; 132])]);
    let (flash, run) = run("f405", 1 << 20, "flash", &firmware, "--alt 0 --stay");
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stderr
            .contains("left out: 132 bytes at 0x20000000..0x20000084 in no memory of this board"),
        "{run:?}"
    );
    assert_eq!(flash.now()[..2000], code);
    let firmware = hex(&[(FLASH, &code), (OPTION_BYTES, &[0xAA; 16])]);
    let (flash, option_bytes) = self::run("f405", 1 << 20, "flash", &firmware, "--alt 1 --yes");
    assert_eq!(option_bytes.exit, 0, "{option_bytes:?}");
    flash.is_untouched();
}

#[test]
fn only_fitting_takes_all_that_the_board_has_a_memory_for() {
    let code = Firmware::raw(2000).bytes;
    let firmware = hex(&[
        (FLASH, &code),
        (EEPROM, &[7; 100]),
        (RAM, &[1; 8]),
        (EXTERNAL, &[2; 8]),
    ]);
    let (flash, run) = run(
        "l072",
        192 << 10,
        "flash",
        &firmware,
        "--only-fitting --json",
    );
    let board = &run.boards(0)[0];
    assert_eq!(board["verified_bytes"], 2100, "{board}");
    assert_eq!(flash.now()[..2000], code);
    let warnings = board["warnings"].to_string();
    assert!(
        warnings.contains("left out: 8 bytes at 0x20000000"),
        "{warnings}"
    );
    assert!(
        warnings.contains("left out: 8 bytes at 0x90000000"),
        "{warnings}"
    );
}

#[test]
fn option_bytes_are_never_taken_because_they_fit() {
    let code = Firmware::raw(2000).bytes;
    let firmware = hex(&[(FLASH, &code), (OPTION_BYTES, &[7; 16])]);
    let (_, run) = run(
        "f405",
        1 << 20,
        "flash",
        &firmware,
        "--only-fitting --json --stay",
    );
    let board = &run.boards(0)[0];
    assert_eq!(board["verified_bytes"], 2000, "{board}");
    assert!(
        board["warnings"].to_string().contains("Option Bytes"),
        "{board}"
    );
}

#[test]
fn a_dfu_file_with_an_element_in_ram_is_treated_alike() {
    let code = Firmware::application(2000).bytes;
    let whole = hex(&[(FLASH, &code), (RAM, &[7; 132])]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("firmware.dfu");
    let made = stdfu("convert")
        .arg(whole.path())
        .arg("-o")
        .arg(&path)
        .run();
    assert_eq!(made.exit, 0, "{made:?}");
    let firmware = Firmware::of(std::fs::read(&path).expect("made"), "firmware.dfu");
    let (flash, refused) = run("f405", 1 << 20, "flash", &firmware, "");
    assert_eq!(refused.exit, 7, "{refused:?}");
    assert!(
        refused.stderr.contains("132 bytes at 0x20000000"),
        "{refused:?}"
    );
    flash.is_untouched();
    for option in ["--alt 0", "--only-fitting"] {
        let (flash, run) = run("f405", 1 << 20, "flash", &firmware, option);
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(flash.now()[..2000], code);
    }
}

#[test]
fn an_image_that_runs_over_the_end_of_flash_is_never_cut() {
    let firmware = hex(&[
        (0x080F_FF00, &[7; 0x100]),
        (0x0810_0000, &[7; 0x80]),
        (RAM, &[1; 8]),
    ]);
    for options in ["", "--alt 0", "--only-fitting"] {
        let (flash, run) = run("f405", 1 << 20, "flash", &firmware, options);
        assert_eq!(run.exit, 7, "{options}: {run:?}");
        flash.is_untouched();
    }
}

#[test]
fn verify_takes_and_lists_the_same() {
    let code = Firmware::application(2000).bytes;
    let firmware = hex(&[(FLASH, &code), (RAM, &[7; 132])]);
    let (flash, _) = run("f405", 1 << 20, "flash", &firmware, "--only-fitting --stay");
    let verify = |options: &str| {
        stdfu("--json --sim")
            .arg(flash.board("f405"))
            .args(&format!("verify {} {options}", firmware.path()))
            .run()
    };
    assert_eq!(verify("").exit, 7);
    for options in ["--only-fitting", "--alt 0"] {
        let board = &verify(options).boards(0)[0];
        assert_eq!(board["verified_bytes"], 2000);
        assert!(
            board["warnings"].to_string().contains("132 bytes"),
            "{board}"
        );
    }
}

#[test]
fn convert_takes_what_lies_in_ranges() {
    let code = Firmware::application(2000).bytes;
    let firmware = hex(&[(FLASH, &code), (RAM, &[7; 132])]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let convert = |name: &str, options: &str| {
        let path = directory.path().join(name);
        let run = stdfu(&format!("convert {} {options} -o", firmware.path()))
            .arg(&path)
            .run();
        (run, path)
    };
    for (name, options) in [
        ("a.bin", "0x08000000+1M"),
        ("b.bin", "--range 0x08000000..0x08100000"),
    ] {
        let (run, path) = convert(name, options);
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(std::fs::read(path).expect("made"), code);
    }
    let (run, path) = convert("c.bin", "--range 0x08000010+16 0x08000000+16");
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(std::fs::read(path).expect("made"), code[..32]);
    let (run, _) = convert("d.bin", "--range 0x08010000+16");
    assert_eq!(run.exit, 2, "{run:?}");
}

/// Option bytes end close below RAM: what lies there is none of theirs.
#[test]
fn each_memory_s_part_can_be_taken_of_a_file_for_many() {
    let code = Firmware::application(2000).bytes;
    let firmware = hex(&[
        (FLASH, &code),
        (OPTION_BYTES, &[0xAA; 16]),
        (RAM, &[7; 132]),
        (EXTERNAL, &[1; 8]),
    ]);
    for options in ["--alt 0", "--alt 1 --yes", "--only-fitting"] {
        let (_, run) = run("f405", 1 << 20, "flash", &firmware, options);
        assert_eq!(run.exit, 0, "{options}: {run:?}");
        assert!(
            run.stderr.contains("left out: 132 bytes"),
            "{options}: {run:?}"
        );
    }
}

//! `.dfu` files, byte for byte as MicroPython's maker writes them. `tests/data/micropython/README.md` has the commands
//! that made them.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::run::{Stdfu, data, stdfu};

fn golden(name: &str) -> Vec<u8> {
    fs::read(data().join("micropython").join(name)).expect("a sample")
}

/// The file that a command writes when `-o` and a name are added.
#[track_caller]
fn written(command: Stdfu) -> Vec<u8> {
    let directory = TempDir::new().expect("a temporary directory");
    let out: PathBuf = directory.path().join("out.dfu");
    let run = command.arg("-o").arg(&out).run();
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
    fs::read(out).expect("it was written")
}

#[track_caller]
fn check(arguments: &str, expected: &str) {
    let found = written(stdfu(&format!("convert {arguments}")));
    assert!(found == golden(expected), "{arguments} is not {expected}");
}

#[test]
fn a_raw_binary_becomes_the_same_file() {
    check("micropython/first.bin --address 0x08000000", "one.dfu");
    check(
        "micropython/second.bin --address 0x90000000 --id 1209:5741",
        "device.dfu",
    );
}

#[test]
fn several_files_become_the_same_file() {
    let hex = |name: &str, address: &str| {
        let convert = format!("convert micropython/{name} --address {address} --to hex");
        Firmware::of(written(stdfu(&convert)), &format!("{name}.hex"))
    };
    let first = hex("first.bin", "0x08000000");
    let apart = hex("second.bin", "0x08004000");
    let adjoining = hex("second.bin", "0x08000040");
    check(&format!("{} {}", first.path(), apart.path()), "two.dfu");
    check(&format!("{} {}", apart.path(), first.path()), "two.dfu");
    check(
        &format!("{} {}", first.path(), adjoining.path()),
        "adjoining.dfu",
    );
}

#[test]
fn its_own_files_come_out_as_they_went_in() {
    for name in [
        "one.dfu",
        "two.dfu",
        "adjoining.dfu",
        "device.dfu",
        "padded.dfu",
    ] {
        check(&format!("micropython/{name}"), name);
    }
}

/// It pads elements to 8 bytes, and so names bytes that nobody named. Here whoever wants them says so.
#[test]
fn padding_is_what_the_user_adds() {
    let odd = &golden("first.bin")[..61];
    let padded = Firmware::of([odd, &[0; 3]].concat(), "padded.bin");
    check(
        &format!("{} --address 0x08000000", padded.path()),
        "padded.dfu",
    );
    let odd = Firmware::of(odd.to_vec(), "odd.bin");
    let found = written(stdfu(&format!(
        "convert {} --address 0x08000000",
        odd.path()
    )));
    assert_eq!(found.len() + 3, golden("padded.dfu").len());
}

//! `--json`: one document on stdout, of every command and after every kind of failure.

use std::net::TcpListener;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{FlashFile, sample, stdfu};

/// A document and the exit code tell the same, and without `--json` there is none.
#[track_caller]
fn check(arguments: &str, exit: i32) {
    let document = stdfu(&format!("--json {arguments}")).run().document(exit);
    assert_eq!(told(&document), i64::from(exit), "{arguments}: {document}");
    let plain = stdfu(arguments).run();
    assert_eq!(plain.exit, exit, "{arguments}: {plain:?}");
    let is_json = |line: &str| line.starts_with('{');
    assert!(
        !plain.stdout.lines().any(is_json) && !plain.stderr.lines().any(is_json),
        "{arguments}: {plain:?}"
    );
}

/// The exit code that the document tells: that of the error, else of the first board or file that failed.
fn told(document: &Value) -> i64 {
    let error = document.get("error").map(|error| &error["exit"]);
    let each = ["boards", "files"]
        .into_iter()
        .filter_map(|name| document[name].as_array())
        .flatten();
    let mut exits = error.into_iter().chain(each.map(|each| &each["exit"]));
    exits
        .find_map(|exit| exit.as_i64().filter(|exit| *exit != 0))
        .unwrap_or(0)
}

#[test]
fn list_and_serial() {
    check("--sim f405 list", 0);
    check("--sim f405 --sim l476 list", 0);
    check("--sim f405 --serial NOSUCH list", 3);
    check("--sim f405,quirk=no-access list", 5);
    check("--sim f405 serial", 0);
    check("--sim f405 --sim l476 --every serial", 2);
    check("--sim f405 --serial NOSUCH serial", 3);
    check("--sim f405 --sim l476 serial", 4);
    check("--sim f405,quirk=no-access serial", 5);
}

#[test]
fn flash() {
    check("--sim f405 flash blinky.dfu", 0);
    check("--sim f405 --sim f427 --every flash blinky.dfu", 0);
    check("--sim f405 flash no-such-file.dfu", 1);
    check("--sim f405 flash blinky.bin", 2);
    check("--sim f405 --serial NOSUCH flash blinky.dfu", 3);
    check("--sim f405 --sim l476 flash blinky.dfu", 4);
    check("--sim f405,quirk=no-access flash blinky.dfu", 5);
    check("--sim f405 flash flipped-bit.dfu", 6);
    check("--sim gd32vf103 flash blinky.dfu", 7);
    check("--sim f405,fault=unplug@12 flash blinky.dfu", 8);
    check(
        "--sim f405,quirk=flipped-bit=0x08000900 flash blinky.dfu",
        9,
    );
    check("--sim f405,quirk=read-protected flash blinky.dfu", 10);
    check(
        "--sim f405 --sim f427,fault=unplug@12 --every flash blinky.dfu",
        8,
    );
}

#[test]
fn station() {
    check("--sim f405 station blinky.dfu --dry-run", 2);
    check("--sim f405 station no-such-file.dfu", 1);
    check("--sim f405 station flipped-bit.dfu", 6);
    check("--sim f405 --path 9-9 --timeout 0.5 station blinky.dfu", 1);
}

#[test]
fn flash_as_a_dry_run() {
    check("--sim f405 flash --dry-run blinky.dfu", 0);
    check("--sim gd32vf103 flash --dry-run blinky.dfu", 7);
    check("--sim f405 flash --dry-run cut-short.dfu", 6);
    check("--sim f405 --sim l476 flash --dry-run blinky.dfu", 4);
}

#[test]
fn verify() {
    let flash = FlashFile::full(1 << 20);
    let mut there = flash.before();
    there[..5123].copy_from_slice(&sample("blinky.bin"));
    flash.put(&there);
    check(
        &format!("--sim {} verify blinky.dfu", flash.board("f405")),
        0,
    );
    check("--sim f405 verify blinky.bin", 2);
    check("--sim f405 --sim l476 verify blinky.dfu", 4);
    check("--sim f405 verify cut-short.dfu", 6);
    check("--sim gd32vf103 verify blinky.dfu", 7);
    check("--sim f405,fault=unplug@12 verify blinky.dfu", 8);
    check("--sim f405 verify blinky.dfu", 9);
    check("--sim f405,quirk=read-protected verify blinky.dfu", 10);
}

#[test]
fn read() {
    let directory = TempDir::new().expect("a temporary directory");
    let out = directory.path().join("flash.bin");
    let check = |board: &str, range: &str, exit: i32| {
        check(
            &format!("--sim {board} read --force {} {range}", out.display()),
            exit,
        );
    };
    check("f405", "", 0);
    check("f405", "0x08000000+16", 0);
    check("f405", "nonsense", 2);
    check("f405 --serial NOSUCH", "", 3);
    check("f405 --sim l476", "", 4);
    check("f405", "0x20000000+16", 7);
    check("f405,fault=unplug@12", "", 8);
    check("f405,quirk=read-protected", "", 10);
}

#[test]
fn erase_leave_and_unprotect() {
    check("--sim f405 erase --all", 0);
    check("--sim f405 erase 0x08000000", 0);
    check("--sim f405 erase 0x08000000+1", 7);
    check("--sim f405 erase", 2);
    check("--sim f405,fault=unplug@12 erase --all", 8);
    check("--sim f405,quirk=read-protected erase --all", 10);
    check("--sim f405 leave", 0);
    check("--sim f405 leave 0x08008000", 0);
    check("--sim f405,quirk=leave=stays leave", 8);
    check("--sim f405 --sim l476 leave", 4);
    check("--sim f405 unprotect --yes", 0);
    check("--sim f405 unprotect", 2);
    check("--sim f405,quirk=read-protected unprotect --yes", 0);
    check("--sim mboot unprotect --yes", 0);
    check("--sim mboot,quirk=no-upload unprotect --yes", 8);
    check("--sim f405 --serial NOSUCH unprotect --yes", 3);
}

#[test]
fn detach() {
    check("--sim f405,quirk=application detach", 0);
    check("--sim f405 detach", 3);
    check("--sim f405,quirk=application,quirk=no-access detach", 5);
    check(
        "--sim f405,quirk=application --sim l476,quirk=application detach",
        4,
    );
    check("--sim f405,quirk=application,fault=stall@2 detach", 8);
}

#[test]
fn info_and_convert() {
    check("info blinky.dfu blinky.hex.gz", 0);
    check("info no-such-file.dfu", 1);
    check("info", 2);
    check("info blinky.elf cut-short.dfu", 6);
    let directory = TempDir::new().expect("a temporary directory");
    let out = directory.path().join("out");
    check(
        &format!("convert blinky.elf --force -o {}.hex", out.display()),
        0,
    );
    check(&format!("convert blinky.elf -o {}.hex", out.display()), 1);
    check(&format!("convert blinky.bin -o {}.dfu", out.display()), 2);
    check(&format!("convert blinky.elf -o {}.elf", out.display()), 2);
    check(&format!("convert utf8.dfu -o {}.dfu", out.display()), 6);
}

#[test]
fn a_firmware_file_and_a_document_do_not_share_stdout() {
    let document = stdfu("--json convert blinky.elf --to hex -o -")
        .run()
        .document(2);
    assert_eq!(told(&document), 2);
}

#[test]
fn decode() {
    check("decode f405.pcapng", 0);
    check("decode no-such-recording.pcapng", 1);
    check("decode", 2);
    check("decode f405.pcapng --path 1.8", 3);
    check("decode blinky.bin", 6);
}

#[test]
fn udev_completions_and_man() {
    check("udev", 0);
    check("--sim f405 doctor", 0);
    check("completions bash", 0);
    check("completions tcsh", 2);
    check("man", 0);
    check("man flash", 0);
    check("man nonsense", 2);
}

#[test]
fn sim_that_can_not_begin() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    check(&format!("sim f405 --listen {address}"), 1);
    check("sim --list", 0);
    check("sim f405 --list", 2);
    check("sim f999", 2);
    check("sim", 2);
}

#[test]
fn a_command_line_that_makes_no_sense() {
    check("flahs blinky.dfu", 2);
    check("list --nonsense", 2);
    check("--sim nosuch list", 2);
    check("--sim f405 --color purple list", 2);
    check("--sim f405 -q -v list", 2);
    check("", 2);
}

/// Whoever asks for help wants to read.
#[test]
fn help_is_help_and_the_version_is_the_version() {
    for arguments in ["--help", "flash --help", "help flash", "--version"] {
        let plain = stdfu(arguments).run();
        stdfu(&format!("--json {arguments}"))
            .run()
            .answers(&plain.stdout);
    }
}

/// What is asked behind `--` are names of files.
#[test]
fn a_file_may_have_the_name_of_an_option() {
    let run = stdfu("--sim f405 flash --nonsense -- --json").run();
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
}

/// So that none is forgotten here.
#[test]
fn every_command_is_in_these_tests() {
    let help = stdfu("--help").run().stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("a list");
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    // What dfu-util answers is for programs that know dfu-util.
    let names = names.filter(|name| !["", "help", "dfu-util"].contains(name));
    let names: Vec<&str> = names.collect();
    assert!(names.len() >= 13, "{names:?}");
    let tests = include_str!("json.rs");
    for name in names {
        let is_checked =
            |line: &str| line.contains('"') && line.split(['"', ' ']).any(|word| word == name);
        assert!(tests.lines().any(is_checked), "{name}");
    }
}

/// As sha256sum tells it of the file on the disk, whatever is packed in it.
#[test]
fn each_file_of_the_command_line_is_told_with_its_hash() {
    let blinky = json!({
        "name": "blinky.elf",
        "size": sample("blinky.elf").len(),
        "sha256": "c980c627011c90887416ec0050b555d36c83ddf480595d6ab0b1451d63257ac7"
    });
    let packed = json!({
        "name": "blinky.hex.gz",
        "size": sample("blinky.hex.gz").len(),
        "sha256": "3685b3653bb195244240dda8466267a0d51ec851a2d8482df3ce951ade961158"
    });
    for (arguments, exit, files) in [
        ("flash blinky.elf", 0, vec![&blinky]),
        ("flash --dry-run blinky.hex.gz", 0, vec![&packed]),
        ("verify blinky.elf", 9, vec![&blinky]),
    ] {
        let run = stdfu(&format!("--json --sim f405 {arguments}")).run();
        assert_eq!(run.document(exit)["files"], json!(files), "{arguments}");
    }
    let document = stdfu("--json info blinky.elf blinky.hex.gz")
        .run()
        .document(0);
    let hashes = [0, 1].map(|index| &document["files"][index]["sha256"]);
    assert_eq!(hashes, [&blinky["sha256"], &packed["sha256"]]);
    // Where no file is given, none is told.
    let document = stdfu("--json --sim f405 erase --all").run().document(0);
    assert_eq!(document.get("files"), None);
}

/// What is odd about a file is no matter of a board, and stands in every document about it.
#[test]
fn what_is_odd_about_a_file_is_in_the_json_of_every_command_that_reads_it() {
    let file = "junk-after-name.dfu";
    let odd = json!(["The file's product id is 0: it is taken to fit any product."]);
    let directory = TempDir::new().expect("a temporary directory");
    let convert = format!("convert {file} -o {}/out.hex", directory.path().display());
    for (arguments, exit, place) in [
        (format!("--sim f405 flash {file}"), 0, "/boards/0/warnings"),
        (
            format!("--sim f405 flash --dry-run {file}"),
            0,
            "/boards/0/warnings",
        ),
        (format!("--sim f405 verify {file}"), 9, "/boards/0/warnings"),
        (
            format!("--sim f405,quirk=no-access --sim f405 --every flash {file}"),
            5,
            "/boards/0/warnings",
        ),
        (
            format!("--sim f405,quirk=read-protected flash {file}"),
            10,
            "/boards/0/warnings",
        ),
        (format!("info {file}"), 0, "/files/0/warnings"),
        (
            format!("--sim f405 info {file}"),
            0,
            "/files/0/boards/0/warnings",
        ),
        (convert, 0, "/warnings"),
    ] {
        let document = stdfu(&format!("--json {arguments}")).run().document(exit);
        assert_eq!(
            document.pointer(place),
            Some(&odd),
            "{arguments}: {document}"
        );
    }
    // What is odd about the board comes after it.
    let document = stdfu(&format!("--json --sim f405,quirk=no-upload flash {file}"))
        .run()
        .document(0);
    let warnings = document["boards"][0]["warnings"]
        .as_array()
        .expect("warnings");
    assert_eq!((&warnings[0], warnings.len()), (&odd[0], 2), "{document}");
}

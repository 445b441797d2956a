//! `stdfu convert`: the same firmware in another format.

mod plain;

use std::fs::{self, File};
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::run::{Run, Stdfu, assert_text, data, sample, stdfu};

/// A directory for what is written.
struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file was written")
    }

    /// Asserts that nothing was written but these files.
    #[track_caller]
    fn has(&self, expected: &[&str]) {
        let entries = fs::read_dir(self.0.path()).expect("the directory");
        let mut found: Vec<String> = entries
            .filter_map(|entry| entry.expect("readable").file_name().into_string().ok())
            .collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

/// The command, writing to this file.
fn convert(arguments: &str, output: &str) -> Stdfu {
    stdfu(&format!("convert {arguments} -o")).arg(output)
}

/// Everything but `.bin` and back again; what was written says how much it is.
#[test]
fn every_format_becomes_every_other_and_loses_nothing() {
    for input in [
        "blinky.dfu",
        "blinky.hex.gz",
        "blinky.srec",
        "blinky.elf",
        "blinky.uf2",
    ] {
        for output in ["a.dfu", "a.hex", "a.srec", "a.bin"] {
            let directory = Directory::new();
            let path = directory.path(output);
            let address = if output == "a.bin" {
                " for 0x08000000"
            } else {
                ""
            };
            convert(input, &path)
                .run()
                .answers(&format!("{path}: 5123 bytes{address}\n"));
            let back = directory.path("back.bin");
            let address = if output == "a.bin" {
                "--address 0x08000000"
            } else {
                ""
            };
            let run = convert(&format!("{path} {address}"), &back).run();
            assert_eq!(run.exit, 0, "{run:?}");
            assert_eq!(directory.read("back.bin"), sample("blinky.bin"));
            directory.has(&if output == "a.bin" {
                ["a.bin", "back.bin"]
            } else {
                [output, "back.bin"]
            });
        }
    }
}

#[test]
fn samples_are_written_as_they_are() {
    let directory = Directory::new();
    let check = |arguments: &str, name: &str, expected: &str| {
        let run = convert(arguments, &directory.path(name)).run();
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(directory.read(name) == sample(expected), "{expected}");
    };
    check("blinky.elf", "a.dfu", "blinky.dfu");
    check("two-elements.dfu", "b.dfu", "two-elements.dfu");
    check("blinky.bin --address 0x08000000", "a.hex", "blinky.hex");
}

#[test]
fn gaps_stay_gaps_but_in_a_raw_binary() {
    let directory = Directory::new();
    for name in ["a.hex", "a.srec", "a.dfu"] {
        let path = directory.path(name);
        assert_eq!(convert("two-elements.dfu", &path).run().exit, 0);
        let info = stdfu("info").arg(&path).run().stdout;
        assert!(
            info.contains("0x08000000..0x08000401   1025 bytes"),
            "{info}"
        );
        assert!(
            info.contains("0x08000404..0x08000607   515 bytes"),
            "{info}"
        );
    }
    let path = directory.path("a.bin");
    convert("two-elements.dfu", &path)
        .run()
        .answers(&format!("{path}: 1540 bytes for 0x08000000\n"));
    let written = directory.read("a.bin");
    let elements = sample("two-elements.dfu");
    assert_eq!(written.len(), 0x607);
    assert_eq!(written[..0x401], elements[293..293 + 0x401]);
    assert_eq!(written[0x401..0x404], [0xFF; 3]);
    assert_eq!(written[0x404..], elements[293 + 0x401 + 8..][..0x203]);
}

#[test]
fn a_dfu_file_has_the_ids_of_its_input_or_those_that_were_asked_for() {
    let directory = Directory::new();
    let check = |arguments: &str, expected: &str| {
        let path = directory.path("a.dfu");
        let run = convert(&format!("--force {arguments}"), &path).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let info = stdfu("info").arg(&path).run().stdout;
        assert!(
            info.contains(&format!("  ids {expected}   release")),
            "{info}"
        );
    };
    check("blinky.hex", "0483:df11");
    check("junk-after-name.dfu", "0483:0000");
    check("junk-after-name.dfu --id 28e9:0189", "28e9:0189");
    check("blinky.hex --id 1209:5740", "1209:5740");
}

#[test]
fn files_for_several_memories_become_targets_of_one_file() {
    let directory = Directory::new();
    let path = directory.path("all.dfu");
    let settings = Firmware::dfuse(&[(0, 0x1FFF_C000, &[0xA5; 16])]);
    convert(
        &format!("--alt 0:blinky.hex --alt 1:{}", settings.path()),
        &path,
    )
    .run()
    .answers(&format!("{path}: 5139 bytes\n"));
    let info = stdfu("info --json").arg(&path).run().document(0);
    let targets = &info["files"][0]["targets"];
    assert_eq!(targets[0]["alt"], 0);
    assert_eq!(targets[0]["elements"][0]["address"], 0x0800_0000);
    assert_eq!(targets[1]["alt"], 1);
    assert_eq!(targets[1]["elements"][0]["address"], 0x1FFF_C000);
    // No other format can tell memories apart.
    let output = directory.path("all.hex");
    convert(&path, &output).run().says(
        2,
        "",
        "error: the input is for 2 memories, which an Intel HEX file can't keep apart\n\
         hint: Write a .dfu file, or convert what is for one memory.\n",
    );
    // A file without a memory of its own goes to 0, unless that is taken.
    let output = directory.path("twice.dfu");
    convert("blinky.hex --alt 0:two-elements.dfu", &output)
        .run()
        .says(
            2,
            "",
            "error: two targets would be for alternate setting 0\n\
         hint: Say which file is for which memory with --alt N:FILE.\n",
        );
    let output = directory.path("one.dfu");
    let run = convert(&format!("--alt 3:{path}"), &output).run();
    run.says(
        2,
        "",
        &format!(
            "error: {path}: expected data for one memory, alternate setting 3, found targets for 2\n\
             hint: `stdfu info` shows what is in a file.\n"
        ),
    );
    directory.has(&["all.dfu"]);
}

#[test]
fn several_files_become_one() {
    let directory = Directory::new();
    let application = Firmware::raw(3);
    let arguments = format!("blinky.elf {} --address 0x08001403", application.path());
    let path = directory.path("both.bin");
    convert(&arguments, &path)
        .run()
        .answers(&format!("{path}: 5126 bytes for 0x08000000\n"));
    let expected = [sample("blinky.bin"), application.bytes].concat();
    assert_eq!(directory.read("both.bin"), expected);
}

#[test]
fn what_is_there_is_not_overwritten_unless_that_is_asked_for() {
    let directory = Directory::new();
    let path = directory.path("a.hex");
    fs::write(&path, "precious").expect("a new file");
    convert("blinky.elf", &path).run().says(
        1,
        "",
        &format!(
            "error: {path} already exists\n\
             hint: Nothing was written; --force overwrites it.\n"
        ),
    );
    assert_eq!(directory.read("a.hex"), b"precious");
    // A bad input leaves it alone all the same.
    let run = convert("flipped-bit.dfu --force", &path).run();
    assert_eq!(run.exit, 6, "{run:?}");
    assert_eq!(directory.read("a.hex"), b"precious");
    let run = convert("blinky.elf --force", &path).run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(directory.read("a.hex"), sample("blinky.hex"));
    directory.has(&["a.hex"]);
}

#[test]
fn a_directory_that_is_missing_is_an_error_and_leaves_nothing() {
    let directory = Directory::new();
    let path = directory.path("missing/a.hex");
    convert("blinky.elf", &path).run().says(
        1,
        "",
        &format!("error: {path}: No such file or directory (os error 2)\n"),
    );
    directory.has(&[]);
}

#[test]
fn the_format_is_told_by_the_name_or_by_to() {
    let directory = Directory::new();
    convert("blinky.elf --to hex", &directory.path("firmware"))
        .run()
        .answers(&format!("{}: 5123 bytes\n", directory.path("firmware")));
    assert_eq!(directory.read("firmware"), sample("blinky.hex"));
    let hint = "hint: Say which with --to: bin, dfu, hex or srec.\n";
    for name in ["firmware.elf", "firmware.img", "noname"] {
        let path = directory.path(name);
        convert("blinky.elf", &path).run().says(
            2,
            "",
            &format!("error: {path}: the name doesn't tell which format to write\n{hint}"),
        );
    }
    convert("blinky.elf", "-").run().says(
        2,
        "",
        &format!("error: stdout has no name that tells the format\n{hint}"),
    );
}

#[test]
fn a_raw_binary_of_nearly_nothing_but_filling_is_refused() {
    let directory = Directory::new();
    let far = Firmware::dfuse(&[(0, 0x1FFF_C000, &[0xA5; 16])]);
    let arguments = format!("--alt 0:blinky.hex --alt 0:{}", far.path());
    convert(&arguments, &directory.path("a.bin")).run().says(
        2,
        "",
        "error: a raw binary from 0x08000000 to 0x1fffc010 would need 402631677 bytes of filling, \
         which is more than 16777216\n\
         hint: Write a .hex, .srec or .dfu file: those can have gaps.\n",
    );
}

#[test]
fn pipes_are_read_and_written() {
    let mut command = stdfu("convert - --to srec -o -").into_command();
    let file = File::open(data().join("blinky.hex.gz")).expect("a sample");
    let run = Run::from(command.stdin(file).output().expect("the binary starts"));
    assert_eq!(run.exit, 0, "{run:?}");
    assert_text("stderr", &run.stderr, "");
    assert!(
        run.stdout.starts_with("S0030000FC\r\nS32508000000"),
        "{run:?}"
    );
    convert("blinky.elf --to hex --json", "-").run().document(2);
}

#[test]
fn the_json_says_what_was_written() {
    let directory = Directory::new();
    let path = directory.path("a.dfu");
    let document = convert("blinky.elf --json", &path).run().document(0);
    assert_eq!(
        document,
        json!({
            "schema": 1, "output": path, "format": "dfu", "size": 5432, "bytes": 5123,
            "sha256": "8b4ae463d1285926143ad7409350c60c7eedde5a58546e532dfcb22ef77b43b7",
        })
    );
    assert!(Path::new(&path).exists());
}

#[test]
fn the_help_has_the_options_and_the_formats() {
    let run = stdfu("convert --help").run();
    assert_eq!(run.exit, 0, "{run:?}");
    for mention in [
        "[IN]...",
        "--output <OUT>",
        "--to <FORMAT>",
        "--alt <N:FILE>",
        "--id <VID:PID>",
        "--plain",
        "--prefix <PREFIX>",
        "--address <ADDRESS>",
        "--format <FORMAT>",
        "--force",
        "- bin:",
        "- dfu:",
        "- hex:",
        "- srec:",
    ] {
        assert!(run.stdout.contains(mention), "{mention}: {}", run.stdout);
    }
    let run = stdfu("convert -o a.hex").run();
    assert_eq!(run.exit, 2, "{run:?}");
    let run = stdfu("convert --alt 256:blinky.hex -o a.dfu").run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("such as 1:option-bytes.hex"), "{run:?}");
}

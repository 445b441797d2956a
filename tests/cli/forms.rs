//! Every form of firmware: through stdin, compressed, called by a wrong name, and too much of it.

use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::run::{Run, sample, stdfu};

/// A sample of each form: its name for `--format`, the file, what else has to be said, and what a file in this form
/// begins with.
const FORMS: [(&str, &str, &str, &str); 6] = [
    ("bin", "blinky.bin", "--address 0x08000000", ""),
    ("dfu", "blinky.dfu", "", "\"DfuSe\""),
    (
        "hex",
        "blinky.hex",
        "",
        "an Intel HEX record (\":\" and digits)",
    ),
    (
        "srec",
        "blinky.srec",
        "",
        "a Motorola S-record (\"S\" and digits)",
    ),
    ("elf", "blinky.elf", "", "\"\\x7fELF\""),
    ("uf2", "blinky.uf2", "", "\"UF2\\n\""),
];

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

/// Runs it with these bytes on stdin.
fn with_stdin(arguments: &str, bytes: &[u8]) -> Run {
    let mut command = stdfu(arguments).into_command();
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // It may refuse before it has read all.
    let _ = stdin.write_all(bytes);
    drop(stdin);
    Run::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn every_form_comes_through_stdin_compressed_or_not() {
    for (format, file, options, _) in FORMS {
        for bytes in [sample(file), packed(&sample(file))] {
            for named in ["", &format!("--format {format}")] {
                // Asked for byte for byte, a compressed file is what it is.
                if format == "bin" && !named.is_empty() && bytes.starts_with(b"\x1F\x8B") {
                    continue;
                }
                let directory = TempDir::new().expect("a temporary directory");
                let out = directory.path().join("out.bin");
                let arguments = format!("convert - {options} {named} -o {}", out.display());
                let run = with_stdin(&arguments, &bytes);
                assert_eq!(
                    (run.exit, run.stderr.as_str()),
                    (0, ""),
                    "{arguments}: {run:?}"
                );
                let found = std::fs::read(out).expect("it was written");
                assert!(found == sample("blinky.bin"), "{arguments}");
            }
            let run = with_stdin(&format!("--sim f405 flash - {options}"), &bytes);
            assert_eq!(run.exit, 0, "{format}: {run:?}");
            assert!(
                run.stdout
                    .contains("  5.0 KiB written, verified, started  "),
                "{run:?}"
            );
        }
    }
}

#[test]
fn stdin_is_one_file_and_others_may_go_with_it() {
    let run = with_stdin(
        "--sim f405 flash - micropython/second.bin --address 0x08004000",
        &sample("blinky.elf"),
    );
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("  5.1 KiB written, verified, started  "),
        "{run:?}"
    );
}

/// The format that the user names is what the file has to be in, whatever the content says.
#[test]
fn a_format_that_is_named_wrongly_is_exit_6_and_says_what_the_file_is() {
    for (format, _, _, beginning) in FORMS.into_iter().skip(1) {
        for (right, file, _, _) in FORMS
            .into_iter()
            .skip(1)
            .filter(|(right, ..)| *right != format)
        {
            let run = stdfu(&format!("--sim f405 flash {file} --format {format}")).run();
            assert_eq!(
                (run.exit, run.stdout.as_str()),
                (6, ""),
                "{file} as {format}: {run:?}"
            );
            let error = format!("error: {file}: offset 0x00000000: expected {beginning}, found ");
            assert!(
                run.stderr.starts_with(&error),
                "{error:?} is not in {run:?}"
            );
            let hint = format!("hint: If that is what you mean, add --format {right}.\n");
            assert!(run.stderr.ends_with(&hint), "{hint:?} is not in {run:?}");
        }
    }
}

#[test]
fn bytes_are_taken_as_they_are_where_that_is_asked_for() {
    let run = stdfu("--sim f405 flash blinky.hex --format bin --address 0x08000000").run();
    assert_eq!(run.exit, 0, "{run:?}");
    let warning = "warning: Taken byte for byte, as asked, although it is Intel HEX text.\n";
    assert!(run.stderr.starts_with(warning), "{run:?}");
    assert!(
        run.stdout
            .contains("  14.1 KiB written, verified, started  "),
        "{run:?}"
    );
}

/// Files that share bytes: named, with the first address of what they share.
#[test]
fn overlaps_are_refused_with_the_files_and_the_address() {
    let hex = |address: &str| {
        let directory = TempDir::new().expect("a temporary directory");
        let out = directory.path().join("part.hex");
        let run = stdfu(&format!(
            "convert micropython/second.bin --address {address} -o {}",
            out.display()
        ))
        .run();
        assert_eq!(run.exit, 0, "{run:?}");
        Firmware::of(
            std::fs::read(out).expect("it was written"),
            &format!("{address}.hex"),
        )
    };
    let (low, touching, sharing) = (hex("0x08000000"), hex("0x08000048"), hex("0x08000047"));
    for command in [
        "flash",
        "flash --dry-run",
        "convert --to dfu -o nowhere.dfu",
    ] {
        let run = stdfu(&format!(
            "--sim f405 {command} {} {} {}",
            low.path(),
            touching.path(),
            sharing.path()
        ))
        .run();
        run.says(
            6,
            "",
            &format!(
                "error: {} and {} overlap: both have data for 0x08000047\n\
                 hint: `stdfu info` shows the addresses of each file.\n",
                low.path(),
                sharing.path()
            ),
        );
    }
    let run = stdfu(&format!(
        "--sim f405 flash {} {}",
        touching.path(),
        low.path()
    ))
    .run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("  144 bytes written, verified, started  "),
        "{run:?}"
    );
}

/// Refused at once: nobody waits until it is read.
#[test]
#[cfg(unix)]
fn a_file_that_can_be_no_firmware_is_refused_by_its_size() {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("disk.img");
    let file = std::fs::File::create(&path).expect("a new file");
    file.set_len(1 << 33).expect("a file with nothing in it");
    for command in ["info", "--sim f405 flash --address 0x08000000"] {
        let run = stdfu(&format!("{command} {}", path.display())).run();
        let error = format!(
            "error: {}: the file has more than 268435456 bytes, and no firmware is that large\n",
            path.display()
        );
        run.says(6, "", &error);
    }
}

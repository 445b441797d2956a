//! dfu-suffix: what it says, how it ends, and what becomes of the file.

use super::twice::Twice;

const HELP: &str = "\
Usage: dfu-suffix [options] -a FILE | -c FILE | -D FILE
  -a --add <file>        Add a DFU suffix
  -c --check <file>      Show the DFU suffix, if it is right
  -D --delete <file>     Remove the DFU suffix
  -v --vid <vendorID>    For -a: the vendor ID, hexadecimal; ffff, for any, if not given
  -p --pid <productID>   For -a: the product ID, likewise
  -d --did <deviceID>    For -a: the device's release, likewise
  -S --spec <specID>     For -a: the DFU specification: 0100, if not given, or 011a
  -h --help              Show this help
  -V --version           Show the version
";

/// What dfu-suffix of dfu-util 0.11 puts after `firmware` for `-v 0483 -p df11`.
const SUFFIX: [u8; 16] = [
    0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, b'U', b'F', b'D', 16, 0xA2, 0x53, 0xAF, 0xB8,
];

fn with_firmware() -> Twice {
    let twice = Twice::new("dfu-suffix");
    twice.put("fw.bin", b"firmware");
    twice
}

fn with_suffix() -> Twice {
    let twice = with_firmware();
    twice.put("fw.bin", &[&b"firmware"[..], &SUFFIX].concat());
    twice
}

#[test]
fn a_suffix_is_added_shown_and_removed() {
    let twice = with_firmware();
    let added = "Suffix successfully added to file\n";
    twice.says("-v 0483 -p df11 -a fw.bin", 0, added, "");
    assert_eq!(twice.read("fw.bin"), [&b"firmware"[..], &SUFFIX].concat());
    twice.says(
        "-c fw.bin",
        0,
        "The file fw.bin contains a DFU suffix with the following properties:
BCD device:\t0xFFFF
Product ID:\t0xDF11
Vendor ID:\t0x0483
BCD DFU:\t0x0100
Length:\t\t16
CRC:\t\t0xB8AF53A2
",
        "",
    );
    let removed = "Suffix successfully removed from file\n";
    twice.says("-D fw.bin", 0, removed, "");
    assert_eq!(twice.read("fw.bin"), b"firmware");
    assert_eq!(twice.names(), ["fw.bin"]);
}

#[test]
fn options_are_taken_in_every_form_and_order() {
    for options in [
        "-v 0483 -p df11 -d 0102 -S 0100 -a fw.bin",
        "-afw.bin -S0100 -d0102 -p0xdf11 -v0x483",
        "--add fw.bin --vid=0483 --pid DF11 --did=102 --spec=0x100",
        "--sp 100 --di 0102 --pi 0XDF11 --vi 483 --a fw.bin",
        "-v 1209 -v 0483 -p 1 -p df11 -a fw.bin -d 102",
    ] {
        let twice = with_firmware();
        twice.says(options, 0, "Suffix successfully added to file\n", "");
        let ids = [0x02, 0x01, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01];
        assert_eq!(twice.read("fw.bin")[8..16], ids, "{options}");
    }
}

#[test]
fn a_prefix_is_shown_too() {
    let twice = Twice::new("dfu-suffix");
    twice.put("fw.bin", b"\x01\0\x21\0\x08\0\0\0firmware");
    twice.says(
        "-S 011a -a fw.bin",
        0,
        "Suffix successfully added to file\n",
        "",
    );
    twice.says(
        "-c fw.bin",
        0,
        "The file fw.bin contains a TI Stellaris DFU prefix with the following properties:
Address:\t0x00008400
The file fw.bin contains a DFU suffix with the following properties:
BCD device:\t0xFFFF
Product ID:\t0xFFFF
Vendor ID:\t0xFFFF
BCD DFU:\t0x011A
Length:\t\t16
CRC:\t\t0x186B1C23
",
        "",
    );
}

#[test]
fn help_goes_to_stderr_and_the_version_is_all_that_was_asked_for() {
    let twice = with_firmware();
    for options in ["-h", "--help", "-h -V", "-a fw.bin --he"] {
        twice.says(options, 0, "", HELP);
    }
    for options in ["-V", "--version", "-V -h", "-a fw.bin -V"] {
        twice.says(options, 0, "", "");
    }
    assert_eq!(twice.read("fw.bin"), b"firmware");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_64() {
    let twice = with_firmware();
    let no_file = format!("You need to specify a filename\n{HELP}");
    let check = |options: &str, stderr: &str| twice.says(options, 64, "", stderr);
    check("", &no_file);
    check("-v 0483", &no_file);
    check("-q", &format!("dfu-suffix: there is no option -q\n{HELP}"));
    check(
        "--d fw.bin",
        &format!("dfu-suffix: option --d is ambiguous: --delete, --did\n{HELP}"),
    );
    check(
        "-a",
        &format!("dfu-suffix: option -a needs a value\n{HELP}"),
    );
    check(
        "-a fw.bin other.bin",
        &format!("dfu-suffix: Unexpected argument: other.bin\n{HELP}"),
    );
    check(
        "-a fw.bin -S 0110",
        &format!("Only DFU specification 0x0100 and 0x011a supported\n{HELP}"),
    );
    check(
        "-a fw.bin -v 0483:df11",
        "dfu-suffix: Invalid vendor ID: 0483:df11: expected up to four hexadecimal digits, such as 0483\n",
    );
    check(
        "-a fw.bin -p 10000",
        "dfu-suffix: Invalid product ID: 10000: expected up to four hexadecimal digits, such as 0483\n",
    );
    check(
        "-a fw.bin -c fw.bin",
        "dfu-suffix: Only one of -a, -c and -D can be done at a time, and with one file\n",
    );
    check(
        "-a -",
        "dfu-suffix: What comes from stdin can't be changed: name a file\n",
    );
    assert_eq!(twice.read("fw.bin"), b"firmware");
}

#[test]
fn a_file_without_a_suffix_ends_with_65() {
    let twice = with_firmware();
    twice.put("long.bin", &[0xA5; 20]);
    twice.put("empty.bin", b"");
    let check = |options: &str, reason: &str| {
        let stderr = format!("dfu-suffix: {reason}\ndfu-suffix: Valid DFU suffix needed\n");
        twice.says(options, 65, "", &stderr);
    };
    check("-c fw.bin", "File too short for DFU suffix");
    check("-D fw.bin", "File too short for DFU suffix");
    check("-c long.bin", "Invalid DFU suffix signature");
    check("-D long.bin", "Invalid DFU suffix signature");
    check("-c empty.bin", "File too short for DFU suffix");
    twice.says("-a empty.bin", 65, "", "dfu-suffix: The file is empty\n");
}

#[test]
fn a_second_suffix_is_refused_with_65() {
    let twice = with_suffix();
    let before = twice.read("fw.bin");
    let stderr = "dfu-suffix: Please remove existing DFU suffix before adding a new one.\n";
    twice.says("-a fw.bin", 65, "", stderr);
    assert_eq!(twice.read("fw.bin"), before);
}

/// Another suffix would make it look whole.
#[test]
fn a_damaged_suffix_is_refused_with_65_whatever_was_asked_for() {
    let twice = with_suffix();
    let mut damaged = twice.read("fw.bin");
    damaged[0] ^= 1;
    let check = |damaged: &[u8], reason: &str| {
        twice.put("fw.bin", damaged);
        let stderr = format!(
            "dfu-suffix: {reason}\ndfu-suffix: Valid DFU suffix needed\ndfu-suffix: The file is damaged, or was changed \
             after it got its suffix: make it anew\n"
        );
        for options in ["-c fw.bin", "-a fw.bin", "-D fw.bin"] {
            twice.says(options, 65, "", &stderr);
        }
        assert_eq!(twice.read("fw.bin"), damaged);
    };
    check(&damaged, "DFU suffix CRC does not match");
    damaged[19] = 3;
    check(&damaged, "Unsupported DFU suffix length 3");
}

#[test]
fn a_file_that_cannot_be_read_ends_with_66() {
    let twice = with_firmware();
    for options in ["-c none.bin", "-a none.bin", "-D none.bin"] {
        let stderr =
            "dfu-suffix: Could not open file none.bin for reading: No such file or directory\n";
        twice.says(options, 66, "", stderr);
    }
    let stderr = "dfu-suffix: Could not open file . for reading: Is a directory\n";
    twice.says("-c .", 66, "", stderr);
    assert_eq!(twice.names(), ["fw.bin"]);
}

/// What the kernel tells can be read, and nothing can be made beside it.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_ends_with_73() {
    let twice = with_firmware();
    for run in twice.run(["-a", "/proc/version"].into_iter()) {
        assert_eq!(run.exit, 73, "{run:?}");
        let said = "dfu-suffix: Could not open file /proc/version for writing: ";
        assert!(run.stderr.starts_with(said), "{run:?}");
        assert!(!run.stdout.contains("success"), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn control_characters_in_a_name_stay_escaped() {
    let twice = with_suffix();
    twice.put("a\u{1b}[2J\tb", &twice.read("fw.bin"));
    for run in twice.run(["-c", "a\u{1b}[2J\tb"].into_iter()) {
        let heading =
            "The file a\\u{1b}[2J\\tb contains a DFU suffix with the following properties:\n";
        assert!(run.stdout.contains(heading), "{run:?}");
    }
    for run in twice.run(["-c", "none\u{1b}"].into_iter()) {
        let said =
            "dfu-suffix: Could not open file none\\u{1b} for reading: No such file or directory\n";
        assert_eq!(run.stderr, said);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_reaches_nobody_is_no_success() {
    use std::fs::OpenOptions;

    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), [&b"firmware"[..], &SUFFIX].concat()).expect("our file");
    let full = OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let mut command = crate::run::stdfu("dfu-suffix -c")
        .arg(file.path())
        .into_command();
    let status = command.stdout(full).status().expect("the binary starts");
    assert_eq!(status.code(), Some(74));
}

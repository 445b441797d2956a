//! Strings that bite: whatever a device, a file, the environment or a command line says, a terminal only shows it.

#[cfg(unix)]
mod shell;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Run, Stdfu, sample, stdfu};

/// What begins and ends our own colours, and those of clap: bold, underlined, red, green, yellow, cyan.
const SGR: [&str; 7] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[4m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
    "\u{1b}[36m",
];

/// A bit of everything: a cleared screen, C1's CSI, a bell, a new line that looks like ours, a reversed name, a tag.
const BITE: &str = "A\u{1b}[2J\u{9b}31m\u{7}\nerror: done\r\u{8}\u{202e}gnp\u{200b}\u{2066}\u{feff}\u{2028}\u{e0041}\u{7f}Z";

/// Whether a character does something else to a terminal than to show its own shape: by Unicode's categories Cc, Cf, Zl
/// and Zp, and those that are shown as nothing.
fn bites(character: char) -> bool {
    matches!(
        u32::from(character),
        0x00..=0x1F
            | 0x7F..=0x9F
            | 0xAD
            | 0x34F
            | 0x600..=0x605
            | 0x61C
            | 0x6DD
            | 0x70F
            | 0x890..=0x891
            | 0x8E2
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE0FFF
    )
}

#[track_caller]
fn assert_harmless(run: &Run) {
    for said in [&run.stdout, &run.stderr] {
        let mut rest = said.clone();
        for code in SGR {
            rest = rest.replace(code, "");
        }
        let biting = |line: &&str| line.chars().any(bites);
        let line = rest.split('\n').find(biting);
        assert_eq!(line, None, "a line that bites");
        let is_forged = |line: &str| line.starts_with("error: done");
        assert!(!rest.lines().any(is_forged), "{rest}");
    }
}

/// The one above, and every character up to U+2FFF, and those for tags and variants, as many at a time as a layout has
/// room for, between two letters. A board's description can't have a comma, and an argument no NUL.
fn strings() -> Vec<String> {
    let characters: Vec<char> = ('\u{1}'..='\u{2FFF}')
        .chain('\u{E0000}'..='\u{E01FF}')
        .filter(|character| *character != ',')
        .collect();
    let string = |characters: &[char]| format!("A{}Z", String::from_iter(characters));
    let all = characters.chunks(48).map(string);
    [BITE.to_owned()].into_iter().chain(all).collect()
}

/// Runs a command on boards, each with one of these strings at all of these places of its description.
fn run_on(strings: &[String], places: &[&str], command: &str) -> Run {
    let mut run = stdfu("--color always");
    for string in strings {
        let board: String = places
            .iter()
            .map(|place| format!(",{}", place.replace("{}", string)))
            .collect();
        run = run.arg("--sim").arg(format!("f072{board}"));
    }
    run.args(command).run()
}

/// The serial number, the product and the name of the first memory.
const PLACES: [&str; 3] = [
    "serial={}",
    "string=2:{}",
    "string=4:@{}/0x08000000/064*002Kg",
];

#[test]
fn no_character_of_a_device_reaches_the_terminal() {
    for strings in strings().chunks(80) {
        for (places, command) in [
            (&PLACES[..], "list"),
            (&PLACES[..], "list -vv --progress json"),
            (&PLACES[..], "list --json"),
            (&PLACES[..], "serial"),
            (&PLACES[..], "flash blinky.dfu --every"),
            (
                &PLACES[..],
                "flash blinky.dfu --every --json --progress json",
            ),
            (&PLACES[..], "info blinky.dfu --every"),
            (&PLACES[..1], "flash blinky.dfu --every -v"),
            (&PLACES[..1], "flash blinky.dfu --every --dry-run"),
            (&PLACES[..1], "info blinky.dfu --every --json"),
            (
                &PLACES[..1],
                "erase --all --every -q --json --progress json",
            ),
        ] {
            assert_harmless(&run_on(strings, places, command));
        }
        // On one board each: these commands are for one.
        let [first, ..] = strings else { continue };
        for command in [
            "serial",
            "serial --json",
            "unprotect",
            "flash blinky.dfu -vv",
        ] {
            assert_harmless(&run_on(std::slice::from_ref(first), &PLACES[..1], command));
        }
    }
}

#[test]
fn in_json_every_string_is_what_the_device_says() {
    for strings in strings().chunks(80) {
        let boards = run_on(strings, &PLACES, "list --json").boards(0);
        for (board, string) in boards.iter().zip(strings) {
            assert_eq!(board["serial"], *string);
            assert_eq!(board["product"], *string);
            let layout = board["memories"][0]["layout"].as_str().expect("a string");
            assert!(layout.contains(string.as_str()), "{layout:?}");
        }
    }
}

/// So that what is looked for is found.
#[test]
fn these_strings_bite() {
    assert!(BITE.chars().filter(|bite| bites(*bite)).count() > 10);
    let in_json = stdfu("--sim")
        .arg(format!("f405,serial={BITE}"))
        .args("serial --json")
        .run();
    assert_eq!(in_json.document(0)["serial"], BITE);
}

const SHOWN: &str = "A\\u{1b}[2J\\u{9b}31m\\u{7}\\nerror: done\\r\\u{8}\\u{202e}gnp\\u{200b}\\u{2066}\\u{feff}\\u{2028}\
                     \\u{e0041}\\u{7f}Z";

#[test]
fn a_serial_number_is_one_line_and_is_found_as_it_is_shown() {
    let board = format!("f405,serial={BITE}");
    let run = |arguments: &str| {
        let command = stdfu("--sim l476 --sim").arg(&board).args(arguments);
        command.arg("--serial").arg(SHOWN).run()
    };
    run("serial").answers(&format!("{SHOWN}\n"));
    let listed = run("list");
    assert!(
        listed
            .stdout
            .starts_with(&format!("{SHOWN}   STM32  BOOTLOADER\n")),
        "{listed:?}"
    );
    assert_eq!(run("flash blinky.dfu").exit, 0);
}

/// Also of a device that isn't used: one that speaks another protocol, or was not asked for.
#[test]
fn what_is_left_out_is_shown_and_not_obeyed() {
    for (name, command) in [
        ("f405", "list --path 1-1"),
        ("f405", "list --serial NOSUCH"),
        ("f405", "serial --serial NOSUCH"),
        ("f405", "serial --id 1234:5678"),
        ("f405,quirk=application", "list"),
        ("f405,quirk=application", "serial --path 1-2"),
        ("zephyr", "list"),
        ("dapboot", "list -v"),
        ("dapboot", "serial --path 1-2"),
        ("atmega32u4", "list"),
    ] {
        for json in ["", "--json", "--progress json"] {
            let mut run = stdfu("--sim l476").args(json).arg("--sim");
            run = run.arg(format!(
                "{name},serial={BITE},string=2:{BITE},string=4:{BITE}"
            ));
            assert_harmless(&run.args(command).run());
        }
    }
}

#[test]
fn what_mboot_says_of_an_error_is_shown_and_not_obeyed() {
    let run = |json: &str| {
        stdfu(json)
            .arg("--sim")
            .arg(format!("mboot,quirk=read-protected,string=32:{BITE}"))
            .args("flash blinky.dfu --color always")
            .run()
    };
    assert_harmless(&run(""));
    assert!(
        run("").stderr.contains("and says \"A\\u{1b}[2J"),
        "{:?}",
        run("")
    );
    assert_harmless(&run("--json --progress json -vv"));
}

/// A command with a name or a value that bites, which has to be refused or taken, and shown.
#[track_caller]
fn check(command: Stdfu, shown: &str) {
    let run = command.run();
    assert_harmless(&run);
    let said = run.stdout.clone() + &run.stderr;
    assert!(said.contains(shown), "{shown:?} is not in {run:?}");
}

#[test]
fn what_is_typed_is_repeated_harmlessly() {
    for options in ["", "--color always", "--json", "--progress json"] {
        for (before, after) in [
            ("", ""),
            ("list --sim", ""),
            ("list --", ""),
            ("list --id", ""),
            ("list --wait=", ""),
            ("list --color", ""),
            ("--sim f405 list --serial", ""),
            ("--sim f405 list --path", ""),
            ("--sim f405 flash blinky.dfu --alt", ""),
            ("--sim f405 flash blinky.bin --address", ""),
            ("--sim f405 erase", ""),
            ("man", ""),
            ("sim f405 --listen", ""),
            ("sim f405 --listen", ":1"),
            ("convert blinky.bin --address 0 -o", ""),
            ("convert --alt", ""),
            ("list --sim f405,", ""),
            ("list --sim f405,quirk=", ""),
            ("list --sim f405,fault=", ""),
            ("list --sim f405,timing=", ""),
            ("list --sim f405,flash=/", "/"),
        ] {
            let (words, last) = match before.ends_with(['=', ',', '/', '-']) {
                true => before.rsplit_once(' ').unwrap_or(("", before)),
                false => (before, ""),
            };
            let argument = format!("{last}{BITE}{after}");
            check(stdfu(options).args(words).arg(argument), "\\");
        }
        assert_harmless(&stdfu(options).args("-D").arg(BITE).run());
    }
}

#[test]
fn what_the_environment_says_is_repeated_harmlessly() {
    for (name, value) in [
        ("STDFU_SERIAL", BITE.to_owned()),
        ("STDFU_PATH", BITE.to_owned()),
        ("STDFU_SIM", BITE.to_owned()),
        ("STDFU_SIM", format!("f405,quirk={BITE}")),
        ("STDFU_SIM", format!("f405,flash=/{BITE}/")),
    ] {
        for options in ["", "--json", "--progress json"] {
            let sim = if name == "STDFU_SIM" {
                ""
            } else {
                "--sim f405"
            };
            let command = stdfu(sim).args(options).arg("list").env(name, &value);
            check(command, "\\");
        }
    }
}

/// The names that a file can have here: any character, and on Unix any byte.
fn names() -> Vec<OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let any = BITE.replace('/', "");
        vec![
            OsString::from(any + ".bin"),
            OsStr::from_bytes(b"A\xff\x9b31m\n.bin").to_owned(),
        ]
    }
    #[cfg(not(unix))]
    vec![OsString::from("A\u{202e}\u{9b}31m.bin")]
}

#[test]
fn a_files_name_is_shown_and_not_obeyed() {
    let directory = TempDir::new().expect("a temporary directory");
    for name in names() {
        let path = directory.path().join(&name);
        fs::write(&path, sample("blinky.bin")).expect("a new file");
        let command = |before: &str, path: &Path, after: &str| {
            stdfu("--color always --sim f405")
                .args(before)
                .arg(path)
                .args(after)
        };
        for json in ["", "--json", "--json --progress json"] {
            let check = |before: &str, path: &Path, after: &str| {
                let command = command(before, path, after).args(json);
                check(command, "A");
            };
            check("info", &path, "");
            check("info", &path.with_extension("no"), "");
            check("flash", &path, "");
            check("flash", &path.with_extension("no"), "");
            check("convert blinky.bin --address 0 -o", &path, "");
            check("convert blinky.bin --address 0 --force -o", &path, "");
            check(
                "convert blinky.bin --address 0 -o",
                &path.with_extension("no"),
                "",
            );
            check("read --force", &path, "0x08000000+16");
            check("read", &path, "0x08000000+16");
        }
    }
}

/// A path that is no Unicode can't be in a document, and must not end the work.
#[cfg(unix)]
#[test]
fn a_file_whose_name_is_no_unicode_is_written_and_told() {
    use std::os::unix::ffi::OsStrExt;
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join(OsStr::from_bytes(b"\xff.bin"));
    let read = stdfu("--json --sim f405 read")
        .arg(&path)
        .arg("0x08000000+16")
        .run();
    let name = read.boards(0)[0]["output"].clone();
    assert!(
        name.as_str()
            .is_some_and(|name| name.ends_with("\u{FFFD}.bin")),
        "{name}"
    );
    assert_eq!(fs::read(&path).expect("it is there").len(), 16);
    let convert = stdfu("--json convert blinky.hex --force -o")
        .arg(&path)
        .run();
    assert_eq!(convert.document(0)["output"], name);
}

/// The only target begins at 11, behind a prefix of 11 bytes (UM0391 §2): signature,
/// alternate setting, whether it has a name, the name. What has a control character is taken for no name.
fn named(name: &str) -> Vec<u8> {
    let mut file = sample("blinky.dfu");
    file[18] = 1;
    let field = &mut file[22..22 + 255];
    field.fill(0);
    field[..name.len()].copy_from_slice(name.as_bytes());
    let length = file.len() - 4;
    let crc = !crc32fast::hash(&file[..length]);
    file[length..].copy_from_slice(&crc.to_le_bytes());
    file
}

#[test]
fn the_name_of_a_files_target_is_shown_and_not_obeyed() {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("named.dfu");
    let name = BITE.replace(char::is_control, "");
    fs::write(&path, named(&name)).expect("a new file");
    for arguments in [
        "info",
        "info --json",
        "--sim f405 info",
        "--sim f405 flash -v",
    ] {
        let run = stdfu("--color always").args(arguments).arg(&path).run();
        assert_eq!(run.exit, 0, "{run:?}");
        assert_harmless(&run);
    }
    let document = stdfu("info --json").arg(&path).run().document(0);
    let found: &Value = &document["files"][0]["targets"][0]["name"];
    assert_eq!(*found, name);
}

/// Bars go to the terminal by themselves, and so does a question.
#[cfg(target_os = "linux")]
#[test]
fn neither_bars_nor_questions_let_a_string_through() {
    use crate::firmware::Firmware;
    use crate::terminal::terminal;
    let file = Firmware::raw(100_000);
    let boards = format!("f405,serial={BITE};l476;f405,quirk=read-protected,serial={BITE}");
    let flash = format!("--every flash {} --address 0x08000000", file.path());
    for (arguments, typed) in [
        (flash.as_str(), None),
        ("--path 1-3 unprotect", Some(("Type yes", &b"yes\n"[..]))),
    ] {
        let Some(screen) = terminal(arguments, &[("STDFU_SIM", &boards)], typed) else {
            return;
        };
        // Those of indicatif are known to whoever draws the screen; others would have ended the test by now.
        assert!(
            !screen
                .text
                .chars()
                .any(|shown| shown != '\n' && bites(shown)),
            "{}",
            screen.sent
        );
        assert!(screen.text.contains("A\\u{1b}[2J"), "{}", screen.text);
        assert!(
            !screen.sent.contains(['\u{9b}', '\u{7}', '\u{202e}']),
            "{:?}",
            screen.sent
        );
    }
}

//! What published programs look for in dfu-util's output, each pattern as it stands in the source that is named beside it.

use regex_lite::Regex;

use super::call::{self, Image};
use super::tool::Tool;
use crate::run::{FlashFile, Run};

const ALL: &str = "f405;uboot;zephyr;ubertooth,quirk=application";

fn run(arguments: &str, boards: &str) -> Run {
    Tool::new().run("dfu-util", arguments, boards)
}

fn list(boards: &str) -> Vec<String> {
    let run = run("-l", boards);
    assert_eq!(run.exit, 0, "{run:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

/// The output of a good flash, and how it went.
fn flash(board: &str, options: &str, image: &Image) -> Run {
    let (tool, flash) = (Tool::new(), FlashFile::full(call::flash_size(board)));
    tool.file("app.bin", &image.file());
    let run = tool.run(
        "dfu-util",
        &format!("{options} -D app.bin"),
        &flash.board(board),
    );
    assert_eq!(run.exit, 0, "{run:?}");
    run
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// What a pattern's groups capture in each line that it matches.
fn captured<'a>(lines: &'a [String], pattern: &str) -> Vec<Vec<&'a str>> {
    let regex = regex(pattern);
    let matches = lines.iter().filter_map(|line| regex.captures(line));
    let groups = |found: regex_lite::Captures<'a>| {
        let groups = found.iter().skip(1).flatten();
        groups.map(|group| group.as_str()).collect()
    };
    matches.map(groups).collect()
}

/// `openmv/qt-creator: src/plugins/openmv/tools/dfu-util.cpp`, getDevices.
#[test]
fn openmv_ide_finds_ids_and_serial_of_each_board_once() {
    let lines = list(ALL);
    let pattern = r#"Found DFU: \[([A-Fa-f0-9:]+)\].+?alt=0.+?serial="(.+?)""#;
    let expected = [
        ["0483:df11", "336133663433"],
        ["0451:d022", "0123456789ABCDEF"],
        ["2fe3:ffff", "3539361234567890"],
    ];
    assert_eq!(captured(&lines, pattern), expected);
}

/// `jumpstarter-dev/jumpstarter: jumpstarter_driver_dfu/driver.py`, _FOUND_RE and _KV_RE.
#[test]
fn jumpstarter_finds_every_field() {
    let lines = list("uboot;ubertooth,quirk=application");
    let found = captured(
        &lines,
        r"Found\s+(DFU|Runtime):\s*\[([0-9a-fA-F]{4}):([0-9a-fA-F]{4})\](.*)$",
    );
    let heads: Vec<_> = found.iter().map(|groups| &groups[..3]).collect();
    let (dfu, runtime) = (["DFU", "0451", "d022"], ["Runtime", "1d50", "6002"]);
    assert_eq!(heads, [dfu, dfu, dfu, runtime]);
    let fields = regex(r#"(\w+)=(?:"([^"]*)"|(\S+?))(?:,|\s|$)"#);
    let fields: Vec<(&str, &str)> = fields
        .captures_iter(found[0][3])
        .map(|groups| {
            let value = groups.get(2).or(groups.get(3)).expect("a value");
            (groups.get(1).expect("a key").as_str(), value.as_str())
        })
        .collect();
    let expected = [
        ("ver", "0224"),
        ("devnum", "2"),
        ("cfg", "1"),
        ("intf", "0"),
        ("path", "1-1"),
        ("alt", "2"),
        ("name", "rootfs"),
        ("serial", "0123456789ABCDEF"),
    ];
    assert_eq!(fields, expected);
}

/// `zephyrproject-rtos/zephyr: scripts/west_commands/runners/dfu.py`, find_device: with the ids of the board alone, in all
/// of the output.
#[test]
fn west_finds_a_memory_by_number_and_by_name_and_none_of_another_board() {
    let zephyr = run("-d,2fe3:ffff -l", ALL);
    assert_eq!(zephyr.exit, 0, "{zephyr:?}");
    for pattern in [r", alt=1,", r#", name="image_1","#] {
        assert!(
            zephyr.stdout.contains(pattern),
            "{pattern:?} is not in {zephyr:#?}"
        );
    }
    for other in ["alt=2,", "u-boot", "Internal Flash"] {
        assert!(!zephyr.stdout.contains(other), "{other:?}: {zephyr:#?}");
    }
    let none = run("-d,8087:0aba -l", ALL);
    assert_eq!(none.exit, 0, "{none:?}");
    assert!(!none.stdout.contains(", alt="), "{none:#?}");
}

/// `particle-iot/particle-cli: src/lib/dfu.js`, _dfuIdsFromDfuOutput: from the first bracket to the last one of a line.
#[test]
fn particle_cli_finds_ids_between_brackets() {
    let lines = list("f405;uboot;zephyr");
    let found: Vec<String> = lines
        .into_iter()
        .filter(|line| line.contains("Found DFU"))
        .collect();
    let ids = captured(&found, r"\[(.*:.*)\]");
    assert_eq!(ids.len(), 4 + 3 + 2);
    for groups in ids {
        assert!(["0483:df11", "0451:d022", "2fe3:ffff"].contains(&groups[0]));
    }
}

/// A flasher for the tinySA: `inspectStm32DfuDevices`, `parseStm32DfuDevices`, `inspectInternalFlashDescriptor`.
#[test]
fn a_tinysa_flasher_finds_port_number_serial_and_main_flash() {
    let lines: Vec<String> = list(ALL)
        .into_iter()
        .filter(|line| regex(r"(?i)Found DFU:\s*\[0483:df11\]").is_match(line))
        .collect();
    assert_eq!(
        captured(&lines, r#"(?i)\bpath="([^"]+)""#),
        vec![["1-1"]; 4]
    );
    assert_eq!(captured(&lines, r"(?i)\bdevnum=(\d+)\b"), vec![["2"]; 4]);
    assert_eq!(
        captured(&lines, r#"(?i)\bserial="([^"]*)""#),
        vec![["336133663433"]; 4]
    );
    let main: Vec<String> = lines
        .into_iter()
        .filter(|line| {
            regex(r"alt=0\b").is_match(line)
                && regex(r#"(?i)name="@Internal Flash\b"#).is_match(line)
        })
        .collect();
    let layout = r#"(?i)name="@Internal Flash\s+/0x([0-9a-f]+)/([^"]+)""#;
    assert_eq!(
        captured(&main, layout),
        [["08000000", "04*016Kg,01*064Kg,07*128Kg"]]
    );
}

/// Shell scripts cut the serial number out of a line that ends with it (`sed -nr 's/.*serial="([^"]*)"/\1/p'`), count the
/// lines that begin with "Found DFU" (QMK: `platforms/chibios/flash.mk`), or look for a layout's address.
#[test]
fn shell_scripts_find_lines_that_begin_with_found_dfu_and_end_with_the_serial() {
    let lines = list(ALL);
    let found = lines.iter().filter(|line| line.starts_with("Found DFU: ["));
    assert_eq!(found.count(), 4 + 3 + 2);
    let serials = captured(&lines, r#"@Internal Flash.*serial="([^"]*)"$"#);
    assert_eq!(serials, [["336133663433"]]);
    let address = lines.iter().filter(|line| line.contains("0x08000000"));
    assert_eq!(address.count(), 1);
}

/// QMK's doctor takes the second word of the first line (`qmk/qmk_firmware: lib/python/qmk/cli/doctor/check.py`),
/// Meadow.CLI a first line of exactly two words (`WildernessLabs/Meadow.CLI: DfuUtils.cs`), the Digit 360's updater
/// whatever follows the name, as a number (`facebookresearch/digit360`).
#[test]
fn the_first_line_is_the_name_and_the_version_and_nothing_else() {
    for arguments in ["-V", "--version", "-l"] {
        let run = run(arguments, "f405");
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(run.stdout.lines().next(), Some("dfu-util 0.11"), "{run:?}");
    }
    let first_words = captured(
        &list("f405"),
        r"^dfu-util\s+(\S+)$", // The tinySA flasher's, on the first line that begins so.
    )
    .concat()
    .join(" ");
    assert_eq!(first_words, "0.11");
}

/// `openmv/qt-creator: src/plugins/openmv/tools/dfu-util.cpp`, downloadFirmware, on pieces between line ends of either
/// kind that begin with Erase, Download or Upload; and the tinySA flasher's parseDfuTransferProgress.
#[test]
fn progress_has_the_shape_that_is_looked_for_and_ends_with_all_of_the_file() {
    let run = flash(
        "f405",
        "-a 0 -s 0x08000000:leave",
        &Image::Linked(0x0800_0000),
    );
    let pieces: Vec<String> = run
        .stdout
        .split(['\r', '\n'])
        .filter(|piece| {
            ["Erase", "Download"]
                .iter()
                .any(|word| piece.starts_with(word))
        })
        .map(str::to_owned)
        .collect();
    let openmv = captured(&pieces, r"(\w+)\s+\[=*\s*\]\s+(\d+)%\s+(\d+)\s+bytes");
    for word in ["Erase", "Download"] {
        let last = openmv.iter().rfind(|groups| groups[0] == word);
        assert_eq!(last, Some(&vec![word, "100", "5000"]), "{run:#?}");
    }
    let tinysa = regex(r"(?im)(?:^|[\r\n])(Erase|Download)\s+\[[^\]]*\]\s+(\d{1,3})%");
    let last = tinysa.captures_iter(&run.stdout).last().expect("progress");
    assert_eq!((&last[1], &last[2]), ("Download", "100"));
}

/// particle-cli (`src/lib/dfu.js`) takes this line for success whatever the exit code; the tinySA flasher wants it, or
/// "Download done.".
#[test]
fn file_downloaded_successfully_is_a_line_of_its_own_and_only_after_a_good_flash() {
    let image = Image::Linked(0x0800_0000);
    let good = flash("f405", "-a 0 -s 0x08000000", &image);
    assert!(
        good.stdout
            .lines()
            .any(|line| line == "File downloaded successfully")
    );
    let (tool, board) = (Tool::new(), "f405,quirk=flipped-bit=0x08000100");
    tool.file("app.bin", &image.file());
    let bad = tool.run("dfu-util", "-a 0 -s 0x08000000 -D app.bin", board);
    assert_eq!(bad.exit, 74, "{bad:?}");
    assert!(!bad.stdout.contains("successfully"), "{bad:#?}");
}

/// `Linaro/lava: lava_dispatcher/actions/boot/dfu.py`: without these two lines, one directly after the other, the job has
/// failed.
#[test]
fn lava_finds_no_error_condition_and_done() {
    for options in ["-a u-boot.env.raw", "-a u-boot.env.raw --reset"] {
        let run = flash("uboot", options, &Image::Raw);
        let wanted = "No error condition is present\nDone!\n";
        assert!(run.stdout.contains(wanted), "{run:#?}");
    }
}

/// `stm32duino/Arduino_Tools: maple_upload.sh` tries again after 74, and only then.
#[test]
fn arduino_tries_again_as_long_as_there_is_no_device() {
    let tool = Tool::new();
    tool.file("Blink.ino.bin", &call::raw());
    let run = tool.run(
        "dfu-util",
        "-d 1EAF:0003 -a 2 -D Blink.ino.bin -R",
        "ubertooth",
    );
    assert_eq!(run.exit, 74, "{run:?}");
    assert!(
        run.stderr.contains("No DFU capable USB device available"),
        "{run:#?}"
    );
}

/// particle-cli (`src/lib/dfu.js`, on stderr) and OpenMV IDE (`tools/dfu-util.cpp`) tell from it that a permission is
/// missing.
#[test]
fn a_device_that_cannot_be_opened_is_told_by_its_ids() {
    let run = run("-l", "f405,quirk=no-access");
    assert_eq!(run.exit, 0, "{run:?}");
    let lines: Vec<String> = run.stderr.lines().map(str::to_owned).collect();
    let ids = captured(&lines, r"Cannot open DFU device ([A-Fa-f0-9:]+)");
    assert_eq!(ids, [["0483:df11"]], "{run:#?}");
}

//! The options of dfu-util 0.11, and what each is here.

use super::Spec;

/// An option of dfu-util.
pub struct Row {
    /// How it is written.
    pub spec: Spec,
    /// What its value is called; empty where it takes none.
    pub value: &'static str,
    /// What it is for, a line each.
    pub help: &'static [&'static str],
    /// What does the same in a command line of ours.
    pub here: &'static str,
}

const fn row(
    letter: char,
    words: &'static [&'static str],
    value: &'static str,
    help: &'static [&'static str],
    here: &'static str,
) -> Row {
    Row {
        spec: match value.is_empty() {
            true => Spec::flag(letter, words),
            false => Spec::with_value(letter, words),
        },
        value,
        help,
        here,
    }
}

/// What stdfu does without being told.
const BY_ITSELF: &str = "stdfu finds that out by itself: leave it out";

/// All of them, in the order of its help. `--wait` takes no value, as its manual says; 0.11 swallows the next argument.
pub const OPTIONS: [Row; 20] = [
    row(
        'h',
        &["help"],
        "",
        &["Show this help"],
        "`stdfu --help` shows the commands",
    ),
    row(
        'V',
        &["version"],
        "",
        &["Show the version"],
        "`stdfu --version` shows the version",
    ),
    row(
        'v',
        &["verbose"],
        "",
        &["Say more; three times: show every USB request"],
        "-v says what is decided, -vv shows every USB request",
    ),
    row(
        'l',
        &["list"],
        "",
        &["List the DFU interfaces there are"],
        "`stdfu list` shows the boards",
    ),
    row(
        'e',
        &["detach"],
        "",
        &["Ask a running application to enter DFU mode, and end"],
        "`stdfu detach` asks an application to enter DFU mode",
    ),
    row(
        'E',
        &["detach-delay"],
        "SECONDS",
        &[
            "How long a device may take to enter DFU mode,",
            "if that is more than 10 seconds",
        ],
        BY_ITSELF,
    ),
    row(
        'd',
        &["device"],
        "VID:PID[,VID:PID]",
        &[
            "The ids of the device: in its application, and in",
            "DFU mode; * is any, - is none. One pair alone leaves",
            "all that are in DFU mode: write ,VID:PID",
        ],
        "--id chooses a board, as in --id 0483:df11",
    ),
    row(
        'n',
        &["devnum"],
        "NUMBER",
        &["The device's number, as -l shows it"],
        "--path chooses a board, as `stdfu list` shows it",
    ),
    row(
        'p',
        &["path"],
        "BUS-PORT[.PORT]",
        &["Where it is plugged in, as -l shows it"],
        "--path chooses a board, as `stdfu list` shows it",
    ),
    row(
        'c',
        &["configuration", "cfg"],
        "NUMBER",
        &["The number of its configuration"],
        BY_ITSELF,
    ),
    row(
        'i',
        &["interface", "intf"],
        "NUMBER",
        &["The number of its DFU interface"],
        BY_ITSELF,
    ),
    row(
        'S',
        &["serial"],
        "SERIAL[,SERIAL]",
        &["Its serial number: in the application, in DFU mode"],
        "--serial chooses a board",
    ),
    row(
        'a',
        &["altsetting", "alt"],
        "ALT",
        &["The memory, by number or by all of its name"],
        "--alt N chooses the memory; without it, the addresses do",
    ),
    row(
        't',
        &["transfer-size"],
        "BYTES",
        &["Send blocks of this size, if the device takes them"],
        BY_ITSELF,
    ),
    row(
        'U',
        &["upload"],
        "FILE",
        &["Read from the device into a new file"],
        "`stdfu read FILE` reads flash into a file",
    ),
    row(
        'Z',
        &["upload-size"],
        "BYTES",
        &["How much is expected of that"],
        BY_ITSELF,
    ),
    row(
        'D',
        &["download"],
        "FILE",
        &["Write a file to the device; - is stdin"],
        "`stdfu flash FILE` writes a file to the board",
    ),
    row(
        'R',
        &["reset"],
        "",
        &["Reset the device at the end"],
        "`stdfu flash` starts the application by itself; `stdfu leave` only starts it",
    ),
    row(
        'w',
        &["wait"],
        "",
        &["Wait for the device to appear"],
        "--wait waits for the board",
    ),
    row(
        's',
        &["dfuse-address"],
        "ADDRESS[:…]",
        &[
            "On DfuSe devices: where a raw file belongs, or where",
            "to read. Then, or in its place, after colons:",
            "  LENGTH      bytes to read",
            "  leave       start the application",
            "  mass-erase  erase all of the memory (needs force)",
            "  unprotect   lift read protection, which erases",
            "              the whole chip (needs force)",
            "  will-reset  the device resets by itself",
            "  force       do it though stdfu advises against it",
        ],
        "--address says where a raw binary belongs",
    ),
];

/// The help, as dfu-util gives it: on stderr, an option a line.
pub fn help() -> String {
    let mut help = "Usage: dfu-util [options] ...\n".to_owned();
    for row in &OPTIONS {
        let word = row.spec.words.last().unwrap_or(&"");
        let option = format!("-{} --{word} {}", row.spec.letter, row.value);
        let mut left = option.trim_end();
        if left.len() > 24 {
            help += &format!("  {left}\n");
            left = "";
        }
        for line in row.help {
            help += &format!("  {left:<24}  {line}\n");
            left = "";
        }
    }
    help
}

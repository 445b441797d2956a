//! dfu-prefix: what it says, how it ends, and what becomes of the file.

use super::twice::Twice;

const HELP: &str = "\
Usage: dfu-prefix [options] -a FILE | -c FILE | -D FILE
  -a --add <file>        Add a prefix, which -s or -L says
  -c --check <file>      Show the prefix; with -T or -L, only one of that kind will do
  -D --delete <file>     Remove the prefix; with -T or -L, only one of that kind
  -s --stellaris-address <address>
                         TI's prefix, for Stellaris and Tiva: a multiple of 1024, below 64 MiB
  -T --stellaris         TI's prefix
  -L --lpc-prefix        NXP's prefix, for LPC
  -h --help              Show this help
  -V --version           Show the version
";

/// What is said of a file without a suffix, which needs none.
const NO_SUFFIX: &str = "dfu-prefix: Warning: Invalid DFU suffix signature\n";

const FIRMWARE: [u8; 520] = [0xA5; 520];
const LPC: [u8; 16] = [0x1A, 0x3F, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255];
const STELLARIS: [u8; 8] = [1, 0, 0x21, 0, 8, 2, 0, 0];

fn with_firmware() -> Twice {
    let twice = Twice::new("dfu-prefix");
    twice.put("fw.bin", &FIRMWARE);
    twice
}

#[test]
fn a_prefix_is_added_shown_and_removed() {
    for (add, prefix, kind, shown) in [
        (
            "-s 0x8400",
            &STELLARIS[..],
            "-T",
            "TI Stellaris DFU prefix with the following properties:\nAddress:\t0x00008400",
        ),
        (
            "-L",
            &LPC[..],
            "-L",
            "NXP unencrypted LPC DFU prefix with the following properties:\nSize:\t    1 kiB",
        ),
    ] {
        let twice = with_firmware();
        twice.says(
            &format!("{add} -a fw.bin"),
            0,
            "Adding prefix to file\n",
            NO_SUFFIX,
        );
        assert_eq!(twice.read("fw.bin"), [prefix, &FIRMWARE].concat());
        let shown = format!("The file fw.bin contains a {shown}\n");
        twice.says("-c fw.bin", 0, &shown, NO_SUFFIX);
        twice.says(&format!("{kind} -c fw.bin"), 0, &shown, NO_SUFFIX);
        twice.says(
            &format!("-D fw.bin {kind}"),
            0,
            "Removing prefix from file\n",
            NO_SUFFIX,
        );
        assert_eq!(twice.read("fw.bin"), FIRMWARE);
        assert_eq!(twice.names(), ["fw.bin"]);
    }
}

#[test]
fn options_are_taken_in_every_form_and_order() {
    let check = |options: &str, prefix: &[u8]| {
        let twice = with_firmware();
        twice.says(options, 0, "Adding prefix to file\n", NO_SUFFIX);
        let expected = [prefix, &FIRMWARE].concat();
        assert_eq!(twice.read("fw.bin"), expected, "{options}");
    };
    for options in [
        "-La fw.bin",
        "--add fw.bin --LPC",
        "--lpc-prefix -afw.bin",
        "--ad=fw.bin --lpc",
        "-T -L -a fw.bin",
    ] {
        check(options, &LPC);
    }
    for options in [
        "-s0x8400 -afw.bin",
        "-s 33792 --add fw.bin",
        "--stellaris-address=0102000 -a fw.bin",
        "-a fw.bin --stellaris-a 0X8400 -T",
        "-L -s 0x8400 -a fw.bin",
    ] {
        check(options, &STELLARIS);
    }
    check("-T -a fw.bin", &[1, 0, 0, 0, 8, 2, 0, 0]);
}

#[test]
fn a_suffix_stays_right() {
    let twice = with_firmware();
    let suffix = Twice::new("dfu-suffix");
    suffix.put("fw.bin", &FIRMWARE);
    suffix.says(
        "-v 1fc9 -p c -a fw.bin",
        0,
        "Suffix successfully added to file\n",
        "",
    );
    let before = suffix.read("fw.bin");
    twice.put("fw.bin", &before);
    twice.says("-L -a fw.bin", 0, "Adding prefix to file\n", "");
    let with_prefix = twice.read("fw.bin");
    twice.says(
        "-c fw.bin",
        0,
        "The file fw.bin contains a NXP unencrypted LPC DFU prefix with the following properties:
Size:\t    1 kiB
The file fw.bin contains a DFU suffix with the following properties:
BCD device:\t0xFFFF
Product ID:\t0x000C
Vendor ID:\t0x1FC9
BCD DFU:\t0x0100
Length:\t\t16
CRC:\t\t0x0ED4DD6A
",
        "",
    );
    assert_eq!(with_prefix.len(), before.len() + LPC.len());
    twice.says("-D fw.bin", 0, "Removing prefix from file\n", "");
    assert_eq!(twice.read("fw.bin"), before);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_64() {
    let twice = with_firmware();
    let check = |options: &str, stderr: &str| twice.says(options, 64, "", stderr);
    check("", &format!("You need to specify a filename\n{HELP}"));
    check(
        "-p 1 -c fw.bin",
        &format!("dfu-prefix: there is no option -p\n{HELP}"),
    );
    check("-a fw.bin", "dfu-prefix: Prefix type must be specified\n");
    for address in ["zz", "8K", "-1", "08"] {
        let stderr = format!("dfu-prefix: Invalid lmdfu address: {address}\n");
        check(&format!("-s {address} -a fw.bin"), &stderr);
    }
    check(
        "-s 0x04000000 -a fw.bin",
        "dfu-prefix: Invalid lmdfu address: 0x04000000: the prefix has no room for one of 64 MiB or more\n",
    );
    twice.says("-h", 0, "", HELP);
    twice.says("-V", 0, "", "");
    assert_eq!(twice.read("fw.bin"), FIRMWARE);
}

/// As dfu-prefix's own manual page has it in an example: the address doesn't get into the prefix.
#[test]
fn an_address_that_loses_something_is_told() {
    let twice = with_firmware();
    let stderr = format!(
        "dfu-prefix: Warning: the prefix counts in units of 1024 bytes: 0x8500 becomes 0x00008400\n{NO_SUFFIX}"
    );
    twice.says("-s 0x8500 -a fw.bin", 0, "Adding prefix to file\n", &stderr);
    assert_eq!(twice.read("fw.bin")[..8], STELLARIS);
}

#[test]
fn a_prefix_that_is_missing_or_another_one_ends_with_65() {
    let twice = with_firmware();
    let check = |options: &str, stdout: &str, reason: &str| {
        let stderr = format!("{NO_SUFFIX}dfu-prefix: {reason}\n");
        twice.says(options, 65, stdout, &stderr);
    };
    twice.says("-c fw.bin", 0, "", NO_SUFFIX);
    check("-T -c fw.bin", "", "No prefix of requested type");
    check("-D fw.bin", "", "Valid DFU prefix needed");
    let before = [&LPC[..], &FIRMWARE].concat();
    twice.put("fw.bin", &before);
    let shown = "The file fw.bin contains a NXP unencrypted LPC DFU prefix with the following properties:\n\
                 Size:\t    1 kiB\n";
    check("-T -c fw.bin", shown, "No prefix of requested type");
    check("-T -D fw.bin", "", "No prefix of requested type");
    check(
        "-s 0 -a fw.bin",
        "",
        "A prefix already exists, please delete it first",
    );
    assert_eq!(twice.read("fw.bin"), before);
}

#[test]
fn a_damaged_suffix_is_refused_with_65() {
    let twice = with_firmware();
    let damaged = [
        &LPC[..],
        &FIRMWARE,
        b"\xFF\xFF\xFF\xFF\xFF\xFF\0\x01UFD\x10....",
    ]
    .concat();
    twice.put("fw.bin", &damaged);
    let stderr = "dfu-prefix: DFU suffix CRC does not match\ndfu-prefix: Valid DFU suffix needed\ndfu-prefix: The file is \
                  damaged, or was changed after it got its suffix: make it anew\n";
    for options in ["-c fw.bin", "-L -a fw.bin", "-D fw.bin"] {
        twice.says(options, 65, "", stderr);
    }
    assert_eq!(twice.read("fw.bin"), damaged);
}

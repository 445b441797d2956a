//! `stdfu convert --plain`: files for boards that speak plain DFU, and what `stdfu info` says of them.

use serde_json::json;

use super::{Directory, convert};
use crate::firmware::Firmware;
use crate::run::{sample, stdfu};

/// Asserts what `stdfu info` says of a file.
#[track_caller]
fn info_says(path: &str, lines: &str) {
    stdfu("info")
        .arg(path)
        .run()
        .answers(&format!("{path}: a raw binary, {lines}"));
}

#[test]
fn the_bytes_of_a_file_get_a_suffix_and_nothing_else() {
    let directory = Directory::new();
    let path = directory.path("a.dfu");
    convert("--plain --id 0483:df11 blinky.bin", &path)
        .run()
        .answers(&format!(
            "{path}: 5123 bytes and a DFU suffix for 0483:df11\n"
        ));
    let written = directory.read("a.dfu");
    assert_eq!(written[..5123], sample("blinky.bin"));
    info_says(
        &path,
        "5139 bytes
  ids 0483:df11   release ffff   CRC 0xa985dc59, right
  at no address   5123 bytes   CRC-32 0xbd034318
",
    );
    // A suffix is replaced, and says of itself what isn't asked for.
    let path = directory.path("b.dfu");
    convert("--plain plain.dfu", &path).run().answers(&format!(
        "{path}: 5123 bytes and a DFU suffix for 0483:df11\n"
    ));
    assert_eq!(directory.read("b.dfu"), sample("plain.dfu"));
    let path = directory.path("c.dfu");
    convert("--plain blinky.bin", &path).run().answers(&format!(
        "{path}: 5123 bytes and a DFU suffix for any board\n"
    ));
}

#[test]
fn a_prefix_is_made_and_shown_where_a_board_wants_one() {
    let directory = Directory::new();
    let path = directory.path("lpc.dfu");
    convert("--plain --prefix lpc --id 1fc9:000c blinky.bin", &path)
        .run()
        .answers(&format!(
            "{path}: 5139 bytes and a DFU suffix for 1fc9:000c\n"
        ));
    let written = directory.read("lpc.dfu");
    assert_eq!(written[..4], [0x1A, 0x3F, 11, 0]);
    assert_eq!(written[16..][..5123], sample("blinky.bin"));
    info_says(
        &path,
        "5155 bytes
  ids 1fc9:000c   release ffff   CRC 0xc1734e20, right
  begins with a prefix for the ROM of NXP's LPC
  at no address   5139 bytes   CRC-32 0xe42a1fce
",
    );
    let path = directory.path("ti.dfu");
    convert("--plain --prefix stellaris=0x2000 blinky.bin", &path)
        .run()
        .answers(&format!(
            "{path}: 5131 bytes and a DFU suffix for any board\n"
        ));
    info_says(
        &path,
        "5147 bytes
  ids ffff:ffff   release ffff   CRC 0xbc74aeab, right
  begins with a prefix for TI's Stellaris, for address 0x00002000
  at no address   5131 bytes   CRC-32 0x63555aa2
",
    );
    let document = stdfu("info --json").arg(&path).run().document(0);
    let prefix = json!({"kind": "stellaris", "address": 0x2000});
    assert_eq!(document["files"][0]["prefix"], prefix);
}

/// U-Boot's memories take environments and file systems; but a format with addresses is seldom what is meant.
#[test]
fn nothing_is_decoded_or_refused_for_its_content() {
    let directory = Directory::new();
    let text = Firmware::of(b"bootcmd=run distro_bootcmd\0".to_vec(), "environment.txt");
    for (input, warning) in [
        (text.path(), ""),
        (
            "blinky.hex".to_owned(),
            "warning: The file is Intel HEX text, and is taken byte for byte.\n",
        ),
        ("blinky.hex.gz".to_owned(), ""),
    ] {
        let path = directory.path("a.dfu");
        let run = convert(&format!("--plain --force {input}"), &path).run();
        assert_eq!((run.exit, run.stderr.as_str()), (0, warning), "{input}");
        let written = directory.read("a.dfu");
        let given = match input == text.path() {
            true => text.bytes.clone(),
            false => sample(&input),
        };
        assert_eq!(written[..written.len() - 16], given, "{input}");
    }
    let path = directory.path("b.dfu");
    let document = convert("--plain --json blinky.hex", &path)
        .run()
        .document(0);
    assert_eq!(
        document,
        json!({
            "schema": 1, "output": path, "format": "bin", "size": 14465, "bytes": 14449,
            "sha256": "3ea5811923291ea4485e647c3706eb73d026773617dfa050a11bca5df917e4fc",
            "warnings": ["The file is Intel HEX text, and is taken byte for byte."],
        })
    );
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let directory = Directory::new();
    let check = |arguments: &str, exit: i32, stderr: &str| {
        convert(arguments, &directory.path("a.dfu"))
            .run()
            .says(exit, "", stderr);
    };
    check(
        "--plain blinky.dfu",
        7,
        "error: blinky.dfu: the file is a DfuSe file, and names addresses: a device that speaks plain DFU has none\n\
         hint: Use the .bin of the same build, or make one with `stdfu convert`.\n",
    );
    check(
        "--plain blinky.bin plain.dfu",
        2,
        "error: --plain takes the bytes of one file\n",
    );
    check(
        "--plain --prefix stellaris=0x2001 blinky.bin",
        2,
        "error: blinky.bin: no prefix before 5123 bytes can be for TI's Stellaris, for address 0x00002001\n\
         hint: The address is a multiple of 1K, and below 64M.\n",
    );
    let mut bytes = sample("plain.dfu");
    bytes[0] ^= 1;
    let damaged = Firmware::of(bytes, "damaged.dfu");
    let run = convert(
        &format!("--plain {}", damaged.path()),
        &directory.path("a.dfu"),
    )
    .run();
    assert_eq!(run.exit, 6, "{run:?}");
    for arguments in [
        "--plain --to hex blinky.bin",
        "--plain --address 0x08000000 blinky.bin",
        "--plain --alt 0:blinky.bin",
        "--plain --prefix stellaris blinky.bin",
        "--prefix lpc blinky.bin",
    ] {
        let run = convert(arguments, &directory.path("a.dfu")).run();
        assert_eq!(run.exit, 2, "{arguments}: {run:?}");
    }
    let lpc = directory.path("lpc.dfu");
    let run = convert("--plain --prefix lpc blinky.bin", &lpc).run();
    assert_eq!(run.exit, 0, "{run:?}");
    check(
        &format!("--plain --prefix lpc {lpc}"),
        2,
        &format!("error: {lpc}: the file begins with a prefix already, for the ROM of NXP's LPC\n"),
    );
    directory.has(&["lpc.dfu"]);
}

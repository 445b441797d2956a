//! What scripts depend on, all in one place: names of commands, options, variables and JSON fields, exit codes, and how
//! ranges and numbers are written. What each of them does is asserted in full elsewhere.

use serde_json::Value;

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, sample, stdfu};

const F405: &str = "336133663433";
const L476: &str = "205834865852";

#[test]
fn commands() {
    for command in [
        "list",
        "serial",
        "flash FILE",
        "erase --all",
        "leave",
        "leave 0x08000000",
        "unprotect --yes",
        "detach",
        "info FILE",
        "info FILE FILE",
        "convert FILE -o -  --to hex",
        "convert FILE --output - --to hex",
        "completions bash",
        "completions zsh",
        "completions fish",
        "man",
        "udev",
    ] {
        let board = match command {
            "detach" => "f405,quirk=application",
            _ => "f405",
        };
        let arguments = command.replace("FILE", "blinky.dfu");
        let run = stdfu(&format!("--sim {board} {arguments}")).run();
        assert_eq!(run.exit, 0, "{command}: {run:?}");
    }
    let run = stdfu("sim f405 --listen 127.0.0.1:x").run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("'--listen <ADDR>'"), "{run:?}");
}

/// Asserts which sectors of an F405 are erased: of 16 KiB up to 0x08010000, of 64 KiB up to 0x08020000, then of 128 KiB.
#[track_caller]
fn erased(ranges: &str, sectors: u64, bytes: u64) {
    let board = &stdfu(&format!("--sim f405 --json erase {ranges}"))
        .run()
        .boards(0)[0];
    assert_eq!(board["erased_sectors"], sectors, "{ranges}");
    assert_eq!(board["verified_bytes"], bytes, "{ranges}");
}

#[test]
fn ranges_and_numbers() {
    erased("0x08000000+128K", 5, 128 << 10);
    erased("0x08000000..0x08020000", 5, 128 << 10);
    erased("0x08000000", 1, 16 << 10);
    erased("0x0801FFFF", 1, 64 << 10);
    erased("0x08000000..0x08004000 0x08020000", 2, 144 << 10);
    // Decimal, or hexadecimal in either case; _ anywhere; K and M.
    erased("134217728", 1, 16 << 10);
    erased("134_217_728+16384", 1, 16 << 10);
    erased("0X0800_0000+0x4000", 1, 16 << 10);
    erased("0x080E0000..0x08100000", 1, 128 << 10);
    erased("0x08000000+1M", 12, 1 << 20);
    erased("128M+16k", 1, 16 << 10);
    erased("0x8000000+0x10K", 1, 16 << 10);
    // What would cut a sector, and what is none.
    for (range, exit) in [
        ("0x08000000+1", 7),
        ("0x08000004..0x08004000", 7),
        ("0x08100000", 7),
        ("0x08000000+0", 2),
        ("0x08004000..0x08000000", 2),
        ("0x08000000..0x08000000", 2),
        ("0x08000000-0x08004000", 2),
        ("08000000h", 2),
        ("1G", 2),
        ("-1", 2),
    ] {
        let run = stdfu(&format!("--sim f405 erase {range}")).run();
        assert_eq!(run.exit, exit, "{range}: {run:?}");
    }
}

/// Asserts which boards of an F405 at 1-1, an L476 at 1-2 and a GD32VF103 at 1-3 are meant.
#[track_caller]
fn meant(environment: &[(&str, &str)], arguments: &str, exit: i32, serials: &[&str]) {
    let mut command = stdfu("--sim f405 --sim l476 --sim gd32vf103 -q --json leave");
    for (name, value) in environment {
        command = command.env(name, value);
    }
    let document = command.args(arguments).run().document(exit);
    let boards = document["boards"].as_array().cloned().unwrap_or_default();
    let found: Vec<&str> = boards
        .iter()
        .filter_map(|board| board["serial"].as_str())
        .collect();
    assert_eq!(found, serials, "{arguments}");
}

#[test]
fn which_board() {
    meant(&[], "", 4, &[]);
    meant(&[], "--every", 0, &[F405, L476, "3CBJ"]);
    meant(&[], "--every --count 3", 0, &[F405, L476, "3CBJ"]);
    meant(&[], "--every --count 4", 3, &[]);
    meant(&[], "--serial 3cbj", 0, &["3CBJ"]);
    meant(&[], "--serial 3CB", 3, &[]);
    meant(
        &[],
        &format!("--serial {F405} --serial {L476}"),
        0,
        &[F405, L476],
    );
    meant(&[], "--path 1-2", 0, &[L476]);
    meant(&[], "--path 1-2 --path 1-3", 0, &[L476, "3CBJ"]);
    meant(&[], "--path 1", 3, &[]);
    meant(&[], "--id 28e9:0189", 0, &["3CBJ"]);
    meant(&[], "--id 28E9:189", 0, &["3CBJ"]);
    meant(&[], "--id 0483:df11", 4, &[]);
    meant(&[], "--id 0483:df11 --every", 0, &[F405, L476]);
    meant(&[], "--id 1234:5678", 3, &[]);
    meant(&[], "--path 1-3 --wait", 0, &["3CBJ"]);
    meant(&[], "--path 1-3 --wait=5", 0, &["3CBJ"]);
    meant(&[], "--path 1-4 --wait=0.1", 3, &[]);
    meant(&[("STDFU_SERIAL", L476)], "", 0, &[L476]);
    meant(&[("STDFU_PATH", "1-3")], "", 0, &["3CBJ"]);
    meant(&[("STDFU_SERIAL", L476)], "--path 1-1", 0, &[F405]);
    meant(&[("STDFU_SIM", "f072")], "--path 1-1", 0, &[F405]);
    let run = stdfu("serial").env("STDFU_SIM", "l476").run();
    run.answers(&format!("{L476}\n"));
    let run = stdfu("serial --path 1-2")
        .env("STDFU_SIM", "f405;l476")
        .run();
    run.answers(&format!("{L476}\n"));
}

#[test]
fn which_memory() {
    // Without a choice, the one that has the addresses; else the first.
    for (arguments, alt) in [
        ("blinky.bin --address 0x08000000", 0),
        ("blinky.bin --address 0x08000000 --alt 0", 0),
        ("blinky.bin --address 0x08000000 --alt=0", 0),
        ("FILE --address 0x1FFFC000 --alt 1", 1),
    ] {
        let file = Firmware::raw(16);
        let arguments = arguments.replace("FILE", &file.path());
        let run = stdfu(&format!("--sim f405 --json flash --dry-run {arguments}")).run();
        assert_eq!(
            run.boards(0)[0]["plan"]["targets"][0]["alt"],
            alt,
            "{arguments}"
        );
    }
    for (name, exit) in [
        ("Internal Flash", 0),
        ("internal flash", 0),
        ("Flash", 7),
        ("9", 7),
    ] {
        let run = stdfu("--sim f405 flash blinky.dfu --alt").arg(name).run();
        assert_eq!(run.exit, exit, "{name}: {run:?}");
    }
    erased("--all --alt 0", 12, 1 << 20);
}

#[test]
fn output() {
    let run = |options: &str| stdfu(&format!("--sim f405 {options} flash blinky.dfu")).run();
    let lines = |text: &str| text.lines().count();
    let plain = run("");
    assert_eq!(lines(&plain.stdout), 1, "the summary: {plain:?}");
    for silent in ["-q", "--quiet"] {
        run(silent).answers("");
    }
    let json = run("--json");
    json.document(0);
    assert_eq!(
        json.stderr, plain.stderr,
        "progress goes where it always goes"
    );
    let verbose = run("-v");
    assert_eq!(verbose.stdout, plain.stdout);
    assert!(lines(&verbose.stderr) > lines(&plain.stderr));
    assert_eq!(run("--verbose").stderr, verbose.stderr);
    for transfers in ["-vv", "-v -v", "--verbose --verbose"] {
        let said = run(transfers).stderr;
        assert!(
            said.contains("GETSTATUS") && said.contains("DNLOAD"),
            "{said}"
        );
    }
    let refused = |options: &str, no_color: &str| {
        let command = stdfu(&format!("--sim f405 {options} serial --serial NOSUCH"));
        command
            .env("NO_COLOR", no_color)
            .run()
            .stderr
            .contains('\u{1b}')
    };
    for (options, no_color, colored) in [
        ("", "", false),
        ("--color auto", "", false),
        ("--color=always", "", true),
        ("--color always", "1", true),
        ("--color never", "", false),
    ] {
        assert_eq!(refused(options, no_color), colored, "{options} {no_color}");
    }
}

/// 130 is what an interrupt ends with, which takes another process to send it: see `exit.rs`.
#[test]
fn exit_codes() {
    for (exit, arguments) in [
        (0, "--sim f405 flash blinky.dfu"),
        (1, "--sim f405 flash no-such-file.dfu"),
        (2, "--sim f405 flash"),
        (2, "--sim f405 flash blinky.bin"),
        (2, "--sim f405 unprotect"),
        (3, "--sim f405 list --path 1-9"),
        (3, "--sim f405 detach"),
        (4, "--sim f405 --sim f072 flash blinky.dfu"),
        (5, "--sim f405,quirk=no-access flash blinky.dfu"),
        (5, "--sim f405,quirk=busy flash blinky.dfu"),
        (6, "--sim f405 flash flipped-bit.dfu"),
        (6, "--sim f405 flash blinky.bin --format dfu"),
        (6, "info cut-short.dfu"),
        (7, "--sim gd32vf103 flash blinky.dfu"),
        (7, "--sim f405 flash blinky.dfu --alt 1"),
        (7, "--sim f405 flash blinky.bin --address 0x20000000"),
        (7, "--sim f103 flash blinky.bin --address 0x08000000"),
        (8, "--sim f405,fault=unplug@20 flash blinky.dfu"),
        (8, "--sim f405,quirk=leave=stays leave"),
        (
            9,
            "--sim f405,quirk=flipped-bit=0x08000010 flash blinky.dfu",
        ),
        (10, "--sim f405,quirk=read-protected flash blinky.dfu"),
    ] {
        let run = stdfu(arguments).run();
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
        let run = stdfu(arguments).arg("--json").run();
        run.document(exit);
    }
    // That of the first board that failed.
    let run =
        stdfu("--sim f405 --sim gd32vf103 --sim f405,fault=unplug@20 --every flash blinky.dfu")
            .run();
    assert_eq!(run.exit, 7, "{run:?}");
}

/// A file is judged, and then held against the board, before anything is erased.
#[test]
fn what_can_not_be_flashed_leaves_the_board_alone() {
    for (exit, arguments) in [
        (6, "flipped-bit.dfu --mass-erase"),
        (7, "blinky.dfu --alt 1 --mass-erase"),
        (7, "blinky.bin --address 0x080FF000 --mass-erase"),
        (2, "blinky.bin --mass-erase"),
    ] {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args("flash")
            .args(arguments)
            .run();
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
        flash.is_untouched();
    }
}

/// Asserts that each of these is there, by its JSON pointer, and of this kind; `?` stands for: or null.
#[track_caller]
fn fields(document: &Value, expected: &[(&str, &str)]) {
    for (pointer, kind) in expected {
        let value = document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is not in {document}"));
        let is = match kind.trim_end_matches('?') {
            "text" => value.is_string(),
            "number" => value.is_u64(),
            "seconds" => value.is_f64(),
            "truth" => value.is_boolean(),
            "list" => value.is_array(),
            "null" => value.is_null(),
            other => panic!("{other}?"),
        };
        assert!(
            is || kind.ends_with('?') && value.is_null(),
            "{pointer}: {value} is no {kind}"
        );
    }
}

#[test]
fn json_fields() {
    let document = |arguments: &str, exit: i32| {
        let run: Run = stdfu(&format!("--json --sim f405 {arguments}")).run();
        run.document(exit)
    };
    fields(
        &document("list", 0),
        &[
            ("/schema", "number"),
            ("/boards/0/serial", "text?"),
            ("/boards/0/vendor_id", "number"),
            ("/boards/0/product_id", "number"),
            ("/boards/0/path", "text"),
            ("/boards/0/bus", "number"),
            ("/boards/0/device", "number"),
            ("/boards/0/product", "text"),
            ("/boards/0/transfer_size", "number"),
            ("/boards/0/memories/0/alt", "number"),
            ("/boards/0/memories/0/name", "text"),
            ("/boards/0/memories/0/layout", "text"),
            ("/boards/0/memories/0/segments/0/address", "number"),
            ("/boards/0/memories/0/segments/0/sectors", "number"),
            ("/boards/0/memories/0/segments/0/sector_size", "number"),
            ("/boards/0/memories/0/segments/0/readable", "truth"),
            ("/boards/0/memories/0/segments/0/erasable", "truth"),
            ("/boards/0/memories/0/segments/0/writable", "truth"),
        ],
    );
    fields(
        &document("serial", 0),
        &[("/schema", "number"), ("/serial", "text")],
    );
    for arguments in ["flash blinky.dfu", "erase --all"] {
        fields(
            &document(arguments, 0),
            &[
                ("/schema", "number"),
                ("/boards/0/serial", "text?"),
                ("/boards/0/path", "text"),
                ("/boards/0/exit", "number"),
                ("/boards/0/error", "null"),
                ("/boards/0/erased_sectors", "number"),
                ("/boards/0/written_bytes", "number"),
                ("/boards/0/skipped_bytes", "number"),
                ("/boards/0/verified_bytes", "number"),
                ("/boards/0/requests", "number"),
                ("/boards/0/left", "truth"),
                ("/boards/0/seconds", "seconds"),
            ],
        );
    }
    for (arguments, exit) in [
        ("flash blinky.dfu", 0),
        ("flash blinky.dfu --dry-run", 0),
        ("verify blinky.dfu", 9),
    ] {
        fields(
            &document(arguments, exit),
            &[
                ("/files/0/name", "text"),
                ("/files/0/size", "number"),
                ("/files/0/sha256", "text"),
            ],
        );
    }
    fields(
        &document("flash blinky.dfu --alt 1", 7),
        &[("/boards/0/exit", "number"), ("/boards/0/error", "text")],
    );
    for (arguments, exit) in [
        ("serial --path 1-9", 3),
        ("flash flipped-bit.dfu", 6),
        ("flash", 2),
    ] {
        fields(
            &document(arguments, exit),
            &[
                ("/schema", "number"),
                ("/error/exit", "number"),
                ("/error/message", "text"),
                ("/error/hint", "text?"),
            ],
        );
    }
    fields(
        &document("list --path 1-9", 3),
        &[("/boards", "list"), ("/error/exit", "number")],
    );
    // A board without a serial number.
    let run = stdfu("--json --sim f405,quirk=strings=missing list").run();
    assert_eq!(run.boards(0)[0]["serial"], Value::Null);
}

/// What a flash of an F405 that is full of something else comes to, twice in a row.
#[track_caller]
fn flashed(arguments: &str, expected: &str) -> FlashFile {
    let flash = FlashFile::full(1 << 20);
    let once = || {
        let run = stdfu("--json --sim")
            .arg(flash.board("f405"))
            .args("flash")
            .args(arguments)
            .run();
        let board = &run.boards(0)[0];
        let number = |name: &str| board[name].as_u64().expect("a number");
        format!(
            "erased {} written {} skipped {} verified {} left {}",
            number("erased_sectors"),
            number("written_bytes"),
            number("skipped_bytes"),
            number("verified_bytes"),
            board["left"]
        )
    };
    assert_eq!(format!("{}; {}", once(), once()), expected, "{arguments}");
    flash
}

#[test]
fn flash_options() {
    let usual = "erased 1 written 5123 skipped 0 verified 5123 left true; \
                 erased 0 written 0 skipped 5123 verified 5123 left true";
    let mut holds = FlashFile::full(1 << 20).before();
    let rest = holds[..16 << 10].to_vec();
    holds[..16 << 10].fill(0xFF);
    holds[..5123].copy_from_slice(&sample("blinky.bin"));
    flashed("blinky.dfu", usual).holds(&holds);
    flashed("blinky.bin --address 0x08000000", usual).holds(&holds);
    flashed("blinky.bin --address 134_217_728", usual).holds(&holds);
    for format in ["dfu", "hex", "elf", "srec"] {
        flashed(&format!("blinky.{format} --format {format}"), usual).holds(&holds);
    }
    flashed("blinky.bin --format bin --address 0x08000000", usual).holds(&holds);
    flashed("blinky.dfu --entry 0x08000000", usual).holds(&holds);
    let twice = |run: &str| format!("{run}; {run}");
    let full = twice("erased 1 written 5123 skipped 0 verified 5123 left true");
    flashed("blinky.dfu --full", &full).holds(&holds);
    flashed(
        "blinky.dfu --no-verify",
        "erased 1 written 5123 skipped 0 verified 0 left true; \
         erased 0 written 0 skipped 5123 verified 5123 left true",
    )
    .holds(&holds);
    flashed("blinky.dfu --stay", &usual.replace("true", "false")).holds(&holds);
    let mass_erase = twice("erased 12 written 5123 skipped 0 verified 5123 left true");
    let mut alone = vec![0xFF; 1 << 20];
    alone[..5123].copy_from_slice(&sample("blinky.bin"));
    flashed("blinky.dfu --mass-erase", &mass_erase).holds(&alone);
    let mut preserved = holds.clone();
    preserved[5123..16 << 10].copy_from_slice(&rest[5123..]);
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args("flash blinky.dfu --preserve")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    flash.holds(&preserved);
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args("flash blinky.dfu --dry-run")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    flash.is_untouched();
    let run = stdfu("--sim gd32vf103 flash blinky.dfu --any-id").run();
    assert_eq!(run.exit, 0, "{run:?}");
    let run = stdfu("--sim f405 flash blinky.dfu --entry 0x08000200").run();
    assert!(run.stdout.contains("started at 0x08000200"), "{run:?}");
    for contradiction in ["--stay --entry 0x08000000", "--preserve --mass-erase"] {
        let run = stdfu(&format!("--sim f405 flash blinky.dfu {contradiction}")).run();
        assert_eq!(run.exit, 2, "{contradiction}: {run:?}");
    }
}

#[test]
fn several_files_and_stdin() {
    let other = Firmware::raw(64);
    let hex = other.path().replace("firmware.bin", "other.hex");
    let run = stdfu("convert --address 0x08010000")
        .arg(other.path())
        .arg("-o")
        .arg(&hex)
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    let run = stdfu("--json --sim f405 flash blinky.dfu").arg(&hex).run();
    assert_eq!(run.boards(0)[0]["verified_bytes"], 5123 + 64);
    let mut command = stdfu("--json --sim f405 flash -").into_command();
    let file = std::fs::File::open(crate::run::data().join("blinky.dfu")).expect("a sample");
    let run = Run::from(command.stdin(file).output().expect("the binary starts"));
    assert_eq!(run.boards(0)[0]["verified_bytes"], 5123);
}

#[test]
fn simulated_boards() {
    for board in [
        "f072",
        "f103",
        "f405",
        "f429",
        "f746",
        "f767",
        "g0b1",
        "g474",
        "h743",
        "l072",
        "l476",
        "u575",
        "wb55",
        "mboot",
        "gd32vf103",
    ] {
        let run = stdfu(&format!("--sim {board} list --json")).run();
        assert_eq!(run.boards(0).len(), 1, "{board}");
    }
    let run = stdfu("--sim l476,serial=205A3073484B serial").run();
    run.answers("205A3073484B\n");
    // Kept between runs.
    let flash = FlashFile::full(1 << 20);
    for (arguments, skipped) in [("blinky.dfu", 0), ("blinky.dfu", 5123)] {
        let run = stdfu("--json --sim")
            .arg(flash.board("f405"))
            .args("flash")
            .args(arguments)
            .run();
        assert_eq!(run.boards(0)[0]["skipped_bytes"], skipped);
    }
    // A data sheet's times: an F405 takes 8 s or more for all of its flash.
    let seconds = |timing: &str| {
        let run = stdfu(&format!("--json --sim f405{timing} erase --all")).run();
        run.boards(0)[0]["seconds"].as_f64().expect("a number")
    };
    assert!(seconds(",timing=real") > 5.0);
    assert!(seconds(",timing=none") < 1.0);
    assert!(seconds("") < 1.0);
    let run = stdfu("--sim f405,fault=unplug@20 erase --all").run();
    assert_eq!(run.exit, 8, "{run:?}");
}

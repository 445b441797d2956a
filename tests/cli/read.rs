//! `stdfu read`: flash into a file, whole or not at all.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{FlashFile, Run, Stdfu, sample, stdfu};
use crate::trace::{Transfer, transfers};

/// A board whose flash is full, and a directory for what is read.
struct Bench {
    flash: FlashFile,
    board: String,
    directory: TempDir,
}

impl Bench {
    fn new(board: &str, size: usize) -> Self {
        let flash = FlashFile::full(size);
        Self {
            board: flash.board(board),
            flash,
            directory: TempDir::new().expect("a temporary directory"),
        }
    }

    fn f405() -> Self {
        Self::new("f405", 1 << 20)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// The command, which reads into this file.
    fn command(&self, name: &str, arguments: &str) -> Stdfu {
        stdfu("--sim")
            .arg(&self.board)
            .arg("read")
            .arg(self.path(name))
            .args(arguments)
    }

    /// Runs it to its good end, and returns what it wrote.
    #[track_caller]
    fn read(&self, name: &str, arguments: &str) -> Vec<u8> {
        let run = self.command(name, arguments).run();
        assert_eq!(run.exit, 0, "{run:?}");
        fs::read(self.path(name)).expect("the file was written")
    }

    /// Runs it to a bad end, after which there must be nothing, and flash as it was.
    #[track_caller]
    fn fails(&self, name: &str, arguments: &str) -> Run {
        let run = self.command(name, arguments).run();
        assert_ne!(run.exit, 0, "{run:?}");
        assert_eq!(run.stdout, "");
        self.has(&[]);
        self.flash.is_untouched();
        run
    }

    /// Asserts that nothing was written but these files.
    #[track_caller]
    fn has(&self, expected: &[&str]) {
        let entries = fs::read_dir(self.directory.path()).expect("the directory");
        let mut found: Vec<String> = entries
            .filter_map(|entry| entry.expect("readable").file_name().into_string().ok())
            .collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn without_a_range_all_of_main_flash_is_read_on_every_board() {
    for (board, size) in [
        ("f405", 1 << 20),
        ("f429", 2 << 20),
        ("f103", 128 << 10),
        ("g0b1", 128 << 10),
        ("l072", 192 << 10),
        ("h743", 2 << 20),
        ("gd32vf103", 128 << 10),
    ] {
        let bench = Bench::new(board, size);
        let read = bench.read("flash.bin", "");
        assert!(read == bench.flash.before(), "{board}");
        bench.has(&["flash.bin"]);
        bench.flash.is_untouched();
    }
}

#[test]
fn what_was_flashed_is_read_again_in_every_format() {
    let bench = Bench::f405();
    let run = stdfu("--sim")
        .arg(&bench.board)
        .args("flash blinky.dfu --stay")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    let range = "0x08000000+5123";
    assert_eq!(bench.read("a.bin", range), sample("blinky.bin"));
    assert_eq!(bench.read("a.hex", range), sample("blinky.hex"));
    let formats = [
        ("b.bin", "--address 0x08000000"),
        ("b.dfu", ""),
        ("b.hex", ""),
        ("b.srec", ""),
        ("b.s19", ""),
        ("b.any --format dfu", ""),
    ];
    for (output, address) in formats {
        let (name, format) = output.split_once(' ').unwrap_or((output, ""));
        bench.read(name, &format!("0x08000000+64K {format}"));
        let back = stdfu("convert")
            .arg(bench.path(name))
            .args(&format!("--to bin --force {address} -o"))
            .arg(bench.path("back.bin"))
            .run();
        assert_eq!(back.exit, 0, "{name}: {back:?}");
        let bytes = fs::read(bench.path("back.bin")).expect("converted");
        assert!(bytes == bench.flash.now()[..64 << 10], "{name}");
        let verified = stdfu("--sim")
            .arg(&bench.board)
            .arg("verify")
            .arg(bench.path(name))
            .args(address)
            .run();
        assert_eq!(verified.exit, 0, "{name}: {verified:?}");
    }
}

#[test]
fn a_range_begins_and_ends_anywhere() {
    let bench = Bench::f405();
    let check = |range: &str, expected: std::ops::Range<usize>| {
        let read = bench.read("part.bin", &format!("{range} --force"));
        assert!(read == bench.flash.before()[expected], "{range}");
    };
    check("0x08000000+1", 0..1);
    check("0x08000003+0x1001", 3..0x1004);
    check("0x08000800..0x08001000", 0x800..0x1000);
    check("0x0800FFFF+2", 0xFFFF..0x10001);
    check("0x080FFFFF+1", 0xF_FFFF..0x10_0000);
    check("0x080FF801..0x08100000", 0xF_F801..0x10_0000);
    check("128M+1M", 0..1 << 20);
    // A lone address is the sector it is in.
    check("0x08012345", 0x1_0000..0x2_0000);
    // What touches or overlaps is one.
    check("0x08000010+16 0x08000000+16", 0..32);
    check("0x08000000+20 0x08000010+16", 0..32);
}

#[test]
fn gaps_stay_gaps_and_a_raw_binary_with_one_is_refused_before_anything_is_read() {
    let bench = Bench::f405();
    let ranges = "0x08000010+4 0x08000000+4";
    let run = bench.fails("gap.bin", &format!("{ranges} -vv"));
    assert!(!run.stderr.contains(" UPLOAD "), "{run:?}");
    bench.fails("gap.bin", ranges).says(
        2,
        "",
        "\
error: 336133663433 at 1-1: there is a gap between 0x08000004 and 0x08000010, and a raw binary can't have gaps
hint: Write a .hex, .srec or .dfu file: those can have gaps.
      Or read one range at a time.
",
    );
    // However many there are, and whichever has the gap.
    for ranges in [
        "0x08000000+4 0x08000010+4 0x08000020+4",
        "0x08000000+4 0x08000004+4 0x08000010+4",
        "0x08000010+4 0x08000008+8 0x08000000+4",
    ] {
        let run = bench.fails("gap.bin", &format!("{ranges} -vv"));
        assert_eq!(run.exit, 2, "{ranges}: {run:?}");
        assert!(!run.stderr.contains(" UPLOAD "), "{ranges}: {run:?}");
    }
    bench.command("gap.hex", ranges).run().says(
        0,
        &format!(
            "OK  336133663433 at 1-1  8 bytes read into {}  0.0 s\n",
            bench.path("gap.hex")
        ),
        "reading 8 bytes\n",
    );
    let info = stdfu("info").arg(bench.path("gap.hex")).run().stdout;
    assert!(
        info.contains("  0x08000000..0x08000004   4 bytes"),
        "{info}"
    );
    assert!(
        info.contains("  0x08000010..0x08000014   4 bytes"),
        "{info}"
    );
    let three = "0x08000008+4 0x08000000+4 0x08000004+4";
    let read = bench.read("three.bin", three);
    assert_eq!(read, bench.flash.before()[..12]);
    // All of a memory can have a gap, too.
    let run = stdfu("--sim l476 read --alt 1")
        .arg(bench.path("options.bin"))
        .run();
    assert_eq!(run.exit, 2, "{run:?}");
    let run = stdfu("--sim mboot,quirk=external-flash read")
        .arg(bench.path("all.bin"))
        .run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("0x80000000"), "{run:?}");
}

#[test]
fn another_memory_is_read_by_name_by_number_or_by_address() {
    let bench = Bench::f405();
    for arguments in [
        "--alt 1",
        "--alt 1 0x1FFFC000+16",
        "0x1FFFC000+16",
        "0x1FFFC008",
    ] {
        let read = bench.read("options.bin", &format!("{arguments} --force"));
        assert_eq!(read, [0xFF; 16], "{arguments}");
    }
    let name = bench
        .command("options.dfu", "--alt")
        .arg("option bytes")
        .run();
    assert_eq!(name.exit, 0, "{name:?}");
    let info = stdfu("info --json")
        .arg(bench.path("options.dfu"))
        .run()
        .document(0);
    let file = &info["files"][0];
    assert_eq!(file["targets"][0]["alt"], 1);
    assert_eq!(file["targets"][0]["name"], "Option Bytes");
    assert_eq!(file["targets"][0]["elements"][0]["address"], 0x1FFF_C000);
    assert_eq!(bench.read("otp.bin", "0x1FFF7800..0x1FFF7A10").len(), 528);
}

#[test]
fn a_dfu_file_is_for_the_board_that_it_was_read_from() {
    let bench = Bench::new("gd32vf103", 128 << 10);
    bench.read("flash.dfu", "");
    let info = stdfu("info --json")
        .arg(bench.path("flash.dfu"))
        .run()
        .document(0);
    let file = &info["files"][0];
    assert_eq!(
        file["ids"],
        json!({"vendor_id": 0x28E9, "product_id": 0x0189, "device_release": 0})
    );
    assert_eq!(file["targets"][0]["alt"], 0);
    let run = stdfu("--sim f405 flash --dry-run")
        .arg(bench.path("flash.dfu"))
        .run();
    assert_eq!(run.exit, 7, "{run:?}");
    let run = stdfu("--sim")
        .arg(&bench.board)
        .args("verify --json")
        .arg(bench.path("flash.dfu"))
        .run();
    assert_eq!(run.boards(0)[0]["verified_bytes"], 128 << 10);
}

#[test]
fn what_is_there_is_not_overwritten_unless_that_is_asked_for() {
    let bench = Bench::f405();
    let path = bench.path("a.bin");
    fs::write(&path, "precious").expect("a new file");
    let run = bench.command("a.bin", "0x08000000+16 -vv").run();
    // Not a request is sent.
    run.says(
        1,
        "",
        &format!(
            "error: {path} already exists\nhint: Nothing was written; --force overwrites it.\n"
        ),
    );
    // A board that fails leaves it alone, asked for or not.
    let run = stdfu("--sim f405,quirk=read-protected read --force")
        .arg(&path)
        .run();
    assert_eq!(run.exit, 10, "{run:?}");
    assert_eq!(fs::read(&path).expect("still there"), b"precious");
    let read = bench.read("a.bin", "0x08000000+16 --force");
    assert_eq!(read, bench.flash.before()[..16]);
    bench.has(&["a.bin"]);
}

#[test]
fn an_output_that_can_not_be_written_is_refused_before_the_board_is_asked() {
    let bench = Bench::f405();
    let check = |name: &str, arguments: &str, exit: i32, reason: &str| {
        let run = bench.fails(name, &format!("-vv {arguments}"));
        assert_eq!(run.exit, exit, "{run:?}");
        let path = bench.path(name);
        assert!(
            run.stderr.starts_with(&format!("error: {path}: {reason}")),
            "{run:?}"
        );
    };
    check("missing/a.bin", "", 1, "");
    check(&format!("{}.bin", "long".repeat(100)), "", 1, "");
    check("", "--format bin --force", 1, "is a directory");
    check(
        "a.img",
        "",
        2,
        "the name doesn't tell which format to write\nhint: Say which with --format: bin, dfu, hex or srec.\n",
    );
    check("a.elf", "", 2, "the name doesn't tell which format");
    // As long as a name can be.
    let longest = format!("{}.bin", "x".repeat(251));
    assert_eq!(bench.read(&longest, "0x08000000+16").len(), 16);
    stdfu("--sim f405 read 0x08000000+16K").run().says(
        2,
        "",
        "\
error: 0x08000000+16K is a range, but the file to write comes first
hint: Name the file first: stdfu read flash.bin 0x08000000+16K
",
    );
}

#[test]
fn of_those_that_read_into_the_same_new_file_one_wins() {
    let bench = Bench::f405();
    for round in 0..5 {
        let name = format!("{round}.bin");
        let children: Vec<_> = (0..8)
            .map(|_| {
                let command = stdfu("--sim f405 read").arg(bench.path(&name));
                let mut command = command.args("0x08000000+4K").into_command();
                let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
                piped.spawn().expect("the binary starts")
            })
            .collect();
        let ended =
            |child: std::process::Child| Run::from(child.wait_with_output().expect("it ends"));
        let (won, lost): (Vec<Run>, Vec<Run>) = children
            .into_iter()
            .map(ended)
            .partition(|run| run.exit == 0);
        assert_eq!(won.len(), 1, "{won:?}");
        for run in lost {
            assert_eq!(run.exit, 1, "{run:?}");
            assert!(run.stderr.contains(" already exists\n"), "{run:?}");
        }
    }
    bench.has(&["0.bin", "1.bin", "2.bin", "3.bin", "4.bin"]);
}

/// In a container, every run may have the same process id.
#[cfg(unix)]
#[test]
fn what_a_killed_run_left_behind_blocks_no_later_one() {
    let bench = Bench::f405();
    let command = bench.command("a.bin", "0x08000000+16").into_command();
    let output = Command::new("sh")
        .args(["-c", "touch .a.bin.$$.part && exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.directory.path())
        .output();
    let run = Run::from(output.expect("there is a shell"));
    assert_eq!(run.exit, 0, "{run:?}");
    let read = fs::read(bench.path("a.bin")).expect("written");
    assert_eq!(read, bench.flash.before()[..16]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_answered_with_a_document() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::f405();
    let output = bench.directory.path().join(OsStr::from_bytes(b"\xFF.bin"));
    let read = stdfu("--sim f405 --json read").arg(&output);
    let board = read.args("0x08000000+16").run().boards(0).remove(0);
    let name = bench.path("\u{FFFD}.bin");
    assert_eq!(board["output"], name);
    assert_eq!(fs::read(&output).expect("written"), [0xFF; 16]);
    let convert = stdfu("--json convert blinky.dfu --force -o").arg(&output);
    assert_eq!(convert.run().document(0)["output"], name);
    let info = stdfu("--json info --address 0x08000000").arg(&output);
    assert_eq!(info.run().document(0)["files"][0]["file"], name);
}

#[test]
fn stdout_gets_the_bytes_and_nothing_else() {
    let bench = Bench::f405();
    let read = |arguments: &str| -> Output {
        let mut command: Command = stdfu("--sim")
            .arg(&bench.board)
            .args(&format!("read - {arguments}"))
            .into_command();
        command.output().expect("the binary starts")
    };
    let output = read("0x08000000+4K");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout == bench.flash.before()[..4096]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(
        said,
        "reading 4 KiB\nOK  336133663433 at 1-1  4 KiB read into stdout  0.0 s\n"
    );
    let output = read("0x08000000+4K -q");
    assert_eq!((output.stdout.len(), output.stderr.len()), (4096, 0));
    let output = read("0x08000000+16 --format hex");
    assert!(
        output.stdout.starts_with(b":020000040800F2\r\n")
            || output.stdout.starts_with(b":020000040800F2\n")
    );
    let output = read("0x08000000+16 --format srec");
    assert!(output.stdout.starts_with(b"S0"));
    // What fails midway puts out nothing.
    let mut command = stdfu("--sim")
        .arg(format!("{},fault=unplug@60", bench.board))
        .args("read -")
        .into_command();
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(8));
    assert_eq!(output.stdout, b"");
    stdfu("--sim f405 read - --json").run().document(2);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = stdfu("--sim f405 read -")
        .into_command()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn one_address_for_each_run_and_one_upload_for_each_block() {
    let check = |arguments: &str, pointers: usize, uploads: usize| {
        let bench = Bench::f405();
        let run = bench.command("a.dfu", &format!("-vv {arguments}")).run();
        assert_eq!(run.exit, 0);
        let sent = transfers(&run.stderr);
        let count =
            |is_meant: &dyn Fn(&Transfer) -> bool| sent.iter().filter(|one| is_meant(one)).count();
        assert_eq!(
            count(&|one| matches!(one, Transfer::SetAddress(_))),
            pointers,
            "{arguments}"
        );
        assert_eq!(
            count(&|one| matches!(one, Transfer::Read(_))),
            uploads,
            "{arguments}"
        );
        assert!(sent.len() <= uploads + 5 * pointers + 8, "{arguments}");
    };
    check("", 1, 512);
    check("0x08000000+1M", 1, 512);
    // Off the blocks' borders, and a last block that is asked for whole.
    check("0x08000004+64K", 1, 32);
    check("0x08000004+5000", 1, 3);
    check("0x08000000+4K 0x08008000+4K", 1, 4);
    check("0x08000001+4K 0x08008000+4K", 2, 4);
    // There is nothing behind the last byte.
    check("0x080FFF01..0x08100000", 1, 1);
    check("0x080FF7FF..0x08100000", 2, 2);
}

#[test]
fn one_fault_at_any_request_of_the_session_loses_nothing() {
    let bench = Bench::f405();
    let run = bench.command("a.bin", "0x08000003+9K --json").run();
    let requests = run.boards(0)[0]["requests"].as_u64().expect("a number");
    for request in 3..=requests {
        for kind in ["stall", "lost-request", "lost-answer", "short", "error"] {
            let run = stdfu("--sim")
                .arg(format!("{},fault={kind}@{request}", bench.board))
                .arg("read")
                .arg(bench.path("a.bin"))
                .args("0x08000003+9K --force")
                .run();
            assert_eq!(run.exit, 0, "{kind}@{request}: {run:?}");
            let read = fs::read(bench.path("a.bin")).expect("written");
            assert!(read == bench.flash.before()[3..9219], "{kind}@{request}");
        }
    }
}

#[test]
fn a_board_that_goes_away_leaves_no_file() {
    let bench = Bench::f405();
    for request in [5, 9, 12, 40, 500] {
        let run = stdfu("--sim")
            .arg(format!("{},fault=unplug@{request}", bench.board))
            .arg("read")
            .arg(bench.path("a.bin"))
            .run();
        assert_eq!(run.exit, 8, "{request}: {run:?}");
        assert!(
            run.stderr
                .contains("the device is gone; no file was written\nhint: "),
            "{run:?}"
        );
        bench.has(&[]);
    }
}

#[test]
fn memory_that_is_not_there_is_an_error_and_no_short_file() {
    // Main flash that ends early: claims 512 pages of 2 KiB, which the serial number puts right unless it is unknown.
    let bench = Bench::new("gd32vf103,serial=XXXX,quirk=claims-512-pages", 128 << 10);
    let run = bench.fails("a.bin", "");
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(run.stderr.contains("; no file was written\n"), "{run:?}");
    let bench = Bench::f405();
    let check = |arguments: &str, reason: &str| {
        let run = bench.fails("a.bin", arguments);
        assert_eq!(run.exit, 7, "{run:?}");
        assert!(run.stderr.contains(reason), "{run:?}");
        assert!(
            run.stderr
                .ends_with("hint: `stdfu list` shows the memories of the board.\n"),
            "{run:?}"
        );
    };
    check(
        "0x080FFFFF+2",
        "0x08100000 is outside of alternate setting 0",
    );
    check(
        "0x07FFFFFF+2",
        "0x07ffffff is outside of alternate setting 0",
    );
    check("0x20000000", "0x20000000 is outside of alternate setting 0");
    check(
        "0x08000000+16 0x1FFFC000+16",
        "0x1fffc000 is outside of alternate setting 0",
    );
    check(
        "--alt 1 0x08000000+16",
        "0x08000000 is outside of alternate setting 1",
    );
    check(
        "--alt 9",
        "the board has no alternate setting 9; it has 0, 1, 2, 3",
    );
    check(
        "--alt Nothing",
        "the board has no memory called \"Nothing\"",
    );
}

#[test]
fn what_can_not_be_read_is_told() {
    let bench = Bench::new("f405,quirk=no-upload", 1 << 20);
    bench.fails("a.bin", "").says(
        7,
        "",
        "\
error: 336133663433 at 1-1: this board can't be read: its bootloader has no upload
hint: Such a board can only be flashed; `stdfu flash` says that it could not check.
",
    );
    let bench = Bench::new("f405,quirk=read-protected", 1 << 20);
    bench.fails("a.bin", "").says(
        10,
        "",
        "\
reading 1 MiB
error: 336133663433 at 1-1: setting the address 0x08000000: the chip's read protection is on; no file was written
hint: `stdfu unprotect` lifts it, and erases everything on the chip.
",
    );
}

#[test]
fn one_file_is_for_one_board() {
    let bench = Bench::f405();
    let stderr = "\
error: one file can't hold what is in 2 boards
hint: Choose one board with --serial or --path, and read one after the other.
";
    let two = "--sim f405 --sim l476";
    for arguments in ["--every", "--path 1-1 --path 1-2"] {
        stdfu(&format!("{two} {arguments} read"))
            .arg(bench.path("a.bin"))
            .run()
            .says(2, "", stderr);
    }
    let run = stdfu(&format!("{two} read")).arg(bench.path("a.bin")).run();
    assert_eq!(run.exit, 4, "{run:?}");
    bench.has(&[]);
    let run = stdfu(&format!("{two} --path 1-2 read"))
        .arg(bench.path("a.bin"))
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn the_json_says_what_was_read_and_where_it_is() {
    let bench = Bench::f405();
    let document = |name: &str, arguments: &str, exit: i32| -> Value {
        let command = bench.command(name, &format!("--json {arguments}"));
        let mut document = command.run().document(exit);
        let board = &mut document["boards"][0];
        for name in ["seconds", "requests"] {
            assert!(board[name].take().is_number(), "{name}");
        }
        document
    };
    assert_eq!(
        document("a.hex", "0x08000020+16 0x08000000+16", 0),
        json!({"schema": 1, "boards": [{
            "serial": "336133663433", "path": "1-1", "exit": 0, "error": null, "hint": null,
            "output": bench.path("a.hex"), "format": "hex", "alt": 0,
            "ranges": [{"address": 0x0800_0000, "size": 16}, {"address": 0x0800_0020, "size": 16}],
            "readings": 1, "read_bytes": 32, "requests": null, "retries": 0, "seconds": null,
        }]})
    );
    assert_eq!(
        document("b.bin", "0x08100000", 7),
        json!({"schema": 1, "boards": [{
            "serial": "336133663433", "path": "1-1", "exit": 7,
            "error": "0x08100000 is outside of alternate setting 0, \"Internal Flash\": \
                      0x08000000..0x08010000 (read, erase, write), 0x08010000..0x08020000 (read, erase, write), \
                      0x08020000..0x08100000 (read, erase, write)",
            "hint": "`stdfu list` shows the memories of the board.",
            "output": bench.path("b.bin"), "format": "bin", "alt": null, "ranges": [],
            "readings": 1, "read_bytes": 0, "requests": null, "retries": 0, "seconds": null,
        }]})
    );
}

/// Not even root can make a file there.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_file_is_told_before_the_board_is_asked() {
    let run = stdfu("--sim f405 -vv read /proc/a.bin").run();
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stderr.starts_with("error: /proc/a.bin: "), "{run:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_behind() {
    use std::io::{BufRead, BufReader, Read};
    let bench = Bench::new("f405,quirk=transfer-size=64", 1 << 20);
    let mut child = bench
        .command("a.bin", "-vv")
        .into_command()
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A pipe holds 64 KiB, so that the work can't be far ahead of who reads.
    let mut reader = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains("reading 1 MiB\n") {
        assert!(reader.read_line(&mut said).expect("UTF-8") > 0, "{said}");
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
    reader.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(
        said.ends_with(
            ": interrupted; no file was written\n\
             hint: The board is still in DFU mode: repeat the command.\n"
        ),
        "{}",
        &said[said.len().saturating_sub(300)..]
    );
    bench.has(&[]);
}

#[test]
fn reading_twice_finds_out_a_board_that_answers_wrong_bytes() {
    let bench = Bench::f405();
    let run = bench.command("a.bin", "0x08000000+8K --twice").run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout.contains(", twice, and the same both times  "),
        "{run:?}"
    );
    assert_eq!(
        fs::read(bench.path("a.bin")).expect("the file"),
        bench.flash.before()[..8 << 10]
    );
    // Once, nobody can tell; twice, a wrong bit in the first reading is found, and no file is written.
    let command = |name: &str, options: &str| {
        stdfu("--json --sim")
            .arg(bench.flash.board("f405,fault=corrupt@10"))
            .arg("read")
            .arg(bench.path(name))
            .args(&format!("0x08000000+8K {options}"))
            .run()
    };
    assert_eq!(command("b.bin", "").boards(0)[0]["readings"], 1);
    let board = &command("c.bin", "--twice").boards(9)[0];
    assert!(
        board["hint"].as_str().expect("a hint").contains("again"),
        "{board}"
    );
    assert!(fs::metadata(bench.path("c.bin")).is_err());
}

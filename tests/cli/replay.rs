//! `--sim replay=FILE`: a recorded board answers as it did.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::run::{Run, data, stdfu};

/// A session on a simulated board, recorded, and the same once more on the recording.
struct Session {
    folder: TempDir,
}

impl Session {
    fn recorded(board: &str, arguments: &str) -> (Self, Run) {
        let folder = TempDir::new().expect("a temporary directory");
        fs::write(folder.path().join("plain.bin"), plain()).expect("a new file");
        let session = Self { folder };
        let run = session.run(board, &format!("--record session.pcapng {arguments}"));
        (session, run)
    }

    fn replayed(&self, options: &str, arguments: &str) -> Run {
        self.run(&format!("replay=session.pcapng{options}"), arguments)
    }

    fn run(&self, board: &str, arguments: &str) -> Run {
        let blinky = data().join("blinky.dfu");
        let arguments = arguments.replace("blinky.dfu", &blinky.to_string_lossy());
        stdfu("-vv --sim")
            .arg(board)
            .args(&arguments)
            .in_folder(self.folder.path())
            .run()
    }
}

fn plain() -> Vec<u8> {
    (0..5000_u32).map(|number| (number * 7) as u8).collect()
}

/// What would have been said without the recording.
fn unrecorded(said: &str, recording: &str) -> String {
    said.replace(
        &format!("For a report, send {recording}: it has all that passed over USB."),
        "If it happens again: --record FILE records it, for a report.",
    )
}

/// The same requests and answers, the same words, the same end.
#[track_caller]
fn round_trip(board: &str, arguments: &str) {
    let (session, before) = Session::recorded(board, arguments);
    for options in ["", ",strict"] {
        let after = session.replayed(options, arguments);
        let what = format!("{board} {arguments} {options}");
        assert_eq!(after.exit, before.exit, "{what}: {after:?}");
        let before_said = unrecorded(&before.stderr, "session.pcapng");
        assert_eq!(after.stderr, before_said, "{what}");
        assert_eq!(after.stdout, before.stdout, "{what}");
    }
}

fn names(section: &str) -> Vec<String> {
    let list = stdfu("sim --list --json").run().document(0);
    let names = list[section].as_array().expect("a list");
    let name = |entry: &serde_json::Value| entry["name"].as_str().map(str::to_owned);
    names.iter().filter_map(name).collect()
}

#[test]
fn a_flash_of_every_simulated_board_is_the_same_again() {
    let boards = names("boards");
    assert!(boards.len() > 40);
    for board in boards {
        // It speaks another protocol, and is asked nothing.
        if board == "atmega32u4" {
            continue;
        }
        let is_plain = stdfu(&format!("--sim {board} --json list"))
            .run()
            .document(0)["boards"][0]["protocol"]
            == "dfu";
        round_trip(
            &board,
            match is_plain {
                true => "flash plain.bin --alt 0 --any-id",
                false => "flash blinky.dfu --any-id",
            },
        );
    }
}

#[test]
fn whatever_goes_wrong_goes_wrong_again() {
    let faults = names("faults");
    assert!(faults.len() > 8);
    for fault in faults {
        for request in [6, 20, 33] {
            round_trip(&format!("f405,fault={fault}@{request}"), "flash blinky.dfu");
            round_trip(
                &format!("zephyr,fault={fault}@{request}"),
                "flash plain.bin --alt 0",
            );
        }
    }
}

#[test]
fn every_command_is_the_same_again() {
    for arguments in [
        "list",
        "serial",
        "verify blinky.dfu",
        "erase 0x08000000+16K",
        "read read.bin 0x08000000+4K --force",
        "leave",
        "dfu-util -l",
    ] {
        round_trip("f405,timing=real", arguments);
    }
    round_trip("f405,quirk=read-protected", "unprotect --yes");
    round_trip("zephyr,quirk=application", "detach");
    round_trip(
        "zephyr,quirk=application",
        "flash plain.bin --alt 0 --enter-dfu",
    );
    round_trip("f405,quirk=leave=stays", "flash blinky.dfu");
    round_trip("f405,quirk=comes-back=1", "flash blinky.dfu");
}

#[test]
fn boards_at_the_same_time_are_told_apart() {
    let arguments = "--every flash blinky.dfu -q --json";
    let folder = TempDir::new().expect("a temporary directory");
    let recording = folder.path().join("session.pcapng");
    let mut before = stdfu("--sim f405 --sim l476,fault=unplug@15 --record")
        .arg(&recording)
        .args(arguments)
        .run();
    before.stdout = unrecorded(&before.stdout, &recording.to_string_lossy());
    let after = stdfu("--sim")
        .arg(format!("replay={}", recording.display()))
        .args(arguments)
        .run();
    assert_eq!(before.exit, 8);
    assert_eq!(after.exit, before.exit);
    assert_eq!(after.document(8)["boards"], before.document(8)["boards"]);
}

#[test]
fn where_the_host_asks_for_something_else_the_board_goes_on_by_itself() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu");
    // More is read and erased than was recorded.
    let run = session.replayed("", "flash blinky.dfu --full --stay");
    assert_eq!(run.exit, 0, "{run:?}");
    // What the recording has read is there.
    let (session, _) = Session::recorded("f405", "read read.bin 0x08000000+4K");
    let run = session.replayed("", "flash blinky.dfu");
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn taken_at_its_word_a_recording_says_what_was_asked_instead() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu --stay");
    let run = session.replayed(",strict", "erase --all");
    assert_eq!(run.exit, 8, "{run:?}");
    let said = "DNLOAD wValue 0x0000 wLength 1 was asked, and the recording has DNLOAD wValue 0x0000 wLength 5, request 6 to the board";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn what_is_no_recording_is_refused() {
    let check = |board: &str, exit, message: &str| {
        let run = stdfu("--sim").arg(board).args("list").run();
        assert_eq!(run.exit, exit, "{run:?}");
        assert!(run.stderr.starts_with(message), "{}", run.stderr);
    };
    check("replay=missing.pcapng", 1, "error: missing.pcapng: ");
    check(
        "replay=blinky.dfu",
        6,
        "error: blinky.dfu: the file is no recording",
    );
    let run = stdfu("--sim f405 --sim replay=blinky.dfu list").run();
    assert_eq!(run.exit, 2, "{run:?}");
}

/// What people have sent: each is replayed with the command that it was recorded with, if its files are beside it or among
/// the samples, and ends as it did then, or as `NAME.exit` says.
#[test]
fn every_recording_that_is_kept_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let entries = fs::read_dir(&folder).expect("recordings");
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a recording").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pcapng")
        })
        .collect();
    assert!(!paths.is_empty());
    for path in paths {
        let board = format!("replay={}", path.display());
        let listed = stdfu("--sim").arg(&board).arg("list").run();
        assert_eq!(listed.exit, 0, "{}: {listed:?}", path.display());
        let told = stdfu("decode").arg(&path).run();
        assert_eq!(told.exit, 0, "{}: {told:?}", path.display());
        replay_command(&folder, &path, &board);
    }
}

fn replay_command(folder: &Path, path: &Path, board: &str) {
    let bytes = fs::read(path).expect("a recording");
    let bytes = String::from_utf8_lossy(&bytes);
    let comment = |name: &str| {
        let (_, comment) = bytes.split_once(name)?;
        comment.split(['\0', '\u{1}']).next()
    };
    let (Some(command), Some(exit)) = (comment("command: stdfu "), comment("exit code: ")) else {
        return;
    };
    let said = fs::read_to_string(path.with_extension("exit"));
    let exit: i32 = said
        .as_deref()
        .unwrap_or(exit)
        .trim()
        .parse()
        .expect("an exit code");
    let (mut arguments, mut words) = (Vec::new(), command.split_whitespace());
    while let Some(word) = words.next() {
        match word {
            "--record" | "--sim" => {
                words.next();
            }
            "--record-without-data" => {}
            word => {
                let here = [folder.join(word), data().join(word)];
                let here = here.into_iter().find(|path| path.is_file());
                let is_file = word.contains('.') && !word.starts_with(['-', '0']);
                if is_file && here.is_none() {
                    return;
                }
                arguments.push(here.map_or(word.into(), PathBuf::into_os_string));
            }
        }
    }
    let mut run = stdfu("--sim").arg(board);
    for argument in arguments {
        run = run.arg(argument);
    }
    let run = run.run();
    assert_eq!(run.exit, exit, "{}: {run:?}", path.display());
}

//! `--sim replay=FILE`: a recorded board answers as it did.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use regex_lite::Regex;
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
        let said = |run: &Run| without_seconds(&run.stdout);
        assert_eq!(said(&after), said(&before), "{what}");
    }
}

/// How long it took has this machine's time in it, too.
fn without_seconds(stdout: &str) -> String {
    let seconds = Regex::new(r"(?m)  \d+\.\d s$").expect("a good pattern");
    seconds.replace_all(stdout, "").into_owned()
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
        if let Some(arguments) = flashing(&board) {
            round_trip(&board, arguments);
        }
    }
}

/// How a simulated board is flashed; `None` of one that speaks another protocol, and is asked nothing.
fn flashing(board: &str) -> Option<&'static str> {
    if board == "atmega32u4" {
        return None;
    }
    let list = stdfu(&format!("--sim {board} --json list")).run();
    match list.document(0)["boards"][0]["protocol"] == "dfu" {
        true => Some("flash plain.bin --alt 0 --any-id"),
        false => Some("flash blinky.dfu --any-id"),
    }
}

/// Every board with every kind of fault, each pair at another request; and two of the boards at more of them.
#[test]
fn whatever_goes_wrong_goes_wrong_again() {
    let (boards, faults) = (names("boards"), names("faults"));
    assert!(boards.len() > 40 && faults.len() > 8);
    let mut cases = Vec::new();
    for (row, board) in boards.iter().enumerate() {
        let Some(arguments) = flashing(board) else {
            continue;
        };
        for (column, fault) in faults.iter().enumerate() {
            let more: &[usize] = match board.as_str() {
                "f405" | "zephyr" => &[6, 20, 33],
                _ => &[],
            };
            // 4 to 33, a prime's multiples apart.
            let one = 4 + (row * 7 + column * 11) % 30;
            let requests = more.iter().copied().chain([one]);
            cases.extend(requests.map(|at| (format!("{board},fault={fault}@{at}"), arguments)));
        }
    }
    let cases = &cases;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, NonZero::get) {
            scope.spawn(|| {
                while let Some((board, arguments)) = cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    round_trip(board, arguments);
                }
            });
        }
    });
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
    // It detaches by itself: nothing is asked of it after that.
    round_trip("f405,app=tinyusb", "detach");
    round_trip("f405,app=tinyusb", "flash blinky.dfu --enter-dfu");
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

const LEFT: &str = "From here on a simulated f405 answers.";
const UNTOLD: &str = "that is taken for erased, as is all else that it doesn't tell.";

#[test]
fn where_the_host_asks_for_something_else_the_board_goes_on_by_itself_and_says_so_once() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu");
    // More is read and erased than was recorded.
    let run = session.replayed("", "flash blinky.dfu --full --stay");
    assert_eq!(run.exit, 0, "{run:?}");
    let said = "warning: 336133663433 at 1-1: DNLOAD wValue 0x0000 wLength 5 was sent with other data than in the recording, \
         request 6 to the board. From here on a simulated f405 answers.\n";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(run.stderr.matches(LEFT).count(), 1, "{}", run.stderr);
    // All of that is told.
    assert!(!run.stderr.contains(UNTOLD), "{}", run.stderr);
    // What the recording has read is there; what it hasn't is told to be guessed.
    let (session, _) = Session::recorded("f405", "read read.bin 0x08000000+4K");
    let run = session.replayed("", "flash blinky.dfu");
    assert_eq!(run.exit, 0, "{run:?}");
    let said = "the recording doesn't tell what was at 0x08001000: that is taken for erased";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(run.stderr.matches(UNTOLD).count(), 1, "{}", run.stderr);
}

#[test]
fn programs_hear_where_the_host_left_the_recording() {
    let (session, _) = Session::recorded("f405", "list");
    let run = session.replayed("", "leave --progress json --json");
    assert_eq!(run.exit, 0, "{run:?}");
    let said = "\"event\":\"warning\",\"serial\":\"336133663433\",\"path\":\"1-1\",\"message\":\"\
         GETSTATUS wValue 0x0000 wLength 6 was asked, and the recording has nothing more. From here on";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

/// What is read and compared is what was there, or an error.
#[test]
fn memory_that_the_recording_does_not_tell_is_never_read() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu --full");
    let refused = |arguments: &str, address: &str| {
        let run = session.replayed("", arguments);
        assert_eq!(run.exit, 6, "{run:?}");
        let said = format!("reading at {address}: the recording doesn't tell what is there");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    };
    refused("read out.bin 0x08004000+4K", "0x08004000");
    // What was read is told, and what comes after it not; nor what was there before it was written.
    refused("read out.bin 0x08003800+4K", "0x08004000");
    refused("read out.bin 0x08000000+4K", "0x08000000");
    assert!(!session.folder.path().join("out.bin").exists());
    let run = session.replayed("", "dfu-util -a 0 -s 0x08004000:4096 -U out.bin");
    assert_eq!(run.exit, 65, "{run:?}");
    let run = session.replayed("", "read out.bin 0x08001000+12K");
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn a_recording_without_data_is_replayed_with_the_bytes_that_have_the_recorded_hash() {
    let (session, before) = Session::recorded("f405", "--record-without-data flash blinky.dfu");
    for options in ["", ",strict"] {
        let after = session.replayed(options, "flash blinky.dfu");
        assert_eq!(
            (after.exit, &after.stdout),
            (0, &before.stdout),
            "{after:?}"
        );
        assert_eq!(after.stderr, before.stderr);
    }
    // On a chip that no simulated board is like, too: with another layout.
    let board = "f405,string=4:@Internal Flash  /0x08000000/04*016Kg";
    let (unlike, _) = Session::recorded(board, "--record-without-data flash blinky.dfu");
    for options in ["", ",strict"] {
        let after = unlike.replayed(options, "flash blinky.dfu");
        assert_eq!(after.exit, 0, "{after:?}");
    }
    let run = unlike.replayed("", "erase 0x08000000");
    let hint = "Without ,strict a simulated board goes on from here, where there is one";
    assert!(run.exit == 6 && run.stderr.contains(hint), "{run:?}");
    // Another firmware is not what was written.
    fs::write(session.folder.path().join("other.bin"), plain()).expect("a new file");
    let other = "flash other.bin --address 0x08000000";
    let run = session.replayed(",strict", other);
    assert_eq!(run.exit, 6, "{run:?}");
    let run = session.replayed("", other);
    assert!(run.exit == 0 && run.stderr.contains(LEFT), "{run:?}");
}

#[test]
fn bytes_that_were_left_out_are_never_made_up() {
    let check = |recorded: &str, replayed: &str| {
        let folder = TempDir::new().expect("a temporary directory");
        let board = format!("f405,flash={}", folder.path().join("board.bin").display());
        let run = stdfu("--sim").arg(&board).args("flash blinky.dfu").run();
        assert_eq!(run.exit, 0, "{run:?}");
        let (session, before) =
            Session::recorded(&board, &format!("--record-without-data {recorded}"));
        assert_eq!(before.exit, 0, "{before:?}");
        for options in ["", ",strict"] {
            let run = session.replayed(options, replayed);
            assert_eq!(run.exit, 6, "{replayed} {options}: {run:?}");
            let said = "the recording leaves out the bytes that were read";
            assert!(run.stderr.contains(said), "{}", run.stderr);
            assert!(!run.stderr.contains("From here on"), "{}", run.stderr);
            let hint = "It was made with --record-without-data";
            assert!(run.stderr.contains(hint), "{}", run.stderr);
        }
        assert!(!session.folder.path().join("again.bin").exists());
    };
    check("verify blinky.dfu", "verify blinky.dfu");
    check(
        "read read.bin 0x08000000+4K",
        "read again.bin 0x08000000+4K",
    );
}

#[test]
fn a_recording_that_is_cut_is_replayed_up_to_there_and_says_so() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu");
    let path = session.folder.path().join("session.pcapng");
    let whole = fs::read(&path).expect("a recording");
    fs::write(&path, &whole[..6000]).expect("our file");
    let warning = "warning: session.pcapng: it ends in the middle of a packet, after 6000 bytes. What comes before is replayed.\n";
    let run = session.replayed("", "list");
    assert!(run.exit == 0 && run.stderr.starts_with(warning), "{run:?}");
    let run = session.replayed("", "flash blinky.dfu");
    assert!(run.exit == 0 && run.stderr.starts_with(warning), "{run:?}");
    let said = "was asked, and the recording has no answer to that. From here on";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(!run.stderr.contains("no answer in time"), "{}", run.stderr);
    // Wherever it is cut, nothing is said to be done that isn't.
    for part in 1..20 {
        fs::write(&path, &whole[..whole.len() * part / 20]).expect("our file");
        let run = session.replayed("", "verify blinky.dfu");
        assert!([3, 6, 9].contains(&run.exit), "{part}: {run:?}");
    }
}

#[test]
fn a_memory_that_nobody_has_asked_about_is_not_told() {
    let (session, _) = Session::recorded("f405", "leave");
    let run = session.replayed("", "list");
    let said = "  1  the recording doesn't tell its layout\n";
    assert!(run.exit == 0 && run.stdout.contains(said), "{run:?}");
    let run = session.replayed("", "read out.bin --alt 1");
    let said = "alternate setting 1 can't be used: the recording doesn't tell its layout";
    assert!(run.exit == 7 && run.stderr.contains(said), "{run:?}");
    let told = session.run("f405", "decode session.pcapng --json").stdout;
    let said = "\"alt\":1,\"name\":null,\"layout\":null,\"segments\":[],\"error\":\"the recording doesn't tell its layout\"";
    assert!(told.contains(said), "{told}");
    // What a board has refused, it refuses again.
    let (session, before) =
        Session::recorded("f405,fault=stall@2,fault=stall@3,fault=stall@4", "list");
    let after = session.replayed("", "list");
    assert_eq!(after.stdout, before.stdout, "{after:?}");
}

/// A capture of another program's session, which has asked for more than stdfu does.
#[test]
fn another_program_s_session_is_a_board_as_well() {
    let board = format!("replay={}", data().join("f405.pcapng").display());
    let list = stdfu("--sim").arg(&board).args("list").run();
    assert!(
        list.exit == 0 && list.stdout.contains("1  Option Bytes"),
        "{list:?}"
    );
    let run = stdfu("--sim").arg(&board).args("flash blinky.dfu").run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stderr.contains(LEFT), "{}", run.stderr);
}

#[test]
fn a_board_that_was_read_protected_still_is() {
    let (session, before) = Session::recorded("f405,quirk=read-protected", "flash blinky.dfu");
    assert_eq!(before.exit, 10, "{before:?}");
    let erase = session.replayed("", "erase --all");
    assert_eq!(erase.exit, 10, "{erase:?}");
    let unprotect = session.replayed("", "unprotect --yes");
    assert_eq!(unprotect.exit, 0, "{unprotect:?}");
    let lifted = "read protection lifted";
    assert!(unprotect.stdout.contains(lifted), "{unprotect:?}");
}

#[test]
fn a_recording_is_not_served_and_it_is_said_why() {
    let run = stdfu("sim replay=session.pcapng --listen 127.0.0.1:0").run();
    assert_eq!(run.exit, 2, "{run:?}");
    let said = "error: a recording can't be served over USB/IP: a kernel has requests of its own";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
}

#[test]
fn taken_at_its_word_a_recording_says_what_was_asked_instead() {
    let (session, _) = Session::recorded("f405", "flash blinky.dfu --stay");
    let run = session.replayed(",strict", "erase --all");
    // The board has not failed.
    assert_eq!(run.exit, 6, "{run:?}");
    assert!(!run.stderr.contains("Unplug"), "{}", run.stderr);
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

//! `--progress json`: every line on stderr is a JSON object.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, stdfu};

/// The lines on stderr, each a JSON object of a kind that is known.
#[track_caller]
pub fn events(run: &Run) -> Vec<Value> {
    let parse = |line: &str| {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(event["schema"], 1, "{line}");
        let mut fields: Vec<&str> = event
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        fields.sort_unstable();
        let mut expected = match event["event"].as_str().expect("its kind") {
            "progress" => vec![
                "serial", "path", "phase", "done", "total", "ended", "retries",
            ],
            "retry" => vec!["serial", "path", "phase", "retries", "reason"],
            "end" => vec!["serial", "path", "exit"],
            "note" | "detail" => vec!["message"],
            "warning" => vec!["serial", "path", "message"],
            "error" => vec!["serial", "path", "exit", "message", "hint"],
            other => panic!("what is {other}?"),
        };
        expected.extend(["schema", "event"]);
        expected.sort_unstable();
        assert_eq!(fields, expected, "{line}");
        event
    };
    assert!(
        run.stderr.is_empty() || run.stderr.ends_with('\n'),
        "{run:?}"
    );
    run.stderr.lines().map(parse).collect()
}

/// The events of one kind.
fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events
        .iter()
        .filter(|event| event["event"] == kind)
        .collect()
}

/// Asserts that each board's phases begin at nothing, grow, and end with all of it before the next begins; the last
/// one's end is missing where the work failed.
#[track_caller]
fn assert_progress(events: &[Value], good: bool) {
    let mut current: HashMap<&str, &Value> = HashMap::new();
    for event in of_kind(events, "progress") {
        let path = event["path"].as_str().expect("a path");
        let number = |event: &Value, name: &str| event[name].as_u64();
        let done = number(event, "done").expect("a number");
        match current.get(path) {
            Some(before) if before["ended"] == false => {
                assert_eq!(event["phase"], before["phase"], "{event} behind {before}");
                assert_eq!(event["total"], before["total"], "{event} behind {before}");
                assert!(
                    Some(done) >= number(before, "done"),
                    "{event} behind {before}"
                );
                assert!(
                    number(event, "retries") >= number(before, "retries"),
                    "{event} behind {before}"
                );
            }
            _ => {
                assert_eq!((done, &event["ended"]), (0, &json!(false)), "{event}");
            }
        }
        if let Some(total) = number(event, "total") {
            assert!(done <= total, "{event}");
            assert!(event["ended"] == false || done == total, "{event}");
        }
        current.insert(path, event);
    }
    if good {
        for last in current.values() {
            assert_eq!(last["ended"], true, "{last}");
        }
    }
}

/// Without those in between, which depend on how fast the machine is.
fn borders(run: &Run) -> String {
    let is_border = |line: &&str| {
        line.contains("\"ended\":true")
            || line.contains("\"done\":0")
            || !line.contains("\"progress\"")
    };
    let lines = run.stderr.lines().filter(is_border);
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_phase_has_a_line_at_its_beginning_and_at_its_end() {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--progress json --sim")
        .arg(flash.board("f405"))
        .args("flash blinky.dfu")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .starts_with("OK  336133663433 at 1-1  5.0 KiB written, verified, started  "),
        "{run:?}"
    );
    assert_progress(&events(&run), true);
    let line = |phase: &str, done: u64, total: &str, ended: bool| {
        format!(
            "{{\"schema\":1,\"event\":\"progress\",\"serial\":\"336133663433\",\"path\":\"1-1\",\"phase\":\"{phase}\",\
             \"done\":{done},\"total\":{total},\"ended\":{ended},\"retries\":0}}\n"
        )
    };
    let phase = |phase: &str, done: u64, total: &str| {
        line(phase, 0, total, false) + &line(phase, done, total, true)
    };
    let expected = [
        phase("compare", 5123, "5123"),
        phase("survey", 11261, "11261"),
        phase("erase", 16384, "16384"),
        phase("write", 4096, "4096"),
        phase("head", 2048, "null"),
        phase("verify", 6144, "6144"),
        phase("leave", 0, "null"),
        "{\"schema\":1,\"event\":\"end\",\"serial\":\"336133663433\",\"path\":\"1-1\",\"exit\":0}\n".to_owned(),
    ];
    assert_eq!(borders(&run), expected.concat());
}

#[test]
fn other_work_has_names_for_its_phases_too() {
    let check = |board: &str, arguments: &str, expected: &[&str]| {
        let run = stdfu(&format!("--progress json --sim {board} {arguments}")).run();
        assert_eq!(run.exit, 0, "{run:?}");
        let events = events(&run);
        assert_progress(&events, true);
        let ended = of_kind(&events, "progress")
            .into_iter()
            .filter(|event| event["ended"] == true);
        let phases: Vec<&str> = ended
            .map(|event| event["phase"].as_str().expect("a name"))
            .collect();
        assert_eq!(phases, expected, "{arguments}");
    };
    check("f405", "erase --all", &["mass_erase", "blank_check"]);
    check("f405", "erase 0x08000000", &["erase", "verify"]);
    check("f405", "leave", &["leave"]);
    let protected = "f405,quirk=read-protected";
    check(protected, "unprotect --yes", &["unprotect"]);
    check("f405", "unprotect --yes", &[]);
}

#[test]
fn a_retry_has_its_reason() {
    let retried = (10..60).find_map(|request| {
        let run = stdfu(&format!(
            "--progress json --sim f405,fault=stall@{request} flash blinky.dfu"
        ))
        .run();
        let events = events(&run);
        assert_progress(&events, run.exit == 0);
        let retry = events
            .iter()
            .position(|event| event["event"] == "retry" && event["phase"] == "leave")?;
        Some(events[retry..].to_vec())
    });
    let events = retried.expect("one of these requests is that of leaving");
    assert_eq!(
        events[0],
        json!({
            "schema": 1, "event": "retry", "serial": "336133663433", "path": "1-1", "phase": "leave", "retries": 1,
            "reason": "starting the application: the device refused the request (STALL)"
        })
    );
    assert_eq!(events[1]["retries"], 1);
}

#[test]
fn an_error_of_a_board_is_the_last_line_and_names_the_board() {
    let run = stdfu("--progress json --sim f405,fault=unplug@30 flash blinky.dfu").run();
    assert_eq!((run.exit, run.stdout.as_str()), (8, ""));
    let events = events(&run);
    assert_progress(&events, false);
    let last = events.last().expect("an error");
    let message = last["message"].as_str().expect("a text");
    assert!(message.contains(" at 0x0800"), "{message}");
    assert!(
        message.contains(": the device is gone; so far "),
        "{message}"
    );
    assert_eq!(
        last,
        &json!({
            "schema": 1, "event": "error", "serial": "336133663433", "path": "1-1", "exit": 8, "message": message,
            "hint": "Check the cable, put the board into DFU mode again and repeat the command.\nIf it happens again: --record FILE records it, for a report."
        })
    );
}

#[test]
fn boards_at_work_at_the_same_time_have_lines_of_their_own() {
    let run = stdfu("--progress json --json --sim f405 --sim l476 --sim f427 --sim f072,fault=unplug@15 --every flash blinky.dfu").run();
    let events = events(&run);
    assert_progress(&events, false);
    let boards = run.boards(8);
    for (board, path) in boards.iter().zip(["1-1", "1-2", "1-3", "1-4"]) {
        assert_eq!(board["path"], path);
        let ended = |event: &&Value| {
            event["path"] == path && event["phase"] == "leave" && event["ended"] == true
        };
        assert_eq!(
            events.iter().filter(ended).count(),
            usize::from(board["exit"] == 0),
            "{path}"
        );
        let ends = of_kind(&events, "end").into_iter();
        let ends: Vec<&Value> = ends.filter(|event| event["path"] == path).collect();
        assert_eq!(
            ends,
            [&json!({
                "schema": 1, "event": "end", "serial": board["serial"], "path": path, "exit": board["exit"]
            })]
        );
        let errors: Vec<&Value> = of_kind(&events, "error")
            .into_iter()
            .filter(|event| event["path"] == path)
            .collect();
        assert_eq!(
            errors
                .iter()
                .any(|error| error["message"] == board["error"]),
            board["exit"] != 0,
            "{path}"
        );
    }
}

#[test]
fn each_board_has_an_end_whatever_the_command() {
    let directory = TempDir::new().expect("a temporary directory");
    let out = directory.path().join("flash.bin");
    let read = format!("read {} 0x08000000+16", out.display());
    for (board, command, exit) in [
        ("f405", "flash blinky.dfu", 0),
        ("f405", "flash blinky.dfu --dry-run", 0),
        ("f405", "flash blinky.dfu --alt 9", 7),
        ("f405", "flash blinky.dfu --alt 9 --dry-run", 7),
        ("f405,quirk=read-protected", "flash blinky.dfu", 10),
        ("f405", "verify blinky.dfu", 9),
        ("f405", "erase 0x08000000", 0),
        ("f405", "leave", 0),
        ("f405", "unprotect --yes", 0),
        ("f405", read.as_str(), 0),
        ("f405,quirk=application", "detach", 0),
        ("f405,quirk=application,fault=stall@2", "detach", 8),
    ] {
        let run = stdfu(&format!("--progress json --sim {board} {command}")).run();
        assert_eq!(run.exit, exit, "{run:?}");
        let events = events(&run);
        let ends = of_kind(&events, "end");
        let [end] = ends[..] else {
            panic!("one end: {run:?}");
        };
        assert_eq!((&end["exit"], &end["path"]), (&json!(exit), &json!("1-1")));
        let last = usize::from(exit != 0);
        assert_eq!(events[events.len() - 1 - last]["event"], "end", "{run:?}");
    }
}

/// What was read well has to be in the file before the end is a good one.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_can_not_be_written_is_a_bad_end() {
    let run =
        stdfu("--progress json --sim f405 read --force /dev/full 0x08000000+16 --format bin").run();
    assert_eq!(run.exit, 1, "{run:?}");
    let events = events(&run);
    assert_eq!(of_kind(&events, "end")[0]["exit"], 1, "{run:?}");
}

/// Every line can be parsed, whatever is asked for and whatever goes wrong.
#[test]
fn nothing_else_is_said_on_stderr() {
    for arguments in [
        "list",
        "serial",
        "flash blinky.dfu",
        "flash junk-after-name.dfu",
        "flash blinky.dfu --dry-run",
        "flash flipped-bit.dfu",
        "flash no-such-file.dfu",
        "flash",
        "erase --all",
        "erase 0x08000000+1",
        "leave",
        "unprotect",
        "detach",
        "info blinky.dfu junk-after-name.dfu flipped-bit.dfu",
        "convert blinky.bin -o nowhere.dfu",
        "completions bash",
        "man nonsense",
        "udev",
        "sim f999",
        "flahs",
        "--serial NOSUCH list",
        "--sim l476 flash blinky.dfu",
        "--sim l476 --every flash blinky.dfu",
        "--sim f405,quirk=no-access --every flash blinky.dfu",
    ] {
        for options in [
            "",
            "-q",
            "-v",
            "-vv",
            "--json",
            "--color always",
            "-q --json",
        ] {
            let arguments = format!("--progress json --sim f405 {options} {arguments}");
            let run = stdfu(&arguments).run();
            let events = events(&run);
            assert_progress(&events, run.exit == 0);
            let errors = of_kind(&events, "error");
            assert_eq!(errors.is_empty(), run.exit == 0, "{arguments}: {run:?}");
            if let Some(first) = errors.first() {
                assert_eq!(first["exit"], run.exit, "{arguments}: {run:?}");
            }
            if options.contains("-q") {
                assert_eq!(errors.len(), events.len(), "{arguments}: {run:?}");
            }
            let details = of_kind(&events, "detail");
            assert!(
                details.is_empty() || options.contains("-v"),
                "{arguments}: {run:?}"
            );
        }
    }
}

#[test]
fn warnings_and_notes_are_events_too() {
    let run = stdfu("--progress json --sim f405 flash junk-after-name.dfu").run();
    assert_eq!(
        of_kind(&events(&run), "warning"),
        [&json!({
            "schema": 1, "event": "warning", "serial": null, "path": null,
            "message": "The file's product id is 0: it is taken to fit any product."
        })]
    );
    let run = stdfu("--progress json -vv --sim f405 erase 0x08000000").run();
    let events = events(&run);
    let details = of_kind(&events, "detail");
    let plan = |detail: &&&Value| {
        detail["message"]
            .as_str()
            .is_some_and(|message| message.contains(": the plan\n"))
    };
    assert_eq!(details.iter().filter(plan).count(), 1, "{run:?}");
    assert!(details.len() > 5, "{run:?}");
}

/// 512 blocks, and each is progress.
#[test]
fn there_are_no_more_than_ten_lines_a_second() {
    let file = Firmware::raw(1 << 20);
    let start = Instant::now();
    let run = stdfu(&format!(
        "--progress json --sim f405 flash {} --address 0x08000000",
        file.path()
    ))
    .run();
    let most = 2 + start.elapsed().as_millis() / 100;
    let events = events(&run);
    assert_progress(&events, true);
    for phase in ["compare", "write", "verify"] {
        let lines = events
            .iter()
            .filter(|event| event["phase"] == phase)
            .count();
        assert!(
            (2..=most).contains(&(lines as u128)),
            "{lines} of {phase}, where {most} are allowed"
        );
    }
}

#[test]
fn progress_none_is_silent_but_for_what_is_worth_knowing() {
    stdfu("--progress none --sim f405 flash junk-after-name.dfu")
        .run()
        .says(
            0,
            "OK  336133663433 at 1-1  1 KiB written, verified, started  0.0 s\n",
            "warning: The file's product id is 0: it is taken to fit any product.\n",
        );
}

#[test]
fn progress_auto_is_what_is_said_anyway() {
    let plain = stdfu("--sim f405 flash blinky.dfu").run();
    stdfu("--progress auto --sim f405 flash blinky.dfu")
        .run()
        .says(0, &plain.stdout, &plain.stderr);
    let run = stdfu("--progress bars --sim f405 list").run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("[possible values: auto, json, none]"),
        "{run:?}"
    );
}

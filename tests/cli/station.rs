//! `stdfu station`: one board after the other, with a log.

mod calling;
#[cfg(unix)]
mod stopping;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Run, sample, stdfu};

/// A folder with a log of this name.
struct Desk {
    _folder: TempDir,
    log: PathBuf,
}

impl Desk {
    fn new(log: &str) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let log = folder.path().join(log);
        Self {
            _folder: folder,
            log,
        }
    }

    /// Runs a station for a while.
    fn station(&self, arguments: &str) -> Run {
        stdfu(&format!("--timeout 3 station blinky.dfu {arguments} --log"))
            .arg(&self.log)
            .run()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.log).expect("the log")
    }

    /// The log's lines, without what differs from run to run.
    fn lines(&self) -> Vec<Value> {
        let lines = self.text();
        let line = |line: &str| {
            let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
            let all = line.as_object_mut().expect("an object");
            let time = all.remove("time").expect("a time");
            assert_eq!(time.as_str().map(str::len), Some(20), "{time}");
            all.remove("seconds").expect("how long it took");
            line
        };
        lines.lines().map(line).collect()
    }
}

/// The lines on stdout, without how long it took.
fn said(run: &Run) -> Vec<&str> {
    let lines = run.stdout.lines();
    lines
        .map(|line| match line.rsplit_once("  ") {
            Some((line, seconds)) if seconds.ends_with(" s") => line,
            _ => line,
        })
        .collect()
}

#[test]
fn each_board_has_a_line_and_stands_in_the_log() {
    let desk = Desk::new("line.jsonl");
    let run = desk.station("--sim f405 --sim f427,fault=unplug@30");
    assert_eq!(run.exit, 1, "{run:?}");
    let mut lines = said(&run);
    lines.sort_unstable();
    let is_bad = |line: &&Value| line["result"] == "fail";
    let bad = desk.lines().iter().find(is_bad).expect("one fails").clone();
    let reason = bad["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("the device is gone"), "{reason}");
    let failed = format!("FAIL  325E36543131 at 1-2  exit 8: {reason}");
    assert_eq!(
        lines,
        [
            "1 good, 1 failed, 0 refused",
            &failed,
            "PASS  336133663433 at 1-1  5.0 KiB written, verified, started",
        ]
    );
    assert!(
        run.stderr
            .contains("waiting: take the board out, and plug in the next one\n"),
        "{run:?}"
    );
    let lines = desk.lines();
    let good = lines.iter().find(|line| line["result"] == "pass");
    let good = good.expect("one is good");
    assert_eq!(good["serial"], "336133663433");
    assert_eq!(good["path"], "1-1");
    assert_eq!(good["chip"], "STM32F405/407/415/417");
    assert_eq!(good["stdfu"], env!("CARGO_PKG_VERSION"));
    assert_eq!(good["reason"], Value::Null);
    assert_eq!(
        (&good["verified"], &bad["verified"]),
        (&true.into(), &false.into())
    );
    let document = stdfu("--json info blinky.dfu").run().document(0);
    assert_eq!(good["sha256"][0], document["files"][0]["sha256"]);
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_board_that_the_log_has_as_good_is_refused_unless_it_is_wanted_again() {
    for name in ["line.jsonl", "line.csv"] {
        let desk = Desk::new(name);
        desk.station("--sim f405");
        let before = desk.text();
        let run = desk.station("--sim f405");
        let lines = said(&run);
        let refused = "SKIP  336133663433 at 1-1  it is good since ";
        assert!(lines[0].starts_with(refused), "{run:?}");
        assert_eq!(lines[1], "0 good, 0 failed, 1 refused");
        assert_eq!(desk.text(), before);
        let run = desk.station("--sim f405 --again");
        assert_eq!(said(&run)[1], "1 good, 0 failed, 0 refused");
        assert!(desk.text().starts_with(&before) && desk.text() != before);
    }
}

/// It is back in DFU mode before its port is free, or after that.
#[test]
fn a_board_that_stays_at_its_port_is_left_alone_and_one_that_comes_back_is_known() {
    for (after, refused) in [(1, 0), (8, 1)] {
        let run = stdfu(&format!(
            "--timeout 20 --sim f405,quirk=comes-back={after} station blinky.dfu"
        ))
        .run();
        let counts = format!("1 good, 0 failed, {refused} refused");
        assert_eq!(said(&run).last(), Some(&&*counts), "{run:?}");
    }
}

#[test]
fn a_board_in_its_application_is_put_into_dfu_mode_where_that_is_wanted() {
    let desk = Desk::new("line.jsonl");
    let run = desk.station("--sim f405,app=klipper --path 1-1 --enter-dfu");
    assert_eq!(
        said(&run).last(),
        Some(&"1 good, 0 failed, 0 refused"),
        "{run:?}"
    );
    // Whatever names it in its application, its port is followed from there on.
    for (app, name) in [
        ("klipper", "--id 1d50:614e"),
        ("klipper", "--serial 10012C130F50333456323520"),
        ("arduino", "--id 2341:025b"),
    ] {
        let desk = Desk::new("named.jsonl");
        let run = desk.station(&format!("--sim f405,app={app} {name} --enter-dfu"));
        let counts = "1 good, 0 failed, 0 refused";
        assert_eq!(said(&run).last(), Some(&counts), "{name}: {run:?}");
    }
    // Elsewhere it is let be.
    let run = desk.station("--sim f405,quirk=application --path 1-1");
    assert_eq!(
        said(&run).last(),
        Some(&"0 good, 0 failed, 0 refused"),
        "{run:?}"
    );
}

#[test]
fn as_json_each_board_is_a_line_and_the_last_one_has_the_counts() {
    let run = stdfu("--json --timeout 3 --sim f405 station blinky.dfu").run();
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(lines.iter().all(|line| line["schema"] == 1));
    assert_eq!(lines[0]["event"], "board");
    assert_eq!(lines[0]["result"], "pass");
    assert_eq!(lines[0]["serial"], "336133663433");
    assert_eq!(lines[0]["exit"], 0);
    assert_eq!(lines[1]["event"], "end");
    assert_eq!(
        (&lines[1]["good"], &lines[1]["error"]["exit"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn what_makes_no_sense_at_a_station_is_refused_at_once() {
    let check = |arguments: &str, exit: i32, error: &str| {
        let run = stdfu(&format!("--sim f405 station {arguments}")).run();
        assert_eq!(run.exit, exit, "{run:?}");
        assert!(
            run.stderr.starts_with(&format!("error: {error}")),
            "{run:?}"
        );
    };
    check("blinky.dfu --dry-run", 2, "a station has no --dry-run\n");
    check(
        "blinky.dfu --wait",
        2,
        "--wait means nothing at a station\n",
    );
    check(
        "blinky.dfu --wait=5",
        2,
        "--wait means nothing at a station\n",
    );
    check(
        "blinky.dfu --every",
        2,
        "--every means nothing at a station\n",
    );
    check(
        "blinky.dfu --every --count 2",
        2,
        "--every means nothing at a station\n",
    );
    let asks = "--enter-dfu would ask every device that is plugged in\n";
    check("blinky.dfu --enter-dfu", 2, asks);
    check("blinky.bin", 2, "");
    check("flipped-bit.dfu", 6, "");
    check("no-such-file.dfu", 1, "");
    check(
        "blinky.dfu --log blinky.bin",
        2,
        "blinky.bin is no log of a station",
    );
    assert_eq!(sample("blinky.bin").len(), 5123);
    check(
        "blinky.dfu --log no-such-folder/line.jsonl",
        1,
        "the log no-such-folder/line.jsonl can't be used: ",
    );
}

#[test]
fn what_was_not_verified_is_told_in_the_log_and_to_programs() {
    for (name, end) in [
        ("line.jsonl", r#""verified":false}"#),
        ("line.csv", ",false"),
    ] {
        let desk = Desk::new(name);
        let run = desk.station("--sim f405 --no-verify");
        let passed = "PASS  336133663433 at 1-1  5.0 KiB written, not verified, started";
        assert_eq!(said(&run)[0], passed, "{run:?}");
        let text = desk.text();
        assert!(text.trim_end().ends_with(end), "{text}");
    }
    for (options, is_verified) in [("", true), ("--no-verify", false)] {
        let arguments = format!("--json --timeout 3 --sim f405 station blinky.dfu {options}");
        let run = stdfu(&arguments).run();
        let line: Value = serde_json::from_str(said(&run)[0]).expect("a line of JSON");
        assert_eq!(line["verified"], is_verified, "{run:?}");
    }
}

#[test]
fn a_board_that_is_good_with_another_firmware_is_refused_and_says_so() {
    let desk = Desk::new("line.jsonl");
    desk.station("--sim f405");
    let sha256 = desk.lines()[0]["sha256"][0]
        .as_str()
        .expect("a sum")
        .to_owned();
    let station = || {
        stdfu("--timeout 3 --sim f405 station blinky.bin --address 0x08000000 --log").arg(&desk.log)
    };
    let run = station().run();
    let other = format!(
        ", but with another firmware: SHA-256 {}; --again",
        &sha256[..12]
    );
    assert!(said(&run)[0].contains(&other), "{run:?}");
    let run = station().arg("--json").run();
    let line: Value = serde_json::from_str(said(&run)[0]).expect("a line of JSON");
    assert_eq!(line["good_with"][0], sha256.as_str(), "{run:?}");
    // The same firmware is not told.
    let run = desk.station("--sim f405 --json");
    let line: Value = serde_json::from_str(said(&run)[0]).expect("a line of JSON");
    assert_eq!(line["result"], "refused");
    assert_eq!(line.get("good_with"), None, "{run:?}");
}

#[test]
fn a_file_with_addresses_is_not_said_to_go_byte_for_byte_to_boards_that_know_some() {
    for file in ["blinky.elf", "blinky.hex"] {
        let run = stdfu(&format!("--timeout 3 --sim f405 station {file}")).run();
        assert_eq!(said(&run).last(), Some(&"1 good, 0 failed, 0 refused"));
        let odd = run.stderr.contains("byte for byte") || run.stdout.contains("byte for byte");
        assert!(!odd, "{run:?}");
    }
    // A device without addresses gets it so, and that is said of the device, once.
    let run = stdfu("--timeout 8 --sim pluto --path 1-1 station blinky.hex --alt 1").run();
    let told = run.stdout.matches("byte for byte").count();
    assert_eq!(told, 1, "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_reason_is_told_once() {
    let run = stdfu("--sim f405 station blinky.dfu --log /dev/zero").run();
    let error = "error: the log /dev/zero can't be used: it is no file\n";
    assert!(run.stderr.starts_with(error), "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_is_a_place_for_each_port() {
    use crate::terminal::terminal;

    let arguments = "--timeout 6 --sim f405 --sim f405,fault=unplug@30 station blinky.dfu";
    let Some(screen) = terminal(arguments, &[("NO_COLOR", "1")], None) else {
        return;
    };
    assert_eq!(screen.exit, 1);
    for part in [
        "######    #####    ######   ######",
        "#######   #####   #######  ##",
        "Take it out.",
        "The station has ended.",
        "1 good, 1 failed, 0 refused",
    ] {
        assert!(screen.text.contains(part), "{part}: {}", screen.text);
    }
    for part in [
        "Take it out. Plug in the next board.",
        "Ctrl-C ends the station.",
    ] {
        assert!(screen.sent.contains(part), "{part}: {}", screen.sent);
    }
}

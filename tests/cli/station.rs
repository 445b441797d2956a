//! `stdfu station`: one board after the other, with a log.

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
    assert!(run.stderr.contains("waiting for a board\n"), "{run:?}");
    let lines = desk.lines();
    let good = lines.iter().find(|line| line["result"] == "pass");
    let good = good.expect("one is good");
    assert_eq!(good["serial"], "336133663433");
    assert_eq!(good["path"], "1-1");
    assert_eq!(good["chip"], "STM32F405/407/415/417");
    assert_eq!(good["stdfu"], env!("CARGO_PKG_VERSION"));
    assert_eq!(good["reason"], Value::Null);
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

#[cfg(unix)]
#[test]
fn a_log_that_takes_no_more_stops_the_station_and_keeps_whole_lines() {
    use std::process::Command;

    let desk = Desk::new("line.jsonl");
    let first = desk.station("--sim f405,serial=A --sim f405,serial=B --sim f405,serial=C");
    let before = desk.text();
    // A block is 512 or 1024 bytes: one more line is too much for either.
    assert!((600..1000).contains(&before.len()), "{before}");
    let long = "D".repeat(126);
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let station = stdfu(&format!(
        "--timeout 60 --sim f405,serial={long} station blinky.dfu --log"
    ));
    let station = station.arg(&desk.log);
    let command = station.into_command();
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(command.get_program());
    shell.args(command.get_args());
    shell.current_dir(command.get_current_dir().expect("it is set"));
    let second = Run::from(shell.output().expect("there is a shell"));
    assert_eq!(
        said(&first).last(),
        Some(&"3 good, 0 failed, 0 refused"),
        "{first:?}"
    );
    assert_eq!(second.exit, 1, "{second:?}");
    assert!(
        second.stdout.contains(&format!("PASS  {long} at 1-1")),
        "{second:?}"
    );
    let error = format!("error: {long} at 1-1 is good, and is missing in the log: the log ");
    assert!(second.stderr.contains(&error), "{second:?}");
    assert_eq!(desk.text(), before);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_station_with_its_counts_and_its_log_is_nobody_else_s_until_then() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let desk = Desk::new("line.jsonl");
    let mut command = stdfu("--sim f405 station blinky.dfu --log")
        .arg(&desk.log)
        .into_command();
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut station = piped.spawn().expect("the binary starts");
    let mut stdout = BufReader::new(station.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert!(line.starts_with("PASS  336133663433 at 1-1  "), "{line}");
    let second = desk.station("--sim f405");
    assert_eq!(second.exit, 5, "{second:?}");
    assert!(
        second.stderr.contains(" is in use by another station\n"),
        "{second:?}"
    );
    let killed = Command::new("kill")
        .args(["-INT", &station.id().to_string()])
        .status();
    assert!(killed.expect("kill is there").success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("all of it");
    assert_eq!(rest, "1 good, 0 failed, 0 refused\n");
    assert_eq!(station.wait().expect("it ends").code(), Some(130));
    let mut stderr = String::new();
    let pipe = station.stderr.as_mut().expect("piped");
    pipe.read_to_string(&mut stderr).expect("all of it");
    assert!(!stderr.contains("error"), "{stderr}");
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
        "Take it out. Plug in the next board.",
        "Ctrl-C ends the station.",
        "1 good, 1 failed, 0 refused",
    ] {
        assert!(screen.text.contains(part), "{part}: {}", screen.text);
    }
}

//! A station that comes to its end, by Ctrl-C or by trouble.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::*;
use crate::firmware::Firmware;

#[test]
fn a_log_that_takes_no_more_stops_the_station_and_keeps_whole_lines() {
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
    let help = format!("HELP  {long} at 1-1  it is good, and is missing in the log: the log ");
    assert!(second.stdout.starts_with(&help), "{second:?}");
    let counts = "\n0 good, 0 failed, 0 refused, 1 not in the log\n";
    assert!(second.stdout.ends_with(counts), "{second:?}");
    let error = format!("error: {long} at 1-1 is good, and is missing in the log: the log ");
    assert!(second.stderr.contains(&error), "{second:?}");
    assert_eq!(desk.text(), before);
}

#[test]
fn ctrl_c_ends_a_station_with_its_counts_and_its_log_is_nobody_else_s_until_then() {
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

/// A station that is at work on a board for as long as nobody reads what it says.
struct AtWork {
    station: Child,
    stderr: BufReader<std::process::ChildStderr>,
}

impl AtWork {
    /// With `-vv`, so that it can't be far ahead: a pipe holds 64 KiB.
    fn begin(desk: &Desk, firmware: &Firmware) -> Self {
        let arguments = "-vv --sim f405,quirk=transfer-size=256 station --address 0x08000000";
        let mut command = stdfu(arguments)
            .arg(firmware.path())
            .arg("--log")
            .arg(&desk.log)
            .into_command();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut station = piped.spawn().expect("the binary starts");
        let mut stderr = BufReader::new(station.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("DNLOAD") {
            line.clear();
            let read = stderr.read_line(&mut line).expect("UTF-8");
            assert!(read > 0, "it does not begin");
        }
        Self { station, stderr }
    }

    fn interrupt(&self) {
        let id = self.station.id().to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status();
        assert!(killed.expect("kill is there").success());
        // Signals that come at the same time are one.
        thread::sleep(Duration::from_millis(300));
    }

    fn end(mut self) -> Run {
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).expect("UTF-8");
        let mut output = self.station.wait_with_output().expect("it ends");
        output.stderr = stderr.into_bytes();
        Run::from(output)
    }
}

#[test]
fn the_first_ctrl_c_lets_the_board_at_work_come_to_its_end() {
    let (desk, firmware) = (Desk::new("line.jsonl"), Firmware::application(256 << 10));
    let at_work = AtWork::begin(&desk, &firmware);
    at_work.interrupt();
    let run = at_work.end();
    assert_eq!(run.exit, 130, "{}", run.stdout);
    let lines = said(&run);
    let passed = "PASS  336133663433 at 1-1  256 KiB written, verified, started";
    assert_eq!(lines, [passed, "1 good, 0 failed, 0 refused"]);
    let note = "ending when the boards at work are done; Ctrl-C stops them\n";
    assert_eq!(run.stderr.matches(note).count(), 1);
    assert_eq!(desk.lines()[0]["result"], "pass");
}

#[test]
fn the_second_ctrl_c_stops_the_board_at_work_which_is_logged_as_interrupted() {
    let (desk, firmware) = (Desk::new("line.jsonl"), Firmware::application(256 << 10));
    let at_work = AtWork::begin(&desk, &firmware);
    at_work.interrupt();
    at_work.interrupt();
    let run = at_work.end();
    assert_eq!(run.exit, 130, "{}", run.stdout);
    let lines = said(&run);
    let [stopped, counts] = lines[..] else {
        panic!("{}", run.stdout);
    };
    let beginning = "STOP  336133663433 at 1-1  ";
    assert!(
        stopped.starts_with(beginning) && stopped.contains("interrupted"),
        "{stopped}"
    );
    assert_eq!(counts, "0 good, 0 failed, 0 refused, 1 interrupted");
    let lines = desk.lines();
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(line["result"], "interrupted");
    assert_eq!(line["serial"], "336133663433");
    let reason = line["reason"].as_str().expect("a reason");
    assert!(stopped.ends_with(reason), "{reason}");
}

#[test]
fn a_third_ctrl_c_ends_the_program_at_once() {
    let (desk, firmware) = (Desk::new("line.jsonl"), Firmware::application(256 << 10));
    let at_work = AtWork::begin(&desk, &firmware);
    (0..3).for_each(|_| at_work.interrupt());
    let run = at_work.end();
    assert_eq!((run.exit, run.stdout.as_str()), (130, ""));
}

#[test]
fn where_nobody_reads_its_lines_any_more_a_station_ends_after_the_boards_at_work() {
    for options in ["", "--json"] {
        let desk = Desk::new("line.jsonl");
        // It would come again and again.
        let arguments =
            format!("{options} --sim f405,quirk=comes-back=8 station blinky.dfu --again");
        let mut command = stdfu(&arguments).arg("--log").arg(&desk.log).into_command();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut station = piped.spawn().expect("the binary starts");
        drop(station.stdout.take());
        let run = Run::from(station.wait_with_output().expect("it ends"));
        assert_eq!(run.exit, 0, "{run:?}");
        let note = "nobody reads what is said of the boards any more, so no other was begun\n";
        assert!(run.stderr.ends_with(note), "{run:?}");
        assert_eq!(desk.lines().len(), 1);
    }
}

#[test]
fn a_stdout_that_takes_no_more_stops_a_station_with_an_error() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    let desk = Desk::new("line.jsonl");
    let arguments = "--sim f405,quirk=comes-back=8 station blinky.dfu --again --log";
    let mut command = stdfu(arguments).arg(&desk.log).into_command();
    let output = command.stdout(full).output().expect("the binary starts");
    let run = Run::from(output);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stderr.contains("error: writing the "), "{run:?}");
    assert_eq!(desk.lines().len(), 1);
}

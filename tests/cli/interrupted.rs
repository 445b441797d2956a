//! Ctrl-C and its like, wherever they come: exit 130, nothing half done that could be taken for whole, and a terminal as it was.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::ndjson::events;
use crate::run::{Run, Stdfu, stdfu};

/// What is said as soon as work was asked to stop.
const STOPPING: &str = "Stopping after this sector. Press Ctrl-C again to stop at once.";
/// Long enough for a program to have come where it waits, or to show that it doesn't end.
const MOMENT: Duration = Duration::from_millis(500);
/// Soon, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(30);

/// Starts it with everything piped.
fn start(command: Stdfu) -> Child {
    let mut command = command.into_command();
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    piped.spawn().expect("the binary starts")
}

fn interrupt(child: &Child) {
    send("INT", child, 1);
}

/// Sends it so many times, one right after the other.
fn send(signal: &str, child: &Child, times: usize) {
    let child = child.id().to_string();
    let mut kill = Command::new("kill");
    kill.arg(format!("-{signal}"));
    for _ in 0..times {
        kill.arg(&child);
    }
    assert!(kill.status().expect("kill is there").success());
}

/// The command, started by a shell that has it ignore this signal.
fn ignoring(signal: &str, command: Stdfu) -> Child {
    let command = command.into_command();
    let script = format!("trap '' {signal}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .arg(command.get_program())
        .args(command.get_args());
    let piped = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    piped.spawn().expect("there is a shell")
}

/// Waits until it has come where it waits itself, or where nobody reads what it says.
fn settle(child: &Child) {
    const LOOKS: u32 = 5;
    let start = Instant::now();
    let mut asleep = 0;
    while asleep < LOOKS {
        assert!(start.elapsed() < SOON, "it goes on working");
        thread::sleep(MOMENT / LOOKS);
        asleep = if is_asleep(child) { asleep + 1 } else { 0 };
    }
}

/// Whether none of its threads has anything to do, from proc_pid_stat(5).
#[cfg(target_os = "linux")]
fn is_asleep(child: &Child) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id()));
    tasks.expect("it runs").flatten().all(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with('S'))
    })
}

/// Elsewhere time has to do.
#[cfg(not(target_os = "linux"))]
fn is_asleep(_: &Child) -> bool {
    true
}

/// Waits for the end, which has to come soon.
fn end(mut child: Child) -> Run {
    ends(&mut child);
    Run::from(child.wait_with_output().expect("it ended"))
}

/// Asserts that the end comes soon, without anything that was said being read.
fn ends(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if start.elapsed() > SOON {
            child.kill().expect("it is ours");
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The document of a program that Ctrl-C ended at once.
fn document() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{{\"schema\":1,\"stdfu\":\"{version}\",\"error\":{{\"exit\":130,\"message\":\"interrupted\",\"hint\":null}}}}\n"
    )
}

#[test]
fn a_file_from_stdin_that_never_ends_is_not_waited_for() {
    let directory = TempDir::new().expect("a temporary directory");
    let check = |options: &str, stdout: &str, stderr: &str| {
        let out = directory.path().join("out.dfu");
        let convert = format!(
            "{options} convert - --address 0x08000000 -o {}",
            out.display()
        );
        let mut child = start(stdfu(&convert));
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(&[0x5A; 1000]).expect("it reads");
        settle(&child);
        interrupt(&child);
        end(child).says(130, stdout, stderr);
        let there: Vec<_> = directory.path().read_dir().expect("ours").collect();
        assert!(there.is_empty(), "{there:?}");
    };
    check("", "", "");
    check("--json", &document(), "");
    let line = "{\"schema\":1,\"event\":\"error\",\"serial\":null,\"path\":null,\"exit\":130,\"message\":\"interrupted\",\"hint\":null}\n";
    check("--progress json", "", line);
    check("--progress json --json", &document(), line);
}

#[test]
fn a_server_that_has_answered_does_not_answer_again() {
    let mut child = start(stdfu("--json sim f405 --listen 127.0.0.1:0"));
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it serves");
    interrupt(&child);
    stdout.read_to_string(&mut line).expect("it ends");
    let mut run = end(child);
    run.stdout = line;
    let document = run.document(130);
    let listen = document["listen"].as_str().expect("an address");
    let (host, port) = listen.split_once(':').expect("with a port");
    let attach = format!("usbip --tcp-port {port} attach -r {host} -b 1-1");
    let boards =
        json!([{"name": "f405", "serial": "336133663433", "path": "1-1", "attach": attach}]);
    assert_eq!(
        document,
        json!({"schema": 1, "listen": listen, "boards": boards})
    );
    assert_eq!(
        run.stderr,
        format!("1-1    f405       336133663433  {attach}\n")
    );
}

#[test]
fn a_wait_ends_with_its_document_and_its_event() {
    let child = start(stdfu(
        "--json --progress json --sim f405 --serial NOSUCH serial --wait",
    ));
    settle(&child);
    interrupt(&child);
    let run = end(child);
    let message = "interrupted while waiting for a board";
    assert_eq!(run.document(130)["error"]["message"], message);
    let events = events(&run);
    assert_eq!(events.len(), 2, "{run:?}");
    assert_eq!(events[0]["event"], "note", "{run:?}");
    assert_eq!(
        (&events[1]["exit"], &events[1]["message"]),
        (&json!(130), &json!(message))
    );
}

/// Where nothing is under way there is nothing to be put in order.
#[test]
fn every_kind_of_request_ends_a_wait_a_server_and_a_command_that_nobody_reads() {
    let wait = "interrupted while waiting for a board";
    let check = |signal: &str, arguments: &str, message: Option<&str>| {
        let child = start(stdfu(&format!("--json {arguments}")));
        settle(&child);
        send(signal, &child, 1);
        let run = end(child);
        let Some(message) = message else {
            assert_eq!(run.exit, 130, "{signal} {arguments}: {run:?}");
            return;
        };
        let document = run.document(130);
        assert_eq!(
            document["error"]["message"], message,
            "{signal} {arguments}"
        );
    };
    for signal in ["INT", "TERM", "HUP"] {
        check(signal, "--sim f405 --serial NOSUCH list --wait", Some(wait));
        let flash = "--sim f405 --serial NOSUCH flash blinky.dfu --wait";
        check(signal, flash, Some(wait));
        let convert = "convert - --address 0x08000000 -o no-such.dfu";
        check(signal, convert, Some("interrupted"));
        check(signal, "sim f405 --listen 127.0.0.1:0", None);
        // The pipe is full, and nobody empties it.
        let mut child = start(stdfu("--sim f405 read -"));
        settle(&child);
        send(signal, &child, 1);
        ends(&mut child);
        let status = child.wait().expect("it ended");
        assert_eq!(status.code(), Some(130), "{signal}");
    }
}

/// `nohup` has a command ignore SIGHUP, so that it outlives the terminal.
#[test]
fn what_is_to_be_ignored_stays_ignored() {
    for signal in ["HUP", "TERM"] {
        let mut child = ignoring(signal, stdfu("sim f405 --listen 127.0.0.1:0"));
        settle(&child);
        send(signal, &child, 1);
        thread::sleep(MOMENT);
        let status = child.try_wait().expect("it is ours");
        assert_eq!(status, None, "{signal}");
        interrupt(&child);
        assert_eq!(end(child).exit, 130);
    }
    // Shells have what they start in the background ignore it.
    let child = ignoring("INT", stdfu("sim f405 --listen 127.0.0.1:0"));
    settle(&child);
    interrupt(&child);
    assert_eq!(end(child).exit, 130);
}

/// A pipe holds 64 KiB: whoever says more waits in the middle of the work until somebody reads. `timeout` sends its
/// signal twice, one right after the other, and means it once.
#[test]
fn the_first_stops_the_work_in_good_order_and_all_are_told() {
    let file = Firmware::raw(1 << 20);
    let check = |signal: &str, times: usize| {
        let arguments = format!("flash --full {} --address 0x08000000", file.path());
        let options = "--json --progress json -vv --sim f405";
        let mut child = start(stdfu(&format!("{options} {arguments}")));
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        while !said.contains("\"phase\":\"write\"") {
            assert!(stderr.read_line(&mut said).expect("UTF-8") > 0, "{said}");
        }
        send(signal, &child, times);
        stderr.read_to_string(&mut said).expect("UTF-8");
        let mut run = end(child);
        run.stderr = said;
        let events = events(&run);
        let boards = run.boards(130);
        assert_eq!(boards[0]["exit"], 130);
        let last = events.last().expect("an error");
        assert_eq!(
            (&last["event"], &last["exit"]),
            (&json!("error"), &json!(130))
        );
        assert_eq!(last["message"], boards[0]["error"]);
        let notes = events.iter().filter(|event| event["event"] == "note");
        let notes: Vec<_> = notes.map(|note| &note["message"]).collect();
        assert_eq!(notes, [STOPPING], "{signal}");
    };
    check("INT", 1);
    check("TERM", 1);
    check("TERM", 2);
    check("HUP", 2);
}

/// Twelve boards in blocks so small that they are far from their end when the first says that it writes.
fn long_work() -> String {
    "--sim f767,quirk=transfer-size=64 ".repeat(12) + "--every flash --full"
}

#[test]
fn the_work_is_said_to_stop_unless_it_is_to_be_quiet() {
    let file = Firmware::raw(2_000_000);
    let flash = format!("{} {} --address 0x08000000", long_work(), file.path());
    let mut child = start(stdfu(&flash));
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains("writing") {
        assert!(stderr.read_line(&mut said).expect("UTF-8") > 0, "{said}");
    }
    interrupt(&child);
    stderr.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(end(child).exit, 130, "{said}");
    // First that it will stop, then that it has.
    let (before, after) = said.split_once(STOPPING).expect("it is said");
    assert!(!before.contains("interrupted"), "{said}");
    assert!(after.contains("interrupted"), "{said}");
    assert!(!after.contains(STOPPING), "{said}");
    let child = start(stdfu(&flash).args("-q"));
    thread::sleep(MOMENT);
    interrupt(&child);
    let run = end(child);
    assert_eq!(run.exit, 130, "{run:?}");
    assert!(!run.stderr.contains("Stopping"), "{run:?}");
}

/// Nobody reads what it says, so it can't hear the first.
#[test]
fn the_second_ends_the_program_at_once() {
    let check = |options: &str, stdout: &str| {
        let board = "--sim f767 erase --all";
        let child = start(stdfu(&format!("-vv {options} {board}")));
        settle(&child);
        interrupt(&child);
        settle(&child);
        interrupt(&child);
        let run = end(child);
        assert_eq!((run.exit, run.stdout.as_str()), (130, stdout), "{options}");
        assert!(
            !run.stderr.contains("error"),
            "{options}: it was stuck in the middle: {}",
            run.stderr
        );
    };
    check("", "");
    check("--json", &document());
    check("--progress json", "");
}

#[cfg(target_os = "linux")]
mod terminal {
    //! With somebody at the keyboard.

    use super::{Firmware, STOPPING, long_work};
    use crate::terminal::{terminal, terminal_without_echo};

    const CTRL_C: &[u8] = b"\x03";

    #[test]
    fn a_question_may_be_answered_with_ctrl_c() {
        let question = "Type yes to do this to 336133663433 at 1-1: ";
        let Some(screen) = terminal("--sim f405 unprotect", &[], Some((question, CTRL_C))) else {
            return;
        };
        assert_eq!(screen.exit, 130, "{}", screen.sent);
        assert_eq!(
            screen.text,
            "Lifting read protection erases ALL of the flash and resets the chip.\n\
             Type yes to do this to 336133663433 at 1-1: ^C\n"
        );
        assert!(screen.sent.ends_with("^C\r\n"), "{:?}", screen.sent);
    }

    #[test]
    fn a_wait_may_be_ended_with_ctrl_c() {
        let arguments = "--sim f405 --serial NOSUCH serial --wait";
        let Some(screen) = terminal(arguments, &[], Some(("waiting: ", CTRL_C))) else {
            return;
        };
        assert_eq!(screen.exit, 130, "{}", screen.sent);
        let error = "error: interrupted while waiting for a board\n";
        assert!(screen.text.ends_with(error), "{}", screen.text);
    }

    #[test]
    fn bars_are_gone_when_the_work_was_interrupted() {
        let file = Firmware::raw(2_000_000);
        let arguments = format!("{} {} --address 0x08000000", long_work(), file.path());
        let Some(screen) = terminal_without_echo(&arguments, Some(("[#", CTRL_C))) else {
            return;
        };
        assert_eq!(screen.exit, 130, "{}", screen.text);
        assert!(!screen.text.contains(" ["), "{}", screen.text);
        assert_eq!(screen.text.matches(STOPPING).count(), 1, "{}", screen.text);
        assert!(screen.text.contains("error: "), "{}", screen.text);
        let failed = screen.text.matches("\nFAILED  ").count();
        assert_eq!(failed, 12, "{}", screen.text);
        // Nothing that hides the cursor or takes another screen.
        assert!(!screen.sent.contains("\u{1b}[?"), "{:?}", screen.sent);
    }
}

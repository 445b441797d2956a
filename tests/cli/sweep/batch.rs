//! Runs the binary for many cases at once: a simulated board for each, all in one process.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::scratch::Scratch;
use super::session::Session;
use crate::run::stdfu;

/// What ends a run that does not end by itself. Nothing here waits for real.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How many boards one process has at most. A GD32VF103's serial tells how large it is, and may not be counted further.
pub const BOARDS: usize = 8;

/// Something that is asked of a board.
pub trait Asked {
    /// The board with its quirks, as it is written for `--sim`.
    fn board(&self) -> String;

    /// The command line, but for the boards; what is read goes to `output`.
    fn arguments(&self, output: &str) -> String;

    /// More options, in every run.
    fn options(&self) -> &'static str {
        ""
    }
}

/// What is left of a run, as far as it is about one board.
pub struct Outcome {
    /// `None`: it had to be killed.
    pub exit: Option<i32>,
    /// Its part of the JSON document; `null` where there was no board.
    pub board: Value,
    /// What went wrong, in words.
    pub error: Option<String>,
    pub stderr: String,
    /// The file that has what was to be kept and could not be written back.
    pub kept: Option<Vec<u8>>,
    /// Whether stderr tells of an error with it.
    pub tells: bool,
    pub panicked: bool,
}

/// Runs the session on as many boards as there are faults, each with a flash of its own, which holds `before`, or
/// whatever it may hold.
pub fn run(
    session: &dyn Asked,
    flashes: &mut [Scratch],
    faults: &[String],
    before: Option<&[u8]>,
) -> Vec<Outcome> {
    assert!(faults.len() <= flashes.len());
    if faults.len() > 1 {
        let whole = spawn(session, flashes, faults, "", "");
        let mut outcomes = Vec::new();
        for path in (1..=faults.len()).map(|port| format!("1-{port}")) {
            let boards = whole.document["boards"].as_array();
            let board =
                boards.and_then(|boards| boards.iter().find(|board| board["path"] == *path));
            outcomes.extend(board.map(|board| whole.of(board.clone(), &path)));
        }
        if outcomes.len() == faults.len() && !whole.panicked() {
            return outcomes;
        }
        // What kept them from being told apart is looked at one by one.
        for (flash, before) in flashes.iter_mut().zip(std::iter::repeat(before)) {
            flash.look();
            before.into_iter().for_each(|before| flash.put(before));
        }
    }
    let pairs = flashes.iter_mut().zip(faults);
    pairs
        .map(|(flash, faults)| run_one(session, flash, faults, ""))
        .collect()
}

/// Runs the session on one board.
pub fn run_one(session: &dyn Asked, flash: &mut Scratch, faults: &str, options: &str) -> Outcome {
    run_to(session, flash, faults, options, "")
}

/// The same, and reads into this file.
pub fn run_to(
    session: &dyn Asked,
    flash: &mut Scratch,
    faults: &str,
    options: &str,
    output: &str,
) -> Outcome {
    let whole = spawn(
        session,
        std::slice::from_mut(flash),
        &[faults.to_owned()],
        options,
        output,
    );
    let board = whole.document["boards"].get(0).cloned();
    whole.of(board.unwrap_or(Value::Null), "1-1")
}

fn spawn(
    session: &dyn Asked,
    flashes: &[Scratch],
    faults: &[String],
    options: &str,
    output: &str,
) -> Whole {
    let mut command = stdfu(options).args(session.options()).arg("--json");
    for (flash, faults) in flashes.iter().zip(faults) {
        let board = session.board() + faults;
        command = command.arg("--sim").arg(flash.board(&board));
    }
    if faults.len() > 1 {
        command = command.arg("--every");
    }
    Whole::of_command(command.args(&session.arguments(output)).into_command())
}

/// Writes back what was to be kept, as the hint says. Whether that went well.
pub fn restore(session: &Session, flash: &mut Scratch, kept: &[u8]) -> bool {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("kept.dfu");
    fs::write(&file, kept).expect("a new file");
    let board = flash.board(session.plan.target.board);
    let command = stdfu("--json --sim")
        .arg(board)
        .args("flash --preserve --stay");
    Whole::of_command(command.arg(file).into_command()).exit == Some(0)
}

/// What is left of a process.
struct Whole {
    /// Where it ran.
    directory: TempDir,
    exit: Option<i32>,
    document: Value,
    stderr: String,
}

impl Whole {
    /// Waits for its end, or kills it.
    fn of_command(mut command: Command) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut child = command
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().map(reader);
        let stderr = child.stderr.take().map(reader);
        let exit = ending(&mut child);
        let text = |reader: Option<thread::JoinHandle<String>>| {
            reader.expect("a pipe").join().expect("UTF-8")
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        Self {
            directory,
            exit,
            document: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stderr,
        }
    }

    fn panicked(&self) -> bool {
        let signs = ["panicked", "RUST_BACKTRACE"];
        signs.iter().any(|sign| self.stderr.contains(sign))
    }

    fn kept(&self, serial: &Value) -> Option<Vec<u8>> {
        let name = format!("stdfu-kept-{}.dfu", serial.as_str()?);
        fs::read(self.directory.path().join(name)).ok()
    }

    /// The lines of stderr that are about this board; where there is only one, all.
    fn about(&self, path: &str) -> String {
        let boards = self.document["boards"].as_array().map_or(0, Vec::len);
        let label = format!(" at {path}: ");
        let trace = format!("{path}: ");
        let is_meant =
            |line: &&str| boards < 2 || line.contains(&label) || line.starts_with(&trace);
        let lines: Vec<&str> = self.stderr.lines().filter(is_meant).collect();
        lines.join("\n")
    }

    fn of(&self, board: Value, path: &str) -> Outcome {
        let exit = board["exit"]
            .as_i64()
            .and_then(|exit| i32::try_from(exit).ok());
        let failure = &self.document["error"];
        let said = board["error"].as_str().or(failure["message"].as_str());
        let label = format!(" at {path}: ");
        let is_told = |line: &str| {
            let tells = line.starts_with("error: ");
            tells
                && (board.is_null() || line.contains(&label) || line.contains(&format!(" {path}")))
        };
        Outcome {
            exit: self.exit.map(|whole| exit.unwrap_or(whole)),
            error: said.map(str::to_owned),
            tells: self.stderr.lines().any(is_told),
            kept: self.kept(&board["serial"]),
            panicked: self.panicked(),
            stderr: self.about(path),
            board,
        }
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}

/// The exit code, or `None` after the time limit.
fn ending(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        match child.try_wait().expect("it was started") {
            Some(status) => return Some(status.code().unwrap_or(-1)),
            None if start.elapsed() < TIME_LIMIT => thread::sleep(Duration::from_micros(500)),
            None => {
                child.kill().expect("it is still there");
                child.wait().expect("it was killed");
                return None;
            }
        }
    }
}

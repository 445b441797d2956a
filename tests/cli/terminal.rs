//! A terminal: `script` of util-linux gives a command one, and what stands on its screen in the end is compared.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::run::stdfu;

/// More than enough, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// How wide the terminal is, unless a test says otherwise.
const COLUMNS: usize = 80;

/// What a terminal shows in the end.
pub struct Screen {
    /// The exit code.
    pub exit: i32,
    /// All that was sent to it.
    pub sent: String,
    /// What stands there, without blanks at the ends of lines.
    pub text: String,
}

/// What is typed as soon as the screen has shown a text.
pub type Typed<'t> = Option<(&'t str, &'t [u8])>;

/// Runs `stdfu` with these arguments in a terminal of 80 columns; `None` where there is no `script`.
pub fn terminal(arguments: &str, environment: &[(&str, &str)], typed: Typed<'_>) -> Option<Screen> {
    terminal_of(COLUMNS, arguments, environment, typed)
}

/// The same, in a terminal of so many columns.
pub fn terminal_of(
    columns: usize,
    arguments: &str,
    environment: &[(&str, &str)],
    typed: Typed<'_>,
) -> Option<Screen> {
    run("echo", columns, arguments, environment, typed)
}

/// The same in 80 columns, without what is typed: shown in the middle of a line that is being drawn, that would tear it.
pub fn terminal_without_echo(arguments: &str, typed: Typed<'_>) -> Option<Screen> {
    run("-echo", COLUMNS, arguments, &[], typed)
}

fn run(
    setting: &str,
    columns: usize,
    arguments: &str,
    environment: &[(&str, &str)],
    typed: Typed<'_>,
) -> Option<Screen> {
    let command = format!(
        "stty cols {columns} rows 50 {setting} && exec {} {arguments}",
        env!("CARGO_BIN_EXE_stdfu")
    );
    let clean = stdfu("").into_command();
    let mut script = Command::new("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .current_dir(clean.get_current_dir()?);
    for (name, value) in clean.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let spawned = script
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI `script` has to be there"
        );
        eprintln!("skipped: there is no `script` here, which gives a command a terminal");
        return None;
    };
    let (ended, watched) = mpsc::channel::<()>();
    let script = child.id().to_string();
    thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // What runs in the terminal goes with it, and so does the end of its output.
            let _ = Command::new("kill").arg(script).status();
        }
    });
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");
    let mut sent = Vec::new();
    let mut buffer = [0; 4096];
    let mut typed = typed;
    loop {
        let length = stdout.read(&mut buffer).expect("readable");
        if length == 0 {
            break;
        }
        sent.extend(&buffer[..length]);
        if let Some((_, keys)) =
            typed.filter(|(shown, _)| String::from_utf8_lossy(&sent).contains(shown))
        {
            stdin.write_all(keys).expect("it still runs");
            typed = None;
        }
    }
    let status = child.wait().expect("it ends");
    drop(ended);
    drop(stdin);
    let sent = String::from_utf8(sent).expect("UTF-8");
    Some(Screen {
        exit: status.code().expect("by itself"),
        text: shown(&sent, columns),
        sent,
    })
}

/// A line of the screen.
#[derive(Clone, Default)]
struct Line {
    characters: Vec<char>,
    /// Whether what was too long for it goes on in the next one.
    goes_on: bool,
}

/// What stands on a screen after this: of the control sequences those that indicatif, clap and a
/// station use. Lines that were too
/// long for the screen are one again.
fn shown(sent: &str, columns: usize) -> String {
    let mut lines = vec![Line::default()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = sent.chars();
    while let Some(character) = rest.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{7}' => {}
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "in {sent:?}");
                let mut parameter = String::new();
                let end = loop {
                    match rest.next().expect("the sequence ends") {
                        end if end.is_ascii_alphabetic() => break end,
                        digit => parameter.push(digit),
                    }
                };
                let number = parameter.parse().unwrap_or(1);
                match (end, parameter.as_str()) {
                    ('A', _) => row = row.saturating_sub(number),
                    ('B', _) => row += number,
                    ('G', _) => column = number - 1,
                    ('H', "1;1") => (row, column) = (0, 0),
                    ('K', "2") => lines[row] = Line::default(),
                    ('K', "" | "0") => {
                        lines[row].characters.truncate(column);
                        lines[row].goes_on = false;
                    }
                    ('J', "" | "0") => lines.truncate(row),
                    ('m', _) => {}
                    other => panic!("{other:?} in {sent:?}"),
                }
            }
            character => {
                if column == columns {
                    lines[row].goes_on = true;
                    (row, column) = (row + 1, 0);
                    lines.resize(lines.len().max(row + 1), Line::default());
                }
                let line = &mut lines[row].characters;
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Line::default());
    }
    let text = |line: &Line| {
        let text: String = line.characters.iter().collect();
        match line.goes_on {
            true => text,
            false => text.trim_end().to_owned() + "\n",
        }
    };
    let text: String = lines.iter().map(text).collect();
    text.trim_end().to_owned() + "\n"
}

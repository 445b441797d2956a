//! MicroPython's prompt, as its documentation (*The MicroPython Interactive Interpreter Mode*, `repl.rst`) and its sources
//! (`pyexec.c`, `readline.c`) have it: friendly, raw, raw-paste and paste mode.

mod python;

use std::collections::VecDeque;
use std::time::Duration;

use python::{End, Names};

const CTRL_A: u8 = 1;
const CTRL_B: u8 = 2;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_E: u8 = 5;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;

const BANNER: &str = "MicroPython v1.24.1 on 2024-11-29; PYBv1.1 with STM32F405RG\r\n\
                      Type \"help()\" for more information.\r\n";
const PROMPT: &str = ">>> ";
const RAW_BANNER: &str = "raw REPL; CTRL-B to exit\r\n>";
const SOFT_REBOOT: &str = "MPY: sync filesystems\r\nMPY: soft reboot\r\n";
const PASTE_BANNER: &str = "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ";
/// What is said of a program that Ctrl-C has interrupted. *Inferred*: in which line that was.
const INTERRUPTED: &str = "Traceback (most recent call last):\r\n  File \"main.py\", line 4, in <module>\r\n\
                           KeyboardInterrupt: \r\n";

/// How many bytes a host may send in raw-paste mode until it hears of more: half of the buffer (`pyexec.c`).
const WINDOW: u16 = 128;
/// The most that a program may have, in bytes: about what the heap of a pyboard takes.
const LONGEST_PROGRAM: usize = 64 << 10;
/// How much is kept of what comes while a program runs, in bytes (`usbd_cdc_interface.h`).
const KEPT: usize = 1024;

/// A prompt, and what has been typed at it.
#[derive(Debug)]
pub struct Repl {
    mode: Mode,
    line: Vec<u8>,
    names: Names,
    /// What came while main.py ran.
    typed_ahead: VecDeque<u8>,
    /// Whether a soft reboot runs main.py again.
    has_main: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Friendly,
    /// Ctrl-E: like raw mode, with an echo.
    Paste,
    Raw,
    /// So many bytes of the window are left.
    RawPaste(u16),
    /// main.py runs, and reads nothing.
    Running,
}

/// Where the board goes, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// `machine.bootloader()`
    ToBootloader(Duration),
    /// `machine.reset()`
    ToItself(Duration),
}

impl Repl {
    /// How long a board is still there after it was told to go: it says OK first, and drops the connection then.
    /// *Inferred*.
    const LAST_WORDS: Duration = Duration::from_millis(5);

    /// A board that has just started, with a `main.py` that runs for ever or none. What it says then goes to `output`.
    pub fn new(has_main: bool, output: &mut Vec<u8>) -> Self {
        let mut repl = Self {
            mode: Mode::Friendly,
            line: Vec::new(),
            names: Names::default(),
            typed_ahead: VecDeque::new(),
            has_main,
        };
        repl.starts(output);
        repl
    }

    /// Takes what was typed. What it says goes to `output`; where the board goes, if it does, nothing after that is heard.
    pub fn hear(&mut self, typed: &[u8], output: &mut Vec<u8>) -> Option<Goes> {
        let mut rest: VecDeque<u8> = typed.iter().copied().collect();
        while let Some(byte) = rest.pop_front() {
            if self.mode == Mode::Running && byte == CTRL_C {
                say(output, INTERRUPTED);
                self.mode = Mode::Friendly;
                self.greets(output);
                rest = self.typed_ahead.drain(..).chain(rest).collect();
                continue;
            }
            let goes = match self.mode {
                Mode::Friendly => self.friendly(byte, output),
                Mode::Paste => self.paste(byte, output),
                Mode::Raw => self.raw(byte, output),
                Mode::RawPaste(left) => self.raw_paste(byte, left, output),
                Mode::Running => {
                    if self.typed_ahead.len() < KEPT {
                        self.typed_ahead.push_back(byte);
                    }
                    None
                }
            };
            if goes.is_some() {
                return goes;
            }
        }
        None
    }

    fn starts(&mut self, output: &mut Vec<u8>) {
        if self.has_main {
            self.mode = Mode::Running;
        } else {
            self.greets(output);
        }
    }

    fn greets(&self, output: &mut Vec<u8>) {
        say(output, BANNER);
        say(output, PROMPT);
    }

    fn friendly(&mut self, byte: u8, output: &mut Vec<u8>) -> Option<Goes> {
        match byte {
            CTRL_A if self.line.is_empty() => {
                self.mode = Mode::Raw;
                say(output, "\r\n");
                say(output, RAW_BANNER);
            }
            CTRL_B if self.line.is_empty() => {
                say(output, "\r\n");
                self.greets(output);
            }
            CTRL_C => {
                self.line.clear();
                say(output, "\r\n");
                say(output, PROMPT);
            }
            CTRL_D if self.line.is_empty() => {
                say(output, "\r\n");
                self.reboots(output);
            }
            CTRL_E if self.line.is_empty() => {
                self.mode = Mode::Paste;
                say(output, PASTE_BANNER);
            }
            BACKSPACE | DELETE => {
                let erased = self.line.pop();
                say(output, erased.map_or("", |_| "\x08\x1b[K"));
            }
            b'\r' => {
                say(output, "\r\n");
                return self.runs_line(output);
            }
            b' '..=b'~' => {
                self.add(byte);
                output.push(byte);
            }
            // Moves the cursor, completes a word, or is nothing.
            _ => {}
        }
        None
    }

    fn paste(&mut self, byte: u8, output: &mut Vec<u8>) -> Option<Goes> {
        match byte {
            CTRL_C => {
                self.mode = Mode::Friendly;
                self.line.clear();
                say(output, "\r\n");
                say(output, PROMPT);
                None
            }
            CTRL_D => {
                self.mode = Mode::Friendly;
                say(output, "\r\n");
                self.runs_line(output)
            }
            b'\r' => {
                self.add(b'\n');
                say(output, "\r\n=== ");
                None
            }
            _ => {
                self.add(byte);
                output.push(byte);
                None
            }
        }
    }

    /// At the friendly prompt: what it says, and then the prompt again.
    fn runs_line(&mut self, output: &mut Vec<u8>) -> Option<Goes> {
        let run = self.run();
        say(output, &run.output);
        say(output, &traceback(&run.end));
        match run.end {
            End::Bootloader => return Some(Goes::ToBootloader(run.slept + Self::LAST_WORDS)),
            End::Reset => return Some(Goes::ToItself(run.slept + Self::LAST_WORDS)),
            End::SoftReset => self.reboots(output),
            End::Well | End::Raised(_) | End::SyntaxError => say(output, PROMPT),
        }
        None
    }

    fn raw(&mut self, byte: u8, output: &mut Vec<u8>) -> Option<Goes> {
        match byte {
            CTRL_A => match self.line[..] {
                [CTRL_E, b'A'] => {
                    self.line.clear();
                    self.mode = Mode::RawPaste(WINDOW);
                    output.extend([b'R', 1]);
                    output.extend(WINDOW.to_le_bytes());
                    output.push(1);
                }
                [CTRL_E, _] => {
                    self.line.clear();
                    output.extend([b'R', 0, b'>']);
                }
                _ => {
                    self.line.clear();
                    say(output, RAW_BANNER);
                }
            },
            CTRL_B => {
                self.mode = Mode::Friendly;
                self.line.clear();
                say(output, "\r\n");
                self.greets(output);
            }
            CTRL_C => self.line.clear(),
            CTRL_D => {
                say(output, "OK");
                if self.line.is_empty() {
                    say(output, "\r\n");
                    self.reboots(output);
                    return None;
                }
                return self.runs_raw(output);
            }
            _ => self.add(byte),
        }
        None
    }

    fn raw_paste(&mut self, byte: u8, left: u16, output: &mut Vec<u8>) -> Option<Goes> {
        match byte {
            CTRL_C => {
                self.mode = Mode::Raw;
                self.line.clear();
                say(
                    output,
                    "\x04\x04Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n\x04>",
                );
                None
            }
            CTRL_D => {
                self.mode = Mode::Raw;
                say(output, "\x04");
                self.runs_raw(output)
            }
            _ => {
                self.add(byte);
                self.mode = Mode::RawPaste(match left - 1 {
                    0 => {
                        output.push(1);
                        WINDOW
                    }
                    left => left,
                });
                None
            }
        }
    }

    /// In raw mode: output, Ctrl-D, exception, Ctrl-D.
    fn runs_raw(&mut self, output: &mut Vec<u8>) -> Option<Goes> {
        let run = self.run();
        say(output, &run.output);
        match run.end {
            End::Bootloader => return Some(Goes::ToBootloader(run.slept + Self::LAST_WORDS)),
            End::Reset => return Some(Goes::ToItself(run.slept + Self::LAST_WORDS)),
            End::SoftReset => self.reboots(output),
            End::Well | End::Raised(_) | End::SyntaxError => {
                say(output, "\x04");
                say(output, &traceback(&run.end));
                say(output, "\x04>");
            }
        }
        None
    }

    fn run(&mut self) -> python::Run {
        let program = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        self.names.run(&program)
    }

    /// A soft reboot: names are forgotten, the mode stays. Only a friendly one runs main.py.
    fn reboots(&mut self, output: &mut Vec<u8>) {
        self.names = Names::default();
        say(output, SOFT_REBOOT);
        match self.mode {
            Mode::Raw | Mode::RawPaste(_) => say(output, RAW_BANNER),
            Mode::Friendly | Mode::Paste | Mode::Running => self.starts(output),
        }
    }

    fn add(&mut self, byte: u8) {
        if self.line.len() < LONGEST_PROGRAM {
            self.line.push(byte);
        }
    }
}

fn traceback(end: &End) -> String {
    const BEGINNING: &str = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1";
    match end {
        End::Raised(error) => format!("{BEGINNING}, in <module>\r\n{error}\r\n"),
        End::SyntaxError => format!("{BEGINNING}\r\nSyntaxError: invalid syntax\r\n"),
        End::Well | End::Bootloader | End::Reset | End::SoftReset => String::new(),
    }
}

fn say(output: &mut Vec<u8>, text: &str) {
    output.extend(text.as_bytes());
}

#[cfg(test)]
mod tests;

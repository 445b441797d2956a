//! MicroPython's prompt, which is told to start the bootloader.
//!
//! What it says and takes is in its documentation (*The MicroPython Interactive Interpreter Mode*): Ctrl-C interrupts a
//! program, Ctrl-A asks for the raw prompt, Ctrl-D has it carry out what was sent, Ctrl-B leads back. After `OK` come what
//! the program prints, a byte of 4, what has gone wrong, and another 4.

use std::time::Duration;

use crate::printable::Said;
use crate::usb::serial::{SerialError, SerialPort, SerialPorts};

use super::EnterError;

/// Ends a line, and interrupts whatever runs, also where it catches the first.
const INTERRUPT: &[u8] = b"\r\x03\x03";
const RAW_PROMPT: &[u8] = b"\r\x01";
const FRIENDLY_PROMPT: &[u8] = b"\r\x02";
const PROGRAM: &[u8] = b"import machine\nmachine.bootloader()\n\x04";
/// What a raw prompt begins with, and what it ends an answer with.
const RAW: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const ANSWERED: &[u8] = b"\x04>";
/// How often it is asked for the raw prompt.
const ATTEMPTS: u32 = 3;
/// How long it may be silent until nothing more is expected.
const SILENCE: Duration = Duration::from_secs(1);
/// More is no answer to what was asked, in bytes.
const LONGEST_ANSWER: usize = 16 << 10;

/// Has MicroPython start the bootloader. A program that runs is interrupted. Whether the board leaves, the bus has to tell.
///
/// # Errors
/// [`EnterError::Port`], [`EnterError::NoPrompt`] or [`EnterError::Refuses`].
pub fn ask(ports: &dyn SerialPorts, name: &str) -> Result<(), EnterError> {
    let in_port = |source| EnterError::Port {
        port: name.to_owned(),
        source,
    };
    let mut prompt = Prompt(ports.open(name).map_err(in_port)?);
    if !prompt.becomes_raw().map_err(in_port)? {
        return Err(EnterError::NoPrompt(name.to_owned()));
    }
    prompt.0.write(PROGRAM).map_err(in_port)?;
    // A board that has left says nothing any more, and its port is gone.
    let (answer, is_whole) = prompt.hear(ANSWERED);
    match refusal(&answer).filter(|_| is_whole) {
        Some(said) => {
            // For whoever opens the port next; the answer is what matters.
            let _ = prompt.0.write(FRIENDLY_PROMPT);
            Err(EnterError::Refuses(said))
        }
        None => Ok(()),
    }
}

/// A port with MicroPython at its other end, perhaps.
struct Prompt(Box<dyn SerialPort>);

impl Prompt {
    /// Interrupts whatever runs and asks for the raw prompt. Whether that comes.
    fn becomes_raw(&mut self) -> Result<bool, SerialError> {
        for _ in 0..ATTEMPTS {
            self.0.write(INTERRUPT)?;
            self.0.write(RAW_PROMPT)?;
            if self.hear(RAW).1 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What comes up to these bytes, and whether they have come. What can't be read has not come.
    fn hear(&mut self, end: &[u8]) -> (Vec<u8>, bool) {
        let mut heard = Vec::new();
        let mut buffer = [0; 256];
        while heard.len() < LONGEST_ANSWER {
            let bytes = match self.0.read(&mut buffer, SILENCE) {
                Ok(0) | Err(_) => break,
                Ok(count) => buffer.get(..count).unwrap_or(&buffer),
            };
            heard.extend_from_slice(bytes);
            if heard.windows(end.len()).any(|bytes| bytes == end) {
                return (heard, true);
            }
        }
        (heard, false)
    }
}

/// What has gone wrong, by an answer: the last line of a traceback.
fn refusal(answer: &[u8]) -> Option<Said> {
    let mut parts = answer.split(|byte| *byte == 4);
    let error = parts.nth(1)?;
    let text = String::from_utf8_lossy(error);
    let last = text.lines().rfind(|line| !line.trim().is_empty())?;
    Some(Said::from(last.trim().to_owned()))
}

#[cfg(test)]
mod tests;
